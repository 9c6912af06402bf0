package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store/internal/sq"
)

// A Provider is an identity provider that speaks OpenID Connect. Its mappings
// turn claims into roles of tenants; none makes an administrator of the appliance.
type Provider struct {
	ID            string     `json:"id"`
	Rev           int64      `json:"rev"`
	Name          string     `json:"name"`
	Issuer        string     `json:"issuer" example:"https://login.example.com"`
	ClientID      string     `json:"client_id"`
	Secret        string     `json:"client_secret" doc:"******** if one is stored; it is never shown"`
	Scopes        []string   `json:"scopes" nullable:"false"`
	UsernameClaim string     `json:"username_claim" doc:"Which claim names a new user"`
	Enabled       bool       `json:"enabled"`
	CreateUsers   bool       `json:"create_users" doc:"Makes users whom a mapping lets in, without an invitation"`
	LinkEmail     bool       `json:"link_email" doc:"Knows an existing user by a verified e-mail address"`
	TrustEmail    bool       `json:"trust_email" doc:"Takes every e-mail address of this provider as verified"`
	SecondFactor  bool       `json:"second_factor" doc:"Its sign-in counts as two factors"`
	Mappings      []Mapping  `json:"mappings" nullable:"false"`
	Created       time.Time  `json:"created_at"`
	ClientSecret  seal.Value `json:"-"`
}

// A Mapping gives a role in a tenant to who has a claim of that value.
type Mapping struct {
	Claim  string   `json:"claim" example:"realm_access.roles" doc:"Its name; a dot leads into an object"`
	Value  string   `json:"value" example:"unity-admins" doc:"What it must be or hold; * is anything"`
	Tenant TenantID `json:"tenant"`
	Role   string   `json:"role" enum:"owner,admin,member,viewer"`
}

// An Identity is a user as one provider knows them: by a subject that it never
// gives to anybody else.
type Identity struct {
	ID       string    `json:"id"`
	Provider string    `json:"provider_id"`
	Subject  string    `json:"-"`
	User     string    `json:"-"`
	Name     string    `json:"name" doc:"What the provider called the user last"`
	Created  time.Time `json:"created_at"`
	Seen     time.Time `json:"seen_at"`
}

// SecretMask stands where a secret is stored.
const SecretMask = "********"

var (
	// ErrProviderName says that a provider of that name exists.
	ErrProviderName = fault.New(fault.Conflict, "provider.name_taken", "Another provider has that name. Choose another one.")
	// ErrProviderIssuer says that a provider's subjects are those of its issuer.
	ErrProviderIssuer = fault.New(fault.Conflict, "provider.issuer_used", "People sign in with this provider already, and another issuer knows other people by the same ids. Add the new issuer as another provider.")
	// ErrIdentityTaken says that somebody signs in with that account already.
	ErrIdentityTaken = fault.New(fault.Conflict, "identity.taken", "That account of the provider belongs to a user already. Sign in with it, or choose another account.")
)

const providerCols = `id, rev, name, issuer, client_id, client_secret, scopes, username_claim, enabled,
	create_users, link_email, trust_email, second_factor, mappings, created_at`

func scanProvider(r sq.Row) (v Provider, err error) {
	var secret []byte
	var scopes, mappings string
	var created int64
	err = r.Scan(&v.ID, &v.Rev, &v.Name, &v.Issuer, &v.ClientID, &secret, &scopes, &v.UsernameClaim, &v.Enabled,
		&v.CreateUsers, &v.LinkEmail, &v.TrustEmail, &v.SecondFactor, &mappings, &created)
	if err == nil {
		err = errors.Join(json.Unmarshal([]byte(scopes), &v.Scopes), json.Unmarshal([]byte(mappings), &v.Mappings))
	}
	v.Created, v.ClientSecret = time.UnixMilli(created).UTC(), seal.Of(secret)
	if len(secret) > 0 {
		v.Secret = SecretMask
	}
	return v, err
}

func providerArgs(v Provider) ([]any, error) {
	if v.Mappings == nil {
		v.Mappings = []Mapping{}
	}
	scopes, err := json.Marshal(v.Scopes)
	mappings, err2 := json.Marshal(v.Mappings)
	return []any{
		sql.Named("id", v.ID), sql.Named("name", v.Name), sql.Named("issuer", v.Issuer), sql.Named("client", v.ClientID),
		sql.Named("secret", v.ClientSecret.Ciphertext()), sql.Named("scopes", string(scopes)), sql.Named("claim", v.UsernameClaim),
		sql.Named("enabled", v.Enabled), sql.Named("create", v.CreateUsers), sql.Named("link", v.LinkEmail),
		sql.Named("trust", v.TrustEmail), sql.Named("second", v.SecondFactor), sql.Named("mappings", string(mappings)),
	}, errors.Join(err, err2)
}

func (v Provider) secrets() map[string]seal.Value {
	return map[string]seal.Value{"client_secret": v.ClientSecret}
}

func providerName(err error) error {
	if broken(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, "providers.name") {
		return ErrProviderName.Because(err)
	}
	return err
}

// Providers returns every identity provider, by name.
func (y System) Providers(ctx context.Context) ([]Provider, error) {
	all, err := sq.Many(ctx, y.db(), scanProvider, `SELECT `+providerCols+` FROM providers ORDER BY name, id`)
	return all, known(err)
}

// Provider returns one identity provider, or ErrNotFound.
func (y System) Provider(ctx context.Context, id string) (Provider, error) {
	v, err := sq.One(ctx, y.db(), scanProvider, `SELECT `+providerCols+` FROM providers WHERE id = @id`, sql.Named("id", id))
	return v, known(err)
}

// CreateProvider stores v and returns it as stored.
func (y System) CreateProvider(ctx context.Context, v Provider) (out Provider, err error) {
	args, err := providerArgs(v)
	if err != nil {
		return out, err
	}
	err = y.own.changeWith(ctx, "providers.create", v.ID, &diff{after: v}, func(t Tenant) error {
		out, err = sq.Returning(ctx, t.db.System(), scanProvider, `INSERT INTO providers (id, name, issuer, client_id, client_secret, scopes,
			username_claim, enabled, create_users, link_email, trust_email, second_factor, mappings, created_at)
			VALUES (@id, @name, @issuer, @client, @secret, @scopes, @claim, @enabled, @create, @link, @trust, @second, @mappings, @now)
			RETURNING `+providerCols, append(args, t.current())...)
		return providerName(err)
	})
	return out, err
}

// UpdateProvider stores v if its revision is still v.Rev, else ErrStale. Its
// issuer stays once it knows somebody.
func (y System) UpdateProvider(ctx context.Context, v Provider) (out Provider, err error) {
	args, err := providerArgs(v)
	if err != nil {
		return out, err
	}
	d := diff{}
	err = y.own.changeWith(ctx, "providers.update", v.ID, &d, func(t Tenant) error {
		y := System{t}
		old, err := y.freshProvider(ctx, v.ID, v.Rev)
		if err != nil {
			return err
		}
		if old.Issuer != v.Issuer {
			if err := y.unused(ctx, v.ID); err != nil {
				return err
			}
		}
		out, err = sq.Returning(ctx, t.db.System(), scanProvider, `UPDATE providers SET rev = rev + 1, name = @name, issuer = @issuer,
			client_id = @client, client_secret = @secret, scopes = @scopes, username_claim = @claim, enabled = @enabled,
			create_users = @create, link_email = @link, trust_email = @trust, second_factor = @second, mappings = @mappings
			WHERE id = @id RETURNING `+providerCols, args...)
		d.before, d.after = old, out
		return providerName(err)
	})
	return out, err
}

// DeleteProvider deletes a provider if its revision is still rev; its identities
// and the sessions that began with it go, too.
func (y System) DeleteProvider(ctx context.Context, id string, rev int64) error {
	d := diff{}
	return y.own.changeWith(ctx, "providers.delete", id, &d, func(t Tenant) error {
		old, err := (System{t}).freshProvider(ctx, id, rev)
		if err != nil {
			return err
		}
		d.before = old
		return sq.Exec(ctx, t.db.System(), `DELETE FROM providers WHERE id = @id`, sql.Named("id", id))
	})
}

// freshProvider returns a provider, or ErrStale if it has another revision than rev.
func (y System) freshProvider(ctx context.Context, id string, rev int64) (Provider, error) {
	old, err := y.Provider(ctx, id)
	if err == nil && rev != AnyRev && rev != old.Rev {
		err = ErrStale
	}
	return old, err
}

// unused returns ErrProviderIssuer if somebody signs in with a provider.
func (y System) unused(ctx context.Context, id string) error {
	there, err := sq.One(ctx, y.db(), scanBool, `SELECT EXISTS (SELECT 1 FROM identities WHERE provider_id = @id)`, sql.Named("id", id))
	if err == nil && there {
		err = ErrProviderIssuer
	}
	return err
}

const identityCols = "id, provider_id, subject, user_id, name, created_at, seen_at"

func scanIdentity(r sq.Row) (v Identity, err error) {
	var created, seen int64
	err = r.Scan(&v.ID, &v.Provider, &v.Subject, &v.User, &v.Name, &created, &seen)
	v.Created, v.Seen = time.UnixMilli(created).UTC(), time.UnixMilli(seen).UTC()
	return v, err
}

// Identities returns how the providers know a user, oldest first.
func (y System) Identities(ctx context.Context, user string) ([]Identity, error) {
	all, err := sq.Many(ctx, y.db(), scanIdentity, `SELECT `+identityCols+` FROM identities WHERE user_id = @user ORDER BY created_at, id`,
		sql.Named("user", user))
	return all, known(err)
}

// IdentityBySubject returns whom a provider knows as subject, or ErrNotFound.
func (y System) IdentityBySubject(ctx context.Context, provider, subject string) (Identity, error) {
	v, err := sq.One(ctx, y.db(), scanIdentity, `SELECT `+identityCols+` FROM identities
		WHERE provider_id = @provider AND subject = @subject`, sql.Named("provider", provider), sql.Named("subject", subject))
	return v, known(err)
}

// AddIdentity lets v.User sign in as v.Subject of v.Provider.
func (y System) AddIdentity(ctx context.Context, v Identity) error {
	detail := map[string]string{"provider": v.Provider, "user": v.User}
	return y.own.changeWith(ctx, "identities.create", v.ID, detail, func(t Tenant) error {
		err := sq.Exec(ctx, t.db.System(), `INSERT INTO identities (provider_id, subject, id, user_id, name, created_at, seen_at)
			VALUES (@provider, @subject, @id, @user, @name, @now, @now)`,
			sql.Named("provider", v.Provider), sql.Named("subject", v.Subject), sql.Named("id", v.ID),
			sql.Named("user", v.User), sql.Named("name", v.Name), t.current())
		if broken(err, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, "identities.subject") {
			return ErrIdentityTaken.Because(err)
		}
		return err
	})
}

// SeeIdentity stamps when an identity signed in, and under which name.
func (y System) SeeIdentity(ctx context.Context, id, name string) error {
	return y.Tx(ctx, func(y System) error {
		return sq.Exec(ctx, y.db(), `UPDATE identities SET name = @name, seen_at = @now WHERE id = @id`,
			sql.Named("id", id), sql.Named("name", name), y.own.current())
	})
}

// DeleteIdentity takes an identity from a user, or returns ErrNotFound if it is not theirs.
func (y System) DeleteIdentity(ctx context.Context, user, id string) error {
	return y.own.changeWith(ctx, "identities.delete", id, map[string]string{"user": user}, func(t Tenant) error {
		return sq.Exec(ctx, t.db.System(), `DELETE FROM identities WHERE id = @id AND user_id = @user`,
			sql.Named("id", id), sql.Named("user", user))
	})
}
