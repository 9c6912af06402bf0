package app_test

import (
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// health runs the command and returns what it says and whether it is content.
func health(t *testing.T, want string, well bool, args ...string) {
	t.Helper()
	out, err := run(t, "", append([]string{"health"}, args...)...)
	if (err == nil) != well || !strings.Contains(out, want) {
		t.Errorf("health %v: %v, %q", args, err, out)
	}
}

// TestHealthAsksTheAppliance goes through what a container or a monitor can meet.
func TestHealthAsksTheAppliance(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	health(t, "(health.silent)", false, "--data-dir", dir)
	p := start(t, dir)
	health(t, "The appliance serves", true, "--data-dir", dir)
	health(t, "The appliance serves", true, "--url", p.base)
	health(t, "(cli.no_appliance)", false, "--url", p.base+"/elsewhere")
	health(t, "(cli.url)", false, "--url", "unity.example.org")
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	health(t, "(health.silent)", false, "--data-dir", dir)
	health(t, "(cli.unreachable)", false, "--url", p.base)
	p = start(t, dir)
	if err := p.end(syscall.SIGKILL); err == nil { // its socket stays behind
		t.Fatal("killed, it ends well")
	}
	health(t, "(health.silent)", false, "--data-dir", dir)
}

// TestHealthSaysWhatIsNotWell asks one whose replica cannot be reached.
func TestHealthSaysWhatIsNotWell(t *testing.T) {
	t.Parallel()
	for want, answer := range map[string]string{
		"but not all of it is well:\n  replica: it is away\n": `{"ready":true,"degraded":["replica: it is away"]}`,
		"(health.not_ready)":   `{"ready":false}`,
		"(cli.no_appliance)":   `<html>`,
		"all of it is well.\n": `{"ready":true,"degraded":[]}`,
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if strings.Contains(answer, "false") {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = w.Write([]byte(answer))
		})}
		go func() { _ = s.Serve(ln) }()
		t.Cleanup(func() { _ = s.Close() })
		health(t, want, strings.Contains(answer, "true"), "--url", "http://"+ln.Addr().String())
	}
}
