package app_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"aead.dev/minisign"
	"unity.internal/store"
)

// buildDir holds the programs that tests upgrade to; it goes with the test.
var buildDir = filepath.Join(os.TempDir(), fmt.Sprint("unity-upgrade-test-", os.Getpid()))

// A recipe says how a program is made: the product with another version, or with
// files laid over its sources, or one of the impostors in testdata.
type recipe struct {
	version  string
	lay      map[string]string // path below the module: text
	impostor string            // what it does instead of serving
	schema   int64
}

// Migrations that a later version might bring.
const (
	laterMigration = "migrations/9001_later.sql"
	goodMigration  = "-- +goose Up\nCREATE TABLE later (id TEXT PRIMARY KEY) STRICT;\n"
	badMigration   = "-- +goose Up\nCREATE TABLE later (id TEXT PRIMARY KEY) STRICT;\nINSERT INTO nowhere VALUES (1);\n"
	crash          = "package app\n\nimport (\n\t\"os\"\n\t\"time\"\n)\n\nfunc init() {\n\tif len(os.Args) < 2 || os.Args[1] != \"version\" {\n\t\ttime.AfterFunc(4*time.Second, func() { os.Exit(3) })\n\t}\n}\n"
)

// The programs of the tests.
var recipes = map[string]recipe{
	"old":       {version: "1.0.0"},
	"new":       {version: "1.1.0"},
	"older":     {impostor: "serve", version: "0.9.0"},
	"migrated":  {version: "1.2.0", lay: map[string]string{laterMigration: goodMigration}},
	"unmigrate": {version: "1.2.1", lay: map[string]string{laterMigration: badMigration}},
	"crashes":   {version: "1.2.2", lay: map[string]string{laterMigration: goodMigration, "app/crash.go": crash}},
	"falls":     {version: "1.2.3", lay: map[string]string{"app/crash.go": crash}},
	"exits":     {impostor: "exit", version: "1.3.0"},
	"hangs":     {impostor: "hang", version: "1.3.1"},
	"unwell":    {impostor: "unwell", version: "1.3.2"},
	"silent":    {impostor: "silent", version: "1.3.3"},
	"backward":  {impostor: "exit", version: "1.3.4", schema: 1},
	"foreign":   {impostor: "exit", version: "1.3.5"}, // of another architecture
}

var (
	buildLock sync.Mutex
	buildOnce = map[string]func() (string, error){}
)

// built returns a program, which is built once.
func built(t *testing.T, name string) string {
	t.Helper()
	buildLock.Lock()
	once := buildOnce[name]
	if once == nil {
		once = sync.OnceValues(func() (string, error) { return build(name, recipes[name]) })
		buildOnce[name] = once
	}
	buildLock.Unlock()
	path, err := once()
	must(t, err)
	return path
}

func build(name string, r recipe) (string, error) {
	out := filepath.Join(buildDir, name, "unity")
	if err := os.MkdirAll(filepath.Dir(out), 0o755); err != nil {
		return "", err
	}
	root, err := filepath.Abs("..")
	if err != nil {
		return "", err
	}
	args := []string{"build", "-trimpath", "-o", out}
	env := append(os.Environ(), "CGO_ENABLED=0")
	switch {
	case r.impostor != "":
		schema := r.schema
		if schema == 0 {
			schema = store.SchemaVersion()
		}
		args = append(args, "-ldflags", fmt.Sprintf("-s -w -X main.version=%s -X main.schema=%d -X main.does=%s", r.version, schema, r.impostor), "./app/testdata/impostor")
	default:
		args = append(args, "-ldflags", "-s -w -X unity.internal/app.number="+r.version)
		replace := map[string]string{}
		for path, text := range r.lay {
			file := filepath.Join(buildDir, name, filepath.Base(path))
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				return "", err
			}
			replace[filepath.Join(root, path)] = file
		}
		if len(replace) > 0 {
			text, err := json.Marshal(map[string]any{"Replace": replace})
			if err != nil {
				return "", err
			}
			overlay := filepath.Join(buildDir, name, "overlay.json")
			if err := os.WriteFile(overlay, text, 0o600); err != nil {
				return "", err
			}
			args = append(args, "-overlay", overlay)
		}
		args = append(args, ".")
	}
	if name == "foreign" {
		arch := "arm64"
		if out, _ := exec.Command("go", "env", "GOARCH").Output(); string(out) == "arm64\n" {
			arch = "amd64"
		}
		env = append(env, "GOARCH="+arch)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir, cmd.Env = root, env
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build %s: %w\n%s", name, err, text)
	}
	return out, nil
}

// A release is who signs programs, and the file that pins their key.
type release struct {
	key minisign.PrivateKey
	pub string
}

func newRelease(t *testing.T) release {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	must(t, err)
	text, err := public.MarshalText()
	must(t, err)
	r := release{private, filepath.Join(t.TempDir(), "release.pub")}
	must(t, os.WriteFile(r.pub, append(text, '\n'), 0o644))
	return r
}

// sign writes the signature of a file beside it.
func (r release) sign(t *testing.T, file string) {
	t.Helper()
	f, err := os.Open(file)
	must(t, err)
	defer f.Close()
	in := minisign.NewReader(f)
	_, err = io.Copy(io.Discard, in)
	must(t, err)
	must(t, os.WriteFile(file+".minisig", in.SignWithComments(r.key, "file:"+filepath.Base(file), "a signature"), 0o600))
}

// offer copies a program into a directory of its own and signs it.
func (r release) offer(t *testing.T, name string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "unity_"+recipes[name].version)
	duplicate(t, built(t, name), file)
	r.sign(t, file)
	return file
}

func duplicate(t *testing.T, from, to string) {
	t.Helper()
	// Not here: a process that is just being forked would have the file open, and
	// what somebody writes cannot be executed.
	if out, err := exec.CommandContext(t.Context(), "install", "-m", "755", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}
