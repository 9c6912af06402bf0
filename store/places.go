package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/base64"
	"errors"

	"unity.internal/store/internal/sq"
)

// ResealStep is how many values one transaction seals anew at most.
const ResealStep = 200

// A Sealed is one sealed value, and the row that it stands in.
type Sealed struct {
	ID    string
	Value []byte
}

// A Place is a column that holds sealed values. Name and the id of a row, with
// a bar between, are what the vault binds the value to.
type Place struct {
	Name string // "table|column"
	// Own says that no tenant has the table: the appliance's own keys seal it.
	Own  bool
	find func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error)
	swap func(ctx context.Context, t Tenant, id string, old, sealed []byte) error
}

// Places returns every place where sealed values stand. A column that is not
// among them loses its values when keys are rotated.
func Places() []Place {
	return []Place{
		{"servers|password", false, func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
			return sq.Many(ctx, t.db, scanSealed, `SELECT id, password FROM servers WHERE tenant_id = @tenant AND id > @after
				AND substr(password, 1, 5) <> @prefix ORDER BY id LIMIT @limit`, stale(after, prefix)...)
		}, func(ctx context.Context, t Tenant, id string, old, sealed []byte) error {
			return sq.Exec(ctx, t.db, `UPDATE servers SET password = @new WHERE tenant_id = @tenant AND id = @id AND password = @old`, swapped(id, old, sealed)...)
		}},
		{"servers|private_key", false, func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
			return sq.Many(ctx, t.db, scanSealed, `SELECT id, private_key FROM servers WHERE tenant_id = @tenant AND id > @after
				AND substr(private_key, 1, 5) <> @prefix ORDER BY id LIMIT @limit`, stale(after, prefix)...)
		}, func(ctx context.Context, t Tenant, id string, old, sealed []byte) error {
			return sq.Exec(ctx, t.db, `UPDATE servers SET private_key = @new WHERE tenant_id = @tenant AND id = @id AND private_key = @old`, swapped(id, old, sealed)...)
		}},
		{"servers|passphrase", false, func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
			return sq.Many(ctx, t.db, scanSealed, `SELECT id, passphrase FROM servers WHERE tenant_id = @tenant AND id > @after
				AND substr(passphrase, 1, 5) <> @prefix ORDER BY id LIMIT @limit`, stale(after, prefix)...)
		}, func(ctx context.Context, t Tenant, id string, old, sealed []byte) error {
			return sq.Exec(ctx, t.db, `UPDATE servers SET passphrase = @new WHERE tenant_id = @tenant AND id = @id AND passphrase = @old`, swapped(id, old, sealed)...)
		}},
		{"clusters|kubeconfig", false, func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
			return sq.Many(ctx, t.db, scanSealed, `SELECT id, kubeconfig FROM clusters WHERE tenant_id = @tenant AND id > @after
				AND substr(kubeconfig, 1, 5) <> @prefix ORDER BY id LIMIT @limit`, stale(after, prefix)...)
		}, func(ctx context.Context, t Tenant, id string, old, sealed []byte) error {
			return sq.Exec(ctx, t.db, `UPDATE clusters SET kubeconfig = @new WHERE tenant_id = @tenant AND id = @id AND kubeconfig = @old`, swapped(id, old, sealed)...)
		}},
		{"channels|secrets", false, func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
			return sq.Many(ctx, t.db, scanSealed, `SELECT id, secrets FROM channels WHERE tenant_id = @tenant AND id > @after
				AND substr(secrets, 1, 5) <> @prefix ORDER BY id LIMIT @limit`, stale(after, prefix)...)
		}, func(ctx context.Context, t Tenant, id string, old, sealed []byte) error {
			return sq.Exec(ctx, t.db, `UPDATE channels SET secrets = @new WHERE tenant_id = @tenant AND id = @id AND secrets = @old`, swapped(id, old, sealed)...)
		}},
		{"settings|ssh_private_key", false, findSSHKey, swapSSHKey},
		{"certmagic|value", true, func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
			return sq.Many(ctx, t.db.System(), scanSealed, `SELECT key, value FROM certmagic WHERE key > @after
				AND substr(value, 1, 5) <> @prefix ORDER BY key LIMIT @limit`, stale(after, prefix)...)
		}, func(ctx context.Context, t Tenant, id string, old, sealed []byte) error {
			return sq.Exec(ctx, t.db.System(), `UPDATE certmagic SET value = @new WHERE key = @id AND value = @old`, swapped(id, old, sealed)...)
		}},
		{"totp|secret", true, func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
			return sq.Many(ctx, t.db.System(), scanSealed, `SELECT user_id, secret FROM totp WHERE user_id > @after
				AND substr(secret, 1, 5) <> @prefix ORDER BY user_id LIMIT @limit`, stale(after, prefix)...)
		}, func(ctx context.Context, t Tenant, id string, old, sealed []byte) error {
			return sq.Exec(ctx, t.db.System(), `UPDATE totp SET secret = @new WHERE user_id = @id AND secret = @old`, swapped(id, old, sealed)...)
		}},
		{"backup|replica_secret", true, func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
			return sq.Many(ctx, t.db.System(), scanSealed, `SELECT 'own', replica_secret FROM backup WHERE 'own' > @after
				AND substr(replica_secret, 1, 5) <> @prefix LIMIT @limit`, stale(after, prefix)...)
		}, func(ctx context.Context, t Tenant, id string, old, sealed []byte) error {
			return sq.Exec(ctx, t.db.System(), `UPDATE backup SET replica_secret = @new WHERE 'own' = @id AND replica_secret = @old`, swapped(id, old, sealed)...)
		}},
		{"backup|target_secret", true, func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
			return sq.Many(ctx, t.db.System(), scanSealed, `SELECT 'own', target_secret FROM backup WHERE 'own' > @after
				AND substr(target_secret, 1, 5) <> @prefix LIMIT @limit`, stale(after, prefix)...)
		}, func(ctx context.Context, t Tenant, id string, old, sealed []byte) error {
			return sq.Exec(ctx, t.db.System(), `UPDATE backup SET target_secret = @new WHERE 'own' = @id AND target_secret = @old`, swapped(id, old, sealed)...)
		}},
		{"providers|client_secret", true, func(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
			return sq.Many(ctx, t.db.System(), scanSealed, `SELECT id, client_secret FROM providers WHERE id > @after
				AND substr(client_secret, 1, 5) <> @prefix ORDER BY id LIMIT @limit`, stale(after, prefix)...)
		}, func(ctx context.Context, t Tenant, id string, old, sealed []byte) error {
			return sq.Exec(ctx, t.db.System(), `UPDATE providers SET client_secret = @new WHERE id = @id AND client_secret = @old`, swapped(id, old, sealed)...)
		}},
	}
}

func scanSealed(r sq.Row) (v Sealed, err error) {
	err = r.Scan(&v.ID, &v.Value)
	return v, err
}

// sshKeyID is what the vault binds a tenant's own key to: there is one.
const sshKeyID = "own"

// findSSHKey reads the one secret that stands as base64 in JSON, as
// encoding/json writes bytes.
func findSSHKey(ctx context.Context, t Tenant, after string, prefix []byte) ([]Sealed, error) {
	key, err := t.SSHKey(ctx)
	v := key.Private.Ciphertext()
	if errors.Is(err, ErrNotFound) || err == nil && (after >= sshKeyID || bytes.HasPrefix(v, prefix)) {
		return nil, nil
	}
	return []Sealed{{sshKeyID, v}}, err
}

func swapSSHKey(ctx context.Context, t Tenant, _ string, old, sealed []byte) error {
	text := base64.StdEncoding.EncodeToString
	return sq.Exec(ctx, t.db, `UPDATE settings SET data = json_set(data, '$.ssh_private_key', @new)
		WHERE tenant_id = @tenant AND json_extract(data, '$.ssh_private_key') = @old`,
		sql.Named("new", text(sealed)), sql.Named("old", text(old)))
}

// stale are the arguments of a find, swapped those of a swap.
func stale(after string, prefix []byte) []any {
	return []any{sql.Named("after", after), sql.Named("prefix", prefix), sql.Named("limit", ResealStep)}
}

func swapped(id string, old, sealed []byte) []any {
	return []any{sql.Named("id", id), sql.Named("old", old), sql.Named("new", sealed)}
}

// SealedBefore returns, in the order of their ids and after one of them, at most
// ResealStep values of p that do not begin with prefix.
func (t Tenant) SealedBefore(ctx context.Context, p Place, after string, prefix []byte) ([]Sealed, error) {
	found, err := p.find(ctx, t, after, prefix)
	return found, known(err)
}

// Reseal replaces values of p in one transaction: each only if it still is what
// was read, since whoever stored another meanwhile sealed it, too.
func (t Tenant) Reseal(ctx context.Context, p Place, old, sealed []Sealed) error {
	return t.Tx(ctx, func(t Tenant) error {
		for i, v := range sealed {
			if err := some(p.swap(ctx, t, v.ID, old[i].Value, v.Value)); err != nil {
				return err
			}
		}
		return nil
	})
}
