package store_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"unity.internal/store"
	"unity.internal/store/storetest"
)

// used returns a copy of a database in which somebody is signed in, somebody
// could be by a link, and a job runs.
func used(t *testing.T) string {
	t.Helper()
	s := storetest.Open(t)
	home := s.Tenant(store.DefaultTenant)
	storetest.User(t, s, store.User{ID: "u1", Username: "lea"})
	must(t, s.System().CreateSession(t.Context(), store.Session{ID: "n1", User: "u1", Home: home.ID, Kind: "browser", Hash: []byte("h"), Expires: time.Now().Add(time.Hour)}))
	must(t, s.System().CreateLink(t.Context(), store.Link{User: "u1", Hash: []byte("l"), Kind: store.LinkSignIn, Expires: time.Now().Add(time.Hour)}))
	_, err := home.CreateJob(t.Context(), store.Job{ID: "j1", Kind: "k", Title: "t"})
	must(t, err)
	path := filepath.Join(t.TempDir(), "side.db")
	must(t, s.Copy(t.Context(), path))
	return path
}

// count returns the only number of q.
func count(t *testing.T, path, q string) (n int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?immutable=1")
	must(t, err)
	defer db.Close()
	must(t, db.QueryRowContext(t.Context(), q).Scan(&n))
	return n
}

func TestPrepareEndsWhatMayNotGoOn(t *testing.T) {
	t.Parallel()
	path := used(t)
	const left = `SELECT (SELECT count(*) FROM sessions) + (SELECT count(*) FROM links) + (SELECT count(*) FROM jobs WHERE state = 'queued')`
	if n := count(t, path, left); n != 3 {
		t.Fatal(n)
	}
	boom := errors.New("boom")
	err := store.Prepare(t.Context(), path, func(context.Context, store.System) error { return boom }, store.WithSigner(storetest.Sign))
	if n := count(t, path, left); !errors.Is(err, boom) || n != 3 {
		t.Errorf("after a failure %d of 3 are left: %v", n, err)
	}
	err = store.Prepare(t.Context(), path, func(ctx context.Context, y store.System) error { return y.CreateTenant(ctx, "held", "held") }, store.WithSigner(storetest.Sign))
	must(t, err)
	if n := count(t, path, left); n != 0 {
		t.Errorf("%d are left", n)
	}
	if n := count(t, path, `SELECT count(*) FROM tenants WHERE id = 'held'`); n != 1 {
		t.Error("the rest was not done")
	}
	for _, beside := range []string{"-wal", "-shm"} {
		if _, err := os.Stat(path + beside); err == nil {
			t.Errorf("%s is left beside it", beside)
		}
	}
	if schema, err := store.Verify(t.Context(), path); err != nil || schema != store.SchemaVersion() {
		t.Error(schema, err)
	}
}

func TestASideOfAnOlderSchemaIsBroughtToTodays(t *testing.T) {
	t.Parallel()
	live := filepath.Join(t.TempDir(), "live.db")
	s := storetest.Open(t)
	must(t, s.Copy(t.Context(), live))
	nothing := func(context.Context, store.System) error { return nil }
	for n := int64(1); n < store.SchemaVersion(); n++ {
		t.Run(fmt.Sprint("schema ", n), func(t *testing.T) {
			t.Parallel()
			side := storetest.Older(t, n)
			if _, err := store.Compare(t.Context(), live, side); !errors.Is(err, store.ErrOtherSchema) {
				t.Errorf("compared as it is: %v", err)
			}
			must(t, store.Upgrade(t.Context(), side))
			got, err := store.Compare(t.Context(), live, side)
			must(t, err)
			for _, d := range got { // the tenants that a new database begins with were made at another time
				if d.Table != "tenants" && d.Table != "vault" {
					t.Errorf("%+v", d)
				}
			}
			direct := storetest.Older(t, n)
			must(t, store.Prepare(t.Context(), direct, nothing))
			if schema, err := store.SchemaOf(t.Context(), direct); err != nil || schema != store.SchemaVersion() {
				t.Error(schema, err)
			}
		})
	}
}

func TestPrepareRefusesWhatItCannotUse(t *testing.T) {
	t.Parallel()
	newer, foreign, text := used(t), filepath.Join(t.TempDir(), "foreign.db"), filepath.Join(t.TempDir(), "text")
	lay(t, newer, `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`)
	lay(t, foreign, `CREATE TABLE things (id TEXT)`)
	must(t, os.WriteFile(text, []byte("no database at all, but long enough to have a header"), 0o600))
	for path, want := range map[string]error{
		newer: store.ErrNewer, foreign: store.ErrNoDatabase, text: store.ErrNoDatabase, text + ".missing": store.ErrNoDatabase,
	} {
		before, _ := os.ReadFile(path)
		called := false
		err := store.Prepare(t.Context(), path, func(context.Context, store.System) error { called = true; return nil })
		if !errors.Is(err, want) || called {
			t.Errorf("Prepare %s: %v, %v", filepath.Base(path), err, called)
		}
		if err := store.Upgrade(t.Context(), path); !errors.Is(err, want) {
			t.Errorf("Upgrade %s: %v", filepath.Base(path), err)
		}
		if after, _ := os.ReadFile(path); !reflect.DeepEqual(before, after) {
			t.Errorf("%s was changed", filepath.Base(path))
		}
	}
}
