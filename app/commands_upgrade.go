package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/upgrade"
	"unity.internal/store"
)

type upgradeCmd struct {
	From       string `arg:"" optional:"" name:"file-or-url" help:"The program, or the archive it is published in, with FILE.minisig beside it."`
	Back       bool   `help:"Go back to the version before the last upgrade."`
	Status     bool   `help:"Show what became of the last upgrade, and change nothing."`
	Signature  string `help:"The file with the signature, if it is not beside the program." type:"existingfile"`
	SHA256     string `name:"sha256" help:"The checksum that the file must have."`
	Unsigned   bool   `help:"Take a program that nobody signed, by its --sha256. Whoever made it then has everything that Unity has."`
	AllowOlder bool   `help:"Take a program that is older than the one that runs."`
	Yes        bool   `help:"Do not ask."`
}

var (
	errUpgradeWhat = fault.New(fault.Invalid, "upgrade.what", "Name the file or the address of a program, or give --back or --status.")
	errBackUnsure  = fault.New(fault.Conflict, "upgrade.not_confirmed", "Nothing was changed. Type the version to go back to to confirm, or give --yes.")
	errStaysSame   = fault.New(fault.Conflict, "upgrade.did_not_stay", "The other version did not stay; see above.")
)

// Run has the server that holds the data directory upgrade itself; without one, the
// next start tries what was verified.
func (v upgradeCmd) Run(ctx context.Context, c *Config, t terminal) error {
	switch {
	case v.Status:
		return v.status(ctx, c, t)
	case v.Back:
		return v.back(ctx, c, t)
	case v.From == "":
		return errUpgradeWhat
	case strings.Contains(v.From, "://"):
		o := v.order()
		o.Command, o.URL = "upgrade", v.From
		return v.hand(ctx, c, t, o, nil)
	}
	return v.file(ctx, c, t)
}

func (v upgradeCmd) order() order {
	return order{SHA256: v.SHA256, Unsigned: v.Unsigned, Older: v.AllowOlder}
}

// file hands in a file. What it reads is opened before root becomes the owner of
// the data directory.
func (v upgradeCmd) file(ctx context.Context, c *Config, t terminal) error {
	in, err := os.Open(v.From)
	if err != nil {
		return err
	}
	defer in.Close()
	o := v.order()
	signature := v.Signature
	if signature == "" {
		signature = v.From + ".minisig"
	}
	o.Seal, err = os.ReadFile(signature) //nolint:gosec // whoever types the command names it
	if err != nil && (v.Signature != "" || !errors.Is(err, os.ErrNotExist)) {
		return err
	}
	if o.SHA256 == "" {
		if o.SHA256, err = upgrade.SumBeside(v.From); err != nil {
			return err
		}
	}
	return v.hand(ctx, c, t, o, in)
}

// hand has an upgrade begin, here or in the server that runs, and waits for its end.
func (v upgradeCmd) hand(ctx context.Context, c *Config, t terminal, o order, in io.Reader) error {
	if err := become(c.DataDir); err != nil {
		return err
	}
	held, err := c.alone()
	if err == nil {
		return errors.Join(c.stageHere(ctx, t, o, in), held.Close())
	}
	if !errors.Is(err, errHeld) {
		return err
	}
	r := dialControl(c.DataDir)
	var before upgrade.Report
	if err := r.ask(ctx, order{Command: "upgrade-state"}, &before); err != nil {
		return err
	}
	var j store.Job
	if in != nil {
		j, err = r.hand(ctx, "/upgrade", o, in)
	} else {
		err = r.ask(ctx, o, &j)
	}
	if err != nil {
		return err
	}
	return v.await(ctx, c, t, j, before)
}

// alone takes a data directory that no server holds.
func (c *Config) alone() (*os.File, error) {
	if !exists(c.DataDir) {
		return nil, fault.New(fault.NotFound, "data_dir.empty", "There is no database in %s. Choose another with --data-dir.", c.DataDir)
	}
	return lock(c.DataDir)
}

// settled refuses to begin an upgrade where the next start still has to end one.
func (c *Config) settled() error {
	last, err := upgrade.Load(c.DataDir)
	if err == nil && last.Running() {
		err = upgrade.ErrRunning
	}
	return err
}

// stageHere verifies a program where no server runs. The next start tries it.
func (c *Config) stageHere(ctx context.Context, t terminal, o order, in io.Reader) error {
	if err := c.settled(); err != nil {
		return err
	}
	verify := c.verify
	if in == nil {
		verify = func(ctx context.Context, offer upgrade.Offer) (upgrade.Version, upgrade.Seal, error) {
			return fetched(ctx, programClient(func() []netip.AddrPort { return nil }), o.URL, offer, c.verify)
		}
	}
	v, seal, err := verify(ctx, o.offer(in))
	if err != nil {
		return err
	}
	return c.staged(t, newState(v, seal))
}

// staged leaves an upgrade to the next start.
func (c *Config) staged(t terminal, st *upgrade.Attempt) error {
	if err := st.Save(c.DataDir); err != nil {
		return err
	}
	for _, line := range st.Happened {
		fmt.Fprintln(t.out, line)
	}
	_, err := fmt.Fprintf(t.out, "Unity does not run. Its next start tries version %s, and goes on with the present one if that is not well.\nStart it with: unity serve --data-dir %s\n", st.To.Number, c.DataDir)
	return err
}

// await waits until the upgrade that a job prepares has ended, over the moments in
// which nobody answers.
func (v upgradeCmd) await(ctx context.Context, c *Config, t terminal, j store.Job, before upgrade.Report) error {
	if err := c.followUpgrade(ctx, t, j, before); err != nil {
		return err
	}
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	fmt.Fprintln(t.err, "The other version is tried; Unity answers meanwhile.")
	for {
		last, err := upgrade.Load(c.DataDir)
		if err != nil {
			return err
		}
		if !last.Running() && another(last, before) {
			return result(t, last)
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "job.goes_on", "Nobody waits any more, but the appliance goes on with it.")
		case <-tick.C:
		}
	}
}

// followUpgrade waits for the job that prepares an upgrade. When it has ended well,
// the appliance in which it ran may be gone before it could say so.
func (c *Config) followUpgrade(ctx context.Context, t terminal, j store.Job, before upgrade.Report) error {
	err := c.follow(ctx, t, j)
	if err == nil {
		return nil
	}
	if last, err2 := upgrade.Load(c.DataDir); err2 == nil && another(last, before) {
		return nil
	}
	return err
}

// another reports whether an upgrade began since a report.
func another(last *upgrade.Attempt, before upgrade.Report) bool {
	return last != nil && (before.Last == nil || before.Last.ID != last.ID)
}

// result prints what happened beside what the job said. It fails if the other
// version did not stay.
func result(t terminal, last *upgrade.Attempt) error {
	for _, line := range last.Happened[min(last.Before, len(last.Happened)):] {
		fmt.Fprintln(t.out, line)
	}
	for _, line := range last.Log {
		fmt.Fprintln(t.err, "  |", line)
	}
	if last.Phase == upgrade.Failed {
		return errStaysSame
	}
	return nil
}

func (upgradeCmd) status(ctx context.Context, c *Config, t terminal) error {
	if err := become(c.DataDir); err != nil {
		return err
	}
	last, err := upgrade.Load(c.DataDir)
	if err != nil {
		return err
	}
	own := ownVersion().Number
	var r upgrade.Report
	if err := dialControl(c.DataDir).ask(ctx, order{Command: "upgrade-state"}, &r); err == nil {
		fmt.Fprintf(t.out, "Version %s runs: %s\n", r.Version.Number, r.Program)
		if r.Newer != nil {
			fmt.Fprintf(t.out, "Version %s was published: %s\n", r.Newer.Version, r.Newer.URL)
		}
		if r.Back != nil {
			fmt.Fprintln(t.out, r.Back.Text, "unity upgrade --back")
		}
	} else {
		fmt.Fprintf(t.out, "No server runs; this is version %s.\n", own)
	}
	if last == nil {
		return nil
	}
	fmt.Fprintf(t.out, "The last upgrade, from %s to %s (%s):\n", last.From.Number, last.To.Number, last.Phase)
	for _, line := range last.Happened {
		fmt.Fprintln(t.out, " ", line)
	}
	return nil
}

// back goes back to the version before the last upgrade, and asks first.
func (v upgradeCmd) back(ctx context.Context, c *Config, t terminal) error {
	if err := become(c.DataDir); err != nil {
		return err
	}
	held, err := c.alone()
	if err == nil {
		return errors.Join(v.backHere(ctx, c, t), held.Close())
	}
	if !errors.Is(err, errHeld) {
		return err
	}
	r := dialControl(c.DataDir)
	var now upgrade.Report
	if err := r.ask(ctx, order{Command: "upgrade-state"}, &now); err != nil {
		return err
	}
	if now.Blocked != nil {
		return fault.New(fault.Conflict, now.Blocked.Code, "%s", now.Blocked.Text)
	}
	if now.Back == nil {
		return upgrade.ErrNoWayBack
	}
	if err := v.sure(t, *now.Back); err != nil {
		return err
	}
	var j store.Job
	if err := r.ask(ctx, order{Command: "upgrade-back", Lose: true}, &j); err != nil {
		return err
	}
	return v.await(ctx, c, t, j, now)
}

// sure asks a person whether to go back.
func (v upgradeCmd) sure(t terminal, way upgrade.Back) error {
	fmt.Fprintln(t.err, way.Text)
	if !v.Yes && !confirmed(t, way.To.Number, "go back to that version") {
		return errBackUnsure
	}
	return nil
}

func (v upgradeCmd) backHere(ctx context.Context, c *Config, t terminal) error {
	if err := c.settled(); err != nil {
		return err
	}
	st, err := c.back(ctx, func(way upgrade.Back) error { return v.sure(t, way) })
	if err != nil {
		return err
	}
	return c.staged(t, st)
}

func (c control) upgradeFrom(ctx context.Context, o order) (any, error) {
	return c.upgrade.Fetch(ctx, c.store.System(), o.URL, o.offer(nil))
}

func (c control) upgradeBack(ctx context.Context, o order) (any, error) {
	return c.upgrade.Back(ctx, c.store.System(), o.Lose)
}

func (c control) upgradeState(ctx context.Context, _ order) (any, error) {
	return c.upgrade.State(ctx)
}

func (o order) offer(in io.Reader) upgrade.Offer {
	return upgrade.Offer{File: in, Signature: o.Seal, SHA256: o.SHA256, Unsigned: o.Unsigned, Older: o.Older}
}

func (c control) upgradeIn(ctx context.Context, o order, in io.Reader) (any, error) {
	return c.upgrade.Receive(ctx, c.store.System(), o.offer(in))
}
