package server_test

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"unity.internal/app/remote"
	"unity.internal/app/remote/sshdtest"
	"unity.internal/app/server"
	"unity.internal/app/vault"
	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A bench is a service over a real store, vault and pool, which keeps what it finds.
type bench struct {
	*server.Service
	tb    testing.TB
	store *store.Store
	t     store.Tenant
	stop  context.CancelFunc
	ended chan struct{}

	mu      sync.Mutex
	moved   *sync.Cond
	batches map[string][]store.Batch
	reached map[string][]string
}

func newBench(tb testing.TB) *bench {
	tb.Helper()
	v := &vault.Vault{}
	s := storetest.Open(tb, store.WithSigner(v.Sign))
	vaulttest.Attach(tb, v, s)
	b := &bench{tb: tb, store: s, t: s.Tenant(store.DefaultTenant), batches: map[string][]store.Batch{}, reached: map[string][]string{}}
	b.moved = sync.NewCond(&b.mu)
	pool := remote.New(remote.Limits{Connect: 2 * time.Second, Handshake: 2 * time.Second})
	b.Service = server.New(server.Parts{
		Store: s, Vault: v, Remote: pool, Sink: b, Log: slog.New(slog.DiscardHandler), Hostname: "attic",
		Publish: func(store.TenantID, string, string, int64) {},
	})
	tb.Cleanup(pool.Close)
	return b
}

// run runs the service, and the store's grouped writes, until the test ends.
func (b *bench) run() *bench {
	ctx, cancel := context.WithCancel(context.Background())
	b.stop, b.ended = cancel, make(chan struct{})
	go func() {
		defer close(b.ended)
		var parts sync.WaitGroup
		parts.Go(func() { _ = b.store.Run(ctx) })
		if err := b.Run(ctx); err != nil {
			b.tb.Error(err)
		}
		parts.Wait()
	}()
	b.tb.Cleanup(func() { cancel(); <-b.ended })
	return b
}

func (b *bench) Take(_ context.Context, _ store.Tenant, n store.Batch) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.batches[n.Server] = append(b.batches[n.Server], n)
	b.moved.Broadcast()
	return nil
}

func (b *bench) Reached(_ context.Context, _ store.Tenant, v store.Server, state store.ServerState) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reached[v.ID] = append(b.reached[v.ID], state.State)
	b.moved.Broadcast()
	return nil
}

// wait waits until ok says so, which it asks whenever something was found.
func (b *bench) wait(what string, ok func() bool) {
	b.tb.Helper()
	late := time.AfterFunc(20*time.Second, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		what += " (too late)"
		b.moved.Broadcast()
	})
	defer late.Stop()
	b.mu.Lock()
	defer b.mu.Unlock()
	for !ok() {
		if strings.HasSuffix(what, "(too late)") {
			b.tb.Fatalf("%s: %v", what, b.reached)
		}
		b.moved.Wait()
	}
}

// state waits until the server is in this state.
func (b *bench) state(id, state string) {
	b.tb.Helper()
	b.wait(state, func() bool {
		r := b.reached[id]
		return len(r) > 0 && r[len(r)-1] == state
	})
}

// sshd starts a server that lets in the appliance's own key.
func (b *bench) sshd(o sshdtest.Options) (*sshdtest.Server, string) {
	b.tb.Helper()
	k, err := b.PublicKey(b.tb.Context(), b.t)
	if err != nil {
		b.tb.Fatal(err)
	}
	o.AuthorizedKeys = append(o.AuthorizedKeys, k.Line)
	s := sshdtest.Start(b.tb, o)
	fingerprint, err := remote.Fingerprint(s.PublicHostKey(b.tb, 0))
	if err != nil {
		b.tb.Fatal(err)
	}
	return s, fingerprint
}

func draft(s *sshdtest.Server, name string) store.Server {
	return store.Server{Name: name, Host: s.Host, Port: s.Port, Username: "root", Auth: remote.ByKey, PollSeconds: 1}
}

func (b *bench) create(v store.Server, c server.Credentials, fingerprint string) store.Server {
	b.tb.Helper()
	v, err := b.Create(b.tb.Context(), b.t, v, c, fingerprint)
	if err != nil {
		b.tb.Fatal(err)
	}
	return v
}
