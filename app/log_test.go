package app

import (
	"bytes"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// TestTheLastLinesOfTheLogAreKept writes more than is kept, from several sides, and
// a line that is larger than one may be.
func TestTheLastLinesOfTheLogAreKept(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := newLog(&out, "info")
	if got := lately(log); got == nil || len(got) != 0 {
		t.Fatal(got)
	}
	log.With("part", "x").WithGroup("g").Info("first", "n", 1)
	log.Debug("below the level")
	if got := lately(log.With("more", true)); len(got) != 1 || got[0]+"\n" != out.String() || !strings.Contains(got[0], `"part":"x","g":{"n":1}`) {
		t.Fatalf("%q, %q", got, out.String())
	}
	var all sync.WaitGroup
	for w := range 4 {
		all.Go(func() {
			for i := range recentLines {
				log.Info("line", "w", w, "i", i)
			}
		})
	}
	all.Wait()
	log.Info("last")
	got := lately(log)
	if len(got) != recentLines || !strings.Contains(got[len(got)-1], `"msg":"last"`) {
		t.Errorf("%d lines, the last is %s", len(got), got[len(got)-1])
	}
	if n := strings.Count(out.String(), "\n"); n != 4*recentLines+2 {
		t.Errorf("%d lines went out", n)
	}
	for i := range 100 {
		log.Info("large", "i", i, "text", strings.Repeat("x", 20_000))
	}
	got = lately(log)
	total := 0
	for _, line := range got {
		total += len(line)
	}
	if total > recentBytes || total < recentBytes-recentLine || !strings.Contains(got[len(got)-1], `"i":99`) {
		t.Errorf("%d bytes in %d lines", total, len(got))
	}
	if lately(slog.New(slog.DiscardHandler)) != nil {
		t.Error("a logger of another has lines")
	}
}
