package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const passing = `{"Action":"start","Package":"p"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"skip","Package":"p","Test":"TestC"}
{"Action":"output","Package":"p","Output":"-test.shuffle 1\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}
`

const failing = passing + `{"Action":"output","Package":"q","Test":"TestB","Output":"    b_test.go:1: 1 is not 2\n"}
{"Action":"fail","Package":"q","Test":"TestB"}
{"Action":"output","Package":"q","Output":"FAIL\tq\t0.1s\n"}
{"Action":"fail","Package":"q"}
`

const broken = passing + `{"ImportPath":"r","Action":"build-output","Output":"r.go:1: undefined: x\n"}
{"ImportPath":"r","Action":"build-fail"}
`

func TestGoLines(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		in, out string
		fails   bool
	}{
		"passing": {passing, "ok  \tp\t0.1s\n", false},
		"failing": {failing, "ok  \tp\t0.1s\n    b_test.go:1: 1 is not 2\nFAIL\tq\t0.1s\n", true},
		"broken":  {broken, "ok  \tp\t0.1s\nr.go:1: undefined: x\n", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			if err := run(nil, strings.NewReader(c.in), &out); (err != nil) != c.fails || out.String() != c.out {
				t.Errorf("%v, printed %q", err, out.String())
			}
		})
	}
}

func TestSum(t *testing.T) {
	t.Parallel()
	write := func(files map[string]string) (names []string) {
		dir := t.TempDir()
		for name, text := range files {
			name = filepath.Join(dir, name)
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			names = append(names, name)
		}
		return names
	}
	vitest := `{"numPassedTests":3,"numFailedTests":0,"numPendingTests":0}`
	var out strings.Builder
	err := run(write(map[string]string{
		"go.json": passing, "vitest.json": vitest, "playwright.json": `{"stats":{"expected":2,"unexpected":0}}`,
	}), nil, &out)
	if err != nil || out.String() != "6 passed, 0 failed, 1 skipped\n" {
		t.Errorf("%v, printed %q", err, out.String())
	}
	for want, files := range map[string]map[string]string{
		"1 passed, 1 failed, 1 skipped\n": {"go.json": broken},
		"5 passed, 2 failed\n":            {"vitest.json": vitest, "playwright.json": `{"stats":{"expected":2,"unexpected":1,"flaky":1}}`},
		"":                                {"vitest.json": `{"numPassedTests":0}`},
	} {
		out.Reset()
		if err := run(write(files), nil, &out); err == nil || out.String() != want {
			t.Errorf("%v: %v, printed %q", files, err, out.String())
		}
	}
}
