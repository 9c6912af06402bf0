package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	rates    = 20               // changes a second
	observed = 30 * time.Second // while they go on
)

// clusters is an appliance that watches one cluster: with 10,000 pods and with
// 30,000, beside what programs usually do on the same.
func clusters(ctx context.Context) (all []figure, err error) {
	for _, c := range []struct {
		pods, nodes   int
		within, above float64 // seconds, MB
	}{{10_000, 200, 1.5, 35}, {30_000, 300, 5, 100}} {
		k, err := plane(ctx, c.pods, c.nodes)
		if err != nil {
			return all, err
		}
		figures, err := k.watched(ctx, c.pods, c.within, c.above)
		all = append(all, figures...)
		if err := errors.Join(err, k.end()); err != nil {
			return all, err
		}
	}
	return all, nil
}

// kubernetes is a control plane that runs.
type kubernetes struct {
	Server, CA, Token, Kubeconfig string

	dir  string
	end  func() error
	http *http.Client
}

// plane starts a control plane with so many pods.
func plane(ctx context.Context, pods, nodes int) (*kubernetes, error) {
	program := os.Getenv("KUBETEST")
	if program == "" {
		return nil, errors.New("no control plane: make bench")
	}
	dir, err := os.MkdirTemp("", "kb")
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, "up", "-attached", "-with", "sim", "-dir", filepath.Join(dir, "k"), "-pods", strconv.Itoa(pods), "-nodes", strconv.Itoa(nodes)) //nolint:gosec // as the Makefile says
	in, err := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	k := &kubernetes{dir: dir}
	k.end = func() error { return errors.Join(in.Close(), cmd.Wait(), os.RemoveAll(dir)) }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, k)
	}
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "config"), []byte(k.Kubeconfig), 0o600)
	}
	if err != nil {
		return nil, errors.Join(err, k.end())
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM([]byte(k.CA))
	k.http = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}}}
	return k, nil
}

// watched measures an appliance that watches the cluster.
func (k *kubernetes) watched(ctx context.Context, pods int, within, above float64) (all []figure, err error) {
	all, err = k.peers(ctx, pods)
	if err != nil {
		return nil, err
	}
	p, end, err := ready(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, end()) }()
	if err := wait(ctx, settle); err != nil {
		return nil, err
	}
	idle, err := p.memory()
	alone, err2 := p.load(ctx)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	id, took, err := k.register(ctx, p, pods)
	if err != nil {
		return nil, err
	}
	all = append(all, figure{name: named("queryable after", pods), value: took, unit: "s", limit: within})
	if err := wait(ctx, settle); err != nil {
		return nil, err
	}
	used, err := p.memory()
	if err != nil {
		return nil, err
	}
	all = append(all, figure{name: named("memory over idle", pods), value: used - idle, unit: "MB", limit: above})
	page, err := p.page(ctx)
	if err != nil {
		return nil, err
	}
	f := figure{name: named("a filtered page of 50", pods), value: page, unit: "ms"}
	if pods <= 10_000 {
		f.limit = 5
	}
	all = append(all, f)
	more, err := k.changes(ctx, p, id, alone)
	for _, f := range more {
		f.name = named(f.name, pods)
		all = append(all, f)
	}
	return all, err
}

// register has the appliance watch the cluster, and returns after how many
// seconds all pods can be found.
func (k *kubernetes) register(ctx context.Context, p *process, pods int) (id string, took float64, err error) {
	begun := time.Now()
	var made struct{ ID string }
	err = p.call(ctx, http.MethodPost, "/api/v1/clusters", map[string]any{"name": "bench", "kubeconfig": k.Kubeconfig}, &made)
	for total := 0; err == nil && total < pods; {
		if err = wait(ctx, 5*time.Millisecond); err == nil {
			total, err = p.total(ctx, "kind=pods&limit=1")
		}
	}
	return made.ID, time.Since(begun).Seconds(), err
}

// named says of how many pods a figure is.
func named(what string, pods int) string { return fmt.Sprintf("%s, %d pods", what, pods) }

// peers measures what programs usually do.
func (k *kubernetes) peers(ctx context.Context, pods int) (all []figure, err error) {
	for _, p := range []struct{ mode, what string }{{"-metadata=false", "a typed informer alone"}, {"-metadata=true", "a metadata informer alone"}} {
		took, used, err := k.informer(ctx, p.mode)
		if err != nil {
			return nil, err
		}
		all = append(all, figure{name: named(p.what, pods), value: took, unit: "s"}, figure{name: named(p.what+", memory", pods), value: used, unit: "MB"})
	}
	return all, nil
}

// informer measures a process that only lists and watches.
func (k *kubernetes) informer(ctx context.Context, mode string) (took, used float64, err error) {
	cmd := exec.CommandContext(ctx, os.Getenv("KUBETEST"), "informer", mode, "-kubeconfig", filepath.Join(k.dir, "config")) //nolint:gosec // as the Makefile says
	out, err := cmd.Output()
	if err != nil {
		return 0, 0, err
	}
	_, err = fmt.Sscan(string(out), &took, &used)
	return took / 1000, used, err
}

// total returns how many objects a query finds.
func (p *process) total(ctx context.Context, query string) (int, error) {
	var found struct{ Total int }
	err := p.call(ctx, http.MethodGet, "/api/v1/clusters/objects?"+query, nil, &found)
	return found.Total, err
}

// page is how long a filtered page takes, over HTTP, in the median.
func (p *process) page(ctx context.Context) (float64, error) {
	var took []time.Duration
	for range 50 {
		begun := time.Now()
		if _, err := p.total(ctx, "kind=pods&limit=50&q=svc-01&fields=phase%3DRunning&sort=age"); err != nil {
			return 0, err
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return float64(took[len(took)/2].Microseconds()) / 1000, nil
}

// changes makes some changes a second in the cluster, and measures what they
// cost over what the appliance takes alone, and how late a browser hears of each.
func (k *kubernetes) changes(ctx context.Context, p *process, id string, alone float64) ([]figure, error) {
	var found struct {
		Items []struct{ Namespace, Name string }
	}
	if err := p.call(ctx, http.MethodGet, "/api/v1/clusters/objects?kind=pods&limit=500", nil, &found); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, observed+10*time.Second)
	defer cancel()
	res, err := p.request(ctx, http.MethodGet, "/api/v1/events?objects="+id+"%7Cpods", nil)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	heard := make(chan string, 4096)
	go hear(res.Body, heard)
	before, err := p.cpu()
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	var late []float64
	tick := time.NewTicker(time.Second / rates)
	defer tick.Stop()
	sent := map[string]time.Time{}
	for n := 0; time.Since(begun) < observed || len(sent) > 0; {
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("%d changes were never heard of", len(sent))
		case key := <-heard:
			late = append(late, settled(sent, key)...)
		case <-tick.C:
			if time.Since(begun) >= observed {
				continue
			}
			o := found.Items[n%len(found.Items)]
			n++
			sent[o.Namespace+"/"+o.Name] = time.Now()
			if err := k.patch(ctx, o.Namespace, o.Name, n); err != nil {
				return nil, err
			}
		}
	}
	after, err := p.cpu()
	slices.Sort(late)
	return []figure{
		{name: "change to browser, p99", value: late[int(math.Ceil(float64(len(late))*0.99))-1], unit: "ms", limit: 150},
		{name: "CPU of a cluster at 20 changes/s", value: 100*(after-before).Seconds()/time.Since(begun).Seconds() - alone, unit: "% of a core", limit: 1},
	}, err
}

// load is how much of a core the process takes, in percent.
func (p *process) load(ctx context.Context) (float64, error) {
	before, err := p.cpu()
	err2 := wait(ctx, observed)
	after, err3 := p.cpu()
	return 100 * (after - before).Seconds() / observed.Seconds(), errors.Join(err, err2, err3)
}

// settled takes out of what was sent what key means, and says how late each is heard of, in ms.
func settled(sent map[string]time.Time, key string) (late []float64) {
	for of, at := range sent {
		if of == key || key == all {
			late = append(late, float64(time.Since(at).Microseconds())/1000)
			delete(sent, of)
		}
	}
	return late
}

// all stands for every object, when too many changed to name them.
const all = "*"

// hear passes on which objects changed.
func hear(from io.Reader, heard chan<- string) {
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		var e struct {
			Kind string
			Keys []string
		}
		if !ok || json.Unmarshal([]byte(data), &e) != nil || e.Kind == "" {
			continue
		}
		if e.Keys == nil {
			heard <- all
		}
		for _, key := range e.Keys {
			heard <- key
		}
	}
}

// patch changes a pod.
func (k *kubernetes) patch(ctx context.Context, namespace, name string, n int) error {
	body := fmt.Appendf(nil, `{"metadata":{"labels":{"bench":"n%d"}}}`, n)
	req, err := http.NewRequestWithContext(ctx, http.MethodPatch, k.Server+"/api/v1/namespaces/"+namespace+"/pods/"+name, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/merge-patch+json")
	req.Header.Set("Authorization", "Bearer "+k.Token)
	res, err := k.http.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return errors.New(res.Status)
	}
	_, err = io.Copy(io.Discard, res.Body)
	return err
}
