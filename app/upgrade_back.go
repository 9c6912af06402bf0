package app

import (
	"context"
	"errors"
	"path/filepath"

	"unity.internal/app/fault"
	"unity.internal/app/job"
	"unity.internal/app/upgrade"
	"unity.internal/store"
)

// Back implements httpapi.Upgrader: it goes back to the earlier version, with the
// data as they are if that can open them. lose says that it may have those of then.
func (u *upgrader) Back(ctx context.Context, y store.System, lose bool) (store.Job, error) {
	if err := u.begin(); err != nil {
		return store.Job{}, err
	}
	st, err := u.app.config.back(ctx, func(way upgrade.Back) error {
		if way.Loses && !lose {
			return fault.New(errLoses.Kind, errLoses.Code, "%s", way.Text)
		}
		return nil
	})
	if err != nil {
		u.end()
		return store.Job{}, err
	}
	return u.start(ctx, y, "Go back to "+st.To.Number, func(ctx context.Context, p *job.Progress) error {
		return u.hand(ctx, y, p, st)
	})
}

// back returns the beginning of a way back, if sure lets it begin.
func (c *Config) back(ctx context.Context, sure func(upgrade.Back) error) (*upgrade.Attempt, error) {
	s, err := c.shelf()
	if err != nil {
		return nil, err
	}
	way, err := c.wayBack(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := sure(way.Back); err != nil {
		return nil, err
	}
	st := attempt(way.To, way.seal, way.exec)
	st.Back, st.Data = true, way.Checkpoint
	st.Say("It goes back from version %s to version %s.", st.From.Number, st.To.Number)
	if way.Loses {
		st.Say("%s", way.Text)
	}
	return st, nil
}

// A wayBack is the earlier version that can serve again.
type wayBack struct {
	upgrade.Back
	exec string
	seal upgrade.Seal
}

// wayBack finds the earlier version: the one before the last upgrade, or the one
// that was installed, whichever is newer.
func (c *Config) wayBack(ctx context.Context, s upgrade.Shelf) (way wayBack, err error) {
	if !way.previous(ctx, c, s) && !fromDataDir(c.DataDir) {
		return way, upgrade.ErrNoWayBack
	}
	if path := installed(); fromDataDir(c.DataDir) && !inDataDir(c.DataDir, path) {
		if v, err := upgrade.Ask(ctx, path); err == nil && (way.exec == "" || upgrade.Compare(v.Number, way.To.Number) > 0) {
			way.To, way.exec, way.seal = v, path, upgrade.Seal{}
		}
	}
	own := ownVersion()
	if way.exec == "" || upgrade.Compare(way.To.Number, own.Number) >= 0 {
		return way, upgrade.ErrNoWayBack
	}
	if way.To.Schema >= own.Schema {
		way.Text = "Version " + way.To.Number + " serves again, with everything as it is now."
		return way, nil
	}
	return way, way.data(c.DataDir)
}

// previous takes the program before the last upgrade, if it is there and whole.
func (way *wayBack) previous(ctx context.Context, c *Config, s upgrade.Shelf) bool {
	path := s.Path(upgrade.Previous)
	if !s.Has(upgrade.Previous) || !c.mayExecute(filepath.Dir(path), path) {
		return false
	}
	seal, err := s.Check(upgrade.Previous)
	if err != nil {
		return false
	}
	v, err := upgrade.Ask(ctx, path)
	if err != nil {
		return false
	}
	way.To, way.seal, way.exec = v, seal, upgrade.Previous
	return true
}

// data finds the database that an earlier version can open.
func (way *wayBack) data(dir string) error {
	all, err := store.Checkpoints(filepath.Join(dir, checkpoints))
	if err != nil {
		return err
	}
	for _, v := range all {
		if v.Schema == way.To.Schema && v.Reason != "rollback" {
			way.Loses, way.Checkpoint, way.Since = true, v.Name, &v.Taken
			way.Text = "Version " + way.To.Number + " cannot open the database as it is. It becomes what it was at " + v.Taken.Format(minute) +
				"; what was written since is not in it, and is kept as a checkpoint of its own. To go back all the same, confirm that."
			return nil
		}
	}
	return errors.Join(upgrade.ErrNoWayBack, errNoCheckpoint)
}
