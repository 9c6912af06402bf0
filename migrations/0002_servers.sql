-- +goose Up
-- A server is a machine that a tenant watches. Its secrets are ciphertext.
CREATE TABLE servers (
  tenant_id        TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id               TEXT    NOT NULL,
  rev              INTEGER NOT NULL DEFAULT 1,
  name             TEXT    NOT NULL,
  host             TEXT    NOT NULL,
  port             INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
  username         TEXT    NOT NULL,
  auth             TEXT    NOT NULL CHECK (auth IN ('password', 'key', 'agent', 'local')),
  password         BLOB,
  private_key      BLOB,
  passphrase       BLOB,
  tags             TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
  group_name       TEXT    NOT NULL DEFAULT '',
  notes            TEXT    NOT NULL DEFAULT '',
  poll_seconds     INTEGER NOT NULL CHECK (poll_seconds BETWEEN 1 AND 86400),
  snapshot_minutes INTEGER NOT NULL CHECK (snapshot_minutes BETWEEN 1 AND 10080),
  created_at       INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
) STRICT;
CREATE INDEX servers_created ON servers (tenant_id, created_at, id);
CREATE UNIQUE INDEX servers_local ON servers (tenant_id) WHERE auth = 'local';

-- What was last seen of a server, written with the samples and not audited.
CREATE TABLE server_states (
  tenant_id   TEXT    NOT NULL,
  server_id   TEXT    NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('up', 'down', 'untrusted', 'unknown')),
  since       INTEGER NOT NULL,
  seen_at     INTEGER NOT NULL,
  reason      TEXT    NOT NULL DEFAULT '',
  skew_ms     INTEGER NOT NULL DEFAULT 0,
  facts       TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(facts)),
  PRIMARY KEY (tenant_id, server_id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES servers (tenant_id, id) ON DELETE CASCADE
) STRICT;

-- The host key a person trusted, and the one the server showed last if it is another.
CREATE TABLE host_keys (
  tenant_id  TEXT    NOT NULL,
  server_id  TEXT    NOT NULL,
  trusted    BLOB,
  trusted_at INTEGER,
  offered    BLOB,
  offered_at INTEGER,
  PRIMARY KEY (tenant_id, server_id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES servers (tenant_id, id) ON DELETE CASCADE
) STRICT;

-- What a server looked like at one moment: names of sections and the hash of each.
CREATE TABLE snapshots (
  tenant_id TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  server_id TEXT    NOT NULL,
  taken_at  INTEGER NOT NULL,
  sections  TEXT    NOT NULL CHECK (json_valid(sections)),
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES servers (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX snapshots_server ON snapshots (tenant_id, server_id, taken_at, id);

-- A section of snapshots, zstd, kept once for every snapshot of the server that holds it.
CREATE TABLE snapshot_sections (
  tenant_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  hash      BLOB NOT NULL,
  data      BLOB NOT NULL,
  UNIQUE (tenant_id, server_id, hash),
  FOREIGN KEY (tenant_id, server_id) REFERENCES servers (tenant_id, id) ON DELETE CASCADE
) STRICT;

-- A job is work that outlives a request. One that a stop cut off is interrupted.
CREATE TABLE jobs (
  tenant_id  TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id         TEXT    NOT NULL,
  rev        INTEGER NOT NULL DEFAULT 1,
  kind       TEXT    NOT NULL,
  thing      TEXT    NOT NULL,
  title      TEXT    NOT NULL,
  actor      TEXT    NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled', 'interrupted')),
  step       TEXT    NOT NULL DEFAULT '',
  done       INTEGER NOT NULL DEFAULT 0,
  total      INTEGER NOT NULL DEFAULT 0,
  error      TEXT    NOT NULL DEFAULT '',
  log        TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(log)),
  created_at INTEGER NOT NULL,
  ended_at   INTEGER,
  UNIQUE (tenant_id, id)
) STRICT;
CREATE INDEX jobs_created ON jobs (tenant_id, created_at, id);
CREATE INDEX jobs_open ON jobs (state) WHERE state IN ('queued', 'running');
