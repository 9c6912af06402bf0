package store_test

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestCheckpointsAreKeptWhileTheyFit(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		limit int64
		want  []string
	}{
		"all fit":           {400, []string{"rollback", "restore", "migration", "migration"}},
		"the oldest is out": {399, []string{"rollback", "restore", "migration"}},
		"two fit":           {201, []string{"rollback", "restore"}},
		"not even one":      {99, []string{"rollback"}},
		"nothing":           {0, []string{"rollback"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			at := time.Date(2026, 11, 24, 10, 0, 0, 5e6, time.UTC)
			names := []string{
				"unity-schema-5-20261123-090000.000.db", // of before checkpoints had reasons
				store.CheckpointName(6, at, "migration"), store.CheckpointName(7, at.Add(time.Second), "restore"), store.CheckpointName(7, at.Add(time.Minute), "rollback"),
			}
			for _, name := range append(names, "unity-schema-7-20261124-090000.000-migration.db.part", "notes.db") {
				must(t, os.WriteFile(filepath.Join(dir, name), make([]byte, 100), 0o600))
			}
			must(t, os.Truncate(filepath.Join(dir, names[2]), 60)) // the rest stands in its log
			must(t, os.WriteFile(filepath.Join(dir, names[2]+"-wal"), make([]byte, 40), 0o600))
			must(t, store.PruneCheckpointsTo(dir, tt.limit))
			all, err := store.Checkpoints(dir)
			must(t, err)
			var reasons []string
			for _, v := range all {
				reasons = append(reasons, v.Reason)
				if v.Bytes != 100 {
					t.Errorf("%+v", v)
				}
			}
			if !reflect.DeepEqual(reasons, tt.want) || all[0].Schema != 7 || !all[0].Taken.Equal(at.Add(time.Minute)) {
				t.Errorf("%+v", all)
			}
			if _, err := os.Stat(filepath.Join(dir, names[2]+"-wal")); (err == nil) != (len(tt.want) > 1) {
				t.Errorf("its log: %v", err)
			}
			if _, err := os.Stat(filepath.Join(dir, "notes.db")); err != nil {
				t.Error("what is no checkpoint is gone")
			}
		})
	}
	if all, err := store.Checkpoints(filepath.Join(t.TempDir(), "none")); err != nil || len(all) != 0 {
		t.Error(all, err)
	}
}

// TestAMigrationKeepsACheckpoint leaves what a kill left of an earlier copy.
func TestAMigrationKeepsACheckpoint(t *testing.T) {
	t.Parallel()
	path, dir := storetest.Older(t, store.SchemaVersion()-1), filepath.Join(t.TempDir(), "checkpoints")
	before, err := store.DigestFile(t.Context(), path)
	must(t, err)
	must(t, os.MkdirAll(dir, 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "unity-schema-1-20261124-090000.000-migration.db.part"), []byte("half"), 0o600))
	s, err := store.Open(t.Context(), path, store.WithCheckpoints(dir))
	must(t, err)
	must(t, s.Close(t.Context()))
	all, err := store.Checkpoints(dir)
	if err != nil || len(all) != 1 || all[0].Reason != "migration" || all[0].Schema != store.SchemaVersion()-1 {
		t.Fatalf("%+v, %v", all, err)
	}
	kept, err := store.DigestFile(t.Context(), filepath.Join(dir, all[0].Name))
	if err != nil || before.Differ(kept) != nil {
		t.Errorf("%v differ: %v", before.Differ(kept), err)
	}
	if files, _ := os.ReadDir(dir); len(files) != 1 {
		t.Errorf("%v", files)
	}
}

func TestFoldLeavesOneFile(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	path := filepath.Join(t.TempDir(), "unity.db")
	for _, beside := range []string{"", "-wal"} { // as a kill leaves them
		text, err := os.ReadFile(s.Path() + beside)
		must(t, err)
		must(t, os.WriteFile(path+beside, text, 0o600))
	}
	if n := count(t, path, `SELECT count(*) FROM tenants WHERE id = 'acme'`); n != 0 {
		t.Fatal("the file knows it without its log")
	}
	must(t, store.Fold(t.Context(), path))
	if n := count(t, path, `SELECT count(*) FROM tenants WHERE id = 'acme'`); n != 1 {
		t.Error("what stood in the log is lost")
	}
	must(t, os.WriteFile(path, []byte("this was a database once, and now its header says something else"), 0o600))
	if err := store.Fold(t.Context(), path); err == nil || errors.As(err, new(*fault.Error)) {
		t.Error(err)
	}
}
