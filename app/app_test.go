package app_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"unity.internal/app/auth"
)

// newAppliance starts one and sets it up.
func newAppliance(t *testing.T) (p *process, dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "data")
	p = start(t, dir)
	p.setUp(p.printed())
	return p, dir
}

type servers struct {
	Items []struct {
		ID, Name, Auth, State string
	}
}

func TestItStopsAndTheChartsContinue(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	p.await(url.Values{"samples": {"*|node_memory_used_bytes"}}, "samples", "node_memory_used_bytes")
	var all servers
	p.must("GET", "/servers", "", &all)
	if len(all.Items) != 1 || all.Items[0].Auth != "local" || all.Items[0].State != "up" {
		t.Fatalf("%+v", all)
	}
	if err := p.end(syscall.SIGINT); err != nil {
		t.Fatalf("%v\n%s", err, p.stderr)
	}
	for _, name := range []string{"unity.db", "master.key", "unity.lock"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s: %v, %v", name, info, err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "*.sock")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(filepath.Join(dir, auth.SetupFile)); err == nil {
		t.Error("the set-up token outlives its use")
	}

	p = start(t, dir)
	p.signIn()
	p.await(url.Values{"samples": {"*|node_memory_used_bytes"}}, "samples", "node_memory_used_bytes")
	var chart struct {
		Series []struct{ Points [][]float64 }
	}
	p.must("GET", "/servers/"+all.Items[0].ID+"/metrics?names=node_memory_used_bytes&step=1s", "", &chart)
	if len(chart.Series) != 1 || len(chart.Series[0].Points) < 2 {
		t.Fatalf("the chart does not continue: %+v", chart)
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatalf("%v\n%s", err, p.stderr)
	}
}

// TestKilledAtAnyMomentNothingAcknowledgedIsLost kills the appliance 50 times
// while programs write, and looks for every write that was answered.
func TestKilledAtAnyMomentNothingAcknowledgedIsLost(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	var mu sync.Mutex
	acknowledged := map[string]bool{}
	n := 0
	for round := range 50 {
		var wg sync.WaitGroup
		answers := make(chan struct{}, 1000)
		for w := range 3 {
			wg.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("r%d-w%d-%d", round, w, i)
					status, err := p.call("POST", "/thresholds", `{"name":"`+name+`","metric":"cpu_percent","condition":"gt","value":99,"for_seconds":0,"severity":"info","enabled":false}`, nil)
					if err != nil {
						return // it is dead
					}
					if status != 201 {
						t.Errorf("%s: %d", name, status)
						return
					}
					mu.Lock()
					acknowledged[name] = true
					n++
					mu.Unlock()
					answers <- struct{}{}
				}
			})
		}
		for range 1 + rand.IntN(8) {
			select {
			case <-answers:
			case <-time.After(patience):
				t.Fatalf("nothing is acknowledged\n%s", p.stderr)
			}
		}
		_ = p.end(syscall.SIGKILL)
		wg.Wait()
		token := p.token // of a session that outlives the process
		p = start(t, dir)
		p.token = token
	}
	there := map[string]bool{}
	for cursor := ""; ; {
		var page struct {
			Items []struct{ Name string }
			Next  string `json:"next_cursor"`
		}
		p.must("GET", "/thresholds?limit=500&cursor="+url.QueryEscape(cursor), "", &page)
		for _, v := range page.Items {
			there[v.Name] = true
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	for name := range acknowledged {
		if !there[name] {
			t.Errorf("%s was acknowledged and is lost", name)
		}
	}
	if n < 100 {
		t.Errorf("only %d writes were acknowledged", n)
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if out, err := run(t, "", "doctor", "--data-dir", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%d writes acknowledged over 50 kills", n)
}

func TestOneProcessHoldsADataDirectory(t *testing.T) {
	t.Parallel()
	_, dir := newAppliance(t)
	out, err := run(t, "", "serve", "--data-dir", dir, "--http", "127.0.0.1:0", "--https", "")
	if err == nil || !strings.Contains(out, "data_dir.locked") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestCommandsBesideAServerAndWithout(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	must := func(want, in string, args ...string) {
		t.Helper()
		out, err := run(t, in, append(args, "--data-dir", dir)...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	refused := func(want string, args ...string) {
		t.Helper()
		out, err := run(t, "", append(args, "--data-dir", dir)...)
		if err == nil || !strings.Contains(out, want) {
			t.Errorf("%v: %v\n%s", args, err, out)
		}
	}
	for _, id := range []string{"beside", "without"} {
		must("schema", "", "version")
		must(userName, "", "user", "list")
		must("can sign in again", "", "user", "unlock", userName)
		must(id+" ("+id+") is active", "", "tenant", "create", id)
		must("is suspended", "", "tenant", "suspend", id)
		must(id, "", "tenant", "list")
		must("is active", "", "tenant", "activate", id)
		must("chain unbroken", "", "doctor")
		must("master.key", "", "backup", filepath.Join(t.TempDir(), "copy.db"))
		refused("user.unknown", "user", "unlock", "nobody")
		refused("tenant.taken", "tenant", "create", id)
		refused("tenant.invalid_id", "tenant", "create", "Not a slug")
		refused("tenant.reserved", "tenant", "suspend", "system")
		refused("setup.done", "setup-url")
		must("Keep a copy of it in another place", "", "vault", "rotate", "--master")
		refused("vault.either", "vault", "rotate", "--master", "--tenant", id)
		refused("tenant.not_confirmed", "tenant", "delete", id)
		refused("tenant.reserved", "tenant", "delete", "default", "--yes")
		must("The tenant is gone", "", "tenant", "delete", id, "--yes")
		refused("not_found", "tenant", "delete", id, "--yes")
		if id == "without" {
			break
		}
		refused("data_dir.locked", "migrate")
		if err := p.end(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		must("at schema", "", "migrate")
	}
	must("sealed under new keys", "", "vault", "rotate")
	must("The password of", "a new and longer one\n", "user", "reset-password", userName)
}

func TestBackupIsRestoredOnAnotherBox(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	p.must("POST", "/servers", `{"name":"kept","host":"192.0.2.1","port":22,"username":"root","auth":"password","password":"MARKER-SECRET"}`, nil)
	file := filepath.Join(t.TempDir(), "unity.backup")
	if out, err := run(t, "", "backup", file, "--data-dir", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := run(t, "", "backup", file, "--data-dir", dir); err == nil || !strings.Contains(out, "backup.exists") {
		t.Fatalf("%v\n%s", err, out)
	}
	other := filepath.Join(t.TempDir(), "other")
	out, err := run(t, "", "restore", file, "--data-dir", other)
	if err != nil || !strings.Contains(out, "The master key is missing") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := run(t, "", "restore", file, "--data-dir", other); err == nil || !strings.Contains(out, "restore.occupied") {
		t.Fatalf("%v\n%s", err, out)
	}

	locked := start(t, other) // without its key it serves what needs no secret
	var state struct{ Needed, Locked bool }
	locked.must("GET", "/setup", "", &state)
	if state.Needed || !state.Locked {
		t.Fatalf("%+v", state)
	}
	_ = locked.end(syscall.SIGTERM)

	key, err := os.ReadFile(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(other, "master.key"), key, 0o600); err != nil {
		t.Fatal(err)
	}
	p = start(t, other)
	p.signIn()
	var all servers
	p.must("GET", "/servers?q=kept", "", &all)
	if len(all.Items) != 1 {
		t.Fatalf("%+v", all)
	}

	damaged := filepath.Join(t.TempDir(), "damaged")
	if err := os.WriteFile(damaged, []byte("SQLite format 3\x00 and then nothing of the kind"), 0o600); err != nil {
		t.Fatal(err)
	}
	empty := filepath.Join(t.TempDir(), "empty")
	if out, err := run(t, "", "restore", damaged, "--data-dir", empty); err == nil || !strings.Contains(out, "restore.damaged") {
		t.Fatalf("%v\n%s", err, out)
	}
	if left, _ := filepath.Glob(filepath.Join(empty, "unity.db*")); len(left) > 0 {
		t.Errorf("a failed restore leaves %v", left)
	}
}

// TestAFullDisk lets the appliance live on a disk of 12 MiB: samples stop
// first, writes are refused with a sentence when nothing fits any more, reads
// go on, and with room again everything works by itself.
func TestAFullDisk(t *testing.T) {
	t.Parallel()
	disk := t.TempDir()
	dir := filepath.Join(disk, "data")
	space, enter := []string{"unshare", "-m"}, []string{"nsenter", "-m", "-t"}
	if os.Geteuid() != 0 {
		space, enter = []string{"unshare", "-rm"}, []string{"nsenter", "-U", "-m", "--preserve-credentials", "-t"}
	}
	wrap := append(space, "sh", "-c", `mount -t tmpfs -o size=12m tmpfs "$0" && exec "$@"`, disk)
	p := start(t, dir, wrap...)
	p.setUp(p.printed())

	acknowledged, status := 0, 0
	channel := func(name string) string {
		return `{"name":"` + name + `","type":"webhook","enabled":false,"config":{"url":"http://192.0.2.1/"},"template":"` + strings.Repeat("x", 4000) + `"}`
	}
	for acknowledged < 10000 {
		var err error
		if status, err = p.call("POST", "/channels", channel("s"+strconv.Itoa(acknowledged)), nil); err != nil {
			t.Fatalf("%v\n%s", err, p.stderr)
		}
		if status != 201 {
			break
		}
		acknowledged++
	}
	var problem struct{ Code string }
	if _, err := p.call("POST", "/channels", channel("more"), &problem); err != nil || status != 503 || problem.Code != "disk.full" {
		t.Fatalf("after %d writes: %d %+v %v", acknowledged, status, problem, err)
	}
	count := 0
	for cursor := ""; ; {
		var page struct {
			Items []struct{ Name string }
			Next  string `json:"next_cursor"`
		}
		p.must("GET", "/channels?limit=500&cursor="+url.QueryEscape(cursor), "", &page)
		for _, v := range page.Items {
			if v.Name[0] == 's' {
				count++
			}
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if count < acknowledged {
		t.Errorf("%d of %d acknowledged writes are there", count, acknowledged)
	}
	if ready := p.readyz(); !strings.Contains(ready, "disk") {
		t.Errorf("readyz: %s", ready)
	}
	more := append(enter, strconv.Itoa(p.cmd.Process.Pid), "mount", "-o", "remount,size=1g", disk)
	if out, err := tool(t, more...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.must("POST", "/channels", channel("after"), nil)
	p.must("PATCH", "/settings", `{"poll_seconds":11}`, nil)
}
