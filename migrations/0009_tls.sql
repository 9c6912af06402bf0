-- +goose Up
-- How it went when a certificate was asked for last, a name a row; the appliance's own.
CREATE TABLE tls_attempts (
  name     TEXT    NOT NULL PRIMARY KEY,
  at       INTEGER NOT NULL,
  failures INTEGER NOT NULL CHECK (failures >= 0),
  error    TEXT    NOT NULL DEFAULT ''
) STRICT, WITHOUT ROWID;
