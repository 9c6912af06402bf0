package transfer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"filippo.io/age"
	"unity.internal/store"
)

// What one transaction takes at most.
const (
	stepRows  = store.MaxStep
	stepBytes = 8 << 20
)

// A Result is what an import did.
type Result struct {
	Tenant store.TenantID
	Rows   int64    // in the file
	Before bool     // all of it was there already
	Users  []string // names of users that were made; a link lets them in
	Absent []string // names of members that were left out: somebody else has the name
	Local  []string // names of servers that were the other appliance itself, and are this one now
}

// Import makes the tenant of the file in, or ends what an earlier import of the
// same file began; under the id as, if that is not empty. What is there whole
// stays as it is. y says who does it.
func (s *Service) Import(ctx context.Context, y store.System, in io.ReadSeeker, ids []age.Identity, as store.TenantID, step Step) (Result, error) {
	land, err := y.Landing(ctx)
	if err != nil {
		return Result{}, err
	}
	step("the file", 0, 0)
	h, info, lines, err := inspect(ctx, in, ids, land)
	if err != nil {
		return Result{}, err
	}
	if info.Status != "active" && info.Status != "suspended" {
		return Result{}, ErrDamaged.Because(fmt.Errorf("status %q", info.Status))
	}
	if info.ID = h.Tenant; as != "" {
		info.ID = as
	}
	done, err := s.take(info.ID)
	if err != nil {
		return Result{}, err
	}
	defer done()
	state, err := y.BeginImport(ctx, h.ID, info)
	res := Result{Tenant: info.ID, Rows: lines, Before: state.Done}
	if err != nil || state.Done {
		return res, err
	}
	if _, err := in.Seek(0, io.SeekStart); err != nil {
		return res, err
	}
	r, err := newReader(in, ids)
	if err != nil {
		return res, err
	}
	defer r.close()
	l := &landing{service: s, system: y, to: state.Tenant, land: land, there: state.Lines, lines: lines, res: &res, step: step, seal: s.sealed(ctx, info.ID)}
	if err := l.all(ctx, r); err != nil {
		return res, err
	}
	s.Forget(info.ID)
	return res, y.EndImport(ctx, info, map[string]any{"export": h.ID, "rows": lines, "from": h.Tenant, "left_out": res.Absent})
}

// A landing stores the rows of one file.
type landing struct {
	service *Service
	system  store.System
	to      store.Tenant
	land    store.Landing
	there   int64 // lines that an earlier import stored
	lines   int64 // of the file
	res     *Result
	step    Step
	seal    turn

	users  map[string]string // names of the members in the file, by id
	absent map[string]bool   // ids of those that are not here
	spots  []store.Spot      // of the last table
	parts  []store.Part
	rows   int
	size   int
}

func (l *landing) all(ctx context.Context, r *reader) error {
	l.users, l.absent = map[string]string{}, map[string]bool{}
	table := ""
	for n := int64(1); ; n++ {
		row, more, err := r.row()
		if err != nil {
			return err
		}
		if !more {
			return l.flush(ctx, n-1)
		}
		if row.Table != table {
			table, l.spots = row.Table, spotsOf(row.Table)
			l.step(table, int(n), int(l.lines))
		}
		if err := l.take(ctx, row, n); err != nil {
			return err
		}
		if l.rows >= stepRows || l.size >= stepBytes {
			if err := l.flush(ctx, n); err != nil {
				return err
			}
			l.step(table, int(n), int(l.lines))
		}
	}
}

// take takes the line n. What comes before the tables may be done twice.
func (l *landing) take(ctx context.Context, row line, n int64) error {
	switch row.Table {
	case tenantRow:
		return nil // BeginImport and EndImport have it
	case secretRow:
		var key secret
		if err := strict(row.Row, &key); err != nil {
			return ErrDamaged.Because(err)
		}
		return l.service.Vault.AddTenantWith(ctx, l.to, key.Secret)
	case userRow:
		return l.user(ctx, row.Row)
	}
	values, err := l.values(row)
	if err != nil {
		return err
	}
	keep, err := l.look(row.Table, values)
	if err != nil || !keep || n <= l.there {
		return err
	}
	if err := turned(l.spots, values, l.seal); err != nil {
		return damaged(err)
	}
	l.add(row.Table, values, len(row.Row))
	return nil
}

// values reads the values of a row, by column.
func (l *landing) values(row line) (map[string]any, error) {
	values := map[string]any{}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal(row.Row, &raw); err != nil {
		return nil, ErrDamaged.Because(err)
	}
	for column, text := range raw {
		kind := l.land.Type(row.Table, column)
		if kind == "" {
			return nil, ErrOlder.Because(fmt.Errorf("column %q of %q", column, row.Table))
		}
		var err error
		if values[column], err = unpacked(kind, text); err != nil {
			return nil, ErrDamaged.Because(fmt.Errorf("column %q of %q: %w", column, row.Table, err))
		}
	}
	return values, nil
}

// look notes what a person should know of a row, and reports whether it comes in.
func (l *landing) look(table string, row map[string]any) (keep bool, err error) {
	switch table {
	case "memberships":
		id, _ := row["user_id"].(string)
		if _, known := l.users[id]; !known {
			return false, store.ErrMissing.Because(errors.New("a membership of nobody"))
		}
		return !l.absent[id], nil
	case "servers":
		if row["auth"] == "local" {
			name, _ := row["name"].(string)
			l.res.Local = append(l.res.Local, name)
		}
	}
	return true, nil
}

// add queues a row beside those of the same shape.
func (l *landing) add(table string, row map[string]any, size int) {
	columns := slices.Sorted(maps.Keys(row))
	if last := len(l.parts) - 1; last < 0 || l.parts[last].Table != table || !slices.Equal(l.parts[last].Columns, columns) {
		l.parts = append(l.parts, store.Part{Table: table, Columns: columns})
	}
	values := make([]any, len(columns))
	for i, c := range columns {
		values[i] = row[c]
	}
	part := &l.parts[len(l.parts)-1]
	part.Rows = append(part.Rows, values)
	l.rows++
	l.size += size
}

// flush stores what is queued: then the file is there up to line n.
func (l *landing) flush(ctx context.Context, n int64) error {
	if n > l.there {
		if err := l.to.Land(ctx, l.land, l.parts, n); err != nil {
			return err
		}
		l.there = n
	}
	l.parts, l.rows, l.size = nil, 0, 0
	return nil
}

// user finds or makes the user of a member. Who has the name here but another id
// is somebody else.
func (l *landing) user(ctx context.Context, raw []byte) error {
	var u store.TransferUser
	if err := strict(raw, &u); err != nil || u.ID == "" {
		return ErrDamaged.Because(errors.Join(err, errors.New("a user")))
	}
	l.users[u.ID] = u.Username
	_, err := l.system.User(ctx, u.ID)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	names := l.service.Names
	if err := names.Check(u.Username, u.Email); err != nil {
		return ErrDamaged.Because(err)
	}
	err = l.system.Tx(ctx, func(y store.System) error {
		made := store.User{ID: u.ID, Username: u.Username, Email: u.Email}
		if err := y.CreateUser(ctx, made, names.Key(u.Username), names.Alike(u.Username)); err != nil {
			return err
		}
		made, err := y.User(ctx, u.ID)
		if err != nil || u.Language == "" && u.Theme == "" && u.TimeZone == "" {
			return err
		}
		made.Language, made.Theme, made.TimeZone = u.Language, u.Theme, u.TimeZone
		_, err = y.UpdateUser(ctx, made)
		return err
	})
	if errors.Is(err, store.ErrUserTaken) {
		l.absent[u.ID] = true
		l.res.Absent = append(l.res.Absent, u.Username)
		return nil
	}
	if err == nil {
		l.res.Users = append(l.res.Users, u.Username)
	}
	return err
}
