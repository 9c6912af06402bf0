package app

import (
	"context"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/job"
	"unity.internal/app/outgoing"
	"unity.internal/app/upgrade"
	"unity.internal/store"
)

const (
	lookFirst = time.Minute // after the start, and some minutes more that differ
	lookEvery = 24 * time.Hour
	fetchTime = 30 * time.Minute // for a whole program
)

// Why no upgrade can be done here.
var (
	errContainer = fault.New(fault.Conflict, "upgrade.container", "Unity runs in a container. Start it from the image of the new version, on the same data.")
	errDemo      = fault.New(fault.Conflict, "upgrade.demo", "This is a demo; it is gone when it stops.")
	errNotRoots  = fault.New(fault.Conflict, "upgrade.not_roots", "Root executes nothing from a data directory that another user may write to. Run Unity as the owner of the data directory.")
	errHeldBack  = fault.New(fault.Conflict, "upgrade.restore_held", "A restore is held. Release it first, on the page Backup.")
	errLoses     = fault.New(fault.Conflict, "upgrade.back_loses", "The earlier version cannot open the database as it is.")
)

// An upgrader verifies other versions while the appliance runs, and hands over to
// the process that tries them.
type upgrader struct {
	app   *App
	mu    sync.Mutex
	busy  bool
	newer *upgrade.Notice
	why   string        // notices cannot be read
	look  chan struct{} // holds a token when the address of notices may have changed
}

func newUpgrader(a *App) *upgrader { return &upgrader{app: a, look: make(chan struct{}, 1)} }

// blocked returns why no upgrade can be done here, or nil.
func (u *upgrader) blocked() error {
	a := u.app
	last, err := upgrade.Load(a.config.DataDir)
	switch {
	case err != nil:
		return err
	case a.config.Serve.Demo:
		return errDemo
	case os.Getpid() == 1 || os.Getenv("KUBERNETES_SERVICE_HOST") != "":
		return errContainer
	case !a.config.mayExecute():
		return errNotRoots
	case a.hold.trial || last.Running():
		return upgrade.ErrRunning
	case a.silent.Load() || exists(filepath.Join(a.config.DataDir, swapFile)):
		return errHeldBack
	}
	return nil
}

// begin makes this the only upgrade; end lets the next one come.
func (u *upgrader) begin() error {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.busy {
		return upgrade.ErrRunning
	}
	if err := u.blocked(); err != nil { // while no other can end: what that left to be tried counts
		return err
	}
	u.busy = true
	return nil
}

// end also forgets a program that was verified and is not going to be tried.
func (u *upgrader) end() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.busy = false
	last, err := upgrade.Load(u.app.config.DataDir)
	if err == nil && !last.Running() {
		err = upgrade.Shelf{Dir: u.app.config.DataDir}.Drop(upgrade.Next)
	}
	if err != nil {
		u.app.log.Warn("forget a program that is not tried", "err", err) // the next one takes its place
	}
}

// State implements httpapi.Upgrader.
func (u *upgrader) State(ctx context.Context) (upgrade.Report, error) {
	a := u.app
	r := upgrade.Report{Version: ownVersion(), Installed: installed(), Where: "path"}
	r.Program, _ = os.Executable() // shown only
	if fromDataDir(a.config.DataDir) {
		r.Where = "data_dir"
	}
	s, err := a.config.shelf()
	if err != nil {
		r.KeyProblem = err.Error()
	}
	r.Keys = s.Keys
	if r.Last, err = upgrade.Load(a.config.DataDir); err != nil {
		return r, err
	}
	if err := u.blocked(); err != nil {
		f := fault.From(err)
		r.Blocked = &upgrade.Reason{Code: f.Code, Text: f.Msg}
	} else if way, err := a.config.wayBack(ctx, s); err == nil { // much work, and not for who asks every second how far one is
		r.Back = &way.Back
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	r.Notice = u.why
	if u.newer != nil && upgrade.Compare(u.newer.Version, r.Version.Number) > 0 {
		r.Newer = u.newer
	}
	return r, nil
}

// Receive implements httpapi.Upgrader: it verifies a program that arrives, and
// starts the job that goes on with it.
func (u *upgrader) Receive(ctx context.Context, y store.System, o upgrade.Offer) (store.Job, error) {
	if err := u.begin(); err != nil {
		return store.Job{}, err
	}
	v, seal, err := u.app.config.verify(ctx, o)
	if err != nil {
		u.end()
		return store.Job{}, err
	}
	return u.start(ctx, y, "Upgrade to "+v.Number, func(ctx context.Context, p *job.Progress) error {
		return u.hand(ctx, y, p, newState(v, seal))
	})
}

// Fetch implements httpapi.Upgrader: it starts the job that downloads a program and
// goes on with it.
func (u *upgrader) Fetch(ctx context.Context, y store.System, address string, o upgrade.Offer) (store.Job, error) {
	s, err := u.app.config.shelf()
	switch {
	case len(s.Keys) == 0 && !o.Unsigned:
		return store.Job{}, upgrade.ErrNoKey.Because(err)
	case o.Unsigned && o.SHA256 == "":
		return store.Job{}, upgrade.ErrPin
	}
	if err := u.begin(); err != nil {
		return store.Job{}, err
	}
	shown, _, _ := strings.Cut(address, "?") // what follows may let in whoever reads it
	return u.start(ctx, y, "Upgrade from "+shown, func(ctx context.Context, p *job.Progress) error {
		p.Step(ctx, "Downloading and verifying the program", 0, 3)
		v, seal, err := u.fetch(ctx, address, o)
		if err != nil {
			return err
		}
		return u.hand(ctx, y, p, newState(v, seal))
	})
}

func (u *upgrader) fetch(ctx context.Context, address string, o upgrade.Offer) (v upgrade.Version, seal upgrade.Seal, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	return fetched(ctx, programClient(u.app.names.listeners), address, o, u.app.config.verify)
}

// fetched downloads a program and has it verified.
func fetched(ctx context.Context, client upgrade.Doer, address string, o upgrade.Offer,
	verify func(context.Context, upgrade.Offer) (upgrade.Version, upgrade.Seal, error),
) (v upgrade.Version, seal upgrade.Seal, err error) {
	found, file, err := upgrade.Fetch(ctx, client, address)
	if err != nil {
		return v, seal, err
	}
	defer file.Close()
	found.Unsigned, found.Older = o.Unsigned, o.Older
	if o.SHA256 != "" {
		found.SHA256 = o.SHA256
	}
	return verify(ctx, found)
}

// programClient returns what downloads programs: from anywhere an administrator
// names, and on to other hosts, as publishers do, as long as that is encrypted.
func programClient(own func() []netip.AddrPort) *outgoing.Client {
	return outgoing.New(outgoing.Options{
		AllowPrivate: func(netip.Addr) bool { return true }, Own: own, Large: upgrade.MaxFetch, Whole: fetchTime, Onward: true,
	})
}

// verify looks at a program that is offered, and keeps it as the next one.
func (c *Config) verify(ctx context.Context, o upgrade.Offer) (v upgrade.Version, seal upgrade.Seal, err error) {
	s, err := c.shelf()
	if len(s.Keys) == 0 && !o.Unsigned {
		return v, seal, upgrade.ErrNoKey.Because(err)
	}
	o.Room = func() int64 {
		if left := free(c.DataDir); left >= 0 {
			return max(0, left-reserve)
		}
		return -1
	}
	return s.Stage(ctx, o, ownVersion())
}

// start runs one upgrade as a job. The next may begin when it has ended.
func (u *upgrader) start(ctx context.Context, y store.System, title string, work job.Work) (store.Job, error) {
	j, err := u.app.jobs.Start(ctx, y.Own(), job.Spec{Kind: "system.upgrade", Title: title, After: u.end}, work)
	if err != nil {
		u.end()
	}
	return j, err
}

// attempt returns the beginning of an upgrade to a program, or of a way back.
func attempt(v upgrade.Version, seal upgrade.Seal, exec string) *upgrade.Attempt {
	return &upgrade.Attempt{
		ID: store.NewID(), Phase: upgrade.Staged, From: ownVersion(), To: v, Signer: seal.Signer, Comment: seal.Comment,
		Started: time.Now().UTC(), Exec: exec,
	}
}

// newState returns the beginning of an upgrade to a program that was verified.
func newState(v upgrade.Version, seal upgrade.Seal) *upgrade.Attempt {
	st := attempt(v, seal, upgrade.Next)
	if seal.Signer != "" {
		st.Say("The program of version %s is signed by the trusted key %s (%s).", v.Number, seal.Signer, seal.Comment)
	} else {
		st.Say("The program of version %s has the checksum that was named; nobody signed it.", v.Number)
	}
	return st
}

// hand copies the database while it is written, if the other version leaves its
// schema as it is, and has the appliance end: the process tries the other one then.
// Where it will be migrated, the copy is taken when nothing is written any more.
func (u *upgrader) hand(ctx context.Context, y store.System, p *job.Progress, st *upgrade.Attempt) error {
	a := u.app
	st.Actor, st.Address = y.Who()
	st.Unwell, st.Watched = a.health.found(ctx).Degraded, true
	p.Step(ctx, "Copying the database", 1, 3)
	if st.To.Schema == st.From.Schema && st.Data == "" {
		now := time.Now().UTC()
		name, err := a.store.Checkpoint(ctx, "upgrade")
		if err != nil {
			return err
		}
		st.Checkpoint, st.Copied = name, &now
	}
	if err := y.Own().Record(ctx, store.Audit{Action: "system.upgrade", Thing: st.To.Number, Result: "done", Detail: map[string]any{"from": st.From.Number, "back": st.Back, "signer": st.Signer}}); err != nil {
		return err
	}
	for _, line := range st.Happened {
		p.Say(ctx, line)
	}
	st.Before = len(st.Happened)
	if err := st.Save(a.config.DataDir); err != nil {
		return err
	}
	p.Step(ctx, "Starting the other version", 2, 3)
	p.Say(ctx, "The other version is started and watched. What becomes of it stands on the page Upgrade, and in: unity upgrade --status")
	a.Restart()
	return nil
}

// record writes into the audit how the last upgrade ended. The appliance in which
// it was asked for is gone.
func (u *upgrader) record(ctx context.Context) error {
	a := u.app
	st, err := upgrade.Load(a.config.DataDir)
	if err != nil || st == nil || st.Running() || st.Recorded || a.hold.trial {
		return err
	}
	row := store.Audit{Action: "system.upgrade_end", Thing: st.To.Number, Result: "done", Detail: map[string]any{"from": st.From.Number, "back": st.Back, "happened": st.Happened}}
	if st.Code != "" {
		row.Result = "failed"
	}
	if err := a.store.System().By(st.Actor, st.Address).Own().Record(ctx, row); err != nil {
		return err
	}
	st.Recorded = true
	a.bus.Publish(store.SystemTenant, "system", "", 0)
	return st.Save(a.config.DataDir)
}

// changed looks again whether notices of new versions are wanted.
func (u *upgrader) changed() {
	select {
	case u.look <- struct{}{}:
	default: // it looks already
	}
}

// run asks daily whether a newer version was published, where an administrator said
// so; nothing is ever asked otherwise. It returns nil when ctx ends.
func (u *upgrader) run(ctx context.Context) error {
	timer := time.NewTimer(lookFirst + rand.N(9*time.Minute)) //nolint:gosec // so that not all ask at once
	defer timer.Stop()
	last := ""
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-u.look:
		case <-timer.C:
			last = ""
			timer.Reset(lookEvery - time.Hour + rand.N(2*time.Hour)) //nolint:gosec // as above
		}
		v, err := u.app.store.System().Settings(ctx)
		if err == nil && v.UpdateURL != last {
			last = v.UpdateURL
			err = u.notice(ctx, v.UpdateURL)
		}
		if err != nil && ctx.Err() == nil {
			u.app.log.WarnContext(ctx, "look for a newer version", "err", err)
		}
	}
}

// notice reads what is published at an address; empty: nothing is known any more.
func (u *upgrader) notice(ctx context.Context, address string) (err error) {
	var found *upgrade.Notice
	if address != "" {
		s, untrusted := u.app.config.shelf()
		if untrusted != nil {
			u.app.log.WarnContext(ctx, "a release key is not trusted", "err", untrusted)
		}
		client := outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }, Own: u.app.names.listeners})
		n, failed := upgrade.Look(ctx, client, s.Keys, address)
		if found = &n; failed != nil {
			found, err = nil, failed
		}
	}
	u.mu.Lock()
	u.newer, u.why = found, ""
	if err != nil {
		u.why = fault.From(err).Msg
	}
	u.mu.Unlock()
	u.app.bus.Publish(store.SystemTenant, "system", "", 0)
	return err
}
