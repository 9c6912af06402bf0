package app

import (
	"context"
	"encoding/json"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"time"

	"unity.internal/app/fault"
)

const (
	unitName    = "unity.service"
	journalTime = 10 * time.Second
)

// errNoJournal says that systemd has nothing to tell.
var errNoJournal = fault.New(fault.NotFound, "support.no_journal", "The appliance does not run here, and the journal of systemd has nothing of it, or may not be read: try as root.")

// journaled returns what systemd kept of the appliance's log. Who asks does it
// before root becomes the owner of the data directory, who may not read that.
func journaled(ctx context.Context) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, journalTime)
	defer cancel()
	last := strconv.Itoa(recentLines)
	text, err := exec.CommandContext(ctx, "journalctl", "--unit", unitName, "--lines", last, "--output", "cat", "--no-pager", "--quiet").Output() //nolint:gosec // all are ours
	if err != nil {
		return nil, errNoJournal.Because(err)
	}
	lines := logged(string(text))
	if len(lines) == 0 {
		return nil, errNoJournal
	}
	return lines, nil
}

// trace is what the Go runtime says of a panic, line by line.
var trace = regexp.MustCompile(`^(panic: |fatal error: |goroutine \d+ \[|created by |\t\S+\.go:\d+|[\w./*()\[\]-]+\(.*\)$)`)

// logged returns the lines of a journal that may be shown, and no other: those of
// our log, of a panic and of systemd. What is printed at a start may hold an address
// that lets somebody in. As of a log in memory, the last lines are kept.
func logged(text string) []string {
	var last recent
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\r\n")
		var v struct{ Level, Msg string }
		ours := json.Unmarshal([]byte(line), &v) == nil && v.Level != "" && v.Msg != ""
		if ours || strings.HasPrefix(line, unitName+": ") || trace.MatchString(line) {
			_, _ = last.Write([]byte(line)) // into memory
		}
	}
	return last.lines
}
