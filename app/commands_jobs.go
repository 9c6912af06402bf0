package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
	"unity.internal/app/fault"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// askEvery is how often a command looks how far a job is.
const askEvery = 300 * time.Millisecond

// follow prints how far a job is, until it has ended, and what it said.
func (c *Config) follow(ctx context.Context, t terminal, j store.Job) error {
	tick := time.NewTicker(askEvery)
	defer tick.Stop()
	last := ""
	for j.Ended == nil {
		if j.Step != last {
			last = j.Step
			fmt.Fprintf(t.err, "%s (%d of %d)\n", j.Step, j.Done, j.Total)
		}
		select {
		case <-ctx.Done():
			return fault.New(fault.Unavailable, "job.goes_on", "Nobody waits any more, but the appliance goes on with it.")
		case <-tick.C:
		}
		if err := c.ask(ctx, order{Command: "job", ID: j.ID}, &j); err != nil {
			return err
		}
	}
	for _, line := range j.Log {
		fmt.Fprintln(t.out, line)
	}
	if j.State != "done" {
		return fault.New(fault.Conflict, "job."+j.State, "%s", j.Error)
	}
	return nil
}

type vaultCmd struct {
	Rotate vaultRotateCmd `cmd:"" help:"Seal everything anew under new keys; the audit stays valid."`
}

type vaultRotateCmd struct {
	Master bool   `help:"Replace the master key, or the passphrase, which wraps the keys of tenants."`
	Tenant string `help:"Replace the keys of this tenant only."`
}

// Run rotates keys.
func (v vaultRotateCmd) Run(ctx context.Context, c *Config, t terminal) error {
	o := order{Command: "vault-rotate", Master: v.Master, ID: v.Tenant}
	if v.Master {
		var s vault.State
		if err := c.ask(ctx, order{Command: "vault"}, &s); err != nil {
			return err
		}
		if s.Source == "passphrase" && !s.Locked {
			passphrase, err := readPassword(t, "New passphrase: ")
			if err != nil {
				return err
			}
			o.Password = passphrase
		}
	}
	var j store.Job
	if err := c.ask(ctx, o, &j); err != nil {
		return err
	}
	return c.follow(ctx, t, j)
}

type tenantDeleteCmd struct {
	ID  string `arg:"" help:"The tenant's id."`
	Yes bool   `help:"Do not ask."`
}

// errUnsure says that nobody confirmed a deletion.
var errUnsure = fault.New(fault.Conflict, "tenant.not_confirmed", "Nothing was deleted. Type the tenant's id to confirm, or give --yes.")

// Run deletes a tenant.
func (v tenantDeleteCmd) Run(ctx context.Context, c *Config, t terminal) error {
	var all []store.Content
	if err := c.ask(ctx, order{Command: "tenant-contents", ID: v.ID}, &all); err != nil {
		return err
	}
	fmt.Fprintf(t.err, "With %s go, for ever:\n", v.ID)
	for _, n := range all {
		if n.N > 0 {
			fmt.Fprintf(t.err, "  %10d %s\n", n.N, strings.ReplaceAll(n.Kind, "_", " "))
		}
	}
	if !v.Yes && !confirmed(t, v.ID, "delete it") {
		return errUnsure
	}
	var j store.Job
	if err := c.ask(ctx, order{Command: "tenant-delete", ID: v.ID}, &j); err != nil {
		return err
	}
	return c.follow(ctx, t, j)
}

// confirmed reports whether a person at a terminal typed a word to do what.
func confirmed(t terminal, word, what string) bool {
	f, ok := t.in.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return false
	}
	fmt.Fprintf(t.err, "Type %s to %s: ", word, what)
	var line string
	_, err := fmt.Fscanln(io.LimitReader(f, 100), &line)
	return err == nil && line == word
}
