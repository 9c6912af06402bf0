-- +goose Up
-- A series is one metric with one set of labels, for ever under one small number.
CREATE TABLE series (
  tenant_id TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  id        INTEGER NOT NULL,
  server_id TEXT    NOT NULL,
  metric    TEXT    NOT NULL,
  labels    TEXT    NOT NULL CHECK (json_valid(labels)),
  PRIMARY KEY (tenant_id, id),
  UNIQUE (tenant_id, server_id, metric, labels)
) STRICT;

-- One row a commit: every sample of a tenant that arrived since the one before.
CREATE TABLE journal (
  tenant_id TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  seq       INTEGER NOT NULL,
  min_ts    INTEGER NOT NULL,
  max_ts    INTEGER NOT NULL,
  count     INTEGER NOT NULL,
  data      BLOB    NOT NULL,
  UNIQUE (tenant_id, seq)
) STRICT;

-- One closed window of one series. Rows at or above closed_until are not yet seen.
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

-- Up to where a tenant's windows are closed.
CREATE TABLE windows (
  tenant_id    TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  closed_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
