package backup

import (
	"context"
	"time"

	"unity.internal/store"
)

const (
	dueEvery   = 10 * time.Minute
	firstDrill = 10 * time.Minute // after the replica began, so that soon something is proved
)

// Schedule starts drills and copies when they are due, until ctx ends.
func (s *Service) Schedule(ctx context.Context) error {
	tick := time.NewTicker(dueEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		if err := s.due(ctx); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "schedule restores for trial", "err", err)
		}
	}
}

// due starts what is due. What a restore held waits until it is released.
func (s *Service) due(ctx context.Context) error {
	y := s.Store.System()
	row, err := y.Backup(ctx)
	if err != nil || row.Held != nil || s.Status().State != Following {
		return err
	}
	all, err := y.Drills(ctx)
	if err != nil {
		return err
	}
	if row.DrillDays > 0 && s.late(all, "", row.DrillDays) {
		_, err := s.StartDrill(ctx, y)
		return err
	}
	if v, err := s.settings(row); err != nil || v.Target.URL == "" || !s.late(all, "copy", row.TargetDays) {
		return err
	}
	_, err = s.StartCopy(ctx, y)
	return err
}

// late reports whether the newest try of a kind is older than days. One that
// failed is tried again after a day.
func (s *Service) late(all []store.Drill, kind string, days int) bool {
	for _, v := range all {
		if kind != "" && v.Kind != kind {
			continue
		}
		if !v.Passed {
			days = 1
		}
		return s.Now().Sub(v.At) >= time.Duration(days)*day
	}
	began := s.Status().Since
	return began != nil && s.Now().Sub(*began) >= firstDrill
}

// StartDrill starts a drill as a job of the appliance.
func (s *Service) StartDrill(ctx context.Context, y store.System) (store.Job, error) {
	if _, err := s.following(); err != nil {
		return store.Job{}, err
	}
	return s.Start(ctx, y, "backup.drill", "Restore for trial", s.Drill)
}

// StartCopy starts sending a copy to the second place as a job of the appliance.
func (s *Service) StartCopy(ctx context.Context, y store.System) (store.Job, error) {
	if _, err := s.following(); err != nil {
		return store.Job{}, err
	}
	return s.Start(ctx, y, "backup.copy", "Send a verified copy to the second place", s.SendCopy)
}

// StartPreview starts restoring a moment to a side file as a job of the appliance.
func (s *Service) StartPreview(ctx context.Context, y store.System, to Target) (store.Job, error) {
	if _, err := s.following(); err != nil {
		return store.Job{}, err
	}
	return s.Start(ctx, y, "backup.preview", "Look at another moment", func(ctx context.Context, p Progress) error {
		return s.Preview(ctx, to, p)
	})
}
