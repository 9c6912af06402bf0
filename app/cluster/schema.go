package cluster

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"sync"

	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	maxOpenAPI = 32 << 20 // bytes of the document of one group and version
	maxIndex   = 4 << 20  // bytes of the list of documents
	maxSchema  = 1 << 20  // bytes of the schema of one kind
	maxSchemas = 32       // that one cluster keeps
)

var (
	errNoSchema    = fault.New(fault.NotFound, "cluster.schema_unknown", "The cluster does not say what objects of this kind look like.")
	errSchemaLarge = fault.New(fault.TooLarge, "cluster.schema_too_large", "The description of this kind is too large to complete and check while you type. The cluster checks it when it is applied.")
)

// A KindSchema is what objects of a kind look like: the JSON Schema that the
// cluster's OpenAPI document has, with what it refers to and no more.
type KindSchema struct {
	Schema json.RawMessage
	Hash   string // of the schema
}

// schemas are those that a link keeps, by kind.
type schemas struct {
	mu   sync.Mutex
	kept map[string]keptSchema
}

// A keptSchema holds as long as the document that it was taken from.
type keptSchema struct {
	from string // the address of the document, which has a hash of it
	KindSchema
}

// Schema returns what objects of a kind look like in one cluster.
func (s *Service) Schema(ctx context.Context, t store.Tenant, id, kind string) (KindSchema, error) {
	l, err := s.link(ctx, t, id)
	if err != nil {
		return KindSchema{}, err
	}
	k, err := l.current(ctx, kind)
	if err != nil {
		return KindSchema{}, err
	}
	return l.schema(ctx, k)
}

// NamedSchema is Schema for a kind as an object names it: apps/v1 and Deployment.
func (s *Service) NamedSchema(ctx context.Context, t store.Tenant, id, apiVersion, kind string) (KindSchema, error) {
	l, err := s.link(ctx, t, id)
	if err != nil {
		return KindSchema{}, err
	}
	served, err := l.kinds(ctx)
	if err != nil {
		return KindSchema{}, err
	}
	group, version, ok := strings.Cut(apiVersion, "/")
	if !ok {
		group, version = "", apiVersion
	}
	k, err := served.of(group, kind)
	if err != nil {
		return KindSchema{}, err
	}
	k.Version = version
	return l.schema(ctx, k)
}

// schema returns the schema of a kind. The index, which is small, says whether
// the one that is kept still holds.
func (l *link) schema(ctx context.Context, k Kind) (KindSchema, error) {
	from, err := l.document(ctx, k)
	if err != nil {
		return KindSchema{}, err
	}
	name := k.Version + " " + k.Name
	l.schemas.mu.Lock()
	kept, ok := l.schemas.kept[name]
	l.schemas.mu.Unlock()
	if ok && kept.from == from {
		return kept.KindSchema, nil
	}
	at, err := url.Parse(from)
	if err != nil {
		return KindSchema{}, errStrange.Because(err)
	}
	r := l.plain.Get().AbsPath(at.Path)
	for name, values := range at.Query() {
		r.Param(name, values[0])
	}
	text, err := fetch(ctx, r, maxOpenAPI)
	if err != nil {
		return KindSchema{}, reason(err)
	}
	made, err := schemaOf(text, k)
	if err != nil {
		return KindSchema{}, err
	}
	sum := sha256.Sum256(made)
	v := keptSchema{from, KindSchema{made, hex.EncodeToString(sum[:16])}}
	l.schemas.mu.Lock()
	defer l.schemas.mu.Unlock()
	if l.schemas.kept == nil || len(l.schemas.kept) >= maxSchemas {
		l.schemas.kept = map[string]keptSchema{}
	}
	l.schemas.kept[name] = v
	return v.KindSchema, nil
}

// document returns where the cluster describes a group and version.
func (l *link) document(ctx context.Context, k Kind) (string, error) {
	text, err := fetch(ctx, l.plain.Get().AbsPath("openapi", "v3"), maxIndex)
	if nowhere(err) {
		return "", errNoSchema.Because(err)
	}
	if err != nil {
		return "", reason(err)
	}
	index, err := decode[struct {
		Paths map[string]struct {
			Address string `json:"serverRelativeURL"`
		} `json:"paths"`
	}](text)
	if err != nil {
		return "", err
	}
	name := "apis/" + k.Group + "/" + k.Version
	if k.Group == "" {
		name = "api/" + k.Version
	}
	at := index.Paths[name].Address
	if !strings.HasPrefix(at, "/openapi/v3/") { // also what would lead elsewhere
		return "", errNoSchema
	}
	return at, nil
}

const (
	componentPath = "#/components/schemas/"
	definedPath   = "#/definitions/"
)

// schemaOf takes the schema of one kind, and of what it reaches, out of a document.
func schemaOf(document []byte, k Kind) (json.RawMessage, error) {
	d, err := decode[struct {
		Components struct {
			Schemas map[string]json.RawMessage `json:"schemas"`
		} `json:"components"`
	}](document)
	if err != nil {
		return nil, err
	}
	all := d.Components.Schemas
	root := ""
	for name, text := range all {
		if describes(text, k) && (root == "" || name < root) {
			root = name
		}
	}
	if root == "" {
		return nil, errNoSchema
	}
	for _, plain := range []bool{false, true} {
		made, err := collect(all, root, plain)
		if err != nil || len(made) <= maxSchema {
			return made, err
		}
	}
	return nil, errSchemaLarge
}

// describes reports whether a schema is the kind's.
func describes(text json.RawMessage, k Kind) bool {
	var s struct {
		Kinds []struct{ Group, Version, Kind string } `json:"x-kubernetes-group-version-kind"`
	}
	if json.Unmarshal(text, &s) != nil {
		return false
	}
	for _, v := range s.Kinds {
		if len(s.Kinds) == 1 && v.Group == k.Group && v.Version == k.Version && v.Kind == k.Kind { // options of deletion are of every group
			return true
		}
	}
	return false
}

// collect writes a schema with all that it reaches; plain leaves out what is for
// people only.
func collect(all map[string]json.RawMessage, root string, plain bool) (json.RawMessage, error) {
	reached, todo := map[string]any{}, []string{root}
	for len(todo) > 0 {
		name := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if _, done := reached[name]; done {
			continue
		}
		s := any(map[string]any{}) // one that is named and not there takes anything
		if text, ok := all[name]; ok {
			if err := json.Unmarshal(text, &s); err != nil {
				return nil, errStrange.Because(err)
			}
		}
		todo = append(todo, refer(s, plain)...)
		reached[name] = s
	}
	return json.Marshal(map[string]any{"$ref": definedPath + root, "definitions": reached})
}

// refer leads the references in a schema to its own definitions, and returns
// which schemas they name.
func refer(v any, plain bool) (names []string) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			names = append(names, refer(one, plain)...)
		}
	case map[string]any:
		text, _ := v["$ref"].(string)
		if name, ok := strings.CutPrefix(text, componentPath); ok {
			v["$ref"] = definedPath + name
			names = append(names, name)
		}
		if _, told := v["description"].(string); told && plain { // a property of that name is a schema
			delete(v, "description")
		}
		for _, one := range v {
			names = append(names, refer(one, plain)...)
		}
	}
	return names
}
