package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"unity.internal/app/server/farm"
)

const (
	machines = 100
	every    = 10 // seconds between polls
	watched  = 60 * time.Second
)

// hundred is an appliance with a hundred machines: its memory, its CPU a poll,
// and how long a sample needs from the machine to an open browser.
func hundred(ctx context.Context) ([]figure, error) {
	field, err := farm.New(machines)
	if err != nil {
		return nil, err
	}
	defer field.Close()
	p, end, err := ready(ctx)
	if err != nil {
		return nil, err
	}
	figures, err := p.watch(ctx, field)
	return figures, errors.Join(err, end())
}

func (p *process) watch(ctx context.Context, field *farm.Farm) ([]figure, error) {
	for i, e := range field.Endpoints {
		err := p.call(ctx, http.MethodPost, "/api/v1/servers", map[string]any{
			"name": fmt.Sprintf("machine-%03d", i), "host": e.Host, "port": e.Port, "username": "bench", "auth": "password", "password": "bench",
			"poll_seconds": every, "trust_fingerprint": e.Fingerprint,
		}, nil)
		if err != nil {
			return nil, err
		}
	}
	if err := wait(ctx, settle); err != nil {
		return nil, err
	}
	before, err := p.cpu()
	if err != nil {
		return nil, err
	}
	late, err := p.listen(ctx, watched)
	if err != nil {
		return nil, err
	}
	after, err := p.cpu()
	if err != nil {
		return nil, err
	}
	used, err := p.memory()
	slices.Sort(late)
	polls := float64(len(late))
	if want := machines * watched.Seconds() / every; polls < 0.8*want {
		return nil, fmt.Errorf("%.0f samples came where about %.0f should", polls, want)
	}
	return []figure{
		{name: fmt.Sprintf("memory, %d machines", machines), value: used, unit: "MB", limit: 120},
		{name: "CPU a poll, all included", value: 1000 * (after - before).Seconds() / polls, unit: "ms", limit: 5},
		{name: "sample to browser, median", value: late[len(late)/2], unit: "ms"},
		{name: "sample to browser, p99", value: late[int(math.Ceil(polls*0.99))-1], unit: "ms", limit: 50},
	}, err
}

// listen reads the stream for a while, and returns how late each sample was in ms.
func (p *process) listen(ctx context.Context, d time.Duration) (late []float64, err error) {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	res, err := p.request(ctx, http.MethodGet, "/api/v1/events?samples=*%7Cnode_cpu_usage_ratio", nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 1<<20)
	kind := ""
	for lines.Scan() {
		now := time.Now()
		text := lines.Text()
		if name, ok := strings.CutPrefix(text, "event: "); ok {
			kind = name
		}
		data, ok := strings.CutPrefix(text, "data: ")
		if !ok || kind != "samples" {
			continue
		}
		var sample struct {
			At int64 `json:"at"`
		}
		if err := json.Unmarshal([]byte(data), &sample); err != nil {
			return nil, err
		}
		late = append(late, float64(now.Sub(time.UnixMilli(sample.At)).Microseconds())/1000)
	}
	if ctx.Err() == nil {
		return nil, errors.Join(errors.New("the stream ended"), lines.Err())
	}
	return late, nil
}

// cpu returns how much CPU time the process has had.
func (p *process) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ") // the name may hold anything
	f := strings.Fields(rest)
	if len(f) < 13 {
		return 0, errors.New("the kernel does not say how much CPU it had")
	}
	user, err := strconv.ParseInt(f[11], 10, 64)
	system, err2 := strconv.ParseInt(f[12], 10, 64)
	return time.Duration(user+system) * time.Second / 100, errors.Join(err, err2)
}
