package app

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/job"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// keys has the keys of the vault replaced, in a job of the appliance.
type keys struct {
	dir   string
	store *store.Store
	vault *vault.Vault
	jobs  *job.Service // nil: in the caller's time
	grace time.Duration
}

// errEither says that an order names two kinds of keys.
var errEither = fault.New(fault.Invalid, "vault.either", "Rotate the master key or the keys of a tenant: one after the other.")

// Rotate starts what a asks for.
func (k *keys) Rotate(ctx context.Context, y store.System, a vault.Ask) (store.Job, error) {
	spec := job.Spec{Kind: "vault.rotate", Thing: string(a.Tenant), Title: "Rotate the keys of every tenant"}
	var err error
	switch {
	case a.Master && a.Tenant != "":
		err = errEither
	case a.Master:
		spec.Thing, spec.Title = "master", "Rotate the master key"
		err = k.vault.MayRotateMaster(ctx, a.Passphrase)
	case a.Tenant != "":
		spec.Title = "Rotate the keys of " + string(a.Tenant)
		_, err = y.TenantInfo(ctx, a.Tenant)
	}
	if err == nil && k.vault.Rotating() {
		err = vault.ErrRotating
	}
	if err != nil {
		return store.Job{}, err
	}
	return k.start(ctx, y, spec, func(ctx context.Context, p progress) error {
		if a.Master {
			return k.master(ctx, y, a, p)
		}
		return k.tenants(ctx, y, a.Tenant, false, p)
	})
}

func (k *keys) start(ctx context.Context, y store.System, spec job.Spec, work func(context.Context, progress) error) (store.Job, error) {
	if k.jobs == nil {
		return alone(ctx, spec, work)
	}
	return k.jobs.Start(ctx, y.Own(), spec, func(ctx context.Context, p *job.Progress) error { return work(ctx, p) })
}

// master replaces the master key, and says what a person must do now.
func (k *keys) master(ctx context.Context, y store.System, a vault.Ask, p progress) error {
	p.Step(ctx, "Wrapping the keys of every tenant anew", 0, 1)
	if err := k.vault.RotateMaster(ctx, y, a.Passphrase); err != nil {
		return err
	}
	if len(a.Passphrase) > 0 {
		p.Say(ctx, "The vault opens with the new passphrase only. Where --passphrase-file names a file, put the new one into it before the next start.")
	} else {
		p.Say(ctx, "The new master key is in "+filepath.Join(k.dir, vault.KeyFile)+". Keep a copy of it in another place: without it no secret opens again.")
	}
	p.Say(ctx, "A backup that was made before opens only with the old one: keep that with it, or make a new backup.")
	return nil
}

// tenants renews the keys of one tenant, or of all for no name; with resume, it
// only ends what was begun.
func (k *keys) tenants(ctx context.Context, y store.System, one store.TenantID, resume bool, p progress) error {
	r := vault.Rotation{Resume: resume, Grace: k.grace, Step: p.Step}
	all, err := y.AllTenants(ctx)
	if err != nil {
		return err
	}
	for _, v := range append(all, store.TenantInfo{ID: store.SystemTenant}) {
		if (one == "" || one == v.ID) && v.Status != "deleting" {
			r.Tenants = append(r.Tenants, y.Tenant(v.ID))
		}
	}
	n, err := k.vault.Rotate(ctx, r)
	if err != nil {
		return err
	}
	p.Say(ctx, fmt.Sprintf("%d secrets are sealed under new keys, and the old keys are gone.", n.Values))
	if n.Damaged > 0 {
		p.Say(ctx, fmt.Sprintf("%d secrets could not be opened: they were damaged before, and stay as they were. Enter them again.", n.Damaged))
	}
	return nil
}

// resume goes on with a rotation that a stop cut off.
func (k *keys) resume(ctx context.Context) error {
	all, err := k.vault.Unfinished(ctx)
	if errors.Is(err, vault.ErrLocked) || err == nil && (len(all) == 0 || k.vault.Rotating()) {
		return nil
	}
	if err != nil {
		return err
	}
	y := k.store.System()
	_, err = k.start(ctx, y, job.Spec{Kind: "vault.rotate", Title: "Go on with rotating keys"}, func(ctx context.Context, p progress) error {
		return k.tenants(ctx, y, "", true, p)
	})
	return err
}
