package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

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

// Run writes a backup.
func (b backupCmd) Run(ctx context.Context, c *Config, t terminal) error {
	if err := newFile(b.File, "backup", func(w io.Writer) error { return copyDatabase(ctx, c.DataDir, w) }); err != nil {
		return err
	}
	fmt.Fprintf(t.out, "The database is in %s.\n", b.File)
	_, err := fmt.Fprintf(t.err, "The secrets in it open only with the master key, which is not in it. Keep a copy of it in another place: %s\n",
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
