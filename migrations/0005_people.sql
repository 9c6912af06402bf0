-- +goose Up
ALTER TABLE tenants ADD COLUMN rev INTEGER NOT NULL DEFAULT 1;
ALTER TABLE tenants ADD COLUMN plan TEXT NOT NULL DEFAULT '';
-- What a tenant may have at most, by kind; what is not named is not limited.
ALTER TABLE tenants ADD COLUMN quota TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(quota));

ALTER TABLE users ADD COLUMN must_change INTEGER NOT NULL DEFAULT 0 CHECK (must_change IN (0, 1));
ALTER TABLE users ADD COLUMN language TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN theme TEXT NOT NULL DEFAULT '' CHECK (theme IN ('', 'light', 'dark'));
ALTER TABLE users ADD COLUMN time_zone TEXT NOT NULL DEFAULT '';
ALTER TABLE users ADD COLUMN seen_at INTEGER;

-- grants are permissions beyond the role. source says who keeps the row: a person,
-- an invitation that was taken, or the claims of an identity provider.
ALTER TABLE memberships ADD COLUMN grants TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(grants));
ALTER TABLE memberships ADD COLUMN source TEXT NOT NULL DEFAULT 'person' CHECK (source IN ('person', 'invitation', 'provider'));
ALTER TABLE memberships ADD COLUMN given_by TEXT NOT NULL DEFAULT '';
ALTER TABLE memberships ADD COLUMN created_at INTEGER NOT NULL DEFAULT 0;

-- An identity provider that speaks OpenID Connect. mappings turn claims into roles.
CREATE TABLE providers (
  id             TEXT    NOT NULL PRIMARY KEY,
  rev            INTEGER NOT NULL DEFAULT 1,
  name           TEXT    NOT NULL UNIQUE,
  issuer         TEXT    NOT NULL,
  client_id      TEXT    NOT NULL,
  client_secret  BLOB,
  scopes         TEXT    NOT NULL CHECK (json_valid(scopes)),
  username_claim TEXT    NOT NULL,
  enabled        INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  create_users   INTEGER NOT NULL CHECK (create_users IN (0, 1)),
  link_email     INTEGER NOT NULL CHECK (link_email IN (0, 1)),
  trust_email    INTEGER NOT NULL CHECK (trust_email IN (0, 1)),
  second_factor  INTEGER NOT NULL CHECK (second_factor IN (0, 1)),
  mappings       TEXT    NOT NULL CHECK (json_valid(mappings)),
  created_at     INTEGER NOT NULL
) STRICT;

-- Whom a provider knows under which subject.
CREATE TABLE identities (
  provider_id TEXT    NOT NULL REFERENCES providers (id) ON DELETE CASCADE,
  subject     TEXT    NOT NULL,
  id          TEXT    NOT NULL UNIQUE,
  user_id     TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name        TEXT    NOT NULL,
  created_at  INTEGER NOT NULL,
  seen_at     INTEGER NOT NULL,
  PRIMARY KEY (provider_id, subject)
) STRICT;
CREATE INDEX identities_user ON identities (user_id);

-- second_factor says that the session began with two proofs; proved_at is the last
-- moment at which its user proved who they are. successor says that the newest
-- refresh token has reached its program: from then on the one before it is stolen.
ALTER TABLE sessions ADD COLUMN second_factor INTEGER NOT NULL DEFAULT 0 CHECK (second_factor IN (0, 1));
ALTER TABLE sessions ADD COLUMN proved_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN successor INTEGER NOT NULL DEFAULT 1 CHECK (successor IN (0, 1));
ALTER TABLE sessions ADD COLUMN provider_id TEXT REFERENCES providers (id) ON DELETE CASCADE;
CREATE INDEX sessions_provider ON sessions (provider_id) WHERE provider_id IS NOT NULL;

-- A secret shared with an authenticator app, sealed. used_step is the newest time
-- step a code was taken of: no code counts twice.
CREATE TABLE totp (
  user_id      TEXT    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  secret       BLOB    NOT NULL,
  used_step    INTEGER NOT NULL DEFAULT 0,
  created_at   INTEGER NOT NULL,
  confirmed_at INTEGER
) STRICT;

-- Codes for who lost their second factor, as SHA-256; each counts once.
CREATE TABLE recovery_codes (
  user_id TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  hash    BLOB    NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;

-- A passkey is good at one name of the appliance, rp_id.
CREATE TABLE passkeys (
  id            TEXT    NOT NULL PRIMARY KEY,
  user_id       TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  name          TEXT    NOT NULL,
  rp_id         TEXT    NOT NULL,
  credential_id BLOB    NOT NULL UNIQUE,
  credential    TEXT    NOT NULL CHECK (json_valid(credential)),
  created_at    INTEGER NOT NULL,
  used_at       INTEGER
) STRICT;
CREATE INDEX passkeys_user ON passkeys (user_id);

-- A link that works once: it sets a password, or signs in when nothing else does.
CREATE TABLE links (
  hash       BLOB    NOT NULL PRIMARY KEY,
  user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind       TEXT    NOT NULL CHECK (kind IN ('reset', 'sign_in')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX links_user ON links (user_id);

-- Who holds the link may join the tenant, once.
CREATE TABLE invitations (
  tenant_id  TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id         TEXT    NOT NULL,
  email      TEXT    NOT NULL DEFAULT '',
  role       TEXT    NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  grants     TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(grants)),
  hash       BLOB    NOT NULL UNIQUE,
  invited_by TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL,
  used_at    INTEGER,
  used_by    TEXT    NOT NULL DEFAULT '',
  UNIQUE (tenant_id, id)
) STRICT;
CREATE INDEX invitations_created ON invitations (tenant_id, created_at, id);

-- A key acts for its maker in one tenant, and goes with their membership.
CREATE TABLE api_keys (
  tenant_id   TEXT    NOT NULL,
  id          TEXT    NOT NULL,
  user_id     TEXT    NOT NULL,
  name        TEXT    NOT NULL,
  hint        TEXT    NOT NULL,
  hash        BLOB    NOT NULL UNIQUE,
  permissions TEXT    NOT NULL CHECK (json_valid(permissions)),
  created_at  INTEGER NOT NULL,
  expires_at  INTEGER,
  used_at     INTEGER,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, user_id) REFERENCES memberships (tenant_id, user_id) ON DELETE CASCADE
) STRICT;
CREATE INDEX api_keys_user ON api_keys (tenant_id, user_id);

-- Where a chain of the audit begins after its oldest rows went: the row before,
-- and a signature over it.
CREATE TABLE audit_anchors (
  tenant_id TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  seq       INTEGER NOT NULL,
  mac       BLOB    NOT NULL,
  at        INTEGER NOT NULL,
  signature BLOB    NOT NULL
) STRICT;
CREATE INDEX audit_at ON audit (tenant_id, at, seq);
CREATE INDEX audit_actor ON audit (tenant_id, actor, seq);
CREATE INDEX audit_thing ON audit (tenant_id, thing, seq);

-- When the newest key of a keyset was made; created_at is when the keyset was.
ALTER TABLE keysets ADD COLUMN rotated_at INTEGER;
CREATE INDEX users_created ON users (created_at, id);
