package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"time"

	"github.com/klauspost/compress/zstd"
	sqlite3 "modernc.org/sqlite/lib"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store/internal/sq"
)

// A Cluster is a Kubernetes that a tenant watches, with what was last known of it.
type Cluster struct {
	ID         string     `json:"id"`
	Rev        int64      `json:"rev"`
	Name       string     `json:"name"`
	Source     string     `json:"source" enum:"kubeconfig,in_cluster"`
	Server     string     `json:"server" doc:"The address of its API"`
	Context    string     `json:"context" doc:"Of the kubeconfig"`
	Kubeconfig seal.Value `json:"-"`
	Tags       []string   `json:"tags" nullable:"false"`
	Notes      string     `json:"notes"`
	Created    time.Time  `json:"created_at"`
	ClusterState
}

// A ClusterState is what the appliance last knew of a cluster as a whole.
type ClusterState struct {
	State  string       `json:"state" enum:"syncing,synced,stale,unreachable,forbidden" doc:"stale: it answers, but not everything is up to date"`
	Reason string       `json:"reason" doc:"Why it is not synced, as a sentence"`
	Since  time.Time    `json:"state_since"`
	Synced *time.Time   `json:"synced_at" nullable:"true" doc:"When all that is shown was up to date last"`
	Facts  ClusterFacts `json:"facts"`
}

// ClusterFacts are what a list shows of a cluster.
type ClusterFacts struct {
	Version  string `json:"version" doc:"Of Kubernetes"`
	Platform string `json:"platform,omitempty" doc:"k3s, rke2, eks …, as far as its version tells"`
	Nodes    int64  `json:"nodes"`
	Ready    int64  `json:"nodes_ready"`
	Pods     int64  `json:"pods"`
	Findings int64  `json:"findings" doc:"Critical ones and warnings"`
	Latency  *int64 `json:"latency_ms" nullable:"true" doc:"Of the last call that measured it"`
}

// The sources of a cluster's credential, and its states.
const (
	ClusterKubeconfig  = "kubeconfig"
	ClusterInside      = "in_cluster"
	ClusterSyncing     = "syncing"
	ClusterSynced      = "synced"
	ClusterStale       = "stale"
	ClusterUnreachable = "unreachable"
	ClusterForbidden   = "forbidden"
)

// ErrClusterName says that a tenant already has a cluster of that name.
var ErrClusterName = fault.New(fault.Conflict, "cluster.name_taken", "Another cluster has that name. Choose another one.")

const clusterCols = `c.id, c.rev, c.name, c.source, c.server, c.context, c.kubeconfig, c.tags, c.notes, c.created_at,
	coalesce(st.state, 'syncing'), coalesce(st.reason, ''), coalesce(st.since, c.created_at), coalesce(st.synced_at, 0), coalesce(st.facts, '{}')`

const clusterFrom = ` FROM clusters c
	LEFT JOIN cluster_states st ON st.tenant_id = c.tenant_id AND st.cluster_id = c.id`

func scanCluster(r sq.Row) (v Cluster, err error) {
	var created, since, synced int64
	var kubeconfig []byte
	var tags, facts string
	err = r.Scan(&v.ID, &v.Rev, &v.Name, &v.Source, &v.Server, &v.Context, &kubeconfig, &tags, &v.Notes, &created,
		&v.State, &v.Reason, &since, &synced, &facts)
	if err != nil {
		return v, err
	}
	v.Kubeconfig = seal.Of(kubeconfig)
	v.Created, v.Since = time.UnixMilli(created).UTC(), time.UnixMilli(since).UTC()
	if synced > 0 {
		v.Synced = moment(&synced)
	}
	return v, errors.Join(json.Unmarshal([]byte(tags), &v.Tags), json.Unmarshal([]byte(facts), &v.Facts))
}

// The list queries: one constant and one index for each order.
const (
	clustersByName = `SELECT ` + clusterCols + clusterFrom + `
		WHERE c.tenant_id = @tenant AND (c.name, c.id) > (@key, @id) AND c.name LIKE @like ESCAPE '\'
		ORDER BY c.name, c.id LIMIT @limit`
	clustersNewest = `SELECT ` + clusterCols + clusterFrom + `
		WHERE c.tenant_id = @tenant AND (c.created_at, c.id) < (@key, @id) AND c.name LIKE @like ESCAPE '\'
		ORDER BY c.created_at DESC, c.id DESC LIMIT @limit`
)

// Clusters returns one page of the clusters whose name contains l.Q, by name or
// newest first.
func (t Tenant) Clusters(ctx context.Context, l List) (Page[Cluster], error) {
	if l.Sort == "newest" {
		return page(l, maxTime, func(args ...any) ([]Cluster, error) {
			return sq.Many(ctx, t.db, scanCluster, clustersNewest, args...)
		}, func(v Cluster) cursor[int64] { return cursor[int64]{v.Created.UnixMilli(), v.ID} })
	}
	return page(l, "", func(args ...any) ([]Cluster, error) {
		return sq.Many(ctx, t.db, scanCluster, clustersByName, args...)
	}, func(v Cluster) cursor[string] { return cursor[string]{v.Name, v.ID} })
}

// AllClusters returns every cluster of the tenant, for those who watch them.
func (t Tenant) AllClusters(ctx context.Context) ([]Cluster, error) {
	all, err := sq.Many(ctx, t.db, scanCluster, `SELECT `+clusterCols+clusterFrom+`
		WHERE c.tenant_id = @tenant ORDER BY c.name`)
	return all, known(err)
}

// Cluster returns one cluster, or ErrNotFound.
func (t Tenant) Cluster(ctx context.Context, id string) (Cluster, error) {
	v, err := sq.One(ctx, t.db, scanCluster, `SELECT `+clusterCols+clusterFrom+`
		WHERE c.tenant_id = @tenant AND c.id = @id`, sql.Named("id", id))
	return v, known(err)
}

// CreateCluster stores v, whose id the caller minted, and returns it as stored.
func (t Tenant) CreateCluster(ctx context.Context, v Cluster) (out Cluster, err error) {
	err = t.changeWith(ctx, "clusters.create", v.ID, &diff{after: v}, func(t Tenant) error {
		if err := t.within(ctx, QuotaClusters); err != nil {
			return err
		}
		err := sq.Exec(ctx, t.db, `INSERT INTO clusters (tenant_id, id, name, source, server, context, kubeconfig, tags, notes, created_at)
			VALUES (@tenant, @id, @name, @source, @server, @context, @kubeconfig, @tags, @notes, @created)`,
			append(clusterArgs(v), sql.Named("created", t.store.Now().UnixMilli()))...)
		if err != nil {
			return clusterTaken(err)
		}
		out, err = t.Cluster(ctx, v.ID)
		return err
	})
	return out, err
}

// UpdateCluster stores v if its revision is still v.Rev, else ErrStale.
func (t Tenant) UpdateCluster(ctx context.Context, v Cluster) (out Cluster, err error) {
	var d diff
	err = t.changeWith(ctx, "clusters.update", v.ID, &d, func(t Tenant) error {
		old, err := t.freshCluster(ctx, v.ID, v.Rev)
		if err != nil {
			return err
		}
		err = sq.Exec(ctx, t.db, `UPDATE clusters SET rev = rev + 1, name = @name, source = @source, server = @server, context = @context,
			kubeconfig = @kubeconfig, tags = @tags, notes = @notes WHERE tenant_id = @tenant AND id = @id`, clusterArgs(v)...)
		if err != nil {
			return clusterTaken(err)
		}
		out, err = t.Cluster(ctx, v.ID)
		d = diff{old, out}
		return err
	})
	return out, err
}

// DeleteCluster forgets a cluster if its revision is still rev. Nothing in the
// cluster itself changes.
func (t Tenant) DeleteCluster(ctx context.Context, id string, rev int64) error {
	var d diff
	return t.changeWith(ctx, "clusters.delete", id, &d, func(t Tenant) error {
		old, err := t.freshCluster(ctx, id, rev)
		if err != nil {
			return err
		}
		d.before = old
		return sq.Exec(ctx, t.db, `DELETE FROM clusters WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id))
	})
}

// freshCluster returns the cluster, or ErrStale unless it is at rev; AnyRev is always fresh.
func (t Tenant) freshCluster(ctx context.Context, id string, rev int64) (Cluster, error) {
	v, err := t.Cluster(ctx, id)
	if err == nil && rev != AnyRev && rev != v.Rev {
		return v, ErrStale
	}
	return v, err
}

func clusterArgs(v Cluster) []any {
	tags, _ := json.Marshal(append([]string{}, v.Tags...)) // strings marshal
	return []any{
		sql.Named("id", v.ID), sql.Named("name", v.Name), sql.Named("source", v.Source), sql.Named("server", v.Server),
		sql.Named("context", v.Context), sql.Named("kubeconfig", v.Kubeconfig.Ciphertext()), sql.Named("tags", string(tags)), sql.Named("notes", v.Notes),
	}
}

// secrets names what the audit says of a cluster's secret: that it changed.
func (v Cluster) secrets() map[string]seal.Value {
	return map[string]seal.Value{"kubeconfig": v.Kubeconfig}
}

func clusterTaken(err error) error {
	if broken(err, sqlite3.SQLITE_CONSTRAINT_UNIQUE, "clusters") {
		return ErrClusterName.Because(err)
	}
	return err
}

// SaveClusterState keeps what was last known of a cluster. It is not audited.
func (t Tenant) SaveClusterState(ctx context.Context, id string, v ClusterState) error {
	facts, err := json.Marshal(v.Facts)
	if err != nil {
		return err
	}
	var synced int64
	if v.Synced != nil {
		synced = v.Synced.UnixMilli()
	}
	return known(sq.Exec(ctx, t.db, `INSERT INTO cluster_states (tenant_id, cluster_id, state, reason, since, synced_at, facts)
		VALUES (@tenant, @id, @state, @reason, @since, @synced, @facts)
		ON CONFLICT (tenant_id, cluster_id) DO UPDATE SET state = excluded.state, reason = excluded.reason, since = excluded.since,
		synced_at = excluded.synced_at, facts = excluded.facts`,
		sql.Named("id", id), sql.Named("state", v.State), sql.Named("reason", v.Reason), sql.Named("since", v.Since.UnixMilli()),
		sql.Named("synced", synced), sql.Named("facts", string(facts))))
}

// ClusterObjects are the objects of one kind as they were last seen.
type ClusterObjects struct {
	Kind  string
	Seen  time.Time
	Count int64
	Data  []byte // the cluster package's own; packed in the table
}

// maxObjects bounds what the objects of one kind may unpack to, in bytes.
const maxObjects = 256 << 20

// SaveClusterObjects replaces what is kept of one kind. It is not audited.
func (t Tenant) SaveClusterObjects(ctx context.Context, cluster string, v ClusterObjects) error {
	w, err := packer()
	if err != nil {
		return err
	}
	packed := w.EncodeAll(v.Data, nil)
	return t.Tx(ctx, func(t Tenant) error {
		if err := t.Fits(ctx, QuotaStorage, int64(len(packed))); err != nil {
			return err
		}
		return known(sq.Exec(ctx, t.db, `INSERT INTO cluster_objects (tenant_id, cluster_id, kind, seen_at, count, data)
			VALUES (@tenant, @cluster, @kind, @seen, @count, @data)
			ON CONFLICT (tenant_id, cluster_id, kind) DO UPDATE SET seen_at = excluded.seen_at, count = excluded.count, data = excluded.data`,
			sql.Named("cluster", cluster), sql.Named("kind", v.Kind), sql.Named("seen", v.Seen.UnixMilli()), sql.Named("count", v.Count),
			sql.Named("data", packed)))
	})
}

// DropClusterObjects forgets what is kept of one kind, which the cluster has no more.
func (t Tenant) DropClusterObjects(ctx context.Context, cluster, kind string) error {
	return known(sq.Exec(ctx, t.db, `DELETE FROM cluster_objects WHERE tenant_id = @tenant AND cluster_id = @cluster AND kind = @kind`,
		sql.Named("cluster", cluster), sql.Named("kind", kind)))
}

// ClusterObjects hands over what is kept of a cluster, a kind at a time.
func (t Tenant) ClusterObjects(ctx context.Context, cluster string, each func(ClusterObjects) error) error {
	names, err := sq.Many(ctx, t.db, scanID, `SELECT kind FROM cluster_objects WHERE tenant_id = @tenant AND cluster_id = @cluster ORDER BY kind`,
		sql.Named("cluster", cluster))
	if err != nil {
		return known(err)
	}
	unpack, err := zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxObjects), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer unpack.Close()
	for _, name := range names {
		v, err := sq.One(ctx, t.db, scanClusterObjects, `SELECT kind, seen_at, count, data FROM cluster_objects
			WHERE tenant_id = @tenant AND cluster_id = @cluster AND kind = @kind`, sql.Named("cluster", cluster), sql.Named("kind", name))
		if err != nil {
			return known(err)
		}
		if v.Data, err = unpack.DecodeAll(v.Data, nil); err != nil {
			return err
		}
		if err := each(v); err != nil {
			return err
		}
	}
	return nil
}

func scanClusterObjects(r sq.Row) (v ClusterObjects, err error) {
	var seen int64
	err = r.Scan(&v.Kind, &seen, &v.Count, &v.Data)
	v.Seen = time.UnixMilli(seen).UTC()
	return v, err
}
