package store_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"unity.internal/app/seal"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func watched(name string) store.Server {
	return store.Server{
		ID: store.NewID(), Name: name, Host: name + ".lan", Port: 22, Username: "root", Auth: "key",
		Tags: []string{"all"}, PollSeconds: 10, SnapshotMinutes: 30,
	}
}

// acmeAndGlobex returns the tenant acme of a store that has globex, too.
func acmeAndGlobex(t *testing.T, opts ...store.Option) (store.Tenant, store.Tenant) {
	t.Helper()
	s := storetest.Open(t, opts...)
	storetest.Tenants(t, s, "acme", "globex")
	return s.Tenant("acme"), s.Tenant("globex")
}

func mustCreate(t *testing.T, a store.Tenant, v store.Server) store.Server {
	t.Helper()
	v, err := a.CreateServer(t.Context(), v)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestServersKeepWhatTheyAreGiven(t *testing.T) {
	t.Parallel()
	a, g := acmeAndGlobex(t)
	v := watched("nas")
	v.Password, v.Notes, v.Group = seal.Of([]byte("sealed")), "under the stairs", "home"
	v = mustCreate(t, a, v)
	if v.Rev != 1 || v.State != store.ServerUnknown || v.LastSeen != nil || v.HostKey != nil || string(v.Password.Ciphertext()) != "sealed" {
		t.Fatalf("%+v", v)
	}
	if _, err := g.Server(t.Context(), v.ID); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if _, err := a.CreateServer(t.Context(), watched("nas")); !errors.Is(err, store.ErrServerName) {
		t.Error(err)
	}
	here := watched("here")
	here.Auth = "local"
	mustCreate(t, a, here)
	here.ID, here.Name = store.NewID(), "here too"
	if _, err := a.CreateServer(t.Context(), here); !errors.Is(err, store.ErrServerLocal) {
		t.Error(err)
	}
	v.Name = "attic"
	if v, err := a.UpdateServer(t.Context(), v); err != nil || v.Rev != 2 || v.Name != "attic" {
		t.Error(v, err)
	}
	if _, err := a.UpdateServer(t.Context(), v); !errors.Is(err, store.ErrStale) {
		t.Error(err)
	}
	if err := g.DeleteServer(t.Context(), v.ID, store.AnyRev); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if err := a.DeleteServer(t.Context(), v.ID, 1); !errors.Is(err, store.ErrStale) {
		t.Error(err)
	}
	if err := a.DeleteServer(t.Context(), v.ID, 2); err != nil {
		t.Error(err)
	}
}

func TestServersAreListedInPages(t *testing.T) {
	t.Parallel()
	at := time.Unix(1e9, 0)
	a, _ := acmeAndGlobex(t, store.WithClock(func() time.Time { at = at.Add(time.Millisecond); return at }))
	for i := range 7 {
		v := watched(fmt.Sprintf("m%d", i))
		if i%2 == 0 {
			v.Tags = append(v.Tags, "even")
		}
		v = mustCreate(t, a, v)
		if i == 3 {
			seen := at
			if err := a.SaveServerState(t.Context(), v.ID, store.ServerState{State: store.ServerUp, Since: at, LastSeen: &seen}); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tt := range []struct {
		list store.ServerList
		want string
	}{
		{store.ServerList{}, "[m0 m1 m2 m3 m4 m5 m6]"},
		{store.ServerList{List: store.List{Sort: "newest"}}, "[m6 m5 m4 m3 m2 m1 m0]"},
		{store.ServerList{Tag: "even"}, "[m0 m2 m4 m6]"},
		{store.ServerList{State: store.ServerUp}, "[m3]"},
		{store.ServerList{State: store.ServerUnknown, Tag: "even", List: store.List{Sort: "newest"}}, "[m6 m4 m2 m0]"},
		{store.ServerList{List: store.List{Q: "5.lan"}}, "[m5]"},
		{store.ServerList{List: store.List{Q: "%"}}, "[]"},
	} {
		names := []string{}
		tt.list.Limit = 2
		for {
			p, err := a.Servers(t.Context(), tt.list)
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range p.Items {
				names = append(names, v.Name)
			}
			if tt.list.Cursor = p.Next; p.Next == "" {
				break
			}
		}
		if got := fmt.Sprint(names); got != tt.want {
			t.Errorf("%+v: %s, want %s", tt.list, got, tt.want)
		}
	}
	counts, err := a.ServerCounts(t.Context())
	if err != nil || counts[store.ServerUp] != 1 || counts[store.ServerUnknown] != 6 {
		t.Error(counts, err)
	}
	tags, err := a.ServerTags(t.Context())
	if err != nil || fmt.Sprint(tags) != "[{all 7} {even 4}]" {
		t.Error(tags, err)
	}
}

func TestHostKeysArePinnedByTheirFingerprint(t *testing.T) {
	t.Parallel()
	a, g := acmeAndGlobex(t)
	v := mustCreate(t, a, watched("nas"))
	first, second := []byte("\x00\x00\x00\x0bssh-ed25519first"), []byte("\x00\x00\x00\x0bssh-ed25519second")
	fingerprint := func(wire []byte) string { return store.NameKey(wire).Fingerprint }
	if _, err := a.TrustHostKey(t.Context(), v.ID, fingerprint(first)); !errors.Is(err, store.ErrHostKeyOther) {
		t.Error(err)
	}
	offer := func(wire []byte) {
		t.Helper()
		if err := a.OfferHostKey(t.Context(), v.ID, wire); err != nil {
			t.Fatal(err)
		}
	}
	offer(first)
	offer(second)
	if _, err := a.TrustHostKey(t.Context(), v.ID, fingerprint(first)); !errors.Is(err, store.ErrHostKeyOther) {
		t.Error("a key was pinned that is not shown any more:", err)
	}
	v, err := a.TrustHostKey(t.Context(), v.ID, fingerprint(second))
	if err != nil || !v.HostKey.Trusted || v.HostKey.Type != "ssh-ed25519" || v.HostKey.Offered != nil {
		t.Fatalf("%+v %v", v.HostKey, err)
	}
	offer(first)
	v, err = a.Server(t.Context(), v.ID)
	if err != nil || v.HostKey.Fingerprint != fingerprint(second) || v.HostKey.Offered.Fingerprint != fingerprint(first) {
		t.Fatalf("%+v %v", v.HostKey, err)
	}
	if err := errors.Join(a.ForgetOffered(t.Context(), v.ID), a.ForgetOffered(t.Context(), v.ID)); err != nil {
		t.Fatal(err)
	}
	if err := g.OfferHostKey(t.Context(), v.ID, first); !errors.Is(err, store.ErrNotFound) {
		t.Error("a key was offered to another tenant's server:", err)
	}
	if _, err := g.TrustHostKey(t.Context(), v.ID, fingerprint(second)); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}

func TestSnapshotsShareWhatDidNotChange(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	a, g := s.Tenant("acme"), s.Tenant("globex")
	v := mustCreate(t, a, watched("nas"))
	var ids []string
	for i := range 103 {
		ids = append(ids, store.NewID())
		snap := store.Snapshot{
			SnapshotName: store.SnapshotName{ID: ids[i], ServerID: v.ID, Taken: time.UnixMilli(int64(1000 + i))},
			Sections: map[string]json.RawMessage{
				"os": json.RawMessage(`{"name":"Debian"}`), "ports": fmt.Appendf(nil, `[%d]`, i/10),
			},
		}
		if err := a.AddSnapshot(t.Context(), snap); err != nil {
			t.Fatal(err)
		}
		if err := g.AddSnapshot(t.Context(), snap); !errors.Is(err, store.ErrNotFound) {
			t.Fatal(err)
		}
	}
	var snapshots, sections int
	count := func() error {
		return s.DB().QueryRow(`SELECT (SELECT count(*) FROM snapshots), (SELECT count(*) FROM snapshot_sections)`).Scan(&snapshots, &sections)
	}
	if err := count(); err != nil || snapshots != 100 || sections != 12 {
		t.Fatalf("%d snapshots, %d sections, %v", snapshots, sections, err)
	}
	p, err := a.Snapshots(t.Context(), v.ID, store.List{Limit: 500})
	if err != nil || len(p.Items) != 100 || p.Items[0].ID != ids[102] {
		t.Fatal(len(p.Items), err)
	}
	last, err := a.Snapshot(t.Context(), v.ID, "latest")
	if err != nil || last.ID != ids[102] || string(last.Sections["ports"]) != "[10]" || string(last.Sections["os"]) != `{"name":"Debian"}` {
		t.Fatal(last, err)
	}
	for _, id := range []string{ids[0], "nothing"} {
		if _, err := a.Snapshot(t.Context(), v.ID, id); !errors.Is(err, store.ErrNotFound) {
			t.Error(id, err)
		}
	}
	if _, err := g.Snapshot(t.Context(), v.ID, "latest"); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if _, err := g.Snapshots(t.Context(), v.ID, store.List{Limit: 1}); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if err := a.DeleteServer(t.Context(), v.ID, store.AnyRev); err != nil {
		t.Fatal(err)
	}
	if err := count(); err != nil || snapshots+sections != 0 {
		t.Fatalf("%d snapshots, %d sections outlive their server, %v", snapshots, sections, err)
	}
}

func TestAStateOfADeletedServerIsNotFound(t *testing.T) {
	t.Parallel()
	a, _ := acmeAndGlobex(t)
	err := a.Tx(t.Context(), func(a store.Tenant) error {
		if err := a.SaveServerState(t.Context(), "gone", store.ServerState{State: store.ServerUp}); !errors.Is(err, store.ErrNotFound) {
			t.Error(err)
		}
		return nil // its neighbours in the transaction are written
	})
	if err != nil {
		t.Error(err)
	}
}
