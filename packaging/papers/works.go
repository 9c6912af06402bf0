package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/google/licensecheck"
)

// A work is a thing of others that is in the binary.
type work struct {
	kind          string // golang or npm
	name, version string
	licenses      []string          // SPDX
	texts         map[string]string // by the name of their file
}

// allowed are the licences under which others' work may be in the binary.
var allowed = []string{
	"MIT", "MIT-0", "0BSD", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "MPL-2.0", "OFL-1.1", "Unlicense", "CC0-1.0", "Zlib", "BSL-1.0",
	"Unicode-DFS-2015", "Unicode-DFS-2016", "Unicode-3.0", "Unicode-TOU", "blessing",
}

// reviewed are files that a person read, because no more than a part of them is
// the text of a licence.
var reviewed = map[string][]string{
	"modernc.org/libc/LICENSE-3RD-PARTY.md": {"BSD-2-Clause", "BSD-3-Clause", "MIT"}, // of Go, musl and those that musl took from
	"modernc.org/memory/LICENSE-LOGO":       nil,                                     // where a picture comes from
	"modernc.org/sqlite/LICENSE-SQLITE":     {"blessing"},                            // in the public domain, in many words
	"lucide-react/LICENSE":                  {"ISC", "MIT"},                          // and a list of the icons that came from Feather
}

// architectures are those that packages are made for, as Go calls them.
var architectures = []string{"amd64", "arm64", "arm"}

// works returns all that is in the binaries, by kind and name.
func works(ctx context.Context) ([]work, error) {
	found := map[string]*work{}
	for _, arch := range architectures {
		if err := goWorks(ctx, arch, found); err != nil {
			return nil, err
		}
	}
	if err := pageWorks(found); err != nil {
		return nil, err
	}
	var all []work
	for _, key := range slices.Sorted(maps.Keys(found)) {
		w := found[key]
		if err := w.classify(); err != nil {
			return nil, err
		}
		all = append(all, *w)
	}
	return all, nil
}

// goWorks adds the modules whose packages are in the binary of an architecture,
// and the standard library, of whichever Go builds it.
func goWorks(ctx context.Context, arch string, found map[string]*work) error {
	list := exec.CommandContext(ctx, "go", "list", "-deps", "-f", "{{.Dir}}\t{{with .Module}}{{.Path}}\t{{.Version}}\t{{.Dir}}\t{{.Main}}{{end}}", ".")
	list.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0")
	list.Stderr = os.Stderr
	out, err := list.Output()
	if err != nil {
		return fmt.Errorf("go list: %w", err)
	}
	std := &work{kind: "golang", name: "std", texts: map[string]string{}}
	found["golang std"] = std
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	if err := std.read(strings.TrimSpace(string(root))); err != nil {
		return err
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(f) < 5 || f[4] == "true" { // the standard library, or ours
			continue
		}
		key := "golang " + f[1]
		if found[key] == nil {
			found[key] = &work{kind: "golang", name: f[1], version: f[2], texts: map[string]string{}}
		}
		for dir := f[0]; strings.HasPrefix(dir, f[3]); dir = filepath.Dir(dir) { // what was copied in has its own
			if err := found[key].read(dir); err != nil {
				return err
			}
		}
	}
	return nil
}

// styles is what the page is built with and of which its style sheet has a part.
const styles = "node_modules/tailwindcss"

// pageWorks adds the packages that the page is made of.
func pageWorks(found map[string]*work) error {
	text, err := os.ReadFile("web/package-lock.json")
	if err != nil {
		return err
	}
	var lock struct {
		Packages map[string]struct {
			Version          string
			Dev, DevOptional bool
		}
	}
	if err := json.Unmarshal(text, &lock); err != nil {
		return fmt.Errorf("web/package-lock.json: %w", err)
	}
	for path, p := range lock.Packages {
		if path == "" || (p.Dev || p.DevOptional) && path != styles {
			continue
		}
		_, name, _ := cutLast(path, "node_modules/")
		w := &work{kind: "npm", name: name, version: p.Version, texts: map[string]string{}}
		found["npm "+w.title()] = w
		dir := filepath.Join("web", path)
		if err := w.read(dir); err != nil {
			return err
		}
		if len(w.texts) > 0 {
			continue
		}
		if err := w.declared(dir); err != nil {
			return err
		}
	}
	return nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

var licenseFile = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|notice|patents)([-._].*)?$`)

// read takes the licences that stand in a folder.
func (w *work) read(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	for _, e := range entries {
		if !e.Type().IsRegular() || !licenseFile.MatchString(e.Name()) || strings.HasSuffix(e.Name(), ".go") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if _, known := w.texts[path]; known {
			continue
		}
		text, err := os.ReadFile(path) //nolint:gosec // of a module or package that go or npm fetched
		if err != nil {
			return err
		}
		w.texts[path] = clean(text)
	}
	return nil
}

// clean returns a text without what differs for no reason.
func clean(text []byte) string {
	var out strings.Builder
	for line := range bytes.Lines(bytes.TrimPrefix(text, []byte("\ufeff"))) {
		out.Write(bytes.TrimRight(line, " \t\r\n\f"))
		out.WriteByte('\n')
	}
	return strings.Trim(out.String(), "\n") + "\n"
}

// declared takes the licence that a package without a file of it declares.
func (w *work) declared(dir string) error {
	text, err := os.ReadFile(filepath.Join(dir, "package.json")) //nolint:gosec // of a package that npm fetched
	if err != nil {
		return err
	}
	var v struct {
		License string
		Author  any
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return fmt.Errorf("%s: %w", w.name, err)
	}
	if v.License == "" {
		return fmt.Errorf("%s %s has no licence", w.name, w.version)
	}
	w.licenses = []string{v.License}
	return nil
}

// classify finds the names of the licences and refuses those that are not allowed.
func (w *work) classify() error {
	for path, text := range w.texts {
		base := strings.ToLower(filepath.Base(path))
		if strings.HasPrefix(base, "notice") || strings.HasPrefix(base, "patents") {
			continue
		}
		if ids, known := reviewed[w.name+"/"+filepath.Base(path)]; known {
			w.licenses = append(w.licenses, ids...)
			continue
		}
		cover := licensecheck.Scan([]byte(text))
		if cover.Percent < 60 {
			return fmt.Errorf("%s %s: %s is no licence that is known (%.0f %%)", w.name, w.version, filepath.Base(path), cover.Percent)
		}
		for _, m := range cover.Match {
			w.licenses = append(w.licenses, m.ID)
		}
	}
	slices.Sort(w.licenses)
	w.licenses = slices.Compact(w.licenses)
	if len(w.licenses) == 0 {
		return fmt.Errorf("%s %s has no licence", w.name, w.version)
	}
	for _, id := range w.licenses {
		if !slices.Contains(allowed, id) {
			return fmt.Errorf("%s %s: the licence %s is not among those that are allowed", w.name, w.version, id)
		}
	}
	return nil
}
