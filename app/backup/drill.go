package backup

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// A Progress is told how far work is.
type Progress interface {
	Step(ctx context.Context, name string, done, total int)
	Say(ctx context.Context, line string)
}

var (
	errDiffers = fault.New(fault.Conflict, "drill.differs", "What was restored is not what the database held at that position. Begin the replica anew, and keep the old one until the cause is found.")
	errRoom    = fault.New(fault.Unavailable, "drill.no_room", "The disk has no room for a restored copy beside the database. Free some space and try again.")
	errBusy    = fault.New(fault.Conflict, "backup.busy", "A restore for trial or a preview is under way. Wait until it has ended.")
)

// An evidence is what a drill found.
type evidence struct {
	Moment string        `json:"moment"`
	Tables store.Digests `json:"tables" nullable:"false"`
	Opened string        `json:"opened"` // the sealed value
	Place  string        `json:"place,omitempty"`
	Name   string        `json:"name,omitempty"`
	SHA256 string        `json:"sha256,omitempty"`
}

// Drill restores the replica to a file beside the database and compares every
// table with what the database held at that position. What it found is kept,
// above all when it failed.
func (s *Service) Drill(ctx context.Context, p Progress) error {
	return s.try(ctx, "drill", func(ctx context.Context, v *store.Drill, e *evidence) error {
		path, err := s.rehearse(ctx, p, v, e)
		if err != nil {
			return err
		}
		return os.Remove(path)
	})
}

// try runs one restore for trial and keeps what it found.
func (s *Service) try(ctx context.Context, kind string, do func(context.Context, *store.Drill, *evidence) error) error {
	if !s.working.TryLock() {
		return errBusy
	}
	defer s.working.Unlock()
	v, e := store.Drill{ID: store.NewID(), Kind: kind, At: s.Store.Now()}, evidence{Tables: store.Digests{}}
	err := do(ctx, &v, &e)
	if ctx.Err() != nil {
		return errors.Join(err, s.tidy()) // cut off: it proved nothing
	}
	v.Millis, v.Passed = s.Store.Now().Sub(v.At).Milliseconds(), err == nil
	if err != nil {
		f := fault.From(explain(err))
		v.Code, v.Error = f.Code, f.Msg
		s.Log.WarnContext(ctx, "restore for trial", "err", err)
	}
	text, err2 := json.Marshal(e)
	v.Evidence = text
	err2 = errors.Join(err2, s.Store.System().AddDrill(ctx, v), s.tidy())
	s.publish()
	return errors.Join(explain(err), err2)
}

// drillFile begins the name of what is restored for trial. Beside it lie a preview
// and, on a box that nobody set up, what is brought back.
const drillFile = "drill-"

// tidy removes what restores for trial left.
func (s *Service) tidy() error {
	entries, err := os.ReadDir(s.work())
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), drillFile) {
			err = errors.Join(err, os.Remove(filepath.Join(s.work(), e.Name())))
		}
	}
	return err
}

// rehearse restores the newest position to a file that it returns, and compares.
func (s *Service) rehearse(ctx context.Context, p Progress, v *store.Drill, e *evidence) (path string, err error) {
	f, err := s.following()
	if err != nil {
		return "", err
	}
	if err := s.roomFor(); err != nil {
		return "", err
	}
	p.Step(ctx, "Reading the database", 0, 4)
	position, before, err := s.pinned(ctx, f)
	if err != nil {
		return "", err
	}
	v.Position, e.Tables = position, before
	p.Step(ctx, "Waiting for the replica", 1, 4)
	if err := f.sync(ctx); err != nil {
		return "", err
	}
	path = filepath.Join(s.work(), drillFile+v.ID+".db")
	p.Step(ctx, "Restoring", 2, 4)
	r, err := Restore(ctx, f.place, f.plan.row.Instance, Target{Position: position}, path, nil)
	if err != nil {
		return "", err
	}
	v.Bytes, e.Moment = r.Bytes, r.Moment.Format("2006-01-02T15:04:05Z")
	p.Step(ctx, "Comparing every table", 3, 4)
	after, err := store.DigestFile(ctx, path)
	if err != nil {
		return "", err
	}
	if bad := before.Differ(after); len(bad) > 0 {
		return "", errDiffers.Because(errors.New(strings.Join(bad, ", ")))
	}
	if e.Opened, err = s.Prove(ctx, path); err != nil {
		return "", err
	}
	p.Say(ctx, "Restored and compared: every table is as it was at "+position+".")
	return path, nil
}

// pinned returns a position and the digests of the database at it.
func (s *Service) pinned(ctx context.Context, f *follower) (position string, d store.Digests, err error) {
	if err := f.sync(ctx); err != nil { // so that little is left for the moment nobody writes
		return "", nil, err
	}
	var at *store.View
	err = s.Store.Still(ctx, func() error {
		f.mu.Lock()
		defer f.mu.Unlock()
		return f.use(func() error {
			if err := f.db.Sync(ctx); err != nil {
				return err
			}
			pos, err := f.db.Pos()
			if err != nil {
				return err
			}
			position = pos.TXID.String()
			at, err = s.Store.Snapshot(ctx)
			return err
		})
	})
	if err != nil {
		return "", nil, err
	}
	d, err = at.Digest(ctx)
	return position, d, errors.Join(err, at.Close())
}

// roomFor checks that a copy of the database fits on the disk, and makes the
// directory for it.
func (s *Service) roomFor() error {
	info, err := os.Stat(s.Store.Path())
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.work(), 0o700); err != nil {
		return err
	}
	var disk unix.Statfs_t
	if err := unix.Statfs(s.work(), &disk); err == nil && int64(disk.Bavail)*int64(disk.Bsize) < info.Size()*11/10+spare { //nolint:gosec,unconvert // far below 2^63; 32 bits have another type
		return errRoom
	}
	return nil
}

const spare = 64 << 20 // bytes that stay free beside a restored copy
