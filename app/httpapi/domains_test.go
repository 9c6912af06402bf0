package httpapi

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/netip"
	"time"

	"unity.internal/app/alert"
	"unity.internal/app/auth"
	"unity.internal/app/backup"
	"unity.internal/app/cert"
	"unity.internal/app/cluster"
	"unity.internal/app/job"
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
)

// domains adds the domain packages to the parts, each over the bench's store.
func (b *bench) domains(v *vault.Vault) {
	b.parts.Metrics = metric.New(b.store, b.parts.Log)
	out := outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }})
	b.parts.Notify = notify.New(notify.Options{
		Tenants: b.store.System().Tenants, Sealer: v, Publish: b.bus.Publish, Now: time.Now, Log: b.parts.Log,
		Kinds: []notify.Kind{webhook.Kind(out), ntfy.Kind(out), smtp.Kind(out.Dial, nil)}, Base: func() string { return origin },
	})
	b.parts.Alerts = &alert.Service{
		Tenants: b.store.System().Tenants, Publish: b.bus.Publish, Wake: b.parts.Notify.Wake, Now: time.Now, Log: b.parts.Log,
		Voice: func(id store.TenantID) store.TenantID { return id },
	}
	b.parts.OIDC = oidc.New(oidc.Options{
		System: b.store.System(), Sealer: v, HTTP: out, Base: func() string { return origin }, Role: b.auth.RoleNow, Now: time.Now,
		Held: func(_ context.Context, user string) (all []oidc.Held, _ error) {
			for _, m := range b.auth.Of(user) {
				all = append(all, oidc.Held{Tenant: m.Tenant, Role: m.Role, Source: m.Source, By: m.By})
			}
			return all, nil
		},
	})
	b.parts.Backup = backup.New(backup.Options{
		Store: b.store, Dir: b.tb.TempDir(), Sealer: v, Publish: b.bus.Publish, Now: time.Now, Log: b.parts.Log,
		Start: func(ctx context.Context, y store.System, kind, title string, work func(context.Context, backup.Progress) error) (store.Job, error) {
			return b.parts.Jobs.Start(ctx, y.Own(), job.Spec{Kind: kind, Title: title}, func(ctx context.Context, p *job.Progress) error { return work(ctx, p) })
		},
	})
	b.parts.Listen = func(ctx context.Context) (net.Listener, bool, error) {
		ln, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
		return tls.NewListener(ln, b.parts.Cert.TLSConfig()), true, err
	}
	b.parts.Clusters = cluster.New(cluster.Options{
		Tenants: b.store.System().Tenants, Vault: v, Dial: out.Dial, Household: func(store.TenantID) bool { return true }, Publish: b.bus.Publish,
		Moved: b.bus.Objects, Take: b.parts.Metrics.Append, Eased: func() {}, Now: time.Now, Log: b.parts.Log,
	})
	b.parts.Rescue, b.parts.Restart, b.parts.Upgrade = nobody{}, func() {}, settled{}
	b.certificates(v)
	b.parts.Support = func(_ context.Context, w io.Writer) error {
		_, err := io.WriteString(w, "a bundle")
		return err
	}
	b.parts.Kit = func(ctx context.Context, y store.System, passphrase []byte) (KitFile, error) {
		return KitFile{FileName: "unity-kit.txt", Text: "for people\nblock", Block: "block"}, errors.Join(auth.CheckPassphrase(string(passphrase)), y.KitMade(ctx))
	}
	pool := remote.New(remote.Limits{Connect: 2 * time.Second})
	b.tb.Cleanup(pool.Close)
	b.parts.Servers = server.New(server.Parts{
		Store: b.store, Vault: v, Remote: pool, Sink: deaf{}, Log: b.parts.Log, Publish: b.bus.Publish, Hostname: "attic",
	})
}

// certificates adds the service that keeps them, for a box called attic.
func (b *bench) certificates(v *vault.Vault) {
	y := b.store.System()
	b.parts.Cert = cert.New(cert.Config{
		System: y, Storage: cert.NewStorage(y, v), Sealer: v, Hostname: "attic", Now: time.Now, Log: b.parts.Log,
		Allowed: func(name string) bool { return name == "attic" }, Own: func() []string { return []string{"attic"} },
		Public: func() []string {
			v, _ := y.Settings(context.WithoutCancel(b.tb.Context()))
			return v.PublicNames
		},
		Ports: func() (int, int) { return 0, 0 }, Publish: func() {},
		Start: func(ctx context.Context, y store.System, kind, title string, work func(context.Context) error) (store.Job, error) {
			return b.parts.Jobs.Start(ctx, y.Own(), job.Spec{Kind: kind, Title: title}, func(ctx context.Context, _ *job.Progress) error { return work(ctx) })
		},
	})
	if err := b.parts.Cert.Load(b.tb.Context()); err != nil {
		b.tb.Fatal(err)
	}
	b.tb.Cleanup(func() { // one that is over lets go of what New began
		ended, end := context.WithCancel(context.WithoutCancel(b.tb.Context()))
		end()
		if err := b.parts.Cert.Run(ended); err != nil {
			b.tb.Error(err)
		}
	})
}

// nobody needs to be rescued.
type nobody struct{}

func (nobody) Find(context.Context, backup.Ask) ([]backup.Copy, error) { return nil, nil }

func (nobody) Start(context.Context, backup.Ask, string, backup.Target) error { return nil }

func (nobody) State() backup.TaskState { return backup.TaskState{State: "none"} }

// deaf is a sink for tests that watch nothing.
type deaf struct{}

func (deaf) Take(context.Context, store.Tenant, store.Batch) error { return nil }

func (deaf) Reached(context.Context, store.Tenant, store.Server, store.ServerState) error { return nil }
