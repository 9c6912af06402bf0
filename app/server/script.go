package server

import (
	"bytes"
	"crypto/rand"
	_ "embed"
	"strings"

	"unity.internal/app/fault"
)

//go:embed scripts/poll.sh
var pollScript string

//go:embed scripts/snapshot.sh
var snapshotScript string

// A script is what one round trip runs, and the word that begins its sections.
type script struct {
	text, word string
}

// What a script collects. Each holds the ones before it.
type depth uint8

const (
	polls depth = iota
	snapshots
	updates // counting those that wait is slow, so it is done now and then
)

// newScript returns a script that goes as deep as d. Its word is random, so
// that nothing a machine prints can pass for a section.
func newScript(d depth) script {
	word := rand.Text()
	var b strings.Builder
	b.Grow(len(pollScript) + len(snapshotScript) + 256)
	b.WriteString("LC_ALL=C PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin N=" + word + "\nexport LC_ALL PATH\n")
	b.WriteString(pollScript)
	run := "poll"
	if d >= snapshots {
		b.WriteString(snapshotScript)
		run = "poll; snapshot"
	}
	if d >= updates {
		run += "; updates"
	}
	b.WriteString("main() { " + run + "; at end; echo ok; }\nmain </dev/null 2>/dev/null\n")
	return script{b.String(), word}
}

// errNoAnswer says that a machine ran something, but not our script.
var errNoAnswer = fault.New(fault.Conflict, "server.no_answer",
	"The machine let Unity in but did not run its commands. Check that the account has a shell and that its key has no forced command.")

// errCut says that an answer has a beginning and no end.
var errCut = fault.New(fault.Unavailable, "server.answer_cut", "The machine's answer ended in the middle. The next poll tries again.")

// sections are the parts of one answer by name.
type sections map[string][]byte

// split cuts out where the script's word begins a line. What stands before the
// first word, a greeting say, belongs to nobody.
func split(word string, out []byte) (sections, error) {
	s := sections{}
	mark := []byte("\n" + word + " ")
	i := bytes.Index(out, mark)
	if i < 0 {
		return s, errNoAnswer
	}
	for i >= 0 {
		out = out[i+len(mark):]
		name, rest, _ := bytes.Cut(out, []byte("\n"))
		out = rest
		part := rest
		if i = bytes.Index(rest, mark); i >= 0 {
			part = rest[:i]
		} else if i = -1; bytes.HasPrefix(rest, mark[1:]) {
			part = nil
		}
		s[string(name)] = part
	}
	if !bytes.HasPrefix(s["end"], []byte("ok")) {
		return s, errCut
	}
	return s, nil
}

// text returns a section as trimmed, valid UTF-8 without zero bytes.
func (s sections) text(name string) string { return clean(string(s[name])) }

func clean(s string) string {
	return strings.TrimSpace(strings.ReplaceAll(strings.ToValidUTF8(s, "�"), "\x00", ""))
}

// lines yields the lines of a section that are not empty.
func (s sections) lines(name string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for line := range strings.Lines(string(s[name])) {
			if line = clean(line); line != "" && !yield(line) {
				return
			}
		}
	}
}
