package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "unity.internal/"

// may is the import rule: what the packages below a path may import of ours,
// and which foreign modules are theirs alone. The longest path decides.
var may = map[string][]string{
	"app/fault":      {},
	"app/seal":       {},
	"migrations":     {},
	"store":          {"store/internal/sq", "migrations", "app/fault", "app/seal"},
	"store/internal": {},
	"app/alert":      {"store", "app/fault"},
	"app/auth":       {"store", "app/fault"},
	"app/server":     {"store", "app/fault", "app/seal"},
	"app/httpapi":    {"store", "app/fault", "app/auth", "app/server"},
}

// only says where a foreign module may be imported.
var only = map[string]string{
	"github.com/gofiber/":            "app/httpapi",
	"github.com/danielgtaylor/huma/": "app/httpapi",
	"database/sql":                   "store",
	"modernc.org/sqlite":             "store",
	"github.com/pressly/goose/":      "store",
	"github.com/gofiber/fiber/v3":    "nowhere",
}

func TestLayers(t *testing.T) {
	t.Parallel()
	// go test caches by the files that this process looks at, not by those of go list.
	for _, dir := range []string{"..", "../*", "../*/*", "../*/*/*"} {
		files, _ := filepath.Glob(dir + "/*.go")
		for _, f := range files {
			if _, err := os.Stat(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, module+"...").Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Fields(line)
		for _, to := range f[1:] {
			if why := offence(f[0], to); why != "" {
				t.Errorf("%s -> %s: %s", f[0], to, why)
			}
		}
	}
}

func TestLayersAreGuarded(t *testing.T) {
	t.Parallel()
	for _, edge := range [][2]string{
		{"store", module + "app/httpapi"},
		{"app/alert", module + "app/server"},
		{"app/fault", module + "store"},
		{"app/alert", "database/sql"},
		{"app/server", "github.com/gofiber/fiber/v2"},
		{"app/new", module + "store"},
	} {
		if offence(module+edge[0], edge[1]) == "" {
			t.Errorf("%s -> %s passes", edge[0], edge[1])
		}
	}
}

func offence(from, to string) string {
	from = strings.TrimPrefix(from, module)
	if strings.HasSuffix(from, "test") {
		return "" // storetest and its like serve tests only
	}
	for prefix, home := range only {
		if strings.HasPrefix(to, prefix) && !strings.HasPrefix(from, home) {
			return "belongs to " + home
		}
	}
	to, ours := strings.CutPrefix(to, module)
	if !ours {
		return ""
	}
	layer := ""
	for path := range may {
		if strings.HasPrefix(from+"/", path+"/") && len(path) > len(layer) {
			layer = path
		}
	}
	if layer == "" {
		return "the package is in no layer: add it to the table"
	}
	if !slices.Contains(may[layer], to) {
		return layer + " may not import it"
	}
	return ""
}
