package packaging_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// another returns the package with another version and another line in its settings.
func another(t *testing.T, version string) string {
	t.Helper()
	dir := t.TempDir()
	tree := filepath.Join(dir, "tree")
	output(t, "dpkg-deb", "-R", one(t, packages(t)+"/*.deb"), tree)
	output(t, "sed", "-i", "s/^Version: .*/Version: "+version+"/", tree+"/DEBIAN/control")
	output(t, "sed", "-i", "$a# of "+version, tree+"/etc/unity/unity.env")
	sums := output(t, "sh", "-c", `cd "$0" && find etc usr -type f | xargs md5sum`, tree)
	if err := os.WriteFile(tree+"/DEBIAN/md5sums", []byte(sums), 0o600); err != nil {
		t.Fatal(err)
	}
	deb := filepath.Join(dir, "unity.deb")
	output(t, "dpkg-deb", "-Znone", "--root-owner-group", "-b", tree, deb)
	return deb
}

// wanted returns the links by which units of ours are enabled.
func (b *box) wanted() (all []string) {
	for _, unit := range []string{"unity.service", "unity.socket"} {
		found, _ := filepath.Glob(b.root + "/etc/systemd/system/*/" + unit)
		for _, path := range found {
			all = append(all, strings.TrimPrefix(path, b.root+"/etc/systemd/system/"))
		}
	}
	return all
}

// write writes a file in the box.
func (b *box) write(path, text string) {
	b.t.Helper()
	if err := os.WriteFile(b.root+path, []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

// holds fails unless a file in the box has these contents.
func (b *box) holds(path, want string) {
	b.t.Helper()
	text, err := os.ReadFile(b.root + path)
	if err != nil || string(text) != want {
		b.t.Errorf("%s: %v, %q", path, err, text)
	}
}

// TestDebWithoutAnInit goes through the life of the package where nothing runs, as
// in a chroot, once with systemd's tools and once without them.
func TestDebWithoutAnInit(t *testing.T) {
	t.Parallel()
	const data, settings = "/var/lib/unity/unity.db", "/etc/unity/unity.env"
	for _, tools := range []bool{true, false} {
		b := newBox(t)
		if !tools {
			b.do("rm", "/usr/bin/systemctl", "/usr/bin/systemd-sysusers", "/usr/bin/systemd-tmpfiles")
		}
		deb := b.put(one(t, packages(t)+"/*.deb"))
		b.do("dpkg", "-i", b.put(another(t, "0.0.0~old")))
		if got := strings.TrimSpace(b.do("stat", "-c", "%U:%G %a", "/var/lib/unity")); got != "unity:unity 700" {
			t.Errorf("the data directory is %s", got)
		}
		if got, want := strings.Join(b.wanted(), " "), map[bool]string{true: "multi-user.target.wants/unity.service"}[tools]; got != want {
			t.Errorf("enabled by %q", got)
		}
		b.write(data, "precious")
		b.write(settings, "UNITY_LOG_LEVEL=debug\n")
		b.do("dpkg", "--force-confdef", "-i", deb)
		b.holds(data, "precious")
		b.holds(settings, "UNITY_LOG_LEVEL=debug\n")
		if out := b.do("/usr/bin/unity", "version"); !strings.HasPrefix(out, "unity ") {
			t.Error(out)
		}
		if got := b.wanted(); len(got) > 1 {
			t.Errorf("enabled by %v", got)
		}
		b.do("dpkg", "-r", "unity")
		b.holds(data, "precious")
		b.holds(settings, "UNITY_LOG_LEVEL=debug\n")
		b.do("dpkg", "--force-confdef", "-i", deb)
		if out := b.do("dpkg", "-P", "unity"); !strings.Contains(out, "the data stay in /var/lib/unity") {
			t.Error(out)
		}
		b.holds(data, "precious")
		if b.there(settings) || len(b.wanted()) > 0 {
			t.Errorf("the settings, or %v are there after a purge", b.wanted())
		}
		b.do("dpkg", "--force-confdef", "-i", deb)
		b.do("env", "UNITY_PURGE_DATA=yes", "dpkg", "-P", "unity")
		if b.there("/var/lib/unity") || b.there("/etc/unity") || strings.Contains(b.do("cat", "/etc/passwd"), "unity") {
			t.Error("the data, the settings or the user are there after a purge with yes")
		}
		if out := b.do("find", "/", "-xdev", "-name", "*unity*", "-not", "-path", "/srv/*", "-not", "-path", "/proc/*"); out != "" {
			t.Errorf("left:\n%s", out)
		}
	}
}

// TestPurgeAsks answers the question of a purge at a terminal.
func TestPurgeAsks(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	deb := b.put(one(t, packages(t)+"/*.deb"))
	for _, c := range []struct {
		answer string
		stays  bool
	}{{"\n", true}, {"no\n", true}, {"perhaps\n", true}, {"", true}, {"y\n", false}} {
		b.do("dpkg", "--force-confdef", "-i", deb)
		b.write("/var/lib/unity/unity.db", "precious")
		// script gives it a terminal; what is typed before the question is read with it.
		cmd := exec.CommandContext(t.Context(), "script", "-qec", "chroot "+b.root+" dpkg -P unity", "/dev/null")
		cmd.Env = append(os.Environ(), "DEBIAN_FRONTEND=readline")
		typed, err := cmd.StdinPipe()
		if err != nil {
			t.Fatal(err)
		}
		if c.answer != "" {
			if _, err := io.WriteString(typed, c.answer); err != nil {
				t.Fatal(err)
			}
		} else if err := typed.Close(); err != nil { // the end of input
			t.Fatal(err)
		}
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "[y/N]") || b.there("/var/lib/unity/unity.db") != c.stays {
			t.Errorf("%q: %v, there %t\n%s", c.answer, err, b.there("/var/lib/unity/unity.db"), out)
		}
	}
}
