package packaging_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestService runs the program as systemd does: told where to report, it says
// that it is ready, feeds the watchdog, says that it stops, and ends well.
func TestService(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	program, dir := binary(t), t.TempDir()
	manager, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer manager.Close()
	deadline, _ := ctx.Deadline()
	if err := manager.SetReadDeadline(deadline); err != nil {
		t.Fatal(err)
	}
	heard := map[string]bool{}
	hear := func(want string) {
		t.Helper()
		for buf := make([]byte, 4096); !heard[want]; {
			n, err := manager.Read(buf)
			if err != nil {
				t.Fatalf("no %s: %v", want, err)
			}
			for line := range strings.Lines(string(buf[:n])) {
				heard[strings.TrimSpace(line)] = true
			}
		}
	}
	var said bytes.Buffer
	unity := exec.CommandContext(ctx, program, "serve", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0")
	unity.Stdout, unity.Stderr = &said, &said
	unity.Env = append(os.Environ(), "NOTIFY_SOCKET="+filepath.Join(dir, "notify"), "STATE_DIRECTORY="+filepath.Join(dir, "state"), "WATCHDOG_USEC=60000000")
	if err := unity.Start(); err != nil {
		t.Fatal(err)
	}
	hear("READY=1")
	hear("WATCHDOG=1")
	if err := unity.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	hear("STOPPING=1")
	if err := unity.Wait(); err != nil {
		t.Errorf("%v: %s", err, said.Bytes())
	}
	if info, err := os.Stat(filepath.Join(dir, "state")); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data directory: %v, %v", info, err)
	}
}
