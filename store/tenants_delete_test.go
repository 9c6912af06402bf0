package store_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"unity.internal/store"
	"unity.internal/store/storetest"
)

// owned returns the tables with a tenant_id, and the column that names the tenant
// in the one table that calls it otherwise.
func owned(t *testing.T, s *store.Store) map[string]string {
	t.Helper()
	rows, err := s.DB().QueryContext(t.Context(), `SELECT m.name FROM sqlite_schema m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND c.name = 'tenant_id'`)
	must(t, err)
	defer rows.Close()
	all := map[string]string{"sessions": "home"}
	for rows.Next() {
		var name string
		must(t, rows.Scan(&name))
		all[name] = "tenant_id"
	}
	must(t, rows.Err())
	return all
}

func TestEveryTableOfTenantsIsEmptied(t *testing.T) {
	t.Parallel()
	all := owned(t, storetest.Open(t))
	for name := range all {
		if !slices.Contains(store.Tables(), name) {
			t.Errorf("%s: its rows would go in one step with the tenant. Add it to the tables of store/tenants_delete.go", name)
		}
	}
	if len(all) != len(store.Tables()) {
		t.Errorf("%d tables, %d in the list", len(all), len(store.Tables()))
	}
}

// furnishSQL puts a row or more into every table of a tenant.
const furnishSQL = `
INSERT INTO users (id, username, name_key, password, created_at, changed_at) VALUES ('u-' || ?1, ?1, ?1, '', 0, 0);
INSERT INTO memberships (tenant_id, user_id, role) VALUES (?1, 'u-' || ?1, 'owner');
INSERT INTO sessions (id, user_id, home, kind, hash, address, agent, created_at, seen_at, expires_at)
	VALUES ('s-' || ?1, 'u-' || ?1, ?1, 'browser', CAST(?1 AS BLOB), '', '', 0, 0, 0);
INSERT INTO settings (tenant_id) VALUES (?1);
INSERT INTO audit_anchors (tenant_id, seq, mac, at, signature) VALUES (?1, 1, x'00', 0, x'00');
INSERT INTO keysets (tenant_id, keyset, secret, created_at) VALUES (?1, x'00', x'00', 0);
INSERT INTO api_keys (tenant_id, id, user_id, name, hint, hash, permissions, created_at) VALUES (?1, 'k', 'u-' || ?1, '', '', CAST(?1 AS BLOB), '[]', 0);
INSERT INTO invitations (tenant_id, id, role, hash, invited_by, created_at, expires_at) VALUES (?1, 'i', 'viewer', CAST(?1 AS BLOB), '', 0, 0);
INSERT INTO servers (tenant_id, id, name, host, port, username, auth, poll_seconds, snapshot_minutes, created_at)
	VALUES (?1, 'v', 'v', 'v', 22, 'u', 'key', 10, 30, 0);
INSERT INTO server_states (tenant_id, server_id, state, since, seen_at) VALUES (?1, 'v', 'up', 0, 0);
INSERT INTO host_keys (tenant_id, server_id) VALUES (?1, 'v');
INSERT INTO snapshots (tenant_id, id, server_id, taken_at, sections) VALUES (?1, 'n', 'v', 0, '{}');
INSERT INTO snapshot_sections (tenant_id, server_id, hash, data) VALUES (?1, 'v', x'00', x'0000');
INSERT INTO jobs (tenant_id, id, kind, thing, title, actor, state, created_at) VALUES (?1, 'j', '', '', '', '', 'done', 0);
INSERT INTO series (tenant_id, id, server_id, metric, labels) VALUES (?1, 1, 'v', 'm', '{}');
INSERT INTO chunks (tenant_id, series_id, start, end, count, data) VALUES (?1, 1, 0, 1, 1, x'000000');
INSERT INTO windows (tenant_id, closed_until) VALUES (?1, 0);
INSERT INTO thresholds (tenant_id, id, name, metric, condition, value, for_seconds, severity, enabled, created_at)
	VALUES (?1, 't', 't', 'm', 'gt', 1, 0, 'info', 1, 0);
INSERT INTO alerts (tenant_id, id, key, threshold_id, server_id, title, message, severity, state, labels, started_at)
	VALUES (?1, 'a', 'a', 't', 'v', '', '', 'info', 'firing', '{}', 0);
INSERT INTO alert_events (tenant_id, id, alert_id, at, kind, text) VALUES (?1, 'e', 'a', 0, '', '');
INSERT INTO silences (tenant_id, id, source, actor, starts_at, ends_at, created_at) VALUES (?1, 'q', 'mute', '', 0, 1, 0);
INSERT INTO channels (tenant_id, id, name, type, enabled, config, created_at) VALUES (?1, 'c', 'c', 'ntfy', 1, '{}', 0);
INSERT INTO deliveries (tenant_id, id, channel_id, channel_name, alert_id, event, payload, state, next_at, created_at)
	VALUES (?1, 'd', 'c', 'c', 'a', 'test', '{}', 'queued', 0, 0);
INSERT INTO journal (tenant_id, seq, min_ts, max_ts, count, data)
	WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 12000) SELECT ?1, i, 0, 0, 1, x'00' FROM n;`

// furnishNew does the same for tables that came later.
const furnishNew = `INSERT INTO imports (tenant_id, export, started_at, ended_at) VALUES (?1, 'e', 0, 0);
INSERT INTO clusters (tenant_id, id, name, source, server, context, notes, created_at) VALUES (?1, 'k', 'k', 'kubeconfig', '', '', '', 0);
INSERT INTO cluster_states (tenant_id, cluster_id, state, reason, since, synced_at, facts) VALUES (?1, 'k', 'synced', '', 0, 0, '{}');
INSERT INTO cluster_objects (tenant_id, cluster_id, kind, seen_at, count, data) VALUES (?1, 'k', 'pods', 0, 1, x'');`

// rowsOf counts what a tenant has, by table.
func rowsOf(t *testing.T, s *store.Store, tenant store.TenantID) map[string]int64 {
	t.Helper()
	counts := map[string]int64{}
	for name, column := range owned(t, s) {
		var n int64
		must(t, s.DB().QueryRowContext(t.Context(), `SELECT count(*) FROM `+name+` WHERE `+column+` = ?`, string(tenant)).Scan(&n))
		counts[name] = n
	}
	return counts
}

func TestATenantGoesWithAllItHas(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	for _, id := range []store.TenantID{"acme", "globex"} {
		_, err := s.DB().ExecContext(t.Context(), furnishSQL+furnishNew, string(id))
		must(t, err)
		must(t, s.Tenant(id).Record(t.Context(), store.Audit{Action: "a", Thing: "t", Result: "done"}))
	}
	before := rowsOf(t, s, "globex")
	for name, n := range rowsOf(t, s, "acme") {
		if n == 0 {
			t.Errorf("nothing in %s: the test proves nothing of it", name)
		}
	}
	y := s.System().By("root", "192.0.2.1")
	contents, err := y.Contents(t.Context(), "acme")
	if err != nil || !slices.Contains(contents, store.Content{Kind: "servers", N: 1}) || !slices.Contains(contents, store.Content{Kind: "storage_bytes", N: 12005}) {
		t.Fatal(contents, err)
	}
	if _, err := y.DeleteTenant(t.Context(), "acme", func(string, int, int, int64) {}); err == nil {
		t.Fatal("an open tenant is deleted")
	}
	must(t, y.CloseTenant(t.Context(), "acme"))
	must(t, y.CloseTenant(t.Context(), "acme"))
	if _, err := s.Tenant("acme").CreateServer(t.Context(), machine("late", "late")); !errors.Is(err, store.ErrNotFound) {
		t.Fatal("a closed tenant is written to", err)
	}
	if err := y.SetTenantStatus(t.Context(), "acme", "active"); !errors.Is(err, store.ErrTenantDeleting) {
		t.Fatal("a tenant comes back", err)
	}
	if active, err := y.Tenants(t.Context()); err != nil || len(active) != 3 {
		t.Fatal(active, err)
	}
	ctx, cancel := context.WithCancel(t.Context()) // a stop in the middle
	_, err = y.DeleteTenant(ctx, "acme", func(table string, _, _ int, rows int64) {
		if table == "journal" && rows >= 2*store.MaxStep {
			cancel()
		}
	})
	if left := rowsOf(t, s, "acme"); !errors.Is(err, context.Canceled) || left["keysets"] != 0 || left["journal"] != 2000 {
		t.Fatal(left, err)
	}
	again, err := store.Open(t.Context(), s.Path(), store.WithSigner(storetest.Sign)) // and the start after it
	must(t, err)
	defer again.Close(t.Context())
	if all, err := again.System().Leaving(t.Context()); err != nil || !slices.Equal(all, []store.TenantID{"acme"}) {
		t.Fatal(all, err)
	}
	steps := 0
	_, err = again.System().DeleteTenant(t.Context(), "acme", func(string, int, int, int64) { steps++ })
	must(t, err)
	for name, n := range rowsOf(t, s, "acme") {
		if n != 0 {
			t.Errorf("%d rows are left in %s", n, name)
		}
	}
	for name, n := range rowsOf(t, s, "globex") {
		if n != before[name] {
			t.Errorf("another tenant had %d rows in %s, and has %d", before[name], name, n)
		}
	}
	if _, err := y.TenantInfo(t.Context(), "acme"); !errors.Is(err, store.ErrNotFound) || steps < len(store.Tables()) {
		t.Fatal(err, steps)
	}
	audit, err := y.Own().AuditRows(t.Context(), store.AuditList{List: store.List{Q: "tenants.delete", Limit: 9}})
	if err != nil || len(audit.Items) != 2 || audit.Items[1].Actor != "root" || audit.Items[0].Action != "tenants.deleted" {
		t.Fatalf("%+v %v", audit.Items, err)
	}
	storetest.Tenants(t, again, "acme") // its name is free again
	_, err = again.Tenant("acme").CreateServer(t.Context(), machine("new", "new"))
	must(t, err)
}

func TestTheAppliancesOwnTenantsStay(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	for _, id := range []store.TenantID{store.SystemTenant, store.DefaultTenant} {
		if err := s.System().CloseTenant(t.Context(), id); !errors.Is(err, store.ErrTenantReserved) {
			t.Fatal(id, err)
		}
	}
	if err := s.System().CloseTenant(t.Context(), "nope"); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
}
