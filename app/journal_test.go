package app

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestOfAJournalOnlyTheLogIsTaken reads what systemd keeps of an appliance: its
// log among what it prints for a person.
func TestOfAJournalOnlyTheLogIsTaken(t *testing.T) {
	t.Parallel()
	got := logged(`unity: ready http://127.0.0.1:8080 in 40 ms
unity: nobody can sign in yet. Open one of these, once:
  this box  http://127.0.0.1:8080/setup?token=SECRET
{"time":"2026-11-24T14:05:09Z","level":"WARN","msg":"poll","err":"x"}
{"token":"SECRET"}
{"level":"INFO","msg":"cut
https://nas/setup?token=SECRET(x)
unity: a demo, gone when it stops. Sign in as lea with the password: SECRET
panic: runtime error: index out of range [1] with length 0

goroutine 1 [running]:
unity.internal/app.(*App).Run(0xc000, {0x1, 0x2})
	unity.internal/app/app.go:325 +0x1d
created by main.main in goroutine 1
exit status 2
unity.service: Main process exited, code=exited, status=2/INVALIDARGUMENT
`)
	want := []string{
		`{"time":"2026-11-24T14:05:09Z","level":"WARN","msg":"poll","err":"x"}`,
		"panic: runtime error: index out of range [1] with length 0",
		"goroutine 1 [running]:",
		"unity.internal/app.(*App).Run(0xc000, {0x1, 0x2})",
		"\tunity.internal/app/app.go:325 +0x1d",
		"created by main.main in goroutine 1",
		"unity.service: Main process exited, code=exited, status=2/INVALIDARGUMENT",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestOfALargeJournalTheEndIsTaken: what happened last is what somebody asks for.
func TestOfALargeJournalTheEndIsTaken(t *testing.T) {
	t.Parallel()
	long := `{"level":"INFO","msg":"` + strings.Repeat("x", 2*recentLine) + `"}`
	lines := logged(strings.Repeat(long+"\n", 100) + `{"level":"INFO","msg":"last"}` + "\n")
	if n := len(strings.Join(lines, "")); n > recentBytes || n < recentBytes-recentLine || lines[len(lines)-1] != `{"level":"INFO","msg":"last"}` {
		t.Error(n, lines[len(lines)-1])
	}
}

// TestAJournalMayHaveNothing asks a systemd that does not run the appliance.
func TestAJournalMayHaveNothing(t *testing.T) {
	t.Parallel()
	if lines, err := journaled(t.Context()); !errors.Is(err, errNoJournal) || lines != nil {
		t.Error(lines, err)
	}
}
