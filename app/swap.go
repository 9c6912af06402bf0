package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/vault"
	"unity.internal/store"
)

const (
	swapFile  = "swap.json"
	localDir  = "." + databaseFile + "-litestream" // what Litestream knows of the database beside it
	unsettled = ".tmp"
)

// A swapping says which file takes the place of the database. It lies in the
// data directory from the moment a person decided until it is done, so that a
// stop at any moment between is made good by the next start.
type swapping struct {
	Side   string    `json:"side"`          // below the data directory
	Key    string    `json:"key,omitempty"` // below it, too: the master key that goes with the side file
	Reason string    `json:"reason"`
	At     time.Time `json:"at"`
}

var errSideLost = fault.New(fault.Conflict, "swap.side_missing", "The database that was to take the place of the old one is gone, and there is no other. Restore a backup.")

// stage has the file side, which must be ready and lie in the data directory,
// take the place of the database at the next start. What is there then is kept
// as a checkpoint with this reason.
func stage(dir, side, reason string) error { return stageWith(dir, side, "", reason) }

// stageWith is stage for a database that another master key opens: the file key
// takes the place of the one that is there, which is kept beside it.
func stageWith(dir, side, key, reason string) error {
	if info, err := os.Stat(side + "-wal"); err == nil && info.Size() > 0 {
		return fmt.Errorf("%s is not ready: part of it stands in its log", side)
	}
	w := swapping{Reason: reason, At: time.Now().UTC()}
	var err error
	if w.Side, err = within(dir, side); err != nil {
		return err
	}
	if key != "" {
		if w.Key, err = within(dir, key); err != nil {
			return err
		}
	}
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, swapFile)
	if err := os.WriteFile(path+unsettled, text, 0o600); err != nil {
		return err
	}
	if err := store.Settle(path + unsettled); err != nil {
		return err
	}
	if err := os.Rename(path+unsettled, path); err != nil {
		return err
	}
	return store.Settle(dir)
}

// within returns the path of a file relative to dir, where it must lie, and has
// the file on the disk.
func within(dir, path string) (string, error) {
	rel, err := filepath.Rel(dir, path)
	if err != nil || !filepath.IsLocal(rel) {
		return "", fmt.Errorf("%s is not in the data directory", path)
	}
	return rel, store.Settle(path)
}

// swap does what stage asked for, if anything. The caller holds the lock, and
// nothing has the database open. It returns the reason; empty: there was nothing
// to do.
func swap(ctx context.Context, dir string) (reason string, err error) {
	w, err := staged(dir)
	if w == nil || err != nil {
		return "", err
	}
	for _, step := range w.steps(dir) {
		if err := step(ctx); err != nil {
			return "", fmt.Errorf("put another database in place: %w", err)
		}
	}
	return w.Reason, nil
}

// staged returns what is to be done, or nil.
func staged(dir string) (*swapping, error) {
	text, err := os.ReadFile(filepath.Join(dir, swapFile)) //nolint:gosec // in the data directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing is the usual answer
	}
	var w swapping
	if err == nil {
		err = json.Unmarshal(text, &w)
	}
	if err == nil && (!filepath.IsLocal(w.Side) || w.Key != "" && !filepath.IsLocal(w.Key)) {
		err = fmt.Errorf("%s is not in the data directory", w.Side)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", swapFile, err)
	}
	return &w, nil
}

// steps are what a swap consists of. Each may be done again, and after each the
// file of the database is the old or the new one, whole. Once the side file is
// gone, it stands in its place: then only the last is left.
func (w *swapping) steps(dir string) []func(context.Context) error {
	live, side, kept := filepath.Join(dir, databaseFile), filepath.Join(dir, w.Side), filepath.Join(dir, checkpoints)
	if !exists(side) {
		return []func(context.Context) error{func(context.Context) error {
			if !exists(live) {
				return errSideLost
			}
			if err := w.replaceKey(dir); err != nil {
				return err
			}
			return w.finish(dir)
		}}
	}
	var all []func(context.Context) error
	if exists(live) {
		all = append(all, func(ctx context.Context) error { return w.keep(ctx, live, kept) })
	}
	return append(all, func(context.Context) error {
		for _, path := range []string{live + "-wal", live + "-shm", side + "-wal", side + "-shm", filepath.Join(dir, localDir)} {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
		}
		return store.Settle(dir)
	}, func(context.Context) error {
		if err := os.Rename(side, live); err != nil {
			return err
		}
		return errors.Join(store.Settle(filepath.Dir(side)), store.Settle(dir))
	}, func(context.Context) error { return w.replaceKey(dir) }, func(context.Context) error { return w.finish(dir) })
}

// replaceKey puts the master key of the new database in place, if it has one of
// its own. The old one is kept: it opens the checkpoint.
func (w *swapping) replaceKey(dir string) error {
	key, live := filepath.Join(dir, w.Key), filepath.Join(dir, vault.KeyFile)
	if w.Key == "" || !exists(key) {
		return nil
	}
	if exists(live) {
		if err := os.Rename(live, live+".before-"+w.At.Format("20060102-150405")); err != nil {
			return err
		}
	}
	if err := os.Rename(key, live); err != nil {
		return err
	}
	return store.Settle(dir)
}

// keep makes a checkpoint of the old database: a second name for its file, so
// that the first is never without one. What is damaged is kept as it is, with
// its log beside it.
func (w *swapping) keep(ctx context.Context, live, kept string) error {
	if err := os.MkdirAll(kept, 0o700); err != nil {
		return err
	}
	folded := !exists(live + "-wal")
	if !folded {
		folded = store.Fold(ctx, live) == nil
	}
	schema, err := store.SchemaOf(ctx, live)
	if err != nil {
		schema = 0 // it is damaged
	}
	path := filepath.Join(kept, store.CheckpointName(schema, w.At, w.Reason))
	if !folded && exists(live+"-wal") {
		if err := os.Rename(live+"-wal", path+"-wal"); err != nil {
			return err
		}
	}
	if err := os.Link(live, path); err != nil && !errors.Is(err, fs.ErrExist) {
		if err := os.Rename(live, path); err != nil { // a disk that knows no second names
			return err
		}
	}
	return store.Settle(kept)
}

// finish forgets what was to be done.
func (w *swapping) finish(dir string) error {
	if err := os.Remove(filepath.Join(dir, swapFile)); err != nil {
		return err
	}
	return store.Settle(dir)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
