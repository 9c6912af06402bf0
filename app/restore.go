package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"unity.internal/app/backup"
	"unity.internal/app/backup/kit"
	"unity.internal/app/fault"
	"unity.internal/app/vault"
	"unity.internal/store"
)

type restoreCmd struct {
	File      string `arg:"" optional:"" help:"A file that backup wrote; or name a replica." type:"existingfile"`
	Replica   `embed:""`
	Instance  string    `help:"Which instance of the replica, where it holds more than one."`
	Timestamp time.Time `help:"Restore the newest moment before this time, as in 2026-11-24T08:00:00Z."`
	TxID      string    `name:"txid" help:"Restore this transaction, as --list shows it."`
	MasterKey string    `help:"The file with the master key; without it, the one in the data directory, or what is typed." type:"existingfile"`
	Kit       string    `help:"A recovery kit; its passphrase is typed. It names the replica, too." type:"existingfile"`
	List      bool      `help:"Show what the replica holds, and restore nothing."`
}

var (
	errOccupied = fault.New(fault.Conflict, "restore.occupied", "There is a database in the data directory already. Choose an empty one with --data-dir, or move the old one away.")
	errDamaged  = fault.New(fault.Invalid, "restore.damaged", "This file is no sound database of Unity. Use another backup.")
	errOtherKit = fault.New(fault.Conflict, "restore.other_kit", "The recovery kit does not open this backup: it is another appliance's, or the master key was replaced between the two. Use the kit that belongs to the backup.")
	errSource   = fault.New(fault.Invalid, "restore.source", "Name what to restore: a file that unity backup wrote, a replica with --replica, or a recovery kit with --kit.")
)

// Run makes a data directory from a backup, or from a replica. What is there is
// never overwritten, and nothing is left behind if it fails.
func (r restoreCmd) Run(ctx context.Context, c *Config, t terminal) error {
	if r.File == "" && r.URL == "" && r.Kit == "" {
		return errSource
	}
	ask, err := r.ask(c.DataDir, t)
	if err != nil {
		return err
	}
	switch {
	case r.List:
		return r.list(ctx, ask, t)
	case r.File != "":
		err = r.file(ctx, ask, c.DataDir, t)
	default:
		err = r.replica(ctx, ask, c.DataDir, t)
	}
	if err == nil {
		_, err = fmt.Fprintf(t.out, "Restored to %s. Start it with: unity serve --data-dir %s\n", c.DataDir, c.DataDir)
	}
	return err
}

// file restores from a file, which is opened before root becomes somebody else,
// and puts the key of a recovery kit beside it.
func (r restoreCmd) file(ctx context.Context, ask backup.Ask, dir string, t terminal) error {
	in, err := os.Open(r.File)
	if err != nil {
		return err
	}
	defer in.Close()
	ready := func(string) error { return nil }
	if ask.Kit != "" {
		k, err := kit.Read(ask.Kit, []byte(ask.Passphrase))
		if err != nil {
			return err
		}
		ready = func(path string) error { return unlocked(ctx, path, dir, vault.KeyOf(k.MasterKey)) }
	}
	held, err := empty(dir)
	if err != nil {
		return err
	}
	defer held.Close()
	if err := restoreFile(ctx, in, filepath.Join(dir, databaseFile), ready); err != nil {
		return err
	}
	if key := filepath.Join(dir, vault.KeyFile); !exists(key) {
		fmt.Fprintf(t.err, "The master key is missing: copy it to %s before you start, or the vault stays locked.\n", key)
	}
	return nil
}

// unlocked writes the key of a kit into dir if it opens the vault of the file at path.
func unlocked(ctx context.Context, path, dir string, key vault.Key) error {
	if err := store.Upgrade(ctx, path); err != nil {
		return err
	}
	_, err := vault.ProveFile(ctx, path, key)
	if errors.Is(err, vault.ErrOlderKey) {
		return errOtherKit.Because(err)
	}
	if err != nil {
		return err
	}
	return vault.WriteKey(dir, key)
}

// empty takes a data directory that holds no database, and becomes its owner.
func empty(dir string) (*os.File, error) {
	if err := prepare(dir); err != nil {
		return nil, err
	}
	if err := become(dir); err != nil {
		return nil, err
	}
	held, err := lock(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{databaseFile, swapFile} {
		if exists(filepath.Join(dir, name)) {
			return nil, errors.Join(errOccupied, held.Close())
		}
	}
	return held, nil
}

// ask collects what opens the vault, before anything else is done.
func (r restoreCmd) ask(dir string, t terminal) (ask backup.Ask, err error) {
	if r.File != "" && r.Kit == "" {
		return ask, nil
	}
	fixed, err := r.fixed()
	if err != nil {
		return ask, err
	}
	if fixed != nil {
		ask.Replica, ask.Secret = fixed.Config, string(fixed.Secret)
	}
	key := r.MasterKey
	if own := filepath.Join(dir, vault.KeyFile); key == "" && exists(own) {
		key = own
	}
	switch {
	case r.Kit != "":
		text, err := os.ReadFile(r.Kit)
		if err != nil {
			return ask, err
		}
		ask.Kit = string(text)
		ask.Passphrase, err = readPassword(t, "Passphrase of the recovery kit: ")
		return ask, err
	case key != "":
		text, err := os.ReadFile(key) //nolint:gosec // the operator's own file
		ask.Key = string(text)
		return ask, err
	}
	ask.Key, err = readPassword(t, "Master key (the text of master.key), or the passphrase of the vault: ")
	return ask, err
}

// list shows what the key opens.
func (r restoreCmd) list(ctx context.Context, ask backup.Ask, t terminal) error {
	all, err := (&rescuer{}).Find(ctx, ask)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "INSTANCE\tHOST\tVERSION\tOLDEST\tNEWEST\tMOMENTS\tMB")
	for _, v := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%.1f\n", v.Instance, v.Host, v.Version, moment(v.Oldest), moment(v.Newest), v.Moments, float64(v.Bytes)/1e6)
	}
	return w.Flush()
}

func moment(at *time.Time) string {
	if at == nil {
		return "-"
	}
	return at.UTC().Format(time.RFC3339)
}

// replica restores from a replica and says how far it is.
func (r restoreCmd) replica(ctx context.Context, ask backup.Ask, dir string, t terminal) error {
	held, err := empty(dir)
	if err != nil {
		return err
	}
	defer held.Close()
	o, err := begin(ctx, ask)
	if err != nil {
		return err
	}
	defer o.where.Close()
	last := int64(-1)
	v, err := o.restore(ctx, dir, r.Instance, backup.Target{Time: r.Timestamp, Position: r.TxID}, func(done, total int64) {
		if percent := done * 100 / max(total, 1); percent >= last+5 {
			last = percent
			fmt.Fprintf(t.err, "restoring: %d %% of %.1f MB\n", percent, float64(total)/1e6)
		}
	})
	if err != nil {
		return err
	}
	if _, err := swap(ctx, dir); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "This is the moment of %s (transaction %s). Everybody signs in anew; alerts and schedules are held until an administrator releases them.\n", v.Moment.Format(time.RFC3339), v.Position)
	return err
}

// restoreFile copies in to path by way of a file that is checked first, and that
// ready agrees to.
func restoreFile(ctx context.Context, in io.Reader, path string, ready func(path string) error) error {
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
	if err := ready(part); err != nil {
		return err
	}
	return os.Rename(part, path)
}
