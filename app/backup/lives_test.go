package backup_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"unity.internal/app/backup"
	"unity.internal/app/backup/place/placetest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// TestTimePassesOverAReplica has a place be away for minutes and the clock jump, in
// time that costs nothing. Every moment that is listed can be restored.
func TestTimePassesOverAReplica(t *testing.T) {
	quickly(func(t *testing.T) {
		s := placetest.File(t)
		var jump atomic.Int64
		b := newBox(t, storetest.Open(t), s.Config, nil, func(o *backup.Options) {
			o.Now = func() time.Time { return time.Now().Add(time.Duration(jump.Load())) }
		})
		wait := func(d time.Duration) { <-time.After(d); synctest.Wait() }
		well := func(when string) {
			t.Helper()
			if v, why := b.service.Status(), b.service.Unwell(t.Context()); v.State != backup.Following || v.Lag > 2 || len(why) > 0 {
				t.Errorf("%s: %+v %q", when, v, why)
			}
		}
		b.following()
		for i := range 200 { // the first files of single seconds end meanwhile
			must(t, b.store.System().CreateTenant(t.Context(), store.TenantID(fmt.Sprint("t", i)), "t"))
			wait(20 * time.Second)
		}
		well("after a while")

		must(t, os.Rename(s.Dir, s.Dir+" away"))
		must(t, os.WriteFile(s.Dir, nil, 0o600))
		must(t, b.store.System().CreateTenant(t.Context(), "away", "away"))
		wait(70 * time.Second)
		if v, why := b.service.Status(), b.service.Unwell(t.Context()); v.State != backup.Failing || v.Lag < 60 || len(why) != 1 {
			t.Errorf("away for a minute: %+v %q", v, why)
		}
		must(t, errors.Join(os.Remove(s.Dir), os.Rename(s.Dir+" away", s.Dir)))
		wait(45 * time.Second) // the longest pause is half a minute
		well("back")
		b.drill()

		for _, d := range []time.Duration{time.Hour, -2 * time.Hour, 3 * 24 * time.Hour, -3*24*time.Hour + time.Hour} {
			jump.Add(int64(d))
			wait(3 * time.Second)
			well(fmt.Sprint("the clock jumped by ", d))
			wait(time.Minute) // the lease is renewed meanwhile
			well("a minute later")
		}
		b.drill()
		m, err := b.service.Moments(t.Context(), time.Time{}, time.Time{})
		must(t, err)
		for _, at := range m.Items {
			if _, err := back(t, s, backup.Target{Position: at.Position}); err != nil {
				t.Errorf("%+v: %v", at, err)
			}
		}
		t.Logf("%d moments", len(m.Items))
	})(t)
}

// TestTwoThatStartInTheSameSecond has copies of one data directory on two boxes
// begin at once, with nobody before them.
func TestTwoThatStartInTheSameSecond(t *testing.T) {
	t.Parallel()
	s := placetest.S3(t)
	for round := range 6 {
		one := storetest.Open(t)
		_, err := one.System().Backup(t.Context()) // it has its instance
		must(t, err)
		path := filepath.Join(t.TempDir(), "unity.db")
		must(t, one.Copy(t.Context(), path))
		boxes := []*box{newBox(t, one, s.Config, s.Secret), newBox(t, storetest.OpenFile(t, path), s.Config, s.Secret)}
		first := -1
		end := time.After(time.Minute)
		for tick := time.NewTicker(5 * time.Millisecond); first < 0; <-tick.C {
			first = slices.IndexFunc(boxes, func(b *box) bool { return b.service.Status().State == backup.Following })
			select {
			case <-end:
				t.Fatalf("%+v\n%+v", boxes[0].service.Status(), boxes[1].service.Status())
			default:
			}
		}
		writes, waits := boxes[first], boxes[1-first]
		writes.write("one")
		if v := waits.service.Status(); v.State == backup.Following || waits.service.SyncNow(t.Context()) == nil {
			t.Errorf("both write: %+v", v)
		}
		if round == 0 {
			waits.failing("replica.held")
		}
		writes.drill()
		waits.stop()
		writes.stop()
	}
}

// TestALeaseIsStolenOverTheNetwork has another write that the replica is its own.
func TestALeaseIsStolenOverTheNetwork(t *testing.T) {
	t.Parallel()
	for kind, s := range map[string]*placetest.Server{"s3": placetest.S3(t), "sftp": placetest.SFTP(t)} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			db := storetest.Open(t)
			b := newBox(t, db, s.Config, s.Secret)
			b.following()
			b.write("one")
			where, name := s.Open(t), b.service.Status().Instance+"/owner.json"
			theirs, err := json.Marshal(map[string]any{"owner": "thief", "host": "elsewhere", "since": time.Now(), "beat": "1"})
			must(t, err)
			_, err = where.Write(t.Context(), name, theirs, "")
			must(t, err)
			before, err := backup.Look(t.Context(), where)
			must(t, err)
			b.until("refused", func(v backup.Status) bool { return v.Code == "replica.lost" || v.Code == "replica.held" })
			must(t, db.System().CreateTenant(t.Context(), "two", "two"))
			if err := b.service.SyncNow(t.Context()); code(err) != "replica.lost" && code(err) != "replica.held" {
				t.Errorf("it says %v", err)
			}
			b.stop()
			after, err := backup.Look(t.Context(), where)
			if err != nil || after[0].Bytes < before[0].Bytes || after[0].Moments > before[0].Moments+1 {
				t.Errorf("%+v, then %+v, %v", before, after, err) // one may have been on its way
			}
			if now, _, err := where.Read(t.Context(), name); err != nil || string(now) != string(theirs) {
				t.Errorf("the thief's mark is %s, %v", now, err)
			}
		})
	}
}

// filled returns a place with a replica of some MB, and what it holds.
func filled(t *testing.T) (*placetest.Server, store.Digests) {
	t.Helper()
	s := placetest.File(t)
	b := newBox(t, storetest.Open(t), s.Config, nil)
	b.following()
	home := b.store.Tenant(store.DefaultTenant)
	_, err := home.CreateServer(t.Context(), store.Server{ID: "s", Name: "s", Host: "h", Port: 22, Username: "u", Auth: "key", PollSeconds: 10, SnapshotMinutes: 30})
	must(t, err)
	for range 20 {
		snapshot(t, home)
	}
	must(t, b.service.SyncNow(t.Context()))
	d := b.digest()
	b.stop()
	return s, d
}

// TestARestoreIsInterrupted stops one at several moments and starts it again.
func TestARestoreIsInterrupted(t *testing.T) {
	t.Parallel()
	s, d := filled(t)
	where := s.Open(t)
	all, err := backup.Look(t.Context(), where)
	must(t, err)
	dir := t.TempDir()
	path := filepath.Join(dir, "restored.db")
	for i := range 8 {
		ctx, cancel := context.WithCancel(t.Context())
		reached := false
		_, err := backup.Restore(ctx, where, all[0].Instance, backup.Target{}, path, func(done, total int64) {
			if done*8 >= total*int64(i) {
				reached = true
				cancel()
			}
		})
		if !errors.Is(err, context.Canceled) || !reached {
			t.Errorf("cut off at %d/8: %v", i, err)
		}
		left, err := os.ReadDir(dir)
		if err != nil || len(left) > 0 {
			t.Fatalf("it left %v, %v", left, err)
		}
		cancel()
	}
	must(t, os.WriteFile(path+".tmp", []byte("of one that was killed"), 0o600))
	_, err = backup.Restore(t.Context(), where, all[0].Instance, backup.Target{}, path, nil)
	must(t, err)
	holds(t, path, d)
	whole, err := os.ReadFile(path)
	must(t, err)
	if _, err := backup.Restore(t.Context(), where, all[0].Instance, backup.Target{}, path, nil); code(err) != "restore.occupied" {
		t.Errorf("over another file: %v", err)
	}
	if now, err := os.ReadFile(path); err != nil || string(now) != string(whole) {
		t.Errorf("the file was touched: %v", err)
	}
}

func TestADiskIsFullDuringARestore(t *testing.T) {
	t.Parallel()
	s, d := filled(t)
	where := s.Open(t)
	all, err := backup.Look(t.Context(), where)
	must(t, err)
	for _, size := range []string{"64k", "1m", "3m"} {
		dir := placetest.Small(t, size, "")
		path := filepath.Join(dir, "restored.db")
		if _, err := backup.Restore(t.Context(), where, all[0].Instance, backup.Target{}, path, nil); code(err) != "disk.full" {
			t.Errorf("%s: %v", size, err)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("%s: it left %v, %v", size, left, err)
		}
	}
	path := filepath.Join(placetest.Small(t, "32m", ""), "restored.db")
	_, err = backup.Restore(t.Context(), where, all[0].Instance, backup.Target{}, path, nil)
	must(t, err)
	holds(t, path, d)
}

// TestTheDatabaseIsAnotherThanTheLocalState changes what lies beside the other
// while nobody runs: an older copy of the file is put back by hand, the state of
// the replica vanishes or is of something else, the whole replica vanishes.
func TestTheDatabaseIsAnotherThanTheLocalState(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(t *testing.T, old, live, state, replica string){
		"an older database": func(t *testing.T, old, live, _, _ string) {
			must(t, errors.Join(os.RemoveAll(live+"-wal"), os.RemoveAll(live+"-shm"), os.Rename(old, live)))
		},
		"an older database without local state": func(t *testing.T, old, live, state, _ string) {
			must(t, errors.Join(os.RemoveAll(state), os.RemoveAll(live+"-wal"), os.RemoveAll(live+"-shm"), os.Rename(old, live)))
		},
		"local state of nobody": func(t *testing.T, _, _, state, _ string) {
			must(t, os.WriteFile(filepath.Join(state, "of"), []byte("somewhere else"), 0o600))
		},
		"local state is a file": func(t *testing.T, _, _, state, _ string) {
			must(t, errors.Join(os.RemoveAll(state), os.WriteFile(state, []byte("?"), 0o600)))
		},
		"the oldest local file": func(t *testing.T, _, _, state, _ string) { must(t, os.Remove(newest(t, state)[0])) },
		"all local files": func(t *testing.T, _, _, state, _ string) {
			for _, f := range newest(t, state) {
				must(t, os.Remove(f))
			}
		},
		"the whole replica":  func(t *testing.T, _, _, _, replica string) { must(t, os.RemoveAll(replica)) },
		"the log of the end": func(t *testing.T, _, live, _, _ string) { must(t, os.RemoveAll(live+"-wal")) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := placetest.File(t)
			live := filepath.Join(t.TempDir(), "unity.db")
			must(t, storetest.Open(t).Copy(t.Context(), live))
			db, err := store.Open(t.Context(), live, store.WithSigner(storetest.Sign))
			must(t, err)
			b := newBox(t, db, s.Config, nil)
			b.following()
			b.write("one")
			old := filepath.Join(t.TempDir(), "old.db")
			must(t, db.Copy(t.Context(), old))
			position := b.write("two")
			then := b.digest()
			b.stop()
			must(t, db.Close(t.Context()))
			change(t, old, live, filepath.Join(filepath.Dir(live), ".unity.db-litestream"), s.Dir)
			db = storetest.OpenFile(t, live)
			b = newBox(t, db, s.Config, nil)
			b.following()
			b.write("three")
			b.drill()
			if name == "the whole replica" {
				return
			}
			path, err := back(t, s, backup.Target{Position: position}) // what was is still there
			must(t, err)
			holds(t, path, then)
		})
	}
}

// TestAReplicaVanishesWhileItIsFollowed removes it under the hands of a box.
func TestAReplicaVanishesWhileItIsFollowed(t *testing.T) {
	quickly(func(t *testing.T) {
		s := placetest.File(t)
		b := newBox(t, storetest.Open(t), s.Config, nil)
		b.following()
		b.write("one")
		must(t, os.RemoveAll(s.Dir))
		must(t, b.store.System().CreateTenant(t.Context(), "two", "two"))
		<-time.After(3 * time.Minute)
		b.until("whole again", func(v backup.Status) bool { return v.State == backup.Following && v.Lag < 2 })
		b.drill()
		if n, err := restored(t, s.Config, nil, backup.Target{}); err != nil || n != 3 {
			t.Errorf("%d tenants, %v", n, err)
		}
	})(t)
}
