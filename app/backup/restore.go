package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/superfly/ltx"
	"golang.org/x/sync/errgroup"
	"unity.internal/app/backup/place"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// A Target says which moment is restored; of neither, the newest.
type Target struct {
	Time     time.Time // the newest moment before it
	Position string    // a transaction, in hexadecimal as a Moment has it
}

var (
	errPosition = fault.New(fault.Invalid, "restore.position", "That is no position of a replica. It has sixteen hexadecimal digits, as the list of moments shows it.")
	errBoth     = fault.New(fault.Invalid, "restore.either", "Name a time or a position, not both.")
	errDamaged  = fault.New(fault.Conflict, "restore.damaged", "The replica is damaged where this moment needs it, so nothing was restored. An earlier moment may still be whole: choose one before the damage.")
	errExists   = fault.New(fault.Conflict, "restore.occupied", "There is a file where the restored database would go. Nothing was overwritten.")
)

// A Result says what was restored.
type Result struct {
	Position string
	Moment   time.Time
	Bytes    int64
}

// Restore brings one instance of a replica back to a new file at path. What is
// there is never overwritten, and nothing is left behind when it fails. Progress
// is told bytes read of bytes to read.
func Restore(ctx context.Context, where place.Place, instance string, to Target, path string, progress func(done, total int64)) (r Result, err error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return r, errors.Join(errExists, err)
	}
	client, err := where.Client(instance)
	if err != nil {
		return r, explain(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return r, err
	}
	part := path + ".tmp"
	_ = os.Remove(part) // of one that was cut off
	c := &counter{ReplicaClient: client, progress: progress}
	if r, err = c.restore(ctx, to, part); err == nil {
		err = errors.Join(os.Rename(part, path), store.Settle(filepath.Dir(path)))
	}
	if err != nil {
		_ = os.Remove(part) // it may be gone, or not begun
	}
	return r, err
}

// restore writes a moment to path and checks it there, while it goes to the disk.
func (c *counter) restore(ctx context.Context, to Target, path string) (r Result, err error) {
	files, err := c.choose(ctx, to)
	if err != nil {
		return r, err
	}
	last := files[len(files)-1]
	r.Position, r.Moment = last.MaxTXID.String(), last.CreatedAt.UTC()
	out, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // a path of ours
	if err != nil {
		return r, restoreFault(err)
	}
	if err := c.fetch(ctx, files, out); err != nil {
		return r, errors.Join(restoreFault(err), out.Close())
	}
	var g errgroup.Group
	g.Go(func() error { return errors.Join(out.Sync(), out.Close()) })
	g.Go(func() error { return sound(ctx, path) })
	if err := g.Wait(); err != nil {
		return r, restoreFault(err)
	}
	info, err := os.Stat(path)
	if err == nil {
		r.Bytes = info.Size()
	}
	return r, err
}

// choose returns the files that a moment is made of.
func (c *counter) choose(ctx context.Context, to Target) (files []*ltx.FileInfo, err error) {
	var position ltx.TXID
	if to.Position != "" {
		if !to.Time.IsZero() {
			return nil, errBoth
		}
		if position, err = ltx.ParseTXID(to.Position); err != nil {
			return nil, errPosition.Because(err)
		}
	}
	if err := c.Init(ctx); err != nil {
		return nil, explain(err)
	}
	if files, err = litestream.CalcRestorePlan(ctx, c, position, to.Time, quiet(nil)); err != nil {
		return nil, restoreFault(err)
	}
	for _, f := range files {
		c.total += f.Size
	}
	return files, nil
}

// fetch writes what was chosen to out. Files may go meanwhile, because others
// take their place: then the same moment is put together of those.
func (c *counter) fetch(ctx context.Context, files []*ltx.FileInfo, out *os.File) error {
	for left := replans; ; left-- {
		err := c.lay(ctx, files, out)
		if left == 0 || !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if files, err = litestream.CalcRestorePlan(ctx, c, files[len(files)-1].MaxTXID, time.Time{}, quiet(nil)); err != nil {
			return err
		}
	}
}

// sound checks a restored file: integrity, and that it is a database of ours.
func sound(ctx context.Context, path string) error {
	schema, err := store.Verify(ctx, path)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil || schema == 0:
		return errDamaged.Because(fmt.Errorf("verify: %w", err))
	case schema > store.SchemaVersion():
		return store.ErrNewer
	}
	return nil
}

// restoreFault says what a restore failed with. What is not a matter of the way
// to the replica, of this disk or of the moment, is damage.
func restoreFault(err error) error {
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded) && !place.Failed(err):
		return err
	case errors.Is(err, litestream.ErrTxNotAvailable), errors.Is(err, litestream.ErrNoSnapshots):
		return errNoMoment.Because(err)
	case place.Failed(err) && !errors.Is(err, fs.ErrNotExist):
		return place.Explain(err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return errFull.Because(err)
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	return errDamaged.Because(err)
}

// A counter counts what is read from a replica.
type counter struct {
	litestream.ReplicaClient
	progress func(done, total int64)
	total    int64
	done     atomic.Int64
}

// OpenLTXFile implements litestream.ReplicaClient.
func (c *counter) OpenLTXFile(ctx context.Context, level int, minTXID, maxTXID ltx.TXID, offset, size int64) (io.ReadCloser, error) {
	r, err := c.ReplicaClient.OpenLTXFile(ctx, level, minTXID, maxTXID, offset, size)
	if err != nil {
		return nil, err
	}
	return &counted{r, c}, nil
}

type counted struct {
	io.ReadCloser
	c *counter
}

// Read implements io.Reader.
func (r *counted) Read(p []byte) (int, error) {
	n, err := r.ReadCloser.Read(p)
	done := r.c.done.Add(int64(n))
	if r.c.progress != nil {
		r.c.progress(min(done, r.c.total), r.c.total)
	}
	return n, err
}
