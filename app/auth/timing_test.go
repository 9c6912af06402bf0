package auth

import (
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// TestNobodyLearnsNamesByTheClock signs in 1,000 times as somebody who is there
// and as somebody who is not. The password hash is cheap here, so that whatever
// else differs between the two would show.
func TestNobodyLearnsNamesByTheClock(t *testing.T) {
	t.Parallel()
	const tries = 1000
	st := storetest.Open(t)
	s := New(st, vaulttest.Open(t, st))
	salt := make([]byte, 16)
	cheap := encode(salt, make([]byte, 32), 64, 1, 1)
	s.hasher.nobody = cheap
	storetest.User(t, st, store.User{ID: "lea", Hash: cheap})
	if err := s.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	took := map[string][]time.Duration{}
	for i := range tries {
		for _, name := range []string{"lea", "eve"} {
			start := time.Now()
			_, err := s.Login(t.Context(), name, "wrong", Client{Address: strconv.Itoa(i)})
			took[name] = append(took[name], time.Since(start))
			if !errors.Is(err, ErrCredentials) {
				t.Fatal(err)
			}
			s.attempts.forget(name)
		}
	}
	median := func(name string) time.Duration { slices.Sort(took[name]); return took[name][tries/2] }
	known, unknown := median("lea"), median("eve")
	spread := took["lea"][tries*3/4] - took["lea"][tries/4]
	if diff := (known - unknown).Abs(); diff > max(spread, known/10) {
		t.Errorf("known %v, unknown %v: %v apart, while one alone spreads over %v", known, unknown, diff, spread)
	}
}
