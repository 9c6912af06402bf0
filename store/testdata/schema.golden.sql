CREATE TABLE alert_events (
  tenant_id TEXT    NOT NULL,
  id        TEXT    NOT NULL,
  alert_id  TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  kind      TEXT    NOT NULL,
  actor     TEXT    NOT NULL DEFAULT '',
  text      TEXT    NOT NULL,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, alert_id) REFERENCES alerts (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE INDEX alert_events_alert ON alert_events (tenant_id, alert_id, at, id);
CREATE TABLE alerts (
  tenant_id       TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id              TEXT    NOT NULL,
  rev             INTEGER NOT NULL DEFAULT 1,
  key             TEXT    NOT NULL,
  threshold_id    TEXT    NOT NULL,
  server_id       TEXT    NOT NULL,
  title           TEXT    NOT NULL,
  message         TEXT    NOT NULL,
  severity        TEXT    NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  state           TEXT    NOT NULL CHECK (state IN ('pending', 'firing', 'resolved')),
  value           REAL,
  labels          TEXT    NOT NULL CHECK (json_valid(labels)),
  started_at      INTEGER NOT NULL,
  fired_at        INTEGER,
  resolved_at     INTEGER,
  stale_since     INTEGER,
  acknowledged_at INTEGER,
  acknowledged_by TEXT    NOT NULL DEFAULT '',
  UNIQUE (tenant_id, id)
) STRICT;
CREATE UNIQUE INDEX alerts_open ON alerts (tenant_id, key) WHERE state <> 'resolved';
CREATE INDEX alerts_server ON alerts (tenant_id, server_id, started_at, id);
CREATE INDEX alerts_started ON alerts (tenant_id, started_at, id);
CREATE INDEX alerts_state ON alerts (tenant_id, state, started_at, id);
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
CREATE INDEX audit_actor ON audit (tenant_id, actor, seq);
CREATE INDEX audit_at ON audit (tenant_id, at, seq);
CREATE INDEX audit_thing ON audit (tenant_id, thing, seq);
CREATE TABLE audit_anchors (
  tenant_id TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  seq       INTEGER NOT NULL,
  mac       BLOB    NOT NULL,
  at        INTEGER NOT NULL,
  signature BLOB    NOT NULL
) STRICT;
CREATE TABLE backup (
  id             INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  rev            INTEGER NOT NULL DEFAULT 1,
  instance       TEXT    NOT NULL,
  replica        TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(replica)),
  replica_secret BLOB,
  retention_days INTEGER NOT NULL DEFAULT 7 CHECK (retention_days BETWEEN 1 AND 365),
  drill_days     INTEGER NOT NULL DEFAULT 7 CHECK (drill_days BETWEEN 0 AND 365),
  target         TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(target)),
  target_secret  BLOB,
  target_days    INTEGER NOT NULL DEFAULT 1 CHECK (target_days BETWEEN 1 AND 365),
  target_keep    INTEGER NOT NULL DEFAULT 7 CHECK (target_keep BETWEEN 1 AND 365),
  restored       TEXT    NOT NULL DEFAULT '' CHECK (restored = '' OR json_valid(restored)),
  held_at        INTEGER,
  kit_at         INTEGER
) STRICT;
CREATE TABLE certmagic (
  key         TEXT    NOT NULL PRIMARY KEY,
  value       BLOB    NOT NULL,
  modified_at INTEGER NOT NULL
) STRICT;
CREATE TABLE channels (
  tenant_id  TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id         TEXT    NOT NULL,
  rev        INTEGER NOT NULL DEFAULT 1,
  name       TEXT    NOT NULL,
  type       TEXT    NOT NULL CHECK (type IN ('webhook', 'ntfy', 'smtp')),
  enabled    INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  config     TEXT    NOT NULL CHECK (json_valid(config)),
  secrets    BLOB,
  template   TEXT    NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  UNIQUE (tenant_id, id),
  UNIQUE (tenant_id, name)
) STRICT;
CREATE TRIGGER chunks_changed AFTER UPDATE OF data ON chunks BEGIN
  UPDATE usage SET n = n + length(new.data) - length(old.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
CREATE TRIGGER chunks_gone AFTER DELETE ON chunks BEGIN
  UPDATE usage SET n = n - length(old.data) WHERE tenant_id = old.tenant_id AND kind = 'storage_bytes';
END;
CREATE TRIGGER chunks_made AFTER INSERT ON chunks BEGIN
  UPDATE usage SET n = n + length(new.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
CREATE TABLE chunks (
  tenant_id TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  series_id INTEGER NOT NULL,
  start     INTEGER NOT NULL,
  end       INTEGER NOT NULL,
  count     INTEGER NOT NULL,
  data      BLOB    NOT NULL,
  UNIQUE (tenant_id, start, series_id)
) STRICT;
CREATE INDEX chunks_series ON chunks (tenant_id, series_id, start);
CREATE TRIGGER cluster_objects_gone AFTER DELETE ON cluster_objects BEGIN
  UPDATE usage SET n = n - length(old.data) WHERE tenant_id = old.tenant_id AND kind = 'storage_bytes';
END;
CREATE TRIGGER cluster_objects_made AFTER INSERT ON cluster_objects BEGIN
  UPDATE usage SET n = n + length(new.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
CREATE TRIGGER cluster_objects_moved AFTER UPDATE ON cluster_objects BEGIN
  UPDATE usage SET n = n + length(new.data) - length(old.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
CREATE TABLE cluster_objects (
  tenant_id  TEXT    NOT NULL,
  cluster_id TEXT    NOT NULL,
  kind       TEXT    NOT NULL,
  seen_at    INTEGER NOT NULL,
  count      INTEGER NOT NULL,
  data       BLOB    NOT NULL,
  UNIQUE (tenant_id, cluster_id, kind),
  FOREIGN KEY (tenant_id, cluster_id) REFERENCES clusters (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE TABLE cluster_states (
  tenant_id  TEXT    NOT NULL,
  cluster_id TEXT    NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('syncing', 'synced', 'stale', 'unreachable', 'forbidden')),
  reason     TEXT    NOT NULL,
  since      INTEGER NOT NULL,
  synced_at  INTEGER NOT NULL,
  facts      TEXT    NOT NULL CHECK (json_valid(facts)),
  PRIMARY KEY (tenant_id, cluster_id),
  FOREIGN KEY (tenant_id, cluster_id) REFERENCES clusters (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE TRIGGER clusters_gone AFTER DELETE ON clusters BEGIN
  UPDATE usage SET n = n - 1 WHERE tenant_id = old.tenant_id AND kind = 'clusters';
END;
CREATE TRIGGER clusters_made AFTER INSERT ON clusters BEGIN
  UPDATE usage SET n = n + 1 WHERE tenant_id = new.tenant_id AND kind = 'clusters';
END;
CREATE TABLE clusters (
  tenant_id  TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id         TEXT    NOT NULL,
  rev        INTEGER NOT NULL DEFAULT 1,
  name       TEXT    NOT NULL,
  source     TEXT    NOT NULL CHECK (source IN ('kubeconfig', 'in_cluster')),
  server     TEXT    NOT NULL,
  context    TEXT    NOT NULL,
  kubeconfig BLOB,
  tags       TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(tags)),
  notes      TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, name)
) STRICT;
CREATE INDEX clusters_created ON clusters (tenant_id, created_at, id);
CREATE TABLE deliveries (
  tenant_id    TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id           TEXT    NOT NULL,
  channel_id   TEXT    NOT NULL,
  channel_name TEXT    NOT NULL,
  alert_id     TEXT    NOT NULL,
  event        TEXT    NOT NULL CHECK (event IN ('firing', 'resolved', 'test')),
  payload      TEXT    NOT NULL CHECK (json_valid(payload)),
  state        TEXT    NOT NULL CHECK (state IN ('queued', 'sent', 'failed')),
  attempts     TEXT    NOT NULL DEFAULT '[]' CHECK (json_valid(attempts)),
  next_at      INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  sent_at      INTEGER,
  UNIQUE (tenant_id, id)
) STRICT;
CREATE INDEX deliveries_alert ON deliveries (tenant_id, alert_id, created_at);
CREATE INDEX deliveries_created ON deliveries (tenant_id, created_at, id);
CREATE INDEX deliveries_due ON deliveries (tenant_id, next_at) WHERE state = 'queued';
CREATE TABLE drills (
  id       TEXT    NOT NULL PRIMARY KEY,
  kind     TEXT    NOT NULL CHECK (kind IN ('drill', 'copy')),
  at       INTEGER NOT NULL,
  position TEXT    NOT NULL,
  millis   INTEGER NOT NULL,
  bytes    INTEGER NOT NULL,
  passed   INTEGER NOT NULL CHECK (passed IN (0, 1)),
  code     TEXT    NOT NULL DEFAULT '',
  error    TEXT    NOT NULL DEFAULT '',
  evidence TEXT    NOT NULL CHECK (json_valid(evidence))
) STRICT;
CREATE INDEX drills_at ON drills (at, id);
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
CREATE TABLE imports (
  tenant_id  TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  export     TEXT    NOT NULL,
  lines      INTEGER NOT NULL DEFAULT 0 CHECK (lines >= 0),
  started_at INTEGER NOT NULL,
  ended_at   INTEGER
) STRICT;
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
CREATE TRIGGER journal_gone AFTER DELETE ON journal BEGIN
  UPDATE usage SET n = n - length(old.data) WHERE tenant_id = old.tenant_id AND kind = 'storage_bytes';
END;
CREATE TRIGGER journal_made AFTER INSERT ON journal BEGIN
  UPDATE usage SET n = n + length(new.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
CREATE TABLE journal (
  tenant_id TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  seq       INTEGER NOT NULL,
  min_ts    INTEGER NOT NULL,
  max_ts    INTEGER NOT NULL,
  count     INTEGER NOT NULL,
  data      BLOB    NOT NULL,
  UNIQUE (tenant_id, seq)
) STRICT;
CREATE TABLE keysets (
  tenant_id  TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  keyset     BLOB    NOT NULL,
  secret     BLOB    NOT NULL,
  created_at INTEGER NOT NULL
, rotated_at INTEGER) STRICT;
CREATE TABLE links (
  hash       BLOB    NOT NULL PRIMARY KEY,
  user_id    TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  kind       TEXT    NOT NULL CHECK (kind IN ('reset', 'sign_in')),
  created_at INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX links_user ON links (user_id);
CREATE TRIGGER memberships_gone AFTER DELETE ON memberships BEGIN
  UPDATE usage SET n = n - 1 WHERE tenant_id = old.tenant_id AND kind = 'users';
END;
CREATE TRIGGER memberships_made AFTER INSERT ON memberships BEGIN
  UPDATE usage SET n = n + 1 WHERE tenant_id = new.tenant_id AND kind = 'users';
END;
CREATE TABLE memberships (
  tenant_id TEXT NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  user_id   TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  role      TEXT NOT NULL CHECK (role IN ('owner', 'admin', 'member', 'viewer')), grants TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(grants)), source TEXT NOT NULL DEFAULT 'person' CHECK (source IN ('person', 'invitation', 'provider')), given_by TEXT NOT NULL DEFAULT '', created_at INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (tenant_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_user ON memberships (user_id);
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
CREATE TABLE recovery_codes (
  user_id TEXT    NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  hash    BLOB    NOT NULL,
  used_at INTEGER,
  PRIMARY KEY (user_id, hash)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER series_gone AFTER DELETE ON series BEGIN
  UPDATE usage SET n = n - 1 WHERE tenant_id = old.tenant_id AND kind = 'series';
END;
CREATE TRIGGER series_made AFTER INSERT ON series BEGIN
  UPDATE usage SET n = n + 1 WHERE tenant_id = new.tenant_id AND kind = 'series';
END;
CREATE TABLE series (
  tenant_id TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id        INTEGER NOT NULL,
  server_id TEXT    NOT NULL,
  metric    TEXT    NOT NULL,
  labels    TEXT    NOT NULL CHECK (json_valid(labels)),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, server_id, metric, labels)
) STRICT;
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
CREATE TRIGGER servers_gone AFTER DELETE ON servers BEGIN
  UPDATE usage SET n = n - 1 WHERE tenant_id = old.tenant_id AND kind = 'servers';
END;
CREATE TRIGGER servers_made AFTER INSERT ON servers BEGIN
  UPDATE usage SET n = n + 1 WHERE tenant_id = new.tenant_id AND kind = 'servers';
END;
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
, second_factor INTEGER NOT NULL DEFAULT 0 CHECK (second_factor IN (0, 1)), proved_at INTEGER NOT NULL DEFAULT 0, generation INTEGER NOT NULL DEFAULT 0, successor INTEGER NOT NULL DEFAULT 1 CHECK (successor IN (0, 1)), provider_id TEXT REFERENCES providers (id) ON DELETE CASCADE) STRICT;
CREATE INDEX sessions_expires ON sessions (expires_at);
CREATE INDEX sessions_previous ON sessions (previous) WHERE previous IS NOT NULL;
CREATE INDEX sessions_provider ON sessions (provider_id) WHERE provider_id IS NOT NULL;
CREATE INDEX sessions_user ON sessions (user_id);
CREATE TABLE settings (
  tenant_id TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  rev       INTEGER NOT NULL DEFAULT 1,
  data      TEXT    NOT NULL DEFAULT '{}' CHECK (json_valid(data))
) STRICT;
CREATE TABLE silences (
  tenant_id    TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id           TEXT    NOT NULL,
  rev          INTEGER NOT NULL DEFAULT 1,
  source       TEXT    NOT NULL CHECK (source IN ('mute', 'snooze', 'maintenance', 'manual', 'quiet_hours')),
  threshold_id TEXT    NOT NULL DEFAULT '',
  alert_id     TEXT    NOT NULL DEFAULT '',
  server_id    TEXT    NOT NULL DEFAULT '',
  tag          TEXT    NOT NULL DEFAULT '',
  severity     TEXT    NOT NULL DEFAULT '',
  comment      TEXT    NOT NULL DEFAULT '',
  actor        TEXT    NOT NULL,
  starts_at    INTEGER NOT NULL,
  ends_at      INTEGER NOT NULL,
  created_at   INTEGER NOT NULL,
  UNIQUE (tenant_id, id),
  CHECK (ends_at > starts_at)
) STRICT;
CREATE INDEX silences_ends ON silences (tenant_id, ends_at, id);
CREATE TRIGGER snapshot_sections_gone AFTER DELETE ON snapshot_sections BEGIN
  UPDATE usage SET n = n - length(old.data) WHERE tenant_id = old.tenant_id AND kind = 'storage_bytes';
END;
CREATE TRIGGER snapshot_sections_made AFTER INSERT ON snapshot_sections BEGIN
  UPDATE usage SET n = n + length(new.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
CREATE TABLE snapshot_sections (
  tenant_id TEXT NOT NULL,
  server_id TEXT NOT NULL,
  hash      BLOB NOT NULL,
  data      BLOB NOT NULL,
  UNIQUE (tenant_id, server_id, hash),
  FOREIGN KEY (tenant_id, server_id) REFERENCES servers (tenant_id, id) ON DELETE CASCADE
) STRICT;
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
CREATE TRIGGER tenants_made AFTER INSERT ON tenants BEGIN
  INSERT INTO usage (tenant_id, kind, n) VALUES (new.id, 'servers', 0), (new.id, 'clusters', 0), (new.id, 'users', 0), (new.id, 'series', 0), (new.id, 'storage_bytes', 0);
END;
CREATE TABLE tenants (
  id         TEXT    NOT NULL PRIMARY KEY CHECK (id NOT GLOB '*[^a-z0-9-]*' AND id NOT GLOB '-*' AND length(id) BETWEEN 1 AND 49),
  name       TEXT    NOT NULL,
  status     TEXT    NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'suspended', 'deleting')),
  created_at INTEGER NOT NULL
, rev INTEGER NOT NULL DEFAULT 1, plan TEXT NOT NULL DEFAULT '', quota TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(quota))) STRICT, WITHOUT ROWID;
CREATE TABLE thresholds (
  tenant_id   TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id          TEXT    NOT NULL,
  rev         INTEGER NOT NULL DEFAULT 1,
  name        TEXT    NOT NULL,
  builtin     TEXT    NOT NULL DEFAULT '',
  server_id   TEXT,
  tag         TEXT    NOT NULL DEFAULT '',
  metric      TEXT    NOT NULL,
  condition   TEXT    NOT NULL CHECK (condition IN ('gt', 'gte', 'lt', 'lte', 'eq', 'ne')),
  value       REAL    NOT NULL,
  clear_value REAL,
  for_seconds INTEGER NOT NULL CHECK (for_seconds BETWEEN 0 AND 604800),
  severity    TEXT    NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  enabled     INTEGER NOT NULL CHECK (enabled IN (0, 1)),
  channel_ids TEXT    CHECK (channel_ids IS NULL OR json_valid(channel_ids)),
  created_at  INTEGER NOT NULL,
  UNIQUE (tenant_id, id),
  FOREIGN KEY (tenant_id, server_id) REFERENCES servers (tenant_id, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX thresholds_builtin ON thresholds (tenant_id, builtin) WHERE builtin <> '';
CREATE INDEX thresholds_name ON thresholds (tenant_id, name, id);
CREATE INDEX thresholds_server ON thresholds (tenant_id, server_id);
CREATE TABLE tls_attempts (
  name     TEXT    NOT NULL PRIMARY KEY,
  at       INTEGER NOT NULL,
  failures INTEGER NOT NULL CHECK (failures >= 0),
  error    TEXT    NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
CREATE TABLE totp (
  user_id      TEXT    NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
  secret       BLOB    NOT NULL,
  used_step    INTEGER NOT NULL DEFAULT 0,
  created_at   INTEGER NOT NULL,
  confirmed_at INTEGER
) STRICT;
CREATE TABLE usage (
  tenant_id TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  kind      TEXT    NOT NULL CHECK (kind IN ('servers', 'clusters', 'users', 'series', 'storage_bytes')),
  n         INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, kind)
) STRICT, WITHOUT ROWID;
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
, must_change INTEGER NOT NULL DEFAULT 0 CHECK (must_change IN (0, 1)), language TEXT NOT NULL DEFAULT '', theme TEXT NOT NULL DEFAULT '' CHECK (theme IN ('', 'light', 'dark')), time_zone TEXT NOT NULL DEFAULT '', seen_at INTEGER) STRICT;
CREATE INDEX users_created ON users (created_at, id);
CREATE TABLE vault (
  id         INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
  instance   TEXT    NOT NULL,
  salt       BLOB,
  proof      BLOB    NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE windows (
  tenant_id    TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  closed_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
