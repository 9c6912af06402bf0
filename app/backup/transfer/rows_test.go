package transfer_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"unity.internal/app/auth"
	"unity.internal/app/backup/transfer"
	"unity.internal/app/fault"
	"unity.internal/app/vault"
	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// newEmpty returns an appliance that nobody has set up.
func newEmpty(tb testing.TB) *place {
	tb.Helper()
	p := &place{TB: tb, vault: &vault.Vault{}}
	p.store = storetest.Open(tb, store.WithSigner(p.vault.Sign))
	vaulttest.Attach(tb, p.vault, p.store)
	p.service = &transfer.Service{Vault: p.vault, Names: auth.Names{}, Forget: p.vault.Forget}
	return p
}

// signed makes a file of other lines, as one who owns a tenant and the format
// could: header, rows and the right end.
func signed(tb testing.TB, all []string, key *age.X25519Identity) []byte {
	tb.Helper()
	counts, digest := map[string]int64{}, sha256.New()
	for i, l := range all {
		digest.Write([]byte(l + "\n"))
		var row struct{ Table string }
		must(tb, json.Unmarshal([]byte(l), &row))
		if i > 0 {
			counts[row.Table]++
		}
	}
	end, err := json.Marshal(map[string]any{"end": map[string]any{"counts": counts, "digest": hex.EncodeToString(digest.Sum(nil))}})
	must(tb, err)
	return pack(tb, append(all, string(end)), key)
}

// change returns the lines of a file without its end, each as edit leaves it; an
// empty one goes.
func change(tb testing.TB, file []byte, key *age.X25519Identity, edit func(string) string) []byte {
	tb.Helper()
	all := lines(tb, file, key)
	kept := []string{}
	for _, l := range all[:len(all)-1] {
		if l = edit(l); l != "" {
			kept = append(kept, l)
		}
	}
	return signed(tb, kept, key)
}

// TestRowsThatDoNotFitAreRefused changes rows in ways that a digest does not show.
func TestRowsThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	key, from := newKey(t), newPlace(t, "acme")
	from.furnish("acme", "acme")
	file := from.export("acme", key)
	without := func(table string) func(string) string {
		return func(l string) string {
			if strings.HasPrefix(l, `{"table":"`+table+`"`) {
				return ""
			}
			return l
		}
	}
	replace := func(table, from, to string) func(string) string {
		return func(l string) string {
			if strings.HasPrefix(l, `{"table":"`+table+`"`) {
				return strings.Replace(l, from, to, 1)
			}
			return l
		}
	}
	for name, bad := range map[string]struct {
		edit func(string) string
		want error
	}{
		"rows of a server that is missing": {without("servers"), store.ErrMissing},
		"a membership of nobody":           {without("users"), store.ErrMissing},
		"no secret":                        {without("keysets"), transfer.ErrDamaged},
		"no tenant":                        {without("tenants"), transfer.ErrDamaged},
		"a value that is not allowed":      {replace("servers", `"auth":"password"`, `"auth":"magic"`), store.ErrRow},
		"text for a number":                {replace("servers", `"port":22`, `"port":"x"`), transfer.ErrDamaged},
		"a column that is no more":         {replace("servers", `"port":22`, `"port":22,"colour":1`), transfer.ErrOlder},
		"a column in quotes":               {replace("servers", `"port":22`, `"port":22,"x\") --":1`), transfer.ErrOlder},
		"a table that is no more":          {replace("alerts", `"alerts"`, `"bells"`), transfer.ErrOlder},
		"a table that stays":               {replace("alerts", `"alerts"`, `"sessions"`), transfer.ErrOlder},
		"a table of nobody":                {replace("alerts", `"alerts"`, `"vault"`), transfer.ErrOlder},
		"another tenant in a row":          {replace("servers", `"port":22`, `"port":22,"tenant_id":"default"`), transfer.ErrOlder},
		"a name that is none":              {replace("users", `"username":"acme-user"`, `"username":"a b"`), transfer.ErrDamaged},
		"a user with a password":           {replace("users", `"email"`, `"password":"x","email"`), transfer.ErrDamaged},
		"a short secret":                   {replace("keysets", `"secret":"`, `"secret":"AAAA`), vault.ErrSecret},
		"a status of ours":                 {replace("tenants", `"status":"active"`, `"status":"deleting"`), transfer.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			to := newPlace(t)
			_, err := to.imports(change(t, file, key, bad.edit), key, "")
			if !errors.Is(err, bad.want) {
				t.Fatalf("%v, want %v", err, bad.want)
			}
			info, err := to.store.System().TenantInfo(t.Context(), "acme")
			if !errors.Is(err, store.ErrNotFound) && (err != nil || info.Status != "suspended") {
				t.Errorf("%+v %v", info, err)
			}
		})
	}
}

// TestAnOlderFileTakesDefaults leaves out a column that a later schema might
// have added, and a table.
func TestAnOlderFileTakesDefaults(t *testing.T) {
	t.Parallel()
	key, from, to := newKey(t), newPlace(t, "acme"), newPlace(t)
	from.furnish("acme", "acme")
	older := change(t, from.export("acme", key), key, func(l string) string {
		if strings.HasPrefix(l, `{"table":"silences"`) {
			return ""
		}
		return strings.Replace(strings.Replace(l, `"group_name":"",`, "", 1), `"schema":8`, `"schema":1`, 1)
	})
	_, err := to.imports(older, key, "")
	must(t, err)
	if v, err := to.store.Tenant("acme").Server(t.Context(), "acme-server-0"); err != nil || v.Group != "" || v.Name != "acme-server-0" {
		t.Errorf("%+v %v", v, err)
	}
}

// TestAnImportThatWasCutOffGoesOn ends an import at each of its steps, and once
// between two starts; nobody else writes to what is there meanwhile.
func TestAnImportThatWasCutOffGoesOn(t *testing.T) {
	t.Parallel()
	key, from := newKey(t), newPlace(t, "acme")
	from.furnish("acme", "acme")
	rows := make([]store.JournalRow, 12000)
	for i := range rows {
		rows[i] = store.JournalRow{Seq: int64(100000 + i), Count: 1, Data: []byte{1}}
	}
	must(t, from.store.Tenant("acme").AppendJournal(t.Context(), nil, rows))
	file := from.export("acme", key)
	want := content(t, file, key)
	for _, at := range []string{"servers", "journal", "snapshots"} {
		t.Run(at, func(t *testing.T) {
			t.Parallel()
			to := newPlace(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			y := to.store.System().By("root", "192.0.2.1")
			_, err := to.service.Import(ctx, y, bytes.NewReader(file), []age.Identity{key}, "", func(table string, _, _ int) {
				if table == at {
					cancel()
				}
			})
			if err == nil {
				t.Fatal("it was not cut off")
			}
			to.halfThere()
			res, err := to.imports(file, key, "")
			if err != nil || res.Before {
				t.Fatalf("%+v %v", res, err)
			}
			same(t, content(t, to.export("acme", key), key), want)
			if _, err := to.store.Tenant("acme").VerifyAudit(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// halfThere checks that a tenant that is there in part is nobody's.
func (p *place) halfThere() {
	p.Helper()
	ctx, y := p.Context(), p.store.System()
	info, err := y.TenantInfo(ctx, "acme")
	if err != nil || info.Status != "suspended" {
		p.Errorf("%+v %v", info, err)
	}
	if err := y.SetTenantStatus(ctx, "acme", "active"); !errors.Is(err, store.ErrImporting) {
		p.Errorf("activated: %v", err)
	}
	if err := p.store.Tenant("acme").Record(ctx, store.Audit{Action: "a", Thing: "t", Result: "done"}); !errors.Is(err, store.ErrImporting) {
		p.Errorf("written to: %v", err)
	}
	_, err = p.service.Export(ctx, y, "acme", []age.Recipient{newKey(p).Recipient()}, &bytes.Buffer{}, quiet)
	if !errors.Is(err, store.ErrImporting) {
		p.Errorf("exported: %v", err)
	}
	again, err := store.Open(ctx, p.store.Path(), store.WithSigner(p.vault.Sign))
	must(p, err)
	err = again.Tenant("acme").Record(ctx, store.Audit{Action: "a", Thing: "t", Result: "done"})
	if !errors.Is(err, store.ErrImporting) {
		p.Errorf("written to after a start: %v", err)
	}
	must(p, again.Close(ctx))
}

func TestWhatWasCutOffCanBeDeleted(t *testing.T) {
	t.Parallel()
	key, from, to := newKey(t), newPlace(t, "acme"), newPlace(t)
	from.furnish("acme", "acme")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	file := from.export("acme", key)
	_, err := to.service.Import(ctx, to.store.System(), bytes.NewReader(file), []age.Identity{key}, "", func(table string, _, _ int) {
		if table == "journal" {
			cancel()
		}
	})
	if err == nil {
		t.Fatal("it was not cut off")
	}
	y := to.store.System()
	must(t, y.CloseTenant(t.Context(), "acme"))
	if _, err := to.imports(file, key, ""); !errors.Is(err, store.ErrTenantDeleting) {
		t.Errorf("while it is deleted: %v", err)
	}
	to.vault.Forget("acme")
	_, err = y.DeleteTenant(t.Context(), "acme", func(string, int, int, int64) {})
	must(t, err)
	_, err = to.imports(file, key, "")
	must(t, err)
	same(t, content(t, to.export("acme", key), key), content(t, file, key))
}

// TestManyRowsTakeLittleMemory moves 100,000 rows with what a step needs.
func TestManyRowsTakeLittleMemory(t *testing.T) { // not beside others, whose memory it would count
	key, from, to := newKey(t), newPlace(t, "acme"), newPlace(t)
	data := bytes.Repeat([]byte{1, 2, 3, 5, 8, 13, 21, 34}, 128)
	acme := from.store.Tenant("acme")
	for i := range 20 {
		rows := make([]store.JournalRow, 5000)
		for j := range rows {
			rows[j] = store.JournalRow{Seq: int64(i*5000 + j), Count: 1, Data: data}
		}
		must(t, acme.AppendJournal(t.Context(), nil, rows))
	}
	peak := watch(t)
	file := from.export("acme", key)
	_, err := to.imports(file, key, "")
	must(t, err)
	const size, limit = 100_000 * 1024, 48 << 20
	if grown := peak(); grown > limit {
		t.Errorf("the heap grew by %d MiB over %d MiB of rows", grown>>20, size>>20)
	}
	n, err := to.store.Tenant("acme").JournalEnd(t.Context())
	if err != nil || n != 99_999 {
		t.Errorf("the last row is %d: %v", n, err)
	}
}

// watch samples the heap until the function it returns is called, which says by
// how much it grew at most.
func watch(t *testing.T) func() uint64 {
	t.Helper()
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	first, stop, most := heap(), make(chan struct{}), make(chan uint64)
	go func() {
		top, tick := first, time.NewTicker(5*time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				most <- top - first
				return
			case <-tick.C:
				top = max(top, heap())
			}
		}
	}()
	return func() uint64 { close(stop); return <-most }
}

func TestPassphrasesAndRecipients(t *testing.T) {
	t.Parallel()
	key, from, to := newKey(t), newPlace(t, "acme"), newPlace(t)
	from.furnish("acme", "acme")
	const phrase = "harbour lantern 42"
	recipients, err := transfer.To{Passphrase: phrase}.Recipients()
	must(t, err)
	var out bytes.Buffer
	_, err = from.service.Export(t.Context(), from.store.System(), "acme", recipients, &out, quiet)
	must(t, err)
	for name, c := range map[string]struct {
		identities, passphrase string
		want                   error
	}{
		"another passphrase":     {"", "harbour lantern 43", transfer.ErrWrongKey},
		"an identity":            {key.String(), "", transfer.ErrWrongKey},
		"the right one, at last": {"", phrase, nil},
	} {
		ids, err := transfer.From{Keys: c.identities, Passphrase: c.passphrase}.Identities()
		must(t, err)
		h, err := transfer.Peek(bytes.NewReader(out.Bytes()), ids)
		if !errors.Is(err, c.want) || (err == nil) != (h.Tenant == "acme") {
			t.Errorf("%s: %+v %v", name, h, err)
		}
		if c.want == nil {
			_, err = to.service.Import(t.Context(), to.store.System(), bytes.NewReader(out.Bytes()), ids, "", quiet)
			must(t, err)
		}
	}
	second := newKey(t)
	recipients, err = transfer.To{Keys: []string{key.Recipient().String(), second.Recipient().String()}}.Recipients()
	if err != nil || len(recipients) != 2 {
		t.Error(recipients, err)
	}
	for name, bad := range map[string]struct {
		recipients []string
		passphrase string
		code       string
	}{
		"nobody":                   {nil, "", "transfer.nobody"},
		"both":                     {[]string{key.Recipient().String()}, phrase, "transfer.both"},
		"a short passphrase":       {nil, "elevenchars", "transfer.short_passphrase"},
		"the identity, by mistake": {[]string{key.String()}, "", "transfer.bad_recipient"},
	} {
		_, err := transfer.To{Keys: bad.recipients, Passphrase: bad.passphrase}.Recipients()
		if err == nil || !strings.HasPrefix(err.Error(), bad.code) || strings.Contains(err.Error(), key.String()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, bad := range []string{"", "nothing", key.Recipient().String()} {
		if _, err := (transfer.From{Keys: bad}).Identities(); err == nil {
			t.Errorf("%q is an identity", bad)
		}
	}
}

// TestASecretThatCannotBeOpenedIsNamed, so that a person knows what to enter again.
func TestASecretThatCannotBeOpenedIsNamed(t *testing.T) {
	t.Parallel()
	key, from := newKey(t), newPlace(t, "acme", "globex")
	v := store.Server{ID: "s1", Name: "s1", Host: "h", Port: 22, Username: "u", Auth: "password", PollSeconds: 10, SnapshotMinutes: 30}
	v.Password = from.sealed("globex", "servers|password|s1", "of another")
	_, err := from.store.Tenant("acme").CreateServer(t.Context(), v)
	must(t, err)
	_, err = from.service.Export(t.Context(), from.store.System(), "acme", []age.Recipient{key.Recipient()}, &bytes.Buffer{}, quiet)
	if !errors.Is(err, transfer.ErrSecret) || !strings.Contains(fault.From(err).Msg, "servers|password|s1") {
		t.Errorf("%v", err)
	}
}

// TestOneAtATime asks for the same tenant while it is being exported, and while
// it is being imported.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	key, from, to := newKey(t), newPlace(t, "acme", "globex"), newPlace(t)
	from.furnish("acme", "acme")
	var during, other error
	asked := func(table string, _, _ int) {
		if table == "servers" {
			_, during = from.service.Export(t.Context(), from.store.System(), "acme", []age.Recipient{key.Recipient()}, &bytes.Buffer{}, quiet)
			_, other = from.service.Export(t.Context(), from.store.System(), "globex", []age.Recipient{key.Recipient()}, &bytes.Buffer{}, quiet)
		}
	}
	var out bytes.Buffer
	_, err := from.service.Export(t.Context(), from.store.System(), "acme", []age.Recipient{key.Recipient()}, &out, asked)
	must(t, err, other)
	if !errors.Is(during, transfer.ErrRunning) {
		t.Errorf("exported twice at once: %v", during)
	}
	_, err = to.service.Import(t.Context(), to.store.System(), bytes.NewReader(out.Bytes()), []age.Identity{key}, "", func(table string, _, _ int) {
		if table == "servers" {
			_, during = to.imports(out.Bytes(), key, "")
		}
	})
	must(t, err)
	if !errors.Is(during, transfer.ErrRunning) {
		t.Errorf("imported twice at once: %v", during)
	}
}
