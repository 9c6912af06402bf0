package store

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

var (
	// ErrImporting says that a tenant is being imported, or half of it.
	ErrImporting = fault.New(fault.Conflict, "transfer.unfinished", "This tenant is being imported, or an import of it was cut off. Import the same file again to end it, or delete the tenant.")
	// ErrTransferSystem says that what belongs to the appliance stays with it.
	ErrTransferSystem = fault.New(fault.Forbidden, "transfer.system", "The tenant system belongs to the appliance itself, so it is neither exported nor imported. A backup holds it.")
)

// stays are the tables of tenants that no export holds, each with its reason.
var stays = map[string]string{
	"api_keys":        "a key opens the appliance that made it; a copy would open two, and taking it away at one would leave the other open",
	"cluster_objects": "they are read anew from the cluster itself",
	"cluster_states":  "each appliance sees for itself how a cluster is",
	"imports":         "it says where this copy of a tenant came from",
	"invitations":     "the link of an invitation names the appliance that sent it",
	"keysets":         "each appliance makes its own keys; the secret that signs the audit goes along as a value",
	"sessions":        "who is signed in here is not signed in there",
	"usage":           "triggers count it anew",
}

// leaves out of a table what must not go on elsewhere: work that is not done yet
// is done by the appliance that began it, and by no other.
var leaves = map[string]sq.Filter{
	"deliveries": sq.Only(`state <> 'queued'`),
	"jobs":       sq.Only(`ended_at IS NOT NULL`),
}

// transferred returns the tables that an export holds, parents before children.
func transferred(all []sq.Table) ([]sq.Table, error) {
	owned := map[string]sq.Table{}
	for _, t := range all {
		if _, no := stays[t.Name()]; t.Owned() && !no {
			owned[t.Name()] = t
		}
	}
	var order []sq.Table
	for len(owned) > 0 {
		before := len(order)
		for _, name := range slices.Sorted(maps.Keys(owned)) {
			if !slices.ContainsFunc(owned[name].Parents(), func(p string) bool { _, waits := owned[p]; return waits }) {
				order = append(order, owned[name])
			}
		}
		if len(order) == before {
			return nil, fmt.Errorf("tables refer to each other in a circle: %v", slices.Sorted(maps.Keys(owned)))
		}
		for _, t := range order[before:] {
			delete(owned, t.Name())
		}
	}
	return order, nil
}

// A Spot is where the values of a Place stand in the rows of a tenant.
type Spot struct {
	Place         string
	Table, Column string
	Member        string // of the JSON in Column, as base64; empty: the column is the value
	Bound         string // what the value is bound to; empty: the row's id
}

// Spots returns the spots of what tenants seal.
func Spots() (all []Spot) {
	for _, p := range Places() {
		if p.Own {
			continue
		}
		s := Spot{Place: p.Name}
		s.Table, s.Column, _ = strings.Cut(p.Name, "|")
		if s.Table == "settings" {
			s.Column, s.Member, s.Bound = "data", s.Column, sshKeyID
		}
		all = append(all, s)
	}
	return all
}

// An Export reads what a tenant has at one moment.
type Export struct {
	Info   TenantInfo
	tenant Tenant
	tables map[string]sq.Table
	order  []string
}

// Export runs do with all that the tenant has, as it is now: what is written
// meanwhile is not in it.
func (t Tenant) Export(ctx context.Context, do func(*Export) error) error {
	if t.ID == SystemTenant {
		return ErrTransferSystem
	}
	if err := t.store.flush(ctx); err != nil {
		return err
	}
	return known(t.db.Snapshot(ctx, func(db sq.Tenant) (err error) {
		t.db = db
		e := &Export{tenant: t, tables: map[string]sq.Table{}}
		if e.Info, err = (System{t}).TenantInfo(ctx, t.ID); err != nil {
			return err
		}
		if e.Info.Status == "deleting" {
			return ErrTenantDeleting
		}
		if _, importing := t.store.importing.Load(t.ID); importing {
			return ErrImporting
		}
		order, err := readTables(ctx, db.System(), e.tables)
		if err != nil {
			return err
		}
		e.order = order
		return do(e)
	}))
}

func readTables(ctx context.Context, db sq.System, into map[string]sq.Table) (order []string, err error) {
	all, err := sq.Tables(ctx, db)
	if err != nil {
		return nil, err
	}
	all, err = transferred(all)
	for _, t := range all {
		into[t.Name()] = t
		order = append(order, t.Name())
	}
	return order, err
}

// Now returns the store's time.
func (e *Export) Now() time.Time { return e.tenant.store.Now() }

// Tables returns the names of the tables, parents before children.
func (e *Export) Tables() []string { return e.order }

// Columns returns the names of the columns that Rows hands over.
func (e *Export) Columns(table string) (names []string) {
	for _, c := range e.tables[table].Columns() {
		names = append(names, c.Name)
	}
	return names
}

// Rows hands every row of a table to do, in the order of its key: one in memory
// at a time, which do must not keep.
func (e *Export) Rows(ctx context.Context, table string, do func(row []any) error) error {
	err := sq.Each(ctx, e.tenant.db, e.tables[table], leaves[table], do)
	if err != nil {
		return fmt.Errorf("%s of tenant %s: %w", table, e.tenant.ID, err)
	}
	return nil
}

// A TransferUser is who a member is, without anything that signs them in.
type TransferUser struct {
	ID       string `json:"id"`
	Username string `json:"username"`
	Email    string `json:"email"`
	Language string `json:"language"`
	Theme    string `json:"theme"`
	TimeZone string `json:"time_zone"`
}

// Users hands every member to do, by id.
func (e *Export) Users(ctx context.Context) ([]TransferUser, error) {
	all, err := sq.Many(ctx, e.tenant.db, func(r sq.Row) (u TransferUser, err error) {
		err = r.Scan(&u.ID, &u.Username, &u.Email, &u.Language, &u.Theme, &u.TimeZone)
		return u, err
	}, `SELECT u.id, u.username, u.email, u.language, u.theme, u.time_zone FROM memberships m JOIN users u ON u.id = m.user_id
		WHERE m.tenant_id = @tenant ORDER BY m.user_id`)
	return all, known(err)
}

// arrive learns, at a start, which imports a stop cut off.
func (s *Store) arrive(ctx context.Context) error {
	all, err := sq.Many(ctx, s.db, scanID, `SELECT tenant_id FROM imports WHERE ended_at IS NULL`)
	for _, id := range all {
		s.importing.Store(TenantID(id), true)
	}
	return known(err)
}

// imported returns which export a tenant came from and how much of it is there.
func (y System) imported(ctx context.Context, id TenantID) (v Import, err error) {
	v, err = sq.One(ctx, y.Tenant(id).db, func(r sq.Row) (v Import, err error) {
		err = r.Scan(&v.Export, &v.Lines, &v.Done)
		return v, err
	}, `SELECT export, lines, ended_at IS NOT NULL FROM imports WHERE tenant_id = @tenant`)
	return v, known(err)
}
