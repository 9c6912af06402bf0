package packaging_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// units returns the service and its socket, with a program that is there.
func units(t *testing.T) (service, socket string) {
	t.Helper()
	text, err := os.ReadFile("../systemd/unity.service")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	service, socket = filepath.Join(dir, "unity.service"), filepath.Join(dir, "unity.socket")
	text = []byte(strings.Replace(string(text), "/usr/local/bin/unity", "/bin/true", 1))
	if err := os.WriteFile(service, text, 0o600); err != nil {
		t.Fatal(err)
	}
	output(t, "cp", "../systemd/unity.socket", socket)
	return service, socket
}

func analyze(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("systemd-analyze %s: %v (apt-get install systemd)\n%s", args[0], err, out)
	}
	return string(out)
}

func TestUnit(t *testing.T) {
	t.Parallel()
	service, socket := units(t)
	if out := analyze(t, "verify", service, socket); out != "" {
		t.Error(out)
	}
	out := analyze(t, "security", "--offline=true", "--no-pager", service)
	level := regexp.MustCompile(`Overall exposure level for unity.service: (\d+\.\d+)`).FindStringSubmatch(out)
	if level == nil {
		t.Fatal(out)
	}
	if v, err := strconv.ParseFloat(level[1], 64); err != nil || v > 2 {
		t.Errorf("exposure %s:\n%s", level[1], out)
	}
}

// TestUnitSeesTheMachine holds off what would harden the service and falsify
// the figures that it shows of its own machine.
func TestUnitSeesTheMachine(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../systemd/unity.service")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"ProcSubset=", "ProtectProc=", "ProtectHome=yes", "ProtectHome=tmpfs", "PrivateUsers=", "PrivateNetwork=", "DynamicUser="} {
		if strings.Contains("\n"+string(text), "\n"+line) {
			t.Errorf("the unit has %s", line)
		}
	}
	for _, line := range []string{"Type=notify", "Sockets=unity.socket", "WatchdogSec=", "StateDirectory=unity", "User=unity", "AmbientCapabilities=CAP_NET_BIND_SERVICE", "ProtectHome=read-only"} {
		if !strings.Contains("\n"+string(text), "\n"+line) {
			t.Errorf("the unit lacks %s", line)
		}
	}
}
