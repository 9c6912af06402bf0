package httpapi

import (
	"bytes"
	"html/template"
	"maps"
	"net/http"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
)

// document serves the OpenAPI document and a page to read it, which loads
// nothing from anywhere else.
func (m mux) document() {
	m.app.Get(base+"/openapi.json", func(c *fiber.Ctx) error {
		return c.JSON(m.api.OpenAPI(), "application/vnd.oai.openapi+json")
	})
	m.app.Get("/api/docs", func(c *fiber.Ctx) error {
		var out bytes.Buffer
		if err := docsPage.Execute(&out, chapters(m.api.OpenAPI())); err != nil {
			return err
		}
		return page(c, out.Bytes())
	})
}

// A chapter is the operations on one kind of thing.
type chapter struct {
	Name       string
	Operations []entry
}

type entry struct {
	Method, Path, ID, Text, Permission string
	Parameters                         []*huma.Param
	Body                               string
}

// chapters sorts the document's operations by what they are about.
func chapters(doc *huma.OpenAPI) []chapter {
	all := map[string][]entry{}
	for path, item := range doc.Paths {
		for method, op := range map[string]*huma.Operation{
			http.MethodGet: item.Get, http.MethodPost: item.Post, http.MethodPut: item.Put,
			http.MethodPatch: item.Patch, http.MethodDelete: item.Delete,
		} {
			if op == nil {
				continue
			}
			e := entry{Method: method, Path: path, ID: op.OperationID, Text: op.Description, Permission: op.Security[0]["session"][0], Parameters: op.Parameters}
			if op.RequestBody != nil && op.RequestBody.Content["application/json"] != nil {
				e.Body = fields(doc, op.RequestBody.Content["application/json"].Schema)
			}
			all[op.Tags[0]] = append(all[op.Tags[0]], e)
		}
	}
	var out []chapter
	for _, name := range slices.Sorted(maps.Keys(all)) {
		slices.SortFunc(all[name], func(a, b entry) int {
			return bytes.Compare([]byte(a.Path+a.Method), []byte(b.Path+b.Method))
		})
		out = append(out, chapter{name, all[name]})
	}
	return out
}

// fields names the fields of a request's body.
func fields(doc *huma.OpenAPI, s *huma.Schema) string {
	if s.Ref != "" {
		s = doc.Components.Schemas.SchemaFromRef(s.Ref)
	}
	out := ""
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		if out != "" {
			out += ", "
		}
		out += name
		if slices.Contains(s.Required, name) {
			out += "*"
		}
	}
	return out
}

var docsPage = template.Must(template.New("docs").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Unity API</title>
<style nonce="{{"{{nonce}}"}}">
:root{color-scheme:light dark}body{font:14px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.1rem;margin-top:2rem;border-bottom:1px solid;padding-bottom:.25rem}
dt{margin-top:.75rem}code{font:13px ui-monospace,monospace}dd{margin:.1rem 0 0 1rem}.m{display:inline-block;width:4.5rem;font-weight:600}
</style></head><body><main><h1>Unity API</h1>
<p>JSON under <code>/api/v1</code>; the whole description is <a href="/api/v1/openapi.json">openapi.json</a> (OpenAPI 3.1).
A program signs in with <code>POST /api/v1/auth/token</code> and sends <code>Authorization: Bearer …</code>. What fails is a problem (RFC 9457) with a permanent code.</p>
{{range .}}<section><h2>{{.Name}}</h2><dl>
{{range .Operations}}<dt><code><span class="m">{{.Method}}</span> {{.Path}}</code></dt>
<dd>{{.ID}}, needs <code>{{.Permission}}</code>{{if .Text}}. {{.Text}}{{end}}</dd>
{{range .Parameters}}<dd><code>{{.Name}}</code> in {{.In}}{{if .Description}}: {{.Description}}{{end}}</dd>{{end}}
{{if .Body}}<dd>Body: <code>{{.Body}}</code></dd>{{end}}
{{end}}</dl></section>{{end}}</main></body></html>
`))
