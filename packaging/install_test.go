package packaging_test

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// script runs install.sh.
func script(t *testing.T, args ...string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "./install.sh", args...).CombinedOutput()
	return string(out), err
}

// program writes something that can stand for the binary.
func program(t *testing.T, version string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "unity")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho "+version+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func install(t *testing.T, root, version string) {
	t.Helper()
	if out, err := script(t, "--root", root, "--binary", program(t, version)); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// files returns the mode of every file below root but those of the user's database.
func files(t *testing.T, root string) map[string]fs.FileMode {
	t.Helper()
	modes := map[string]fs.FileMode{}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, root)
		if d.IsDir() && name != "/var/lib/unity" || filepath.Dir(name) == "/etc" {
			return nil
		}
		info, err := d.Info()
		if err == nil {
			modes[name] = info.Mode().Perm()
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return modes
}

func TestInstall(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	install(t, root, "one")
	want := map[string]fs.FileMode{
		"/usr/local/bin/unity":              0o755,
		"/etc/systemd/system/unity.service": 0o644,
		"/etc/sysusers.d/unity.conf":        0o644,
		"/etc/tmpfiles.d/unity.conf":        0o644,
		"/var/lib/unity":                    0o700,
	}
	if got := files(t, root); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("installed %v", got)
	}
	info, err := os.Stat(root + "/var/lib/unity")
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		passwd, err := os.ReadFile(root + "/etc/passwd")
		if err != nil {
			t.Fatal(err)
		}
		line := regexp.MustCompile(`(?m)^unity:[^:]*:(\d+):(\d+):.*:/usr/sbin/nologin$`).FindStringSubmatch(string(passwd))
		owner := info.Sys().(*syscall.Stat_t)
		if line == nil || line[1] != strconv.Itoa(int(owner.Uid)) || line[2] != strconv.Itoa(int(owner.Gid)) || owner.Uid == 0 {
			t.Errorf("the data belong to %d:%d; users: %s", owner.Uid, owner.Gid, passwd)
		}
	}
}

func TestUpgradeKeepsTheData(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	install(t, root, "one")
	kept := root + "/var/lib/unity/unity.db"
	if err := os.WriteFile(kept, []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	before := files(t, root)
	install(t, root, "two")
	if after := files(t, root); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("from %v to %v", before, after)
	}
	if out, err := exec.CommandContext(t.Context(), root+"/usr/local/bin/unity").Output(); err != nil || string(out) != "two\n" {
		t.Errorf("runs %q, %v", out, err)
	}
	if out, err := script(t, "--uninstall", "--root", root); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left := files(t, root); len(left) != 2 || left["/var/lib/unity/unity.db"] != 0o600 {
		t.Errorf("left %v", left)
	}
	if out, err := script(t, "--uninstall", "--purge", "--root", root); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left := files(t, root); len(left) != 0 {
		t.Errorf("left %v", left)
	}
}

func TestInstallRefuses(t *testing.T) {
	t.Parallel()
	for want, args := range map[string][]string{
		"build it with":     {"--binary", "/nowhere/unity"},
		"unknown option -x": {"-x"},
		"--purge goes with": {"--purge"},
		"needs a directory": {"--root"},
	} {
		root := t.TempDir()
		if out, err := script(t, append([]string{"--root", root}, args...)...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%v: %v, %s", args, err, out)
		}
		if left := files(t, root); len(left) != 0 {
			t.Errorf("%v: left %v", args, left)
		}
	}
}

// unit returns the service with a program that is there.
func unit(t *testing.T) (path string) {
	t.Helper()
	text, err := os.ReadFile("../systemd/unity.service")
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "unity.service")
	text = []byte(strings.Replace(string(text), "/usr/local/bin/unity", "/bin/true", 1))
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
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
	if out := analyze(t, "verify", unit(t)); out != "" {
		t.Error(out)
	}
	out := analyze(t, "security", "--offline=true", "--no-pager", unit(t))
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
	for _, line := range []string{"Type=notify", "WatchdogSec=", "StateDirectory=unity", "User=unity", "AmbientCapabilities=CAP_NET_BIND_SERVICE", "ProtectHome=read-only"} {
		if !strings.Contains("\n"+string(text), "\n"+line) {
			t.Errorf("the unit lacks %s", line)
		}
	}
}
