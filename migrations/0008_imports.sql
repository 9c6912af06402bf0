-- +goose Up
-- A tenant that an import made. Until that has ended, nobody else writes to it.
CREATE TABLE imports (
  tenant_id  TEXT    NOT NULL PRIMARY KEY REFERENCES tenants (id) ON DELETE CASCADE,
  export     TEXT    NOT NULL,
  lines      INTEGER NOT NULL DEFAULT 0 CHECK (lines >= 0),
  started_at INTEGER NOT NULL,
  ended_at   INTEGER
) STRICT;
