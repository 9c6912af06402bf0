package vault

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// Grace is how long the old keys of a tenant stay at least, beside the new one:
// longer than a request that sealed with one of them may take to store it.
const Grace = time.Minute

// ErrRotating says that values are being sealed anew already.
var ErrRotating = fault.New(fault.Conflict, "vault.rotating", "The keys are being rotated already. Wait until that is done.")

// A Rotation says whose keys are replaced.
type Rotation struct {
	Tenants []store.Tenant
	// Resume goes on with what a stop cut off, and begins nothing.
	Resume bool
	Grace  time.Duration
	// Step is told how far it is.
	Step func(ctx context.Context, name string, done, total int)
}

// Resealed is what a rotation did.
type Resealed struct {
	Values  int
	Damaged int // that no key opens: they stay as they were
}

// Rotate gives tenants new keys, seals everything of theirs anew and forgets the
// old keys. What it does next is read from the keysets and the values, so it may
// be cut off anywhere. The secrets that sign the audit stay.
func (v *Vault) Rotate(ctx context.Context, r Rotation) (n Resealed, err error) {
	if !v.rotating.TryLock() {
		return n, ErrRotating
	}
	defer v.rotating.Unlock()
	open, newest, err := v.begin(ctx, r, &n)
	if err != nil {
		return n, err
	}
	r.Step(ctx, "Waiting for requests that hold an old key", len(r.Tenants), 2*len(r.Tenants))
	if err := wait(ctx, newest.Add(r.Grace).Sub(v.store.Now())); err != nil {
		return n, err
	}
	for i, t := range open {
		r.Step(ctx, "Forgetting the old keys of "+string(t.ID), len(r.Tenants)+i, 2*len(r.Tenants))
		err := v.reseal(ctx, t, &n)
		if err == nil {
			err = v.drop(ctx, t)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return n, err
		}
	}
	return n, nil
}

// begin gives tenants new keys and seals everything for the first time. It
// returns whose old keys are to go, and when the last of the new ones was made.
func (v *Vault) begin(ctx context.Context, r Rotation, n *Resealed) (open []store.Tenant, newest time.Time, err error) {
	for i, t := range r.Tenants {
		r.Step(ctx, "Sealing the secrets of "+string(t.ID), i, 2*len(r.Tenants))
		since, err := v.renew(ctx, t, r.Resume)
		if err == nil && !since.IsZero() {
			err = v.reseal(ctx, t, n)
			open = append(open, t)
		}
		if err != nil && !errors.Is(err, store.ErrNotFound) { // else it was deleted meanwhile
			return open, newest, err
		}
		if since.After(newest) {
			newest = since
		}
	}
	return open, newest, nil
}

// Rotating reports whether values are being sealed anew now.
func (v *Vault) Rotating() bool {
	if !v.rotating.TryLock() {
		return true
	}
	v.rotating.Unlock()
	return false
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// renew stores a new key of t, unless the last one is still being brought in, and
// returns since when it is there; never, if there is nothing to go on with.
func (v *Vault) renew(ctx context.Context, t store.Tenant, resume bool) (since time.Time, err error) {
	err = v.rewrite(ctx, t, t.AddKey, func(m *keyset.Manager, h *keyset.Handle, row store.Keyset) error {
		if h.Len() > 1 {
			if row.Rotated != nil {
				since = *row.Rotated
			}
			return errKept
		}
		if resume {
			return errKept
		}
		since = v.store.Now()
		id, err := m.Add(aead.AES256GCMKeyTemplate())
		if err != nil {
			return err
		}
		return m.SetPrimary(id)
	})
	return since, err
}

// drop stores the keyset of t without its old keys.
func (v *Vault) drop(ctx context.Context, t store.Tenant) error {
	return v.rewrite(ctx, t, t.DropKeys, func(m *keyset.Manager, h *keyset.Handle, _ store.Keyset) error {
		for i := range h.Len() {
			e, err := h.Entry(i)
			if err != nil {
				return err
			}
			if e.IsPrimary() {
				continue
			}
			if err := m.Delete(e.KeyID()); err != nil {
				return err
			}
		}
		return nil
	})
}

// errKept says that a keyset shall stay as it is.
var errKept = errors.New("vault: keyset kept")

// rewrite changes the keyset of t, stores it, and uses it from then on.
func (v *Vault) rewrite(ctx context.Context, t store.Tenant, put func(ctx context.Context, old, keyset []byte) error,
	change func(*keyset.Manager, *keyset.Handle, store.Keyset) error,
) error {
	v.wrapping.Lock()
	defer v.wrapping.Unlock()
	master, err := v.opened()
	if err != nil {
		return err
	}
	r, row, err := v.read(ctx, master, t.ID)
	if err != nil {
		return err
	}
	h, err := handle(master, t.ID, row.Keyset)
	if err != nil {
		return err
	}
	m := keyset.NewManagerFromHandle(h)
	if err := change(m, h, row); err != nil {
		if errors.Is(err, errKept) {
			return nil
		}
		return err
	}
	if h, err = m.Handle(); err != nil {
		return err
	}
	wrapped, err := wrap(master, t.ID, h)
	if err != nil {
		return err
	}
	next, err := ringOf(h)
	if err != nil {
		return err
	}
	if err := put(ctx, row.Keyset, wrapped); err != nil {
		return err
	}
	next.secret = r.secret
	v.mu.Lock()
	defer v.mu.Unlock()
	v.rings[t.ID] = next
	v.turns++
	return nil
}

// reseal seals every value of t anew that is not under its newest key.
func (v *Vault) reseal(ctx context.Context, t store.Tenant, n *Resealed) error {
	r, err := v.of(ctx, t.ID)
	if err != nil {
		return err
	}
	for _, p := range store.Places() {
		if p.Own && t.ID != store.SystemTenant {
			continue
		}
		if err := v.resealPlace(ctx, t, p, r, n); err != nil {
			return fmt.Errorf("seal %s anew: %w", p.Name, err)
		}
	}
	return nil
}

// resealPlace does one place, a step at a time.
func (v *Vault) resealPlace(ctx context.Context, t store.Tenant, p store.Place, r ring, n *Resealed) error {
	for after := ""; ; {
		found, err := t.SealedBefore(ctx, p, after, r.prefix)
		if err != nil || len(found) == 0 {
			return err
		}
		after = found[len(found)-1].ID
		if err := v.resealSome(ctx, t, p, r, found, n); err != nil {
			return err
		}
	}
}

// resealSome does one step.
func (v *Vault) resealSome(ctx context.Context, t store.Tenant, p store.Place, r ring, found []store.Sealed, n *Resealed) error {
	var old, sealed []store.Sealed
	for _, s := range found {
		where := associated(t.ID, p.Name+"|"+s.ID)
		secret, err := r.aead.Decrypt(s.Value, where)
		if err != nil {
			n.Damaged++
			continue
		}
		text, err := r.aead.Encrypt(secret, where)
		clear(secret)
		if err != nil {
			return err
		}
		old, sealed = append(old, s), append(sealed, store.Sealed{ID: s.ID, Value: text})
	}
	n.Values += len(sealed)
	return t.Reseal(ctx, p, old, sealed)
}

// Unfinished returns the tenants with more than one key: a rotation of theirs is
// under way, or was cut off.
func (v *Vault) Unfinished(ctx context.Context) ([]store.TenantID, error) {
	var all []store.TenantID
	err := v.each(ctx, func(id store.TenantID, r ring) {
		if r.keys > 1 {
			all = append(all, id)
		}
	})
	return all, err
}

// each calls do with every ring, those of suspended tenants among them.
func (v *Vault) each(ctx context.Context, do func(store.TenantID, ring)) error {
	tenants, err := v.store.System().AllTenants(ctx)
	if err != nil {
		return err
	}
	for _, info := range append(tenants, store.TenantInfo{ID: store.SystemTenant}) {
		r, err := v.of(ctx, info.ID)
		if errors.Is(err, store.ErrNotFound) {
			continue // it is being made, or deleted
		}
		if err != nil {
			return err
		}
		do(info.ID, r)
	}
	return nil
}

// State is what people may know of the keys.
type State struct {
	Source   string      `json:"source" enum:"file,credential,passphrase" doc:"Where the master key comes from"`
	Locked   bool        `json:"locked"`
	Rotating bool        `json:"rotating" doc:"A rotation is under way, or was cut off and goes on by itself"`
	Created  time.Time   `json:"created_at"`
	Keysets  []KeysState `json:"keysets" nullable:"false"`
}

// KeysState is what people may know of the keys of one tenant.
type KeysState struct {
	Tenant   store.TenantID `json:"tenant_id"`
	Created  time.Time      `json:"created_at"`
	Rotated  *time.Time     `json:"rotated_at" nullable:"true" doc:"When its newest key was made; null: it still has its first"`
	Rotating bool           `json:"rotating"`
}

// State describes the keys. A locked vault cannot tell whether they are rotated.
func (v *Vault) State(ctx context.Context) (s State, err error) {
	row, err := v.store.System().Vault(ctx)
	if err != nil {
		return s, err
	}
	_, locked := v.Locked()
	s = State{Source: v.source.kind(row.Salt), Locked: locked, Created: row.Created, Keysets: []KeysState{}}
	if locked {
		return s, nil
	}
	var ids []store.TenantID
	open := map[store.TenantID]bool{}
	if err := v.each(ctx, func(id store.TenantID, r ring) { ids, open[id] = append(ids, id), r.keys > 1 }); err != nil {
		return s, err
	}
	for _, id := range ids {
		k, err := v.store.Tenant(id).Keyset(ctx)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return s, err
		}
		s.Keysets = append(s.Keysets, KeysState{id, k.Created, k.Rotated, open[id]})
		s.Rotating = s.Rotating || open[id]
	}
	return s, nil
}
