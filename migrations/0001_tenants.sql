-- +goose Up
-- A tenant is a family, a friend or a customer: rows of two tenants never meet.
CREATE TABLE tenants (
  id         TEXT    NOT NULL PRIMARY KEY CHECK (id NOT GLOB '*[^a-z0-9-]*' AND id NOT GLOB '-*' AND length(id) BETWEEN 1 AND 49),
  name       TEXT    NOT NULL,
  status     TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'deleting')),
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
-- What belongs to the appliance itself, and the one tenant of a single household.
INSERT INTO tenants (id, name, created_at) VALUES
  ('system', 'Appliance', unixepoch() * 1000),
  ('default', 'Home', unixepoch() * 1000);

-- A user belongs to tenants through memberships only. name_key is the user name
-- folded, so that two names which read alike cannot both exist.
CREATE TABLE users (
  id         TEXT    NOT NULL PRIMARY KEY,
  rev        INTEGER NOT NULL DEFAULT 1,
  username   TEXT    NOT NULL,
  name_key   TEXT    NOT NULL UNIQUE,
  email      TEXT    NOT NULL DEFAULT '',
  password   TEXT    NOT NULL,
  is_admin   INTEGER NOT NULL DEFAULT 0 CHECK (is_admin IN (0, 1)),
  is_active  INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  created_at INTEGER NOT NULL,
  changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE memberships (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role      TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')),
  PRIMARY KEY (tenant_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_user ON memberships (user_id);

-- A session is a browser's cookie or a program's refresh token, kept as SHA-256.
-- previous is the refresh token before the last rotation, good until previous_until.
CREATE TABLE sessions (
  id             TEXT    NOT NULL PRIMARY KEY,
  user_id        TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  home           TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  kind           TEXT    NOT NULL CHECK (kind IN ('browser', 'program')),
  hash           BLOB    NOT NULL UNIQUE,
  previous       BLOB,
  previous_until INTEGER NOT NULL DEFAULT 0,
  address        TEXT    NOT NULL,
  agent          TEXT    NOT NULL,
  created_at     INTEGER NOT NULL,
  seen_at        INTEGER NOT NULL,
  expires_at     INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE INDEX sessions_previous ON sessions (previous) WHERE previous IS NOT NULL;
CREATE INDEX sessions_expires ON sessions (expires_at);

-- One row a tenant; the row of the tenant 'system' is the appliance's own.
CREATE TABLE settings (
  tenant_id TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  rev       INTEGER NOT NULL DEFAULT 1,
  data      TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(data))
) STRICT;

-- Who did what. mac is an HMAC over the row and the mac before it: a chain a tenant.
CREATE TABLE audit (
  tenant_id TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  seq       INTEGER NOT NULL,
  id        TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  actor     TEXT    NOT NULL,
  action    TEXT    NOT NULL,
  thing     TEXT    NOT NULL,
  address   TEXT    NOT NULL,
  result    TEXT    NOT NULL CHECK (result IN ('done', 'refused', 'failed')),
  detail    TEXT    NOT NULL CHECK (json_valid(detail)),
  mac       BLOB    NOT NULL,
  UNIQUE (tenant_id, id),
  UNIQUE (tenant_id, seq)
) STRICT;

-- One Tink keyset a tenant, and a secret that keys for HMACs are derived from,
-- both wrapped by the master key, which is not in here.
CREATE TABLE keysets (
  tenant_id  TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  keyset     BLOB    NOT NULL,
  secret     BLOB    NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- What a passphrase needs to become the master key, and a proof that it is the right one.
CREATE TABLE vault (
  id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  instance   TEXT    NOT NULL,
  salt       BLOB,
  proof      BLOB    NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

-- The storage of certmagic: sealed values by key.
CREATE TABLE certmagic (
  key         TEXT    NOT NULL PRIMARY KEY,
  value       BLOB    NOT NULL,
  modified_at INTEGER NOT NULL
) STRICT;
