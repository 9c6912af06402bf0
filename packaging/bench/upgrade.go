package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// replaced is how long callers wait at most while a newer version takes the
// place of the one that runs.
func replaced(ctx context.Context) (figures []figure, err error) {
	dir, err := os.MkdirTemp("", "unity-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	newer := filepath.Join(dir, "newer")
	build := exec.CommandContext(ctx, "go", "build", "-ldflags", "-s -w -X unity.internal/app.number=99.0.0", "-o", newer, ".") //nolint:gosec // paths of ours
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	sum, err := checksum(newer)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	p, err := set(ctx, data)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.stop()) }()
	asking, enough := context.WithCancel(ctx)
	defer enough()
	var all sync.WaitGroup
	gaps, fails := make([]time.Duration, 3), make([]error, 3)
	for i := range gaps {
		all.Go(func() { gaps[i], fails[i] = p.knock(asking) })
	}
	up := exec.CommandContext(ctx, binary, "upgrade", newer, "--sha256", sum, "--unsigned", "--yes", "--data-dir", data) //nolint:gosec // paths of ours
	out, err := up.CombinedOutput()
	enough()
	all.Wait()
	if err = errors.Join(append(fails, err)...); err != nil {
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	var now struct{ Version string }
	if err := p.call(ctx, http.MethodGet, "/api/v1/system", nil, &now); err != nil || now.Version != "99.0.0" {
		return nil, fmt.Errorf("version %s answers: %w: %s", now.Version, err, out)
	}
	return []figure{{name: "an upgrade, the longest that anybody waits", value: max(gaps[0], gaps[1], gaps[2]).Seconds(), unit: "s", limit: 1}}, nil
}

// knock asks on a new connection each time until ctx ends, and returns the longest
// time without an answer. Nobody may be refused.
func (p *process) knock(ctx context.Context) (longest time.Duration, err error) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	last := time.Now()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/healthz", nil)
		if err != nil {
			return longest, err
		}
		res, err := client.Do(req)
		if ctx.Err() != nil {
			return longest, nil //nolint:nilerr // it was told to end
		}
		if err != nil && strings.Contains(err.Error(), "refused") {
			return longest, err
		}
		if err == nil {
			_ = res.Body.Close()
			longest = max(longest, time.Since(last))
			last = time.Now()
		}
	}
}

// checksum returns the SHA-256 of a file.
func checksum(path string) (string, error) {
	f, err := os.Open(path) //nolint:gosec // a file of ours
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), err
}
