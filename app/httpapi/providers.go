package httpapi

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/app/oidc"
	"unity.internal/store"
)

func (m mux) providers() {
	handle(m, auth.ProvidersWrite, route("listProviders", http.MethodGet, "/providers"), m.listProviders)
	handle(m, auth.ProvidersWrite, stepUp(route("createProvider", http.MethodPost, "/providers")), m.createProvider)
	handle(m, auth.ProvidersWrite, route("getProvider", http.MethodGet, "/providers/{id}"), m.getProvider)
	handle(m, auth.ProvidersWrite, stepUp(route("updateProvider", http.MethodPatch, "/providers/{id}")), m.updateProvider)
	handle(m, auth.ProvidersWrite, stepUp(route("deleteProvider", http.MethodDelete, "/providers/{id}")), m.deleteProvider)
	handle(m, auth.ProvidersWrite, action("tryProvider", "/providers/{id}/dry-run"), m.tryProvider)
	handle(m, auth.Public, route("listSignIns", http.MethodGet, "/auth/providers"), m.listSignIns)
	handle(m, auth.Public, action("startSignIn", "/auth/providers/{id}/start"), m.startSignIn)
	handle(m, auth.Public, action("finishSignIn", "/auth/oidc"), m.finishSignIn)
	handle(m, auth.Self, route("listIdentities", http.MethodGet, "/auth/identities"), m.listIdentities)
	handle(m, auth.Self, stepUp(route("deleteIdentity", http.MethodDelete, "/auth/identities/{id}")), m.deleteIdentity)
}

type providerList struct {
	Items    []store.Provider `json:"items" nullable:"false"`
	Redirect string           `json:"redirect_uri" doc:"To be registered at each of them"`
}

func (m mux) listProviders(ctx context.Context, _ Caller, _ *struct{}) (*body[providerList], error) {
	all, err := m.System.Providers(ctx)
	return &body[providerList]{providerList{all, m.Base() + "/sign-in/callback"}}, err
}

func (m mux) getProvider(ctx context.Context, _ Caller, in *ID) (*versioned[store.Provider], error) {
	v, err := m.System.Provider(ctx, in.ID)
	return tagged(v, v.Rev, err)
}

type providerIn struct {
	Body struct {
		Name          string          `json:"name" minLength:"1" maxLength:"100"`
		Issuer        string          `json:"issuer" minLength:"1" maxLength:"500"`
		ClientID      string          `json:"client_id" minLength:"1" maxLength:"500"`
		Secret        string          `json:"client_secret,omitempty" maxLength:"1000" writeOnly:"true"`
		Scopes        []string        `json:"scopes,omitempty" maxItems:"20" nullable:"false"`
		UsernameClaim string          `json:"username_claim,omitempty" maxLength:"100"`
		Enabled       bool            `json:"enabled,omitempty"`
		CreateUsers   bool            `json:"create_users,omitempty"`
		LinkEmail     bool            `json:"link_email,omitempty"`
		TrustEmail    bool            `json:"trust_email,omitempty"`
		SecondFactor  bool            `json:"second_factor,omitempty"`
		Mappings      []store.Mapping `json:"mappings,omitempty" maxItems:"200" nullable:"false"`
	}
}

func (m mux) createProvider(ctx context.Context, c Caller, in *providerIn) (*versioned[store.Provider], error) {
	b := in.Body
	if len(b.Scopes) == 0 {
		b.Scopes = []string{"openid", "profile", "email"}
	}
	b.UsernameClaim = cmp.Or(b.UsernameClaim, "preferred_username")
	v, err := m.OIDC.Create(ctx, m.System.By(c.User, c.From.Address), store.Provider{
		Name: b.Name, Issuer: b.Issuer, ClientID: b.ClientID, Scopes: b.Scopes, UsernameClaim: b.UsernameClaim, Enabled: b.Enabled,
		CreateUsers: b.CreateUsers, LinkEmail: b.LinkEmail, TrustEmail: b.TrustEmail, SecondFactor: b.SecondFactor, Mappings: b.Mappings,
	}, b.Secret)
	return m.providerChanged(c, v, err)
}

// providerChanged tells open pages that a provider changed.
func (m mux) providerChanged(c Caller, v store.Provider, err error) (*versioned[store.Provider], error) {
	if err == nil {
		m.Bus.Publish(c.Tenant.ID, "providers", v.ID, v.Rev)
	}
	return tagged(v, v.Rev, err)
}

type providerPatch struct {
	ID
	IfMatch
	Body struct {
		Name          Opt[string]          `json:"name,omitzero" minLength:"1" maxLength:"100"`
		Issuer        Opt[string]          `json:"issuer,omitzero" minLength:"1" maxLength:"500"`
		ClientID      Opt[string]          `json:"client_id,omitzero" minLength:"1" maxLength:"500"`
		Secret        Opt[string]          `json:"client_secret,omitzero" maxLength:"1000"`
		Scopes        Opt[[]string]        `json:"scopes,omitzero" maxItems:"20"`
		UsernameClaim Opt[string]          `json:"username_claim,omitzero" maxLength:"100"`
		Enabled       Opt[bool]            `json:"enabled,omitzero"`
		CreateUsers   Opt[bool]            `json:"create_users,omitzero"`
		LinkEmail     Opt[bool]            `json:"link_email,omitzero"`
		TrustEmail    Opt[bool]            `json:"trust_email,omitzero"`
		SecondFactor  Opt[bool]            `json:"second_factor,omitzero"`
		Mappings      Opt[[]store.Mapping] `json:"mappings,omitzero" maxItems:"200"`
	}
}

func (m mux) updateProvider(ctx context.Context, c Caller, in *providerPatch) (*versioned[store.Provider], error) {
	v, err := m.System.Provider(ctx, in.ID.ID)
	if err != nil {
		return nil, err
	}
	if v.Rev, err = in.rev(); err != nil {
		return nil, err
	}
	b := in.Body
	b.Name.into(&v.Name)
	b.Issuer.into(&v.Issuer)
	b.ClientID.into(&v.ClientID)
	b.Secret.into(&v.Secret)
	b.Scopes.into(&v.Scopes)
	b.UsernameClaim.into(&v.UsernameClaim)
	b.Enabled.into(&v.Enabled)
	b.CreateUsers.into(&v.CreateUsers)
	b.LinkEmail.into(&v.LinkEmail)
	b.TrustEmail.into(&v.TrustEmail)
	b.SecondFactor.into(&v.SecondFactor)
	b.Mappings.into(&v.Mappings)
	v, err = m.OIDC.Update(ctx, m.System.By(c.User, c.From.Address), v, v.Secret)
	return m.providerChanged(c, v, err)
}

type providerDelete struct {
	ID
	IfMatch
}

func (m mux) deleteProvider(ctx context.Context, c Caller, in *providerDelete) (*struct{}, error) {
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	if err := m.OIDC.Delete(ctx, m.System.By(c.User, c.From.Address), in.ID.ID, rev); err != nil {
		return nil, err
	}
	m.Bus.Publish(c.Tenant.ID, "providers", in.ID.ID, rev+1)
	return nil, m.Auth.Reload(ctx) // the sessions that it began have ended
}

type trialIn struct {
	ID
	Body struct {
		Token string `json:"token" minLength:"2" maxLength:"20000" writeOnly:"true" doc:"A token of the provider, or its claims as JSON"`
	}
}

func (m mux) tryProvider(ctx context.Context, _ Caller, in *trialIn) (*body[oidc.Trial], error) {
	t, err := m.OIDC.DryRun(ctx, in.ID.ID, in.Body.Token)
	return &body[oidc.Trial]{t}, err
}

// signIns are the ways in, as the sign-in page offers them.
type signIns struct {
	Items    []signInAt `json:"items" nullable:"false"`
	Password bool       `json:"password" doc:"Whether a password signs in"`
}

type signInAt struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

func (m mux) listSignIns(ctx context.Context, _ Caller, _ *struct{}) (*body[signIns], error) {
	all, err := m.System.Providers(ctx)
	out := signIns{Items: []signInAt{}, Password: !m.Auth.PasswordOff()}
	for _, p := range all {
		if p.Enabled {
			out.Items = append(out.Items, signInAt{p.ID, p.Name})
		}
	}
	return &body[signIns]{out}, err
}

type startIn struct {
	ID
	Body struct {
		Purpose    oidc.Purpose `json:"purpose" enum:"sign_in,link,step_up"`
		Next       string       `json:"next,omitempty" maxLength:"500" doc:"A page of ours to come back to"`
		Invitation string       `json:"invitation,omitempty" maxLength:"100" writeOnly:"true" doc:"The token of one to be taken"`
	}
}

type startOut struct {
	SetCookie string `header:"Set-Cookie"`
	Body      struct {
		URL string `json:"url" doc:"Where the browser goes now"`
	}
}

func (m mux) startSignIn(ctx context.Context, _ Caller, in *startIn) (*startOut, error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	if _, err := m.System.Provider(ctx, in.ID.ID); err != nil {
		return nil, err
	}
	if base := m.Base(); base != from.origin() {
		return nil, fault.New(fault.Conflict, "oidc.address", "Identity providers know this appliance as %s only. Open that address and sign in there.", base)
	}
	intent := oidc.Intent{Purpose: in.Body.Purpose, Next: in.Body.Next, Invitation: in.Body.Invitation}
	if intent.Purpose != oidc.SignIn {
		c, err := m.callerWith(ctx, auth.Self)
		if err != nil {
			return nil, err
		}
		if intent.Purpose == oidc.Link && !m.Auth.Fresh(c.Identity) {
			return nil, auth.ErrStepUp
		}
		intent.User, intent.Session = c.User, c.Session
	}
	address, state, err := m.OIDC.Start(ctx, in.ID.ID, intent)
	if err != nil {
		return nil, err
	}
	out := &startOut{SetCookie: stateCookie(state, from.secure)}
	out.Body.URL = address
	return out, nil
}

// stateCookie holds a sign-in that is under way, once and for ten minutes. It has
// to come along when the provider sends the browser back, so it is Lax.
func stateCookie(state string, secure bool) string {
	c := http.Cookie{ //nolint:gosec // Secure wherever there is TLS; without it only this box signs in
		Name: cookieName(secure) + begunCookie, Value: state, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		MaxAge: int(oidc.Window / time.Second), Secure: secure,
	}
	return c.String()
}

type finishIn struct {
	Body struct {
		Code   string `json:"code,omitempty" maxLength:"4000" writeOnly:"true"`
		State  string `json:"state" minLength:"1" maxLength:"500"`
		Issuer string `json:"iss,omitempty" maxLength:"500"`
		Error  string `json:"error,omitempty" maxLength:"500" doc:"What the provider says instead of a code"`
	}
}

// finishOut is a loginOut, and what the sign-in was for.
type finishOut struct {
	SetCookie []string `header:"Set-Cookie"`
	Body      struct {
		User      *store.User  `json:"user,omitempty" doc:"Who is signed in now"`
		Challenge string       `json:"challenge,omitempty"`
		Methods   []string     `json:"methods,omitempty" enum:"totp,passkey,recovery"`
		Purpose   oidc.Purpose `json:"purpose" enum:"sign_in,link,step_up"`
		Next      string       `json:"next" doc:"The page to go to"`
	}
}

func (m mux) finishSignIn(ctx context.Context, c Caller, in *finishIn) (*finishOut, error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	proof, err := m.OIDC.Finish(ctx, from.begun, oidc.Answer{Code: in.Body.Code, State: in.Body.State, Issuer: in.Body.Issuer, Error: in.Body.Error})
	if err != nil {
		return nil, err
	}
	out := &finishOut{}
	out.Body.Purpose, out.Body.Next = proof.Intent.Purpose, proof.Intent.Next
	if proof.Intent.Purpose != oidc.SignIn {
		return out, m.provenAgain(ctx, c, proof)
	}
	v, err := m.vouch(ctx, proof)
	if err != nil {
		return nil, err
	}
	who, err := m.Auth.ByProvider(ctx, v, from.Client)
	if err != nil {
		return nil, err
	}
	out.Body.Challenge, out.Body.Methods = who.Challenge, who.Methods
	if who.Token != "" {
		out.SetCookie, out.Body.User = []string{newCookie(who.Token, from.secure)}, &who.User
	}
	return out, nil
}

// provenAgain ends a link or a step-up: it has to be the browser that began it.
func (m mux) provenAgain(ctx context.Context, c Caller, p oidc.Proof) error {
	if c.Session == "" || c.Session != p.Intent.Session || c.User != p.Intent.User {
		return auth.ErrSignIn
	}
	if p.Intent.Purpose == oidc.Link {
		return m.Auth.LinkIdentity(ctx, c.Identity, p.Provider.ID, p.Subject, p.Name, c.From)
	}
	return m.Auth.ProveByProvider(ctx, c.Identity, p.Provider.ID, p.Subject)
}

// vouch finds out whose proof it is and what its claims give.
func (m mux) vouch(ctx context.Context, p oidc.Proof) (auth.Voucher, error) {
	v := auth.Voucher{Provider: p.Provider.ID, Subject: p.Subject, Name: p.Name, SecondFactor: p.SecondFactor, Invitation: p.Intent.Invitation}
	var invitation *oidc.Invitation
	if v.Invitation != "" {
		offer, err := m.Auth.Offer(ctx, v.Invitation)
		if err != nil {
			return v, err
		}
		invitation = &oidc.Invitation{Tenant: offer.Tenant, Role: offer.Role, By: offer.By}
	}
	var err error
	if v.User, err = m.Auth.Known(ctx, p.Provider, p.Subject, p.Email, p.EmailVerified); err != nil {
		return v, err
	}
	plan, err := m.OIDC.Plan(ctx, p.Provider, p.Claims, v.User, invitation)
	if err != nil {
		return v, err
	}
	v.Username, v.Email, v.Ends = plan.Username, plan.Email, plan.Ends
	for _, g := range plan.Grants {
		v.Grants = append(v.Grants, store.Membership{Tenant: g.Tenant, Role: g.Role, Source: g.Source})
	}
	return v, nil
}

type identity struct {
	store.Identity
	ProviderName string `json:"provider_name"`
}

func (m mux) listIdentities(ctx context.Context, c Caller, _ *struct{}) (*body[items[identity]], error) {
	providers, err := m.System.Providers(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, p := range providers {
		names[p.ID] = p.Name
	}
	all, err := m.System.Identities(ctx, c.User)
	var out []identity
	for _, v := range all {
		out = append(out, identity{v, names[v.Provider]})
	}
	return listed(out, err)
}

func (m mux) deleteIdentity(ctx context.Context, c Caller, in *ID) (*struct{}, error) {
	return nil, m.Auth.UnlinkIdentity(ctx, c.Identity, in.ID, c.From)
}
