package auth

import (
	"errors"
	"strings"
	"testing"
	"time"

	"unity.internal/app/vault"
	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestVerifiedTokens(t *testing.T) {
	t.Parallel()
	v := &vault.Vault{}
	st := storetest.Open(t, store.WithSigner(v.Sign))
	ctx := t.Context()
	s := New(st, v)
	vaulttest.Attach(t, v, st)
	storetest.User(t, st, store.User{ID: "ann"})
	storetest.Member(t, st, "default", "ann", "owner")
	if err := s.Reload(ctx); err != nil {
		t.Fatal(err)
	}
	tokens, err := s.Program(ctx, "ann", Client{Address: "192.0.2.1"})
	if err != nil {
		t.Fatal(err)
	}
	var who Identity
	for range 2 { // once by its signature, once from memory
		if who, err = s.Bearer(ctx, tokens.Access); err != nil || who.User != "ann" {
			t.Fatalf("%+v, %v", who, err)
		}
	}
	if len(s.verified.known) != 1 {
		t.Errorf("remembers %d", len(s.verified.known))
	}
	head, _, _ := strings.Cut(tokens.Access, ".")
	for _, bad := range []string{"", tokens.Access[:len(tokens.Access)-2] + "xx", head + ".e30.", tokens.Access + "x"} {
		if _, err := s.Bearer(ctx, bad); !errors.Is(err, ErrSignIn) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if len(s.verified.known) != 1 {
		t.Error("remembers what is wrong")
	}
	s.now = func() time.Time { return st.Now().Add(accessTime) }
	if _, err := s.Bearer(ctx, tokens.Access); !errors.Is(err, ErrSignIn) {
		t.Errorf("expired, but %v", err)
	}
	s.now = st.Now
	if err := s.End(ctx, st.System(), "ann", who.Session); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Bearer(ctx, tokens.Access); !errors.Is(err, ErrSignIn) {
		t.Errorf("its session ended, but %v", err)
	}
	for range maxVerified + 1 {
		s.verified.add(time.Now().String()+strings.Repeat("x", len(s.verified.known)), claims{})
	}
	if n := len(s.verified.known); n > maxVerified {
		t.Errorf("remembers %d", n)
	}
}
