package app_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"unity.internal/app/backup/kit"
	"unity.internal/app/backup/place"
	"unity.internal/app/backup/place/placetest"
)

// dav starts a WebDAV server, with what names it to a process, as variables and as flags.
func dav(t *testing.T) (s *placetest.Server, env, flags []string) {
	t.Helper()
	s = placetest.WebDAV(t)
	file := filepath.Join(t.TempDir(), "password")
	write(t, file, string(s.Secret))
	return s, []string{"env", "UNITY_REPLICA=" + s.Config.URL, "UNITY_REPLICA_USERNAME=ada", "UNITY_REPLICA_SECRET_FILE=" + file},
		[]string{"--replica", s.Config.URL, "--replica-username", "ada", "--replica-secret-file", file}
}

// proved makes a program prove again who it is.
func (p *process) proved() {
	p.t.Helper()
	p.must("POST", "/auth/step-up", `{"password":"`+password+`"}`, nil)
}

// problem sends a request that has to fail and returns its code.
func (p *process) problem(method, path, body string) string {
	p.t.Helper()
	var v struct{ Code string }
	if status, err := p.call(method, path, body, &v); err != nil || status < 400 {
		p.t.Fatalf("%s %s: %d %v\n%s", method, path, status, err, p.stderr)
	}
	return v.Code
}

// until waits until want says so.
func (p *process) until(what string, want func() bool) {
	p.t.Helper()
	end := time.After(patience)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !want() {
		select {
		case <-tick.C:
		case <-end:
			p.t.Fatalf("never %s\n%s", what, p.stderr)
		}
	}
}

// thresholds returns the names of those that there are, as the API has them.
func (p *process) thresholds() (all []string) {
	p.t.Helper()
	var page struct{ Items []struct{ Name string } }
	p.must("GET", "/thresholds?limit=500", "", &page)
	for _, v := range page.Items {
		all = append(all, v.Name)
	}
	return all
}

// files returns what a directory holds, with sizes and times.
func files(t *testing.T, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	must(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		all[path] = fmt.Sprint(info.Size(), info.ModTime())
		return err
	}))
	return all
}

// kitOf writes a recovery kit of a box as its page does.
func kitOf(t *testing.T, s *placetest.Server, dir, passphrase string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "master.key"))
	must(t, err)
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	must(t, err)
	config, err := json.Marshal(s.Config)
	must(t, err)
	k, err := kit.Kit{MasterKey: key, Replica: config, ReplicaSecret: s.Secret, URL: s.Config.URL}.Write([]byte(passphrase))
	must(t, err)
	return k
}

// TestAnEmptyBoxComesBack restores a box that died on another one, in each way
// there is, and refuses whatever is not right without leaving anything.
func TestAnEmptyBoxComesBack(t *testing.T) {
	t.Parallel()
	s, env, flags := dav(t)
	dir, home := filepath.Join(t.TempDir(), "data"), t.TempDir()
	p := start(t, dir, env...)
	p.setUp(p.printed())
	if status, err := p.threshold("early"); err != nil || status != 201 {
		t.Fatal(status, err)
	}
	early, then := p.synced(), time.Now()
	if status, err := p.threshold("late"); err != nil || status != 201 {
		t.Fatal(status, err)
	}
	p.synced()
	_ = p.end(syscall.SIGKILL)

	key, wrong, kept := filepath.Join(dir, "master.key"), filepath.Join(home, "wrong.key"), filepath.Join(home, "kit.txt")
	write(t, wrong, base64.StdEncoding.EncodeToString(make([]byte, 32))+"\n")
	write(t, kept, kitOf(t, s, dir, "a long passphrase"))
	denied := filepath.Join(home, "denied")
	write(t, denied, string(s.Wrong))
	with := func(more ...string) []string { return append(slices.Clone(flags), more...) }
	empty := filepath.Join(home, "empty")
	for _, v := range []struct {
		code, in string
		args     []string
	}{
		{"vault.wrong_key", "", with("--master-key", wrong)},
		{"vault.wrong_key", "no passphrase", with()},
		{"kit.wrong_passphrase", "nor this", []string{"--kit", kept}},
		{"kit.damaged", "a long passphrase", []string{"--kit", key}},
		{"restore.no_key", "", with()},
		{"restore.no_instance", "", with("--master-key", key, "--instance", "nobody")},
		{"restore.position", "", with("--master-key", key, "--txid", "xyz")},
		{"restore.either", "", with("--master-key", key, "--txid", early.Remote, "--timestamp", then.Format(time.RFC3339Nano))},
		{"restore.no_moment", "", with("--master-key", key, "--timestamp", "2020-01-01T00:00:00Z")},
		{"replica.denied", "", with("--master-key", key, "--replica-secret-file", denied)},
		{"restore.empty", "", with("--master-key", key, "--replica", s.Config.URL+"/nowhere")},
		{"restore.source", "", []string{"--master-key", key}},
		{"restore.occupied", "", with("--master-key", key, "--data-dir", dir)},
	} {
		args := append([]string{"restore", "--data-dir", empty}, v.args...)
		out, err := run(t, v.in, args...)
		if err == nil || !strings.Contains(out, v.code) {
			t.Errorf("%v: %v\n%s", v.args, err, out)
		}
		for path := range files(t, home) {
			if strings.HasPrefix(path, empty) && filepath.Base(path) != "unity.lock" {
				t.Errorf("%s: it left %s", v.code, path)
			}
		}
	}
	out, err := run(t, "", append([]string{"restore"}, with("--master-key", key, "--list", "--data-dir", filepath.Join(home, "none"))...)...)
	if err != nil || !strings.Contains(out, early.Instance) || strings.Count(out, "\n") != 2 {
		t.Errorf("%v\n%s", err, out)
	}

	text, err := os.ReadFile(key)
	must(t, err)
	for name, v := range map[string]struct {
		in   string
		args []string
		late bool
	}{
		"key":       {"", with("--master-key", key), true},
		"typed":     {string(text), with(), true},
		"kit":       {"a long passphrase", []string{"--kit", kept}, true},
		"timestamp": {"", with("--master-key", key, "--timestamp", then.Format(time.RFC3339Nano)), false},
		"txid":      {"", with("--master-key", key, "--txid", early.Remote), false},
	} {
		to := filepath.Join(home, name)
		if out, err := run(t, v.in, append([]string{"restore", "--data-dir", to}, v.args...)...); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
			continue
		}
		all := names(t, filepath.Join(to, "unity.db"))
		if !all["early"] || all["late"] != v.late {
			t.Errorf("%s: %v", name, slices.Sorted(maps.Keys(all)))
		}
		if own, err := os.ReadFile(filepath.Join(to, "master.key")); err != nil || string(own) != string(text) {
			t.Errorf("%s: the master key is not there: %v", name, err)
		}
	}

	p = start(t, filepath.Join(home, "kit"))
	p.signIn()
	if v := p.replica("there", func(replicaState) bool { return true }); v.Held == nil || v.Instance == early.Instance {
		t.Errorf("%+v", v)
	}
	p.until("degraded", func() bool { return strings.Contains(p.readyz(), "held since the restore") }) // without a replica, too
	must(t, p.end(syscall.SIGTERM))
}

// TestKilledWhileItRestores kills the command at any moment and begins it again,
// until it is done.
func TestKilledWhileItRestores(t *testing.T) {
	t.Parallel()
	url := "file://" + filepath.Join(t.TempDir(), "replica")
	dir, to := filepath.Join(t.TempDir(), "data"), filepath.Join(t.TempDir(), "to")
	p := replicating(t, dir, url)
	p.setUp(p.printed())
	if status, err := p.threshold("mine"); err != nil || status != 201 {
		t.Fatal(status, err)
	}
	p.synced()
	_ = p.end(syscall.SIGKILL)
	args := []string{"restore", "--replica", url, "--master-key", filepath.Join(dir, "master.key"), "--data-dir", to}
	killed := 0
	for i := range 30 {
		cmd := command(t, args...)
		must(t, cmd.Start())
		<-time.After(time.Duration(10+8*i) * time.Millisecond) // the moment differs, nothing is waited for
		_ = cmd.Process.Kill()
		if cmd.Wait() == nil {
			break // it was faster
		}
		killed++
	}
	out, err := run(t, "", args...)
	if err != nil && !strings.Contains(out, "restore.occupied") { // it was killed when all was done
		t.Fatalf("%v\n%s", err, out)
	}
	p = start(t, to)
	p.signIn()
	if !slices.Contains(p.thresholds(), "mine") {
		t.Errorf("%v", p.thresholds())
	}
	must(t, p.end(syscall.SIGTERM))
	for path := range files(t, to) {
		if strings.Contains(path, "restored") || strings.Contains(path, "swap.json") || strings.HasSuffix(path, ".tmp") {
			t.Errorf("%s is left", path)
		}
	}
	t.Logf("it was killed %d times", killed)
}

// TestAStopDoesNotWaitForASilentReplica stops a box whose replica says nothing.
func TestAStopDoesNotWaitForASilentReplica(t *testing.T) {
	t.Parallel()
	s, env, _ := dav(t)
	p := start(t, filepath.Join(t.TempDir(), "data"), env...)
	p.setUp(p.printed())
	p.synced()
	s.Silence()
	if status, err := p.threshold("mine"); err != nil || status != 201 {
		t.Fatal(status, err)
	}
	began := time.Now()
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Errorf("%v\n%s", err, p.stderr)
	}
	if took := time.Since(began); took > 18*time.Second { // ten are given to the last copy, and none to the lease then
		t.Errorf("it took %v", took)
	}
}

// TestRootRestoresForAnother restores into the directory of a user: nothing in
// it is root's then.
func TestRootRestoresForAnother(t *testing.T) {
	t.Parallel()
	_, env, flags := dav(t)
	dir := filepath.Join(t.TempDir(), "data")
	p := start(t, dir, env...)
	p.setUp(p.printed())
	p.synced()
	_ = p.end(syscall.SIGKILL)
	user, group := os.Geteuid(), os.Getegid() // only root can become another user
	if user == 0 {
		user, group = 65534, 65534
	}
	root := t.TempDir()
	for _, path := range []string{filepath.Dir(root), root} {
		must(t, os.Chmod(path, 0o755))
	}
	theirs := filepath.Join(root, "theirs")
	must(t, os.Mkdir(theirs, 0o700))
	must(t, os.Chown(theirs, user, group))
	if out, err := run(t, "", append([]string{"restore", "--data-dir", theirs, "--master-key", filepath.Join(dir, "master.key")}, flags...)...); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for path := range files(t, theirs) {
		info, err := os.Stat(path)
		must(t, err)
		if of := info.Sys().(*syscall.Stat_t); int(of.Uid) != user || int(of.Gid) != group {
			t.Errorf("%s belongs to %d:%d", path, of.Uid, of.Gid)
		}
	}
}

// TestTheSetUpPageBringsABoxBack restores by way of the API that set-up has,
// before anybody can sign in.
func TestTheSetUpPageBringsABoxBack(t *testing.T) {
	t.Parallel()
	s := placetest.WebDAV(t)
	old, dir := filepath.Join(t.TempDir(), "old"), filepath.Join(t.TempDir(), "data")
	p := start(t, old)
	p.setUp(p.printed())
	p.proved()
	config, err := json.Marshal(s.Config)
	must(t, err)
	p.must("PATCH", "/backup/settings", fmt.Sprintf(`{"replica":%s,"replica_secret":%q}`, config, s.Secret), nil)
	if status, err := p.threshold("mine"); err != nil || status != 201 {
		t.Fatal(status, err)
	}
	was := p.synced()
	_ = p.end(syscall.SIGKILL)
	untouched := files(t, filepath.Join(s.Dir, was.Instance))
	key, err := os.ReadFile(filepath.Join(old, "master.key"))
	must(t, err)

	p = start(t, dir)
	token := p.printed()
	ask := func(token, key string, c place.Config) string {
		text, err := json.Marshal(map[string]any{"token": token, "replica": c, "replica_secret": string(s.Secret), "key": key})
		must(t, err)
		return string(text)
	}
	right := ask(token, string(key), s.Config)
	for body, want := range map[string]string{
		ask("wrong", string(key), s.Config):                                                    "setup.invalid_token",
		ask(token, base64.StdEncoding.EncodeToString(make([]byte, 32)), s.Config):              "vault.wrong_key",
		ask(token, "", s.Config):                                                               "restore.no_key",
		ask(token, string(key), place.Config{URL: s.Config.URL + "/nowhere", Username: "ada"}): "restore.empty",
	} {
		if got := p.problem("POST", "/setup/restore/find", body); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := p.problem("POST", "/setup/restore", ask("wrong", string(key), s.Config)); got != "setup.invalid_token" {
		t.Errorf("a wrong token to restore with: %s", got)
	}
	var found struct {
		Items []struct {
			Instance, Host string
			Moments        int
			Bytes          int64
		}
	}
	p.must("POST", "/setup/restore/find", right, &found)
	if len(found.Items) != 1 || found.Items[0].Instance != was.Instance || found.Items[0].Moments == 0 || found.Items[0].Bytes == 0 {
		t.Errorf("%+v", found)
	}
	var task struct{ State, Code, Error string }
	p.must("GET", "/setup/restore", "", &task)
	if task.State != "none" {
		t.Errorf("%+v", task)
	}
	s.Silence() // so that it hangs
	p.must("POST", "/setup/restore", right, &task)
	if got := p.problem("POST", "/setup/restore", right); got != "backup.busy" || task.State != "running" {
		t.Errorf("a second one while one runs: %s %+v", got, task)
	}
	s.Away() // it fails, is said to have, and can be begun again
	p.until("failed", func() bool { p.must("GET", "/setup/restore", "", &task); return task.State == "failed" })
	if task.Code != "replica.unreachable" || task.Error == "" {
		t.Errorf("%+v", task)
	}
	s.Back()
	p.must("POST", "/setup/restore", right, &task)
	p.until("in place", func() bool {
		status, err := p.call("POST", "/auth/token", fmt.Sprintf(`{"username":%q,"password":%q}`, userName, password), nil)
		return err == nil && status == 200
	})
	p.signIn()
	if !slices.Contains(p.thresholds(), "mine") {
		t.Errorf("%v", p.thresholds())
	}
	if got := p.problem("POST", "/setup/restore/find", right); got != "setup.done" {
		t.Errorf("after it was set up: %s", got)
	}
	if got := p.problem("POST", "/setup/restore", right); got != "setup.done" {
		t.Errorf("after it was set up: %s", got)
	}
	if v := p.synced(); v.Held == nil || v.Instance == was.Instance {
		t.Errorf("%+v", v)
	}
	p.must("POST", "/backup/release", "", nil)
	if v := p.replica("released", func(v replicaState) bool { return v.Held == nil }); v.State != "following" {
		t.Errorf("%+v", v)
	}
	must(t, p.end(syscall.SIGTERM))
	p.keepsToItself(dir, strings.TrimSpace(string(key)), string(s.Secret), token)
	if now := files(t, filepath.Join(s.Dir, was.Instance)); !maps.Equal(now, untouched) {
		t.Errorf("the old instance was touched: %v, then %v", untouched, now)
	}
}

// keepsToItself fails the test if a secret stands in the log, or in what is kept
// in a directory but the file of the master key.
func (p *process) keepsToItself(dir string, secrets ...string) {
	p.t.Helper()
	all := map[string]string{"the log": p.stderr.String()}
	for path := range files(p.t, dir) {
		if filepath.Base(path) != "master.key" && !strings.HasPrefix(filepath.Base(path), "master.key.") {
			text, err := os.ReadFile(path)
			must(p.t, err)
			all[path] = string(text)
		}
	}
	for where, text := range all {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				p.t.Errorf("%s holds a secret", where)
			}
		}
	}
}

// get returns what an address outside the API says on loopback.
func (p *process) get(path string) string {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+path, nil)
	must(p.t, err)
	res, err := http.DefaultClient.Do(req)
	must(p.t, err)
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	must(p.t, err)
	return string(text)
}
