package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"unity.internal/app/fault"
	"unity.internal/app/upgrade"
	"unity.internal/store"
)

// An upgrading is an upgrade in the hands of a process in which no appliance runs.
// Each step is written down before it is done, and may be done again.
type upgrading struct {
	hold   *hold
	config *Config
	log    *slog.Logger
	out    io.Writer
	shelf  upgrade.Shelf
	state  *upgrade.Attempt
}

// upgrade does what the last upgrade still wants: a trial, or to take up one that a
// stop cut off. It runs before an appliance begins. On success another program goes
// on in this process, and it does not return.
func (h *hold) upgrade(ctx context.Context, c *Config, log *slog.Logger, out io.Writer) error {
	if h.trial {
		return nil // the other process does
	}
	state, err := upgrade.Load(c.DataDir)
	if err != nil {
		log.ErrorContext(ctx, "what became of the last upgrade is not known", "err", err)
		return nil
	}
	if !state.Running() {
		return nil
	}
	if !c.mayExecute(filepath.Join(c.DataDir, upgrade.StateFile)) {
		log.ErrorContext(ctx, "the upgrade that waits is not tried", "err", errNotRoots)
		return nil
	}
	s, err := c.shelf()
	if err != nil {
		log.WarnContext(ctx, "a release key is not trusted", "err", err)
	}
	u := &upgrading{hold: h, config: c, log: log.With("part", "upgrade"), out: out, shelf: s, state: state}
	switch own := ownVersion().Number; {
	case own == state.To.Number && state.Phase != upgrade.Good: // it came another way, as in a package
		state.Say("Version %s serves: it was installed meanwhile.", own)
		state.End("")
		return errors.Join(state.Save(c.DataDir), s.Drop(upgrade.Next))
	case state.Phase == upgrade.Staged:
		return u.try(ctx)
	case state.Phase == upgrade.Good:
		return u.finish(ctx, nil)
	}
	return u.goBack(ctx, errCutOff) // of a trial
}

// program returns where the program on trial is, and refuses one that is not as it
// was vouched for. The one that was installed is its owner's business.
func (u *upgrading) program() (string, error) {
	name := u.state.Exec
	if filepath.IsAbs(name) {
		return name, nil
	}
	path := u.shelf.Path(name)
	if !u.config.mayExecute(filepath.Dir(path), path) {
		return "", errNotRoots
	}
	_, err := u.shelf.Check(name)
	return path, err
}

// try starts the other program as a child, and keeps or drops it.
func (u *upgrading) try(ctx context.Context) error {
	if err := u.config.Serve.hold(ctx, u.hold); err != nil {
		return err
	}
	path, err := u.program()
	if err == nil {
		err = patiently(ctx, func() error { return u.prepare(ctx) })
	}
	if err != nil {
		return u.goBack(ctx, err)
	}
	u.state.Phase = upgrade.Trial
	if err := u.state.Save(u.hold.dir); err != nil {
		return u.goBack(ctx, err)
	}
	u.log.InfoContext(ctx, "a version is tried", "version", u.state.To.Number, "program", path)
	x, err := u.hold.spawn(ctx, path, u.out)
	if err != nil {
		return u.goBack(ctx, errNoStart.Because(err))
	}
	defer func() { _ = x.close(u.hold.dir) }() // it only listens
	err = u.watch(ctx, x)
	if errors.Is(err, errTrialEnd) {
		x.stop(true)
		return nil // the next start takes it up
	}
	if err != nil {
		x.stop(u.state.Phase == upgrade.Ready)
		u.state.Log = x.tail.Lines()
		return u.goBack(ctx, err)
	}
	return u.finish(ctx, x)
}

// watch waits until the program on trial has proved itself.
func (u *upgrading) watch(ctx context.Context, x *trial) error {
	s := u.config.Serve
	if err := x.ready(ctx, s.UpgradeStart); err != nil {
		return err
	}
	now := time.Now().UTC()
	u.state.Phase, u.state.Ready = upgrade.Ready, &now
	if err := u.state.Save(u.hold.dir); err != nil {
		return err
	}
	_, _ = daemon.SdNotify(false, daemon.SdNotifyReady) // not under systemd: nothing to tell
	return x.well(ctx, u.hold.dir, s.UpgradeWatch, s.UpgradeStart, u.state.Unwell, u.state.Watched)
}

// prepare keeps the database as it is, and puts the one of then in its place if the
// earlier version needs it.
func (u *upgrading) prepare(ctx context.Context) error {
	dir, st := u.hold.dir, u.state
	if _, err := swap(ctx, dir); err != nil { // one that somebody asked for, or that was cut off here
		return err
	}
	if st.Data != "" && exists(filepath.Join(dir, checkpoints, st.Data)) {
		return u.exchange(ctx)
	}
	if st.Data != "" {
		return u.exchanged()
	}
	live := filepath.Join(dir, databaseFile)
	if st.Exact || st.Checkpoint != "" && st.To.Schema == st.From.Schema || !exists(live) {
		return nil
	}
	name, err := store.CheckpointFile(ctx, live, filepath.Join(dir, checkpoints), "upgrade")
	if err != nil {
		return err
	}
	if st.Checkpoint != "" {
		os.Remove(filepath.Join(dir, checkpoints, st.Checkpoint)) //nolint:gosec // of a trial that was cut off before it began
	}
	now := time.Now().UTC()
	st.Checkpoint, st.Copied, st.Exact = name, &now, true
	return st.Save(dir)
}

// exchange puts the database of then in place. What was there becomes the
// checkpoint of this upgrade.
func (u *upgrading) exchange(ctx context.Context) error {
	dir, st := u.hold.dir, u.state
	name, err := putBack(ctx, dir, st.Data)
	if err != nil {
		return err
	}
	now := time.Now().UTC()
	st.Checkpoint, st.Copied, st.Exact = name, &now, true
	if err := st.Save(dir); err != nil {
		return err
	}
	_, err = swap(ctx, dir)
	return err
}

// exchanged finds the checkpoint of an exchange that was cut off before it was
// written down.
func (u *upgrading) exchanged() error {
	dir, st := u.hold.dir, u.state
	if st.Checkpoint != "" {
		return nil
	}
	all, err := store.Checkpoints(filepath.Join(dir, checkpoints))
	if err != nil {
		return err
	}
	for _, v := range all {
		if v.Reason == "upgrade" && v.Schema == st.From.Schema && v.Taken.After(st.Started) {
			st.Checkpoint, st.Copied, st.Exact = v.Name, &v.Taken, true
			return st.Save(dir)
		}
	}
	return errNoCheckpoint
}

// putBack has a checkpoint take the place of the database at the next swap, and
// returns the name of the checkpoint that then holds what is there now.
func putBack(ctx context.Context, dir, name string) (string, error) {
	if err := stage(dir, filepath.Join(dir, checkpoints, name), "upgrade"); err != nil {
		return "", err
	}
	w, err := staged(dir)
	if err != nil {
		return "", err
	}
	live := filepath.Join(dir, databaseFile)
	_ = store.Fold(ctx, live) // what is damaged is kept as it is
	schema, err := store.SchemaOf(ctx, live)
	if err != nil {
		schema = 0
	}
	return store.CheckpointName(schema, w.At, w.Reason), nil
}

// finish gives a program that passed its place, and has it go on in this process.
func (u *upgrading) finish(ctx context.Context, x *trial) error {
	st, dir := u.state, u.hold.dir
	st.Phase = upgrade.Good
	err := st.Save(dir)
	if err == nil && st.Back {
		err = u.shelf.Return(st.Exec)
	} else if err == nil {
		err = u.shelf.Install()
	}
	if err != nil {
		if x != nil {
			x.stop(true)
		}
		return u.goBack(ctx, err)
	}
	if st.Back {
		st.Say("Version %s serves again.", st.To.Number)
	} else {
		st.Say("Version %s started, was well, and serves now.", st.To.Number)
	}
	st.End("")
	if err := st.Save(dir); err != nil {
		u.log.ErrorContext(ctx, "write down that the upgrade ended", "err", err) // the next start does
	}
	return u.giveWay(ctx, x)
}

// giveWay has the program that passed go on in this process, in place of the child.
func (u *upgrading) giveWay(ctx context.Context, x *trial) error {
	st, dir := u.state, u.hold.dir
	path := u.shelf.Path(upgrade.Current)
	if filepath.IsAbs(st.Exec) {
		path = st.Exec
	}
	if x != nil {
		_, _ = daemon.SdNotify(false, daemon.SdNotifyReloading+"\n"+daemon.SdNotifyMonotonicUsec()) // not under systemd: nothing to tell
		x.stop(true)
		if err := x.close(dir); err != nil {
			u.log.DebugContext(ctx, "close the socket of the trial", "err", err)
		}
	}
	select {
	case <-ctx.Done():
		return nil // it was stopped meanwhile: the next start is the new one
	default:
	}
	u.log.InfoContext(ctx, "another version goes on in this process", "version", st.To.Number, "program", path)
	return u.hold.become(path)
}

// goBack leaves everything as it was before the trial, and says why.
//
// What was acknowledged is never lost without a word. A program that never said
// that it was ready has acknowledged nothing. One that did has: its database stays
// if this version can read it. If it cannot, the copy from before takes its place,
// and what was written in between is kept beside it.
func (u *upgrading) goBack(ctx context.Context, why error) error {
	st, dir := u.state, u.hold.dir
	f := fault.From(why)
	u.log.ErrorContext(ctx, "the other version does not stay", "version", st.To.Number, "err", why)
	cause := ""
	if inner := errors.Unwrap(f); inner != nil {
		cause = " (" + inner.Error() + ")"
	}
	msg := f.Msg
	if f.Kind == fault.Internal {
		msg = "It could not be tried."
	}
	st.Say("Version %s does not stay: %s%s", st.To.Number, msg, cause)
	own := ownVersion()
	if err := patiently(ctx, func() error { return u.restoreData(ctx, own.Schema) }); err != nil {
		st.Say("The database could not be put back: %v. Stop Unity, and go back with: unity rollback", err)
		u.log.ErrorContext(ctx, "put the database back", "err", err)
	}
	st.Say("Version %s serves, as before.", own.Number)
	st.End(f.Code)
	err := st.Save(dir)
	if !st.Back {
		err = errors.Join(err, u.shelf.Drop(upgrade.Next))
	}
	if err != nil {
		u.log.ErrorContext(ctx, "write down how the upgrade ended", "err", err)
	}
	return nil
}

// restoreData decides which database stays.
func (u *upgrading) restoreData(ctx context.Context, own int64) error {
	st, dir := u.state, u.hold.dir
	live := filepath.Join(dir, databaseFile)
	if !exists(live) || st.Phase == upgrade.Staged {
		return u.takeBack(ctx, own)
	}
	schema, err := store.Examine(ctx, live)
	if err == nil && (schema == own || schema < own && st.Data == "") {
		if st.Ready != nil {
			st.Say("The database is as it left it: nothing that was written is lost.")
		}
		return nil
	}
	if !u.kept() {
		return errors.Join(errors.New("there is no copy of it"), err)
	}
	name, err := putBack(ctx, dir, st.Checkpoint)
	if err != nil {
		return err
	}
	st.Say("%s", u.lost(name))
	return nil
}

// kept reports whether the checkpoint of this upgrade is there.
func (u *upgrading) kept() bool {
	name := u.state.Checkpoint
	return name != "" && exists(filepath.Join(u.hold.dir, checkpoints, name))
}

// takeBack undoes the exchange of the database before a trial that never began.
func (u *upgrading) takeBack(ctx context.Context, own int64) error {
	st, dir := u.state, u.hold.dir
	live := filepath.Join(dir, databaseFile)
	if st.Data == "" || !exists(live) || !u.kept() {
		return nil
	}
	if schema, err := store.SchemaOf(ctx, live); err != nil || schema == own {
		return err
	}
	_, err := putBack(ctx, dir, st.Checkpoint)
	return err
}

// lost says which database is back, and where what was written since is.
func (u *upgrading) lost(kept string) string {
	st := u.state
	const second = "2006-01-02 15:04:05 UTC"
	if st.Ready == nil && st.Exact {
		return fmt.Sprintf("The database is what it was before: nothing that was answered is lost. What the other version left is kept as the checkpoint %s.", kept)
	}
	from := st.Ready
	if !st.Exact && st.Copied != nil {
		from = st.Copied
	}
	since := st.Started
	if from != nil {
		since = *from
	}
	return fmt.Sprintf("The database is what it was before. What was written from %s to %s is not in it; it is kept as the checkpoint %s.",
		since.Format(second), time.Now().UTC().Format(second), kept)
}
