-- +goose Up
-- What a tenant has, counted by the triggers below in the transaction that changes it.
CREATE TABLE usage (
  tenant_id TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  kind      TEXT    NOT NULL CHECK (kind IN ('servers', 'users', 'series', 'storage_bytes')),
  n         INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, kind)
) STRICT, WITHOUT ROWID;

INSERT INTO usage (tenant_id, kind, n) SELECT id, 'servers', (SELECT count(*) FROM servers WHERE tenant_id = tenants.id) FROM tenants;
INSERT INTO usage (tenant_id, kind, n) SELECT id, 'users', (SELECT count(*) FROM memberships WHERE tenant_id = tenants.id) FROM tenants;
INSERT INTO usage (tenant_id, kind, n) SELECT id, 'series', (SELECT count(*) FROM series WHERE tenant_id = tenants.id) FROM tenants;
INSERT INTO usage (tenant_id, kind, n) SELECT id, 'storage_bytes',
  (SELECT coalesce(sum(length(data)), 0) FROM journal WHERE tenant_id = tenants.id)
  + (SELECT coalesce(sum(length(data)), 0) FROM chunks WHERE tenant_id = tenants.id)
  + (SELECT coalesce(sum(length(data)), 0) FROM snapshot_sections WHERE tenant_id = tenants.id) FROM tenants;

-- +goose StatementBegin
CREATE TRIGGER tenants_made AFTER INSERT ON tenants BEGIN
  INSERT INTO usage (tenant_id, kind, n) VALUES (new.id, 'servers', 0), (new.id, 'users', 0), (new.id, 'series', 0), (new.id, 'storage_bytes', 0);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER servers_made AFTER INSERT ON servers BEGIN
  UPDATE usage SET n = n + 1 WHERE tenant_id = new.tenant_id AND kind = 'servers';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER servers_gone AFTER DELETE ON servers BEGIN
  UPDATE usage SET n = n - 1 WHERE tenant_id = old.tenant_id AND kind = 'servers';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER memberships_made AFTER INSERT ON memberships BEGIN
  UPDATE usage SET n = n + 1 WHERE tenant_id = new.tenant_id AND kind = 'users';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER memberships_gone AFTER DELETE ON memberships BEGIN
  UPDATE usage SET n = n - 1 WHERE tenant_id = old.tenant_id AND kind = 'users';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER series_made AFTER INSERT ON series BEGIN
  UPDATE usage SET n = n + 1 WHERE tenant_id = new.tenant_id AND kind = 'series';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER series_gone AFTER DELETE ON series BEGIN
  UPDATE usage SET n = n - 1 WHERE tenant_id = old.tenant_id AND kind = 'series';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER journal_made AFTER INSERT ON journal BEGIN
  UPDATE usage SET n = n + length(new.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER journal_gone AFTER DELETE ON journal BEGIN
  UPDATE usage SET n = n - length(old.data) WHERE tenant_id = old.tenant_id AND kind = 'storage_bytes';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER chunks_made AFTER INSERT ON chunks BEGIN
  UPDATE usage SET n = n + length(new.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER chunks_changed AFTER UPDATE OF data ON chunks BEGIN
  UPDATE usage SET n = n + length(new.data) - length(old.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER chunks_gone AFTER DELETE ON chunks BEGIN
  UPDATE usage SET n = n - length(old.data) WHERE tenant_id = old.tenant_id AND kind = 'storage_bytes';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshot_sections_made AFTER INSERT ON snapshot_sections BEGIN
  UPDATE usage SET n = n + length(new.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER snapshot_sections_gone AFTER DELETE ON snapshot_sections BEGIN
  UPDATE usage SET n = n - length(old.data) WHERE tenant_id = old.tenant_id AND kind = 'storage_bytes';
END;
-- +goose StatementEnd
