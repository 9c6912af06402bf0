package transfer_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"unity.internal/app/auth"
	"unity.internal/app/backup/transfer"
	"unity.internal/app/metric"
	"unity.internal/app/seal"
	"unity.internal/app/vault"
	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// A place is one appliance.
type place struct {
	testing.TB
	store   *store.Store
	vault   *vault.Vault
	service *transfer.Service
}

func must(tb testing.TB, errs ...error) {
	tb.Helper()
	if err := errors.Join(errs...); err != nil {
		tb.Fatal(err)
	}
}

// newPlace returns an appliance that root administers, with these tenants.
func newPlace(tb testing.TB, tenants ...store.TenantID) *place {
	tb.Helper()
	p := &place{TB: tb, vault: &vault.Vault{}}
	p.store = storetest.Open(tb, store.WithSigner(p.vault.Sign))
	vaulttest.Attach(tb, p.vault, p.store)
	storetest.User(tb, p.store, store.User{ID: "root", Admin: true})
	for _, id := range tenants {
		storetest.Tenants(tb, p.store, id)
		must(tb, p.vault.AddTenant(tb.Context(), id))
	}
	p.service = &transfer.Service{Vault: p.vault, Names: auth.Names{}, Version: "test", Forget: p.vault.Forget}
	return p
}

func (p *place) sealed(tenant store.TenantID, where, text string) seal.Value {
	p.Helper()
	v, err := p.vault.Seal(p.Context(), tenant, where, []byte(text))
	must(p, err)
	return v
}

// furnish gives a tenant some of everything; mark stands in all of it.
func (p *place) furnish(id store.TenantID, mark string) {
	p.Helper()
	ctx, t, now := p.Context(), p.store.Tenant(id), p.store.Now()
	for i := range 3 {
		name := fmt.Sprintf("%s-server-%d", mark, i)
		v := store.Server{
			ID: name, Name: name, Host: mark + ".test", Port: 22, Username: "root", Auth: "password", Tags: []string{mark}, Notes: mark + " <&> \u2028 ü", PollSeconds: 10, SnapshotMinutes: 30,
			Password: p.sealed(id, "servers|password|"+name, "secret of "+name),
		}
		_, err := t.CreateServer(ctx, v)
		must(p, err,
			t.SaveServerState(ctx, name, store.ServerState{State: "up", Since: now, LastSeen: &now}),
			t.OfferHostKey(ctx, name, []byte{0, 0, 0, 1, 'x', 255, 0}),
			t.AddSnapshot(ctx, store.Snapshot{SnapshotName: store.SnapshotName{ID: name + "-snap", ServerID: name, Taken: now}, Sections: map[string]json.RawMessage{"os": json.RawMessage(`{"hostname":"` + mark + `"}`)}}),
		)
	}
	first := mark + "-server-0"
	_, err := t.CreateThreshold(ctx, store.Threshold{ID: mark + "-t", Name: mark, Server: &first, Metric: "cpu_percent", Condition: "gt", Value: 0.1, Severity: "info", Enabled: true})
	_, err2 := t.CreateChannel(ctx, store.Channel{ID: mark + "-c", Name: mark, Type: "webhook", Config: map[string]any{"url": "https://" + mark + ".test"}, Secrets: p.sealed(id, "channels|secrets|"+mark+"-c", "channel secret of "+mark)})
	_, err3 := t.CreateSilence(ctx, store.Silence{ID: mark + "-s", Source: "manual", Server: first, Comment: mark, Starts: now, Ends: now.Add(time.Hour)})
	_, err4 := t.ChangeAlerts(ctx, "alerts.fire", []store.AlertChange{{
		Alert:  store.Alert{ID: mark + "-a", Key: "k", Threshold: mark + "-t", Server: first, Title: mark, Message: mark, Severity: "info", State: "firing", Started: now, Fired: &now, Value: new(1.0 / 3), Labels: map[string]string{}},
		Events: []store.AlertEvent{{At: now, Kind: "fired", Text: mark}},
	}})
	_, err5 := t.SetSSHKey(ctx, "ssh-ed25519 "+mark, p.sealed(id, "settings|ssh_private_key|own", "ssh secret of "+mark))
	_, err6 := t.AddTest(ctx, store.Delivery{ID: mark + "-sent", Channel: mark + "-c", ChannelName: mark, Event: "test", State: "sent"})
	_, err7 := t.AddTest(ctx, store.Delivery{ID: mark + "-queued", Channel: mark + "-c", ChannelName: mark, Event: "test", State: "queued"})
	_, err8 := t.CreateJob(ctx, store.Job{ID: mark + "-running", Kind: "servers.snapshot", Thing: first, Title: mark})
	storetest.User(p, p.store, store.User{ID: mark + "-user", Username: mark + "-user", Email: mark + "@example.org", Hash: "never in a file"})
	storetest.Member(p, p.store, id, mark+"-user", "owner")
	must(p, err, err2, err3, err4, err5, err6, err7, err8, p.samples(id, first, 300))
}

// samples gives a server so many polls, a minute apart.
func (p *place) samples(id store.TenantID, server string, polls int) error {
	m := metric.New(p.store, nil)
	now := p.store.Now()
	for i := range polls {
		b := store.Batch{Server: server, At: now.Add(time.Duration(i-polls) * time.Minute), Readings: []store.Reading{{Metric: "node_load1", Value: float64(i) / 7}, {Metric: "node_load5", Value: 1}}}
		if err := m.AppendSync(p.Context(), p.store.Tenant(id), b); err != nil {
			return err
		}
	}
	return nil
}

func quiet(string, int, int) {}

// export returns the file of a tenant for key.
func (p *place) export(id store.TenantID, key *age.X25519Identity) []byte {
	p.Helper()
	var out bytes.Buffer
	_, err := p.service.Export(p.Context(), p.store.System().By("root", "192.0.2.1"), id, []age.Recipient{key.Recipient()}, &out, quiet)
	must(p, err)
	return out.Bytes()
}

// imports does what root asks for, as long as the test runs.
func (p *place) imports(file []byte, key age.Identity, as store.TenantID) (transfer.Result, error) {
	return p.service.Import(p.Context(), p.store.System().By("root", "192.0.2.1"), bytes.NewReader(file), []age.Identity{key}, as, quiet)
}

func newKey(tb testing.TB) *age.X25519Identity {
	tb.Helper()
	key, err := age.GenerateX25519Identity()
	must(tb, err)
	return key
}

// lines returns what a file holds.
func lines(tb testing.TB, file []byte, key age.Identity) (all []string) {
	tb.Helper()
	plain, err := age.Decrypt(bytes.NewReader(file), key)
	must(tb, err)
	z, err := zstd.NewReader(plain)
	must(tb, err)
	defer z.Close()
	s := bufio.NewScanner(z)
	s.Buffer(nil, 64<<20)
	for s.Scan() {
		all = append(all, s.Text())
	}
	must(tb, s.Err())
	return all
}

// pack is the inverse of lines.
func pack(tb testing.TB, all []string, key *age.X25519Identity) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := age.Encrypt(&out, key.Recipient())
	must(tb, err)
	z, err := zstd.NewWriter(w)
	must(tb, err)
	_, err = io.WriteString(z, strings.Join(all, "\n")+"\n")
	must(tb, err, z.Close(), w.Close())
	return out.Bytes()
}

// content returns the lines of a file but for what is of the export itself: its
// header, and the digest over that.
func content(tb testing.TB, file []byte, key age.Identity) []string {
	tb.Helper()
	all := lines(tb, file, key)
	var e struct {
		End struct{ Counts map[string]int64 }
	}
	must(tb, json.Unmarshal([]byte(all[len(all)-1]), &e))
	return append(slices.Clone(all[1:len(all)-1]), fmt.Sprint(e.End.Counts))
}

// same fails if two exports differ in what they hold.
func same(tb testing.TB, got, want []string) {
	tb.Helper()
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			tb.Errorf("missing: %s", want[i])
		case i >= len(want):
			tb.Errorf("too much: %s", got[i])
		case got[i] != want[i]:
			tb.Errorf("line %d is\n%s\nnot\n%s", i+2, got[i], want[i])
		}
	}
}

// opens reports what a sealed value of a server says.
func (p *place) password(id store.TenantID, server string) (string, error) {
	v, err := p.store.Tenant(id).Server(p.Context(), server)
	if err != nil {
		return "", err
	}
	text, err := p.vault.Open(context.WithoutCancel(p.Context()), id, "servers|password|"+server, v.Password)
	return string(text), err
}
