package auth_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"
	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// code returns what an authenticator app shows at a moment.
func code(t *testing.T, secret string, at time.Time) string {
	t.Helper()
	text, err := totp.GenerateCode(secret, at)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// enrolled returns a household whose lea has an authenticator app, its secret and her recovery codes.
func enrolled(t *testing.T) (a *auth.Service, s *store.Store, c *clock, secret string, codes []string) {
	t.Helper()
	a, s, c = household(t)
	in, err := a.Login(t.Context(), "lea", password, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	who, err := a.Browser(in.Token)
	if err != nil {
		t.Fatal(err)
	}
	v, err := a.EnrolTOTP(t.Context(), who, "attic", auth.Client{})
	if err != nil || !strings.HasPrefix(v.URI, "otpauth://totp/Unity%20attic:lea?") || !strings.Contains(v.URI, v.Secret) {
		t.Fatal(v.URI, err)
	}
	if _, err := a.ConfirmTOTP(t.Context(), who, "000000", auth.Client{}); fault.From(err).Kind != fault.Invalid {
		t.Fatal(err)
	}
	if codes, err = a.ConfirmTOTP(t.Context(), who, code(t, v.Secret, c.time()), auth.Client{}); err != nil || len(codes) != 10 {
		t.Fatal(codes, err)
	}
	if who, err = a.Browser(in.Token); err != nil || !who.SecondFactor {
		t.Fatalf("the session that confirmed it is %+v, %v", who, err)
	}
	if n := len(a.Sessions(who.User)); n != 1 { // the one of the set-up had one proof only
		t.Fatalf("%d sessions", n)
	}
	c.move(time.Minute)
	return a, s, c, v.Secret, codes
}

// half signs in with the password, to where the second factor is asked for.
func half(t *testing.T, a *auth.Service) string {
	t.Helper()
	in, err := a.Login(t.Context(), "lea", password, auth.Client{})
	if err != nil || in.Token != "" || in.Challenge == "" || strings.Join(in.Methods, " ") != "totp recovery" {
		t.Fatalf("%+v, %v", in, err)
	}
	return in.Challenge
}

func TestACodeCountsOnce(t *testing.T) {
	t.Parallel()
	a, _, c, secret, _ := enrolled(t)
	now := code(t, secret, c.time())
	in, err := a.Answer(t.Context(), half(t, a), now[:3]+" "+now[3:], auth.Client{})
	if err != nil || in.Token == "" {
		t.Fatal(err)
	}
	if who, err := a.Browser(in.Token); err != nil || !who.SecondFactor {
		t.Fatalf("%+v, %v", who, err)
	}
	for name, text := range map[string]string{
		"replayed": now, "older": code(t, secret, c.time().Add(-30*time.Second)), "too old": code(t, secret, c.time().Add(-5*time.Minute)),
		"of tomorrow": code(t, secret, c.time().Add(24*time.Hour)), "letters": "abcdef", "empty": " ", "long": strings.Repeat("1", 40),
	} {
		if _, err := a.Answer(t.Context(), half(t, a), text, auth.Client{Address: name}); !errors.Is(err, auth.ErrCode) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := a.Answer(t.Context(), half(t, a), code(t, secret, c.time().Add(30*time.Second)), auth.Client{}); err != nil {
		t.Errorf("of a phone that is half a minute ahead: %v", err)
	}
}

func TestARecoveryCodeCountsOnce(t *testing.T) {
	t.Parallel()
	a, s, _, _, codes := enrolled(t)
	if in, err := a.Answer(t.Context(), half(t, a), strings.ToUpper(codes[3]), auth.Client{}); err != nil || in.Token == "" {
		t.Fatal(err)
	}
	if _, err := a.Answer(t.Context(), half(t, a), codes[3], auth.Client{}); !errors.Is(err, auth.ErrCode) {
		t.Fatalf("twice: %v", err)
	}
	if n, err := s.System().RecoveryCodesLeft(t.Context(), userID(t, s)); err != nil || n != 9 {
		t.Fatal(n, err)
	}
}

func userID(t *testing.T, s *store.Store) string {
	t.Helper()
	u, err := s.System().UserByName(t.Context(), "lea")
	if err != nil {
		t.Fatal(err)
	}
	return u.ID
}

func TestAChallengeIsAnsweredOnceAndNotForLong(t *testing.T) {
	t.Parallel()
	a, _, c, secret, codes := enrolled(t)
	used := half(t, a)
	if _, err := a.Answer(t.Context(), used, codes[0], auth.Client{}); err != nil {
		t.Fatal(err)
	}
	late := half(t, a)
	tired := half(t, a)
	for range 5 {
		if _, err := a.Answer(t.Context(), tired, "111111", auth.Client{Address: store.NewID()}); !errors.Is(err, auth.ErrCode) {
			t.Fatal(err)
		}
	}
	for name, challenge := range map[string]string{"used": used, "guessed often": tired, "nonsense": "x", "empty": ""} {
		if _, err := a.Answer(t.Context(), challenge, codes[1], auth.Client{}); !errors.Is(err, auth.ErrChallenge) {
			t.Errorf("%s: %v", name, err)
		}
	}
	c.move(6 * time.Minute)
	if _, err := a.Answer(t.Context(), late, code(t, secret, c.time()), auth.Client{}); !errors.Is(err, auth.ErrChallenge) {
		t.Errorf("late: %v", err)
	}
}

// TestThePasswordDoesNotForgiveGuessedCodes is about somebody who knows the
// password and guesses codes: begin anew as often as they like, they must wait.
func TestThePasswordDoesNotForgiveGuessedCodes(t *testing.T) {
	t.Parallel()
	a, _, _, _, _ := enrolled(t)
	for i := range 6 {
		in, err := a.Login(t.Context(), "lea", password, auth.Client{Address: "192.0.2.9"})
		if err == nil {
			_, err = a.Answer(t.Context(), in.Challenge, "123456", auth.Client{Address: "192.0.2.9"})
		}
		if f := fault.From(err); i == 5 && f.Kind != fault.Limited || i < 5 && !errors.Is(err, auth.ErrCode) {
			t.Fatalf("try %d: %v", i, err)
		}
	}
}

func TestAProgramSendsItsCodeToo(t *testing.T) {
	t.Parallel()
	a, _, c, secret, _ := enrolled(t)
	if _, _, err := a.Token(t.Context(), "lea", password, "", auth.Client{}); !errors.Is(err, auth.ErrCodeRequired) {
		t.Fatal(err)
	}
	tokens, _, err := a.Token(t.Context(), "lea", password, code(t, secret, c.time()), auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if who, err := a.Bearer(t.Context(), tokens.Access); err != nil || !who.SecondFactor {
		t.Fatal(who, err)
	}
}

func TestAProofIsFreshForFiveMinutes(t *testing.T) {
	t.Parallel()
	a, _, c, secret, _ := enrolled(t)
	in, err := a.Answer(t.Context(), half(t, a), code(t, secret, c.time()), auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	fresh := func() bool {
		t.Helper()
		who, err := a.Browser(in.Token)
		if err != nil {
			t.Fatal(err)
		}
		return a.Fresh(who)
	}
	who, err := a.Browser(in.Token)
	if err != nil || !fresh() {
		t.Fatal(err)
	}
	c.move(5 * time.Minute)
	if fresh() {
		t.Fatal("fresh after five minutes")
	}
	for name, try := range map[string]func() error{
		"wrong password": func() error { return a.StepUp(t.Context(), who, "wrong", "", auth.Client{}) },
		"wrong code":     func() error { return a.StepUp(t.Context(), who, "", "000000", auth.Client{}) },
		"nothing":        func() error { return a.StepUp(t.Context(), who, "", "", auth.Client{}) },
	} {
		if err := try(); fault.From(err).Kind != fault.Invalid || fresh() {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := a.StepUp(t.Context(), who, password, "", auth.Client{}); err != nil || !fresh() {
		t.Fatal(err)
	}
	c.move(5 * time.Minute)
	if err := a.StepUp(t.Context(), who, "", code(t, secret, c.time()), auth.Client{}); err != nil || !fresh() {
		t.Fatal(err)
	}
}

// TestATenantMayRequireASecondFactor lets in who has one, and nobody else.
func TestATenantMayRequireASecondFactor(t *testing.T) {
	t.Parallel()
	a, s, _ := household(t)
	in, err := a.Login(t.Context(), "lea", password, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	home := s.Tenant(store.DefaultTenant)
	v, err := home.Settings(t.Context())
	v.SecondFactor = true
	_, err2 := home.UpdateSettings(t.Context(), v)
	if err := errors.Join(err, err2, a.Reload(t.Context())); err != nil {
		t.Fatal(err)
	}
	who, err := a.Browser(in.Token)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Blocked(store.DefaultTenant, who); !errors.Is(err, auth.ErrSecondFactor) {
		t.Fatal(err)
	}
	if err := a.Blocked(store.SystemTenant, who); err != nil {
		t.Fatalf("elsewhere: %v", err)
	}
	secret, err := a.EnrolTOTP(t.Context(), who, "", auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.ConfirmTOTP(t.Context(), who, code(t, secret.Secret, s.Now()), auth.Client{}); err != nil {
		t.Fatal(err)
	}
	if who, err = a.Browser(in.Token); err != nil || a.Blocked(store.DefaultTenant, who) != nil {
		t.Fatalf("%+v, %v", who, err)
	}
}

// TestALaptopThatSleptIsNoThief loses the answer to a refresh for a day. Used
// after the successor was, the same token is theft.
func TestALaptopThatSleptIsNoThief(t *testing.T) {
	t.Parallel()
	a, _, c := household(t)
	first, _, err := a.Token(t.Context(), "lea", password, "", auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Refresh(t.Context(), first.Refresh, auth.Client{}); err != nil { // nobody hears the answer
		t.Fatal(err)
	}
	c.move(24 * time.Hour)
	second, err := a.Refresh(t.Context(), first.Refresh, auth.Client{})
	if err != nil {
		t.Fatalf("after a day of sleep: %v", err)
	}
	third, err := a.Refresh(t.Context(), second.Refresh, auth.Client{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.Bearer(t.Context(), third.Access); err != nil {
		t.Fatal(err)
	}
	c.move(2 * time.Minute)
	if _, err := a.Refresh(t.Context(), second.Refresh, auth.Client{}); !errors.Is(err, auth.ErrReuse) {
		t.Fatalf("a stolen one: %v", err)
	}
}

func TestLinksWorkOnce(t *testing.T) {
	t.Parallel()
	a, s, c, _, _ := enrolled(t)
	ctx, y, id := context.WithoutCancel(t.Context()), s.System(), userID(t, s)
	token, _, err := a.Link(ctx, y, id, store.LinkReset)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Reset(ctx, token, "short", auth.Client{}); fault.From(err).Code != "password.short" {
		t.Fatalf("a bad password must not use it up: %v", err)
	}
	if _, err := a.SignInByLink(ctx, token, auth.Client{}); !errors.Is(err, auth.ErrLink) {
		t.Fatalf("another kind: %v", err)
	}
	if err := a.Reset(ctx, token, "a new long password", auth.Client{}); err != nil {
		t.Fatal(err)
	}
	if n := len(a.Sessions(id)); n != 0 {
		t.Fatalf("%d sessions outlive it", n)
	}
	if err := a.Reset(ctx, token, "another long password", auth.Client{}); !errors.Is(err, auth.ErrLink) {
		t.Fatalf("twice: %v", err)
	}
	if token, _, err = a.Link(ctx, y, id, store.LinkReset); err != nil {
		t.Fatal(err)
	}
	c.move(25 * time.Hour)
	if err := a.Reset(ctx, token, "another long password", auth.Client{}); !errors.Is(err, auth.ErrLink) {
		t.Fatalf("late: %v", err)
	}

	settings, err := y.Settings(ctx)
	settings.PasswordSignIn = false
	_, err2 := y.UpdateSettings(ctx, settings)
	if err := errors.Join(err, err2, a.Reload(ctx)); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Login(ctx, "lea", "a new long password", auth.Client{}); !errors.Is(err, auth.ErrPasswordOff) {
		t.Fatal(err)
	}
	if token, _, err = a.Link(ctx, y, id, store.LinkSignIn); err != nil {
		t.Fatal(err)
	}
	in, err := a.SignInByLink(ctx, token, auth.Client{})
	if err != nil || in.Token == "" { // the way back in asks for nothing else
		t.Fatal(err)
	}
	if _, err := a.SignInByLink(ctx, token, auth.Client{}); !errors.Is(err, auth.ErrLink) {
		t.Fatalf("twice: %v", err)
	}
}
