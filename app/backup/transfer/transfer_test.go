package transfer_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"unity.internal/app/backup/transfer"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// TestATenantComesOutAsItWentIn is the whole promise: what is exported, imported
// and exported again is the same, line by line.
func TestATenantComesOutAsItWentIn(t *testing.T) {
	t.Parallel()
	for name, as := range map[string]store.TenantID{"the same id": "", "another id": "moved"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, key, from, to := t.Context(), newKey(t), newPlace(t, "acme"), newPlace(t)
			from.furnish("acme", "acme")
			storetest.Quota(t, from.store, "acme", store.Quota{Servers: new(int64(3))})
			file := from.export("acme", key)
			res, err := to.imports(file, key, as)
			must(t, err)
			id := res.Tenant
			if id == "" || as != "" && id != as || res.Before || !slices.Equal(res.Users, []string{"acme-user"}) || res.Absent != nil {
				t.Errorf("%+v", res)
			}
			same(t, content(t, to.export(id, key), key), content(t, file, key))

			usage, err := to.store.Tenant(id).Usage(ctx)
			must(t, err)
			was, err := from.store.Tenant("acme").Usage(ctx)
			must(t, err)
			if usage != was || usage.Servers != 3 || usage.Series != 2 || usage.Users != 1 || usage.StorageBytes == 0 {
				t.Errorf("usage %+v, was %+v", usage, was)
			}
			if err := to.store.Tenant(id).Fits(ctx, store.QuotaServers, 1); !errors.Is(err, store.ErrQuota) {
				t.Errorf("a fourth server: %v", err)
			}
			rows, err := to.store.Tenant(id).VerifyAudit(ctx) // and the export just now went on with the chain
			if err != nil || rows == 0 {
				t.Errorf("the audit has %d rows: %v", rows, err)
			}
			info, err := to.store.System().TenantInfo(ctx, id)
			if err != nil || info.Status != "active" || info.Name != "acme" {
				t.Errorf("%+v %v", info, err)
			}
			must(t, to.store.Check(ctx))
		})
	}
}

func TestSecretsOpenWithTheKeysOfTheTargetOnly(t *testing.T) {
	t.Parallel()
	ctx, key, from, to := t.Context(), newKey(t), newPlace(t, "acme"), newPlace(t)
	from.furnish("acme", "acme")
	file := from.export("acme", key)
	_, err := to.imports(file, key, "moved")
	must(t, err)
	if text, err := to.password("moved", "acme-server-1"); err != nil || text != "secret of acme-server-1" {
		t.Errorf("%q %v", text, err)
	}
	moved := to.store.Tenant("moved")
	ssh, err := moved.SSHKey(ctx)
	must(t, err)
	if text, err := to.vault.Open(ctx, "moved", "settings|ssh_private_key|own", ssh.Private); err != nil || string(text) != "ssh secret of acme" || ssh.Public != "ssh-ed25519 acme" {
		t.Errorf("%q %v", text, err)
	}
	v, err := moved.Server(ctx, "acme-server-1")
	must(t, err)
	for _, id := range []store.TenantID{"acme", "default"} {
		if text, err := from.vault.Open(ctx, id, "servers|password|acme-server-1", v.Password); err == nil {
			t.Errorf("the old keys open %q", text)
		}
	}
	for name, text := range map[string][]byte{"the file": file} {
		for _, mark := range []string{"secret of", "acme-server", "never in a file"} {
			if bytes.Contains(text, []byte(mark)) {
				t.Errorf("%s shows %q", name, mark)
			}
		}
	}
	for _, l := range lines(t, file, key) {
		if strings.Contains(l, "never in a file") || strings.Contains(l, "is_admin") || strings.Contains(l, `"keyset"`) {
			t.Errorf("what signs in, or a key: %s", l)
		}
	}
}

// TestWhatIsUnderWayStays: a delivery that waits, and a job that runs, are the
// other appliance's to end.
func TestWhatIsUnderWayStays(t *testing.T) {
	t.Parallel()
	key, from := newKey(t), newPlace(t, "acme")
	from.furnish("acme", "acme")
	all := strings.Join(lines(t, from.export("acme", key), key), "\n")
	if !strings.Contains(all, `"acme-sent"`) || strings.Contains(all, `"acme-queued"`) || strings.Contains(all, `{"table":"jobs"`) {
		t.Error(all)
	}
}

func TestAnExportHoldsOneTenant(t *testing.T) {
	t.Parallel()
	key, from := newKey(t), newPlace(t, "acme", "globex")
	from.furnish("acme", "acme")
	from.furnish("globex", "other-marker")
	for _, l := range lines(t, from.export("acme", key), key) {
		if strings.Contains(l, "other-marker") || strings.Contains(l, "globex") {
			t.Errorf("another's: %s", l)
		}
	}
	_, err := from.service.Export(t.Context(), from.store.System(), "system", []age.Recipient{key.Recipient()}, &bytes.Buffer{}, quiet)
	if !errors.Is(err, store.ErrTransferSystem) {
		t.Errorf("system: %v", err)
	}
	_, err = from.service.Export(t.Context(), from.store.System(), "nobody", []age.Recipient{key.Recipient()}, &bytes.Buffer{}, quiet)
	if !errors.Is(err, store.ErrNotFound) {
		t.Errorf("nobody: %v", err)
	}
}

// TestAnExportIsAudited with the person, in the chain of the tenant.
func TestAnExportIsAudited(t *testing.T) {
	t.Parallel()
	key, from, to := newKey(t), newPlace(t, "acme"), newPlace(t)
	from.furnish("acme", "acme")
	file := from.export("acme", key)
	rows, err := from.store.Tenant("acme").AuditRows(t.Context(), store.AuditList{List: store.List{Limit: 1}})
	must(t, err)
	if a := rows.Items[0]; a.Action != "tenants.export" || a.Actor != "root" || a.Address != "192.0.2.1" {
		t.Errorf("%+v", a)
	}
	_, err = to.imports(file, key, "")
	must(t, err)
	rows, err = to.store.System().Own().AuditRows(t.Context(), store.AuditList{List: store.List{Limit: 10, Q: "tenants."}})
	must(t, err)
	var actions []string
	for _, a := range rows.Items {
		actions = append(actions, a.Action+" "+a.Thing+" "+a.Actor)
	}
	if !slices.Equal(actions, []string{"tenants.imported acme root", "tenants.import acme root"}) {
		t.Error(actions)
	}
}

// TestUsersKeepWhoTheyAre: the same id is the same person, a free name makes one
// who cannot sign in, and a taken name lets nobody in.
func TestUsersKeepWhoTheyAre(t *testing.T) {
	t.Parallel()
	ctx, key, from, to := t.Context(), newKey(t), newPlace(t, "acme"), newPlace(t)
	from.furnish("acme", "acme")
	for _, u := range []string{"known", "taken", "Lооkalike"} { // the third with Cyrillic letters
		storetest.User(t, from.store, store.User{ID: "id-" + u, Username: u, Hash: "theirs"})
		storetest.Member(t, from.store, "acme", "id-"+u, "admin")
	}
	storetest.User(t, to.store, store.User{ID: "id-known", Username: "renamed", Hash: "kept"})
	storetest.User(t, to.store, store.User{ID: "someone-else", Username: "taken", Hash: "kept"})
	storetest.User(t, to.store, store.User{ID: "another", Username: "lookalike", Hash: "kept"})
	res, err := to.imports(from.export("acme", key), key, "")
	must(t, err)
	slices.Sort(res.Absent)
	if !slices.Equal(res.Absent, []string{"Lооkalike", "taken"}) || !slices.Equal(res.Users, []string{"acme-user"}) {
		t.Errorf("%+v", res)
	}
	people, err := to.store.Tenant("acme").People(ctx)
	must(t, err)
	var names []string
	for _, p := range people {
		names = append(names, p.Username+" "+p.Role)
	}
	if !slices.Equal(names, []string{"acme-user owner", "renamed admin"}) {
		t.Error(names)
	}
	for id, hash := range map[string]string{"acme-user": "", "id-known": "kept", "someone-else": "kept"} {
		u, err := to.store.System().User(ctx, id)
		if err != nil || u.Hash != hash || u.Admin || u.TOTP || u.Passkeys != 0 {
			t.Errorf("%+v %v", u, err)
		}
	}
}

// TestTwiceIsOnce imports the same file again, and then others into the same id.
func TestTwiceIsOnce(t *testing.T) {
	t.Parallel()
	ctx, key, from, to := t.Context(), newKey(t), newPlace(t, "acme"), newPlace(t, "acme", "here")
	from.furnish("acme", "acme")
	file := from.export("acme", key)
	if _, err := to.imports(file, key, ""); !errors.Is(err, store.ErrOccupied) {
		t.Errorf("into a tenant of its own: %v", err)
	}
	if _, err := to.imports(file, key, "system"); !errors.Is(err, store.ErrTransferSystem) {
		t.Errorf("into system: %v", err)
	}
	if _, err := to.imports(file, key, "default"); !errors.Is(err, store.ErrOccupied) {
		t.Errorf("into default: %v", err)
	}
	if _, err := to.imports(file, key, "No Slug"); !errors.Is(err, store.ErrTenantID) {
		t.Errorf("into no slug: %v", err)
	}
	_, err := to.imports(file, key, "moved")
	must(t, err)
	v, err := to.store.Tenant("moved").Server(ctx, "acme-server-0")
	must(t, err)
	v.Notes = "changed since"
	_, err = to.store.Tenant("moved").UpdateServer(ctx, v)
	must(t, err)
	again, err := to.imports(file, key, "moved")
	if err != nil || !again.Before {
		t.Errorf("again: %+v %v", again, err)
	}
	if v, err := to.store.Tenant("moved").Server(ctx, "acme-server-0"); err != nil || v.Notes != "changed since" {
		t.Errorf("%+v %v", v, err)
	}
	if _, err := to.imports(from.export("acme", key), key, "moved"); !errors.Is(err, store.ErrOccupied) {
		t.Errorf("another export of the same tenant: %v", err)
	}
}

func TestNobodysApplianceTakesNoTenant(t *testing.T) {
	t.Parallel()
	key, from, to := newKey(t), newPlace(t, "acme"), newPlace(t)
	must(t, to.store.System().SetPassword(t.Context(), "root", "x", ""))
	storetest.User(t, to.store, store.User{ID: "second", Admin: true})
	must(t, to.store.System().DeleteUser(t.Context(), "root", store.AnyRev))
	file := from.export("acme", key)
	_, err := to.imports(file, key, "")
	must(t, err)
	empty := newEmpty(t)
	if _, err := empty.imports(file, key, ""); !errors.Is(err, store.ErrNoAdministrator) {
		t.Errorf("before the set-up: %v", err)
	}
}

// TestABadFileChangesNothing hands over files with one thing wrong each.
func TestABadFileChangesNothing(t *testing.T) {
	t.Parallel()
	key, from := newKey(t), newPlace(t, "acme")
	from.furnish("acme", "acme")
	file := from.export("acme", key)
	all := lines(t, file, key)
	changed := func(change func([]string) []string) []byte { return pack(t, change(slices.Clone(all)), key) }
	header := func(name string, value any) []byte {
		return changed(func(all []string) []string {
			var h map[string]any
			must(t, json.Unmarshal([]byte(all[0]), &h))
			h[name] = value
			text, err := json.Marshal(h)
			must(t, err)
			all[0] = string(text)
			return all
		})
	}
	flipped := bytes.Clone(file)
	flipped[len(flipped)/2] ^= 1
	to := newPlace(t)
	for name, bad := range map[string]struct {
		file []byte
		want error
	}{
		"nothing":          {nil, transfer.ErrDamaged},
		"something else":   {[]byte("-- a dump of SQL"), transfer.ErrDamaged},
		"a flipped byte":   {flipped, transfer.ErrDamaged},
		"half of it":       {file[:len(file)/2], transfer.ErrDamaged},
		"one byte short":   {file[:len(file)-1], transfer.ErrDamaged},
		"more behind it":   {append(bytes.Clone(file), file...), transfer.ErrDamaged},
		"no end":           {changed(func(all []string) []string { return all[:len(all)-1] }), transfer.ErrDamaged},
		"a row less":       {changed(func(all []string) []string { return slices.Delete(all, 20, 21) }), transfer.ErrDamaged},
		"a row changed":    {changed(func(all []string) []string { all[20] = strings.Replace(all[20], "a", "b", 1); return all }), transfer.ErrDamaged},
		"lines behind":     {changed(func(all []string) []string { return append(all, all[20]) }), transfer.ErrDamaged},
		"a newer format":   {header("format", transfer.Format+1), transfer.ErrNewer},
		"a newer schema":   {header("schema", store.SchemaVersion()+1), transfer.ErrNewer},
		"no format":        {header("format", 0), transfer.ErrDamaged},
		"another's tenant": {header("tenant", ""), transfer.ErrDamaged},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := to.imports(bad.file, key, ""); !errors.Is(err, bad.want) {
				t.Errorf("%v, want %v", err, bad.want)
			}
			if _, err := to.store.System().TenantInfo(t.Context(), "acme"); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("something was written: %v", err)
			}
		})
	}
	if _, err := to.imports(file, newKey(t), ""); !errors.Is(err, transfer.ErrWrongKey) {
		t.Errorf("another's identity: %v", err)
	}
}
