package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"unity.internal/app/fault"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// assign gives out the value of v, as if it had come through the socket.
func assign(v, out any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, out)
}

type backupCmd struct {
	File string `arg:"" help:"The file to write; it must not exist." type:"path"`
}

// Run writes a backup. The file is made before root becomes the owner of the
// data directory, so that it may stand anywhere.
func (b backupCmd) Run(ctx context.Context, c *Config, t terminal) error {
	f, err := os.OpenFile(b.File, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Conflict, "backup.exists", "%s exists already. Choose another name.", b.File)
	}
	if err != nil {
		return err
	}
	err = errors.Join(backup(ctx, c.DataDir, f), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(b.File))
	}
	fmt.Fprintf(t.out, "The database is in %s.\n", b.File)
	_, err = fmt.Fprintf(t.err, "The secrets in it open only with the master key, which is not in it. Keep a copy of it in another place: %s\n",
		filepath.Join(c.DataDir, vault.KeyFile))
	return err
}

func backup(ctx context.Context, dir string, w io.Writer) error {
	if err := become(dir); err != nil {
		return err
	}
	here, done, err := open(ctx, dir)
	if errors.Is(err, errHeld) {
		return dialControl(dir).backup(ctx, w)
	}
	if err != nil {
		return err
	}
	return errors.Join(here.copyTo(ctx, w), done())
}

type restoreCmd struct {
	File string `arg:"" help:"A file that backup wrote." type:"existingfile"`
}

var (
	errOccupied = fault.New(fault.Conflict, "restore.occupied", "There is a database in the data directory already. Choose an empty one with --data-dir, or move the old one away.")
	errDamaged  = fault.New(fault.Invalid, "restore.damaged", "This file is no sound database of Unity. Use another backup.")
)

// Run makes a data directory from a backup. Nothing is left behind if it fails.
func (r restoreCmd) Run(ctx context.Context, c *Config, t terminal) error {
	in, err := os.Open(r.File)
	if err != nil {
		return err
	}
	defer in.Close()
	if err := prepare(c.DataDir); err != nil {
		return err
	}
	if err := become(c.DataDir); err != nil {
		return err
	}
	held, err := lock(c.DataDir)
	if err != nil {
		return err
	}
	defer held.Close()
	path := filepath.Join(c.DataDir, databaseFile)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(errOccupied, err)
	}
	if err := restore(ctx, in, path); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "Restored to %s. Start it with: unity serve --data-dir %s\n", c.DataDir, c.DataDir)
	if _, err := os.Stat(filepath.Join(c.DataDir, vault.KeyFile)); errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(t.err, "The master key is missing: copy it to %s before you start, or the vault stays locked.\n", filepath.Join(c.DataDir, vault.KeyFile))
	}
	return nil
}

// restore copies in to path by way of a file that is checked first.
func restore(ctx context.Context, in io.Reader, path string) error {
	part := path + ".restoring"
	f, err := os.OpenFile(part, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600) //nolint:gosec // in the data directory
	if err != nil {
		return err
	}
	defer os.Remove(part)
	_, err = io.Copy(f, in)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("copy the backup: %w", err)
	}
	schema, err := store.Verify(ctx, part)
	switch {
	case err != nil || schema == 0:
		return errDamaged.Because(err)
	case schema > store.SchemaVersion():
		return store.ErrNewer
	}
	return os.Rename(part, path)
}
