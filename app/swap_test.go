package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"unity.internal/app/vault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// laid makes a data directory whose database has a tenant that only its log
// knows yet, and a side file that has another.
func laid(t *testing.T) (dir, side string) {
	t.Helper()
	dir = t.TempDir()
	old, next := storetest.Open(t), storetest.Open(t)
	storetest.Tenants(t, old, "old")
	storetest.Tenants(t, next, "new")
	side = filepath.Join(dir, "restored.db")
	must(t, next.Copy(t.Context(), side))
	live := filepath.Join(dir, databaseFile)
	for _, beside := range []string{"", "-wal"} { // as a kill leaves them
		text, err := os.ReadFile(old.Path() + beside)
		must(t, err)
		must(t, os.WriteFile(live+beside, text, 0o600))
	}
	must(t, os.MkdirAll(filepath.Join(dir, localDir, "ltx"), 0o700))
	return dir, side
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// holds returns which of the two databases a file is.
func holds(t *testing.T, path string) string {
	t.Helper()
	v := &vault.Vault{}
	schema, err := store.SchemaOf(t.Context(), path)
	if err != nil || schema != store.SchemaVersion() {
		t.Fatal(schema, err)
	}
	copied := filepath.Join(t.TempDir(), "copy.db") // to look is not to touch
	for _, beside := range []string{"", "-wal"} {
		text, err := os.ReadFile(path + beside)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		must(t, err)
		must(t, os.WriteFile(copied+beside, text, 0o600))
	}
	s, err := store.Open(t.Context(), copied, store.WithSigner(v.Sign))
	must(t, err)
	defer s.Close(t.Context())
	must(t, s.Check(t.Context()))
	all, err := s.System().AllTenants(t.Context())
	must(t, err)
	for _, v := range all {
		if v.ID != store.DefaultTenant {
			return string(v.ID)
		}
	}
	return ""
}

// TestASwapThatIsCutOffIsMadeGoodByTheNextStart stops it after each of its steps.
func TestASwapThatIsCutOffIsMadeGoodByTheNextStart(t *testing.T) {
	t.Parallel()
	for done := range 5 {
		for again := range 2 {
			t.Run(fmt.Sprint(done, " steps, ", again+1, " times"), func(t *testing.T) {
				t.Parallel()
				dir, side := laid(t)
				live := filepath.Join(dir, databaseFile)
				must(t, stage(dir, side, "restore"))
				for range again + 1 {
					w, err := staged(dir)
					must(t, err)
					if w == nil {
						break
					}
					steps := w.steps(dir)
					for _, step := range steps[:min(done, len(steps))] {
						must(t, step(t.Context()))
					}
					if got := holds(t, live); got != "old" && got != "new" {
						t.Fatalf("it is neither: %q", got)
					}
				}
				_, err := swap(t.Context(), dir)
				must(t, err)
				if got := holds(t, live); got != "new" {
					t.Errorf("it is the %s one", got)
				}
				all, err := store.Checkpoints(filepath.Join(dir, checkpoints))
				if err != nil || len(all) != 1 || all[0].Reason != "restore" || all[0].Schema != store.SchemaVersion() {
					t.Fatalf("%+v, %v", all, err)
				}
				kept := filepath.Join(dir, checkpoints, all[0].Name)
				if _, err := store.Verify(t.Context(), kept); err != nil || holds(t, kept) != "old" {
					t.Errorf("the old one is not kept: %v", err)
				}
				for _, gone := range []string{side, live + "-wal", live + "-shm", filepath.Join(dir, localDir), filepath.Join(dir, swapFile)} {
					if exists(gone) {
						t.Errorf("%s is left", gone)
					}
				}
				if reason, err := swap(t.Context(), dir); reason != "" || err != nil {
					t.Errorf("and once more: %q, %v", reason, err)
				}
			})
		}
	}
}

func TestACommandDoesWhatWasStagedToo(t *testing.T) {
	t.Parallel()
	dir, side := laid(t)
	must(t, stage(dir, side, "restore"))
	c, done, err := open(t.Context(), dir)
	must(t, err)
	all, err := c.store.System().AllTenants(t.Context())
	if err := errors.Join(err, done()); err != nil || len(all) != 2 || all[1].ID != "new" {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestADamagedDatabaseIsSwappedAndKeptAsItIs(t *testing.T) {
	t.Parallel()
	dir, side := laid(t)
	live := filepath.Join(dir, databaseFile)
	must(t, os.WriteFile(live, []byte("this was a database once, and now its header says something else"), 0o600))
	must(t, stage(dir, side, "restore"))
	_, err := swap(t.Context(), dir)
	must(t, err)
	if got := holds(t, live); got != "new" {
		t.Errorf("it is the %s one", got)
	}
	all, err := store.Checkpoints(filepath.Join(dir, checkpoints))
	if err != nil || len(all) != 1 || all[0].Schema != 0 || !exists(filepath.Join(dir, checkpoints, all[0].Name+"-wal")) {
		t.Errorf("%+v, %v", all, err)
	}
}

func TestASwapWithoutEitherDatabaseSaysSo(t *testing.T) {
	t.Parallel()
	dir, side := laid(t)
	must(t, stage(dir, side, "restore"))
	must(t, os.Remove(side))
	if _, err := swap(t.Context(), dir); err != nil || holds(t, filepath.Join(dir, databaseFile)) != "old" {
		t.Errorf("without its side: %v", err)
	}
	must(t, os.WriteFile(side, nil, 0o600))
	must(t, stage(dir, side, "restore"))
	must(t, errors.Join(os.Remove(side), os.Remove(filepath.Join(dir, databaseFile))))
	if _, err := swap(t.Context(), dir); !errors.Is(err, errSideLost) {
		t.Error(err)
	}
	if err := stage(dir, filepath.Join(t.TempDir(), "elsewhere.db"), "restore"); err == nil {
		t.Error("a side outside of the data directory is taken")
	}
	must(t, os.WriteFile(side+"-wal", []byte("rows"), 0o600))
	must(t, os.WriteFile(side, nil, 0o600))
	if err := stage(dir, side, "restore"); err == nil {
		t.Error("a side that is not ready is taken")
	}
	must(t, os.WriteFile(filepath.Join(dir, swapFile), []byte(`{"side":"../elsewhere.db"}`), 0o600))
	if _, err := swap(context.WithoutCancel(t.Context()), dir); err == nil {
		t.Error("a side outside of the data directory is put in place")
	}
}
