// Package builttest finds the programs that tests run against: modules of their
// own beside the product, which `make helpers` builds.
package builttest

import (
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// Path returns the program built from dir, a folder of the product like
// "app/oidc/providertest". Its name is the hash of what it is made of.
func Path(tb testing.TB, dir string) string {
	tb.Helper()
	cache, err := os.UserCacheDir()
	if err != nil {
		tb.Fatal(err)
	}
	sum := sha256.New()
	fmt.Fprintln(sum, runtime.Version())
	for _, file := range sources(tb, dir) {
		data, err := os.ReadFile(file) //nolint:gosec // a source file of ours
		if err != nil {
			tb.Fatal(err)
		}
		sum.Write(data)
	}
	path := filepath.Join(cache, "unity-tools", runtime.Version(), fmt.Sprintf("%s-%.16x", filepath.Base(dir), sum.Sum(nil)[:8]))
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("%s is not built. Type:  make helpers", dir)
	}
	return path
}

// sources returns what a program is made of, in the order in which it counts.
func sources(tb testing.TB, dir string) (all []string) {
	tb.Helper()
	dir = filepath.Join(root(tb, dir), filepath.FromSlash(dir))
	for _, pattern := range []string{"*.go", "go.mod", "go.sum", "ldflags"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil || len(files) == 0 && strings.HasPrefix(pattern, "go.") { // one without sources names another's command
			tb.Fatalf("no %s in %s: %v", pattern, dir, err)
		}
		all = append(all, files...)
	}
	slices.Sort(all)
	return all
}

// root returns the folder of the whole product: tests run in that of their package.
func root(tb testing.TB, dir string) string {
	tb.Helper()
	at, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for ; at != "/"; at = filepath.Dir(at) {
		if _, err := os.Stat(filepath.Join(at, filepath.FromSlash(dir), "go.mod")); err == nil {
			return at
		}
	}
	tb.Fatal("not within the module")
	return ""
}
