package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFigures(t *testing.T) {
	t.Parallel()
	for want, f := range map[string]figure{
		"start\t12.3 ms\t<= 40\t0.31\tok":        {name: "start", value: 12.34, unit: "ms", limit: 40},
		"start\t50 ms\t<= 40\t1.25\tover":        {name: "start", value: 50, unit: "ms", limit: 40},
		"rate\t2000000 /s\t>= 1000000\t0.50\tok": {name: "rate", value: 2e6, unit: "/s", limit: 1e6, more: true},
		"rate\t0 /s\t>= 1000000\t+Inf\tover":     {name: "rate", unit: "/s", limit: 1e6, more: true},
		"told\t7 ms\t-\t-\tok":                   {name: "told", value: 7, unit: "ms"},
	} {
		if got := f.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := parse(strings.NewReader("goos: linux\nBenchmarkDay/all-2 \t 10\t 123 ns/op\t 0.04 ms/series\n" +
		"BenchmarkDay/all-2 noise\nBenchmarkStart \t 5\t 7 ns/op\nPASS\nok  \tp\t1s\n"))
	want := map[string]float64{"Day/all ns/op": 123, "Day/all ms/series": 0.04, "Start ns/op": 7}
	if err != nil || !cmp.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if got := benches("app/metric"); !strings.HasPrefix(got, "^Benchmark(Append|") {
		t.Error(got)
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	got := budget.FindAllStringSubmatch("      92.1 of 150 kB  entry and what it imports\nOVER   26.0 of  25 kB  features/x.tsx\n", -1)
	if len(got) != 2 || got[0][1] != "92.1" || got[0][3] != "entry and what it imports" || got[1][2] != "25" {
		t.Errorf("%q", got)
	}
}
