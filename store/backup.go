package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"unity.internal/app/seal"
	"unity.internal/store/internal/sq"
)

// A Backup says where the database is replicated to, where copies go, and what
// was restored. Replica and Target are what app/backup/place makes of them.
type Backup struct {
	Rev           int64           `json:"rev"`
	Instance      string          `json:"-"` // the directory in the replica; new after each restore
	Replica       json.RawMessage `json:"replica"`
	ReplicaSecret seal.Value      `json:"-"`
	RetentionDays int             `json:"retention_days"`
	DrillDays     int             `json:"drill_days"` // 0: no drills by themselves
	Target        json.RawMessage `json:"target"`
	TargetSecret  seal.Value      `json:"-"`
	TargetDays    int             `json:"target_days"`
	TargetKeep    int             `json:"target_keep"`
	Restored      *Restored       `json:"-"`
	Held          *time.Time      `json:"-"` // what speaks to the world waits since then
	Kit           *time.Time      `json:"-"` // when the last recovery kit was made
}

func (v Backup) secrets() map[string]seal.Value {
	return map[string]seal.Value{"replica_secret": v.ReplicaSecret, "target_secret": v.TargetSecret}
}

// Restored says what a database was restored from.
type Restored struct {
	At       time.Time `json:"at" doc:"When it was restored"`
	Instance string    `json:"instance" doc:"What it was restored from"`
	Moment   time.Time `json:"moment" doc:"What it was restored to"`
	Position string    `json:"position" doc:"The transaction of that moment"`
	By       string    `json:"by,omitempty" doc:"The user who asked for it; none: somebody with the key, on an empty box"`
	Noted    bool      `json:"noted,omitempty" doc:"The audit of this database tells of it"`
}

const backupCols = `rev, instance, replica, replica_secret, retention_days, drill_days, target, target_secret,
	target_days, target_keep, restored, held_at, kit_at`

func scanBackup(r sq.Row) (v Backup, err error) {
	var replica, target, restored string
	var replicaSecret, targetSecret []byte
	var held, kit *int64
	err = r.Scan(&v.Rev, &v.Instance, &replica, &replicaSecret, &v.RetentionDays, &v.DrillDays, &target, &targetSecret,
		&v.TargetDays, &v.TargetKeep, &restored, &held, &kit)
	if err == nil && restored != "" {
		v.Restored = &Restored{}
		err = json.Unmarshal([]byte(restored), v.Restored)
	}
	v.Replica, v.Target = json.RawMessage(replica), json.RawMessage(target)
	v.ReplicaSecret, v.TargetSecret = seal.Of(replicaSecret), seal.Of(targetSecret)
	v.Held, v.Kit = moment(held), moment(kit)
	return v, err
}

// Backup returns what is set, making the row of a new appliance.
func (y System) Backup(ctx context.Context) (Backup, error) {
	v, err := y.backup(ctx)
	if !errors.Is(err, ErrNotFound) {
		return v, err
	}
	err = y.Tx(ctx, func(y System) error {
		if v, err = y.backup(ctx); !errors.Is(err, ErrNotFound) {
			return err
		}
		v, err = sq.Returning(ctx, y.db(), scanBackup, `INSERT INTO backup (id, instance) VALUES (1, @instance) RETURNING `+backupCols,
			sql.Named("instance", NewID()))
		return err
	})
	return v, known(err)
}

func (y System) backup(ctx context.Context) (Backup, error) {
	v, err := sq.One(ctx, y.db(), scanBackup, `SELECT `+backupCols+` FROM backup WHERE id = 1`)
	return v, known(err)
}

// UpdateBackup stores what a person chooses of v if its revision is still v.Rev.
func (y System) UpdateBackup(ctx context.Context, v Backup) (out Backup, err error) {
	d := diff{}
	err = y.own.changeWith(ctx, "backup.update", "", &d, func(t Tenant) error {
		y := System{t}
		old, err := y.Backup(ctx)
		if err == nil && v.Rev != AnyRev && v.Rev != old.Rev {
			err = ErrStale
		}
		if err != nil {
			return err
		}
		out, err = sq.Returning(ctx, y.db(), scanBackup, `UPDATE backup SET rev = rev + 1, replica = @replica, replica_secret = @replica_secret,
			retention_days = @retention, drill_days = @drill, target = @target, target_secret = @target_secret,
			target_days = @days, target_keep = @keep WHERE id = 1 RETURNING `+backupCols,
			chosen(v)...)
		d.before, d.after = old, out
		return err
	})
	return out, err
}

// RenewInstance gives the appliance another directory in the replica, which
// begins with a whole copy: what stands in the old one stays as it is.
func (y System) RenewInstance(ctx context.Context, why string) (out Backup, err error) {
	err = y.own.changeWith(ctx, "backup.renew", "", map[string]any{"set": map[string]string{"reason": why}}, func(t Tenant) error {
		out, err = sq.Returning(ctx, t.db.System(), scanBackup, `UPDATE backup SET instance = @instance WHERE id = 1 RETURNING `+backupCols,
			sql.Named("instance", NewID()))
		return err
	})
	return out, err
}

// Restored notes that this database was restored, begins another instance and
// holds what speaks to the world.
func (y System) Restored(ctx context.Context, v Restored) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return y.Tx(ctx, func(y System) error {
		if _, err := y.Backup(ctx); err != nil {
			return err
		}
		return sq.Exec(ctx, y.db(), `UPDATE backup SET instance = @instance, restored = @restored, held_at = @now WHERE id = 1`,
			sql.Named("instance", NewID()), sql.Named("restored", string(text)), y.own.current())
	})
}

// NoteRestore adds to the audit of a restored database who restored it, once:
// what was written when they asked is gone with the database of then.
func (y System) NoteRestore(ctx context.Context) error {
	v, err := y.Backup(ctx)
	if err != nil || v.Restored == nil || v.Restored.Noted {
		return err
	}
	if v.Restored.By != "" {
		y = y.By(v.Restored.By, "")
	}
	v.Restored.Noted = true
	text, err := json.Marshal(v.Restored)
	if err != nil {
		return err
	}
	return y.own.changeWith(ctx, "backup.restored", v.Restored.Position, map[string]any{"set": v.Restored}, func(t Tenant) error {
		return sq.Exec(ctx, t.db.System(), `UPDATE backup SET restored = @restored WHERE id = 1`, sql.Named("restored", string(text)))
	})
}

// KeepBackup stores what a person chose of v, as it was in another database.
func (y System) KeepBackup(ctx context.Context, v Backup) error {
	return sq.Exec(ctx, y.db(), `UPDATE backup SET replica = @replica, replica_secret = @replica_secret, retention_days = @retention,
		drill_days = @drill, target = @target, target_secret = @target_secret, target_days = @days, target_keep = @keep, kit_at = @kit WHERE id = 1`,
		append(chosen(v), sql.Named("kit", millis(v.Kit)))...)
}

// chosen are the arguments of what a person chooses.
func chosen(v Backup) []any {
	return []any{
		sql.Named("replica", string(v.Replica)), sql.Named("replica_secret", v.ReplicaSecret.Ciphertext()),
		sql.Named("retention", v.RetentionDays), sql.Named("drill", v.DrillDays),
		sql.Named("target", string(v.Target)), sql.Named("target_secret", v.TargetSecret.Ciphertext()),
		sql.Named("days", v.TargetDays), sql.Named("keep", v.TargetKeep),
	}
}

// Release lets speak again what a restore held.
func (y System) Release(ctx context.Context) error {
	return y.own.change(ctx, "backup.release", "", func(t Tenant) error {
		return sq.Exec(ctx, t.db.System(), `UPDATE backup SET held_at = NULL WHERE id = 1`)
	})
}

// KitMade notes that a recovery kit was made.
func (y System) KitMade(ctx context.Context) error {
	return y.own.change(ctx, "backup.kit", "", func(t Tenant) error {
		if _, err := (System{t}).Backup(ctx); err != nil {
			return err
		}
		return sq.Exec(ctx, t.db.System(), `UPDATE backup SET kit_at = @now WHERE id = 1`, t.current())
	})
}

// A Drill is a restore that was tried: what it found is kept.
type Drill struct {
	ID       string          `json:"id"`
	Kind     string          `json:"kind" enum:"drill,copy" doc:"copy: what was restored went to the second place, too"`
	At       time.Time       `json:"at"`
	Position string          `json:"position" doc:"The transaction that was restored"`
	Millis   int64           `json:"millis" doc:"How long it took"`
	Bytes    int64           `json:"bytes" doc:"How large the restored database is"`
	Passed   bool            `json:"passed"`
	Code     string          `json:"code,omitempty"`
	Error    string          `json:"error,omitempty" doc:"What went wrong, and what to do"`
	Evidence json.RawMessage `json:"evidence" doc:"Rows and digest of every table, and the secret that was opened"`
}

const (
	drillCols = "id, kind, at, position, millis, bytes, passed, code, error, evidence"
	// keepDrills is how many drills are kept: two years of weekly ones.
	keepDrills = 100
)

func scanDrill(r sq.Row) (v Drill, err error) {
	var at int64
	var evidence string
	err = r.Scan(&v.ID, &v.Kind, &at, &v.Position, &v.Millis, &v.Bytes, &v.Passed, &v.Code, &v.Error, &evidence)
	v.At, v.Evidence = time.UnixMilli(at).UTC(), json.RawMessage(evidence)
	return v, err
}

// Drills returns the newest drills.
func (y System) Drills(ctx context.Context) ([]Drill, error) {
	all, err := sq.Many(ctx, y.db(), scanDrill, `SELECT `+drillCols+` FROM drills ORDER BY at DESC, id DESC LIMIT @limit`,
		sql.Named("limit", keepDrills))
	return all, known(err)
}

// LastDrills returns the newest drill, and the newest that passed; nil: there is none.
func (y System) LastDrills(ctx context.Context) (last, passed *Drill, err error) {
	last, err = newest(sq.One(ctx, y.db(), scanDrill, `SELECT `+drillCols+` FROM drills ORDER BY at DESC, id DESC LIMIT 1`))
	if err != nil || last == nil || last.Passed {
		return last, last, err
	}
	passed, err = newest(sq.One(ctx, y.db(), scanDrill, `SELECT `+drillCols+` FROM drills WHERE passed ORDER BY at DESC, id DESC LIMIT 1`))
	return last, passed, err
}

func newest(v Drill, err error) (*Drill, error) {
	if err = known(err); errors.Is(err, ErrNotFound) {
		return nil, nil //nolint:nilnil // none is an answer
	}
	return &v, err
}

// AddDrill keeps what a drill found; the oldest ones go.
func (y System) AddDrill(ctx context.Context, v Drill) error {
	return y.own.changeWith(ctx, "backup."+v.Kind, v.ID, map[string]any{"set": map[string]any{"passed": v.Passed, "position": v.Position, "error": v.Error}}, func(t Tenant) error {
		err := sq.Exec(ctx, t.db.System(), `INSERT INTO drills (id, kind, at, position, millis, bytes, passed, code, error, evidence)
			VALUES (@id, @kind, @at, @position, @millis, @bytes, @passed, @code, @error, @evidence)`,
			sql.Named("id", v.ID), sql.Named("kind", v.Kind), sql.Named("at", v.At.UnixMilli()), sql.Named("position", v.Position),
			sql.Named("millis", v.Millis), sql.Named("bytes", v.Bytes), sql.Named("passed", v.Passed),
			sql.Named("code", v.Code), sql.Named("error", v.Error), sql.Named("evidence", string(v.Evidence)))
		if err != nil {
			return err
		}
		_, err = sq.Affected(ctx, t.db.System(), `DELETE FROM drills WHERE id NOT IN (SELECT id FROM drills ORDER BY at DESC, id DESC LIMIT @limit)`,
			sql.Named("limit", keepDrills))
		return err
	})
}
