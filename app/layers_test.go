package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const root, module = "unity.internal", "unity.internal/"

// may is the import rule: what the packages below a path may import of ours,
// and which foreign modules are theirs alone. The longest path decides.
var may = map[string][]string{
	"main":               {"app"},
	"web":                {},
	"migrations":         {},
	"app/fault":          {},
	"app/seal":           {},
	"app/license":        {},
	"store":              {"store/internal/sq", "migrations", "app/fault", "app/seal"},
	"store/internal":     {},
	"app/event":          {"store", "app/fault"},
	"app/vault":          {"store", "app/fault", "app/seal"},
	"app/auth":           {"store", "app/fault", "app/seal"},
	"app/job":            {"store", "app/fault"},
	"app/cluster":        {"store", "app/fault", "app/seal"},
	"app/cert":           {"store", "app/fault", "app/seal", "app/cert/dns"},
	"app/cert/dns":       {"app/fault"},
	"app/support":        {"app/fault"},
	"app/mdns":           {},
	"app/metric":         {"store", "app/fault"},
	"app/alert":          {"store", "app/fault"},
	"app/outgoing":       {"app/fault"},
	"app/notify":         {"store", "app/fault", "app/seal", "app/outgoing"},
	"app/notify/webhook": {"app/fault", "app/notify"},
	"app/notify/ntfy":    {"app/fault", "app/notify"},
	"app/notify/smtp":    {"app/fault", "app/notify"},
	"app/oidc":           {"store", "app/fault", "app/seal"},
	"app/backup":         {"store", "app/fault", "app/seal", "app/backup/place"},
	"app/backup/place":   {"app/fault"},
	"app/backup/kit":     {"app/fault"},
	"app/upgrade":        {"app/fault"},
	"app/remote":         {"store", "app/fault", "app/seal"},
	"app/server":         {"store", "app/fault", "app/seal", "app/remote"},
	"app/httpapi":        {"store", "web", "app/fault", "app/seal", "app/auth", "app/event", "app/job", "app/vault", "app/server", "app/remote", "app/metric", "app/alert", "app/notify", "app/oidc", "app/outgoing", "app/backup", "app/backup/place", "app/backup/transfer", "app/cert", "app/upgrade", "app/cluster"},
	"app/demo": {
		"store", "app/fault", "app/auth", "app/vault", "app/server", "app/server/farm", "app/metric", "app/alert",
		"app/notify", "app/notify/webhook", "app/notify/ntfy",
	},
	"app/backup/transfer": {"store", "app/fault", "app/seal"},
	"app": {
		"store", "web", "app/demo", "app/fault", "app/seal", "app/license", "app/auth", "app/event", "app/job", "app/vault", "app/cert", "app/mdns", "app/server", "app/remote",
		"app/metric", "app/alert", "app/notify", "app/notify/webhook", "app/notify/ntfy", "app/notify/smtp", "app/oidc", "app/outgoing", "app/httpapi", "app/backup", "app/backup/place", "app/backup/kit", "app/backup/transfer",
		"app/support", "app/upgrade", "app/cluster",
	},
	"packaging":       {},
	"packaging/bench": {"store", "app/server/farm"},
}

// only says where a foreign module may be imported; blanks divide places.
var only = map[string]string{
	"github.com/gofiber/":            "app/httpapi",
	"github.com/danielgtaylor/huma/": "app/httpapi",
	"database/sql":                   "store",
	"modernc.org/sqlite":             "store",
	"github.com/pressly/goose/":      "store",
	"golang.org/x/crypto/ssh":        "app/remote app/backup/place",
	"github.com/benbjohnson/":        "app/backup",
	"github.com/aws/":                "app/backup/place",
	"github.com/pkg/sftp":            "app/backup/place",
	"github.com/studio-b12/":         "app/backup/place",
	"github.com/caddyserver/":        "app/cert",
	"k8s.io/":                        "app/cluster",
	"k8s.io/client-go/kubernetes":    "nowhere",
	"github.com/libdns/":             "app/cert/dns",
	"github.com/go-webauthn/":        "app/auth",
	"github.com/tink-crypto/":        "app/vault",
	"github.com/pquerna/otp":         "app/auth",
	"filippo.io/age":                 "app/backup",
	"aead.dev/minisign":              "app/upgrade",
	"github.com/golang-jwt/":         "app/auth",
	"github.com/coreos/go-oidc/":     "app/oidc",
	"golang.org/x/oauth2":            "app/oidc",
	"github.com/gofiber/fiber/v3":    "nowhere",
	"net/http/httptest":              "nowhere",
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
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, root+"/...").Output()
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
	if from = strings.TrimPrefix(from, module); from == root {
		from = "main"
	}
	if strings.HasSuffix(from, "test") || from == "app/server/farm" {
		return "" // storetest and its like serve tests only, the farm them and the demo
	}
	for prefix, homes := range only {
		inside := func(home string) bool { return strings.HasPrefix(from, home) }
		if strings.HasPrefix(to, prefix) && !slices.ContainsFunc(strings.Fields(homes), inside) {
			return "belongs to " + homes
		}
	}
	to, ours := strings.CutPrefix(to, module)
	if !ours {
		return ""
	}
	layer := ""
	for path := range may {
		inside := strings.HasPrefix(from+"/", path+"/") && (path != "app" || from == "app")
		if inside && len(path) > len(layer) {
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

// TestTheMasterKeyIsExposedTwice: for a recovery kit, and through a pipe to the
// version that goes on. Whoever wants its bytes elsewhere has to change this test.
func TestTheMasterKeyIsExposedTwice(t *testing.T) {
	t.Parallel()
	var found []string
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Name() == "node_modules" {
			return filepath.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), ".Expose()") {
			found = append(found, path)
		}
		return err
	})
	if err != nil || !slices.Equal(found, []string{"../app/inherit.go", "../app/kit.go"}) {
		t.Fatal(found, err)
	}
}
