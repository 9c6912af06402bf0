package store_test

import (
	"context"
	"database/sql"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"unity.internal/app/seal"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

var update = flag.Bool("update", false, "write the golden files")

// machine returns a server that differs from others by its id and name.
func machine(id, name string) store.Server {
	return store.Server{ID: id, Name: name, Host: "h", Port: 22, Username: "root", Auth: "key", Tags: []string{}, PollSeconds: 10, SnapshotMinutes: 30}
}

func TestServer(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	v := machine("s1", "db")
	v.Password = seal.Of([]byte("sealed"))
	v, err := s.Tenant("acme").By("ann", "192.0.2.1").CreateServer(t.Context(), v)
	if err != nil || string(v.Password.Ciphertext()) != "sealed" {
		t.Fatal(v, err)
	}
	for _, tt := range []struct {
		name   string
		tenant store.TenantID
		id     string
		want   error
	}{
		{"own", "acme", "s1", nil},
		{"missing", "acme", "s2", store.ErrNotFound},
		{"another tenant's", "globex", "s1", store.ErrNotFound},
	} {
		t.Run(tt.name, func(t *testing.T) {
			own := s.Tenant(tt.tenant)
			if _, err := own.Server(t.Context(), tt.id); !errors.Is(err, tt.want) {
				t.Errorf("Server: %v, want %v", err, tt.want)
			}
			if _, err := own.UpdateServer(t.Context(), machine(tt.id, "db")); !errors.Is(err, tt.want) {
				t.Errorf("UpdateServer: %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := s.Tenant("acme").UpdateServer(t.Context(), v); !errors.Is(err, store.ErrStale) {
		t.Errorf("an old revision: %v", err)
	}
	rows, err := s.Tenant("acme").AuditRows(t.Context(), store.AuditList{List: store.List{Limit: 9}})
	if err != nil || len(rows.Items) != 2 || rows.Items[1].Actor != "ann" || rows.Items[1].Action != "servers.create" || rows.Items[1].Address != "192.0.2.1" {
		t.Errorf("audit: %+v, %v", rows, err)
	}
}

func TestAFailedTransactionLeavesNothing(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	acme := s.Tenant("acme")
	err := acme.Tx(t.Context(), func(t1 store.Tenant) error {
		if _, err := t1.CreateServer(t.Context(), machine("s1", "db")); err != nil {
			return err
		}
		return t1.Tx(t.Context(), func(t2 store.Tenant) error { // joins: it sees s1
			_, err := t2.CreateServer(t.Context(), machine("s2", "db"))
			return err
		})
	})
	if !errors.Is(err, store.ErrServerName) {
		t.Fatal(err)
	}
	all, err := acme.AllServers(t.Context())
	rows, err2 := acme.AuditRows(t.Context(), store.AuditList{List: store.List{Limit: 9}})
	if err := errors.Join(err, err2); err != nil || len(all) != 0 || len(rows.Items) != 0 {
		t.Fatalf("%v, %v, %v", all, rows, err)
	}
}

func TestManyWritersAndReaders(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			id := strconv.Itoa(i)
			_, err := s.Tenant("acme").CreateServer(t.Context(), machine(id, id))
			_, err2 := s.Tenant("acme").Server(t.Context(), id)
			if err := errors.Join(err, err2); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if rows, err := s.Tenant("acme").VerifyAudit(t.Context()); err != nil || rows != 20 {
		t.Fatal(rows, err)
	}
}

func TestSystemLoopsOverActiveTenants(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	if err := s.System().SetTenantStatus(t.Context(), "globex", "suspended"); err != nil {
		t.Fatal(err)
	}
	all, err := s.System().Tenants(t.Context())
	var ids []store.TenantID
	for _, t := range all {
		ids = append(ids, t.ID)
	}
	if want := []store.TenantID{"acme", "default", "system"}; err != nil || !slices.Equal(ids, want) {
		t.Fatalf("%v, %v", ids, err)
	}
}

func TestTenantsAreSlugs(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	for id, want := range map[store.TenantID]error{
		"acme": nil, "default": store.ErrTenantTaken, "system": store.ErrTenantTaken, "": store.ErrTenantID, "Upper": store.ErrTenantID,
		"-dash": store.ErrTenantID, "a_b": store.ErrTenantID, "ä": store.ErrTenantID, store.TenantID(strings.Repeat("x", 50)): store.ErrTenantID,
	} {
		if err := s.System().CreateTenant(t.Context(), id, "n"); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", id, err, want)
		}
	}
	for _, id := range []store.TenantID{"default", "system"} {
		if err := s.System().SetTenantStatus(t.Context(), id, "suspended"); !errors.Is(err, store.ErrTenantReserved) {
			t.Errorf("%s: %v", id, err)
		}
	}
}

func TestTheAuditShowsWhatWasChanged(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"an edited row":  `UPDATE audit SET thing = 'other' WHERE tenant_id = 'acme' AND seq = 2`,
		"a missing row":  `DELETE FROM audit WHERE tenant_id = 'acme' AND seq = 2`,
		"a swapped pair": `UPDATE audit SET seq = CASE seq WHEN 1 THEN 101 ELSE 102 END WHERE tenant_id = 'acme' AND seq IN (1, 2)`,
		"a moved tenant": `UPDATE audit SET tenant_id = 'globex' WHERE tenant_id = 'acme'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := storetest.Open(t)
			storetest.Tenants(t, s, "acme", "globex")
			for i := range 3 {
				if _, err := s.Tenant("acme").CreateServer(t.Context(), machine(strconv.Itoa(i), strconv.Itoa(i))); err != nil {
					t.Fatal(err)
				}
			}
			if rows, err := s.Tenant("acme").VerifyAudit(t.Context()); err != nil || rows != 3 {
				t.Fatal(rows, err)
			}
			if _, err := s.DB().ExecContext(t.Context(), change); err != nil {
				t.Fatal(err)
			}
			_, err := s.Tenant("acme").VerifyAudit(t.Context())
			_, err2 := s.Tenant("globex").VerifyAudit(t.Context())
			if err == nil && err2 == nil {
				t.Fatal("nothing was noticed")
			}
		})
	}
}

func TestGroupedWrites(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "unity.db")
	s, err := store.Open(t.Context(), path, store.WithSigner(storetest.Sign))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string) func(ctx context.Context, y store.System) error {
		return func(ctx context.Context, y store.System) error {
			return y.CreateTenant(ctx, store.TenantID(name), name)
		}
	}
	s.Later(write("one"))
	s.Later(write("default")) // fails, and takes no other with it
	s.Later(write("two"))
	if err := s.Close(t.Context()); !errors.Is(err, store.ErrTenantTaken) {
		t.Fatal(err)
	}
	if s, err = store.Open(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	all, err := s.System().AllTenants(t.Context())
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path, kept := filepath.Join(dir, "unity.db"), filepath.Join(dir, "checkpoints")
	open := func(change string) error {
		s, err := store.Open(t.Context(), path, store.WithCheckpoints(kept))
		if err != nil {
			return err
		}
		defer s.Close(t.Context())
		if _, err := s.DB().ExecContext(t.Context(), change); err != nil {
			t.Fatal(err)
		}
		return nil
	}
	last := store.SchemaVersion()
	undo := `DROP TABLE cluster_objects; DROP TABLE cluster_states; DROP TABLE clusters; DELETE FROM usage WHERE kind = 'clusters';` +
		fmt.Sprintf(`DELETE FROM goose_db_version WHERE version_id = %d;`, last)
	orphan := undo + `PRAGMA foreign_keys = 0; INSERT INTO memberships (tenant_id, user_id, role) VALUES ('nobody', 'nobody', 'owner');`
	newer := `INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`
	if err := errors.Join(open(undo), open(newer)); err != nil {
		t.Fatal(err)
	}
	if copies, err := filepath.Glob(filepath.Join(kept, "*.db")); err != nil || len(copies) != 1 {
		t.Fatalf("%v, %v: want one checkpoint, before an old file was migrated", copies, err)
	} else if v, err := store.Verify(t.Context(), copies[0]); err != nil || v != last-1 {
		t.Fatalf("the checkpoint is at schema %d, %v", v, err)
	}
	if err := open(""); !errors.Is(err, store.ErrNewer) {
		t.Fatalf("a newer database: %v", err)
	}
	path = filepath.Join(t.TempDir(), "orphan.db")
	if err := open(orphan); err != nil {
		t.Fatal(err)
	}
	if err := open(""); err == nil || !strings.Contains(err.Error(), "memberships points to a missing row") {
		t.Fatalf("a broken reference: %v", err)
	}
}

// TestSchemaGolden shows today's schema in one file, for readers and reviews.
func TestSchemaGolden(t *testing.T) {
	t.Parallel()
	rows, err := storetest.Open(t).DB().QueryContext(t.Context(), `SELECT sql FROM sqlite_schema
		WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'goose_%' ORDER BY tbl_name, type DESC, name`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got strings.Builder
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
		got.WriteString(text + ";\n")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/schema.golden.sql"
	if *update {
		if err := errors.Join(os.MkdirAll("testdata", 0o755), os.WriteFile(golden, []byte(got.String()), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != got.String() {
		t.Fatalf("%v: the schema changed: go test ./store -run Golden -update", err)
	}
}

// TestTenantTablesAreFenced holds the schema against the rules of tables: STRICT,
// and the tenant in the primary key or in a unique key.
func TestTenantTablesAreFenced(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t).DB()
	bad, err := column(t, db, `SELECT t.name FROM pragma_table_list t WHERE t.schema = 'main' AND t.type = 'table'
		AND t.name NOT LIKE 'sqlite_%' AND t.name NOT LIKE 'goose_%' AND NOT t.strict`)
	if err != nil || len(bad) > 0 {
		t.Errorf("not STRICT: %v, %v", bad, err)
	}
	bad, err = column(t, db, `SELECT t.name FROM pragma_table_list t JOIN pragma_table_info(t.name) c ON c.name = 'tenant_id'
		WHERE t.schema = 'main' AND c.pk = 0 AND NOT EXISTS (
			SELECT 1 FROM pragma_index_list(t.name) i JOIN pragma_index_info(i.name) k WHERE i."unique" AND k.seqno = 0 AND k.name = 'tenant_id')`)
	if err != nil || len(bad) > 0 {
		t.Errorf("no key with the tenant: %v, %v", bad, err)
	}
	bad, err = column(t, db, `SELECT t.name || ' -> ' || f."table" FROM pragma_table_list t JOIN pragma_foreign_key_list(t.name) f
		JOIN pragma_table_info(f."table") c ON c.name = 'tenant_id'
		WHERE f."table" <> 'tenants' GROUP BY t.name, f.id HAVING sum(f."from" = 'tenant_id') = 0`)
	if err != nil || len(bad) > 0 {
		t.Errorf("a reference without the tenant: %v, %v", bad, err)
	}
}

func column(t *testing.T, db *sql.DB, q string) (all []string, err error) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), q)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

func TestAFullDiskIsAFaultAndReadsGoOn(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme")
	acme := s.Tenant("acme")
	limit := func(pages int) {
		t.Helper()
		if _, err := s.DB().ExecContext(t.Context(), fmt.Sprintf(`PRAGMA max_page_count = %d`, pages)); err != nil {
			t.Fatal(err)
		}
	}
	limit(1) // SQLite takes the present size for it
	acknowledged := 0
	var err error
	for err == nil && acknowledged < 1000 {
		v := machine(strconv.Itoa(acknowledged), strconv.Itoa(acknowledged))
		v.Notes = strings.Repeat("x", 3000)
		if _, err = acme.CreateServer(t.Context(), v); err == nil {
			acknowledged++
		}
	}
	if !errors.Is(err, store.ErrDiskFull) || acknowledged == 1000 {
		t.Fatalf("after %d writes: %v", acknowledged, err)
	}
	all, err := acme.AllServers(t.Context())
	if err != nil || len(all) != acknowledged {
		t.Fatalf("%d of %d acknowledged rows are there: %v", len(all), acknowledged, err)
	}
	limit(1 << 30)
	if _, err := acme.CreateServer(t.Context(), machine("after", "after")); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	if err := s.Check(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestCopyIsConsistent(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, store.WithClock(func() time.Time { return time.UnixMilli(1) }))
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := s.Copy(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	if v, err := store.Verify(t.Context(), path); err != nil || v != store.SchemaVersion() {
		t.Fatal(v, err)
	}
	if err := os.WriteFile(path, []byte("no database at all, but long enough to have a header"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Verify(t.Context(), path); err == nil {
		t.Fatal("a file that is no database passes")
	}
}
