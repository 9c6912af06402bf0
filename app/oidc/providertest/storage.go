package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"github.com/zitadel/oidc/v3/pkg/op"
)

// lifetime is how long tokens are good.
const lifetime = 5 * time.Minute

// A user is whom the provider knows.
type user struct {
	name, email string
	verified    bool
	groups      []string
}

func (u user) subject() string { return "subject-" + u.name }

// parseUsers reads name:email:verified:group,group.
func parseUsers(lines []string) (map[string]user, error) {
	users := map[string]user{}
	for _, line := range lines {
		f := strings.Split(line, ":")
		if len(f) != 4 || f[0] == "" || f[2] != "true" && f[2] != "false" {
			return nil, fmt.Errorf("user %q is not name:email:verified:groups", line)
		}
		u := user{name: f[0], email: f[1], verified: f[2] == "true", groups: []string{}}
		if f[3] != "" {
			u.groups = strings.Split(f[3], ",")
		}
		users[u.subject()] = u
	}
	return users, nil
}

var errNone = errors.New("this provider does not do that")

// A storage keeps what one run of the provider knows.
type storage struct {
	client client
	secret string
	users  map[string]user // by subject
	key    key

	mu       sync.Mutex
	requests map[string]*request
	codes    map[string]string // code -> request
	tokens   map[string]token
}

type token struct {
	subject string
	scopes  []string
}

func newStorage(o options, users map[string]user) (*storage, error) {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	return &storage{
		client: client{id: o.client, public: o.secret == "", redirects: o.redirects, signedOut: o.signedOut, lean: o.lean},
		secret: o.secret, users: users, key: key{private, rand.Text()},
		requests: map[string]*request{}, codes: map[string]string{}, tokens: map[string]token{},
	}, nil
}

// signIn says that the browser of a request belongs to name.
func (s *storage) signIn(id, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, ok := s.requests[id]
	if !ok {
		return errors.New("that sign-in is over: begin again")
	}
	u, ok := s.users[user{name: name}.subject()]
	if !ok {
		return errors.New("nobody has that name")
	}
	next := *r
	next.subject, next.at = u.subject(), time.Now()
	s.requests[id] = &next
	return nil
}

func (s *storage) CreateAuthRequest(_ context.Context, r *oidc.AuthRequest, _ string) (op.AuthRequest, error) {
	if slices.Contains(r.Prompt, oidc.PromptNone) {
		return nil, oidc.ErrLoginRequired()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	v := &request{AuthRequest: r, id: rand.Text()}
	s.requests[v.id] = v
	return v, nil
}

func (s *storage) AuthRequestByID(_ context.Context, id string) (op.AuthRequest, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.requests[id]; ok {
		return r, nil
	}
	return nil, errors.New("no such request")
}

func (s *storage) AuthRequestByCode(ctx context.Context, code string) (op.AuthRequest, error) {
	s.mu.Lock()
	id := s.codes[code]
	s.mu.Unlock()
	return s.AuthRequestByID(ctx, id)
}

func (s *storage) SaveAuthCode(_ context.Context, id, code string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.codes[code] = id
	return nil
}

func (s *storage) DeleteAuthRequest(_ context.Context, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.requests, id)
	return nil
}

func (s *storage) CreateAccessToken(_ context.Context, r op.TokenRequest) (string, time.Time, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id := rand.Text()
	s.tokens[id] = token{r.GetSubject(), r.GetScopes()}
	return id, time.Now().Add(lifetime), nil
}

func (s *storage) GetClientByClientID(_ context.Context, id string) (op.Client, error) {
	if id != s.client.id {
		return nil, errors.New("no such client")
	}
	return s.client, nil
}

func (s *storage) AuthorizeClientIDSecret(_ context.Context, id, secret string) error {
	if id != s.client.id || subtle.ConstantTimeCompare([]byte(secret), []byte(s.secret)) != 1 {
		return errors.New("wrong client or secret")
	}
	return nil
}

func (s *storage) SetUserinfoFromScopes(_ context.Context, to *oidc.UserInfo, subject, _ string, scopes []string) error {
	return s.tell(to, subject, scopes)
}

func (s *storage) SetUserinfoFromToken(_ context.Context, to *oidc.UserInfo, id, _, _ string) error {
	s.mu.Lock()
	t, ok := s.tokens[id]
	s.mu.Unlock()
	if !ok {
		return errors.New("no such token")
	}
	return s.tell(to, t.subject, t.scopes)
}

// tell writes what the scopes ask for.
func (s *storage) tell(to *oidc.UserInfo, subject string, scopes []string) error {
	u, ok := s.users[subject]
	if !ok {
		return errors.New("no such user")
	}
	for _, scope := range scopes {
		switch scope {
		case oidc.ScopeOpenID:
			to.Subject = subject
		case oidc.ScopeProfile:
			to.PreferredUsername, to.Name = u.name, u.name
		case oidc.ScopeEmail:
			to.Email, to.EmailVerified = u.email, oidc.Bool(u.verified)
		case "groups":
			to.AppendClaims("groups", u.groups)
		}
	}
	return nil
}

func (s *storage) SigningKey(context.Context) (op.SigningKey, error) { return s.key, nil }
func (s *storage) KeySet(context.Context) ([]op.Key, error)          { return []op.Key{publicKey{s.key}}, nil }

func (s *storage) SignatureAlgorithms(context.Context) ([]jose.SignatureAlgorithm, error) {
	return []jose.SignatureAlgorithm{jose.RS256}, nil
}
func (s *storage) Health(context.Context) error                           { return nil }
func (s *storage) TerminateSession(context.Context, string, string) error { return nil }

// What follows belongs to grants that the code flow has no use for.

func (s *storage) CreateAccessAndRefreshTokens(context.Context, op.TokenRequest, string) (string, string, time.Time, error) {
	return "", "", time.Time{}, errNone
}

func (s *storage) TokenRequestByRefreshToken(context.Context, string) (op.RefreshTokenRequest, error) {
	return nil, errNone
}

func (s *storage) RevokeToken(context.Context, string, string, string) *oidc.Error { return nil }

func (s *storage) GetRefreshTokenInfo(context.Context, string, string) (string, string, error) {
	return "", "", op.ErrInvalidRefreshToken
}

func (s *storage) SetIntrospectionFromToken(context.Context, *oidc.IntrospectionResponse, string, string, string) error {
	return errNone
}

func (s *storage) GetPrivateClaimsFromScopes(context.Context, string, string, []string) (map[string]any, error) {
	return nil, nil
}

func (s *storage) GetKeyByIDAndClientID(context.Context, string, string) (*jose.JSONWebKey, error) {
	return nil, errNone
}

func (s *storage) ValidateJWTProfileScopes(context.Context, string, []string) ([]string, error) {
	return nil, errNone
}
