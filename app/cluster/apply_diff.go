package cluster

import (
	"fmt"
	"slices"
	"strings"
)

const (
	diffContext = 3         // lines around a change
	maxEdits    = 1500      // beyond these, what differs is shown as replaced
	maxDiff     = 256 << 10 // bytes of a diff that is shown
)

// A stroke is one line of a diff: kept (' '), gone ('-') or new ('+').
type stroke struct {
	op   byte
	text string
}

// unified returns how b differs from a, as diff -u shows it without the names of
// files; nothing if they are equal.
func unified(a, b string) string {
	if a == b {
		return ""
	}
	all := strokes(linesOf(a), linesOf(b))
	var out strings.Builder
	oldLine, newLine := 1, 1
	for i := 0; i < len(all); {
		if all[i].op == ' ' {
			i, oldLine, newLine = i+1, oldLine+1, newLine+1
			continue
		}
		from := max(0, i-diffContext)
		to := hunkEnd(all, i)
		olds, news := count(all[from:to])
		fmt.Fprintf(&out, "@@ -%d,%d +%d,%d @@\n", oldLine-(i-from), olds, newLine-(i-from), news)
		for _, s := range all[from:to] {
			out.WriteByte(s.op)
			out.WriteString(s.text + "\n")
		}
		olds, news = count(all[i:to])
		i, oldLine, newLine = to, oldLine+olds, newLine+news
		if out.Len() > maxDiff {
			return strings.ToValidUTF8(out.String()[:maxDiff], "") + "\n… the rest of the diff is too long to show\n"
		}
	}
	return out.String()
}

// hunkEnd returns where the hunk that begins at i ends: changes whose contexts
// touch are one.
func hunkEnd(all []stroke, i int) int {
	last := i
	for j := i; j < len(all) && j-last <= 2*diffContext; j++ {
		if all[j].op != ' ' {
			last = j
		}
	}
	return min(len(all), last+1+diffContext)
}

func count(all []stroke) (olds, news int) {
	for _, s := range all {
		if s.op != '+' {
			olds++
		}
		if s.op != '-' {
			news++
		}
	}
	return olds, news
}

func linesOf(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n")
}

// strokes returns a shortest way from a to b (Myers), or all of one and then all
// of the other where they have little in common.
func strokes(a, b []string) []stroke {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var all []stroke
	all = appendStrokes(all, ' ', a[:head])
	all = append(all, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	return appendStrokes(all, ' ', a[len(a)-tail:])
}

func appendStrokes(all []stroke, op byte, lines []string) []stroke {
	for _, text := range lines {
		all = append(all, stroke{op, text})
	}
	return all
}

func middle(a, b []string) []stroke {
	if len(a) == 0 || len(b) == 0 {
		return appendStrokes(appendStrokes(nil, '-', a), '+', b)
	}
	if trace := furthest(a, b); trace != nil {
		return walkBack(a, b, trace)
	}
	return appendStrokes(appendStrokes(nil, '-', a), '+', b)
}

// furthest returns, for each number of edits, how far each diagonal reaches, up
// to the number that leads to the end; nil if there are too many.
func furthest(a, b []string) [][]int32 {
	var trace [][]int32
	reach := map[int]int32{1: 0}
	for d := 0; d <= min(len(a)+len(b), maxEdits); d++ {
		row := make([]int32, 2*d+1)
		for k := -d; k <= d; k += 2 {
			x := reach[k-1] + 1
			if k == -d || k != d && reach[k-1] < reach[k+1] {
				x = reach[k+1]
			}
			for int(x) < len(a) && int(x)-k < len(b) && a[x] == b[int(x)-k] {
				x++
			}
			reach[k], row[k+d] = x, x
			if int(x) >= len(a) && int(x)-k >= len(b) {
				return append(trace, row)
			}
		}
		trace = append(trace, row)
	}
	return nil
}

// walkBack returns the strokes that lead to the end of a trace.
func walkBack(a, b []string, trace [][]int32) []stroke {
	var back []stroke
	x, y := len(a), len(b)
	for d := len(trace) - 1; d > 0; d-- {
		k := x - y
		start, down := cameFrom(trace[d-1], d, k)
		for x > start { // what both have after the edit
			x, y = x-1, y-1
			back = append(back, stroke{' ', a[x]})
		}
		if down {
			y--
			back = append(back, stroke{'+', b[y]})
		} else {
			x--
			back = append(back, stroke{'-', a[x]})
		}
	}
	for x > 0 {
		x--
		back = append(back, stroke{' ', a[x]})
	}
	slices.Reverse(back)
	return back
}

// cameFrom returns where on diagonal k the run of common lines begins that d
// edits lead to, and whether the last edit was a new line.
func cameFrom(before []int32, d, k int) (x int, down bool) {
	at := func(k int) int { // how far diagonal k reached with d-1 edits
		if k < -(d-1) || k > d-1 {
			return -1
		}
		return int(before[k+d-1])
	}
	if k == -d || k != d && at(k-1) < at(k+1) {
		return at(k + 1), true
	}
	return at(k-1) + 1, false
}
