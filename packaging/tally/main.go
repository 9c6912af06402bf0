// Command tally makes the results of test runners readable. Without arguments
// it reads the lines of `go test -json` and prints what a person wants to see of
// them; with the names of result files it prints one line: how many tests
// passed and how many failed, in all of them.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "tally:", err)
		os.Exit(1)
	}
}

var errFailed = errors.New("there were failures")

func run(files []string, in io.Reader, out io.Writer) error {
	if len(files) == 0 {
		_, err := readGo(in, out)
		return err
	}
	var all count
	for _, name := range files {
		c, err := readFile(name)
		if err != nil && !errors.Is(err, errFailed) {
			return fmt.Errorf("%s: %w", name, err)
		}
		if c.passed == 0 {
			return fmt.Errorf("%s: no test passed", name)
		}
		all = all.plus(c)
	}
	_, err := fmt.Fprintln(out, all)
	if all.failed > 0 {
		return errFailed
	}
	return err
}

// A count is what a runner did.
type count struct{ passed, failed, skipped int }

func (c count) plus(d count) count {
	return count{c.passed + d.passed, c.failed + d.failed, c.skipped + d.skipped}
}

func (c count) String() string {
	s := fmt.Sprintf("%d passed, %d failed", c.passed, c.failed)
	if c.skipped > 0 {
		s += fmt.Sprintf(", %d skipped", c.skipped)
	}
	return s
}

// readFile counts the tests of one result file, known by its name.
func readFile(name string) (count, error) {
	f, err := os.Open(name) //nolint:gosec // the names are those that the caller typed
	if err != nil {
		return count{}, err
	}
	defer f.Close()
	switch filepath.Base(name) {
	case "go.json":
		return readGo(f, io.Discard)
	case "vitest.json":
		var v struct{ NumPassedTests, NumFailedTests, NumPendingTests int }
		err = json.NewDecoder(f).Decode(&v)
		return count{v.NumPassedTests, v.NumFailedTests, v.NumPendingTests}, err
	case "playwright.json":
		var v struct {
			Stats struct{ Expected, Unexpected, Flaky, Skipped int }
		}
		err = json.NewDecoder(f).Decode(&v)
		return count{v.Stats.Expected, v.Stats.Unexpected + v.Stats.Flaky, v.Stats.Skipped}, err
	}
	return count{}, errors.New("not a file of a runner that is known here")
}

// An event is one line of `go test -json`.
type event struct {
	Action, Package, Test, Output, ImportPath string
}

// readGo counts tests and subtests. It prints the closing line of every
// package, and all that was printed by a package or a test that failed.
func readGo(in io.Reader, out io.Writer) (count, error) {
	var c count
	broken := false
	said := map[event][]byte{} // by package and test
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(out, lines.Text())
			continue
		}
		key := event{Package: e.Package, Test: e.Test, ImportPath: e.ImportPath}
		switch e.Action {
		case "output", "build-output":
			said[key] = append(said[key], e.Output...)
		case "pass", "fail", "skip", "build-fail":
			broken = broken || e.Action == "fail" || e.Action == "build-fail"
			if e.Test != "" {
				c = c.plus(map[string]count{"pass": {passed: 1}, "fail": {failed: 1}, "skip": {skipped: 1}}[e.Action])
			}
			show(out, e, said[key])
			delete(said, key)
		}
	}
	if broken {
		c.failed = max(c.failed, 1) // a package that does not compile has no tests to fail
		return c, errFailed
	}
	return c, lines.Err()
}

// show prints what is worth reading of what a package or a test said.
func show(out io.Writer, e event, said []byte) {
	if said == nil {
		return
	}
	text := string(said)
	if e.Action == "pass" || e.Action == "skip" {
		if e.Test != "" {
			return
		}
		all := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
		text = all[len(all)-1] + "\n"
	}
	_, _ = io.WriteString(out, text)
}
