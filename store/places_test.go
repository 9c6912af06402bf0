package store_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"unity.internal/app/seal"
	"unity.internal/app/vault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// plain are the columns of bytes that hold no sealed value: hashes, signatures,
// keys of hosts, packed data, and what the master key wraps.
var plain = []string{
	"sessions|hash", "sessions|previous", "audit|mac", "audit_anchors|mac", "audit_anchors|signature", "keysets|keyset", "keysets|secret",
	"vault|salt", "vault|proof", "host_keys|trusted", "host_keys|offered", "snapshot_sections|hash", "snapshot_sections|data",
	"journal|data", "chunks|data", "cluster_objects|data", "recovery_codes|hash", "passkeys|credential_id", "links|hash", "invitations|hash", "api_keys|hash",
}

// TestEveryPlaceOfASealedValueIsKnown asks who adds a column of bytes: a sealed
// value in a place that is not known is lost when keys are rotated.
func TestEveryPlaceOfASealedValueIsKnown(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	rows, err := s.DB().QueryContext(t.Context(), `SELECT m.name || '|' || c.name FROM sqlite_schema m, pragma_table_info(m.name) c
		WHERE m.type = 'table' AND c.type = 'BLOB'`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	known := slices.Clone(plain)
	for _, p := range store.Places() {
		known = append(known, p.Name)
	}
	for rows.Next() {
		var column string
		if err := rows.Scan(&column); err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(known, column) {
			t.Errorf("%s: add it to store.Places, or to those that hold nothing sealed", column)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
}

// fill puts a sealed value into every place of a tenant, and returns their ids by place.
func fill(t *testing.T, s *store.Store, v *vault.Vault, of store.Tenant) map[string]string {
	t.Helper()
	ctx, ids := t.Context(), map[string]string{}
	sealed := func(place, id string) seal.Value {
		ids[place] = id
		value, err := v.Seal(ctx, of.ID, place+"|"+id, []byte("marker of "+place))
		must(t, err)
		return value
	}
	n := machine("s1", "db")
	n.Password, n.PrivateKey, n.Passphrase = sealed("servers|password", "s1"), sealed("servers|private_key", "s1"), sealed("servers|passphrase", "s1")
	_, err := of.CreateServer(ctx, n)
	must(t, err)
	_, err = of.CreateCluster(ctx, store.Cluster{ID: "k1", Name: "k", Source: store.ClusterKubeconfig, Kubeconfig: sealed("clusters|kubeconfig", "k1")})
	must(t, err)
	_, err = of.CreateChannel(ctx, store.Channel{ID: "c1", Name: "c", Type: "ntfy", Config: map[string]any{}, Secrets: sealed("channels|secrets", "c1")})
	must(t, err)
	_, err = of.SetSSHKey(ctx, "ssh-ed25519 A", sealed("settings|ssh_private_key", "own"))
	must(t, err)
	if of.ID != store.SystemTenant {
		return ids
	}
	must(t, s.System().PutCert(ctx, "a/b.key", sealed("certmagic|value", "a/b.key").Ciphertext()))
	storetest.User(t, s, store.User{ID: "u1", Username: "u"})
	for _, q := range []struct {
		text  string
		value seal.Value
	}{
		{`INSERT INTO totp (user_id, secret, created_at) VALUES ('u1', ?, 0)`, sealed("totp|secret", "u1")},
		{`INSERT INTO providers (id, name, issuer, client_id, client_secret, scopes, username_claim, enabled, create_users, link_email,
			trust_email, second_factor, mappings, created_at) VALUES ('p1', 'p', 'i', 'c', ?, '[]', 'sub', 1, 0, 0, 0, 0, '[]', 0)`, sealed("providers|client_secret", "p1")},
		{`INSERT INTO backup (id, instance, replica_secret) VALUES (1, 'i', ?)`, sealed("backup|replica_secret", "own")},
		{`UPDATE backup SET target_secret = ?`, sealed("backup|target_secret", "own")},
	} {
		_, err := s.DB().ExecContext(ctx, q.text, q.value.Ciphertext())
		must(t, err)
	}
	return ids
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// stored returns what stands in a place.
func stored(t *testing.T, s *store.Store, of store.TenantID, place string) []byte {
	t.Helper()
	table, column, _ := strings.Cut(place, "|")
	where := ` WHERE tenant_id = '` + string(of) + `'`
	switch table {
	case "certmagic", "totp", "providers", "backup":
		where = ""
	case "settings":
		var text string
		must(t, s.DB().QueryRowContext(t.Context(), `SELECT data ->> 'ssh_private_key' FROM settings`+where).Scan(&text))
		v, err := base64.StdEncoding.DecodeString(text)
		must(t, err)
		return v
	}
	var v []byte
	must(t, s.DB().QueryRowContext(t.Context(), fmt.Sprintf(`SELECT %s FROM %s`, column, table)+where).Scan(&v))
	return v
}

func TestRotationReachesEveryPlace(t *testing.T) {
	t.Parallel()
	v := &vault.Vault{}
	s := storetest.Open(t, store.WithSigner(v.Sign))
	must(t, v.Attach(t.Context(), s, vault.Source{Dir: t.TempDir()}))
	home, own := s.Tenant(store.DefaultTenant), s.System().Own()
	places, before := map[store.TenantID]map[string]string{home.ID: fill(t, s, v, home), own.ID: fill(t, s, v, own)}, map[string][]byte{}
	if len(places[own.ID]) != len(store.Places()) {
		t.Fatalf("fill knows %d places of %d", len(places[own.ID]), len(store.Places()))
	}
	for tenant, ids := range places {
		for place := range ids {
			before[string(tenant)+place] = stored(t, s, tenant, place)
		}
	}
	n, err := v.Rotate(t.Context(), vault.Rotation{Tenants: []store.Tenant{home, own}, Step: func(context.Context, string, int, int) {}})
	if err != nil || n.Values != len(before) || n.Damaged != 0 {
		t.Fatal(n, err)
	}
	newest := map[string]bool{}
	for tenant, ids := range places {
		for place, id := range ids {
			now := stored(t, s, tenant, place)
			if string(now[:5]) == string(before[string(tenant)+place][:5]) {
				t.Errorf("%s of %s is under its old key", place, tenant)
			}
			got, err := v.Open(t.Context(), tenant, place+"|"+id, seal.Of(now))
			if err != nil || string(got) != "marker of "+place {
				t.Errorf("%s of %s: %q, %v", place, tenant, got, err)
			}
			newest[string(tenant)+string(now[:5])] = true
		}
	}
	if len(newest) != 2 {
		t.Errorf("%d keys of two tenants", len(newest))
	}
	key, err := home.SSHKey(t.Context())
	if err != nil || key.Public != "ssh-ed25519 A" {
		t.Error(key, err)
	}
}
