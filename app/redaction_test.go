package app_test

import (
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// secret is what must never be seen again once it was handed over.
const secret = "MARKER-7f3d9c-SECRET"

// known is what people, places and tenants are called, which is no secret to who
// has the appliance, and nobody else's business.
const known = "marker-4b1e"

// TestASecretIsNeverSeenAgain hands one marker over in every way there is, and
// looks for it in answers, events, logs, exports and every file that is kept.
func TestASecretIsNeverSeenAgain(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	p.must("POST", "/auth/change-password", fmt.Sprintf(`{"current_password":%q,"new_password":%q}`, password, secret), nil)
	p.must("POST", "/auth/step-up", `{"password":"`+secret+`"}`, nil)
	for _, send := range []struct {
		method, path, body string
		status             int
	}{
		{"POST", "/auth/login", `{"username":"lea","password":"wrong ` + secret + `"}`, 401},
		{"POST", "/auth/token", `{"username":"lea","password":"` + secret + `"}`, 200},
		{"POST", "/auth/refresh", `{"refresh_token":"` + secret + `"}`, 401},
		{"POST", "/setup", `{"token":"` + secret + `","username":"eve","password":"` + secret + `"}`, 409},
		{"POST", "/unlock", `{"passphrase":"` + secret + `"}`, 403},
		{"POST", "/servers", `{"name":"one","host":"127.0.0.1","port":1,"username":"root","auth":"password","password":"` + secret + `"}`, 201},
		{"POST", "/servers", `{"name":"two","host":"127.0.0.1","port":1,"username":"root","auth":"key","private_key":"` + secret + `","passphrase":"` + secret + `"}`, 422},
		{"POST", "/servers/test", `{"name":"three","host":"127.0.0.1","port":1,"username":"root","auth":"password","password":"` + secret + `"}`, 200},
		{"POST", "/servers/import", `{"format":"csv","text":"name,host,username,auth,password\nfour,127.0.0.1,root,password,` + secret + `","dry_run":true}`, 200},
		{"POST", "/servers/import", `{"format":"csv","text":"name,host,username,auth,password\nfour,127.0.0.1,root,password,` + secret + `"}`, 200},
		{"POST", "/clusters", `{"name":"lab","kubeconfig":` + kubeconfig("token: "+secret) + `}`, 201},
		{"POST", "/clusters", `{"name":"cloud","kubeconfig":` + kubeconfig("exec: {apiVersion: v1, command: x, interactiveMode: Never, args: ["+secret+"]}") + `}`, 422},
		{"POST", "/clusters/test", `{"kubeconfig":` + kubeconfig("token: "+secret) + `}`, 200},
		{"POST", "/clusters/contexts", `{"kubeconfig":` + kubeconfig("token: "+secret) + `}`, 200},
		{"POST", "/clusters/contexts", `{"kubeconfig":"` + secret + `"}`, 422},
		{"POST", "/channels", `{"name":"hook","type":"webhook","enabled":true,"config":{"url":"http://127.0.0.1:1/","secret":"` + secret + `","headers":{"X-Key":"` + secret + `"}}}`, 201},
		{"POST", "/channels", `{"name":"push","type":"ntfy","enabled":true,"config":{"server":"http://127.0.0.1:1","topic":"t","token":"` + secret + `"}}`, 201},
		{"POST", "/channels", `{"name":"mail","type":"smtp","enabled":true,"config":{"host":"127.0.0.1","port":1,"tls":"starttls","username":"u","password":"` + secret + `","from":"a@example.org","to":["b@example.org"]}}`, 201},
		{"POST", "/auth/step-up", `{"password":"wrong ` + secret + `"}`, 422},
		{"POST", "/auth/step-up", `{"code":"` + secret + `"}`, 422},
		{"POST", "/auth/login/code", `{"challenge":"` + secret + `","code":"` + secret + `"}`, 401},
		{"POST", "/auth/reset", `{"token":"` + secret + `","password":"` + secret + `"}`, 403},
		{"POST", "/auth/sign-in-link", `{"token":"` + secret + `"}`, 403},
		{"POST", "/auth/invitation", `{"token":"` + secret + `"}`, 403},
		{"POST", "/auth/register", `{"token":"` + secret + `","username":"eve","password":"` + secret + `"}`, 403},
		{"POST", "/users", `{"username":"eve","password":"` + secret + `"}`, 201},
		{"POST", "/providers", `{"name":"ID","issuer":"http://127.0.0.1:1","client_id":"unity","client_secret":"` + secret + `","enabled":true}`, 201},
		{"POST", "/auth/oidc", `{"code":"` + secret + `","state":"` + secret + `"}`, 401},
		{"PATCH", "/backup/settings", `{"replica":{"url":"webdav://127.0.0.1:1/x","username":"u"},"replica_secret":"` + secret + `",
			"target":{"url":"s3://bucket/x","endpoint":"http://127.0.0.1:1","access_key":"id"},"target_secret":"` + secret + `"}`, 200},
		{"POST", "/backup/try", `{"place":{"url":"webdav://127.0.0.1:1/x","username":"u"},"secret":"` + secret + `"}`, 503},
		{"POST", "/backup/kit", `{"passphrase":"` + secret + `"}`, 200},
		{"POST", "/backup/sync", "", 503},
		{"POST", "/backup/try", `{"place":{"url":"webdav://u:` + secret + `@127.0.0.1:1/x"}}`, 422},
		{"POST", "/backup/host-key", `{"place":{"url":"sftp://u:` + secret + `@127.0.0.1:1/x"}}`, 422},
		{"PATCH", "/backup/settings", `{"replica":{"url":"sftp://u:` + secret + `@127.0.0.1:1/x"},"replica_secret":"` + secret + `"}`, 422},
		{"PATCH", "/backup/settings", `{"target":{"url":"s3://` + secret + `:` + secret + `@bucket/x"}}`, 422},
		{"POST", "/setup/restore/find", `{"token":"` + secret + `","replica":{"url":"webdav://127.0.0.1:1/x"},"replica_secret":"` + secret + `","key":"` + secret + `"}`, 409},
		{"POST", "/setup/restore", `{"token":"` + secret + `","kit":"` + secret + `","kit_passphrase":"` + secret + `"}`, 409},
		{"PATCH", "/tls", `{"acme":` + anAuthority("a", "cloudflare") + `,"dns_secret":"` + secret + `","eab_secret":"` + base64.RawURLEncoding.EncodeToString([]byte(secret)) + `"}`, 200},
		{"POST", "/tls/certificate", `{"certificate":"` + secret + `","key":"` + secret + `"}`, 422},
		{"PATCH", "/settings", `{"unknown":"` + secret + `"}`, 422},
	} {
		var answer json.RawMessage
		status, err := p.call(send.method, send.path, send.body, &answer)
		if err != nil || status != send.status {
			t.Errorf("%s %s: %d %s %v, want %d", send.method, send.path, status, answer, err, send.status)
		}
		if strings.Contains(string(answer), secret) {
			t.Errorf("%s %s answers with the secret: %s", send.method, send.path, answer)
		}
	}
	p.named()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	p.must("GET", "/openapi.json", "", &document)
	for path, methods := range document.Paths {
		if methods["get"] == nil || strings.Contains(path, "{") || strings.HasSuffix(path, "/events") || strings.HasSuffix(path, ".pem") || strings.Contains(path, "/clusters/logs") {
			continue // they have no end, are no JSON, or want a container
		}
		var answer []byte // some are no JSON
		path = strings.TrimPrefix(path, "/api/v1")
		status, err := p.call(http.MethodGet, path+wants[path], "", &answer)
		if err != nil || status >= 300 && !strings.Contains(path, "/backup/") { // there is no replica at the place that was named
			t.Errorf("GET %s: %d %v", path, status, err)
		}
		if strings.HasSuffix(path, "/support") {
			shareable(t, answer)
			continue
		}
		if strings.Contains(string(answer), secret) {
			t.Errorf("GET %s answers with the secret", path)
		}
	}
	var channels struct{ Items []struct{ ID, Name string } }
	p.must("GET", "/channels", "", &channels)
	for _, c := range channels.Items {
		var answer json.RawMessage
		if _, err := p.call("POST", "/channels/"+c.ID+"/test", "", &answer); err != nil || strings.Contains(string(answer), secret) {
			t.Errorf("a test of %s: %s %v", c.Name, answer, err)
		}
	}
	file := filepath.Join(dir, "export")
	if out, err := run(t, "", "backup", file, "--data-dir", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	bundle := filepath.Join(dir, "bundle")
	for _, when := range []string{"while it runs", "afterwards"} {
		if out, err := run(t, "", "support", bundle, "--data-dir", dir); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		packed, err := os.ReadFile(bundle)
		if err != nil || os.Remove(bundle) != nil {
			t.Fatal(err)
		}
		if shareable(t, packed); when == "afterwards" {
			break
		}
		if err := p.end(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.Contains(p.stderr.String(), known) {
		t.Errorf("the log does not hold what the bundle hides:\n%s", p.stderr)
	}
	if strings.Contains(p.stderr.String(), secret) {
		t.Errorf("the log holds the secret:\n%s", p.stderr)
	}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if strings.Contains(string(text), secret) {
			t.Errorf("%s holds the secret", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// anAuthority returns settings of an authority in which everything is called name.
func anAuthority(name, provider string) string {
	return strings.NewReplacer("NAME", name, "PROVIDER", provider).Replace(`{"directory":"https://127.0.0.1:1/NAME","staging":"https://NAME.lan/NAME",
		"email":"NAME@example.org","agreed":true,"challenge":"dns","eab_key_id":"NAME-eab","roots":"","resolver":"NAME.lan:53",
		"dns":{"provider":"PROVIDER","server":"","key_name":"","algorithm":"","api":""}}`)
}

// named gives the marker of names to everything that has a name, and has the log
// speak of it.
func (p *process) named() {
	p.t.Helper()
	for _, send := range [][3]string{
		{"PATCH", "/system/settings", `{"multi_tenancy":true,"public_names":["` + known + `.example.org"],"heartbeat_url":"http://127.0.0.1:1/` + known + `","public_url":"https://` + known + `.example.net"}`},
		{"PATCH", "/tls", `{"mode":"acme","acme":` + anAuthority(known, "desec") + `}`},
		{"POST", "/tls/names", `{"name":"` + known + `-3.example.org"}`},
		{"POST", "/tenants", `{"id":"` + known + `-slug","name":"` + known + ` & Sons"}`},
		{"POST", "/users", `{"username":"` + known + `-user","email":"` + known + `@example.org","password":"` + secret + `"}`},
		{"POST", "/servers", `{"name":"The ` + known + ` box","host":"` + known + `-host","username":"` + known + `-login","auth":"password","password":"` + secret + `"}`},
		{"POST", "/servers", `{"name":"` + known + `-2","host":"` + known + `.lan","username":"root","auth":"password","password":"` + secret + `"}`},
		{"POST", "/channels", `{"name":"` + known + `-hook","type":"webhook","enabled":true,"config":{"url":"http://` + known + `.lan:1/` + known + `"}}`},
		{"PATCH", "/backup/settings", `{"replica":{"url":"webdav://127.0.0.1:1/` + known + `","username":"` + known + `"},"replica_secret":"` + secret + `"}`},
	} {
		p.must(send[0], send[1], send[2], nil)
	}
	var system struct{ URLs []string }
	p.must("GET", "/system", "", &system)
	at := ""
	for _, u := range system.URLs {
		if host, ok := strings.CutPrefix(u, "https://"); ok && !strings.Contains(u, known) {
			_, at, _ = strings.Cut(host, ":")
		}
	}
	d := tls.Dialer{Config: &tls.Config{ServerName: known + ".example.org", InsecureSkipVerify: true}}
	conn, err := d.DialContext(p.t.Context(), "tcp", "127.0.0.1:"+at)
	if err != nil {
		p.t.Fatalf("%v: %v", system.URLs, err)
	}
	_ = conn.Close()
	late, tick := time.After(patience), time.NewTicker(50*time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(p.stderr.String(), `"certificate issued"`) || !strings.Contains(p.stderr.String(), `"no certificate","part":"cert","name":"`+known) {
		select {
		case <-tick.C:
		case <-late:
			p.t.Fatalf("the log does not say which certificate was issued, and which not\n%s", p.stderr)
		}
	}
}

// shareable fails if a support bundle holds what its reader must not know, or if
// its reader would not see that it does.
func shareable(t *testing.T, packed []byte) {
	t.Helper()
	var whole strings.Builder
	for name, text := range unpacked(t, packed) {
		whole.WriteString(text)
		for _, marker := range []string{secret, known, password} {
			if at := strings.Index(strings.ToLower(text), strings.ToLower(marker)); at >= 0 {
				t.Errorf("%s of the bundle holds %s: %s", name, marker, text[max(0, at-100):min(len(text), at+100)])
			}
		}
	}
	for _, there := range []string{runtime.Version(), "chain unbroken", "tenant-1", `"name": "host-`} { // what is there is found
		if !strings.Contains(whole.String(), there) {
			t.Errorf("the bundle does not say %q", there)
		}
	}
}

// wants is what an operation wants beside its path.
var wants = map[string]string{"/clusters/objects": "?kind=pods"}

// kubeconfig returns one as a string in JSON, with a user as YAML has it.
func kubeconfig(user string) string {
	text, _ := json.Marshal("apiVersion: v1\nkind: Config\nclusters: [{name: c, cluster: {server: https://127.0.0.1:1}}]\nusers: [{name: u, user: {" +
		user + "}}]\ncontexts: [{name: x, context: {cluster: c, user: u}}]\ncurrent-context: x\n") // a string marshals
	return string(text)
}
