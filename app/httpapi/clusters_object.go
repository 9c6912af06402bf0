package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"unity.internal/app/auth"
	"unity.internal/app/cluster"
	"unity.internal/app/fault"
)

func (m mux) clusterObjects() {
	handle(m, auth.ClustersRead, route("getObject", http.MethodGet, "/clusters/{id}/object"), m.getObject)
	handle(m, auth.ClustersRead, route("listObjectEvents", http.MethodGet, "/clusters/{id}/object/events"), m.listObjectEvents)
	handle(m, auth.ClustersRead, route("getObjectGraph", http.MethodGet, "/clusters/{id}/object/related"), m.getObjectGraph)
	handle(m, auth.ClustersRead, route("getObjectUsage", http.MethodGet, "/clusters/{id}/object/usage"), m.getObjectUsage)
	handle(m, auth.ClustersRead, route("getKindSchema", http.MethodGet, "/clusters/{id}/schema"), m.getKindSchema)
}

// ObjectName is embedded in requests, so it is exported: it names one object of a cluster.
type ObjectName struct {
	ID
	Kind      string `query:"kind" required:"true" minLength:"1" maxLength:"317" doc:"resource.group: pods, deployments.apps"`
	Namespace string `query:"namespace" maxLength:"63" doc:"Of kinds that have one"`
	Name      string `query:"name" required:"true" minLength:"1" maxLength:"253"`
}

func (n ObjectName) ref() cluster.Ref {
	return cluster.Ref{Kind: n.Kind, Namespace: n.Namespace, Name: n.Name}
}

func (m mux) getObject(ctx context.Context, c Caller, in *ObjectName) (*body[cluster.ObjectLook], error) {
	v, err := m.Clusters.Look(ctx, c.Tenant, in.ID.ID, in.ref())
	return &body[cluster.ObjectLook]{v}, err
}

func (m mux) listObjectEvents(ctx context.Context, c Caller, in *ObjectName) (*body[cluster.EventLog], error) {
	v, err := m.Clusters.Events(ctx, c.Tenant, in.ID.ID, in.ref())
	return &body[cluster.EventLog]{v}, err
}

func (m mux) getObjectGraph(ctx context.Context, c Caller, in *ObjectName) (*body[cluster.Graph], error) {
	v, err := m.Clusters.Related(ctx, c.Tenant, in.ID.ID, in.ref())
	return &body[cluster.Graph]{v}, err
}

func (m mux) getObjectUsage(ctx context.Context, c Caller, in *ObjectName) (*body[cluster.ObjectUsage], error) {
	v, err := m.Clusters.ObjectUsage(ctx, c.Tenant, in.ID.ID, in.ref())
	return &body[cluster.ObjectUsage]{v}, err
}

type schemaOf struct {
	ID
	Kind    string `query:"kind" required:"true" minLength:"1" maxLength:"317" doc:"resource.group; with api_version as in YAML: Deployment"`
	Version string `query:"api_version" maxLength:"317" doc:"As in YAML: apps/v1"`
	Known   string `header:"If-None-Match" maxLength:"100"`
}

// schemaAnswer is a schema that a browser may keep as long as it asks whether it holds.
type schemaAnswer struct {
	Status       int
	ETag         string `header:"ETag"`
	CacheControl string `header:"Cache-Control"`
	Body         json.RawMessage
}

var errSchemaKind = fault.New(fault.Invalid, "schema.kind_invalid", "Name a kind as lists do (deployments.apps), or as YAML does together with its api_version.")

func (m mux) getKindSchema(ctx context.Context, c Caller, in *schemaOf) (*schemaAnswer, error) {
	v, err := m.schemaOf(ctx, c, in)
	if err != nil {
		return nil, err
	}
	out := &schemaAnswer{Status: http.StatusOK, ETag: strconv.Quote(v.Hash), CacheControl: "private, no-cache", Body: v.Schema}
	if in.Known == out.ETag {
		out.Status, out.Body = http.StatusNotModified, nil
	}
	return out, nil
}

func (m mux) schemaOf(ctx context.Context, c Caller, in *schemaOf) (cluster.KindSchema, error) {
	switch {
	case in.Version != "":
		return m.Clusters.NamedSchema(ctx, c.Tenant, in.ID.ID, in.Version, in.Kind)
	case strings.ToLower(in.Kind) != in.Kind:
		return cluster.KindSchema{}, errSchemaKind
	}
	return m.Clusters.Schema(ctx, c.Tenant, in.ID.ID, in.Kind)
}
