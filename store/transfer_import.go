package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/store/internal/sq"
)

var (
	// ErrOccupied says that a tenant has content that is not an import's.
	ErrOccupied = fault.New(fault.Conflict, "transfer.occupied", "There is a tenant with that id already, and what it has does not come from this file. Import under another id.")
	// ErrNoAdministrator says that the appliance has to be set up first.
	ErrNoAdministrator = fault.New(fault.Conflict, "transfer.not_set_up", "Nobody administers this appliance yet. Set it up first, then import.")
	// ErrMissing says that a row points to one that is not there.
	ErrMissing = fault.New(fault.Invalid, "transfer.missing_row", "A row in this file refers to one that is not in it. Export the tenant again.")
	// ErrRow says that a row does not fit the database.
	ErrRow = fault.New(fault.Invalid, "transfer.bad_row", "A row in this file does not fit this version of Unity. Bring the appliance that exports to this version, and export again.")
)

// An Import is how far the import of an export is.
type Import struct {
	Export string
	Lines  int64 // how many of its lines are there
	Done   bool
	// Tenant is the only one that may write to it.
	Tenant Tenant
}

// BeginImport makes the tenant v.ID for an export, suspended, or finds the one
// that an earlier import of it made. From then on only the Tenant that it returns
// writes to it.
func (y System) BeginImport(ctx context.Context, export string, v TenantInfo) (out Import, err error) {
	if v.ID == SystemTenant {
		return out, ErrTransferSystem
	}
	there, err := y.HasUsers(ctx)
	if err == nil && !there {
		err = ErrNoAdministrator
	}
	if err != nil {
		return out, err
	}
	err = y.Tx(ctx, func(y System) error {
		out, err = y.findImport(ctx, export, v)
		return err
	})
	if err != nil {
		return out, err
	}
	if !out.Done {
		y.own.store.importing.Store(v.ID, true)
	}
	out.Tenant = y.Tenant(v.ID)
	out.Tenant.imports = true
	return out, nil
}

// findImport returns how far the import of an export is; one that is new begins.
func (y System) findImport(ctx context.Context, export string, v TenantInfo) (Import, error) {
	old, err := y.TenantInfo(ctx, v.ID)
	if errors.Is(err, ErrNotFound) {
		return Import{Export: export}, y.makeImport(ctx, export, v)
	}
	if err == nil && old.Status == "deleting" {
		err = ErrTenantDeleting
	}
	if err != nil {
		return Import{}, err
	}
	out, err := y.imported(ctx, v.ID)
	if errors.Is(err, ErrNotFound) || err == nil && out.Export != export {
		err = ErrOccupied
	}
	return out, err
}

func (y System) makeImport(ctx context.Context, export string, v TenantInfo) error {
	detail := map[string]any{"set": map[string]string{"name": v.Name, "export": export}}
	return y.own.changeWith(ctx, "tenants.import", string(v.ID), detail, func(t Tenant) error {
		err := sq.Exec(ctx, t.db.System(), `INSERT INTO tenants (id, name, status, created_at) VALUES (@id, @name, 'suspended', @at)`,
			sql.Named("id", string(v.ID)), sql.Named("name", v.Name), sql.Named("at", v.Created.UnixMilli()))
		if broken(err, sqlite3.SQLITE_CONSTRAINT_CHECK, "") {
			return ErrTenantID.Because(err)
		}
		if err != nil {
			return err
		}
		return sq.Exec(ctx, (System{t}).Tenant(v.ID).db, `INSERT INTO imports (tenant_id, export, started_at) VALUES (@tenant, @export, @now)`,
			sql.Named("export", export), sql.Named("now", t.store.Now().UnixMilli()))
	})
}

// EndImport gives the tenant of an import what v says of it, its status among
// that, and opens it to others. Detail stands in the audit of the appliance.
func (y System) EndImport(ctx context.Context, v TenantInfo, detail any) error {
	quota, err := json.Marshal(v.Quota)
	if err != nil {
		return err
	}
	err = y.own.changeWith(ctx, "tenants.imported", string(v.ID), detail, func(t Tenant) error {
		err := sq.Exec(ctx, t.db.System(), `UPDATE tenants SET name = @name, plan = @plan, quota = @quota, status = @status, rev = @rev, created_at = @at
			WHERE id = @id AND status = 'suspended'`, sql.Named("id", string(v.ID)), sql.Named("name", v.Name), sql.Named("plan", v.Plan),
			sql.Named("quota", string(quota)), sql.Named("status", v.Status), sql.Named("rev", v.Rev), sql.Named("at", v.Created.UnixMilli()))
		if err != nil {
			return err
		}
		return sq.Exec(ctx, (System{t}).Tenant(v.ID).db, `UPDATE imports SET ended_at = @now WHERE tenant_id = @tenant AND ended_at IS NULL`,
			sql.Named("now", t.store.Now().UnixMilli()))
	})
	if err == nil {
		y.own.store.importing.Delete(v.ID)
	}
	return err
}

// A Landing is where rows of an export go: the tables of this schema.
type Landing struct{ tables map[string]sq.Table }

// Landing returns the tables that take rows of an export.
func (y System) Landing(ctx context.Context) (l Landing, err error) {
	l.tables = map[string]sq.Table{}
	_, err = readTables(ctx, y.db(), l.tables)
	return l, known(err)
}

// Has reports whether rows of a table are taken.
func (l Landing) Has(table string) bool {
	_, ok := l.tables[table]
	return ok
}

// Type returns the type of a column: INTEGER, REAL, TEXT or BLOB; nothing of one
// that is not there.
func (l Landing) Type(table, column string) string {
	all := l.tables[table].Columns()
	if i := slices.IndexFunc(all, func(c sq.Column) bool { return c.Name == column }); i >= 0 {
		return all[i].Type
	}
	return ""
}

// A Part is some rows of one table, with the same columns.
type Part struct {
	Table   string
	Columns []string
	Rows    [][]any
}

// Land stores rows in one transaction, and that the export is there up to lines.
func (t Tenant) Land(ctx context.Context, l Landing, parts []Part, lines int64) error {
	return t.Tx(ctx, func(t Tenant) error {
		for _, p := range parts {
			if err := landed(p.Table, sq.Insert(ctx, t.db, l.tables[p.Table], p.Columns, p.Rows)); err != nil {
				return err
			}
		}
		return sq.Exec(ctx, t.db, `UPDATE imports SET lines = @lines WHERE tenant_id = @tenant AND ended_at IS NULL`, sql.Named("lines", lines))
	})
}

// landed says what a row that was refused means.
func landed(table string, err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	switch {
	case err == nil:
		return nil
	case ok && e.Code() == sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return ErrMissing.Because(fmt.Errorf("%s: %w", table, err))
	case ok && e.Code()&0xff == sqlite3.SQLITE_CONSTRAINT:
		return ErrRow.Because(fmt.Errorf("%s: %w", table, err))
	}
	return fmt.Errorf("%s: %w", table, err)
}
