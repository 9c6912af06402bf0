package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"

	"unity.internal/app/auth"
	"unity.internal/app/backup/transfer"
	"unity.internal/app/job"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// transfers takes tenants from and to other appliances.
type transfers struct {
	dir     string
	service *transfer.Service
	jobs    *job.Service // nil: in the caller's time
	// before commits what is in memory only; changed is told when a tenant or its
	// users changed.
	before  func(context.Context) error
	changed func(context.Context, store.TenantID)
}

func newTransfers(dir string, v *vault.Vault) *transfers {
	release, _ := version()
	return &transfers{
		dir: dir, service: &transfer.Service{Vault: v, Names: auth.Names{}, Version: release, Forget: v.Forget},
		before: func(context.Context) error { return nil }, changed: func(context.Context, store.TenantID) {},
	}
}

// scratch returns a file in the data directory that is gone when it is closed,
// or when the process ends.
func (x *transfers) scratch() (*os.File, error) {
	f, err := os.CreateTemp(x.dir, "transfer-*.tmp")
	if err != nil {
		return nil, full(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// A room is a writer that leaves to the database what is kept free for it.
type room struct {
	io.Writer
	left func() int64 // bytes; less than nothing: nobody knows
}

func (x *transfers) room(w io.Writer) room { return room{w, func() int64 { return free(x.dir) }} }

// Write implements io.Writer.
func (r room) Write(p []byte) (int, error) {
	if left := r.left(); left >= 0 && left < reserve+int64(len(p)) {
		return 0, store.ErrDiskFull
	}
	return r.Writer.Write(p)
}

// full says in words that the disk is.
func full(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return store.ErrDiskFull.Because(err)
	}
	return err
}

// write writes the export of a tenant to out.
func (x *transfers) write(ctx context.Context, y store.System, id store.TenantID, to transfer.To, out io.Writer) error {
	all, err := to.Recipients()
	if err != nil {
		return err
	}
	if err := x.before(ctx); err != nil {
		return err
	}
	_, err = x.service.Export(ctx, y, id, all, out, func(string, int, int) {})
	return full(err)
}

// Export returns the export of a tenant, whole: who reads slowly holds nothing up,
// and what fails is no file. Closing it is the end of it.
func (x *transfers) Export(ctx context.Context, y store.System, id store.TenantID, to transfer.To) (io.ReadCloser, error) {
	f, err := x.scratch()
	if err != nil {
		return nil, err
	}
	err = x.write(ctx, y, id, to, x.room(f))
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// Receive stores what in brings, and starts the import of it. Told is called when
// the tenant changed.
func (x *transfers) Receive(ctx context.Context, y store.System, in io.Reader, from transfer.From, told func()) (store.Job, error) {
	f, err := x.scratch()
	if err != nil {
		return store.Job{}, err
	}
	if _, err := io.Copy(x.room(f), in); err != nil {
		return store.Job{}, errors.Join(full(err), f.Close())
	}
	return x.Import(ctx, y, f, from, told)
}

// Import starts the import of a file, which it closes. Who cannot open it hears
// at once.
func (x *transfers) Import(ctx context.Context, y store.System, f *os.File, from transfer.From, told func()) (store.Job, error) {
	ids, err := from.Identities()
	var h transfer.Header
	if err == nil {
		h, err = transfer.Peek(f, ids)
	}
	if err != nil {
		return store.Job{}, errors.Join(err, f.Close())
	}
	if from.As != "" {
		h.Tenant = from.As
	}
	work := func(ctx context.Context, p progress) error {
		defer x.tell(context.WithoutCancel(ctx), h.Tenant, told)
		began := sync.OnceFunc(func() { x.tell(ctx, h.Tenant, told) })
		res, err := x.service.Import(ctx, y, f, ids, from.As, func(table string, done, total int) {
			p.Step(ctx, "Reading "+table, done, total)
			if done > 0 {
				began()
			}
		})
		if err != nil {
			return err
		}
		for _, line := range said(res) {
			p.Say(ctx, line)
		}
		return nil
	}
	spec := job.Spec{
		Kind: "tenants.import", Thing: string(h.Tenant), Title: "Import tenant " + string(h.Tenant),
		After: func() { _ = f.Close() }, // it was only read
	}
	if x.jobs == nil {
		return alone(ctx, spec, work)
	}
	j, err := x.jobs.Start(ctx, y.Own(), spec, func(ctx context.Context, p *job.Progress) error { return work(ctx, p) })
	if err != nil {
		return j, errors.Join(err, f.Close())
	}
	return j, nil
}

func (x *transfers) tell(ctx context.Context, id store.TenantID, told func()) {
	x.changed(ctx, id)
	told()
}

// said is what a person should know of an import that has ended.
func said(r transfer.Result) []string {
	if r.Before {
		return []string{"All of this file is in tenant " + string(r.Tenant) + " already. Nothing was changed."}
	}
	all := []string{fmt.Sprintf("Tenant %s is here, with %d rows.", r.Tenant, r.Rows)}
	if len(r.Users) > 0 {
		all = append(all, "New users, who cannot sign in yet: "+strings.Join(r.Users, ", ")+". Make a link for each, on the page of users or with unity user sign-in-link NAME.")
	}
	if len(r.Absent) > 0 {
		all = append(all, "Left out, because somebody else here has the name or one that looks like it: "+strings.Join(r.Absent, ", ")+". Invite them to the tenant under another name.")
	}
	if len(r.Local) > 0 {
		all = append(all, "These were the other appliance itself, and show this one now: "+strings.Join(r.Local, ", ")+". Delete them if that is not what you want.")
	}
	return all
}
