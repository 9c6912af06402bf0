package cluster

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestADiffLeadsFromOneToTheOther(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 400 {
		text := func() string {
			var b strings.Builder
			for range rnd.IntN(40) {
				fmt.Fprintf(&b, "%d\n", rnd.IntN(6))
			}
			return b.String()
		}
		a, b := text(), text()
		var olds, news strings.Builder
		edits := 0
		for _, s := range strokes(linesOf(a), linesOf(b)) {
			if s.op != '+' {
				olds.WriteString(s.text + "\n")
			}
			if s.op != '-' {
				news.WriteString(s.text + "\n")
			}
			if s.op != ' ' {
				edits++
			}
		}
		if olds.String() != a || news.String() != b {
			t.Fatalf("%q to %q became %q to %q", a, b, olds.String(), news.String())
		}
		if patched(t, a, unified(a, b)) != b {
			t.Fatalf("patch makes another thing of %q and\n%s", a, unified(a, b))
		}
	}
}

// patched returns what a reader of diffs makes of a and one.
func patched(t *testing.T, a, diff string) string {
	t.Helper()
	lines, at := linesOf(a), 0
	var out strings.Builder
	keep := func(to int) {
		for ; at < to; at++ {
			out.WriteString(lines[at] + "\n")
		}
	}
	for _, l := range linesOf(diff) {
		var from, n, newFrom, m int
		switch l[0] {
		case '@':
			if _, err := fmt.Sscanf(l, "@@ -%d,%d +%d,%d @@", &from, &n, &newFrom, &m); err != nil {
				t.Fatal(err)
			}
			keep(from - 1)
			if made := strings.Count(out.String(), "\n"); made != newFrom-1 {
				t.Fatalf("the hunk %s begins at line %d", l, made+1)
			}
		case '+':
			out.WriteString(l[1:] + "\n")
		default:
			if lines[at] != l[1:] {
				t.Fatalf("line %d is %q, not %q", at+1, lines[at], l[1:])
			}
			if l[0] == ' ' {
				out.WriteString(l[1:] + "\n")
			}
			at++
		}
	}
	keep(len(lines))
	return out.String()
}

func TestALargeDiffIsCut(t *testing.T) {
	t.Parallel()
	a := strings.Repeat("a line that is not short at all\n", 40_000)
	got := unified(a, strings.ToUpper(a))
	if len(got) > maxDiff+200 || !strings.Contains(got, "too long to show") {
		t.Fatal(len(got))
	}
	if got := unified(a, a+"one more\n"); got != "@@ -39998,3 +39998,4 @@\n a line that is not short at all\n a line that is not short at all\n a line that is not short at all\n+one more\n" {
		t.Fatal(got)
	}
}
