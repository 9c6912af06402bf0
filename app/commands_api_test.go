package app_test

import (
	"net/url"
	"path/filepath"
	"strings"
	"testing"
)

// TestAnAPIKeyOpensTheCommandLine asks an appliance as a key may, over HTTP and
// HTTPS, and then with everything a person can get wrong.
func TestAnAPIKeyOpensTheCommandLine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := start(t, filepath.Join(dir, "data"))
	urls, err := run(t, "", "setup-url", "--data-dir", filepath.Join(dir, "data"))
	if err != nil {
		t.Fatalf("%v\n%s", err, urls)
	}
	p.setUp(p.printed())
	var made struct {
		Key    string `json:"key"`
		APIKey struct {
			ID string `json:"id"`
		} `json:"api_key"`
	}
	p.must("POST", "/auth/api-keys", `{"name":"nightly","permissions":["servers.read","settings.read"]}`, &made)
	key, nothing, ca := filepath.Join(dir, "key"), filepath.Join(dir, "nothing"), filepath.Join(dir, "ca.pem")
	write(t, key, made.Key+"\n")
	write(t, nothing, "hunter2\n")
	var pem []byte
	p.must("GET", "/tls/ca.pem", "", &pem)
	write(t, ca, string(pem))
	var lan string
	for f := range strings.FieldsSeq(urls) {
		if strings.HasPrefix(f, "https://") {
			u, err := url.Parse(f)
			if err != nil {
				t.Fatal(err)
			}
			lan = "https://127.0.0.1:" + u.Port()
		}
	}
	for _, c := range []struct{ name, in, want, args string }{
		{"reads", "", `"host":"localhost"`, "GET /servers --url " + p.base},
		{"sends what is piped in", `{"name":"nas","host":"192.0.2.9","username":"lea","auth":"password","password":"x"}`, "(auth.forbidden)", "POST /servers --body - --url " + p.base},
		{"says which field is wrong", `{"name":7}`, "body.name: ", "POST /servers --body - --url " + p.base},
		{"sends a file", "", "(cli.file)", "POST /servers --body " + dir + "/none --url " + p.base},
		{"knows the authority it is given", "", `"host":"localhost"`, "GET servers --ca " + ca + " --url " + lan},
		{"knows no authority by itself", "", "(cli.certificate)", "GET /servers --url " + lan},
		{"takes no authority from a file without", "", "(cli.ca)", "GET /servers --ca " + key + " --url " + lan},
		{"says what is not there", "", "(request.not_found)", "GET /nothing --url " + p.base},
		{"wants an address", "", "(cli.url)", "GET /servers --url unity.lan"},
		{"says who does not answer", "", "(cli.unreachable)", "GET /servers --url http://127.0.0.1:1"},
		{"wants a key", "", "(cli.key)", "GET /servers --key-file " + nothing},
	} {
		args := append([]string{"api"}, strings.Fields(c.args)...)
		if !strings.Contains(c.args, "--key-file") {
			args = append(args, "--key-file", key)
		}
		out, err := run(t, c.in, args...)
		if refused := !strings.HasPrefix(c.want, `"`); refused != (err != nil) || !strings.Contains(out, c.want) {
			t.Errorf("%s: %v\n%s", c.name, err, out)
		}
		if strings.Contains(out, made.Key) || strings.Contains(out, "hunter2") {
			t.Errorf("%s: the key is in what it prints:\n%s", c.name, out)
		}
	}
	p.must("DELETE", "/auth/api-keys/"+made.APIKey.ID, "", nil)
	if out, err := run(t, "", "api", "GET", "/servers", "--url", p.base, "--key-file", key); err == nil || !strings.Contains(out, "(auth.") {
		t.Errorf("a key that is gone: %v\n%s", err, out)
	}
}
