package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"filippo.io/age"
)

const phrase = "harbour lantern 42"

// TestATenantMovesByCommand exports a household beside its server and imports it
// beside another, and both without.
func TestATenantMovesByCommand(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	p.must("POST", "/servers", `{"name":"kept","host":"192.0.2.1","port":22,"username":"root","auth":"password","password":"`+secret+`"}`, nil)
	other, there := newAppliance(t)
	key, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	at := t.TempDir()
	identity := filepath.Join(at, "key.txt")
	write(t, identity, "# created by hand\n"+key.String()+"\n")
	file := func(name string) string { return filepath.Join(at, name) }
	answers := func(fails bool) func(in, want string, args ...string) {
		return func(in, want string, args ...string) {
			t.Helper()
			out, err := run(t, in, args...)
			if !strings.Contains(out, want) || (err != nil) != fails || strings.Contains(out, secret) {
				t.Fatalf("%v: %v\n%s", args, err, out)
			}
		}
	}
	do, refused := answers(false), answers(true)
	do(phrase+"\n", "Tenant default is in", "tenant", "export", "default", file("a.age"), "--data-dir", dir)
	refused(phrase+"\n", "transfer.exists", "tenant", "export", "default", file("a.age"), "--data-dir", dir)
	refused("short\n", "transfer.short_passphrase", "tenant", "export", "default", file("b.age"), "--data-dir", dir)
	refused(phrase+"\n", "not_found", "tenant", "export", "nobody", file("b.age"), "--data-dir", dir)
	refused(phrase+"\n", "transfer.system", "tenant", "export", "system", file("b.age"), "--data-dir", dir)
	refused("", "transfer.bad_recipient", "tenant", "export", "default", file("b.age"), "--recipient", "age1nothing", "--data-dir", dir)
	if _, err := os.Stat(file("b.age")); err == nil {
		t.Error("what failed leaves a file")
	}

	refused("wrong "+phrase+"\n", "transfer.wrong_key", "tenant", "import", file("a.age"), "--as", "home", "--data-dir", there)
	refused(phrase+"\n", "does not come from this file", "tenant", "import", file("a.age"), "--data-dir", there)
	do(phrase+"\n", "Tenant home is here", "tenant", "import", file("a.age"), "--as", "home", "--data-dir", there)
	do(phrase+"\n", "Nothing was changed", "tenant", "import", file("a.age"), "--as", "home", "--data-dir", there)
	do("", "tenant home: ", "doctor", "--data-dir", there)

	for _, one := range []*process{p, other} {
		if err := one.end(syscall.SIGTERM); err != nil {
			t.Fatalf("%v\n%s", err, one.stderr)
		}
		if strings.Contains(one.stderr.String(), secret) || strings.Contains(one.stderr.String(), phrase) {
			t.Errorf("the log holds a secret:\n%s", one.stderr)
		}
	}
	do("", "Tenant home is in", "tenant", "export", "home", file("c.age"), "--recipient", key.Recipient().String(), "--data-dir", there)
	refused("", "transfer.bad_identity", "tenant", "import", file("c.age"), "--identity", file("a.age"), "--data-dir", dir)
	do("", "Tenant home is here", "tenant", "import", file("c.age"), "--identity", identity, "--data-dir", dir)
	do("", "tenant home: ", "doctor", "--data-dir", dir)
	do("", "home", "tenant", "list", "--data-dir", dir)
	nothingHolds(t, secret, at, dir, there)
	for _, d := range []string{dir, there} {
		if left, _ := filepath.Glob(filepath.Join(d, "transfer-*")); len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// nothingHolds looks for a text in every file below some directories.
func nothingHolds(t *testing.T, text string, dirs ...string) {
	t.Helper()
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if bytes.Contains(data, []byte(text)) {
				t.Errorf("%s holds it", path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// sent posts a form whose last field is a file, and returns the answer.
func (p *process) sent(path string, fields [][2]string, file []byte) (status int, answer string) {
	p.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for _, f := range fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			p.t.Fatal(err)
		}
	}
	if file != nil {
		w, err := form.CreateFormFile("file", "tenant.age")
		if err != nil {
			p.t.Fatal(err)
		}
		if _, err := w.Write(file); err != nil {
			p.t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		p.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base+"/api/v1"+path, &body)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+p.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return res.StatusCode, string(text)
}

// TestATenantMovesByTheAPI downloads an export and uploads it to another
// appliance, larger than any other body may be.
func TestATenantMovesByTheAPI(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	p.must("POST", "/servers", `{"name":"kept","host":"192.0.2.1","port":22,"username":"root","auth":"password","password":"`+secret+`","notes":"of the attic"}`, nil)
	other, there := newAppliance(t)
	for _, one := range []*process{p, other} {
		one.must("POST", "/auth/step-up", `{"password":"`+password+`"}`, nil)
	}
	var problem struct{ Code string }
	for body, want := range map[string]string{
		`{}`:                        "transfer.nobody",
		`{"passphrase":"short"}`:    "transfer.short_passphrase",
		`{"recipients":["secret"]}`: "transfer.bad_recipient",
		`{"who":"me"}`:              "request.bad_body",
		`nothing`:                   "request.bad_body",
	} {
		if status, err := p.call("POST", "/tenants/default/export", body, &problem); err != nil || status != 422 || problem.Code != want {
			t.Errorf("%s: %d %+v %v", body, status, problem, err)
		}
	}
	var file []byte
	p.must("POST", "/tenants/default/export", `{"passphrase":"`+phrase+`"}`, &file)
	if !bytes.HasPrefix(file, []byte("age-encryption.org/v1")) || bytes.Contains(file, []byte(secret)) {
		t.Fatalf("%.60q", file)
	}
	pass, as := [2]string{"passphrase", phrase}, [2]string{"as", "home"}
	for name, bad := range map[string]struct {
		fields [][2]string
		file   []byte
		status int
		code   string
	}{
		"another passphrase": {[][2]string{{"passphrase", "x" + phrase}, as}, file, 422, "transfer.wrong_key"},
		"none":               {[][2]string{as}, file, 422, "transfer.no_key"},
		"no file":            {[][2]string{pass, as}, nil, 422, "upload.no_file"},
		"another field":      {[][2]string{pass, {"who", "me"}}, file, 422, "upload.bad_field"},
		"no export":          {[][2]string{pass, as}, bytes.Repeat([]byte("x"), 3<<20), 422, "transfer.damaged"},
	} {
		if status, answer := other.sent("/tenants/import", bad.fields, bad.file); status != bad.status || !strings.Contains(answer, bad.code) {
			t.Errorf("%s: %d %s", name, status, answer)
		}
	}
	status, answer := other.sent("/tenants/import", [][2]string{pass, as}, file)
	var j struct{ ID, Kind string }
	if err := json.Unmarshal([]byte(answer), &j); err != nil || status != http.StatusAccepted || j.Kind != "tenants.import" {
		t.Fatalf("%d %s %v", status, answer, err)
	}
	if done := other.job(j.ID); !strings.Contains(done, "Tenant home is here") || !strings.Contains(done, "Left out, because somebody else here has the name or one that looks like it: "+userName) {
		t.Error(done)
	}
	other.must("PATCH", "/system/settings", `{"multi_tenancy":true}`, nil)
	var all servers
	other.must("GET", "/servers?q=kept&tenant=home", "", &all)
	if len(all.Items) != 1 {
		t.Errorf("%+v", all)
	}
	nothingHolds(t, secret, dir, there)
	nothingHolds(t, phrase, dir, there)
}

// job waits until a job of the appliance has ended, and returns it as text.
func (p *process) job(id string) string {
	p.t.Helper()
	late, tick := time.After(patience), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for {
		var v struct {
			Ended *string `json:"ended_at"`
			State string
			Error string
			Log   []string
		}
		p.must("GET", "/jobs/"+id+"?tenant=system", "", &v)
		if v.Ended != nil {
			return fmt.Sprintln(v.State, v.Error, v.Log)
		}
		select {
		case <-tick.C:
		case <-late:
			p.t.Fatalf("it does not end: %+v", v)
		}
	}
}
