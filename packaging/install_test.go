package packaging_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"io/fs"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
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
		"/etc/systemd/system/unity.socket":  0o644,
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

// TestInstallFromAnArchive installs what make package writes, and nothing that is damaged.
func TestInstallFromAnArchive(t *testing.T) {
	t.Parallel()
	archive := one(t, packages(t)+"/*.tar.gz")
	root := t.TempDir()
	if out, err := script(t, "--root", root, "--from", archive); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if out := output(t, root+"/usr/local/bin/unity", "version"); !strings.HasPrefix(out, "unity ") {
		t.Error(out)
	}
	if files(t, root)["/usr/local/share/man/man1/unity.1"] != 0o644 {
		t.Error("no manual page")
	}
	if out, err := script(t, "--uninstall", "--root", root); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if left := files(t, root); len(left) != 1 {
		t.Errorf("left %v", left)
	}

	dir := t.TempDir() // a copy of which one byte is another
	content, err := os.ReadFile(archive)
	if err != nil {
		t.Fatal(err)
	}
	content[len(content)/2] ^= 1
	damaged := filepath.Join(dir, filepath.Base(archive))
	if err := os.WriteFile(damaged, content, 0o600); err != nil {
		t.Fatal(err)
	}
	refused := func(want string, args ...string) {
		t.Helper()
		root := t.TempDir()
		if out, err := script(t, append([]string{"--root", root}, args...)...); err == nil || !strings.Contains(out, want) {
			t.Errorf("%v: %v, %s", args, err, out)
		}
		if left := files(t, root); len(left) != 0 {
			t.Errorf("%v: left %v", args, left)
		}
	}
	refused("no SHA256SUMS beside", "--from", damaged)
	output(t, "cp", packages(t)+"/SHA256SUMS", dir)
	refused("has not the checksum", "--from", damaged)
	refused("has not the checksum", "--from", archive, "--sha256", strings.Repeat("0", 64))
	refused("no archive", "--from", dir+"/none.tar.gz")
	refused("only https", "--from", "http://example.org/unity.tar.gz")
	refused("--sha256 goes with", "--sha256", "0")

	output(t, "tar", "-C", dir, "-xzf", archive) // from the folder of the archive, with a damaged program
	tree := one(t, dir+"/unity-*")
	if err := os.WriteFile(tree+"/unity", []byte("#!/bin/sh\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), tree+"/install.sh", "--root", t.TempDir()).CombinedOutput(); err == nil || !strings.Contains(string(out), "has not the checksum") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestInstallFromAnAddress loads the archive and its checksum over HTTPS.
func TestInstallFromAnAddress(t *testing.T) {
	t.Parallel()
	certificate, ca := localhost(t)
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS13})
	if err != nil {
		t.Fatal(err)
	}
	s := &http.Server{Handler: http.FileServer(http.Dir(packages(t))), ErrorLog: log.New(io.Discard, "", 0)}
	go func() { _ = s.Serve(ln) }()
	t.Cleanup(func() { _ = s.Close() })
	address := "https://" + ln.Addr().String() + "/"
	for _, c := range []struct {
		name, ca, want string // of the refusal; empty: none
	}{
		{filepath.Base(one(t, packages(t)+"/*.tar.gz")), ca, ""},
		{filepath.Base(one(t, packages(t)+"/*.tar.gz")), "/dev/null", "cannot be loaded"}, // nobody knows who answers
		{"unity_9_linux_amd64.tar.gz", ca, "cannot be loaded"},
		{filepath.Base(one(t, packages(t)+"/*.deb")), ca, "is no archive"},
	} {
		root := t.TempDir()
		cmd := exec.CommandContext(t.Context(), "./install.sh", "--root", root, "--from", address+c.name)
		cmd.Env = append(os.Environ(), "CURL_CA_BUNDLE="+c.ca)
		out, err := cmd.CombinedOutput()
		if (err == nil) != (c.want == "") || !strings.Contains(string(out), c.want) {
			t.Errorf("%s: %v, %s", c.name, err, out)
		}
		if _, there := files(t, root)["/usr/local/bin/unity"]; there != (c.want == "") {
			t.Errorf("%s: installed: %t", c.name, there)
		}
	}
}

// localhost returns a certificate for 127.0.0.1, and the file that makes curl trust it.
func localhost(t *testing.T) (certificate tls.Certificate, ca string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	about := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, about, about, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	ca = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, ca
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
