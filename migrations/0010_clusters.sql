-- +goose Up
-- A cluster is a Kubernetes that a tenant watches. Its kubeconfig is ciphertext,
-- and absent where the appliance's own service account is used.
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

-- What was last known of a cluster as a whole; not audited.
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

-- The objects of one kind as they were last seen, packed: what is shown after a
-- restart and while a cluster does not answer.
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

-- Clusters are counted, too. A CHECK cannot be changed, so the table is made anew.
CREATE TABLE counted AS SELECT tenant_id, kind, n FROM usage;
DROP TABLE usage;
CREATE TABLE usage (
  tenant_id TEXT    NOT NULL REFERENCES tenants (id) ON DELETE CASCADE,
  kind      TEXT    NOT NULL CHECK (kind IN ('servers', 'clusters', 'users', 'series', 'storage_bytes')),
  n         INTEGER NOT NULL,
  PRIMARY KEY (tenant_id, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO usage (tenant_id, kind, n) SELECT tenant_id, kind, n FROM counted;
INSERT INTO usage (tenant_id, kind, n) SELECT id, 'clusters', 0 FROM tenants;
DROP TABLE counted;

DROP TRIGGER tenants_made;
-- +goose StatementBegin
CREATE TRIGGER tenants_made AFTER INSERT ON tenants BEGIN
  INSERT INTO usage (tenant_id, kind, n) VALUES (new.id, 'servers', 0), (new.id, 'clusters', 0), (new.id, 'users', 0), (new.id, 'series', 0), (new.id, 'storage_bytes', 0);
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER clusters_made AFTER INSERT ON clusters BEGIN
  UPDATE usage SET n = n + 1 WHERE tenant_id = new.tenant_id AND kind = 'clusters';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER clusters_gone AFTER DELETE ON clusters BEGIN
  UPDATE usage SET n = n - 1 WHERE tenant_id = old.tenant_id AND kind = 'clusters';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cluster_objects_made AFTER INSERT ON cluster_objects BEGIN
  UPDATE usage SET n = n + length(new.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cluster_objects_moved AFTER UPDATE ON cluster_objects BEGIN
  UPDATE usage SET n = n + length(new.data) - length(old.data) WHERE tenant_id = new.tenant_id AND kind = 'storage_bytes';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER cluster_objects_gone AFTER DELETE ON cluster_objects BEGIN
  UPDATE usage SET n = n - length(old.data) WHERE tenant_id = old.tenant_id AND kind = 'storage_bytes';
END;
-- +goose StatementEnd
