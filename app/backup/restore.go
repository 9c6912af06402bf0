package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/superfly/ltx"
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
	counted := &counter{ReplicaClient: client, progress: progress}
	return counted.restore(ctx, to, path)
}

func (c *counter) restore(ctx context.Context, to Target, path string) (r Result, err error) {
	opt := litestream.NewRestoreOptions()
	opt.OutputPath, opt.Timestamp = path, to.Time
	if to.Position != "" {
		if !to.Time.IsZero() {
			return r, errBoth
		}
		if opt.TXID, err = ltx.ParseTXID(to.Position); err != nil {
			return r, errPosition.Because(err)
		}
	}
	if err := c.Init(ctx); err != nil {
		return r, explain(err)
	}
	files, err := litestream.CalcRestorePlan(ctx, c, opt.TXID, opt.Timestamp, quiet(nil))
	if err != nil {
		return r, restoreFault(err)
	}
	for _, f := range files {
		c.total += f.Size
	}
	last := files[len(files)-1]
	r.Position, r.Moment = last.MaxTXID.String(), last.CreatedAt.UTC()
	opt.TXID, opt.Timestamp = last.MaxTXID, time.Time{} // what was planned, though more may come meanwhile
	_ = os.Remove(path + ".tmp")                        // of one that was cut off
	if err := litestream.NewReplicaWithClient(nil, c).Restore(ctx, opt); err != nil {
		return r, restoreFault(err)
	}
	if err := sound(ctx, path); err != nil {
		return r, errors.Join(err, os.Remove(path))
	}
	info, err := os.Stat(path)
	if err == nil {
		r.Bytes = info.Size()
	}
	return r, err
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
