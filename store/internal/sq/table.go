package sq

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Table is a table as the schema describes it. What is done to rows of every
// table alike cannot be constants, or a table that is added later would be
// forgotten: here, and nowhere else, SQL is put together at run time. It is put
// together of the schema's own names, quoted, and of constants, which is why the
// fields are not exported: only Tables makes a Table.
type Table struct {
	name    string
	columns []Column
	key     []string
	parents []string
}

// A Column is a column of a Table. Its type is one of a STRICT table.
type Column struct{ Name, Type string }

// ofTenant is the column that every table of tenants has.
const ofTenant = "tenant_id"

// Name returns the table's name.
func (t Table) Name() string { return t.name }

// Parents returns the tables that its rows refer to.
func (t Table) Parents() []string { return t.parents }

// Owned reports whether each row says whose it is.
func (t Table) Owned() bool {
	return slices.ContainsFunc(t.columns, func(c Column) bool { return c.Name == ofTenant })
}

// Columns returns the columns but the one that says whose a row is.
func (t Table) Columns() []Column {
	return slices.DeleteFunc(slices.Clone(t.columns), func(c Column) bool { return c.Name == ofTenant })
}

// The schema: the columns of each table, its unique indexes with the primary key
// first, and what it refers to.
const (
	allColumns = `SELECT m.name, c.name, c.type FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY m.name, c.cid`
	allKeys = `SELECT m.name, i.name, k.name FROM sqlite_schema m JOIN pragma_index_list(m.name) i JOIN pragma_index_info(i.name) k
		WHERE m.type = 'table' AND i."unique" AND NOT i.partial ORDER BY m.name, i.origin <> 'pk', i.name, k.seqno`
	allParents = `SELECT DISTINCT m.name, f."table", '' FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' ORDER BY m.name, f."table"`
)

// Tables returns every table, by name.
func Tables(ctx context.Context, s System) ([]Table, error) {
	columns, err := Many(ctx, s, scanNames, allColumns)
	if err != nil {
		return nil, err
	}
	keys, err := Many(ctx, s, scanNames, allKeys)
	if err != nil {
		return nil, err
	}
	parents, err := Many(ctx, s, scanNames, allParents)
	if err != nil {
		return nil, err
	}
	var all []Table
	for _, c := range columns {
		if len(all) == 0 || all[len(all)-1].name != c[0] {
			all = append(all, Table{name: c[0]})
		}
		t := &all[len(all)-1]
		t.columns = append(t.columns, Column{c[1], c[2]})
	}
	for i := range all {
		all[i].key = keyOf(all[i].name, keys)
		for _, p := range parents {
			if p[0] == all[i].name {
				all[i].parents = append(all[i].parents, p[1])
			}
		}
	}
	return all, nil
}

func scanNames(r Row) (v [3]string, err error) {
	err = r.Scan(&v[0], &v[1], &v[2])
	return v, err
}

// keyOf returns the columns of the first unique index of a table that begins
// with the tenant: rows are read in its order without being sorted.
func keyOf(table string, keys [][3]string) (key []string) {
	index := ""
	for _, k := range keys {
		switch {
		case k[0] != table:
		case index == "" && k[2] == ofTenant, k[1] == index:
			index = k[1]
			key = append(key, k[2])
		}
	}
	return key
}

// quoted returns names as SQL reads names, with commas between.
func quoted(names ...string) string {
	all := make([]string, len(names))
	for i, n := range names {
		all[i] = `"` + strings.ReplaceAll(n, `"`, `""`) + `"`
	}
	return strings.Join(all, ", ")
}

// A Filter is a condition beside the one on the tenant.
type Filter struct{ text string }

// Only returns the filter that condition is.
func Only(condition systemText) Filter { return Filter{" AND " + string(condition)} }

// Each hands every row of t that is the tenant's and passes f to do, in the order
// of the table's key, as the values of Columns. One row is in memory at a time;
// do must not keep it.
func Each(ctx context.Context, s Tenant, t Table, f Filter, do func(row []any) error) error {
	columns := t.Columns()
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	if len(t.key) == 0 || len(names) == 0 {
		return fmt.Errorf("sq: table %s has no order of a tenant's rows", t.name)
	}
	q := "SELECT " + quoted(names...) + " FROM " + quoted(t.name) + " WHERE " + quoted(ofTenant) + " = @tenant" + f.text + " ORDER BY " + quoted(t.key...)
	query := s.read.QueryContext
	if s.tx != nil {
		query = s.tx.QueryContext
	}
	rows, err := query(ctx, q, sql.Named("tenant", s.tenant))
	if err != nil {
		return err
	}
	defer rows.Close()
	row, into := make([]any, len(names)), make([]any, len(names))
	for i := range row {
		into[i] = &row[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := do(row); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Rows returns how many rows t has, of whomever.
func Rows(ctx context.Context, s System, t Table) (n int64, err error) {
	query := s.read.QueryRowContext
	if s.tx != nil {
		query = s.tx.QueryRowContext
	}
	err = query(ctx, "SELECT count(*) FROM "+quoted(t.name)).Scan(&n)
	return n, err
}

// Insert adds rows to t for the tenant, inside a transaction. Columns names their
// values; the others take their defaults.
func Insert(ctx context.Context, s Tenant, t Table, columns []string, rows [][]any) error {
	for _, name := range columns {
		if !slices.ContainsFunc(t.Columns(), func(c Column) bool { return c.Name == name }) {
			return fmt.Errorf("sq: table %s has no column %q", t.name, name)
		}
	}
	q := "INSERT INTO " + quoted(t.name) + " (" + quoted(append([]string{ofTenant}, columns...)...) + ") VALUES (?" + strings.Repeat(", ?", len(columns)) + ")"
	st, err := s.tx.PrepareContext(ctx, q)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if _, err := st.ExecContext(ctx, append([]any{s.tenant}, row...)...); err != nil {
			return errors.Join(err, st.Close())
		}
	}
	return st.Close()
}

// Snapshot runs do on one connection, which sees the database as it is at its
// first read whatever is written meanwhile. Nothing can be written there.
func (s Scope[Q]) Snapshot(ctx context.Context, do func(Scope[Q]) error) error {
	t, err := s.read.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer t.Rollback()
	s.write = s.read // its statements are those of the reading connections
	s.tx = &tx{t, map[string]*sql.Stmt{}}
	return do(s)
}
