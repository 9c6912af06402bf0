package app_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"unity.internal/app/backup/kit"
)

const kitPassphrase = "MARKER-lantern-42"

// replicated makes an appliance with a replica in a directory, and one secret.
func replicated(t *testing.T) (p *process, dir, replica string) {
	t.Helper()
	p, dir = newAppliance(t)
	replica = filepath.Join(t.TempDir(), "replica")
	p.must("PATCH", "/backup/settings", fmt.Sprintf(`{"replica":{"url":"file://%s"}}`, replica), nil)
	p.must("POST", "/servers", `{"name":"nas","host":"192.0.2.9","username":"root","auth":"password","password":"x"}`, nil)
	return p, dir, replica
}

// knows fails unless an appliance is the one that replicated made, with its
// secrets opened and its people known.
func (p *process) knows() {
	p.t.Helper()
	late, tick := time.After(patience), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for { // it may be restarting
		var answer struct {
			Token string `json:"access_token"`
		}
		status, err := p.call("POST", "/auth/token", fmt.Sprintf(`{"username":%q,"password":%q}`, userName, password), &answer)
		if err == nil && status == 200 {
			p.token = answer.Token
			break
		}
		select {
		case <-tick.C:
		case <-late:
			p.t.Fatalf("nobody can sign in: %d %v\n%s", status, err, p.stderr)
		}
	}
	var state struct{ Locked bool }
	p.must("GET", "/vault", "", &state)
	var all servers
	p.must("GET", "/servers", "", &all)
	if state.Locked || len(all.Items) != 2 {
		p.t.Fatalf("%+v %+v", state, all)
	}
}

// TestARecoveryKitBringsTheApplianceBack makes one on the page and one by the
// command, and restores with each on a box that has nothing.
func TestARecoveryKitBringsTheApplianceBack(t *testing.T) {
	t.Parallel()
	p, dir, replica := replicated(t)
	var made struct {
		Text, Host string
		FileName   string `json:"file_name"`
		Replica    string
		QR         []byte `json:"qr_png"`
	}
	p.must("POST", "/backup/kit", `{"passphrase":"`+kitPassphrase+`"}`, &made)
	if made.Replica != "file://"+replica || len(made.QR) == 0 || !strings.HasSuffix(made.FileName, ".txt") || strings.ContainsAny(made.FileName, "/ ") {
		t.Fatalf("%+v", made)
	}
	var state struct {
		Kit *time.Time `json:"kit_at"`
	}
	if p.must("GET", "/backup", "", &state); state.Kit == nil {
		t.Error("it is not noted")
	}
	box := t.TempDir()
	page, file := filepath.Join(box, "page.txt"), filepath.Join(box, "file.txt")
	write(t, page, strings.ReplaceAll(made.Text, "\n", "\r\n> "))
	if out, err := run(t, kitPassphrase+"\n", "kit", file, "--data-dir", dir); err != nil || strings.Contains(out, "BEGIN") {
		t.Fatalf("%v\n%s", err, out)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info, err)
	}
	p.must("POST", "/backup/sync", "", nil)
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}

	other := filepath.Join(box, "other")
	if out, err := run(t, "another lantern 43", "restore", "--kit", page, "--data-dir", other); err == nil || !strings.Contains(out, "(kit.wrong_passphrase)") {
		t.Fatalf("a wrong passphrase: %v\n%s", err, out)
	}
	if out, err := run(t, kitPassphrase, "restore", "--kit", page, "--data-dir", other); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	q := start(t, other)
	q.knows()
	if err := q.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}

	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	r := start(t, filepath.Join(box, "third"))
	ask, err := json.Marshal(map[string]string{"token": r.printed(), "kit": string(text), "kit_passphrase": kitPassphrase})
	if err != nil {
		t.Fatal(err)
	}
	wrong := strings.ReplaceAll(string(ask), kitPassphrase, "another lantern 43")
	if status, err := r.call("POST", "/setup/restore/find", wrong, nil); err != nil || status != 403 {
		t.Fatal("a wrong passphrase", status, err)
	}
	var found struct{ Items []struct{ Instance string } }
	r.must("POST", "/setup/restore/find", string(ask), &found)
	if len(found.Items) == 0 {
		t.Fatal("nothing is found")
	}
	ask = []byte(strings.Replace(string(ask), "{", fmt.Sprintf(`{"instance":%q,`, found.Items[0].Instance), 1))
	r.must("POST", "/setup/restore", string(ask), nil)
	r.knows()
	if all := r.stderr.String() + q.stderr.String() + p.stderr.String(); strings.Contains(all, kitPassphrase) {
		t.Error("the passphrase is in the log")
	}
}

// TestAKitOfAnApplianceThatIsOff names the replica by flags, and refuses what
// cannot be right before it writes anything.
func TestAKitOfAnApplianceThatIsOff(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	box := t.TempDir()
	file, there, nothing := filepath.Join(box, "kit.txt"), filepath.Join(box, "there.txt"), filepath.Join(box, "nothing")
	write(t, there, "mine")
	for _, c := range []struct {
		name, in string
		args     []string
		want     string
	}{
		{"short", "short", []string{file}, "(passphrase.short)"},
		{"common", "password1234", []string{file}, "(passphrase.common)"},
		{"none", "", []string{file}, "(passphrase.short)"},
		{"a file that is there", kitPassphrase, []string{there}, "(kit.exists)"},
		{"no directory", kitPassphrase, []string{filepath.Join(nothing, "kit.txt")}, "no such file"},
		{"a replica that cannot be", kitPassphrase, []string{file, "--replica", "ftp://x"}, "(replica.invalid)"},
		{"a passphrase as an argument", "", []string{file, "--passphrase", kitPassphrase}, "unknown flag"},
		{"an empty directory", kitPassphrase, []string{file, "--data-dir", nothing}, "(data_dir.empty)"},
	} {
		args := append([]string{"kit", "--data-dir", dir}, c.args...)
		if out, err := run(t, c.in, args...); err == nil || !strings.Contains(out, c.want) {
			t.Errorf("%s: %v\n%s", c.name, err, out)
		}
		if _, err := os.Stat(file); !os.IsNotExist(err) {
			t.Errorf("%s: a file is left", c.name)
		}
	}
	if text, err := os.ReadFile(there); err != nil || string(text) != "mine" {
		t.Error("a file of somebody was written over", err)
	}
	for want, args := range map[string][]string{
		"file:///srv/replica": {"--replica", "file:///srv/replica"},
		"none was set":        {},
	} {
		out, err := run(t, kitPassphrase, append([]string{"kit", "--data-dir", dir}, args...)...)
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("%v\n%s", err, out)
		}
		k, err := kit.Read(out, []byte(kitPassphrase))
		if err != nil || strings.Contains(string(k.Replica), "/srv/replica") != (len(args) > 0) {
			t.Errorf("%v %s", err, k.Replica)
		}
	}
}

// TestAKitKnowsTheWayThatFlagsNamed asks an appliance whose replica stands on its
// command line, with a secret that only its file holds.
func TestAKitKnowsTheWayThatFlagsNamed(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "secret")
	write(t, file, "MARKER-of-the-replica")
	dir := filepath.Join(t.TempDir(), "data")
	p := start(t, dir, "env", "UNITY_REPLICA=webdav://127.0.0.1:1/x", "UNITY_REPLICA_USERNAME=u", "UNITY_REPLICA_SECRET_FILE="+file)
	p.setUp(p.printed())
	out, err := run(t, kitPassphrase, "kit", "--data-dir", dir)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	k, err := kit.Read(out, []byte(kitPassphrase))
	if err != nil || !strings.Contains(string(k.Replica), `"username":"u"`) || string(k.ReplicaSecret) != "MARKER-of-the-replica" {
		t.Fatalf("%v %s", err, k.Replica)
	}
	if strings.Contains(out, "MARKER") {
		t.Error("the kit shows the secret")
	}
}

// TestAKitOpensWhatAPassphraseLocked makes a kit of a vault that opens with a
// passphrase, forgets that, and brings a copy of the database back with it.
func TestAKitOpensWhatAPassphraseLocked(t *testing.T) {
	t.Parallel()
	box := t.TempDir()
	dir, pass := filepath.Join(box, "data"), filepath.Join(box, "pass")
	write(t, pass, "harbour lantern 42\n")
	p := start(t, dir, "env", "UNITY_PASSPHRASE_FILE="+pass)
	p.setUp(p.printed())
	p.must("POST", "/servers", `{"name":"nas","host":"192.0.2.9","username":"root","auth":"password","password":"x"}`, nil)
	file, backup := filepath.Join(box, "kit.txt"), filepath.Join(box, "copy.db")
	for _, args := range [][]string{{"kit", file}, {"backup", backup}} {
		if out, err := run(t, kitPassphrase, append(args, "--data-dir", dir)...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"off", "on"} {
		if name == "on" {
			q := start(t, dir) // locked
			defer q.end(syscall.SIGTERM)
		}
		if out, err := run(t, kitPassphrase, "kit", file+name, "--data-dir", dir); err == nil || !strings.Contains(out, "(vault.locked)") {
			t.Errorf("%s: a locked vault: %v\n%s", name, err, out)
		}
		if _, err := os.Stat(file + name); !os.IsNotExist(err) {
			t.Errorf("%s: a file is left", name)
		}
	}
	other := filepath.Join(box, "other")
	if out, err := run(t, kitPassphrase, "restore", backup, "--kit", file, "--data-dir", other); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	start(t, other).knows()
}

// TestTheKitOfAnotherBringsNothingBack leaves nothing behind.
func TestTheKitOfAnotherBringsNothingBack(t *testing.T) {
	t.Parallel()
	box := t.TempDir()
	file, backup := filepath.Join(box, "kit.txt"), filepath.Join(box, "copy.db")
	for _, args := range [][]string{{"kit", file}, {"backup", backup}} {
		p, dir := newAppliance(t)
		if out, err := run(t, kitPassphrase, append(args, "--data-dir", dir)...); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if err := p.end(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	dir := filepath.Join(box, "data")
	if out, err := run(t, kitPassphrase, "restore", backup, "--kit", file, "--data-dir", dir); err == nil || !strings.Contains(out, "(restore.other_kit)") {
		t.Fatalf("%v\n%s", err, out)
	}
	left, err := os.ReadDir(dir)
	for _, f := range left {
		if f.Name() != "unity.lock" {
			t.Error(f.Name(), "is left")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestNeitherKeyNorPassphraseOfAKitIsSeen looks for both where they must not be:
// in the log, the audit, answers and every file but the key's own.
func TestNeitherKeyNorPassphraseOfAKitIsSeen(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	text, err := os.ReadFile(filepath.Join(dir, "master.key"))
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	p.must("PATCH", "/backup/settings", `{"replica":{"url":"webdav://127.0.0.1:1/x","username":"u"},"replica_secret":"MARKER-of-the-replica"}`, nil)
	secrets := []string{"MARKER-of-the-replica", kitPassphrase, strings.TrimSpace(string(text)), string(raw), hex.EncodeToString(raw)}
	seen := func(where, text string) {
		for i, s := range secrets {
			if strings.Contains(text, s) {
				t.Errorf("%s shows secret %d", where, i)
			}
		}
	}
	for _, body := range []string{`{"passphrase":"` + kitPassphrase + `"}`, `{"passphrase":"` + kitPassphrase + `","x":1}`, `{"passphrase":["` + kitPassphrase + `"]}`} {
		var answer []byte
		if _, err := p.call("POST", "/backup/kit", body, &answer); err != nil || len(answer) == 0 {
			t.Fatal(err)
		}
		seen("the answer", string(answer))
	}
	out, err := run(t, kitPassphrase, "kit", "--data-dir", dir)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	seen("the command", out)
	if k, err := kit.Read(out, []byte(kitPassphrase)); err != nil || string(k.ReplicaSecret) != "MARKER-of-the-replica" || string(k.MasterKey) != string(raw) {
		t.Error("it does not hold what was sealed", err)
	}
	var audit []byte
	p.must("GET", "/audit?tenant=system", "", &audit)
	if seen("the audit", string(audit)); strings.Count(string(audit), `"backup.kit"`) != 2 {
		t.Errorf("the audit knows of other kits: %s", audit)
	}
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	seen("the log", p.stderr.String())
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "master.key" {
			return err
		}
		text, err := os.ReadFile(path)
		seen(path, string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
