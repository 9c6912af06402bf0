package store_test

import (
	"bytes"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"unity.internal/app/seal"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// lay runs SQL on a file, which it makes if need be.
func lay(t testing.TB, path string, queries ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	must(t, err)
	defer db.Close()
	for _, q := range queries {
		_, err := db.ExecContext(t.Context(), q)
		must(t, err)
	}
}

// pair makes two equal files with a space and a percent sign in their names, and then
// changes one of them.
func pair(t *testing.T, schema []string, change ...string) (live, side string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "50 % full")
	must(t, os.Mkdir(dir, 0o700))
	live, side = filepath.Join(dir, "live.db"), filepath.Join(dir, "side.db")
	lay(t, live, append(schema, fmt.Sprintf(`VACUUM INTO '%s'`, side))...)
	lay(t, side, change...)
	return live, side
}

func TestEachKindOfDifferenceIsFoundByEachKindOfKey(t *testing.T) {
	t.Parallel()
	columns := `tenant_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT, v ANY, `
	for name, table := range map[string]string{
		"primary key":         `(` + columns + `PRIMARY KEY (tenant_id, id)) STRICT`,
		"without rowid":       `(` + columns + `PRIMARY KEY (tenant_id, id)) STRICT, WITHOUT ROWID`,
		"number":              `(n INTEGER PRIMARY KEY, ` + strings.TrimSuffix(columns, ", ") + `) STRICT`,
		"unique":              `(` + columns + `UNIQUE (tenant_id, id)) STRICT`,
		"unique and nullable": `(` + columns + `u TEXT UNIQUE, UNIQUE (tenant_id, id)) STRICT`,
		"nothing":             `(` + strings.TrimSuffix(columns, ", ") + `) STRICT`,
		"hidden number":       `(` + columns + `rowid TEXT, UNIQUE (tenant_id, id))`,
		"any case":            `(tenant_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT COLLATE NOCASE, v, UNIQUE (tenant_id, id))`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fill := `INSERT INTO "odd ""name" (tenant_id, id, name, v) VALUES ('a', '1', 'one', 1), ('a', '2', 'two', NULL), ('a', '3', NULL, 'x'), ('b', '1', 'other', x'00')`
			live, side := pair(t, []string{`CREATE TABLE "odd ""name" ` + table, fill},
				`DELETE FROM "odd ""name" WHERE tenant_id = 'b'`,
				`UPDATE "odd ""name" SET v = 5 WHERE id = '2'`, `UPDATE "odd ""name" SET v = NULL WHERE id = '3'`, `UPDATE "odd ""name" SET name = 'ONE' WHERE id = '1'`,
				`INSERT INTO "odd ""name" (tenant_id, id, name, v) VALUES ('c', '9', 'new', 1)`)
			if name == "nothing" || name == "number" { // else the new row gets the number of the one that is gone
				lay(t, side, `UPDATE "odd ""name" SET rowid = 77 WHERE id = '9'`)
			}
			got, err := store.Compare(t.Context(), live, side)
			want := []store.Difference{
				{Table: `odd "name`, Tenant: "a", Appear: rows(0), Vanish: rows(0), Change: rows(3, "ONE · 1", "two · 2", "3")},
				{Table: `odd "name`, Tenant: "b", Appear: rows(0), Vanish: rows(1, "other · 1"), Change: rows(0)},
				{Table: `odd "name`, Tenant: "c", Appear: rows(1, "new · 9"), Vanish: rows(0), Change: rows(0)},
			}
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%+v, %v", got, err)
			}
			got, err = store.Compare(t.Context(), live, live)
			if err != nil || len(got) != 0 {
				t.Errorf("equal files: %+v, %v", got, err)
			}
		})
	}
}

func rows(n int64, examples ...string) store.Rows {
	return store.Rows{N: n, Examples: append([]string{}, examples...)}
}

// TestRowsInAnotherOrderAreEqual writes the same rows with other numbers.
func TestRowsInAnotherOrderAreEqual(t *testing.T) {
	t.Parallel()
	live, side := pair(t, []string{
		`CREATE TABLE things (tenant_id TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (tenant_id, id)) STRICT`,
		`WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000)
			INSERT INTO things SELECT 't' || (i % 3), i, 'thing ' || i FROM n`,
	}, `CREATE TEMP TABLE kept AS SELECT * FROM things ORDER BY name DESC`, `DELETE FROM things`)
	lay(t, side, `DELETE FROM things`, `ATTACH '`+live+`' AS live`)
	db, err := sql.Open("sqlite", "file:"+side)
	must(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(t.Context(), `ATTACH '`+live+`' AS live; INSERT INTO main.things SELECT * FROM live.things ORDER BY name DESC`)
	must(t, err)
	if got, err := store.Compare(t.Context(), live, side); err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	before, err := store.DigestFile(t.Context(), live)
	must(t, err)
	after, err := store.DigestFile(t.Context(), side)
	if err != nil || !reflect.DeepEqual(before, after) || before[0].Rows != 5000 {
		t.Errorf("%v, %v, %v", before, after, err)
	}
}

func TestADigestKnowsWhatARowHolds(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]string{
		"a value":             `UPDATE things SET name = 'tvo' WHERE id = '2'`,
		"a byte":              `UPDATE things SET data = x'01ff03' WHERE id = '1'`,
		"nothing is no text":  `UPDATE things SET name = '' WHERE id = '3'`,
		"text is no bytes":    `UPDATE things SET v = CAST(v AS BLOB) WHERE id = '1'`,
		"a moved border":      `UPDATE things SET id = '1o', name = 'ne' WHERE id = '1'`,
		"a row more":          `INSERT INTO things (id, name) VALUES ('4', 'four')`,
		"the same row twice":  `INSERT INTO things SELECT * FROM things WHERE id = '1'`,
		"a row less":          `DELETE FROM things WHERE id = '3'`,
		"two swapped columns": `UPDATE things SET name = v, v = name WHERE id = '1'`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			live, side := pair(t, []string{
				`CREATE TABLE things (id TEXT NOT NULL, name TEXT, v ANY, data BLOB) STRICT`, `CREATE TABLE others (id TEXT NOT NULL) STRICT`,
				`CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)`,
				`INSERT INTO things VALUES ('1', 'one', 'x', x'010203'), ('2', 'two', 1.5, NULL), ('3', NULL, 7, NULL)`, `INSERT INTO others VALUES ('1')`,
			}, `INSERT INTO _litestream_seq VALUES (1, 5)`, `INSERT INTO others VALUES ('2')`, `DELETE FROM others WHERE id = '2'`)
			digest := func(path string) store.Digests {
				t.Helper()
				d, err := store.DigestFile(t.Context(), path)
				must(t, err)
				return d
			}
			before := digest(live)
			if after := digest(side); !reflect.DeepEqual(before, after) || len(before) != 2 || before.Differ(after) != nil {
				t.Fatalf("%+v, %+v", before, after)
			}
			lay(t, side, `PRAGMA page_size = 8192`, `VACUUM`)
			if after := digest(side); !reflect.DeepEqual(before, after) {
				t.Fatalf("after VACUUM: %+v, %+v", before, after)
			}
			lay(t, side, change)
			if names := digest(side).Differ(before); !reflect.DeepEqual(names, []string{"things"}) {
				t.Errorf("%v differ", names)
			}
			lay(t, side, `DROP TABLE others`)
			if names := digest(side).Differ(before); !reflect.DeepEqual(names, []string{"others", "things"}) {
				t.Errorf("%v differ", names)
			}
		})
	}
}

func TestAViewDoesNotSeeWhatIsWrittenSince(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	before, err := s.Digest(t.Context())
	must(t, err)
	v, err := s.Snapshot(t.Context())
	must(t, err)
	storetest.Tenants(t, s, "acme")
	held, err := v.Digest(t.Context())
	if err := errors.Join(err, v.Close()); err != nil || !reflect.DeepEqual(before, held) {
		t.Errorf("%v, %v", before.Differ(held), err)
	}
	after, err := s.Digest(t.Context())
	if got := before.Differ(after); err != nil || !reflect.DeepEqual(got, []string{"audit", "tenants", "usage"}) {
		t.Errorf("%v, %v", got, err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	must(t, s.Copy(t.Context(), path))
	if copied, err := store.DigestFile(t.Context(), path); err != nil || !reflect.DeepEqual(copied, after) {
		t.Errorf("%v, %v", copied.Differ(after), err)
	}
}

// TestNoExampleShowsASecret writes a marker into every column of every table
// that could hold a secret, and looks for it in what would vanish.
func TestNoExampleShowsASecret(t *testing.T) {
	t.Parallel()
	const marker = "MARKER-SECRET"
	s := storetest.Open(t)
	empty := filepath.Join(t.TempDir(), "empty.db")
	must(t, s.Copy(t.Context(), empty))
	home := s.Tenant(store.DefaultTenant)
	v := machine("s1", "db")
	v.Password, v.PrivateKey, v.Passphrase = seal.Of([]byte(marker)), seal.Of([]byte(marker)), seal.Of([]byte(marker))
	_, err := home.CreateServer(t.Context(), v)
	must(t, err)
	_, err = home.CreateChannel(t.Context(), store.Channel{ID: "c1", Name: "phone", Type: "ntfy", Config: map[string]any{"token": marker}, Secrets: seal.Of([]byte(marker))})
	must(t, err)
	_, err = home.SetSSHKey(t.Context(), marker, seal.Of([]byte(marker)))
	must(t, err)
	storetest.User(t, s, store.User{ID: "u1", Username: "lea"})
	must(t, s.System().CreateLink(t.Context(), store.Link{User: "u1", Hash: []byte(marker), Kind: store.LinkSignIn, Expires: time.Now().Add(time.Hour)}))
	must(t, s.System().CreateSession(t.Context(), store.Session{ID: "n1", User: "u1", Home: home.ID, Kind: "browser", Hash: []byte(marker), Agent: marker, Expires: time.Now().Add(time.Hour)}))
	must(t, s.System().PutCert(t.Context(), "keys/"+marker, []byte(marker)))
	_, err = s.DB().ExecContext(t.Context(), `INSERT INTO totp (user_id, secret, created_at) VALUES ('u1', CAST(@m AS BLOB), 0);
		UPDATE users SET password = @m; INSERT INTO recovery_codes (user_id, hash) VALUES ('u1', CAST(@m AS BLOB))`, sql.Named("m", marker))
	must(t, err)
	got, err := store.Compare(t.Context(), s.Path(), empty) // the live file is in use
	must(t, err)
	text, err := json.Marshal(got)
	must(t, err)
	if strings.Contains(string(text), marker) || bytes.Contains(text, []byte("=")) {
		t.Errorf("a secret shows: %s", text)
	}
	for _, want := range []string{`"db · s1"`, `"phone · c1"`, `"lea · u1"`, `"table":"links","tenant":"","appear":{"n":0,"examples":[]},"vanish":{"n":1,"examples":[]}`, `"table":"totp"`, `"table":"settings","tenant":"default"`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in %s", want, text)
		}
	}
}

func TestTenantsAreToldApart(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	for i := range 5 {
		_, err := s.Tenant("acme").CreateServer(t.Context(), machine(strconv.Itoa(i), strings.Repeat("ä", 100)+strconv.Itoa(i)))
		must(t, err)
	}
	side := filepath.Join(t.TempDir(), "side.db")
	must(t, s.Copy(t.Context(), side))
	_, err := s.Tenant("globex").CreateServer(t.Context(), machine("1", "theirs"))
	must(t, err)
	must(t, s.Tenant("acme").DeleteServer(t.Context(), "1", store.AnyRev))
	got, err := store.Compare(t.Context(), s.Path(), side)
	must(t, err)
	seen := map[string]string{}
	for _, d := range got {
		if d.Table == "servers" {
			seen[string(d.Tenant)] = fmt.Sprint(d.Appear.N, d.Vanish.N, d.Change.N)
		}
		for _, e := range d.Appear.Examples {
			if len([]rune(e)) > 80 {
				t.Errorf("%q is long", e)
			}
		}
	}
	if want := map[string]string{"acme": "1 0 0", "globex": "0 1 0"}; !reflect.DeepEqual(seen, want) {
		t.Errorf("%v", got)
	}
}

func TestOtherSchemasAreNotCompared(t *testing.T) {
	t.Parallel()
	live, side := pair(t, []string{`CREATE TABLE things (id TEXT PRIMARY KEY NOT NULL) STRICT`}, `ALTER TABLE things ADD COLUMN name TEXT`)
	if _, err := store.Compare(t.Context(), live, side); !errors.Is(err, store.ErrOtherSchema) {
		t.Error(err)
	}
	if _, err := store.Compare(t.Context(), live, side+"x"); err == nil {
		t.Error("a file that is not there is compared")
	}
}

// TestADamagedFileIsNoticed spoils a copy in several ways.
func TestADamagedFileIsNoticed(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	for i := range 300 {
		v := machine(strconv.Itoa(i), fmt.Sprint("machine ", i))
		v.Notes = strings.Repeat("note ", 300)
		_, err := s.Tenant(store.DefaultTenant).CreateServer(t.Context(), v)
		must(t, err)
	}
	path := filepath.Join(t.TempDir(), "copy.db")
	must(t, s.Copy(t.Context(), path))
	whole, err := os.ReadFile(path)
	must(t, err)
	right, err := store.DigestFile(t.Context(), path)
	must(t, err)
	half := len(whole) / 2 &^ 4095
	for name, spoil := range map[string]func([]byte) []byte{
		"flipped pages": func(b []byte) []byte {
			for i := half; i < half+16384; i++ {
				b[i] ^= 0xff
			}
			return b
		},
		"truncated": func(b []byte) []byte { return b[:half] },
		"no header": func(b []byte) []byte { return b[4096:] },
		"empty":     func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "damaged.db")
			must(t, os.WriteFile(path, spoil(bytes.Clone(whole)), 0o600))
			schema, err := store.Verify(t.Context(), path)
			if err == nil && schema != 0 {
				t.Error("it is sound")
			}
			if schema, err := store.VerifyQuick(t.Context(), path); err == nil && schema != 0 {
				t.Error("it is sound at a quick look")
			}
			if all, err := store.Compare(t.Context(), s.Path(), path); err == nil && len(all) == 0 {
				t.Error("nothing would change")
			}
			if d, err := store.DigestFile(t.Context(), path); err == nil && d.Differ(right) == nil {
				t.Error("its digest is the same")
			}
		})
	}
	t.Run("other letters in texts", func(t *testing.T) { // no check of SQLite can know
		t.Parallel()
		path := filepath.Join(t.TempDir(), "damaged.db")
		must(t, os.WriteFile(path, bytes.ReplaceAll(whole, []byte("note note"), []byte("note mote")), 0o600))
		_, err := store.Verify(t.Context(), path)
		d, err2 := store.DigestFile(t.Context(), path)
		if err := errors.Join(err, err2); err != nil || !slices.Contains(d.Differ(right), "servers") {
			t.Errorf("%v, %v", d.Differ(right), err)
		}
	})
}
