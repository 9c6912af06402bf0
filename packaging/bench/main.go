// Command bench prints the figures that are promised, one a line, each beside
// its limit: those of the packages, from their benchmarks, and those of the
// whole process, from a binary that it starts. It fails if one is over.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"text/tabwriter"
)

func main() {
	only := flag.String("only", "", "measure only what has this in its name: "+strings.Join(names(), ", "))
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) //nolint:forbidigo // the program's main
	err := run(ctx, *only, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// A figure is one thing that was measured, and what it may be: at most its
// limit, or at least, if more is better. Without a limit it is for the reader.
type figure struct {
	name  string
	value float64
	unit  string
	limit float64
	more  bool
}

// ratio is how much of the limit is used: over 1 is too much.
func (f figure) ratio() float64 {
	if f.more {
		return f.limit / f.value
	}
	return f.value / f.limit
}

func (f figure) over() bool { return f.limit > 0 && !(f.ratio() <= 1) }

func (f figure) String() string {
	if f.limit == 0 {
		return fmt.Sprintf("%s\t%s %s\t-\t-\tok", f.name, number(f.value), f.unit)
	}
	verdict, bound := "ok", "<="
	if f.over() {
		verdict = "over"
	}
	if f.more {
		bound = ">="
	}
	return fmt.Sprintf("%s\t%s %s\t%s %s\t%.2f\t%s", f.name, number(f.value), f.unit, bound, number(f.limit), f.ratio(), verdict)
}

func number(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// A measurement returns some figures. They run one by one: nothing else may
// take the time that is measured.
type measurement struct {
	name string
	do   func(context.Context) ([]figure, error)
}

var measurements = []measurement{
	{"packages", packages},
	{"size", size},
	{"shipped", shipped},
	{"pages", pages},
	{"start", start},
	{"idle", idle},
	{"rescue", rescue},
	{"upgrade", replaced},
	{"farm", hundred},
	{"clusters", clusters},
}

func names() (all []string) {
	for _, m := range measurements {
		all = append(all, m.name)
	}
	return all
}

var errOver = errors.New("a figure is over its limit")

func run(ctx context.Context, only string, out io.Writer) error {
	var failed error
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, m := range measurements {
		if !strings.Contains(m.name, only) {
			continue
		}
		figures, err := m.do(ctx)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("%s: %w", m.name, err))
		}
		for _, f := range figures {
			if f.over() {
				failed = cmp.Or(failed, errOver)
			}
			if _, err := fmt.Fprintln(table, f); err != nil {
				return err
			}
		}
		if err := table.Flush(); err != nil {
			return err
		}
	}
	return failed
}
