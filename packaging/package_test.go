package packaging_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// limit is how large a package may be, in bytes.
const limit = 25_000_000

// TestTwiceTheSameBytes packs twice, under another umask the second time.
func TestTwiceTheSameBytes(t *testing.T) {
	t.Parallel()
	first := packages(t)
	second, err := pack("again")
	if err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(first, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(second, "SHA256SUMS"))
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("%v\n%s\n%s", err, want, got)
	}
	kinds := []string{}
	for line := range strings.Lines(string(want)) {
		sum, name, _ := strings.Cut(strings.TrimSpace(line), "  ")
		content, err := os.ReadFile(filepath.Join(first, name))
		if err != nil {
			t.Fatal(err)
		}
		if is := sha256.Sum256(content); hex.EncodeToString(is[:]) != sum {
			t.Errorf("%s has another checksum", name)
		}
		if len(content) > limit {
			t.Errorf("%s has %d bytes", name, len(content))
		}
		kinds = append(kinds, filepath.Ext(name))
	}
	slices.Sort(kinds)
	if fmt.Sprint(kinds) != "[.deb .gz .json .rpm .tar]" {
		t.Errorf("packed %v", kinds)
	}
}

// TestPapers looks at what goes with the binary in the package.
func TestPapers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	deb := one(t, packages(t)+"/*.deb")
	output(t, "dpkg-deb", "-x", deb, dir)
	doc := dir + "/usr/share/doc/unity/"
	for file, want := range map[string]string{
		doc + "copyright":                                    "github.com/gofiber/fiber/v2",
		doc + "sbom.cdx.json":                                "pkg:golang/modernc.org/sqlite@",
		dir + "/usr/lib/systemd/system/unity.service":        "ExecStart=/usr/bin/unity serve",
		dir + "/usr/share/bash-completion/completions/unity": "complete ",
		dir + "/usr/share/zsh/vendor-completions/_unity":     "#compdef unity",
		dir + "/etc/unity/unity.env":                         "UNITY_PUBLIC_URL",
	} {
		text, err := os.ReadFile(file)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: %v, no %q", file, err, want)
		}
	}
	changelog := filepath.Join(dir, "changelog")
	if err := os.WriteFile(changelog, []byte(output(t, "gzip", "-dc", doc+"changelog.Debian.gz")), 0o600); err != nil {
		t.Fatal(err)
	}
	entry := output(t, "dpkg-parsechangelog", "--all", "-l", changelog)
	if version := strings.TrimSpace(output(t, "dpkg-deb", "-f", deb, "Version")); !strings.Contains(entry, "Version: "+version+"\n") || strings.Contains(entry, "warning") {
		t.Errorf("the changelog is not of %s: %.300s", version, entry)
	}
	page := filepath.Join(dir, "unity.1")
	if err := os.WriteFile(page, []byte(output(t, "gzip", "-dc", dir+"/usr/share/man/man1/unity.1.gz")), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := output(t, "mandoc", "-T", "lint", "-W", "warning", page); out != "" {
		t.Error(out)
	}
	if text, err := os.ReadFile(page); err != nil || !bytes.Contains(text, []byte(`/var/lib/unity`)) {
		t.Errorf("the page does not name the data directory of the service: %v", err)
	}
}
