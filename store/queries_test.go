package store_test

import (
	"context"
	"database/sql"
	"go/ast"
	"go/constant"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/packages"
	"unity.internal/store/storetest"
)

// reviewed lists the queries that may see the rows of every tenant: those that
// store.System runs on tenant tables.
var reviewed = []string{
	`SELECT tenant_id, user_id, role, grants, source, given_by, created_at FROM memberships`,
	`SELECT id, tenant_id, user_id, name, hint, permissions, created_at, expires_at, used_at, hash FROM api_keys`,
	`SELECT tenant_id, kind, n FROM usage`,
	`SELECT tenant_id FROM invitations WHERE hash = @hash`,
	`SELECT tenant_id FROM imports WHERE ended_at IS NULL`,
	`SELECT tenant_id FROM settings WHERE json_extract(data, '$.require_second_factor')`,
	`SELECT "table", parent FROM pragma_foreign_key_check`,
	`SELECT 'tenant', id FROM tenants WHERE id NOT IN ('system', 'default')
	UNION ALL SELECT 'tenant', name FROM tenants WHERE id <> 'system' AND name <> 'Home'
	UNION ALL SELECT 'server', name FROM servers
	UNION ALL SELECT 'host', host FROM servers WHERE auth <> 'local'
	UNION ALL SELECT 'cluster', name FROM clusters
	UNION ALL SELECT 'cluster', context FROM clusters
	UNION ALL SELECT 'place', server FROM clusters
	UNION ALL SELECT 'user', username FROM servers WHERE username <> 'root'
	UNION ALL SELECT 'user', username FROM users
	UNION ALL SELECT 'email', email FROM users
	UNION ALL SELECT 'email', email FROM invitations
	UNION ALL SELECT 'user', name FROM identities
	UNION ALL SELECT 'provider', name FROM providers
	UNION ALL SELECT 'place', issuer FROM providers
	UNION ALL SELECT 'place', j.value FROM settings, json_tree(data) j
		WHERE j.type = 'text' AND length(j.value) < 500 AND (j.value GLOB '*[.@/:]*' OR typeof(j.key) = 'integer' OR j.key IN ('key_name', 'eab_key_id'))
	UNION ALL SELECT 'host', name FROM tls_attempts
	UNION ALL SELECT 'place', j.value FROM channels, json_tree(config) j
		WHERE j.type = 'text' AND (j.value GLOB '*[.@/:]*' OR j.key IN ('host', 'topic', 'username'))
	UNION ALL SELECT 'place', j.value FROM backup, json_tree(replica) j
		WHERE j.type = 'text' AND (j.value GLOB '*[.@/:]*' OR j.key IN ('username', 'access_key'))
	UNION ALL SELECT 'place', j.value FROM backup, json_tree(target) j
		WHERE j.type = 'text' AND (j.value GLOB '*[.@/:]*' OR j.key IN ('username', 'access_key'))`,
	`UPDATE jobs SET state = 'interrupted', rev = rev + 1, ended_at = @now,
			error = 'The appliance stopped while this was running. Start it again.'
			WHERE state IN ('queued', 'running')`,
}

var (
	verb  = regexp.MustCompile(`(?i)^\s*(SELECT|INSERT|UPDATE|DELETE|REPLACE|WITH)\s`)
	named = regexp.MustCompile(`@(\w+)`)
	scans = regexp.MustCompile(`^SCAN (\w+)`)
)

// TestQueries holds every SQL constant of this package against the real schema.
func TestQueries(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	pkgs, err := packages.Load(&packages.Config{
		Context: t.Context(), Mode: packages.LoadSyntax,
		Env: append(os.Environ(), "CGO_ENABLED=0"), // shares what the release build compiled
	}, ".")
	if err != nil || packages.PrintErrors(pkgs) > 0 {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, file := range pkgs[0].Syntax {
		ast.Inspect(file, func(n ast.Node) bool {
			e, ok := n.(ast.Expr)
			if !ok {
				return true
			}
			v := pkgs[0].TypesInfo.Types[e].Value
			if v == nil || v.Kind() != constant.String {
				return true
			}
			if q := constant.StringVal(v); verb.MatchString(q) && !seen[q] {
				seen[q] = true
				for _, why := range c.check(t.Context(), q) {
					t.Errorf("%s: %s\n%s", pkgs[0].Fset.Position(n.Pos()), why, q)
				}
			}
			return false // the whole constant, not its parts
		})
	}
	for _, q := range reviewed {
		if !seen[q] {
			t.Errorf("reviewed, but not there: %s", q)
		}
	}
	if len(seen) < 12 {
		t.Errorf("found only %d queries", len(seen))
	}
}

// TestQueriesAreGuarded proves that TestQueries can fail.
func TestQueriesAreGuarded(t *testing.T) {
	t.Parallel()
	c := newChecker(t)
	for q, want := range map[string]string{
		`SELECT color FROM servers WHERE tenant_id = @tenant AND id = @id`:              "no such column: color",
		`SELECT name FROM servers WHERE id = @id`:                                       "without @tenant",
		`DELETE FROM snapshots`:                                                         "without @tenant",
		`SELECT s.name FROM servers s WHERE s.name = @tenant`:                           "reads a whole table: SCAN s",
		`SELECT id FROM servers WHERE tenant_id = @tenant ORDER BY port LIMIT @limit`:   "sorts: USE TEMP B-TREE",
		`SELECT name FROM servers WHERE tenant_id = @tenant AND id = @id ORDER BY name`: "",
		`SELECT count(*) FROM audit WHERE action = @action AND @tenant <> ''`:           "reads a whole table: SCAN audit",
	} {
		got := strings.Join(c.check(t.Context(), q), "; ")
		if !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s\ngot %q, want %q", q, got, want)
		}
	}
}

// A checker knows which tables hold rows of tenants.
type checker struct {
	db     *sql.DB
	others []string       // tables that a query may read whole
	owned  *regexp.Regexp // the name of a table with a tenant_id
}

func newChecker(t *testing.T) checker {
	t.Helper()
	c := checker{db: storetest.Open(t).DB(), others: []string{"json_each", "CONSTANT", "pragma_foreign_key_check", "sqlite_schema", "pragma_table_list", "pragma_table_info", "pragma_index_list", "pragma_index_info"}}
	rows, err := c.db.QueryContext(t.Context(), `SELECT m.name, EXISTS (
		SELECT 1 FROM pragma_table_info(m.name) c WHERE c.name = 'tenant_id') FROM sqlite_schema m WHERE m.type = 'table'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var owned []string
	for rows.Next() {
		var name string
		var ofTenant bool
		if err := rows.Scan(&name, &ofTenant); err != nil {
			t.Fatal(err)
		}
		if ofTenant {
			owned = append(owned, name)
		} else {
			c.others = append(c.others, name)
		}
	}
	if err := rows.Err(); err != nil || len(owned) == 0 {
		t.Fatal("no tenant tables", err)
	}
	c.owned = regexp.MustCompile(`\b(` + strings.Join(owned, "|") + `)\b`)
	return c
}

// check returns what is wrong with q. It fails to be explained if it does not fit the schema.
func (c checker) check(ctx context.Context, q string) (bad []string) {
	free := slices.Contains(reviewed, q)
	if c.owned.MatchString(q) && !strings.Contains(q, "@tenant") && !free {
		bad = append(bad, "names a tenant's table without @tenant")
	}
	var args []any
	for _, m := range named.FindAllStringSubmatch(q, -1) {
		args = append(args, sql.Named(m[1], ""))
	}
	rows, err := c.db.QueryContext(ctx, "EXPLAIN QUERY PLAN "+q, args...)
	if err != nil {
		return append(bad, err.Error())
	}
	defer rows.Close()
	for rows.Next() {
		var step string
		if err := rows.Scan(new(int), new(int), new(int), &step); err != nil {
			return append(bad, err.Error())
		}
		if m := scans.FindStringSubmatch(step); m != nil && !slices.Contains(c.others, m[1]) && !free {
			bad = append(bad, "reads a whole table: "+step)
		}
		if strings.Contains(step, "TEMP B-TREE") && strings.Contains(q, "LIMIT") {
			bad = append(bad, "sorts: "+step)
		}
	}
	if err := rows.Err(); err != nil {
		bad = append(bad, err.Error())
	}
	return bad
}
