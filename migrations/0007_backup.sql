-- +goose Up
-- Where the database is replicated to, where copies go, and what was restored: one row, the appliance's own.
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

-- What a restore proved: a drill, or the copy that went to the second place.
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
