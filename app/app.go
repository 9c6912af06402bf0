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
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
	"unity.internal/app/alert"
	"unity.internal/app/auth"
	"unity.internal/app/backup"
	"unity.internal/app/cert"
	"unity.internal/app/cluster"
	"unity.internal/app/event"
	"unity.internal/app/httpapi"
	"unity.internal/app/job"
	"unity.internal/app/mdns"
	"unity.internal/app/metric"
	"unity.internal/app/notify"
	"unity.internal/app/notify/ntfy"
	"unity.internal/app/notify/smtp"
	"unity.internal/app/notify/webhook"
	"unity.internal/app/oidc"
	"unity.internal/app/outgoing"
	"unity.internal/app/remote"
	"unity.internal/app/server"
	"unity.internal/app/vault"
	"unity.internal/store"
	"unity.internal/web"
)

// An App is the appliance: every part, wired, not yet running.
type App struct {
	config   *Config
	log      *slog.Logger
	started  time.Time
	hold     *hold
	alone    bool // it lets go of its hold itself
	store    *store.Store
	vault    *vault.Vault
	auth     *auth.Service
	setup    *auth.SetupToken
	bus      *event.Bus
	jobs     *job.Service
	names    *names
	health   *health
	cert     *cert.Service
	mdns     *mdns.Responder
	out      *outgoing.Client
	metrics  *metric.Service
	alerts   *alert.Service
	notify   *notify.Service
	beat     *notify.Heartbeat
	oidc     *oidc.Service
	remote   *remote.Pool
	servers  *server.Service
	clusters *cluster.Service
	sink     *sink
	http     *httpapi.Server
	control  control
	keys     *keys
	deletion *deletion
	backup   *backup.Service
	rescue   *rescuer
	silent   atomic.Bool // a restore holds what speaks to the world
	transfer *transfers
	upgrade  *upgrader
	eased    chan struct{}      // holds a token when much memory may be let go of
	unlocked chan struct{}      // holds a token when the vault may have been opened
	leave    context.CancelFunc // ends streams, when the appliance begins to stop
	end      context.CancelFunc // ends requests that outlive the drain
	asked    chan struct{}      // closed when somebody asked for a restart
	ask      func()
}

// New takes the data directory and builds every part, in order of need. It runs
// once: a restart ends it.
func New(ctx context.Context, c *Config, log *slog.Logger) (*App, error) {
	h, err := take(c.DataDir)
	if err != nil {
		return nil, err
	}
	a, err := h.begin(ctx, c, log)
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	a.alone = true
	return a, nil
}

// begin builds every part, in order of need.
func (h *hold) begin(ctx context.Context, c *Config, log *slog.Logger) (*App, error) {
	a := &App{
		config: c, log: log, started: time.Now(), hold: h, vault: &vault.Vault{}, unlocked: make(chan struct{}, 1), eased: make(chan struct{}, 1),
		asked: make(chan struct{}),
	}
	a.ask = sync.OnceFunc(func() { close(a.asked) })
	if err := a.keep(ctx); err != nil {
		return nil, err
	}
	if err := a.build(ctx); err != nil {
		return nil, errors.Join(err, a.store.Close(ctx))
	}
	return a, nil
}

// keep opens what is kept: the database and the vault.
func (a *App) keep(ctx context.Context) (err error) {
	dir := a.config.DataDir
	switch swapped, err := swap(ctx, dir); {
	case err != nil:
		return err
	case swapped != "":
		a.log.InfoContext(ctx, "another database took the place of the old one", "reason", swapped)
		if err := store.PruneCheckpoints(filepath.Join(dir, checkpoints)); err != nil {
			a.log.ErrorContext(ctx, "prune checkpoints", "err", err)
		}
	}
	kept := filepath.Join(dir, checkpoints)
	if a.hold.trial {
		kept = "" // who watches has the copy
	}
	err = patiently(ctx, func() (err error) {
		a.store, err = store.Open(ctx, filepath.Join(dir, databaseFile),
			store.WithSigner(a.vault.Sign), store.WithLog(a.log.With("part", "store")), store.WithCheckpoints(kept))
		return err
	})
	if err != nil {
		return err
	}
	from, err := a.config.source()
	from.Last = a.hold.key
	if err != nil {
		return errors.Join(err, a.store.Close(ctx))
	}
	if err := a.vault.Attach(ctx, a.store, from); err != nil {
		return errors.Join(fmt.Errorf("open the vault: %w", err), a.store.Close(ctx))
	}
	if err := a.store.System().NoteRestore(ctx); err != nil && !errors.Is(err, vault.ErrLocked) { // it is noted when it is open
		return errors.Join(err, a.store.Close(ctx))
	}
	return nil
}

// source says what opens the vault.
func (c *Config) source() (from vault.Source, err error) {
	from = vault.Source{Dir: c.DataDir, Credentials: os.Getenv("CREDENTIALS_DIRECTORY")}
	if file := c.Serve.PassphraseFile; file != "" {
		from.Passphrase, err = secretFile(file)
	}
	return from, err
}

// build makes what works on it.
func (a *App) build(ctx context.Context) error {
	a.bus = event.New(store.NewID()[:13], time.Now)
	a.jobs = job.New(a.log.With("part", "job"), a.bus.Publish)
	a.auth = auth.New(a.store, a.vault)
	a.auth.Always = a.config.Serve.MultiTenancy
	a.setup = auth.NewSetupToken(a.config.DataDir)
	if err := errors.Join(a.auth.Reload(ctx), a.store.System().InterruptJobs(ctx)); err != nil {
		return err
	}
	a.health = &health{app: a, seen: make(chan struct{})}
	var err error
	if a.names, err = newNames(ctx, a.config, a.store); err != nil {
		return err
	}
	a.auth.Named = a.names.named
	a.mdns = mdns.New("unity", a.names.spoken, a.log.With("part", "mdns"))
	a.names.won = a.mdns.Name
	if err := a.certificates(ctx); err != nil {
		return err
	}
	a.watch()
	a.watchClusters()
	a.keys = &keys{dir: a.config.DataDir, store: a.store, vault: a.vault, jobs: a.jobs, grace: vault.Grace}
	a.deletion = &deletion{store: a.store, jobs: a.jobs, forget: a.forget, changed: a.changed, work: map[store.TenantID]string{}}
	if err := a.replicate(ctx); err != nil {
		return err
	}
	a.rescue = newRescuer(a.config.DataDir, a.Restart)
	a.transfer = newTransfers(a.config.DataDir, a.vault)
	a.transfer.jobs, a.transfer.before, a.transfer.changed, a.transfer.service.Forget = a.jobs, a.metrics.Flush, a.changed, a.letGo
	a.upgrade = newUpgrader(a)
	if err := a.firstServer(ctx); err != nil {
		return err
	}
	a.control = control{
		dir: a.config.DataDir, store: a.store, vault: a.vault, auth: a.auth, setup: a.setup,
		urls: a.names.urls, added: a.changed, health: a.health.found, keys: a.keys, deletion: a.deletion, transfers: a.transfer,
		kits: newKits(a.store, a.vault, a.backup.Fixed), upgrade: a.upgrade,
	}
	a.control.bundles = a.newBundles()
	return a.edge(ctx)
}

// watch builds what looks at servers and tells people.
func (a *App) watch() {
	tenants := a.store.System().Tenants
	a.out = outgoing.New(outgoing.Options{
		AllowPrivate: a.private, Own: a.names.listeners,
	})
	a.metrics = metric.New(a.store, a.log.With("part", "metric"))
	a.metrics.Room = a.health.room
	a.notify = notify.New(notify.Options{
		Tenants: a.speaking, Sealer: a.vault, Publish: a.bus.Publish, Base: a.names.base, Now: time.Now, Log: a.log.With("part", "notify"),
		Kinds: []notify.Kind{webhook.Kind(a.out), ntfy.Kind(a.out), smtp.Kind(a.out.Dial, nil)},
	})
	a.oidc = oidc.New(oidc.Options{
		System: a.store.System(), Sealer: a.vault, Base: a.names.base, Held: a.memberships, Role: a.auth.RoleNow, Now: time.Now,
		HTTP: outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }, Own: a.names.listeners}), // an administrator named it
	})
	a.beat = notify.NewHeartbeat(a.out, a.names.heartbeat, a.health.well, time.Now, a.log.With("part", "heartbeat"))
	a.alerts = &alert.Service{
		Tenants: tenants, Publish: a.bus.Publish, Wake: a.notify.Wake, Voice: a.voice, Now: time.Now, Log: a.log.With("part", "alert"),
	}
	a.sink = newSink(a)
	a.remote = remote.New(remote.Limits{})
	a.remote.Agent = a.agent
	a.servers = server.New(server.Parts{
		Store: a.store, Vault: a.vault, Remote: a.remote, Sink: a.sink, Log: a.log.With("part", "server"),
		Publish: a.sink.publish, Hostname: a.names.hostname,
	})
}

// watchClusters builds what watches Kubernetes.
func (a *App) watchClusters() {
	a.clusters = cluster.New(cluster.Options{
		Tenants: a.store.System().Tenants, Vault: a.vault, Dial: a.out.Dial, Now: time.Now, Log: a.log.With("part", "cluster"),
		Household: func(id store.TenantID) bool { return id == store.DefaultTenant && !a.auth.MultiTenancy() },
		Publish:   a.sink.publish, Moved: a.bus.Objects, Take: a.sink.Take,
		Eased: func() {
			select {
			case a.eased <- struct{}{}:
			default: // a token is there
			}
		},
	})
}

// voice returns the tenant whose channels speak for one: the household's for
// the appliance itself, while there is one household.
func (a *App) voice(id store.TenantID) store.TenantID {
	if id == store.SystemTenant && !a.auth.MultiTenancy() {
		return store.DefaultTenant
	}
	return id
}

// memberships returns what a user has, for the claims of an identity provider to change.
func (a *App) memberships(_ context.Context, user string) ([]oidc.Held, error) {
	var all []oidc.Held
	for _, m := range a.auth.Of(user) {
		all = append(all, oidc.Held{Tenant: m.Tenant, Role: m.Role, Source: m.Source, By: m.By})
	}
	return all, nil
}

// private reports whether requests of tenants may reach a private address: the
// household's may; where many share the appliance, those that a rule names.
func (a *App) private(ip netip.Addr) bool { return !a.auth.MultiTenancy() || a.names.allowed(ip) }

// agent returns the SSH agent that may sign in to servers: the household's own,
// while there is one household.
func (a *App) agent() string {
	if a.auth.MultiTenancy() {
		return ""
	}
	return os.Getenv("SSH_AUTH_SOCK")
}

// firstServer adds this machine to a new appliance, so that whoever sets it up
// sees it live. One that a person removed does not come back.
func (a *App) firstServer(ctx context.Context) error {
	if _, locked := a.vault.Locked(); locked {
		return nil
	}
	there, err := a.store.System().HasUsers(ctx)
	if err != nil || there {
		return err
	}
	home := a.store.Tenant(store.DefaultTenant)
	_, err = home.LocalServer(ctx)
	if errors.Is(err, store.ErrNotFound) {
		_, err = a.servers.AddLocal(ctx, home)
	}
	return err
}

// edge builds the HTTP API over the parts.
func (a *App) edge(ctx context.Context) error {
	requests, end := context.WithCancel(context.WithoutCancel(ctx))
	streams, leave := context.WithCancel(ctx)
	a.end, a.leave = end, leave
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
	if a.config.Serve.RateLimit == 0 {
		limits.SignIn = 0
	}
	release, commit := version()
	hostname, _ := os.Hostname() // shown only
	a.http = httpapi.New(requests, streams, httpapi.Parts{
		Log: a.log.With("part", "http"), Auth: a.auth, Setup: a.setup, Tenant: a.store.Tenant, System: a.store.System(),
		Vault: a.vault, Bus: a.bus, Jobs: a.jobs, Web: web.FS(),
		Servers: a.servers, Clusters: a.clusters, Listen: a.forwardListener, Metrics: a.metrics, Alerts: a.alerts, Notify: a.notify, OIDC: a.oidc, Backup: a.backup, Restart: a.Restart, Rescue: a.rescue, Upgrade: a.upgrade,
		Reach: httpapi.Reach{
			Known: a.names.known, Public: a.names.public, Trusted: a.names.trusted,
			Secure: a.names.secure, Plain: a.names.open, Mode: a.tlsMode, Signer: a.cert.Signer,
		},
		Limits: limits, Health: a.health.now, MetricsToken: token, Base: a.names.base,
		About: httpapi.About{
			Version: release, Commit: commit, Hostname: hostname, Started: a.started.UTC(),
			URLs: a.names.urls, Sizes: a.sizes, Fingerprint: a.cert.Fingerprint,
		},
		CA: a.cert.RootPEM, Cert: a.cert, Challenge: a.cert.Challenge,
		Changed: a.changed, RotateKeys: a.keys.Rotate, DeleteTenant: a.deletion.Delete, Kit: a.control.kits.make, Support: a.control.bundles.make,
		ExportTenant: a.transfer.Export, ImportTenant: a.transfer.Receive,
	})
	return nil
}

// changed tells every part that a tenant, or its settings, changed.
func (a *App) changed(ctx context.Context, tenant store.TenantID) {
	err := errors.Join(a.auth.Reload(ctx), a.names.reload(ctx), a.learnHeld(ctx), a.cert.Load(ctx))
	a.servers.TenantsChanged()
	a.clusters.Changed()
	if tenant == store.SystemTenant {
		a.beat.Changed()
		a.mdns.Changed()
		a.backup.Changed()
		a.notify.Wake()
		a.upgrade.changed()
		select {
		case a.unlocked <- struct{}{}:
		default: // upkeep has a token already
		}
	}
	if err != nil {
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

// Run serves until ctx ends, a part fails or a restart is asked for, which it
// returns as errRestart. It prints where it serves on out.
func (a *App) Run(ctx context.Context, out io.Writer) error {
	listeners, err := a.listeners(ctx)
	if err != nil {
		return errors.Join(err, a.close(ctx))
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, run := range []func(context.Context) error{
		a.store.Run, a.jobs.Run, a.auth.Run, a.health.run, a.control.listen, a.cert.Run, a.mdns.Run, a.anchor, a.upkeep,
		a.metrics.Run, a.alerts.Run, a.notify.Run, a.beat.Run, a.sink.run, a.servers.Run, a.clusters.Run, a.backup.Run, a.backup.Schedule,
		a.rescue.run, a.upgrade.run, a.awaitRestart,
		func(ctx context.Context) error { return a.serve(ctx, out, listeners) },
	} {
		g.Go(func() error { return run(ctx) })
	}
	ended := g.Wait()
	again := errors.Is(ended, errRestart)
	if again {
		ended = nil
	}
	err = errors.Join(ended, a.metrics.Flush(context.WithoutCancel(ctx))) // the last polls came after its Run had ended
	a.remote.Close()
	err = errors.Join(err, a.close(ctx))
	if !again {
		return err
	}
	if err != nil {
		a.log.ErrorContext(ctx, "end before a restart", "err", err)
	}
	return errRestart
}

// close closes what New opened.
func (a *App) close(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	err := errors.Join(a.store.Close(ctx), a.backup.Close(ctx)) // the last writes are copied, too
	if a.alone {
		err = errors.Join(err, a.hold.Close())
	}
	return err
}
