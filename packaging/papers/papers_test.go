package main

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const log = `# Changelog

Words above.

## [Unreleased]

### Added

- Something
  of two lines.

## [1.0.0] - 2026-11-30

### Fixed

- **BREAKING** a thing.
`

func TestChangelog(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 12, 1, 10, 0, 0, 0, time.UTC)
	got, err := changelog(strings.NewReader(log), "1.1.0~rc.1", now)
	want := `unity (1.1.0~rc.1) stable; urgency=medium

  [ Added ]
  * Something
    of two lines.

 -- The Unity authors <unity@localhost>  Tue, 01 Dec 2026 10:00:00 +0000

unity (1.0.0) stable; urgency=medium

  [ Fixed ]
  * **BREAKING** a thing.

 -- The Unity authors <unity@localhost>  Mon, 30 Nov 2026 00:00:00 +0000

`
	if err != nil || got != want {
		t.Errorf("%v\n%s", err, got)
	}
	if got, err := changelog(strings.NewReader("## [Unreleased]\n\n"+log[strings.Index(log, "## [1.0.0]"):]), "1.0.0", now); err != nil || strings.Count(got, "unity (") != 1 {
		t.Errorf("a release without news: %v\n%s", err, got)
	}
	if got, err := changelog(strings.NewReader("## [1.0.0]\n- x\n"), "1.0.0", now); err == nil {
		t.Errorf("a release without a date: %s", got)
	}
}

// TestLicensesAreRead classifies what a work may come with, and refuses the rest.
func TestLicensesAreRead(t *testing.T) {
	t.Parallel()
	own, err := os.ReadFile("../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	const mit = `MIT License

Copyright (c) 2026 Somebody

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the "Software"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
`
	const gpl = `This program is free software: you can redistribute it and/or modify it under the terms of the GNU General Public License as published by the Free Software Foundation, either version 3 of the License, or (at your option) any later version.

This program is distributed in the hope that it will be useful, but WITHOUT ANY WARRANTY; without even the implied warranty of MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the GNU General Public License for more details.

You should have received a copy of the GNU General Public License along with this program.  If not, see <https://www.gnu.org/licenses/>.
`
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string // licences, or a part of the refusal
	}{
		{"one", map[string]string{"LICENSE": string(own)}, "Apache-2.0"},
		{"two", map[string]string{"LICENSE": string(own), "LICENSE-MIT.txt": mit, "NOTICE": "of somebody"}, "Apache-2.0 MIT"},
		{"old spelling", map[string]string{"COPYING.md": "\ufeff" + strings.ReplaceAll(mit, "\n", "\r\n")}, "MIT"},
		{"none", map[string]string{"README": mit}, "has no licence"},
		{"a notice only", map[string]string{"NOTICE": "of somebody"}, "has no licence"},
		{"unknown", map[string]string{"LICENSE": "You may look, and no more."}, "is no licence that is known"},
		{"not allowed", map[string]string{"LICENSE": gpl}, "is not among those that are allowed"},
		{"one of two not allowed", map[string]string{"LICENSE": mit, "LICENSE-CODE": gpl}, "is not among those that are allowed"},
	} {
		dir := t.TempDir()
		for name, text := range c.files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		w := work{kind: "golang", name: c.name, version: "v1", texts: map[string]string{}}
		err := w.read(dir)
		if err == nil {
			err = w.classify()
		}
		got := strings.Join(w.licenses, " ")
		if err != nil {
			got = err.Error()
		}
		if err == nil && got != c.want || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}

// TestPackageWithoutALicenceFile takes what its description declares.
func TestPackageWithoutALicenceFile(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{`{"license":"MIT"}`: "MIT", `{"license":"GPL-3.0-only"}`: "", `{}`: "", `{`: ""} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "package.json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		w := work{kind: "npm", name: "x", version: "1"}
		err := w.declared(dir)
		if err == nil {
			err = w.classify()
		}
		if (err == nil) != (want != "") || err == nil && w.licenses[0] != want {
			t.Errorf("%s: %v, %v", text, err, w.licenses)
		}
	}
}

// TestComponents writes addresses of packages as purl has them.
func TestComponents(t *testing.T) {
	t.Parallel()
	for want, w := range map[string]work{
		"pkg:golang/example.org/a/v2@v2.0.0": {kind: "golang", name: "example.org/a/v2", version: "v2.0.0"},
		"pkg:npm/%40scope/name@1.0.0":        {kind: "npm", name: "@scope/name", version: "1.0.0"},
	} {
		if got := w.component(); got.URL != want || got.Ref != want {
			t.Errorf("%+v", got)
		}
	}
	if text, err := json.Marshal(named("MIT")); err != nil || string(text) != `[{"license":{"id":"MIT"}}]` {
		t.Errorf("%s, %v", text, err)
	}
}

func TestUsage(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"licenses", "now"}, {"sbom"}, {"changelog", "1.0.0", "noon"}, {"sbom", "papers_test.go", "1"}} {
		if err := run(t.Context(), args, io.Discard); err == nil {
			t.Errorf("%v passes", args)
		}
	}
}
