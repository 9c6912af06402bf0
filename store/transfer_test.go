package store_test

import (
	"slices"
	"testing"

	"unity.internal/store"
	"unity.internal/store/storetest"
)

// reaches returns every table whose rows are a tenant's: by a tenant_id, or
// because they refer to a tenant or to such a row.
func reaches(t *testing.T, s *store.Store) map[string]bool {
	t.Helper()
	rows, err := s.DB().QueryContext(t.Context(), `SELECT m.name, coalesce(f."table", ''), EXISTS (
		SELECT 1 FROM pragma_table_info(m.name) c WHERE c.name = 'tenant_id')
		FROM sqlite_schema m LEFT JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'`)
	must(t, err)
	defer rows.Close()
	all, parents := map[string]bool{"tenants": true}, map[string][]string{}
	for rows.Next() {
		var name, parent string
		var owned bool
		must(t, rows.Scan(&name, &parent, &owned))
		parents[name] = append(parents[name], parent)
		if owned {
			all[name] = true
		}
	}
	must(t, rows.Err())
	for before := 0; before != len(all); {
		before = len(all)
		for name, refers := range parents {
			if slices.ContainsFunc(refers, func(p string) bool { return all[p] }) {
				all[name] = true
			}
		}
	}
	delete(all, "tenants") // what is said of a tenant is exported by itself
	return all
}

// TestNoTableIsForgottenByAnExport asks who adds a table of tenants: an export
// holds it, or says why not.
func TestNoTableIsForgottenByAnExport(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	var exported []string
	must(t, s.Tenant("acme").Export(t.Context(), func(e *store.Export) error {
		exported = e.Tables()
		for _, table := range exported {
			must(t, e.Rows(t.Context(), table, func([]any) error { return nil })) // it has an order
		}
		return nil
	}))
	all := reaches(t, s)
	for name := range all {
		if slices.Contains(exported, name) == (store.Stays()[name] != "") {
			t.Errorf("%s: no export holds it. Give it a tenant_id and a key that begins with it, or say in store/transfer.go why it stays", name)
		}
	}
	for name, why := range store.Stays() {
		if !all[name] || why == "" {
			t.Errorf("%s stays, but is no table of tenants, or nobody says why", name)
		}
	}
	for _, order := range [][2]string{{"servers", "snapshots"}, {"servers", "host_keys"}, {"alerts", "alert_events"}, {"servers", "thresholds"}} {
		if slices.Index(exported, order[0]) > slices.Index(exported, order[1]) {
			t.Errorf("%s come before %s", order[1], order[0])
		}
	}
}

// TestWhatTenantsSealIsFoundInTheirRows: an export would else take a secret along
// that nobody can open.
func TestWhatTenantsSealIsFoundInTheirRows(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	l, err := s.System().Landing(t.Context())
	must(t, err)
	own := 0
	for _, p := range store.Places() {
		if p.Own {
			own++
		}
	}
	spots := store.Spots()
	if len(spots)+own != len(store.Places()) || len(spots) < 5 {
		t.Errorf("%d spots, %d of the appliance, %d places", len(spots), own, len(store.Places()))
	}
	for _, v := range spots {
		want := "BLOB"
		if v.Member != "" {
			want = "TEXT"
		}
		if l.Type(v.Table, v.Column) != want || v.Bound == "" && l.Type(v.Table, "id") != "TEXT" {
			t.Errorf("%+v is in no column of %s, or in a row without an id", v, want)
		}
	}
}
