package backup_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
	"unity.internal/app/backup"
	"unity.internal/app/backup/place/placetest"
	"unity.internal/app/builttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// everywhere runs a test on every kind of place.
func everywhere(t *testing.T, do func(*testing.T, *placetest.Server)) {
	t.Helper()
	t.Parallel()
	for name, start := range map[string]func(testing.TB) *placetest.Server{
		"file": placetest.File, "webdav": placetest.WebDAV,
		"s3":   func(tb testing.TB) *placetest.Server { return placetest.S3(tb) },
		"sftp": func(tb testing.TB) *placetest.Server { return placetest.SFTP(tb) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			do(t, start(t))
		})
	}
}

// back restores a moment of the only instance there, or of the newest, to a new file.
func back(t *testing.T, s *placetest.Server, to backup.Target) (string, error) {
	t.Helper()
	where := s.Open(t)
	all, err := backup.Look(t.Context(), where)
	must(t, err)
	path := filepath.Join(t.TempDir(), "restored.db")
	_, err = backup.Restore(t.Context(), where, all[0].Instance, to, path, nil)
	return path, err
}

// holds fails the test if a file does not hold what d says.
func holds(t *testing.T, path string, d store.Digests) {
	t.Helper()
	is, err := store.DigestFile(t.Context(), path)
	must(t, err)
	if bad := d.Differ(is); len(d) < 30 || len(bad) > 0 {
		t.Errorf("of %d tables these differ: %v", len(d), bad)
	}
}

func (b *box) digest() store.Digests {
	b.Helper()
	d, err := b.store.Digest(b.Context())
	must(b.T, err)
	return d
}

func TestEveryPlaceKeepsEveryMoment(t *testing.T) {
	everywhere(t, func(t *testing.T, s *placetest.Server) {
		b := newBox(t, storetest.Open(t), s.Config, s.Secret)
		b.following()
		held := map[string]store.Digests{}
		for i := range 4 {
			held[b.write(fmt.Sprint("t", i))] = b.digest()
		}
		b.drill()
		m, err := b.service.Moments(t.Context(), time.Time{}, time.Time{})
		must(t, err)
		seen := 0
		for _, at := range m.Items {
			path, err := back(t, s, backup.Target{Position: at.Position})
			must(t, err)
			if d, ok := held[at.Position]; ok {
				seen++
				holds(t, path, d)
			}
		}
		if seen != len(held) {
			t.Errorf("the list has %d of %d moments", seen, len(held))
		}
	})
}

// TestLitestreamsOwnCommandRestores has nobody depend on this program.
func TestLitestreamsOwnCommandRestores(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*placetest.Server{"file": placetest.File(t), "s3": placetest.S3(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBox(t, storetest.Open(t), s.Config, s.Secret)
			b.following()
			position := b.write("one")
			then := b.digest()
			b.write("two")
			now, instance := b.digest(), b.service.Status().Instance
			b.stop()
			dir := t.TempDir()
			config := fmt.Sprintf("dbs:\n- path: %s/unity.db\n  replica:\n    type: file\n    path: %q\n", dir, filepath.Join(s.Dir, instance))
			if name == "s3" {
				config = fmt.Sprintf("dbs:\n- path: %s/unity.db\n  replica:\n    type: s3\n    bucket: backup\n    path: %q\n    endpoint: %s\n    region: us-east-1\n    force-path-style: true\n",
					dir, "unity ü/"+instance, s.Config.Endpoint)
			}
			must(t, os.WriteFile(filepath.Join(dir, "litestream.yml"), []byte(config), 0o600))
			for out, want := range map[string]struct {
				d    store.Digests
				args []string
			}{"newest.db": {now, nil}, "earlier.db": {then, []string{"-txid", position}}} {
				args := append([]string{"restore", "-config", filepath.Join(dir, "litestream.yml"), "-integrity-check", "full", "-o", filepath.Join(dir, out)}, want.args...)
				cmd := exec.CommandContext(t.Context(), builttest.Path(t, "app/backup/litestreamtest"), append(args, filepath.Join(dir, "unity.db"))...)
				cmd.Env = append(os.Environ(), "AWS_ACCESS_KEY_ID="+s.Config.AccessKey, "AWS_SECRET_ACCESS_KEY="+string(s.Secret), "AWS_CA_BUNDLE=") // its own client cannot take one
				if text, err := cmd.CombinedOutput(); err != nil {
					t.Fatalf("%v\n%s", err, text)
				}
				holds(t, filepath.Join(dir, out), want.d)
			}
		})
	}
}

// A trouble is a fault of a place that passes.
type trouble struct {
	start func(testing.TB) *placetest.Server
	begin func(*placetest.Server)
	end   func(*placetest.Server)
	code  string
	says  string
}

// TestAPlaceInTroubleIsComeBackTo has a place be away, full and read-only: the
// appliance goes on, says what is wrong, and goes on by itself when it is over,
// or at once when it is told so.
func TestAPlaceInTroubleIsComeBackTo(t *testing.T) {
	t.Parallel()
	s3 := func(tb testing.TB) *placetest.Server { return placetest.S3(tb) }
	sftp := func(tb testing.TB) *placetest.Server { return placetest.SFTP(tb) }
	away := func(start func(testing.TB) *placetest.Server) trouble {
		return trouble{start, (*placetest.Server).Away, (*placetest.Server).Back, "replica.unreachable", "refuses connections"}
	}
	full := func(start func(testing.TB) *placetest.Server) trouble {
		return trouble{start, func(s *placetest.Server) { s.Fill(true) }, func(s *placetest.Server) { s.Fill(false) }, "replica.full", "no room left"}
	}
	readOnly := func(start func(testing.TB) *placetest.Server) trouble {
		return trouble{start, func(s *placetest.Server) { s.ReadOnly(true) }, func(s *placetest.Server) { s.ReadOnly(false) }, "replica.read_only", "does not let the appliance write"}
	}
	remount := func(flags uintptr) func(*placetest.Server) {
		return func(s *placetest.Server) {
			if err := unix.Mount("", s.Dir, "", unix.MS_REMOUNT|flags, ""); err != nil {
				t.Error(err)
			}
		}
	}
	for name, v := range map[string]trouble{
		"s3 away": away(s3), "sftp away": away(sftp), "webdav away": away(placetest.WebDAV),
		"file full": full(placetest.Full), "webdav full": full(placetest.WebDAV),
		"s3 full":      full(func(tb testing.TB) *placetest.Server { return placetest.S3(tb, placetest.Small(tb, "16m", "")) }),
		"sftp full":    full(func(tb testing.TB) *placetest.Server { return placetest.SFTP(tb, placetest.Small(tb, "16m", "")) }),
		"s3 read-only": readOnly(s3), "sftp read-only": readOnly(sftp), "webdav read-only": readOnly(placetest.WebDAV),
		"file read-only": {placetest.Full, remount(unix.MS_RDONLY), remount(0), "replica.read_only", "does not let the appliance write"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := v.start(t)
			b := newBox(t, storetest.Open(t), s.Config, s.Secret)
			b.following()
			b.write("one")
			v.begin(s)
			must(t, b.store.System().CreateTenant(t.Context(), "two", "two"))
			b.failing(v.code)
			if is := b.service.Status(); !strings.Contains(is.Error, v.says) || is.Failed == nil {
				t.Errorf("%+v", is)
			}
			if err := b.service.SyncNow(t.Context()); code(err) != v.code {
				t.Errorf("asked for a copy, it says %v", err)
			}
			if err := b.service.Drill(t.Context(), progress{}); code(err) != v.code {
				t.Errorf("a drill says %v", err)
			}
			must(t, b.store.System().CreateTenant(t.Context(), "three", "three")) // it goes on serving
			v.end(s)
			if v.code != "replica.unreachable" { // a person made room and says so
				must(t, b.service.SyncNow(t.Context()))
			}
			b.until("back", func(v backup.Status) bool { return v.State == backup.Following && v.Code == "" && v.Lag < 2 })
			b.drill()
			if n, err := restored(t, s.Config, s.Secret, backup.Target{}); err != nil || n != 4 {
				t.Errorf("%d tenants, %v", n, err)
			}
			b.stop() // before its place ends
		})
	}
}

func TestAWrongSecretIsSaid(t *testing.T) {
	everywhere(t, func(t *testing.T, s *placetest.Server) {
		if s.Wrong == nil {
			return // a directory has none
		}
		db := storetest.Open(t)
		b := newBox(t, db, s.Config, s.Wrong)
		b.failing("replica.denied")
		if v := b.service.Status(); !strings.Contains(v.Error, "does not let the appliance in") || strings.Contains(v.Error, string(s.Wrong)) {
			t.Errorf("%+v", v)
		}
		must(t, db.System().CreateTenant(t.Context(), "one", "one"))
		b.stop()
		if entries, err := os.ReadDir(s.Dir); err == nil && len(entries) > 0 {
			t.Errorf("it wrote %v", entries)
		}
		b = newBox(t, db, s.Config, s.Secret)
		b.following()
		b.drill()
		b.stop()
	})
}
