-- +goose Up
-- A threshold watches a metric of one server, of the servers with a tag, or of all.
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
CREATE INDEX thresholds_name ON thresholds (tenant_id, name, id);
CREATE INDEX thresholds_server ON thresholds (tenant_id, server_id);
CREATE UNIQUE INDEX thresholds_builtin ON thresholds (tenant_id, builtin) WHERE builtin <> '';

-- An alert is one crossing of one threshold by one series. key names both: at
-- most one alert of a key is open. It outlives its threshold and its server.
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
CREATE INDEX alerts_started ON alerts (tenant_id, started_at, id);
CREATE INDEX alerts_state ON alerts (tenant_id, state, started_at, id);
CREATE INDEX alerts_server ON alerts (tenant_id, server_id, started_at, id);

-- The time line of an alert.
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

-- A silence keeps alerts from being delivered: a mute of a threshold, a snooze of
-- an alert, a maintenance, quiet hours. Empty matchers match everything.
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

-- A channel is a way to tell people. What is secret in its config is ciphertext.
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

-- A delivery is one message to one channel: the outbox, and its history.
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
CREATE INDEX deliveries_created ON deliveries (tenant_id, created_at, id);
CREATE INDEX deliveries_due ON deliveries (tenant_id, next_at) WHERE state = 'queued';
CREATE INDEX deliveries_alert ON deliveries (tenant_id, alert_id, created_at);
