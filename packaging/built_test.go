package packaging_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"sync"
	"testing"
)

// shared is a folder for what many tests need: it is made once.
var shared string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "unity-packaging-")
	if err != nil {
		panic(err)
	}
	shared = dir
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

const number = "1.2.3" // what the binary of the tests says it is

// bin is a folder with the program as it is shipped, as package.sh takes it.
var bin = sync.OnceValues(func() (string, error) {
	dir := filepath.Join(shared, "bin")
	return dir, build(filepath.Join(dir, "unity-"+runtime.GOARCH), runtime.GOARCH)
})

// build builds the program for an architecture, as make package does.
func build(path, arch string) error {
	cmd := exec.Command("go", "build", "-ldflags", "-s -w -X unity.internal/app.number="+number, "-o", path, "unity.internal")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH="+arch)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// binary returns the program as it is shipped.
func binary(t *testing.T) string {
	t.Helper()
	dir, err := bin()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "unity-"+runtime.GOARCH)
}

// packed is a folder with all packages of the program.
var packed = sync.OnceValues(func() (string, error) { return pack("packages") })

// pack makes all packages of the program in a folder of that name.
func pack(name string) (string, error) {
	from, err := bin()
	if err != nil {
		return "", err
	}
	makefile, err := os.ReadFile("../Makefile")
	if err != nil {
		return "", err
	}
	version := regexp.MustCompile(`(?m)^NFPM_VERSION *:= (\S+)$`).FindSubmatch(makefile)
	cache, err := os.UserCacheDir()
	if err != nil || version == nil {
		return "", errors.Join(err, errors.New("no NFPM_VERSION in the Makefile"))
	}
	nfpm := filepath.Join(cache, "unity-tools", runtime.Version(), "nfpm-"+string(version[1]))
	if _, err := os.Stat(nfpm); err != nil {
		return "", fmt.Errorf("%w. Type:  make helpers", err)
	}
	to := filepath.Join(shared, name)
	cmd := exec.Command("./package.sh", from, to)
	cmd.Env = append(os.Environ(), "NFPM="+nfpm, "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, out)
	}
	return to, nil
}

// packages returns the folder with all packages of the program.
func packages(t *testing.T) string {
	t.Helper()
	dir, err := packed()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// one returns the only file that matches a pattern.
func one(t *testing.T, pattern string) string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) != 1 {
		t.Fatalf("%s: %v, %v", pattern, found, err)
	}
	return found[0]
}

// needRoot fails a test that runs programs as several users below another root. A
// namespace does not do: without root there is one user in it.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Fatal("only root may change its root. Type:  sudo -E env PATH=$PATH go test ./packaging")
	}
}

// output runs a program of the system that must succeed and returns what it prints.
func output(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return string(out)
}
