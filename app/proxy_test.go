package app_test

import (
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTLSIsOffBehindNobody starts an appliance that only a proxy can open to others,
// without one and with one.
func TestTLSIsOffBehindNobody(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	p := start(t, dir, "env", "UNITY_TLS=off")
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !strings.Contains(p.readyz(), "tls: TLS is off and no proxy is named"); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("it says nothing of it: %s", p.readyz())
		}
	}
	if !strings.Contains(p.stderr.String(), "no proxy is named") {
		t.Errorf("the log says nothing of it: %s", p.stderr)
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	p = start(t, dir, "env", "UNITY_TLS=off", "UNITY_TRUSTED_PROXY=10.0.0.1")
	p.setUp(p.printed())
	if strings.Contains(p.stderr.String(), "no proxy is named") || strings.Contains(p.readyz(), "no proxy") {
		t.Errorf("%s\n%s", p.readyz(), p.stderr)
	}
}
