package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	binary = "./unity"
	starts = 10
	settle = 30 * time.Second // before memory is looked at
)

// size is the binary's, as it is shipped.
func size(context.Context) ([]figure, error) {
	info, err := os.Stat(binary)
	if err != nil {
		return nil, fmt.Errorf("%w: make build", err)
	}
	return []figure{{name: "the binary", value: float64(info.Size()) / 1e6, unit: "MB", limit: 68}}, nil
}

var budget = regexp.MustCompile(`(?m)^(?:OVER)? +([0-9.]+) of +([0-9.]+) kB  (.+)$`)

// pages are what a visitor loads, by the pages' own budget.
func pages(ctx context.Context) (figures []figure, err error) {
	cmd := exec.CommandContext(ctx, "npm", "run", "--silent", "budget")
	cmd.Dir = "web"
	out, err := cmd.CombinedOutput()
	for _, m := range budget.FindAllStringSubmatch(string(out), -1) {
		value, _ := strconv.ParseFloat(m[1], 64) // digits, says the pattern
		limit, _ := strconv.ParseFloat(m[2], 64)
		if !strings.Contains(m[3], "/") || value > limit { // of single pages, those that are over
			figures = append(figures, figure{name: m[3], value: value, unit: "kB", limit: limit})
		}
	}
	if len(figures) == 0 {
		return nil, fmt.Errorf("the budget says %s: %w", out, err)
	}
	return figures, nil
}

// start is the time from the execution of the binary to its first answer, on a
// database that is there.
func start(ctx context.Context) ([]figure, error) {
	dir, err := os.MkdirTemp("", "unity-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var took []time.Duration
	for range starts + 1 {
		begun := time.Now()
		p, err := launch(ctx, dir)
		if err != nil {
			return nil, err
		}
		if err := p.call(ctx, http.MethodGet, "/healthz", nil, nil); err != nil {
			return nil, errors.Join(err, p.stop())
		}
		took = append(took, time.Since(begun))
		if err := p.stop(); err != nil {
			return nil, err
		}
	}
	took = took[1:] // the first made the database
	slices.Sort(took)
	return []figure{{name: "start to first 200", value: float64(took[starts/2].Microseconds()) / 1000, unit: "ms", limit: 40}}, nil
}

// idle is the memory of a process that watches this machine only.
func idle(ctx context.Context) ([]figure, error) {
	p, end, err := ready(ctx)
	if err != nil {
		return nil, err
	}
	err = wait(ctx, settle)
	used, seen := p.memory()
	return []figure{{name: "memory, this machine only", value: used, unit: "MB", limit: 40}}, errors.Join(err, seen, end())
}

// A process is an appliance that runs.
type process struct {
	cmd   *exec.Cmd
	base  string
	token string
	lines *bufio.Reader // what it says on standard output
	said  bytes.Buffer  // on standard error
}

var (
	greeting   = regexp.MustCompile(`^unity: ready (http://\S+) in `)
	invitation = regexp.MustCompile(`/setup\?token=(\S+)`)
)

// launch starts the binary on a data directory and returns when it says that it is ready.
func launch(ctx context.Context, dir string, flags ...string) (*process, error) {
	p := &process{}
	p.cmd = exec.CommandContext(ctx, binary, append([]string{ //nolint:gosec // paths of ours
		"serve", "--data-dir", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--rate-limit", "0", "--log-level", "warn",
	}, flags...)...)
	p.cmd.Stderr = &p.said
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(syscall.SIGTERM) }
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%w: make build", err)
	}
	p.lines = bufio.NewReader(out)
	if p.base, err = p.hear(greeting); err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// hear reads what the process says until a line matches.
func (p *process) hear(line *regexp.Regexp) (string, error) {
	for {
		text, err := p.lines.ReadString('\n')
		if m := line.FindStringSubmatch(text); m != nil {
			return m[1], nil
		}
		if err != nil {
			return "", fmt.Errorf("it never said %s: %w", line, err)
		}
	}
}

// ready launches a new appliance and makes its first user.
func ready(ctx context.Context) (p *process, end func() error, err error) {
	dir, err := os.MkdirTemp("", "unity-bench")
	if err != nil {
		return nil, nil, err
	}
	if p, err = set(ctx, dir); err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	return p, func() error { return errors.Join(p.stop(), os.RemoveAll(dir)) }, nil
}

// set launches an appliance on an empty data directory and makes its first user.
func set(ctx context.Context, dir string) (*process, error) {
	p, err := launch(ctx, dir)
	if err != nil {
		return nil, err
	}
	token, err := p.hear(invitation)
	if err == nil {
		var made struct {
			Token string `json:"access_token"`
		}
		err = p.call(ctx, http.MethodPost, "/api/v1/setup", map[string]any{
			"token": token, "username": "bench", "password": "correct horse battery staple",
		}, &made)
		p.token = made.Token
	}
	if err != nil {
		return nil, errors.Join(err, p.stop())
	}
	return p, nil
}

// stop ends the process as a person does.
func (p *process) stop() error {
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	if err := p.cmd.Wait(); err != nil {
		return fmt.Errorf("%w: %s", err, p.said.Bytes())
	}
	return nil
}

// request sends one request; the caller closes the body of the answer.
func (p *process) request(ctx context.Context, method, path string, in any) (*http.Response, error) {
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, p.base+path, body)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode >= http.StatusBadRequest {
		text, _ := io.ReadAll(res.Body) // what there is of it
		_ = res.Body.Close()
		return nil, fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return res, nil
}

func (p *process) call(ctx context.Context, method, path string, in, out any) error {
	res, err := p.request(ctx, method, path, in)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if out == nil {
		_, err = io.Copy(io.Discard, res.Body)
		return err
	}
	return json.NewDecoder(res.Body).Decode(out)
}

// memory returns the resident set in MB.
func (p *process) memory() (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), "VmRSS:")
	f := strings.Fields(rest)
	if len(f) == 0 {
		return 0, errors.New("the kernel does not say how much memory it has")
	}
	kB, err := strconv.ParseFloat(f[0], 64)
	return kB * 1024 / 1e6, err
}

func wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
