package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

// System is the store as no tenant sees it: users, sessions, and loops over
// tenants. Its queries on tenant tables stand in the reviewed list of
// queries_test.go.
type System struct {
	own Tenant // the reserved tenant "system": its audit, its transaction
}

// System returns the view that app and the routes of system administrators get.
func (s *Store) System() System { return System{s.Tenant(SystemTenant)} }

// By returns y for what user does from address.
func (y System) By(user, address string) System { return System{y.own.By(user, address)} }

// Who returns the user and the address that By named.
func (y System) Who() (user, address string) { return y.own.actor, y.own.address }

// Own returns the tenant of what belongs to the appliance itself.
func (y System) Own() Tenant { return y.own }

// Tenant returns the view of one tenant, in the same transaction.
func (y System) Tenant(id TenantID) Tenant {
	return Tenant{ID: id, db: y.own.db.Tenant(string(id)), store: y.own.store, actor: y.own.actor, address: y.own.address}
}

// Tx runs do in one transaction, as Tenant.Tx does.
func (y System) Tx(ctx context.Context, do func(System) error) error {
	return y.own.Tx(ctx, func(t Tenant) error { return do(System{t}) })
}

// db is the scope of what no tenant owns.
func (y System) db() sq.System { return y.own.db.System() }

// A TenantInfo is a tenant as system administrators see it.
type TenantInfo struct {
	ID      TenantID  `json:"id"`
	Rev     int64     `json:"rev"`
	Name    string    `json:"name"`
	Quota   Quota     `json:"quota"`
	Plan    string    `json:"plan" doc:"A word of the administrator's own, as in family or paying"`
	Status  string    `json:"status" enum:"active,suspended,deleting"`
	Created time.Time `json:"created_at"`
}

var (
	// ErrTenantTaken says that a tenant of that id exists.
	ErrTenantTaken = fault.New(fault.Conflict, "tenant.taken", "A tenant with that id exists already. Choose another id.")
	// ErrTenantID says that an id is no slug.
	ErrTenantID = fault.New(fault.Invalid, "tenant.invalid_id", "A tenant's id has 1 to 49 characters: a-z, 0-9 and -, and does not begin with -.")
	// ErrTenantReserved says that the appliance itself needs a tenant.
	ErrTenantReserved = fault.New(fault.Forbidden, "tenant.reserved", "The tenants system and default belong to the appliance and can be neither suspended nor deleted.")
)

const tenantCols = "id, rev, name, plan, quota, status, created_at"

func scanTenant(r sq.Row) (v TenantInfo, err error) {
	var ms int64
	var quota string
	err = r.Scan(&v.ID, &v.Rev, &v.Name, &v.Plan, &quota, &v.Status, &ms)
	if err == nil {
		err = json.Unmarshal([]byte(quota), &v.Quota)
	}
	v.Created = time.UnixMilli(ms).UTC()
	return v, err
}

// CreateTenant adds a tenant.
func (y System) CreateTenant(ctx context.Context, id TenantID, name string) error {
	return y.own.changeWith(ctx, "tenants.create", string(id), map[string]any{"set": map[string]string{"name": name}}, func(t Tenant) error {
		err := sq.Exec(ctx, t.db.System(), `INSERT INTO tenants (id, name, created_at) VALUES (@id, @name, @at)`,
			sql.Named("id", string(id)), sql.Named("name", name), sql.Named("at", t.store.Now().UnixMilli()))
		switch {
		case broken(err, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, ""):
			return ErrTenantTaken.Because(err)
		case broken(err, sqlite3.SQLITE_CONSTRAINT_CHECK, ""):
			return ErrTenantID.Because(err)
		}
		return err
	})
}

// UpdateTenant stores the name, the plan and the quota of a tenant if the
// revision is still v.Rev. What is over a lowered quota stays.
func (y System) UpdateTenant(ctx context.Context, v TenantInfo) (out TenantInfo, err error) {
	quota, err := json.Marshal(v.Quota)
	if err != nil {
		return v, err
	}
	err = y.Tx(ctx, func(y System) error {
		old, err := y.TenantInfo(ctx, v.ID)
		if err != nil {
			return err
		}
		if v.Rev != AnyRev && v.Rev != old.Rev {
			return ErrStale
		}
		d := diff{before: old}
		return y.own.changeWith(ctx, "tenants.update", string(v.ID), &d, func(t Tenant) error {
			out, err = sq.Returning(ctx, t.db.System(), scanTenant, `UPDATE tenants SET rev = rev + 1, name = @name, plan = @plan, quota = @quota WHERE id = @id RETURNING `+tenantCols,
				sql.Named("id", string(v.ID)), sql.Named("name", v.Name), sql.Named("plan", v.Plan),
				sql.Named("quota", string(quota)))
			d.after = out
			return err
		})
	})
	return out, err
}

// SetTenantStatus suspends or activates a tenant.
func (y System) SetTenantStatus(ctx context.Context, id TenantID, status string) error {
	if id == SystemTenant || id == DefaultTenant {
		return ErrTenantReserved
	}
	if _, leaving := y.own.store.leaving.Load(id); leaving {
		return ErrTenantDeleting
	}
	if _, importing := y.own.store.importing.Load(id); importing {
		return ErrImporting
	}
	return y.own.change(ctx, "tenants."+status, string(id), func(t Tenant) error {
		return sq.Exec(ctx, t.db.System(), `UPDATE tenants SET status = @status, rev = rev + 1 WHERE id = @id AND status <> 'deleting'`,
			sql.Named("id", string(id)), sql.Named("status", status))
	})
}

// AllTenants returns every tenant but the appliance's own, by id.
func (y System) AllTenants(ctx context.Context) ([]TenantInfo, error) {
	all, err := sq.Many(ctx, y.db(), scanTenant, `SELECT `+tenantCols+` FROM tenants WHERE id <> 'system' ORDER BY id`)
	return all, known(err)
}

// TenantInfo returns one tenant, or ErrNotFound.
func (y System) TenantInfo(ctx context.Context, id TenantID) (TenantInfo, error) {
	v, err := sq.One(ctx, y.db(), scanTenant, `SELECT `+tenantCols+` FROM tenants WHERE id = @id`, sql.Named("id", string(id)))
	return v, known(err)
}

// Household lets every tenant rest but the default one and the appliance's own:
// Tenants leaves them out until it is called again with false.
func (s *Store) Household(only bool) { s.household.Store(only) }

// Tenants returns every active tenant that does not rest, the appliance's own
// among them, for background work: one Tenant at a time.
func (y System) Tenants(ctx context.Context) ([]Tenant, error) {
	all, err := sq.Many(ctx, y.db(), scanTenant, `SELECT `+tenantCols+` FROM tenants
		WHERE status = 'active' AND (NOT @household OR id IN ('system', 'default')) ORDER BY id`, sql.Named("household", y.own.store.household.Load()))
	tenants := make([]Tenant, len(all))
	for i, v := range all {
		tenants[i] = y.Tenant(v.ID)
	}
	return tenants, known(err)
}

// Probe writes and takes back one row: it fails when the database cannot be written.
func (y System) Probe(ctx context.Context) error {
	return y.Tx(ctx, func(y System) error {
		return sq.Exec(ctx, y.db(), `UPDATE tenants SET name = name WHERE id = 'system'`)
	})
}
