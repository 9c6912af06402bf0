package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"unity.internal/app/fault"
)

// A Difference is what would change in one table of one tenant if one file took
// the place of another. Tables without tenants stand under the tenant "".
type Difference struct {
	Table  string   `json:"table"`
	Tenant TenantID `json:"tenant" doc:"Empty: what no tenant owns"`
	Appear Rows     `json:"appear"`
	Vanish Rows     `json:"vanish"`
	Change Rows     `json:"change"`
}

// Rows are some rows of a table: how many, and which for example.
type Rows struct {
	N        int64    `json:"n"`
	Examples []string `json:"examples" nullable:"false" doc:"Names and ids, at most three"`
}

const (
	maxExamples = 3
	maxLabel    = 80 // characters of one
)

// ErrOtherSchema says that two files cannot be compared.
var ErrOtherSchema = fault.New(fault.Conflict, "compare.other_schema", "The two databases have different schemas. Bring the older one to this version's schema first.")

// Compare returns, by table and tenant, what would appear, vanish and change if
// the file side took the place of the file live. Both are only read: live may be
// in use, side must not be, and both must have the same schema. What is equal is
// left out, as are the tables of SQLite, goose and Litestream and what a search
// index keeps of other tables.
func Compare(ctx context.Context, live, side string) (all []Difference, err error) {
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: live}).EscapedPath()+"?mode=ro&_pragma=busy_timeout(5000)")
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // what it attaches is seen by this connection only
	if _, err := db.ExecContext(ctx, `ATTACH @side AS side`, sql.Named("side", still(side))); err != nil {
		return nil, fmt.Errorf("open %s: %w", side, err)
	}
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, err
	}
	defer tx.Rollback()
	if err := sameSchema(ctx, tx); err != nil {
		return nil, err
	}
	names, err := texts(ctx, tx, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table'
		AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_litestream_*' AND name <> 'goose_db_version' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		c, err := comparisonOf(ctx, tx, name)
		if err == nil {
			err = c.run(ctx, tx)
		}
		if err != nil {
			return nil, fmt.Errorf("compare %s: %w", name, err)
		}
		all = append(all, c.result()...)
	}
	return all, nil
}

// sameSchema compares the definitions themselves: a version is only a number.
func sameSchema(ctx context.Context, tx *sql.Tx) error {
	var both [2][]string
	for i, schema := range []string{"main", "side"} {
		var err error
		both[i], err = texts(ctx, tx, selecting(`name || ': ' || sql`, quote(schema)+`.sqlite_schema`,
			`type = 'table' AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_litestream_*' ORDER BY name`))
		if err != nil {
			return err
		}
	}
	if !slices.Equal(both[0], both[1]) {
		return ErrOtherSchema
	}
	return nil
}

// selecting is SQL that is put together.
func selecting(columns, from, where string) string {
	return strings.Join([]string{"SELECT", columns, "FROM", from, "WHERE", where}, " ")
}

// A comparison is that of one table. Its SQL is built from the schema's own
// names, because it must work on tables that come later; all of them are quoted.
type comparison struct {
	table   string
	tenant  string   // the column; empty: none
	key     []string // columns that together find one row
	number  string   // the name of the row's number; empty: it has none
	columns []string
	label   []string // columns that may be shown
	found   map[TenantID]*Difference
}

func comparisonOf(ctx context.Context, tx *sql.Tx, table string) (*comparison, error) {
	c := &comparison{table: table, found: map[TenantID]*Difference{}}
	rows, err := tx.QueryContext(ctx, `SELECT name, type, "notnull" FROM pragma_table_info(@table)`, sql.Named("table", table))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	named := map[string]column{}
	for rows.Next() {
		var v column
		if err := rows.Scan(&v.name, &v.kind, &v.full); err != nil {
			return nil, err
		}
		named[v.name] = v
		c.columns = append(c.columns, v.name)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if _, ok := named["tenant_id"]; ok {
		c.tenant = "tenant_id"
	}
	if c.number, err = c.numberOf(ctx, tx); err != nil {
		return nil, err
	}
	if c.key, err = c.keyOf(ctx, tx, named); err != nil {
		return nil, err
	}
	c.label = c.labelOf(named)
	return c, nil
}

// A column of a table, as the schema declares it.
type column struct {
	name, kind string
	full       bool // it is never NULL
}

// keyOf returns what finds a row: the primary key, else the first UNIQUE index
// without NULLs, else the number of the row.
func (c *comparison) keyOf(ctx context.Context, tx *sql.Tx, named map[string]column) ([]string, error) {
	full := func(key []string) bool {
		return len(key) > 0 && !slices.ContainsFunc(key, func(name string) bool { return !named[name].full })
	}
	primary, err := texts(ctx, tx, `SELECT name FROM pragma_table_info(@table) WHERE pk > 0 ORDER BY pk`, sql.Named("table", c.table))
	if err != nil {
		return nil, err
	}
	if full(primary) || len(primary) == 1 && named[primary[0]].kind == "INTEGER" { // that is the number of the row
		return primary, nil
	}
	indexes, err := texts(ctx, tx, `SELECT name FROM pragma_index_list(@table) WHERE "unique" AND NOT partial ORDER BY seq DESC`, sql.Named("table", c.table))
	if err != nil {
		return nil, err
	}
	for _, index := range indexes {
		key, err := texts(ctx, tx, `SELECT coalesce(name, '') FROM pragma_index_info(@index) ORDER BY seqno`, sql.Named("index", index))
		if err != nil {
			return nil, err
		}
		if full(key) {
			return key, nil
		}
	}
	if c.number != "" {
		return []string{c.number}, nil
	}
	return nil, errors.New("no key finds its rows")
}

// numberOf returns the name of the row's number, which a table WITHOUT ROWID
// lacks and columns may hide.
func (c *comparison) numberOf(ctx context.Context, tx *sql.Tx) (string, error) {
	var without bool
	err := tx.QueryRowContext(ctx, `SELECT wr FROM pragma_table_list WHERE schema = 'main' AND name = @table`, sql.Named("table", c.table)).Scan(&without)
	if err != nil || without {
		return "", err
	}
	for _, name := range []string{"rowid", "_rowid_", "oid"} {
		if !slices.ContainsFunc(c.columns, func(column string) bool { return strings.EqualFold(column, name) }) {
			return name, nil
		}
	}
	return "", nil
}

// labelOf returns the columns that name a row to a person: its name or title,
// and its id or those of what it belongs to. Bytes are never among them, nor
// what the vault seals, nor what sounds like a secret.
func (c *comparison) labelOf(named map[string]column) (label []string) {
	may := func(name string) bool {
		v, ok := named[name]
		return ok && (v.kind == "TEXT" || v.kind == "INTEGER") && !secret(c.table, name)
	}
	names := []string{"name", "title", "username"}
	if i := slices.IndexFunc(names, may); i >= 0 {
		label = append(label, names[i])
	}
	if may("id") {
		return append(label, "id")
	}
	for _, name := range c.key {
		if name != c.tenant && strings.HasSuffix(name, "_id") && may(name) {
			label = append(label, name)
		}
	}
	return label
}

// secret reports whether a column may hold one.
func secret(table, column string) bool {
	for _, p := range Places() {
		if p.Name == table+"|"+column {
			return true
		}
	}
	return slices.ContainsFunc([]string{"password", "passphrase", "secret", "hash", "token", "key"}, func(word string) bool {
		return strings.Contains(column, word)
	})
}

// run reads what differs. Most rows are equal and have the same number in both
// files, where they are found without a search; the others are sought by key.
func (c *comparison) run(ctx context.Context, tx *sql.Tx) error {
	t := quote(c.table)
	missing := "l." + quote(c.key[0]) + " IS NULL"
	from := `side.` + t + ` s`
	differs := missing + ` OR NOT (` + same("s", "l", c.columns, " IS ", " COLLATE BINARY") + `)`
	with := ""
	if c.number != "" && c.key[0] != c.number {
		n := quote(c.number)
		from += ` LEFT JOIN main.` + t + ` r ON r.` + n + ` = s.` + n + ` AND ` + same("s", "r", c.columns, " IS ", " COLLATE BINARY")
		with = `r.` + n + ` IS NULL AND `
		differs = with + `(` + differs + `)`
	}
	from += ` LEFT JOIN main.` + t + ` l ON ` + with + same("l", "s", c.key, " = ", "")
	appeared, err := c.read(ctx, tx, selecting(missing+", "+c.head("s."), from, differs), func(d *Difference, missing bool) *Rows {
		if missing {
			return &d.Appear
		}
		return &d.Change
	})
	if err != nil {
		return err
	}
	before, err := rowsOf(ctx, tx, "main."+t)
	after, err2 := rowsOf(ctx, tx, "side."+t)
	if err := errors.Join(err, err2); err != nil || before == after-appeared { // every row of live was met
		return err
	}
	_, err = c.read(ctx, tx, selecting("1, "+c.head("l."), `main.`+t+` l LEFT JOIN side.`+t+` s ON `+same("s", "l", c.key, " = ", ""),
		`s.`+quote(c.key[0])+` IS NULL`), func(d *Difference, _ bool) *Rows { return &d.Vanish })
	return err
}

// head lists the tenant and the label of a row.
func (c *comparison) head(of string) string {
	tenant := `''`
	if c.tenant != "" {
		tenant = of + quote(c.tenant)
	}
	if len(c.label) == 0 {
		return tenant
	}
	return tenant + ", " + quoted(of, c.label)
}

func rowsOf(ctx context.Context, tx *sql.Tx, table string) (n int64, err error) {
	err = tx.QueryRowContext(ctx, selecting("count(*)", table, "true")).Scan(&n)
	return n, err
}

// same compares columns of two rows.
func same(a, b string, columns []string, is, how string) string {
	all := make([]string, len(columns))
	for i, name := range columns {
		all[i] = a + "." + quote(name) + is + b + "." + quote(name) + how
	}
	return strings.Join(all, " AND ")
}

// read counts the rows of q where they belong. It returns how many of them began
// with a true value.
func (c *comparison) read(ctx context.Context, tx *sql.Tx, q string, where func(d *Difference, missing bool) *Rows) (n int64, err error) {
	rows, err := tx.QueryContext(ctx, q)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	var missing bool
	var tenant TenantID
	label := make([]sql.NullString, len(c.label))
	into := []any{&missing, &tenant}
	for i := range label {
		into = append(into, &label[i])
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return 0, err
		}
		if missing {
			n++
		}
		d := c.found[tenant]
		if d == nil {
			d = &Difference{Table: c.table, Tenant: tenant}
			c.found[tenant] = d
		}
		r := where(d, missing)
		if r.N++; r.N <= maxExamples {
			r.Examples = append(r.Examples, text(label))
		}
	}
	return n, rows.Err()
}

// text joins what names a row, as far as one line takes it.
func text(label []sql.NullString) string {
	var parts []string
	for _, v := range label {
		if v.String != "" {
			parts = append(parts, v.String)
		}
	}
	all := []rune(strings.Join(parts, " · "))
	if len(all) > maxLabel {
		return string(all[:maxLabel-1]) + "…"
	}
	return string(all)
}

// result returns what was found, by tenant.
func (c *comparison) result() []Difference {
	var all []Difference
	for _, id := range slices.Sorted(maps.Keys(c.found)) {
		d := *c.found[id]
		for _, r := range []*Rows{&d.Appear, &d.Vanish, &d.Change} {
			r.Examples = slices.DeleteFunc(append([]string{}, r.Examples...), func(s string) bool { return s == "" })
		}
		all = append(all, d)
	}
	return all
}
