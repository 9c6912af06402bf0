package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"unity.internal/store/internal/sq"
)

// A CertValue is one sealed value of the storage of certificates.
type CertValue struct {
	Key      string
	Sealed   []byte
	Modified time.Time
}

// PutCert writes a value over what its key had.
func (y System) PutCert(ctx context.Context, key string, sealed []byte) error {
	return y.Tx(ctx, func(y System) error {
		return sq.Exec(ctx, y.db(), `INSERT INTO certmagic (key, value, modified_at) VALUES (@key, @value, @now)
			ON CONFLICT (key) DO UPDATE SET value = excluded.value, modified_at = excluded.modified_at`,
			sql.Named("key", key), sql.Named("value", sealed), sql.Named("now", y.own.store.Now().UnixMilli()))
	})
}

// Cert returns the value of a key, or ErrNotFound.
func (y System) Cert(ctx context.Context, key string) (CertValue, error) {
	v, err := sq.One(ctx, y.db(), func(r sq.Row) (v CertValue, err error) {
		var ms int64
		err = r.Scan(&v.Key, &v.Sealed, &ms)
		v.Modified = time.UnixMilli(ms).UTC()
		return v, err
	}, `SELECT key, value, modified_at FROM certmagic WHERE key = @key`, sql.Named("key", key))
	return v, known(err)
}

// CertKeys returns, sorted, the keys that begin with the components of path;
// all of them if it is empty.
func (y System) CertKeys(ctx context.Context, path string) ([]string, error) {
	from, to := below(path)
	keys, err := sq.Many(ctx, y.db(), func(r sq.Row) (key string, err error) {
		err = r.Scan(&key)
		return key, err
	}, `SELECT key FROM certmagic WHERE key >= @from AND key < @to ORDER BY key`,
		sql.Named("from", from), sql.Named("to", to))
	return keys, known(err)
}

// DeleteCerts deletes a key and all that lie below it; there may be none.
func (y System) DeleteCerts(ctx context.Context, path string) error {
	from, to := below(path)
	err := y.Tx(ctx, func(y System) error {
		return sq.Exec(ctx, y.db(), `DELETE FROM certmagic WHERE key = @key OR (key >= @from AND key < @to)`,
			sql.Named("key", path), sql.Named("from", from), sql.Named("to", to))
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// below returns the range of the keys below path: "0" comes right after "/".
func below(path string) (from, to string) {
	if path == "" {
		return "", "\U0010ffff"
	}
	return path + "/", path + "0"
}
