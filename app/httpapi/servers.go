package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"unity.internal/app/alert"
	"unity.internal/app/auth"
	"unity.internal/app/job"
	"unity.internal/app/server"
	"unity.internal/store"
)

// maxImportBody is the size of a file with servers, in bytes.
const maxImportBody = 2 << 20

func (m mux) servers() {
	handle(m, auth.ServersRead, route("listServers", http.MethodGet, "/servers"), m.listServers)
	handle(m, auth.ServersWrite, route("createServer", http.MethodPost, "/servers"), m.createServer)
	// Before {id}: the first route that matches answers.
	// Before {id}: the first path that fits answers.
	handle(m, auth.ServersRead, route("listServerTags", http.MethodGet, "/servers/tags"), listServerTags)
	handle(m, auth.ServersWrite, route("getPublicKey", http.MethodGet, "/servers/public-key"), m.getPublicKey)
	handle(m, auth.ServersRead, route("getServer", http.MethodGet, "/servers/{id}"), m.getServer)
	handle(m, auth.ServersWrite, route("updateServer", http.MethodPatch, "/servers/{id}"), m.updateServer)
	handle(m, auth.ServersWrite, route("deleteServer", http.MethodDelete, "/servers/{id}"), m.deleteServer)
	handle(m, auth.ServersWrite, action("tryServer", "/servers/test"), m.tryServer)
	handle(m, auth.ServersWrite, action("testServer", "/servers/{id}/test"), m.testServer)
	handle(m, auth.ServersWrite, action("trustHostKey", "/servers/{id}/trust-host-key"), m.trustHostKey)
	handle(m, auth.ServersWrite, accepted("createSnapshot", "/servers/{id}/snapshots"), m.createSnapshot)
	handle(m, auth.ServersRead, route("listSnapshots", http.MethodGet, "/servers/{id}/snapshots"), listSnapshots)
	handle(m, auth.ServersRead, route("getSnapshot", http.MethodGet, "/servers/{id}/snapshots/{sid}"), getSnapshot)
	handle(m, auth.ServersWrite, route("addLocalServer", http.MethodPost, "/servers/local"), m.addLocalServer)
	importing := action("importServers", "/servers/import")
	importing.MaxBodyBytes = maxImportBody
	handle(m, auth.ServersWrite, importing, m.importServers)
}

// serverOut is a server with what is known of it this moment.
type serverOut struct {
	store.Server
	HostKey  orNull[store.HostKey] `json:"host_key"`
	Readings server.Readings       `json:"readings"`
	Alerts   alert.Counts          `json:"alerts"`
}

// testOut is how a test went.
type testOut struct {
	server.Test
	HostKey orNull[store.KeyName] `json:"host_key" doc:"The key that the server showed"`
}

// orNull is a thing that may not be there: huma has no null for a pointer to a struct.
type orNull[T any] struct{ v *T }

// MarshalJSON writes the thing or null.
func (n orNull[T]) MarshalJSON() ([]byte, error) { return json.Marshal(n.v) }

// Schema implements huma.SchemaProvider.
func (n orNull[T]) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{r.Schema(reflect.TypeFor[T](), true, ""), {Type: "null"}}}
}

// shown adds to servers what is not stored.
func (m mux) shown(tenant store.TenantID, all []store.Server) []serverOut {
	counts := m.Alerts.OpenCounts(tenant)
	out := make([]serverOut, len(all))
	for i, v := range all {
		out[i].Readings, _ = m.Servers.Now(tenant, &v)
		out[i].Server, out[i].HostKey, out[i].Alerts = v, orNull[store.HostKey]{v.HostKey}, counts[v.ID]
	}
	return out
}

func (m mux) show(tenant store.TenantID, v store.Server, err error) (*versioned[serverOut], error) {
	if err != nil {
		return nil, err
	}
	return tagged(m.shown(tenant, []store.Server{v})[0], v.Rev, nil)
}

type serversOf struct {
	Paging
	Sort  string `query:"sort" enum:"name,newest" default:"name"`
	Tag   string `query:"tag" maxLength:"64"`
	State string `query:"state" enum:"up,down,untrusted,unknown"`
}

func (m mux) listServers(ctx context.Context, c Caller, in *serversOf) (*body[store.Page[serverOut]], error) {
	p, err := c.Tenant.Servers(ctx, store.ServerList{List: in.list(in.Sort), Tag: in.Tag, State: in.State})
	if err != nil {
		return nil, err
	}
	return &body[store.Page[serverOut]]{store.Page[serverOut]{Items: m.shown(c.Tenant.ID, p.Items), Next: p.Next}}, nil
}

func (m mux) getServer(ctx context.Context, c Caller, in *ID) (*versioned[serverOut], error) {
	v, err := c.Tenant.Server(ctx, in.ID)
	return m.show(c.Tenant.ID, v, err)
}

// serverDraft is a server to be made or tried.
type serverDraft struct {
	Body struct {
		Name        string   `json:"name,omitempty" maxLength:"64" doc:"Unique within the tenant; a test needs none"`
		Host        string   `json:"host" minLength:"1" maxLength:"253" doc:"A name or an address"`
		Port        int64    `json:"port,omitempty" minimum:"1" maximum:"65535" default:"22"`
		Username    string   `json:"username,omitempty" maxLength:"64"`
		Auth        string   `json:"auth" enum:"password,key,agent" doc:"key without a private_key is Unity's own key"`
		Password    *string  `json:"password,omitempty" maxLength:"1024" writeOnly:"true"`
		PrivateKey  *string  `json:"private_key,omitempty" maxLength:"65536" writeOnly:"true"`
		Passphrase  *string  `json:"passphrase,omitempty" maxLength:"1024" writeOnly:"true"`
		Fingerprint string   `json:"trust_fingerprint,omitempty" maxLength:"100" doc:"Of the host key that was seen and is trusted"`
		Tags        []string `json:"tags,omitempty" maxItems:"20"`
		Group       string   `json:"group,omitempty" maxLength:"64"`
		Notes       string   `json:"notes,omitempty" maxLength:"4096"`
		Poll        int64    `json:"poll_seconds,omitempty" minimum:"1" maximum:"86400" doc:"Absent: as the settings say"`
		Snapshot    int64    `json:"snapshot_minutes,omitempty" minimum:"1" maximum:"10080" doc:"Absent: as the settings say"`
	}
}

func (d *serverDraft) server() (store.Server, server.Credentials) {
	b := d.Body
	return store.Server{
		Name: b.Name, Host: b.Host, Port: b.Port, Username: b.Username, Auth: b.Auth, Tags: b.Tags,
		Group: b.Group, Notes: b.Notes, PollSeconds: b.Poll, SnapshotMinutes: b.Snapshot,
	}, server.Credentials{Password: b.Password, PrivateKey: b.PrivateKey, Passphrase: b.Passphrase}
}

func (m mux) createServer(ctx context.Context, c Caller, in *serverDraft) (*versioned[serverOut], error) {
	v, secrets := in.server()
	v, err := m.Servers.Create(ctx, c.Tenant, v, secrets, in.Body.Fingerprint)
	return m.show(c.Tenant.ID, v, err)
}

func (m mux) tryServer(ctx context.Context, c Caller, in *serverDraft) (*body[testOut], error) {
	v, secrets := in.server()
	r, err := m.Servers.Try(ctx, c.Tenant, v, secrets, in.Body.Fingerprint)
	return &body[testOut]{testOut{r, orNull[store.KeyName]{r.HostKey}}}, err
}

func (m mux) testServer(ctx context.Context, c Caller, in *ID) (*body[testOut], error) {
	r, err := m.Servers.Test(ctx, c.Tenant, in.ID)
	return &body[testOut]{testOut{r, orNull[store.KeyName]{r.HostKey}}}, err
}

type serverChange struct {
	ID
	IfMatch
	Body struct {
		Name       Opt[string]   `json:"name,omitzero" minLength:"1" maxLength:"64"`
		Host       Opt[string]   `json:"host,omitzero" minLength:"1" maxLength:"253"`
		Port       Opt[int64]    `json:"port,omitzero" minimum:"1" maximum:"65535"`
		Username   Opt[string]   `json:"username,omitzero" maxLength:"64"`
		Auth       Opt[string]   `json:"auth,omitzero" enum:"password,key,agent,local"`
		Password   Opt[string]   `json:"password,omitzero" maxLength:"1024" writeOnly:"true"`
		PrivateKey Opt[string]   `json:"private_key,omitzero" maxLength:"65536" writeOnly:"true" doc:"Empty: Unity's own key"`
		Passphrase Opt[string]   `json:"passphrase,omitzero" maxLength:"1024" writeOnly:"true"`
		Tags       Opt[[]string] `json:"tags,omitzero" maxItems:"20"`
		Group      Opt[string]   `json:"group,omitzero" maxLength:"64"`
		Notes      Opt[string]   `json:"notes,omitzero" maxLength:"4096"`
		Poll       Opt[int64]    `json:"poll_seconds,omitzero" minimum:"1" maximum:"86400"`
		Snapshot   Opt[int64]    `json:"snapshot_minutes,omitzero" minimum:"1" maximum:"10080"`
	}
}

func (m mux) updateServer(ctx context.Context, c Caller, in *serverChange) (*versioned[serverOut], error) {
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	b := in.Body
	v, err := m.Servers.Update(ctx, c.Tenant, in.ID.ID, rev, func(v *store.Server) {
		b.Name.into(&v.Name)
		b.Host.into(&v.Host)
		b.Port.into(&v.Port)
		b.Username.into(&v.Username)
		b.Auth.into(&v.Auth)
		b.Tags.into(&v.Tags)
		b.Group.into(&v.Group)
		b.Notes.into(&v.Notes)
		b.Poll.into(&v.PollSeconds)
		b.Snapshot.into(&v.SnapshotMinutes)
	}, server.Credentials{Password: given(b.Password), PrivateKey: given(b.PrivateKey), Passphrase: given(b.Passphrase)})
	return m.show(c.Tenant.ID, v, err)
}

// given returns nil for a field that is absent.
func given[T any](o Opt[T]) *T {
	if !o.set {
		return nil
	}
	return &o.value
}

type serverRemoval struct {
	ID
	IfMatch
}

func (m mux) deleteServer(ctx context.Context, c Caller, in *serverRemoval) (*struct{}, error) {
	rev, err := in.rev()
	if err != nil {
		return nil, err
	}
	return nil, m.Servers.Delete(ctx, c.Tenant, in.ID.ID, rev)
}

type hostKeyDecision struct {
	ID
	Body struct {
		Fingerprint string `json:"fingerprint" minLength:"1" maxLength:"100" doc:"Of the key that a person has seen"`
	}
}

func (m mux) trustHostKey(ctx context.Context, c Caller, in *hostKeyDecision) (*versioned[serverOut], error) {
	v, err := m.Servers.TrustHostKey(ctx, c.Tenant, in.ID.ID, in.Body.Fingerprint)
	return m.show(c.Tenant.ID, v, err)
}

func (m mux) addLocalServer(ctx context.Context, c Caller, _ *struct{}) (*versioned[serverOut], error) {
	v, err := m.Servers.AddLocal(ctx, c.Tenant)
	return m.show(c.Tenant.ID, v, err)
}

func (m mux) createSnapshot(ctx context.Context, c Caller, in *ID) (*body[store.Job], error) {
	v, err := c.Tenant.Server(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	j, err := m.Jobs.Start(ctx, c.Tenant, job.Spec{Kind: "servers.snapshot", Thing: v.ID, Title: "Snapshot of " + v.Name},
		func(ctx context.Context, p *job.Progress) error {
			return m.Servers.Snapshot(ctx, c.Tenant, v.ID, func(step string, done, total int) { p.Step(ctx, step, done, total) })
		})
	return &body[store.Job]{j}, err
}

type snapshotsOf struct {
	ID
	Paging
}

func listSnapshots(ctx context.Context, c Caller, in *snapshotsOf) (*body[store.Page[store.SnapshotInfo]], error) {
	p, err := c.Tenant.Snapshots(ctx, in.ID.ID, in.list("newest"))
	return &body[store.Page[store.SnapshotInfo]]{p}, err
}

type snapshotOf struct {
	ID
	Snapshot string `path:"sid" maxLength:"64" doc:"An id, or latest"`
}

// snapshotOut is a snapshot with its sections unpacked.
type snapshotOut struct {
	store.SnapshotName
	Sections *server.Snapshot `json:"sections"`
}

func getSnapshot(ctx context.Context, c Caller, in *snapshotOf) (*body[snapshotOut], error) {
	v, err := c.Tenant.Snapshot(ctx, in.ID.ID, in.Snapshot)
	if err != nil {
		return nil, err
	}
	all, err := server.Read(v)
	return &body[snapshotOut]{snapshotOut{v.SnapshotName, all}}, err
}

type importIn struct {
	Body struct {
		Format string `json:"format" enum:"ssh_config,csv"`
		Text   string `json:"text" maxLength:"1048576"`
		Dry    bool   `json:"dry_run,omitempty" doc:"Only say what would happen"`
	}
}

func (m mux) importServers(ctx context.Context, c Caller, in *importIn) (*body[items[server.Imported]], error) {
	return listed(m.Servers.Import(ctx, c.Tenant, in.Body.Format, in.Body.Text, in.Body.Dry))
}

func listServerTags(ctx context.Context, c Caller, _ *struct{}) (*body[items[store.Tag]], error) {
	return listed(c.Tenant.ServerTags(ctx))
}

func (m mux) getPublicKey(ctx context.Context, c Caller, _ *struct{}) (*body[server.PublicKey], error) {
	k, err := m.Servers.PublicKey(ctx, c.Tenant)
	return &body[server.PublicKey]{k}, err
}
