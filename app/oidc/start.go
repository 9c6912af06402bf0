package oidc

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// Purpose says what a proof is for.
type Purpose string

// The purposes.
const (
	SignIn Purpose = "sign_in" // begin a session
	Link   Purpose = "link"    // let a signed-in user sign in this way from now on
	StepUp Purpose = "step_up" // prove again who sits there
)

// maxNext bounds where a sign-in leads, because it travels in a cookie.
const maxNext = 512

// An Intent is what a sign-in was begun for. It comes back with the Proof as it
// was given; whether User and Session are still those of the request is asked then.
type Intent struct {
	Purpose    Purpose `json:"purpose"`
	Next       string  `json:"next,omitempty"`       // a path of ours
	Invitation string  `json:"invitation,omitempty"` // its token
	User       string  `json:"user,omitempty"`       // of a link and a step-up
	Session    string  `json:"session,omitempty"`
}

// under is a sign-in that is under way, as the cookie holds it.
type under struct {
	State    string    `json:"state"`
	Nonce    string    `json:"nonce"`
	Verifier string    `json:"verifier"`
	Provider string    `json:"provider"`
	Intent   Intent    `json:"intent"`
	Began    time.Time `json:"began"`
}

const stateWhere = "oidc|state|"

// Start returns the address at the provider to which the browser goes, and what
// it keeps in a cookie until it is back: HttpOnly, for Window.
func (s *Service) Start(ctx context.Context, provider string, in Intent) (address, cookie string, err error) {
	p, err := s.enabled(ctx, provider)
	if err != nil {
		return "", "", err
	}
	if s.Base() == "" {
		return "", "", ErrNoBase
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	d, err := s.document(ctx, p.Issuer, fresh)
	if err != nil {
		return "", "", err
	}
	in.Next = path(in.Next)
	u := under{
		State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier(),
		Provider: p.ID, Intent: in, Began: s.Now(),
	}
	if cookie, err = s.seal(ctx, u); err != nil {
		return "", "", err
	}
	opts := []oauth2.AuthCodeOption{oidc.Nonce(u.Nonce), oauth2.S256ChallengeOption(u.Verifier)}
	if in.Purpose == StepUp {
		opts = append(opts, oauth2.SetAuthURLParam("prompt", "login"), oauth2.SetAuthURLParam("max_age", "0"))
	}
	return d.config(p, "", s.redirect()).AuthCodeURL(u.State, opts...), cookie, nil
}

// enabled returns a provider that may be used.
func (s *Service) enabled(ctx context.Context, id string) (store.Provider, error) {
	p, err := s.System.Provider(ctx, id)
	if err == nil && !p.Enabled || errors.Is(err, store.ErrNotFound) {
		err = ErrDisabled
	}
	return p, err
}

// redirect is where providers send people back to.
func (s *Service) redirect() string { return strings.TrimSuffix(s.Base(), "/") + "/sign-in/callback" }

// path returns next if it is a path of ours, else nothing: a sign-in must not
// lead to a stranger's page.
func path(next string) string {
	if len(next) > maxNext || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\t\r\n") {
		return ""
	}
	return next
}

func (s *Service) seal(ctx context.Context, u under) (string, error) {
	text, err := json.Marshal(u)
	if err != nil {
		return "", fmt.Errorf("write state: %w", err)
	}
	v, err := s.Sealer.Seal(ctx, store.SystemTenant, stateWhere, text)
	return base64.RawURLEncoding.EncodeToString(v.Ciphertext()), err
}

// open returns the sign-in that a cookie holds.
func (s *Service) open(ctx context.Context, cookie string) (u under, err error) {
	data, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || len(data) == 0 {
		return u, ErrState.Because(err)
	}
	text, err := s.Sealer.Open(ctx, store.SystemTenant, stateWhere, seal.Of(data))
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Kind == fault.Unavailable {
		return u, err // the vault is locked
	}
	if err == nil {
		err = json.Unmarshal(text, &u)
	}
	if err != nil {
		return u, ErrState.Because(err)
	}
	return u, nil
}

// use notes that a state came back. No state does so twice.
func (s *Service) use(u under) error {
	now := s.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for state, end := range s.used {
		if now.After(end) {
			delete(s.used, state)
		}
	}
	if _, ok := s.used[u.State]; ok {
		return ErrUsed
	}
	s.used[u.State] = u.Began.Add(Window)
	return nil
}
