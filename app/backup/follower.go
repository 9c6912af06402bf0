package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/superfly/ltx"
	"unity.internal/app/backup/place"
	"unity.internal/app/fault"
)

const (
	syncEvery = time.Second
	askEvery  = time.Minute // how often the replica is asked what it holds
	day       = 24 * time.Hour
	closeTime = 10 * time.Second // for the last copy, at a stop
	backlog   = 1 << 30          // bytes that may wait for a replica in any case
)

// A follower copies the database to one replica while it is open.
type follower struct {
	service *Service
	plan    plan
	place   place.Place
	gate    *gate
	lease   *lease
	db      *litestream.DB
	stream  *litestream.Store
	asked   time.Time
	forget  bool // what waits for the replica is given up

	mu sync.Mutex // one copy at a time
	// open is held for reading by who uses db: once it is closed, Litestream would
	// open it again.
	open   sync.RWMutex
	closed bool
}

// use runs do while the follower is open.
func (f *follower) use(do func() error) error {
	f.open.RLock()
	defer f.open.RUnlock()
	if f.closed {
		return errClosed
	}
	return do()
}

// errClosed says that the settings changed meanwhile.
var errClosed = fault.New(fault.Unavailable, "replica.changing", "The replica is being opened anew. Try again in a moment.")

// open takes the replica of p, and copies nothing yet.
func open(ctx context.Context, s *Service, p plan) (*follower, error) {
	where, err := place.Open(ctx, p.config, p.secret)
	if err != nil {
		return nil, err
	}
	f := &follower{service: s, plan: p, place: where}
	if err := f.begin(ctx); err != nil {
		f.mute()
		return nil, errors.Join(err, f.close(ctx))
	}
	return f, nil
}

// mute keeps Litestream from writing to the replica, as it does when it is closed.
func (f *follower) mute() {
	if f.db != nil {
		f.db.ShutdownSyncTimeout = 0
		f.gate.shut.Store(true)
	}
}

// A gate is before a replica, and is shut when that is another's now, or is
// to begin anew. Litestream's own loops may be at work then.
type gate struct {
	litestream.ReplicaClient
	shut atomic.Bool
}

// WriteLTXFile implements litestream.ReplicaClient.
func (g *gate) WriteLTXFile(ctx context.Context, level int, minTXID, maxTXID ltx.TXID, r io.Reader) (*ltx.FileInfo, error) {
	if g.shut.Load() {
		return nil, errLost
	}
	return g.ReplicaClient.WriteLTXFile(ctx, level, minTXID, maxTXID, r)
}

// DeleteLTXFiles implements litestream.ReplicaClient.
func (g *gate) DeleteLTXFiles(ctx context.Context, files []*ltx.FileInfo) error {
	if g.shut.Load() {
		return errLost
	}
	return g.ReplicaClient.DeleteLTXFiles(ctx, files)
}

func (f *follower) begin(ctx context.Context) (err error) {
	instance := f.plan.row.Instance
	if f.lease, err = takeLease(ctx, f.place, instance, f.service.owner(), f.service.Now); err != nil {
		return err
	}
	if err := f.place.Sweep(ctx, instance); err != nil {
		return err
	}
	if err := f.manifest(ctx); err != nil {
		return err
	}
	client, err := f.place.Client(instance)
	if err != nil {
		return err
	}
	f.gate = &gate{ReplicaClient: client}
	f.stream, f.db = stream(f.service, f.gate, f.plan.row.RetentionDays)
	if err := f.settle(ctx, client); err != nil {
		return err
	}
	if err := f.stream.Open(ctx); err != nil {
		return err
	}
	f.service.state.begin(f.plan)
	return nil
}

// first makes the first copy, and bounds the log from then on.
func (f *follower) first(ctx context.Context) error {
	if err := f.sync(ctx); err != nil {
		if ctx.Err() == nil {
			f.mute()
		}
		return err
	}
	return f.service.Store.Follow(ctx, f.checkpoint)
}

// stream returns Litestream's parts, not yet open. Their own loops that copy are
// off: only who calls knows what was copied.
func stream(s *Service, client litestream.ReplicaClient, retentionDays int) (*litestream.Store, *litestream.DB) {
	log := quiet(s.Log)
	client.SetLogger(log)
	db := litestream.NewDB(s.Store.Path())
	db.MonitorInterval = 0
	db.BusyTimeout = 5 * time.Second
	db.Replica = litestream.NewReplicaWithClient(db, client)
	db.Replica.MonitorEnabled = false
	db.Replica.AutoRecoverEnabled = false // it would begin an unrelated history
	all := litestream.NewStore([]*litestream.DB{db}, litestream.CompactionLevels{
		{Level: 0}, {Level: 1, Interval: 30 * time.Second}, {Level: 2, Interval: 5 * time.Minute}, {Level: 3, Interval: time.Hour},
	})
	all.SnapshotInterval = day
	all.SnapshotRetention = time.Duration(retentionDays) * day
	all.SetShutdownSyncTimeout(closeTime)
	all.Logger = log
	db.SetLogger(log)
	return all, db
}

// stateDir is where Litestream keeps what it copied last, beside the database.
func stateDir(path string) string {
	dir, file := filepath.Split(path)
	return filepath.Join(dir, "."+file+litestream.MetaDirSuffix)
}

// errUnsafe says that local and remote state do not fit, so that going on could
// append an unrelated history.
var errUnsafe = fault.New(fault.Conflict, "replica.unsafe", "The newest part of the replica is missing, so nothing can be appended to it safely. Begin the replica anew: what is there stays restorable.")

// settle forgets local state that belongs to another replica. Without local
// state Litestream goes on after the newest file of level 0: a replica that has
// lost that is not gone on with.
func (f *follower) settle(ctx context.Context, client litestream.ReplicaClient) error {
	dir := stateDir(f.db.Path())
	mark := filepath.Join(dir, "of")
	where := f.plan.config.Clean()
	of := where.URL + " " + where.Endpoint + " " + f.plan.row.Instance
	if text, err := os.ReadFile(mark); err == nil && string(text) == of { //nolint:gosec // in the data directory
		return nil
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	newest, err := newestOf(ctx, client)
	if err != nil {
		return err
	}
	if newest[0] < newest[1] {
		return errUnsafe
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	return os.WriteFile(mark, []byte(of), 0o600)
}

// newestOf returns the newest transaction of level 0, and of any level.
func newestOf(ctx context.Context, client litestream.ReplicaClient) (newest [2]uint64, err error) {
	if err := client.Init(ctx); err != nil {
		return newest, err
	}
	for level := litestream.SnapshotLevel; level >= 0; level-- {
		files, err := client.LTXFiles(ctx, level, 0, false)
		if err != nil {
			return newest, err
		}
		for files.Next() {
			newest[1] = max(newest[1], uint64(files.Item().MaxTXID))
			if level == 0 {
				newest[0] = max(newest[0], uint64(files.Item().MaxTXID))
			}
		}
		if err := files.Close(); err != nil {
			return newest, err
		}
	}
	return newest, nil
}

// run copies once a second until ctx ends, the settings change or the lease is lost.
func (f *follower) run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	renewing := make(chan struct{})
	go func() {
		defer close(renewing)
		stop(f.lease.keep(ctx))
	}()
	defer func() { stop(nil); <-renewing }()
	wait := syncEvery
	for {
		select {
		case <-ctx.Done():
			return leaseLost(ctx)
		case <-f.service.wake:
			if changed, err := f.changed(ctx); err != nil || changed {
				return err
			}
		case <-time.After(wait):
		}
		wait = syncEvery
		if err := f.sync(ctx); err != nil && ctx.Err() == nil {
			f.service.failed(ctx, err)
			if err := errors.Join(f.repair(ctx, err), f.bound()); err != nil {
				return err
			}
			wait = f.service.state.pause()
		}
	}
}

// leaseLost returns why a follower ends, if that is not the end of everything.
func leaseLost(ctx context.Context) error {
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return nil
}

// changed reports whether the settings ask for something else now.
func (f *follower) changed(ctx context.Context) (bool, error) {
	p, err := f.service.plan(ctx)
	if err != nil {
		return false, err
	}
	same := p.config == f.plan.config && string(p.secret) == string(f.plan.secret) &&
		p.row.Instance == f.plan.row.Instance && p.row.RetentionDays == f.plan.row.RetentionDays
	if same {
		err = f.manifest(ctx) // the master key may be another one
	}
	return !same, err
}

// errBehind says that the replica does not hold what was sent.
var errBehind = fault.New(fault.Unavailable, "replica.behind", "The replica does not hold what was sent to it. It is sent again.")

// sync copies everything that is committed now. That Litestream reports no error
// is no proof: local and remote position must be the same.
func (f *follower) sync(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.use(func() error { return f.copy(ctx) })
}

func (f *follower) copy(ctx context.Context) error {
	if err := f.lease.valid(); err != nil {
		return err
	}
	began := f.service.Now()
	if err := f.db.SyncAndWait(ctx); err != nil {
		return err
	}
	local, err := f.db.Pos()
	if err != nil {
		return err
	}
	if remote := f.db.Replica.Pos(); remote.TXID != local.TXID {
		return errBehind.Because(fmt.Errorf("local %s, remote %s", local.TXID, remote.TXID))
	}
	if began.Sub(f.asked).Abs() >= askEvery {
		if err := f.ask(ctx); err != nil {
			return err
		}
		f.asked = began
	}
	again, tell := f.service.state.synced(began, uint64(local.TXID))
	if again {
		f.service.Log.InfoContext(ctx, "replicated", "position", local.TXID.String())
	}
	if tell {
		f.service.publish()
	}
	return nil
}

// ask compares with what the replica says it holds. What it lost is sent again,
// as far as it is still here.
func (f *follower) ask(ctx context.Context) error {
	status, err := f.db.SyncStatus(ctx)
	if err != nil {
		return err
	}
	if !status.InSync {
		f.db.Replica.SetPos(ltx.Pos{})
		return errBehind.Because(fmt.Errorf("asked: local %s, remote %s", status.LocalTXID, status.RemoteTXID))
	}
	return nil
}

// repair gives up local state that is lost or damaged, if that is what err says:
// it is forgotten when the follower is closed, and the next one begins with the
// whole database, after what the replica holds.
func (f *follower) repair(ctx context.Context, err error) error {
	bad, ok := errors.AsType[*litestream.LTXError](err)
	if !ok || !bad.IsAutoRecoverable() {
		return nil
	}
	f.service.Log.WarnContext(ctx, "repair what is known of the replica", "err", bad)
	f.mute()
	f.forget = true
	return errLocal.Because(bad)
}

// errBacklog says that more waits for the replica than is worth keeping.
var errBacklog = fault.New(fault.Unavailable, "replica.backlog", "The replica has been away for so long that it will begin with a whole copy when it is back. Until then nothing more is kept for it.")

// bound gives up what waits for a replica that is away before it fills the disk:
// a whole copy is smaller then.
func (f *follower) bound() error {
	var waiting int64
	_ = filepath.WalkDir(stateDir(f.db.Path()), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			if info, err := d.Info(); err == nil {
				waiting += info.Size()
			}
		}
		return nil // a file that is gone waits no more
	})
	whole, err := os.Stat(f.db.Path())
	if err != nil || waiting < max(backlog, 2*whole.Size()) {
		return err
	}
	f.mute()
	f.forget = true
	return errBacklog
}

// checkpoint begins the log anew, while nobody writes. A passive one is enough
// then, and copies no whole database as a truncating one does.
func (f *follower) checkpoint(ctx context.Context) error {
	return f.use(func() error { return f.db.Checkpoint(ctx, litestream.CheckpointModePassive) })
}

// close copies what was written last and gives the lease back. That it could not
// is no loss: the database itself has everything.
func (f *follower) close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*closeTime)
	defer cancel()
	_ = f.service.Store.Follow(ctx, nil) // at a stop it is closed already
	f.mu.Lock()
	defer f.mu.Unlock()
	f.open.Lock()
	defer f.open.Unlock()
	f.closed = true
	gone := false // then it is not waited for twice
	if f.stream != nil {
		if f.lease.valid() != nil {
			f.mute()
		}
		if err := f.stream.Close(ctx); err != nil {
			f.service.Log.InfoContext(ctx, "close the replica", "err", explain(err))
			gone = place.Failed(err) || errors.Is(err, context.DeadlineExceeded)
		}
		if f.forget {
			_ = os.RemoveAll(stateDir(f.db.Path())) // else it is forgotten at the next begin
		}
	}
	if f.lease != nil && !gone {
		if err := f.lease.release(ctx); err != nil {
			f.service.Log.InfoContext(ctx, "give the replica back", "err", explain(err)) // it ends by itself
		}
	}
	return f.place.Close()
}
