// Package app wires the parts of the appliance together and runs them: New is
// its table of contents. It also is the command line. It decides nothing that
// a domain package could decide.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"
	"unity.internal/app/auth"
	"unity.internal/app/event"
	"unity.internal/app/httpapi"
	"unity.internal/app/job"
	"unity.internal/app/vault"
	"unity.internal/store"
	"unity.internal/web"
)

// An App is the appliance: every part, wired, not yet running.
type App struct {
	config  *Config
	log     *slog.Logger
	started time.Time
	held    *os.File // the lock on the data directory
	store   *store.Store
	vault   *vault.Vault
	auth    *auth.Service
	setup   *auth.SetupToken
	bus     *event.Bus
	jobs    *job.Service
	names   *names
	health  *health
	http    *httpapi.Server
	control control
	end     context.CancelFunc // ends requests that outlive the drain
}

// New takes the data directory and builds every part, in order of need.
func New(ctx context.Context, c *Config, log *slog.Logger) (*App, error) {
	a := &App{config: c, log: log, started: time.Now(), vault: &vault.Vault{}}
	if err := prepare(c.DataDir); err != nil {
		return nil, err
	}
	var err error
	if a.held, err = lock(c.DataDir); err != nil {
		return nil, err
	}
	if err := a.keep(ctx); err != nil {
		return nil, errors.Join(err, a.held.Close())
	}
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.store.Close(ctx), a.held.Close())
	}
	return a, nil
}

// keep opens what is kept: the database and the vault.
func (a *App) keep(ctx context.Context) (err error) {
	dir := a.config.DataDir
	a.store, err = store.Open(ctx, filepath.Join(dir, databaseFile),
		store.WithSigner(a.vault.Sign), store.WithLog(a.log.With("part", "store")), store.WithCheckpoints(filepath.Join(dir, checkpoints)))
	if err != nil {
		return err
	}
	from := vault.Source{Dir: dir, Credentials: os.Getenv("CREDENTIALS_DIRECTORY")}
	if file := a.config.Serve.PassphraseFile; file != "" {
		if from.Passphrase, err = secretFile(file); err != nil {
			return errors.Join(err, a.store.Close(ctx))
		}
	}
	if err := a.vault.Attach(ctx, a.store, from); err != nil {
		return errors.Join(fmt.Errorf("open the vault: %w", err), a.store.Close(ctx))
	}
	return nil
}

// build makes what works on it.
func (a *App) build(ctx context.Context) error {
	a.bus = event.New(store.NewID()[:13], time.Now)
	a.jobs = job.New(a.log.With("part", "job"), a.bus.Publish)
	a.auth = auth.New(a.store, func(ctx context.Context) ([]byte, error) { return a.vault.Key(ctx, store.SystemTenant, "jwt") })
	a.setup = auth.NewSetupToken(a.config.DataDir)
	if err := errors.Join(a.auth.Reload(ctx), a.store.System().InterruptJobs(ctx)); err != nil {
		return err
	}
	a.health = &health{app: a}
	var err error
	if a.names, err = newNames(ctx, a.config, a.store); err != nil {
		return err
	}
	a.control = control{
		dir: a.config.DataDir, store: a.store, vault: a.vault, auth: a.auth, setup: a.setup,
		urls: a.names.urls, added: a.changed,
	}
	return a.edge(ctx)
}

// edge builds the HTTP API over the parts.
func (a *App) edge(ctx context.Context) error {
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	a.end = end
	token := ""
	if file := a.config.Serve.MetricsToken; file != "" {
		text, err := secretFile(file)
		if err != nil {
			return err
		}
		token = string(text)
	}
	limits := httpapi.DefaultLimits()
	limits.Address, limits.Tenant = a.config.Serve.RateLimit, a.config.Serve.RateLimit*5
	number, commit := version()
	hostname, _ := os.Hostname() // shown only
	a.http = httpapi.New(requests, ctx, httpapi.Parts{
		Log: a.log.With("part", "http"), Auth: a.auth, Setup: a.setup, Tenant: a.store.Tenant, System: a.store.System(),
		Vault: a.vault, Bus: a.bus, Jobs: a.jobs, Web: web.FS(),
		Reach:  httpapi.Reach{Known: a.names.known, Public: a.names.public, Trusted: a.names.trusted},
		Limits: limits, Health: a.health.now, MetricsToken: token, MultiTenancy: a.config.Serve.MultiTenancy,
		About: httpapi.About{
			Version: number, Commit: commit, Hostname: hostname, Started: a.started.UTC(),
			URLs: a.names.urls, Sizes: a.sizes, Fingerprint: func() string { return "" },
		},
		CA:      func(context.Context) ([]byte, error) { return nil, store.ErrNotFound },
		Changed: a.changed,
	})
	return nil
}

// changed tells every part that a tenant, or its settings, changed.
func (a *App) changed(ctx context.Context, tenant store.TenantID) {
	if err := errors.Join(a.auth.Reload(ctx), a.names.reload(ctx)); err != nil {
		a.log.ErrorContext(ctx, "reload after a change", "tenant", tenant, "err", err)
	}
}

// sizes returns how large the database is and how much room is left.
func (a *App) sizes(context.Context) (database, left int64) {
	for _, suffix := range []string{"", "-wal"} {
		if info, err := os.Stat(a.store.Path() + suffix); err == nil {
			database += info.Size()
		}
	}
	return database, free(a.config.DataDir)
}

// Run serves until ctx ends or a part fails, and prints where on out.
func (a *App) Run(ctx context.Context, out io.Writer) error {
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{
		a.store.Run, a.jobs.Run, a.auth.Run, a.health.run, a.control.listen,
		func(ctx context.Context) error { return a.serve(ctx, out) },
	} {
		g.Go(func() error { return run(ctx) })
	}
	return errors.Join(g.Wait(), a.store.Close(context.WithoutCancel(ctx)), a.held.Close())
}
