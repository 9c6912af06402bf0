package backup

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

const previewFile = "preview.db"

// A Preview is the database of another moment beside the one in use, and what
// would change if it took its place.
type Preview struct {
	ID          string             `json:"id"`
	Made        time.Time          `json:"made_at"`
	Position    string             `json:"position"`
	Moment      time.Time          `json:"moment"`
	Bytes       int64              `json:"bytes"`
	Differences []store.Difference `json:"differences" nullable:"false"`
}

var (
	errNoPreview = fault.New(fault.NotFound, "backup.no_preview", "There is no preview. Choose a moment first.")
	errOld       = fault.New(fault.Conflict, "backup.preview_gone", "That preview is not the one that is there now. Look at it again first.")
)

// Previewed returns the preview that is there.
func (s *Service) Previewed() (Preview, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.preview == nil {
		return Preview{}, errNoPreview
	}
	return *s.preview, nil
}

// Preview restores a moment to a side file and compares it with the database.
func (s *Service) Preview(ctx context.Context, to Target, p Progress) error {
	if !s.working.TryLock() {
		return errBusy
	}
	defer s.working.Unlock()
	f, err := s.following()
	if err != nil {
		return err
	}
	if err := errors.Join(s.discard(), s.roomFor()); err != nil {
		return err
	}
	v, err := s.look(ctx, f, to, p)
	if err != nil {
		return errors.Join(explain(err), s.discard())
	}
	s.mu.Lock()
	s.preview = &v
	s.mu.Unlock()
	s.publish()
	p.Say(ctx, "The preview of "+v.Moment.Format(time.RFC3339)+" is ready.")
	return nil
}

func (s *Service) look(ctx context.Context, f *follower, to Target, p Progress) (v Preview, err error) {
	path := filepath.Join(s.work(), previewFile)
	p.Step(ctx, "Restoring to a side file", 0, 100)
	last := -1
	r, err := Restore(ctx, f.place, f.plan.row.Instance, to, path, func(done, total int64) {
		if percent := int(done * 90 / max(total, 1)); percent > last {
			last = percent
			p.Step(ctx, "Restoring to a side file", percent, 100)
		}
	})
	if err != nil {
		return v, err
	}
	p.Step(ctx, "Comparing", 90, 100)
	if err := store.Upgrade(ctx, path); err != nil {
		return v, err
	}
	if _, err := s.Prove(ctx, path); err != nil {
		return v, err
	}
	d, err := store.Compare(ctx, s.Store.Path(), path)
	if d == nil {
		d = []store.Difference{}
	}
	return Preview{store.NewID(), s.Store.Now(), r.Position, r.Moment, r.Bytes, d}, err
}

// discard removes the preview.
func (s *Service) discard() error {
	s.mu.Lock()
	s.preview = nil
	s.mu.Unlock()
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", ".tmp"} {
		if err := os.Remove(filepath.Join(s.work(), previewFile+suffix)); !errors.Is(err, os.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// Discard removes the preview that is there.
func (s *Service) Discard() error {
	if !s.working.TryLock() {
		return errBusy
	}
	defer s.working.Unlock()
	err := s.discard()
	s.publish()
	return err
}

// Take has the preview take the place of the database at the next start, which
// the caller brings about. What the database holds now goes to the replica, and
// stays as a checkpoint.
func (s *Service) Take(ctx context.Context, y store.System, id string) error {
	if !s.working.TryLock() {
		return errBusy
	}
	defer s.working.Unlock()
	v, err := s.Previewed()
	if err != nil {
		return err
	}
	if v.ID != id {
		return errOld
	}
	if err := y.Own().Record(ctx, store.Audit{Action: "backup.restore", Thing: v.Position, Result: "done"}); err != nil {
		return err
	}
	if f, err := s.following(); err == nil {
		if err := f.sync(ctx); err != nil {
			s.failed(ctx, err) // the checkpoint has it
		}
	}
	path := filepath.Join(s.work(), previewFile)
	row, err := y.Backup(ctx)
	if err != nil {
		return err
	}
	of := store.Restored{At: s.Store.Now(), Instance: row.Instance, Moment: v.Moment, Position: v.Position, By: y.Own().Actor()}
	keys, err := y.Own().Keyset(ctx)
	if err != nil {
		return err
	}
	err = store.Prepare(ctx, path, func(ctx context.Context, side store.System) error {
		return errors.Join(side.Restored(ctx, of), keep(ctx, side, row, keys))
	})
	if err != nil {
		return err
	}
	return s.Stage(path)
}

// keep has a restored database replicate to where the present one does, if it
// can open what seals the way there: else it goes on as it did at its moment.
func keep(ctx context.Context, side store.System, row store.Backup, keys store.Keyset) error {
	then, err := side.Own().Keyset(ctx)
	if err != nil || !bytes.Equal(then.Keyset, keys.Keyset) {
		return err
	}
	return side.KeepBackup(ctx, row)
}
