package httpapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/cluster"
	"unity.internal/store"
)

func (m mux) clusters() {
	handle(m, auth.ClustersRead, route("listClusters", http.MethodGet, "/clusters"), listClusters)
	handle(m, auth.ClustersWrite, route("createCluster", http.MethodPost, "/clusters"), m.createCluster)
	// Before {id}: the first path that fits answers.
	handle(m, auth.ClustersWrite, action("readKubeconfig", "/clusters/contexts"), readKubeconfig)
	handle(m, auth.ClustersWrite, route("listClusterOffers", http.MethodGet, "/clusters/offers"), m.listClusterOffers)
	handle(m, auth.ClustersWrite, action("tryCluster", "/clusters/test"), m.tryCluster)
	handle(m, auth.ClustersRead, route("listClusterFindings", http.MethodGet, "/clusters/findings"), m.listClusterFindings)
	handle(m, auth.ClustersRead, route("listObjects", http.MethodGet, "/clusters/objects"), m.listObjects)
	handle(m, auth.ClustersRead, route("getCluster", http.MethodGet, "/clusters/{id}"), getCluster)
	handle(m, auth.ClustersWrite, route("updateCluster", http.MethodPatch, "/clusters/{id}"), m.updateCluster)
	handle(m, auth.ClustersWrite, route("deleteCluster", http.MethodDelete, "/clusters/{id}"), m.deleteCluster)
	handle(m, auth.ClustersWrite, action("testCluster", "/clusters/{id}/test"), m.testCluster)
	handle(m, auth.ClustersRead, route("listKinds", http.MethodGet, "/clusters/{id}/kinds"), m.listKinds)
}

type clustersOf struct {
	Paging
	Sort string `query:"sort" enum:"name,newest" default:"name"`
}

func listClusters(ctx context.Context, c Caller, in *clustersOf) (*body[store.Page[store.Cluster]], error) {
	p, err := c.Tenant.Clusters(ctx, in.list(in.Sort))
	return &body[store.Page[store.Cluster]]{p}, err
}

func getCluster(ctx context.Context, c Caller, in *ID) (*versioned[store.Cluster], error) {
	v, err := c.Tenant.Cluster(ctx, in.ID)
	return tagged(v, v.Rev, err)
}

// CredentialIn is embedded in requests, so it is exported: the credential of a cluster to be registered or tried.
type CredentialIn struct {
	Source     string   `json:"source,omitempty" maxLength:"20" doc:"kubeconfig, in_cluster, or what was offered; empty: kubeconfig"`
	Kubeconfig string   `json:"kubeconfig,omitempty" maxLength:"524288" writeOnly:"true" doc:"Its whole text; only what the context needs is kept, sealed"`
	Context    string   `json:"context,omitempty" maxLength:"253" doc:"Empty: the current one"`
	Accept     []string `json:"accept,omitempty" maxItems:"2" enum:"plain_http,skip_verify" doc:"Risks that the person accepts"`
}

func (c CredentialIn) draft() cluster.Draft {
	return cluster.Draft{Source: c.Source, Kubeconfig: c.Kubeconfig, Context: c.Context, Accept: c.Accept}
}

type clusterDraft struct {
	Body struct {
		CredentialIn
		Name  string   `json:"name" minLength:"1" maxLength:"64"`
		Tags  []string `json:"tags,omitempty" maxItems:"20"`
		Notes string   `json:"notes,omitempty" maxLength:"4096"`
	}
}

func (m mux) createCluster(ctx context.Context, c Caller, in *clusterDraft) (*versioned[store.Cluster], error) {
	d := in.Body.draft()
	d.Name, d.Tags, d.Notes = in.Body.Name, in.Body.Tags, in.Body.Notes
	v, err := m.Clusters.Create(ctx, c.Tenant, d)
	return tagged(v, v.Rev, err)
}

type credentialTry struct{ Body CredentialIn }

func (m mux) tryCluster(ctx context.Context, c Caller, in *credentialTry) (*body[cluster.TestReport], error) {
	r, err := m.Clusters.Try(ctx, c.Tenant, in.Body.draft())
	return &body[cluster.TestReport]{r}, err
}

func (m mux) testCluster(ctx context.Context, c Caller, in *ID) (*body[cluster.TestReport], error) {
	r, err := m.Clusters.Test(ctx, c.Tenant, in.ID)
	return &body[cluster.TestReport]{r}, err
}

type kubeconfigIn struct {
	Body struct {
		Kubeconfig string `json:"kubeconfig" maxLength:"524288" writeOnly:"true"`
	}
}

func readKubeconfig(_ context.Context, _ Caller, in *kubeconfigIn) (*body[items[cluster.Context]], error) {
	return listed(cluster.Contexts([]byte(in.Body.Kubeconfig)))
}

func (m mux) listClusterOffers(_ context.Context, c Caller, _ *struct{}) (*body[items[cluster.Offer]], error) {
	return listed(m.Clusters.Offers(c.Tenant), nil)
}

type clusterChange struct {
	ID
	IfMatch
	Body struct {
		Name       Opt[string]       `json:"name,omitzero" minLength:"1" maxLength:"64"`
		Tags       Opt[[]string]     `json:"tags,omitzero" maxItems:"20"`
		Notes      Opt[string]       `json:"notes,omitzero" maxLength:"4096"`
		Credential Opt[CredentialIn] `json:"credential,omitzero" doc:"Another one, for the same cluster"`
	}
}

func (m mux) updateCluster(ctx context.Context, c Caller, in *clusterChange) (*versioned[store.Cluster], error) {
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	b := in.Body
	change := cluster.Change{Name: given(b.Name), Notes: given(b.Notes), Tags: given(b.Tags)}
	if b.Credential.set {
		d := b.Credential.value.draft()
		change.Draft = &d
	}
	v, err := m.Clusters.Update(ctx, c.Tenant, in.ID.ID, rev, change)
	return tagged(v, v.Rev, err)
}

type clusterRemoval struct {
	ID
	IfMatch
}

func (m mux) deleteCluster(ctx context.Context, c Caller, in *clusterRemoval) (*struct{}, error) {
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	return nil, m.Clusters.Delete(ctx, c.Tenant, in.ID.ID, rev)
}

func (m mux) listKinds(ctx context.Context, c Caller, in *ID) (*body[items[cluster.KindState]], error) {
	return listed(m.Clusters.Kinds(ctx, c.Tenant, in.ID))
}

type objectsOf struct {
	Kind       string `query:"kind" required:"true" maxLength:"317" doc:"resource.group: pods, deployments.apps"`
	Clusters   string `query:"clusters" maxLength:"2000" doc:"Ids, with commas between; empty: all"`
	Namespaces string `query:"namespaces" maxLength:"2000" doc:"With commas between; empty: all"`
	Q          string `query:"q" maxLength:"200" doc:"Words, each in the name, the namespace, the phase, the node or a cell"`
	Labels     string `query:"labels" maxLength:"2000" doc:"A selector, as kubectl takes it"`
	Fields     string `query:"fields" maxLength:"1000" doc:"status=critical,phase!=Running,node=a,owner=web,restarts>3"`
	Sort       string `query:"sort" enum:"name,age,status,restarts,node,cpu,memory" default:"name"`
	Descending bool   `query:"descending"`
	Cursor     string `query:"cursor" maxLength:"1000"`
	Offset     int    `query:"offset" minimum:"0" maximum:"1000000" doc:"Rows to skip; a list that is long is scrolled by this"`
	Limit      int    `query:"limit" minimum:"1" maximum:"500" default:"50"`
}

// objectOut is an object in a list.
type objectOut struct {
	ClusterID string            `json:"cluster_id"`
	Kind      string            `json:"kind"`
	Namespace string            `json:"namespace,omitempty"`
	Name      string            `json:"name"`
	UID       string            `json:"uid"`
	Created   time.Time         `json:"created_at"`
	Deleting  bool              `json:"deleting,omitempty"`
	Labels    map[string]string `json:"labels,omitempty"`
	Owner     *ownerOut         `json:"owner,omitempty"`
	Status    string            `json:"status" enum:"none,ok,progress,warning,critical"`
	Phase     string            `json:"phase,omitempty"`
	Reason    string            `json:"reason,omitempty"`
	Ready     int32             `json:"ready"`
	Want      int32             `json:"want"`
	Restarts  int32             `json:"restarts"`
	Node      string            `json:"node,omitempty"`
	Cells     []string          `json:"cells,omitempty"`
	CPU       *int32            `json:"cpu_milli,omitempty" doc:"Thousandths of a core, as measured last"`
	Memory    *int64            `json:"memory_bytes,omitempty"`
}

type ownerOut struct {
	Kind string `json:"kind"`
	Name string `json:"name"`
	UID  string `json:"uid"`
}

func showObject(kind string, r cluster.Row) objectOut {
	o := objectOut{
		ClusterID: r.Cluster, Kind: kind, Namespace: r.Namespace, Name: r.Name, UID: r.UID, Created: time.Unix(r.Created, 0).UTC(), Deleting: r.Deleting,
		Labels: r.Labels, Status: r.Status.String(), Phase: r.Phase, Reason: r.Reason, Ready: r.Ready, Want: r.Want, Restarts: r.Restarts,
		Node: r.Node, Cells: r.Cells,
	}
	if r.Owner != nil {
		o.Owner = &ownerOut{r.Owner.Kind, r.Owner.Name, r.Owner.UID}
	}
	if cpu, memory, known := r.Usage(); known {
		o.CPU, o.Memory = &cpu, &memory
	}
	return o
}

// objectsPage is one page of objects.
type objectsPage struct {
	Items   []objectOut      `json:"items" nullable:"false"`
	Next    string           `json:"next_cursor,omitempty"`
	Total   int              `json:"total" doc:"How many match, on all pages"`
	Columns []string         `json:"columns" nullable:"false" doc:"What the cells are"`
	Sources []cluster.Source `json:"sources" nullable:"false" doc:"How up to date each cluster is"`
}

func (m mux) listObjects(ctx context.Context, c Caller, in *objectsOf) (*body[objectsPage], error) {
	f, err := m.Clusters.Objects(ctx, c.Tenant, cluster.Query{
		Kind: in.Kind, Clusters: split(in.Clusters), Namespaces: split(in.Namespaces), Q: in.Q, Labels: in.Labels, Fields: in.Fields,
		Sort: in.Sort, Descending: in.Descending, Cursor: in.Cursor, Offset: in.Offset, Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	p := objectsPage{Items: make([]objectOut, len(f.Rows)), Next: f.Next, Total: f.Total, Columns: f.Columns, Sources: f.Sources}
	for i, r := range f.Rows {
		p.Items[i] = showObject(in.Kind, r)
	}
	return &body[objectsPage]{p}, nil
}

// split returns the parts of a list with commas.
func split(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, ",")
}
