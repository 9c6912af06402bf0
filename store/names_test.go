package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"unity.internal/store"
	"unity.internal/store/storetest"
)

// TestEveryNameIsKnown gives names to what has one, and asks for them.
func TestEveryNameIsKnown(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	ctx, y := t.Context(), s.System()
	storetest.Tenants(t, s, "acme")
	storetest.User(t, s, store.User{ID: "u", Username: "lea", Email: "lea@example.org"})
	settings, err := y.Settings(ctx)
	settings.PublicURL, settings.PublicNames = "https://unity.example.org", []string{"nas"}
	_, err2 := y.UpdateSettings(ctx, settings)
	row, err3 := y.Backup(ctx)
	row.Replica = json.RawMessage(`{"url":"s3://hoard/x","access_key":"AKIA","region":"eu"}`)
	_, err4 := y.UpdateBackup(ctx, row)
	_, err5 := s.Tenant("acme").CreateServer(ctx, store.Server{ID: "s", Name: "attic", Host: "attic.lan", Port: 22, Username: "pi", Auth: "password", PollSeconds: 10, SnapshotMinutes: 30})
	err6 := y.PutCert(ctx, "certificates/appliance/door.lan/door.lan.crt", []byte("x"))
	err8 := y.PutCert(ctx, "acme/acme-v02.api.letsencrypt.org-directory/users/ann@example.org/ann.json", []byte("x"))
	all, err7 := y.Names(ctx)
	if err := errors.Join(err, err2, err3, err4, err5, err6, err7, err8); err != nil {
		t.Fatal(err)
	}
	for _, want := range []store.Name{
		{"tenant", "acme"},
		{"user", "lea"},
		{"email", "lea@example.org"},
		{"place", "https://unity.example.org"},
		{"place", "nas"},
		{"place", "s3://hoard/x"},
		{"place", "AKIA"},
		{"server", "attic"},
		{"host", "attic.lan"},
		{"user", "pi"},
		{"host", "door.lan"},
		{"email", "ann@example.org"},
		{"user", "ann"},
	} {
		if !slices.Contains(all, want) {
			t.Errorf("%v is not among %v", want, all)
		}
	}
	for _, v := range all {
		if v.Text == "eu" || v.Text == "system" || v.Text == "default" {
			t.Errorf("%v is a word of ours", v)
		}
	}
}

func TestRowsAreCounted(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	all, err := s.System().Counts(t.Context())
	if err != nil || !slices.Contains(all, store.Count{Table: "tenants", Rows: 4}) || !slices.Contains(all, store.Count{Table: "servers"}) {
		t.Fatal(all, err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.System().Counts(gone); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// TestWhoLooksChangesNothing opens files as they are.
func TestWhoLooksChangesNothing(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	old := storetest.Older(t, store.SchemaVersion()-1)
	if _, err := store.Open(ctx, old, store.AsItIs()); err == nil {
		t.Fatal("an older one opens")
	}
	if schema, err := store.SchemaOf(ctx, old); err != nil || schema != store.SchemaVersion()-1 {
		t.Errorf("schema %d, %v", schema, err)
	}
	path := filepath.Join(t.TempDir(), "unity.db")
	for _, opts := range [][]store.Option{nil, {store.AsItIs()}} {
		s, err := store.Open(ctx, path, opts...)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
}
