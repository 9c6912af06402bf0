package cert

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/caddyserver/certmagic"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// A Sealer encrypts what leaves memory. where is "table|column|key".
type Sealer interface {
	Seal(ctx context.Context, t store.TenantID, where string, secret []byte) (seal.Value, error)
	Open(ctx context.Context, t store.TenantID, where string, v seal.Value) ([]byte, error)
}

// Storage keeps what certmagic keeps, keys of certificates among it, sealed in
// the database. One process has it, so its locks are in memory.
type Storage struct {
	db     store.System
	sealer Sealer
	mu     sync.Mutex
	locks  map[string]chan struct{} // closed when the lock is free
}

var _ certmagic.Storage = (*Storage)(nil)

// NewStorage returns the storage of the appliance.
func NewStorage(db store.System, sealer Sealer) *Storage {
	return &Storage{db: db, sealer: sealer, locks: map[string]chan struct{}{}}
}

// Store writes a value; a sealed one cannot be moved to another key.
func (s *Storage) Store(ctx context.Context, key string, value []byte) error {
	sealed, err := s.sealer.Seal(ctx, store.SystemTenant, where(key), value)
	if err != nil {
		return err
	}
	return s.db.PutCert(ctx, key, sealed.Ciphertext())
}

// Load returns a value, or fs.ErrNotExist.
func (s *Storage) Load(ctx context.Context, key string) ([]byte, error) {
	v, err := s.db.Cert(ctx, key)
	if err != nil {
		return nil, missing(err)
	}
	return s.sealer.Open(ctx, store.SystemTenant, where(key), seal.Of(v.Sealed))
}

// Delete removes a key and everything below it.
func (s *Storage) Delete(ctx context.Context, key string) error {
	return s.db.DeleteCerts(ctx, key)
}

// Exists reports whether key has a value or lies above one that has.
func (s *Storage) Exists(ctx context.Context, key string) bool {
	_, err := s.Stat(ctx, key)
	return err == nil
}

// List returns what lies below path: all of it, or only the next level.
func (s *Storage) List(ctx context.Context, path string, recursive bool) ([]string, error) {
	keys, err := s.db.CertKeys(ctx, path)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fs.ErrNotExist
	}
	if recursive {
		return keys, nil
	}
	if path != "" {
		path += "/"
	}
	var level []string
	for _, key := range keys {
		next, _, _ := strings.Cut(key[len(path):], "/")
		if n := len(level); n == 0 || level[n-1] != path+next {
			level = append(level, path+next)
		}
	}
	return level, nil
}

// Stat describes a key or a folder of keys, or returns fs.ErrNotExist.
func (s *Storage) Stat(ctx context.Context, key string) (info certmagic.KeyInfo, err error) {
	v, err := s.db.Cert(ctx, key)
	if err == nil {
		return certmagic.KeyInfo{Key: key, Modified: v.Modified, Size: int64(len(v.Sealed)), IsTerminal: true}, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return info, err
	}
	if keys, listed := s.db.CertKeys(ctx, key); listed != nil || len(keys) == 0 {
		return info, errors.Join(listed, missing(err))
	}
	return certmagic.KeyInfo{Key: key}, nil
}

// Lock waits until nobody else holds name.
func (s *Storage) Lock(ctx context.Context, name string) error {
	for {
		s.mu.Lock()
		held, taken := s.locks[name]
		if !taken {
			s.locks[name] = make(chan struct{})
			s.mu.Unlock()
			return nil
		}
		s.mu.Unlock()
		select {
		case <-held:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Unlock lets the next one have name.
func (s *Storage) Unlock(_ context.Context, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	held, taken := s.locks[name]
	if !taken {
		return fmt.Errorf("cert: %s is not locked", name)
	}
	delete(s.locks, name)
	close(held)
	return nil
}

func where(key string) string { return "certmagic|value|" + key }

// missing says «no such row» as certmagic expects it.
func missing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return fs.ErrNotExist
	}
	return err
}
