package upgrade

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/mod/semver"
)

const (
	askTime   = 10 * time.Second // for a program to say its version
	askAgain  = 10 * time.Millisecond
	maxAnswer = 4 << 10 // bytes of it
)

// Compare compares two versions as semver does, those of commits among them. What
// is no version, as of a program that a developer built, is older than any.
func Compare(a, b string) int { return semver.Compare(canonical(a), canonical(b)) }

// Valid reports whether a version is one.
func Valid(v string) bool { return semver.IsValid(canonical(v)) }

func canonical(v string) string { return "v" + strings.TrimPrefix(v, "v") }

// Ask has a program say which version it is. It sees nothing of the environment,
// has no input, and is ended after ten seconds; what it started ends with it.
func Ask(ctx context.Context, path string) (v Version, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTime)
	defer cancel()
	text, err := answer(ctx, path)
	for tick := time.NewTicker(askAgain); errors.Is(err, syscall.ETXTBSY) && ctx.Err() == nil; <-tick.C {
		text, err = answer(ctx, path) // what is just being forked still has the file open
	}
	if err != nil {
		return v, ErrNoVersion.Because(err)
	}
	return parseVersion(text)
}

// answer returns what a program says when it is asked for its version.
func answer(ctx context.Context, path string) (string, error) {
	cmd := exec.CommandContext(ctx, path, "version")
	cmd.Dir, cmd.Env = "/", []string{"PATH=/usr/bin:/bin", "LANG=C"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	var out bytes.Buffer
	cmd.Stdout = &short{&out, maxAnswer}
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it started and left
	}
	return out.String(), err
}

func parseVersion(text string) (v Version, err error) {
	for line := range strings.Lines(text) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch key {
		case "unity":
			v.Number = value
		case "commit":
			v.Commit = value
		case "schema":
			v.Schema, err = strconv.ParseInt(value, 10, 64)
		}
	}
	if err != nil || v.Schema <= 0 || !Valid(v.Number) {
		return v, ErrNoVersion.Because(fmt.Errorf("it says %q", text))
	}
	return v, nil
}

// short keeps the beginning of what is written.
type short struct {
	io.Writer
	left int
}

// Write implements io.Writer.
func (s *short) Write(p []byte) (int, error) {
	n := min(len(p), s.left)
	s.left -= n
	if _, err := s.Writer.Write(p[:n]); err != nil {
		return 0, err
	}
	return len(p), nil
}
