package backup_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"unity.internal/app/backup"
	"unity.internal/store/storetest"
)

// newest returns the files of the newest transactions, here or in a replica, oldest first.
func newest(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	must(t, filepath.WalkDir(dir, func(path string, _ os.DirEntry, err error) error {
		if strings.HasSuffix(path, ".ltx") && filepath.Base(filepath.Dir(path)) == "0" {
			all = append(all, path)
		}
		return err
	}))
	slices.Sort(all)
	return all
}

// quickly runs a test of files and time alone, so that waiting costs nothing.
func quickly(do func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, do)
	}
}

// TestLostLocalStateIsRepaired loses or spoils what Litestream keeps beside the
// database, while it runs.
func TestLostLocalStateIsRepaired(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(path string) error{
		"lost":      os.Remove,
		"truncated": func(path string) error { return os.Truncate(path, 40) },
		"spoiled":   func(path string) error { return os.WriteFile(path, []byte("no such file"), 0o600) },
	} {
		t.Run(name, quickly(func(t *testing.T) {
			c := directory(t)
			s := storetest.Open(t)
			b := newBox(t, s, c, nil)
			b.following()
			b.write("one")
			b.write("two")
			local := newest(t, filepath.Join(filepath.Dir(s.Path()), ".unity.db-litestream"))
			must(t, spoil(local[len(local)-1]))
			must(t, s.System().CreateTenant(t.Context(), "three", "three"))
			_ = b.service.SyncNow(t.Context()) // it may fail; the service repairs it
			b.until("in sync again", func(v backup.Status) bool { return v.State == backup.Following && v.Lag < 1 })
			b.write("four")
			b.drill()
			if n, err := restored(t, c, nil, backup.Target{}); err != nil || n != 5 {
				t.Errorf("%d tenants, %v", n, err)
			}
		}))
	}
}

// TestLocalStateLostAtTheStart loses all of it while the appliance is off.
func TestLocalStateLostAtTheStart(t *testing.T) {
	t.Parallel()
	c, s := directory(t), storetest.Open(t)
	b := newBox(t, s, c, nil)
	b.following()
	b.write("one")
	b.stop()
	must(t, os.RemoveAll(filepath.Join(filepath.Dir(s.Path()), ".unity.db-litestream")))
	must(t, s.System().CreateTenant(t.Context(), "two", "two"))
	b = newBox(t, s, c, nil)
	b.following()
	b.write("three")
	b.drill()
	// Now the newest files of the replica are gone, too: nothing is appended to it.
	b.stop()
	must(t, os.RemoveAll(filepath.Join(filepath.Dir(s.Path()), ".unity.db-litestream")))
	replica := strings.TrimPrefix(c.URL, "file://")
	for _, file := range newest(t, replica) {
		if err := os.Rename(file, strings.Replace(file, "/ltx/0/", "/ltx/1/", 1)); err != nil {
			must(t, os.MkdirAll(strings.Replace(filepath.Dir(file), "/ltx/0", "/ltx/1", 1), 0o700))
			must(t, os.Rename(file, strings.Replace(file, "/ltx/0/", "/ltx/1/", 1)))
		}
	}
	b = newBox(t, s, c, nil)
	b.failing("replica.unsafe")
	must(t, b.service.Renew(t.Context(), s.System()))
	b.until("following a new one", func(v backup.Status) bool { return v.State == backup.Following })
	b.drill()
}

// TestTwoInstancesOnOneReplica starts a copied data directory beside the first.
func TestTwoInstancesOnOneReplica(t *testing.T) {
	quickly(func(t *testing.T) {
		c, s := directory(t), storetest.Open(t)
		first := newBox(t, s, c, nil)
		first.following()
		first.write("one")
		path := filepath.Join(t.TempDir(), "unity.db")
		must(t, s.Copy(t.Context(), path))
		second := newBox(t, storetest.OpenFile(t, path), c, nil)
		second.failing("replica.held")
		first.write("two")
		first.drill()
		if n, err := restored(t, c, nil, backup.Target{}); err != nil || n != 3 {
			t.Errorf("%d tenants, %v", n, err)
		}
		// The first stops and gives it back: the second goes on with it.
		first.stop()
		second.following()
		second.write("other")
		second.drill()
	})(t)
}

// TestALeaseWhoseAnswerWasLost renews behind the back of the appliance, as a write
// does that arrived although its answer did not: nothing is lost by that.
func TestALeaseWhoseAnswerWasLost(t *testing.T) {
	quickly(func(t *testing.T) {
		c := directory(t)
		b := newBox(t, storetest.Open(t), c, nil)
		b.following()
		began := *b.service.Status().Since
		owners, err := filepath.Glob(strings.TrimPrefix(c.URL, "file://") + "/*/owner.json")
		if err != nil || len(owners) != 1 {
			t.Fatal(owners, err)
		}
		var o map[string]any
		text, err := os.ReadFile(owners[0])
		must(t, err)
		must(t, json.Unmarshal(text, &o))
		o["beat"] = "another"
		text, err = json.Marshal(o)
		must(t, err)
		must(t, os.WriteFile(owners[0], text, 0o600))
		<-time.After(time.Minute) // the bubble's: it renews six times
		if v := b.service.Status(); v.State != backup.Following || !v.Since.Equal(began) {
			t.Errorf("%+v", v)
		}
		if now, err := os.ReadFile(owners[0]); err != nil || string(now) == string(text) {
			t.Errorf("it was not renewed: %s, %v", now, err)
		}
	})(t)
}

// TestAStolenLease has another write that the replica is its own now.
func TestAStolenLease(t *testing.T) {
	quickly(func(t *testing.T) {
		c, s := directory(t), storetest.Open(t)
		b := newBox(t, s, c, nil)
		b.following()
		b.write("one")
		owners, err := filepath.Glob(strings.TrimPrefix(c.URL, "file://") + "/*/owner.json")
		if err != nil || len(owners) != 1 {
			t.Fatal(owners, err)
		}
		text, err := json.Marshal(map[string]any{"owner": "thief", "host": "elsewhere", "since": time.Now(), "beat": "1"})
		must(t, err)
		must(t, os.WriteFile(owners[0], text, 0o600))
		b.until("refused", func(v backup.Status) bool { return v.Code == "replica.lost" || v.Code == "replica.held" })
		before := newest(t, strings.TrimPrefix(c.URL, "file://"))
		must(t, s.System().CreateTenant(t.Context(), "two", "two"))
		if err := b.service.SyncNow(t.Context()); err == nil {
			t.Error("it is written although another has it")
		}
		b.stop()
		if after := newest(t, strings.TrimPrefix(c.URL, "file://")); len(after) != len(before) {
			t.Errorf("%d files, then %d", len(before), len(after))
		}
		if now, err := os.ReadFile(owners[0]); err != nil || string(now) != string(text) {
			t.Errorf("the thief's mark is %s, %v", now, err)
		}
	})(t)
}

// TestADamagedReplicaIsRefused spoils one object at a time.
func TestADamagedReplicaIsRefused(t *testing.T) {
	t.Parallel()
	c, s := directory(t), storetest.Open(t)
	b := newBox(t, s, c, nil)
	b.following()
	whole := b.service.Status().Remote
	b.write("one")
	b.write("two")
	b.write("three")
	b.stop()
	files := newest(t, strings.TrimPrefix(c.URL, "file://"))
	if len(files) < 4 {
		t.Fatal(files)
	}
	second, third := files[len(files)-2], files[len(files)-1]
	original := map[string][]byte{}
	for _, f := range []string{second, third} {
		text, err := os.ReadFile(f)
		must(t, err)
		original[f] = text
	}
	for name, spoil := range map[string]func() error{
		"truncated": func() error { return os.Truncate(second, int64(len(original[second])/2)) },
		"deleted":   func() error { return os.Remove(second) },
		"swapped": func() error {
			if err := os.WriteFile(second, original[third], 0o600); err != nil {
				return err
			}
			return os.WriteFile(third, original[second], 0o600)
		},
		"flipped": func() error {
			text := slices.Clone(original[second])
			text[len(text)/2] ^= 0xff
			return os.WriteFile(second, text, 0o600)
		},
	} {
		must(t, spoil())
		_, err := restored(t, c, nil, backup.Target{})
		if got := code(err); got != "restore.damaged" {
			t.Errorf("%s: %v, want restore.damaged", name, err)
		}
		if n, err := restored(t, c, nil, backup.Target{Position: whole}); err != nil || n != 1 {
			t.Errorf("%s: an earlier moment has %d tenants, %v", name, n, err)
		}
		for f, text := range original {
			must(t, os.WriteFile(f, text, 0o600))
		}
	}
	if n, err := restored(t, c, nil, backup.Target{}); err != nil || n != 4 {
		t.Errorf("%d tenants, %v", n, err)
	}
}
