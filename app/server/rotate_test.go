package server_test

import (
	"context"
	"strings"
	"testing"

	"unity.internal/app/remote"
	"unity.internal/app/remote/sshdtest"
	"unity.internal/app/server"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// TestAWatchedServerOutlivesItsKeys has a server's secret sealed under other keys
// than when its watcher began, and its connection lost after that.
func TestAWatchedServerOutlivesItsKeys(t *testing.T) {
	t.Parallel()
	b := newBench(t).run()
	private, public, err := remote.NewKey("own")
	if err != nil {
		t.Fatal(err)
	}
	s, fingerprint := b.sshd(sshdtest.Options{AuthorizedKeys: []string{public}})
	text := string(private)
	v := b.create(draft(s, "nas"), server.Credentials{PrivateKey: &text}, fingerprint)
	b.state(v.ID, store.ServerUp)
	keys, ok := b.Vault.(*vault.Vault)
	if !ok {
		t.Fatal("no vault")
	}
	n, err := keys.Rotate(t.Context(), vault.Rotation{Tenants: []store.Tenant{b.t}, Step: func(context.Context, string, int, int) {}})
	if err != nil || n.Values != 2 {
		t.Fatal(n, err)
	}
	b.Remote.Drop(b.t.ID, v.ID)
	b.mu.Lock()
	had := len(b.batches[v.ID])
	b.mu.Unlock()
	b.wait("polls after the rotation", func() bool { return len(b.batches[v.ID]) >= had+2 })
	if strings.Count(s.Log(), "Accepted publickey") < 2 {
		t.Error("it did not sign in again")
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, state := range b.reached[v.ID] {
		if state == store.ServerDown {
			t.Error(b.reached[v.ID])
		}
	}
}
