package packaging_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestArm64 runs the program for arm64, by an emulator: it starts, serves its page,
// and ends as it should.
func TestArm64(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // of which the first build takes most
	defer cancel()
	program := filepath.Join(t.TempDir(), "unity")
	if err := build(program, "arm64"); err != nil {
		t.Fatal(err)
	}
	emulated := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, "qemu-aarch64-static", append([]string{program}, args...)...)
		cmd.Env = append(os.Environ(), "UNITY_DATA_DIR="+filepath.Join(t.TempDir(), "data"))
		return cmd
	}
	if out, err := emulated("version").CombinedOutput(); err != nil || !bytes.HasPrefix(out, []byte("unity ")) {
		t.Fatalf("%v: %s (apt-get install qemu-user-static)", err, out)
	}
	unity := emulated("serve", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0")
	var said bytes.Buffer
	unity.Stderr = &said
	out, err := unity.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := unity.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	at := ""
	for at == "" && lines.Scan() {
		if f := strings.Fields(lines.Text()); len(f) > 2 && f[1] == "ready" {
			at = f[2]
		}
	}
	if at == "" {
		t.Fatalf("it does not start: %v\n%s", unity.Wait(), said.Bytes())
	}
	for path, want := range map[string]string{"/readyz": `"ready":true`, "/": `<div id="root"`} {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, at+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatalf("%s: %v\n%s", path, err, said.Bytes())
		}
		text, err := io.ReadAll(res.Body)
		if err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, %s: %.300s", path, err, res.Status, text)
		}
		res.Body.Close()
	}
	if err := unity.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for lines.Scan() { // to its end
	}
	if err := unity.Wait(); err != nil {
		t.Errorf("%v\n%s", err, said.Bytes())
	}
}
