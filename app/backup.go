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
	err = errors.Join(copyDatabase(ctx, c.DataDir, f), f.Sync(), f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(b.File))
	}
	fmt.Fprintf(t.out, "The database is in %s.\n", b.File)
	_, err = fmt.Fprintf(t.err, "The secrets in it open only with the master key, which is not in it. Keep a copy of it in another place: %s\n",
		filepath.Join(c.DataDir, vault.KeyFile))
	return err
}

func copyDatabase(ctx context.Context, dir string, w io.Writer) error {
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
