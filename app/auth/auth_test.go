package auth_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/app/vault"
	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

const password = "correct horse battery"

// a clock that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) time() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) move(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// household returns a service with the administrator lea, and its clock.
func household(t *testing.T) (*auth.Service, *store.Store, *clock) {
	t.Helper()
	c := &clock{now: time.Now()}
	s := storetest.Open(t, store.WithClock(c.time))
	a := auth.New(s, vaulttest.Open(t, s))
	if _, _, err := a.Setup(t.Context(), "lea", password, auth.Client{Address: "192.0.2.1"}); err != nil {
		t.Fatal(err)
	}
	return a, s, c
}

func TestSessionsRunOut(t *testing.T) {
	t.Parallel()
	a, _, c := household(t)
	in, err := a.Login(t.Context(), "lea", password, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	token := in.Token
	for range 12 { // used every six days: good for 90 days, no longer
		c.move(6 * 24 * time.Hour)
		if _, err := a.Browser(token); err != nil {
			t.Fatal(err)
		}
	}
	c.move(8 * 24 * time.Hour)
	if _, err := a.Browser(token); !errors.Is(err, auth.ErrSignIn) {
		t.Fatalf("after 8 idle days: %v", err)
	}
}

func TestSessionsOutliveARestart(t *testing.T) {
	t.Parallel()
	a, s, _ := household(t)
	in, err := a.Login(t.Context(), "lea", password, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	token := in.Token
	again := auth.New(s, &vault.Vault{})
	if err := again.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if who, err := again.Browser(token); err != nil || who.Home != store.DefaultTenant {
		t.Fatal(who, err)
	}
	if _, err := again.Browser(token + "x"); !errors.Is(err, auth.ErrSignIn) {
		t.Fatal(err)
	}
}

func TestARefreshTokenUsedTwiceEndsItsSession(t *testing.T) {
	t.Parallel()
	a, _, c := household(t)
	first, _, err := a.Token(t.Context(), "lea", password, "", auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	second, err := a.Refresh(t.Context(), first.Refresh, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Bearer(t.Context(), second.Access); err != nil { // it has arrived
		t.Fatal(err)
	}
	c.move(2 * time.Minute)
	if _, err := a.Refresh(t.Context(), first.Refresh, auth.Client{}); !errors.Is(err, auth.ErrReuse) {
		t.Fatal(err)
	}
	if _, err := a.Bearer(t.Context(), second.Access); !errors.Is(err, auth.ErrSignIn) {
		t.Fatalf("the session lives: %v", err)
	}
}

func TestAnAccessTokenRunsOut(t *testing.T) {
	t.Parallel()
	a, _, c := household(t)
	tokens, _, err := a.Token(t.Context(), "lea", password, "", auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		after time.Duration
		want  error
	}{{14 * time.Minute, nil}, {2 * time.Minute, auth.ErrSignIn}} {
		c.move(tt.after)
		if _, err := a.Bearer(t.Context(), tokens.Access); !errors.Is(err, tt.want) {
			t.Errorf("%v later: %v, want %v", tt.after, err, tt.want)
		}
	}
}

func TestManySignInsAtOnceAreQueuedThenRefused(t *testing.T) {
	t.Parallel()
	a, _, _ := household(t)
	var wg sync.WaitGroup
	var mu sync.Mutex
	good, busy := 0, 0
	for range 40 {
		wg.Go(func() {
			_, err := a.Login(t.Context(), "lea", password, auth.Client{Address: "192.0.2.9"})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				good++
			} else if f := fault.From(err); f.Kind == fault.Limited && f.RetryAfter > 0 {
				busy++
			} else {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if good == 0 || busy == 0 || good+busy != 40 {
		t.Fatalf("%d signed in, %d were told to wait", good, busy)
	}
}

func TestNamesThatReadAlikeAreOne(t *testing.T) {
	t.Parallel()
	a, s, _ := household(t)
	for _, name := range []string{"LEA", "Ｌｅａ", " lea "} {
		if auth.NameKey(name) != auth.NameKey("lea") {
			t.Errorf("%q is another than lea", name)
		}
	}
	if err := s.System().CreateUser(t.Context(), store.User{ID: "x", Username: "LEA"}, auth.NameKey("LEA"), func(string) bool { return false }); !errors.Is(err, store.ErrUserTaken) {
		t.Fatal(err)
	}
	if _, _, err := a.Setup(t.Context(), "eve", password, auth.Client{}); !errors.Is(err, auth.ErrSetupDone) {
		t.Fatal(err)
	}
}

func TestRolesHoldWhatTheirTableSays(t *testing.T) {
	t.Parallel()
	a, s, _ := household(t)
	a.Always = true
	storetest.Tenants(t, s, "acme", "globex")
	for _, id := range []string{"v", "m", "a", "o", "g", "off"} {
		storetest.User(t, s, store.User{ID: id, Username: "user-" + id})
	}
	storetest.User(t, s, store.User{ID: "root", Admin: true})
	for user, m := range map[string]store.Membership{
		"v": {Role: "viewer"}, "m": {Role: "member"}, "a": {Role: "admin"}, "o": {Role: "owner"}, "off": {Role: "owner"},
		"g": {Role: "member", Grants: []string{"channels.write", "members.write", "system.write"}}, // the last two cannot be given
	} {
		m.User = user
		if err := s.Tenant("acme").SetMember(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	off, err := s.System().User(t.Context(), "off")
	if err != nil {
		t.Fatal(err)
	}
	off.Active = false
	if _, err := a.SaveUser(t.Context(), s.System(), off); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		user string
		need auth.Permission
		want bool
	}{
		{"v", auth.ServersRead, true},
		{"v", auth.ServersWrite, false},
		{"v", auth.AuditRead, false},
		{"m", auth.ServersWrite, true},
		{"m", auth.ChannelsWrite, false},
		{"m", auth.SettingsWrite, false},
		{"g", auth.ChannelsWrite, true},
		{"g", auth.MembersWrite, false},
		{"g", auth.SystemWrite, false},
		{"a", auth.ChannelsWrite, true},
		{"a", auth.AuditRead, true},
		{"a", auth.TenantDelete, false},
		{"a", auth.SystemWrite, false},
		{"o", auth.TenantDelete, true},
		{"o", auth.UsersRead, false},
		{"root", auth.SystemWrite, true},
		{"root", auth.ServersWrite, true},
		{"off", auth.ServersRead, false},
		{"nobody", auth.Self, false},
	} {
		if got := a.May("acme", tt.user, tt.need); got != tt.want {
			t.Errorf("%s %s: %v", tt.user, tt.need, got)
		}
		if a.May("none", tt.user, tt.need) || tt.user != "root" && a.May("globex", tt.user, tt.need) {
			t.Errorf("%s may %s elsewhere", tt.user, tt.need)
		}
	}
}

func TestTwoRefreshesAtOnceBothLeadOn(t *testing.T) {
	t.Parallel()
	a, _, _ := household(t)
	first, _, err := a.Token(t.Context(), "lea", password, "", auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	access := make(chan string, 8)
	for range 8 {
		wg.Go(func() {
			tokens, err := a.Refresh(t.Context(), first.Refresh, auth.Client{})
			if err != nil {
				t.Error(err)
				return
			}
			access <- tokens.Access
		})
	}
	wg.Wait()
	close(access)
	for token := range access {
		if _, err := a.Bearer(t.Context(), token); err != nil {
			t.Error(err)
		}
	}
	if n := len(a.Sessions(mustUser(t, a, first.Access))); n != 2 { // the set-up's, and this one
		t.Errorf("%d sessions", n)
	}
}

func mustUser(t *testing.T, a *auth.Service, access string) string {
	t.Helper()
	who, err := a.Bearer(t.Context(), access)
	if err != nil {
		t.Fatal(err)
	}
	return who.User
}
