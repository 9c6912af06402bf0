package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"time"
)

const maintainer = "The Unity authors <unity@localhost>"

var (
	release = regexp.MustCompile(`^## \[([^]]+)\](?: - (\d{4}-\d\d-\d\d))?$`)
	change  = regexp.MustCompile(`^- (.+)$`)
)

// writeChangelog writes packaging/CHANGELOG.md as Debian has it. What is not
// released is what is new in version, which is of the second since 1970.
func writeChangelog(version, second string, out io.Writer) error {
	n, err := strconv.ParseInt(second, 10, 64)
	if err != nil {
		return fmt.Errorf("%q is no time: %w", second, err)
	}
	f, err := os.Open("packaging/CHANGELOG.md")
	if err != nil {
		return err
	}
	defer f.Close()
	text, err := changelog(f, version, time.Unix(n, 0).UTC())
	if err != nil {
		return err
	}
	_, err = io.WriteString(out, text)
	return err
}

// changelog returns the entries in which something changed.
func changelog(in io.Reader, version string, now time.Time) (string, error) {
	var out, entry strings.Builder
	end := ""
	finish := func() {
		if strings.Contains(entry.String(), "\n  * ") {
			out.WriteString(entry.String() + end)
		}
		entry.Reset()
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		line := lines.Text()
		if m := release.FindStringSubmatch(line); m != nil {
			finish()
			name, at := m[1], now
			if name == "Unreleased" {
				name = version
			} else if day, err := time.Parse(time.DateOnly, m[2]); err == nil {
				at = day
			} else {
				return "", fmt.Errorf("%s has no date", line)
			}
			fmt.Fprintf(&entry, "unity (%s) stable; urgency=medium\n\n", name)
			end = fmt.Sprintf("\n -- %s  %s\n\n", maintainer, at.Format(time.RFC1123Z))
			continue
		}
		switch m := change.FindStringSubmatch(line); {
		case end == "": // what stands above the first release
		case m != nil:
			entry.WriteString("  * " + m[1] + "\n")
		case strings.HasPrefix(line, "### "):
			entry.WriteString("  [ " + line[4:] + " ]\n")
		case strings.HasPrefix(line, "  "):
			entry.WriteString("  " + line + "\n")
		}
	}
	finish()
	return out.String(), lines.Err()
}
