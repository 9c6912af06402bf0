package app_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// unpacked returns the files of a support bundle.
func unpacked(t *testing.T, packed []byte) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		t.Fatalf("%v: %.300s", err, packed)
	}
	all := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		text, err2 := io.ReadAll(r)
		if err := errors.Join(err, err2); err != nil {
			t.Fatal(err)
		}
		all[strings.TrimPrefix(h.Name, "unity-support/")] = string(text)
	}
}

// helped runs unity support on a data directory and returns what it printed and wrote.
func helped(t *testing.T, dir string) (string, map[string]string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bundle.tar.gz")
	out, err := run(t, "", "support", file, "--data-dir", dir)
	if err != nil || !strings.Contains(out, "Nothing was sent anywhere") {
		t.Fatalf("%v\n%s", err, out)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	packed, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return out, unpacked(t, packed)
}

// says fails unless a file of a bundle holds all texts.
func says(t *testing.T, all map[string]string, name string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(all[name], text) {
			t.Errorf("%s does not say %q:\n%.3000s", name, text, all[name])
		}
	}
}

// TestASupportBundleWhileItRunsAndAfter asks for one by the API and by the command,
// several at once, and again when the appliance has stopped.
func TestASupportBundleWhileItRunsAndAfter(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	p.must("POST", "/servers", `{"name":"attic","host":"192.0.2.9","port":22,"username":"root","auth":"password","password":"x"}`, nil)
	var api []byte
	var beside map[string]string
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() { p.must("GET", "/system/support", "", &api) })
		both.Wait()
	}
	both.Go(func() { p.must("GET", "/system/support", "", &api) })
	both.Go(func() { _, beside = helped(t, dir) })
	both.Wait()
	for _, all := range []map[string]string{unpacked(t, api), beside} {
		says(t, all, "MANIFEST.txt", "about.json", "goroutines.txt", "log.txt", "nothing is missing")
		says(t, all, "README.txt", "Nothing was sent anywhere")
		says(t, all, "about.json", runtime.Version(), `"arch": "`+runtime.GOARCH, `"uptime"`)
		says(t, all, "health.json", `"ready": true`)
		says(t, all, "doctor.json", "chain unbroken", "only the owner may read")
		says(t, all, "database.json", `"opened": true`)
		says(t, all, "files.json", "master.key", "unity.db-wal")
		says(t, all, "flags.json", `"name": "rate-limit",`+"\n"+`      "value": "0"`, `"name": "http"`)
		says(t, all, "settings.json", `"password_sign_in": true`)
		says(t, all, "counts.json", `"table": "servers",`+"\n"+`    "rows": 2`)
		says(t, all, "metrics.txt", "unity_up 1")
		says(t, all, "listeners.json", `"on": "loopback"`)
		says(t, all, "goroutines.txt", "unity.internal/app")
		says(t, all, "log.txt", `"msg":"support bundle made","part":"http"`)
		if strings.Contains(all["flags.json"], "127.0.0.1") {
			t.Error("an address in", all["flags.json"])
		}
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	out, all := helped(t, dir)
	says(t, all, "MANIFEST.txt", "log.txt            The appliance does not run here, and the journal")
	says(t, all, "doctor.json", "chain unbroken")
	says(t, all, "counts.json", `"table": "servers"`)
	if !strings.Contains(out, "Not in it: log.txt") {
		t.Error(out)
	}
	cmd := command(t, "support", "-", "--data-dir", dir)
	packed, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	says(t, unpacked(t, packed), "doctor.json", "chain unbroken")
	if out, err := run(t, "", "doctor", "--data-dir", dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestASupportBundleOfWhatIsBroken makes one where nothing else works.
func TestASupportBundleOfWhatIsBroken(t *testing.T) {
	t.Parallel()
	made := func(t *testing.T) string {
		t.Helper()
		p, dir := newAppliance(t)
		if err := p.end(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		must(t, store.Fold(t.Context(), filepath.Join(dir, "unity.db"))) // the log beside it may hold what is overwritten
		return dir
	}
	overwrite := func(t *testing.T, path string, at int64, text string) {
		t.Helper()
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteAt([]byte(text), at); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("no database", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "none")
		_, all := helped(t, dir)
		says(t, all, "MANIFEST.txt", "There is no database in directory-1")
		if _, err := os.Stat(dir); err == nil {
			t.Error("it made the data directory")
		}
	})
	t.Run("not a database", func(t *testing.T) {
		t.Parallel()
		dir := made(t)
		overwrite(t, filepath.Join(dir, "unity.db"), 0, strings.Repeat("nonsense", 20))
		_, all := helped(t, dir)
		says(t, all, "database.json", `"begins_like_a_database": false`, `"opened": false`)
		says(t, all, "MANIFEST.txt", "counts.json", "file is not a database")
		says(t, all, "doctor.json", "only the owner may read", `"what": "database"`, "file is not a database")
	})
	t.Run("damaged inside", func(t *testing.T) {
		t.Parallel()
		dir := made(t)
		info, err := os.Stat(filepath.Join(dir, "unity.db"))
		if err != nil {
			t.Fatal(err)
		}
		for at := int64(8192); at < info.Size(); at += 8192 {
			overwrite(t, filepath.Join(dir, "unity.db"), at, strings.Repeat("nonsense", 200))
		}
		_, all := helped(t, dir)
		says(t, all, "MANIFEST.txt", "malformed")
		says(t, all, "about.json", runtime.Version())
	})
	t.Run("older", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		old, err := os.ReadFile(storetest.Older(t, store.SchemaVersion()-1))
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, "unity.db"), string(old))
		_, all := helped(t, dir)
		says(t, all, "MANIFEST.txt", "or run: unity migrate")
		if schema, err := store.SchemaOf(t.Context(), filepath.Join(dir, "unity.db")); err != nil || schema != store.SchemaVersion()-1 {
			t.Errorf("it was migrated: schema %d, %v", schema, err)
		}
	})
	t.Run("locked vault", func(t *testing.T) {
		t.Parallel()
		dir := made(t)
		if err := os.Remove(filepath.Join(dir, "master.key")); err != nil {
			t.Fatal(err)
		}
		_, all := helped(t, dir)
		says(t, all, "doctor.json", `"what": "vault"`, `"ok": false`)
		says(t, all, "counts.json", `"table": "servers"`)
		says(t, all, "MANIFEST.txt", "certificates.json  in part")
	})
	t.Run("held and silent", func(t *testing.T) {
		t.Parallel()
		dir := made(t)
		f, err := os.OpenFile(filepath.Join(dir, "unity.lock"), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		_, all := helped(t, dir)
		says(t, all, "MANIFEST.txt", "Another Unity holds the data directory and did not answer")
		says(t, all, "database.json", `"opened": false`)
	})
	t.Run("another's", func(t *testing.T) {
		t.Parallel()
		dir := made(t)
		if os.Geteuid() == 0 {
			for at := dir; at != os.TempDir(); at = filepath.Dir(at) {
				must(t, os.Chmod(at, 0o755))
			}
			for path := range files(t, dir) {
				must(t, os.Chown(path, 65534, 65534))
			}
			must(t, os.Chown(dir, 65534, 65534))
		} else { // only root can give it away
			must(t, os.Chmod(dir, 0))
			t.Cleanup(func() { must(t, os.Chmod(dir, 0o700)) })
		}
		_, all := helped(t, dir)
		if os.Geteuid() != 0 {
			says(t, all, "MANIFEST.txt", "permission denied")
			return
		}
		says(t, all, "doctor.json", "chain unbroken")
		for path := range files(t, dir) {
			info, err := os.Stat(path)
			must(t, err)
			if of := info.Sys().(*syscall.Stat_t); of.Uid != 65534 {
				t.Errorf("%s belongs to %d", path, of.Uid)
			}
		}
	})
}

// TestASupportBundleGoesToANewFile names files that cannot be written.
func TestASupportBundleGoesToANewFile(t *testing.T) {
	t.Parallel()
	box := t.TempDir()
	taken := filepath.Join(box, "taken")
	write(t, taken, "mine")
	for path, code := range map[string]string{
		taken:                                "support.exists",
		filepath.Join(box, "none", "bundle"): "support.unwritable",
		filepath.Join(taken, "bundle"):       "support.unwritable",
		"/proc/bundle":                       "support.unwritable",
	} {
		if out, err := run(t, "", "support", path, "--data-dir", box); err == nil || !strings.Contains(out, code) {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
	if text, err := os.ReadFile(taken); err != nil || string(text) != "mine" {
		t.Errorf("it was written over: %q %v", text, err)
	}
	space := []string{"unshare", "-m"}
	if os.Geteuid() != 0 {
		space = []string{"unshare", "-rm"}
	}
	const script = `mount -t tmpfs -o size=4k tmpfs "$0" && cd "$0" && head -c 4096 /dev/zero >filler && UNITY_TEST_PROCESS=1 "$1" support bundle --data-dir "$2"; code=$?; ls -A; exit $code`
	out, err := tool(t, append(space, "sh", "-c", script, t.TempDir(), command(t).Path, box)...)
	if err == nil || !strings.Contains(out, "disk.full") || strings.Contains(out, "bundle\n") {
		t.Errorf("a full disk: %v\n%s", err, out)
	}
}
