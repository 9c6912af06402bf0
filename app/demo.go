package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"unity.internal/app/backup/place"
	"unity.internal/app/demo"
	"unity.internal/app/fault"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// errDemoUsed says that a data directory is not for a demo.
var errDemoUsed = fault.New(fault.Conflict, "demo.data_dir_used", "There is a database in that data directory, and a demo never touches one. Start it without --data-dir.")

// demo serves an appliance that is gone when it ends: a household and a club, their
// machines simulated in this process. All else is as ever.
func (s *Serve) demo(ctx context.Context, c *Config, t terminal) (err error) {
	began := time.Now()
	if c.DataDir, err = demoDir(c.DataDir); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(c.DataDir)) }()
	s.MultiTenancy = true
	if s.HTTPS == auto {
		s.HTTPS = "" // everybody knows the password, so it is for this box
	}
	if s.HTTP == auto {
		s.HTTP = "127.0.0.1:8080"
	}
	w, err := demo.New()
	if err != nil {
		return err
	}
	defer w.Close()
	if err := c.fill(ctx, w); err != nil {
		return err
	}
	return c.serve(ctx, newLog(t.err, s.LogLevel), t.out, func(a *App) {
		a.started, a.remote.Other = began, w.Dial
		fmt.Fprintf(t.out, "unity: a demo, gone when it stops. Sign in as %s with the password: %s\n", strings.Join(demo.Names(), ", "), demo.Password)
	})
}

// demoDir makes a data directory that may be removed: among temporary files or,
// if somebody names a place, there.
func demoDir(named string) (string, error) {
	if named == dataDir() {
		named = ""
	}
	if named != "" {
		if _, err := os.Stat(filepath.Join(named, databaseFile)); err == nil {
			return "", errDemoUsed
		}
		if err := prepare(named); err != nil {
			return "", err
		}
	}
	dir, err := os.MkdirTemp(named, "unity-demo-")
	if err != nil {
		return "", fmt.Errorf("make a directory for the demo: %w", err)
	}
	return dir, nil
}

// fill writes the past of a demo into the data directory.
func (c *Config) fill(ctx context.Context, w *demo.World) (err error) {
	v := &vault.Vault{}
	s, err := store.Open(ctx, filepath.Join(c.DataDir, databaseFile), store.WithSigner(v.Sign), store.WithClock(w.Now))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close(ctx)) }()
	from, err := c.source()
	if err != nil {
		return err
	}
	if err := v.Attach(ctx, s, from); err != nil {
		return fmt.Errorf("open the vault: %w", err)
	}
	if err := w.Fill(ctx, s, v); err != nil {
		return err
	}
	return c.copied(ctx, s.System())
}

// copied gives a demo a replica beside its database, so that its page has something to show.
func (c *Config) copied(ctx context.Context, y store.System) error {
	row, err := y.Backup(ctx)
	if err != nil {
		return err
	}
	row.Replica, err = json.Marshal(place.Config{URL: "file://" + filepath.Join(c.DataDir, "replica")}) //nolint:gosec // the id of a key is no secret
	if err != nil {
		return err
	}
	_, err = y.UpdateBackup(ctx, row)
	return err
}
