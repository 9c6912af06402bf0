package httpapi

import (
	"encoding/json"
	"flag"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/danielgtaylor/huma/v2"
	"unity.internal/app/auth"
)

var (
	update    = flag.Bool("update", false, "write the golden files")
	parameter = regexp.MustCompile(`\{\w+\}`)
)

const golden = "../../web/src/api/openapi.json"

// outside are the routes that are no part of the API: for machines and pages.
var outside = map[string]bool{
	"GET /healthz": true, "GET /readyz": true, "GET /metrics": true, "POST /csp-report": true,
	"GET /api/v1/openapi.json": true, "GET /api/docs": true, "GET /*": true,
	"GET /trust": true, "GET /trust/ca.pem": true, "GET /trust/ca.crt": true, "GET /trust/ca.mobileconfig": true,
	"GET /trust/check": true, "GET /trust/check.js": true, "GET /trust/*": true, "GET /.well-known/acme-challenge/*": true,
}

// operations returns every operation of the document, by "METHOD path".
func operations(doc *huma.OpenAPI) map[string]*huma.Operation {
	all := map[string]*huma.Operation{}
	for path, p := range doc.Paths {
		for method, op := range map[string]*huma.Operation{
			"GET": p.Get, "PUT": p.Put, "POST": p.Post, "PATCH": p.Patch, "DELETE": p.Delete,
		} {
			if op != nil {
				all[method+" "+path] = op
			}
		}
	}
	return all
}

func TestSpecGolden(t *testing.T) {
	t.Parallel()
	got, err := json.MarshalIndent(newBench(t).doc, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	got = append(got, '\n')
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || string(want) != string(got) {
		t.Fatalf("%v: the API changed: look at it with go test ./app/httpapi -run Spec -update, then make gen", err)
	}
}

func TestEveryRouteHasAPermission(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ops := operations(b.doc)
	for name, op := range ops {
		if len(op.Security) != 1 || len(op.Security[0]["session"]) != 1 || !auth.Known(auth.Permission(op.Security[0]["session"][0])) {
			t.Errorf("%s needs no known permission: %v", name, op.Security)
		}
	}
	for _, r := range b.app.GetRoutes(true) {
		name := r.Method + " " + regexp.MustCompile(`:(\w+)`).ReplaceAllString(r.Path, "{$1}")
		if ops[name] == nil && r.Method != http.MethodHead && !outside[name] {
			t.Errorf("%s is not in the document", name)
		}
	}
}

// sample returns a value that s accepts, with id wherever a string may stand.
func sample(doc *huma.OpenAPI, s *huma.Schema, id string) any {
	if s.Ref != "" {
		s = doc.Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Type == huma.TypeObject:
		v := map[string]any{}
		for name, p := range s.Properties {
			v[name] = sample(doc, p, id)
		}
		return v
	case s.Type == huma.TypeArray:
		return []any{sample(doc, s.Items, id)}
	case s.Type == huma.TypeBoolean:
		return true
	case s.Type == huma.TypeString && s.Format == "date-time":
		return "2030-01-01T00:00:00Z"
	case s.Type == huma.TypeString:
		return id
	case s.Minimum != nil:
		return *s.Minimum
	}
	return 1
}

// request returns the path and body of an operation, with id wherever a string
// may stand.
func request(t *testing.T, doc *huma.OpenAPI, name string, op *huma.Operation, id string) (method, path, body string) {
	t.Helper()
	method, path, _ = strings.Cut(name, " ")
	query := url.Values{}
	for _, p := range op.Parameters {
		if p.Name == "of" { // whose logs
			query.Set(p.Name, strings.Repeat(id+"|", 3)+id)
		}
		if p.In == "query" && p.Schema.Type == huma.TypeString && p.Schema.Enum == nil && !strings.Contains("cursor from to step", p.Name) {
			query.Set(p.Name, id)
		}
	}
	if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil { // else an upload, which a refusal does not read
		text, err := json.Marshal(sample(doc, op.RequestBody.Content["application/json"].Schema, id))
		if err != nil {
			t.Fatal(err)
		}
		body = string(text)
	}
	return method, parameter.ReplaceAllString(path, id) + "?" + query.Encode(), body
}
