package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"k8s.io/client-go/dynamic"
	"unity.internal/store"
)

// A jsonSchema is what the tests look at in one.
type jsonSchema struct {
	Ref        string                     `json:"$ref"`
	Type       any                        `json:"type"`
	Text       string                     `json:"description"`
	All        []jsonSchema               `json:"allOf"`
	Properties map[string]jsonSchema      `json:"properties"`
	Items      *jsonSchema                `json:"items"`
	Format     string                     `json:"format"`
	Defs       map[string]json.RawMessage `json:"definitions"`
}

// at follows a path of property names from the root.
func (s jsonSchema) at(tb testing.TB, path ...string) jsonSchema {
	tb.Helper()
	at := s.follow(tb, s)
	for _, name := range path {
		next, ok := at.Properties[name]
		if !ok {
			tb.Fatalf("no %s of %v", name, path)
		}
		for next.Items != nil {
			next = *next.Items
		}
		at = s.follow(tb, next)
	}
	return at
}

func (s jsonSchema) follow(tb testing.TB, v jsonSchema) jsonSchema {
	tb.Helper()
	for len(v.All) == 1 || v.Ref != "" {
		if len(v.All) == 1 {
			v = v.All[0]
			continue
		}
		text, ok := s.Defs[strings.TrimPrefix(v.Ref, definedPath)]
		if !ok {
			tb.Fatalf("%s leads nowhere", v.Ref)
		}
		v = must[jsonSchema](tb)(decode[jsonSchema](text))
	}
	return v
}

func TestSchemasOfAllKindsLeadSomewhere(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.register(t, plane(t).Kubeconfig())
	for _, kind := range []string{"pods", "deployments.apps", "services", "cronjobs.batch", "ingresses.networking.k8s.io", definitions, "roles" + rbacGroup} {
		v, err := b.Schema(t.Context(), b.tenant, id, kind)
		if err != nil {
			t.Errorf("%s: %v", kind, err)
			continue
		}
		s := must[jsonSchema](t)(decode[jsonSchema](v.Schema))
		if meta := s.at(t, "metadata", "name"); meta.Type != "string" || meta.Text == "" {
			t.Errorf("%s: %+v", kind, meta)
		}
		if len(v.Schema) > maxSchema || bytes.Contains(v.Schema, []byte(componentPath)) {
			t.Errorf("%s: %d bytes", kind, len(v.Schema))
		}
		for name, text := range s.Defs { // nothing that it does not reach
			if !bytes.Contains(v.Schema, []byte(`"`+definedPath+name+`"`)) {
				t.Errorf("%s: nobody names %s (%d bytes)", kind, name, len(text))
			}
		}
	}
	d := must[KindSchema](t)(b.NamedSchema(t.Context(), b.tenant, id, "apps/v1", "Deployment"))
	s := must[jsonSchema](t)(decode[jsonSchema](d.Schema))
	port := s.at(t, "spec", "template", "spec", "containers", "livenessProbe", "httpGet", "port")
	if port.Format != "int-or-string" {
		t.Errorf("port: %+v", port)
	}
	again := must[KindSchema](t)(b.Schema(t.Context(), b.tenant, id, "deployments.apps"))
	if again.Hash != d.Hash || &again.Schema[0] != &d.Schema[0] {
		t.Error("the schema was made a second time")
	}
	for _, tt := range []struct {
		version, kind string
		want          error
	}{{"apps/v9", "Deployment", errNoSchema}, {"v1", "Deployment", ErrKind}, {"apps/../../x", "Deployment", errNoSchema}, {"", "", ErrKind}} {
		if _, err := b.NamedSchema(t.Context(), b.tenant, id, tt.version, tt.kind); !errors.Is(err, tt.want) {
			t.Errorf("%s %s: %v", tt.version, tt.kind, err)
		}
	}
	if _, err := b.Schema(t.Context(), b.other, id, "pods"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another tenant: %v", err)
	}
}

func TestSchemaOfACustomKind(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	id := b.register(t, plane(t).Kubeconfig())
	client := must[*dynamic.DynamicClient](t)(dynamic.NewForConfig(plane(t).Config()))
	define(t, client, "shops", "schema.example.com")
	var s jsonSchema
	until(t, "the schema", func() bool {
		v, err := b.Schema(t.Context(), b.tenant, id, "shops.schema.example.com")
		if err != nil {
			return false
		}
		s = must[jsonSchema](t)(decode[jsonSchema](v.Schema))
		return true
	})
	if s.at(t, "spec").Text != "What the shop is to be." || s.at(t, "spec", "size").Type != "integer" || s.at(t, "metadata", "labels").Type != "object" {
		t.Errorf("%+v", s.at(t, "spec"))
	}
}

func TestALargeSchemaLosesItsTexts(t *testing.T) {
	t.Parallel()
	k := Kind{Group: "example.com", Version: "v1", Kind: "Shop"}
	document := func(text string, fields int) []byte {
		properties := map[string]any{"description": map[string]any{"type": "string", "nullable": true, "description": text}}
		for i := range fields {
			properties[fmt.Sprintf("field-with-a-long-name-%06d", i)] = map[string]any{"type": "string"}
		}
		v, _ := json.Marshal(map[string]any{"components": map[string]any{"schemas": map[string]any{
			"shop":    map[string]any{"x-kubernetes-group-version-kind": []any{map[string]any{"group": k.Group, "version": k.Version, "kind": k.Kind}}, "description": "A shop.", "properties": properties, "allOf": []any{map[string]any{"$ref": componentPath + "gone"}, map[string]any{"properties": map[string]any{"a": map[string]any{}}}}},
			"options": map[string]any{"x-kubernetes-group-version-kind": []any{map[string]any{"group": k.Group, "version": k.Version, "kind": k.Kind}, map[string]any{}}},
		}}})
		return v
	}
	small := string(must[json.RawMessage](t)(schemaOf(document("short", 1), k)))
	for _, want := range []string{`"description":"short"`, `"A shop."`, `"gone":{}`, `"$ref":"#/definitions/shop"`, `"$ref":"#/definitions/gone"`} {
		if !strings.Contains(small, want) {
			t.Errorf("no %s in %s", want, small)
		}
	}
	large := string(must[json.RawMessage](t)(schemaOf(document(strings.Repeat("long ", maxSchema/4), 1), k)))
	if strings.Contains(large, "A shop.") || strings.Contains(large, "long long") || !strings.Contains(large, `"description":{"nullable"`) {
		t.Errorf("%.300s", large)
	}
	if _, err := schemaOf(document("", maxSchema/40), k); !errors.Is(err, errSchemaLarge) {
		t.Errorf("too large: %v", err)
	}
	for _, text := range []string{``, `[]`, `{"components":{"schemas":{"a":1}}}`, `{"components":{"schemas":{"a":{"x-kubernetes-group-version-kind":"no"}}}}`} {
		if _, err := schemaOf([]byte(text), k); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}
