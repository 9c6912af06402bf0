package app_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"unity.internal/app/backup"
	"unity.internal/app/backup/place"
	"unity.internal/app/backup/place/placetest"
	"unity.internal/store"
)

// replicating runs the product on dir with a replica in a directory.
func replicating(t *testing.T, dir, replica string) *process {
	t.Helper()
	return start(t, dir, "env", "UNITY_REPLICA="+replica)
}

// replicaState is how an appliance says its replica is.
type replicaState struct {
	State     string
	Instance  string
	Remote    string     `json:"remote_position"`
	Synced    *time.Time `json:"synced_at"`
	Code      string
	Error     string
	Held      *time.Time   `json:"held_at"`
	LastDrill *store.Drill `json:"last_drill"`
}

// replica waits until the replica is as want says.
func (p *process) replica(what string, want func(replicaState) bool) (v replicaState) {
	p.t.Helper()
	end := time.After(patience)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		p.must("GET", "/backup", "", &v)
		if want(v) {
			return v
		}
		select {
		case <-tick.C:
		case <-end:
			p.t.Fatalf("the replica is never %s: %+v\n%s", what, v, p.stderr)
		}
		v = replicaState{}
	}
}

func following(v replicaState) bool { return v.State == "following" }

// synced has everything that is committed copied.
func (p *process) synced() (v replicaState) {
	p.t.Helper()
	p.replica("following", following)
	p.must("POST", "/backup/sync", "", &v)
	return v
}

// threshold writes one row and returns the status.
func (p *process) threshold(name string) (int, error) {
	return p.call("POST", "/thresholds", `{"name":"`+name+`","metric":"cpu_percent","condition":"gt","value":99,"for_seconds":0,"severity":"info","enabled":false}`, nil)
}

// names returns the thresholds of a database file that nobody has open.
func names(t *testing.T, path string) map[string]bool {
	t.Helper()
	s, err := store.Open(t.Context(), path)
	must(t, err)
	defer s.Close(t.Context())
	all := map[string]bool{}
	l := store.List{Limit: 500}
	for {
		page, err := s.Tenant(store.DefaultTenant).Thresholds(t.Context(), l)
		must(t, err)
		for _, v := range page.Items {
			all[v.Name] = true
		}
		if l.Cursor = page.Next; l.Cursor == "" {
			return all
		}
	}
}

// left copies the database that a process left behind when it was killed.
func left(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "unity.db")
	for _, suffix := range []string{"", "-wal"} {
		text, err := os.ReadFile(filepath.Join(dir, "unity.db"+suffix))
		must(t, err)
		write(t, path+suffix, string(text))
	}
	must(t, store.Fold(t.Context(), path))
	return path
}

// fetched restores an instance of a replica in a directory to a side file.
func fetched(t *testing.T, url, instance string) string {
	t.Helper()
	where := placetest.OpenWith(t, place.Config{URL: url}, nil)
	path := filepath.Join(t.TempDir(), "side.db")
	_, err := backup.Restore(t.Context(), where, instance, backup.Target{}, path, nil)
	must(t, err)
	return path
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestKilledAtAnyMomentTheReplicaIsASecondBehind kills the appliance 30 times
// while programs write, restores its replica each time and compares every row
// with the database that it left.
func TestKilledAtAnyMomentTheReplicaIsASecondBehind(t *testing.T) {
	t.Parallel()
	at := "file://" + filepath.Join(t.TempDir(), "replica")
	dir := filepath.Join(t.TempDir(), "data")
	p := replicating(t, dir, at)
	p.setUp(p.printed())
	instance := p.synced().Instance
	var longest time.Duration
	before := filepath.Join(t.TempDir(), "before.db")
	if out, err := run(t, "", "backup", before, "--data-dir", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.synced()
	n, proved := 0, 0
	for round := range 30 {
		var mu sync.Mutex
		acknowledged := map[string]time.Time{}
		var wg sync.WaitGroup
		for w := range 2 {
			wg.Go(func() {
				for i := 0; ; i++ {
					name := fmt.Sprintf("r%d-w%d-%d", round, w, i)
					if status, err := p.threshold(name); err != nil || status != 201 {
						return // it is dead
					}
					mu.Lock()
					acknowledged[name] = time.Now()
					mu.Unlock()
				}
			})
		}
		var said replicaState // by itself, last
		wg.Go(func() {
			for {
				var v replicaState
				if _, err := p.call("GET", "/backup", "", &v); err != nil {
					return
				}
				mu.Lock()
				said = v
				mu.Unlock()
			}
		})
		if round%2 == 0 { // the others may die before they follow
			v := p.replica("following", following)
			mu.Lock()
			said = v
			mu.Unlock()
		}
		<-time.After(time.Duration(50+rand.IntN(950)) * time.Millisecond) // the moment differs, nothing is waited for
		killed := time.Now()
		_ = p.end(syscall.SIGKILL)
		wg.Wait()

		live, side := left(t, dir), fetched(t, at, instance)
		d, err := store.Compare(t.Context(), live, side)
		must(t, err)
		there := names(t, side)
		for name, when := range acknowledged {
			n++
			if there[name] {
				continue
			}
			if said.Synced != nil && when.Before(*said.Synced) {
				t.Errorf("round %d: %s is missing; it was acknowledged %v before the moment until which everything was said to be there", round, name, said.Synced.Sub(when))
			}
			if said.State == "following" {
				longest = max(longest, killed.Sub(when))
			}
		}
		if said.State == "following" {
			proved++
		}
		for _, v := range d {
			if v.Appear.N > 0 && v.Table != "journal" { // what is packed leaves it
				t.Errorf("round %d: the replica holds what the box does not: %+v", round, v)
			}
		}
		if said.State == "following" { // since this life began: what the last one left is there, row by row
			d, err := store.Compare(t.Context(), before, side)
			must(t, err)
			for _, v := range d {
				if v.Vanish.N > 0 && v.Table != "journal" {
					t.Errorf("round %d: %+v", round, v)
				}
			}
		}
		before = live
		if round%10 == 9 {
			sound(t, side, filepath.Join(dir, "master.key"))
		}
		token := p.token // of a session that outlives the process
		p = replicating(t, dir, at)
		p.token = token
	}
	if n < 30 || proved < 15 || longest > 5*time.Second {
		t.Errorf("%d rows were acknowledged, %d of 30 lives were followed, and %v of one was missing", n, proved, longest)
	}
	p.must("POST", "/auth/step-up", `{"password":"`+password+`"}`, nil)
	p.must("POST", "/backup/drills", "", nil)
	if v := p.replica("proved", func(v replicaState) bool { return v.LastDrill != nil }); !v.LastDrill.Passed {
		t.Errorf("%+v", v.LastDrill)
	}
	t.Logf("%d rows acknowledged over 30 kills; of those that were followed at most the last %v is missing", n, longest)
	must(t, p.end(syscall.SIGTERM))
}

// sound has doctor look at a restored file: integrity, the chain of every audit, the vault.
func sound(t *testing.T, path, key string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	must(t, os.Mkdir(dir, 0o700))
	for from, to := range map[string]string{path: "unity.db", key: "master.key"} {
		text, err := os.ReadFile(from)
		must(t, err)
		write(t, filepath.Join(dir, to), string(text))
	}
	if out, err := run(t, "", "doctor", "--data-dir", dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestEightLivesOnOneReplica has a box die and come back elsewhere, eight times.
func TestEightLivesOnOneReplica(t *testing.T) {
	t.Parallel()
	at := "file://" + filepath.Join(t.TempDir(), "replica")
	home := t.TempDir()
	key := filepath.Join(home, "0", "master.key")
	type life struct {
		instance string
		rows     store.TableDigest
	}
	var lives []life
	for i := range 8 {
		dir := filepath.Join(home, strconv.Itoa(i))
		if i > 0 {
			out, err := run(t, "", "restore", "--replica", at, "--master-key", key, "--instance", lives[i-1].instance, "--data-dir", dir)
			if err != nil || !strings.Contains(out, "Everybody signs in anew") {
				t.Fatalf("%v\n%s", err, out)
			}
		}
		p := replicating(t, dir, at)
		if i == 0 {
			p.setUp(p.printed())
		} else {
			p.signIn()
		}
		if status, err := p.threshold(fmt.Sprint("life ", i)); err != nil || status != 201 {
			t.Fatal(status, err)
		}
		v := p.synced()
		if slices.ContainsFunc(lives, func(l life) bool { return l.instance == v.Instance }) || (v.Held != nil) != (i > 0) {
			t.Errorf("life %d: %+v", i, v)
		}
		_ = p.end(syscall.SIGKILL)
		lives = append(lives, life{v.Instance, rowsOf(t, left(t, dir), "thresholds")})
	}
	out, err := run(t, "", "restore", "--replica", at, "--master-key", key, "--list", "--data-dir", filepath.Join(home, "none"))
	must(t, err)
	for i, l := range lives {
		if !strings.Contains(out, l.instance) {
			t.Errorf("life %d is not in the list:\n%s", i, out)
		}
		side := fetched(t, at, l.instance)
		if got := rowsOf(t, side, "thresholds"); got != l.rows || got.Rows < int64(i+1) {
			t.Errorf("life %d: %+v, want %+v", i, got, l.rows)
		}
	}
	sound(t, fetched(t, at, lives[7].instance), key)
}

// rowsOf returns the digest of one table.
func rowsOf(t *testing.T, path, table string) store.TableDigest {
	t.Helper()
	d, err := store.DigestFile(t.Context(), path)
	must(t, err)
	i := slices.IndexFunc(d, func(v store.TableDigest) bool { return v.Table == table })
	return d[i]
}
