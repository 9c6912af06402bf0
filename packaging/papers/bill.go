package main

import (
	"context"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"strings"
)

// A bill is a software bill of materials, as CycloneDX 1.6 writes it.
type bill struct {
	Format       string       `json:"bomFormat"`
	Spec         string       `json:"specVersion"`
	Version      int          `json:"version"`
	Metadata     metadata     `json:"metadata"`
	Components   []component  `json:"components"`
	Dependencies []dependency `json:"dependencies"`
}

type metadata struct {
	Component component `json:"component"`
}

type component struct {
	Ref        string     `json:"bom-ref"`
	Type       string     `json:"type"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	Licenses   []licence  `json:"licenses"`
	URL        string     `json:"purl"`
	Properties []property `json:"properties,omitempty"`
}

type licence struct {
	License struct {
		ID string `json:"id"`
	} `json:"license"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

type dependency struct {
	Ref       string   `json:"ref"`
	DependsOn []string `json:"dependsOn"`
}

// writeBill lists what is in a binary: the modules that the binary itself names,
// and the packages of the page in it.
func writeBill(ctx context.Context, binary, version string, out io.Writer) error {
	info, err := buildinfo.ReadFile(binary)
	if err != nil {
		return fmt.Errorf("%s: %w", binary, err)
	}
	all, err := works(ctx)
	if err != nil {
		return err
	}
	sums := linked(info)
	own := component{Ref: "pkg:generic/unity@" + url.PathEscape(version), Type: "application", Name: "unity", Version: version, Licenses: named("Apache-2.0")}
	own.URL = own.Ref
	for _, s := range info.Settings {
		if s.Key == "GOARCH" || s.Key == "vcs.revision" {
			own.Properties = append(own.Properties, property{"unity:" + s.Key, s.Value})
		}
	}
	b := bill{Format: "CycloneDX", Spec: "1.6", Version: 1, Metadata: metadata{own}}
	needs := dependency{Ref: own.Ref}
	for _, w := range all {
		sum, built := sums[w.title()]
		if w.kind == "golang" && !built {
			continue // of another architecture
		}
		delete(sums, w.title())
		if w.name == "std" {
			w.version, _, _ = strings.Cut(strings.TrimPrefix(info.GoVersion, "go"), " ")
		}
		c := w.component()
		if sum != "" {
			c.Properties = []property{{"go:sum", sum}}
		}
		b.Components = append(b.Components, c)
		needs.DependsOn = append(needs.DependsOn, c.Ref)
	}
	if len(sums) > 0 {
		return fmt.Errorf("%s is not built from these sources: %v", binary, sums)
	}
	b.Dependencies = []dependency{needs}
	e := json.NewEncoder(out)
	e.SetIndent("", "  ")
	return e.Encode(b)
}

// linked returns the checksums of the modules in a binary by their title.
func linked(info *buildinfo.BuildInfo) map[string]string {
	sums := map[string]string{"std": ""}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		sums[m.Path+" "+m.Version] = m.Sum
	}
	return sums
}

func (w work) component() component {
	name := w.name
	if strings.HasPrefix(name, "@") {
		name = "%40" + name[1:]
	}
	at := "pkg:" + w.kind + "/" + name + "@" + url.PathEscape(w.version)
	return component{Ref: at, Type: "library", Name: w.name, Version: w.version, Licenses: named(w.licenses...), URL: at}
}

func named(ids ...string) (all []licence) {
	for _, id := range ids {
		var l licence
		l.License.ID = id
		all = append(all, l)
	}
	return all
}
