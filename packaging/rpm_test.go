package packaging_test

import (
	"os"
	"strings"
	"testing"
)

// TestRPM goes through the life of the rpm in a tree of its own, with its scripts.
func TestRPM(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	rpm := one(t, packages(t)+"/*.rpm")
	scripts := output(t, "rpm", "-qp", "--scripts", rpm)
	for _, want := range []string{"postinstall scriptlet", "preuninstall scriptlet", "postuninstall scriptlet"} {
		if !strings.Contains(scripts, want) {
			t.Errorf("no %s: %s", want, scripts)
		}
	}
	if out := output(t, "rpm", "-qp", "--configfiles", rpm); out != "/etc/unity/unity.env\n" {
		t.Errorf("settings: %s", out)
	}
	if out := output(t, "rpm", "-K", "--nosignature", rpm); !strings.Contains(out, "OK") {
		t.Error(out)
	}
	output(t, "rpm", "--root", b.root, "--initdb")
	output(t, "rpm", "--root", b.root, "--nodeps", "-i", rpm)
	if got := strings.TrimSpace(b.do("stat", "-c", "%U:%G %a", "/var/lib/unity")); got != "unity:unity 700" {
		t.Errorf("the data directory is %s", got)
	}
	if got := b.wanted(); len(got) != 1 {
		t.Errorf("enabled by %v", got)
	}
	if out := b.do("unity", "version"); !strings.HasPrefix(out, "unity ") {
		t.Error(out)
	}
	b.write("/var/lib/unity/unity.db", "precious")
	b.write("/etc/unity/unity.env", "UNITY_LOG_LEVEL=debug\n")
	output(t, "rpm", "--root", b.root, "--nodeps", "--force", "-U", rpm)
	b.holds("/etc/unity/unity.env", "UNITY_LOG_LEVEL=debug\n")
	if got := b.wanted(); len(got) != 1 {
		t.Errorf("enabled by %v after an upgrade", got)
	}
	output(t, "rpm", "--root", b.root, "--nodeps", "-e", "unity")
	b.holds("/var/lib/unity/unity.db", "precious")
	if _, err := os.Stat(b.root + "/usr/bin/unity"); err == nil || len(b.wanted()) > 0 {
		t.Errorf("the program, or %v are there after a removal", b.wanted())
	}
}
