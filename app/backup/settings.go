package backup

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net/url"

	"unity.internal/app/backup/place"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// ReplicaSettings are what a person chooses. A secret is never given back: SecretMask
// says that one is kept, and as an answer keeps it.
type ReplicaSettings struct {
	Rev           int64        `json:"rev"`
	Replica       place.Config `json:"replica"`
	ReplicaSecret string       `json:"replica_secret" doc:"******** if one is stored; it is never shown"`
	RetentionDays int          `json:"retention_days" minimum:"1" maximum:"365" doc:"For how long every moment can be restored"`
	DrillDays     int          `json:"drill_days" minimum:"0" maximum:"365" doc:"How often a restore is tried; 0: only by hand"`
	Target        place.Config `json:"target" doc:"A second place for verified copies"`
	TargetSecret  string       `json:"target_secret" doc:"******** if one is stored; it is never shown"`
	TargetDays    int          `json:"target_days" minimum:"1" maximum:"365" doc:"How often a copy goes there"`
	TargetKeep    int          `json:"target_keep" minimum:"1" maximum:"365" doc:"How many copies stay there"`
}

// errFixed says that the command line decides.
var errFixed = fault.New(fault.Conflict, "replica.fixed", "The replica is named on the command line with --replica. Change it there.")

// errSame says that a second place is none.
var errSame = fault.New(fault.Invalid, "target.same", "That is where the replica is. Choose another place: one fault must not take both.")

// errElsewhere says that a secret is kept for another place.
var errElsewhere = fault.New(fault.Invalid, "replica.secret_again", "The secret that is kept belongs to another place or another user there, and is sent nowhere else. Enter it again.")

// sameHome reports whether the secret of one place may be sent to another.
func sameHome(a, b place.Config) bool {
	one, err := url.Parse(a.Clean().URL)
	other, err2 := url.Parse(b.Clean().URL)
	if err != nil || err2 != nil {
		return false
	}
	a, b = a.Clean(), b.Clean()
	return one.Scheme == other.Scheme && one.Host == other.Host && one.User.String() == other.User.String() &&
		a.Endpoint == b.Endpoint && a.AccessKey == b.AccessKey && a.Username == b.Username
}

// Settings returns what is chosen.
func (s *Service) Settings(ctx context.Context) (ReplicaSettings, error) {
	row, err := s.Store.System().Backup(ctx)
	if err != nil {
		return ReplicaSettings{}, err
	}
	return s.settings(row)
}

func (s *Service) settings(row store.Backup) (v ReplicaSettings, err error) {
	v = ReplicaSettings{
		Rev: row.Rev, RetentionDays: row.RetentionDays, DrillDays: row.DrillDays, TargetDays: row.TargetDays, TargetKeep: row.TargetKeep,
		ReplicaSecret: masked(row.ReplicaSecret), TargetSecret: masked(row.TargetSecret),
	}
	if err := json.Unmarshal(row.Replica, &v.Replica); err != nil {
		return v, err
	}
	if err := json.Unmarshal(row.Target, &v.Target); err != nil {
		return v, err
	}
	if s.Fixed != nil {
		v.Replica, v.ReplicaSecret = s.Fixed.Config, ""
		if len(s.Fixed.Secret) > 0 {
			v.ReplicaSecret = store.SecretMask
		}
	}
	return v, nil
}

func masked(v seal.Value) string {
	if v.Ciphertext() == nil {
		return ""
	}
	return store.SecretMask
}

// Update stores v if its revision is still v.Rev, and begins to follow it.
func (s *Service) Update(ctx context.Context, y store.System, v ReplicaSettings) (ReplicaSettings, error) {
	row, err := y.Backup(ctx)
	if err != nil {
		return v, err
	}
	old, err := s.settings(row)
	if err != nil {
		return v, err
	}
	if s.Fixed != nil {
		if v.Replica != old.Replica || v.ReplicaSecret != old.ReplicaSecret {
			return v, errFixed
		}
	} else if row.Replica, row.ReplicaSecret, err = s.chosen(ctx, v.Replica, v.ReplicaSecret, old.Replica, row.ReplicaSecret, replicaSecret); err != nil {
		return v, err
	}
	if row.Target, row.TargetSecret, err = s.chosen(ctx, v.Target, v.TargetSecret, old.Target, row.TargetSecret, targetSecret); err != nil {
		return v, err
	}
	if v.Target.URL != "" && v.Target.Clean() == v.Replica.Clean() {
		return v, errSame
	}
	row.Rev, row.RetentionDays, row.DrillDays, row.TargetDays, row.TargetKeep = v.Rev, v.RetentionDays, v.DrillDays, v.TargetDays, v.TargetKeep
	if row, err = y.UpdateBackup(ctx, row); err != nil {
		return v, err
	}
	s.Changed()
	s.publish()
	return s.settings(row)
}

// chosen checks a place and seals its secret; the mask keeps the one there is.
func (s *Service) chosen(ctx context.Context, c place.Config, secret string, was place.Config, old seal.Value, where string) (text json.RawMessage, sealed seal.Value, err error) {
	if c.URL == "" {
		return json.RawMessage(`{}`), seal.Value{}, nil
	}
	c = c.Clean()
	if err := c.Validate(); err != nil {
		return nil, sealed, err
	}
	if text, err = json.Marshal(c); err != nil { //nolint:gosec // the id of a key is no secret
		return nil, sealed, err
	}
	switch secret {
	case store.SecretMask:
		if !sameHome(c, was) {
			return nil, sealed, errElsewhere
		}
		return text, old, nil
	case "":
		return text, seal.Value{}, nil
	}
	sealed, err = s.Sealer.Seal(ctx, store.SystemTenant, where, []byte(secret))
	return text, sealed, err
}

// Renew gives the appliance another directory in the replica, which begins with
// a whole copy: the way out when nothing can be appended to the old one.
func (s *Service) Renew(ctx context.Context, y store.System) error {
	if _, err := y.RenewInstance(ctx, "asked for"); err != nil {
		return err
	}
	s.Changed()
	return nil
}

// Release lets speak again what a restore held.
func (s *Service) Release(ctx context.Context, y store.System) error {
	if err := y.Release(ctx); err != nil {
		return err
	}
	s.Changed()
	s.publish()
	return nil
}

// Try writes a file to a place, reads it and removes it. The mask stands for the
// secret that is kept for the replica, or for the second place.
func (s *Service) Try(ctx context.Context, c place.Config, secret string, target bool) error {
	if err := c.Validate(); err != nil {
		return err
	}
	if secret == store.SecretMask {
		now, err := s.Settings(ctx)
		if err != nil {
			return err
		}
		if target && !sameHome(c, now.Target) || !target && !sameHome(c, now.Replica) {
			return errElsewhere
		}
	}
	plain, err := s.kept(ctx, secret, target)
	if err != nil {
		return err
	}
	where, err := place.Open(ctx, c, plain)
	if err != nil {
		return explain(err)
	}
	defer where.Close()
	err = probe(ctx, where)
	if errors.Is(err, fs.ErrNotExist) {
		return errNowhere.Because(err)
	}
	return explain(err)
}

// errNowhere says that a directory is neither there nor can be made.
var errNowhere = fault.New(fault.NotFound, "replica.no_directory", "There is no such directory, and it cannot be made. Check the path, and that the disk is mounted.")

func (s *Service) kept(ctx context.Context, secret string, target bool) ([]byte, error) {
	if secret != store.SecretMask {
		return []byte(secret), nil
	}
	row, err := s.Store.System().Backup(ctx)
	if err != nil {
		return nil, err
	}
	value, name := row.ReplicaSecret, replicaSecret
	if target {
		value, name = row.TargetSecret, targetSecret
	}
	if value.Ciphertext() == nil {
		return nil, nil
	}
	return s.Sealer.Open(ctx, store.SystemTenant, name, value)
}

// errUnread says that what was written did not come back.
var errUnread = fault.New(fault.Unavailable, "replica.behind", "What was written there could not be read back. Check the place itself.")

func probe(ctx context.Context, where place.Place) error {
	name := "probe-" + store.NewID()
	text := []byte("A file of Unity that checks this place. It may be removed.\n")
	if _, err := where.Write(ctx, name, text, place.Absent); err != nil {
		return err
	}
	back, _, err := where.Read(ctx, name)
	if err == nil && string(back) != string(text) {
		err = errUnread
	}
	if err != nil {
		return err
	}
	return where.Delete(ctx, name)
}
