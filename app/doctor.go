package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"unity.internal/app/fault"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// A finding is what doctor found out about one thing.
type finding struct {
	OK   bool   `json:"ok"`
	What string `json:"what"`
	Text string `json:"text"`
}

type doctorCmd struct{}

// errSick says that doctor found something that is not well.
var errSick = fault.New(fault.Conflict, "doctor.found", "Something is not well; see above.")

// Run prints what doctor finds. It fails if something is not well.
func (doctorCmd) Run(ctx context.Context, c *Config, t terminal) error {
	var all []finding
	if err := c.ask(ctx, order{Command: "doctor"}, &all); err != nil {
		return err
	}
	var sick error
	for _, f := range all {
		mark := "ok  "
		if !f.OK {
			mark, sick = "BAD ", errSick
		}
		fmt.Fprintf(t.out, "%s %-12s %s\n", mark, f.What, f.Text)
	}
	return sick
}

const minute = "2006-01-02 15:04 UTC"

// lowDisk is when the disk is called nearly full, in bytes.
const lowDisk = 512 << 20

func (c control) doctor(ctx context.Context, _ order) (any, error) {
	all := []finding{c.permissions(), c.space()}
	if err := c.store.Check(ctx); err != nil {
		all = append(all, finding{false, "database", err.Error()})
	} else {
		all = append(all, finding{true, "database", fmt.Sprintf("sound, schema %d", store.SchemaVersion())})
	}
	if reason, locked := c.vault.Locked(); locked {
		return append(all, finding{false, "vault", reason}), nil
	}
	all = append(all, c.rotation(ctx))
	tenants, err := c.store.System().AllTenants(ctx)
	if err != nil {
		return nil, err
	}
	for _, id := range append([]store.TenantInfo{{ID: store.SystemTenant}}, tenants...) {
		all = append(all, chain(ctx, c.store.Tenant(id.ID)))
	}
	return all, nil
}

// chain checks that the audit of a tenant is as it was written, from its first
// row or from the anchor that pruning left.
func chain(ctx context.Context, t store.Tenant) finding {
	rows, err := t.VerifyAudit(ctx)
	if err != nil {
		return finding{false, "audit", err.Error()}
	}
	f := finding{true, "audit", fmt.Sprintf("tenant %s: %d rows, chain unbroken", t.ID, rows)}
	since, pruned, err := t.AuditBegin(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound): // nothing was done yet
	case err != nil:
		return finding{false, "audit", err.Error()}
	case pruned:
		f.Text += " since " + since.Format(minute) + "; older rows were pruned"
	default:
		f.Text += " since its first row, " + since.Format(minute)
	}
	return f
}

// rotation says whether keys are being rotated.
func (c control) rotation(ctx context.Context) finding {
	all, err := c.vault.Unfinished(ctx)
	switch {
	case err != nil:
		return finding{false, "vault", failed(err).Msg}
	case len(all) > 0:
		return finding{true, "vault", fmt.Sprintf("open; the rotation of keys is not finished for %v: it goes on by itself while the appliance runs", all)}
	}
	return finding{true, "vault", "open"}
}

// permissions checks that nobody else may read what is secret.
func (c control) permissions() finding {
	for _, name := range []string{"", vault.KeyFile, databaseFile} {
		info, err := os.Stat(filepath.Join(c.dir, name))
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			return finding{false, "permissions", filepath.Join(c.dir, name) + " may be read by others: take that away with chmod go= "}
		}
	}
	return finding{true, "permissions", "only the owner may read the data"}
}

func (c control) space() finding {
	left := free(c.dir)
	text := fmt.Sprintf("%d MiB free", left>>20)
	return finding{left >= lowDisk, "disk", text}
}
