package app

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"

	"unity.internal/app/fault"
)

// An apiCmd is one request to an appliance, here or elsewhere, in the name of
// an API key: what a key may not, the command may not.
type apiCmd struct {
	Method  string `arg:"" help:"GET, POST, PUT, PATCH or DELETE." enum:"GET,POST,PUT,PATCH,DELETE"`
	Path    string `arg:"" help:"The path after /api/v1, as in /servers?limit=10."`
	URL     string `name:"url" help:"Where the appliance is; without it, the one of the data directory." env:"UNITY_URL"`
	KeyFile string `help:"A file with the API key, uk_…; only its owner should be able to read it." env:"UNITY_API_KEY_FILE" type:"path" required:""`
	CA      string `name:"ca" help:"A file with the authority that signed the appliance's certificate: its own is at /api/v1/tls/ca.pem." env:"UNITY_CA" type:"path"`
	Body    string `help:"A file with the JSON to send; - for what is piped in."`
}

// Run sends the request and writes the answer to standard output. A refusal is
// an error with the code and the sentence that the appliance gives.
func (a apiCmd) Run(ctx context.Context, c *Config, t terminal) error {
	if a.URL == "" {
		a.URL = running(ctx, c.DataDir)
	}
	key, err := a.key()
	if err != nil {
		return err
	}
	body, err := a.body(t)
	if err != nil {
		return err
	}
	client, err := a.client()
	if err != nil {
		return err
	}
	base, err := appliance(a.URL)
	if err != nil {
		return err
	}
	target := base + "/api/v1/" + strings.TrimLeft(a.Path, "/")
	req, err := http.NewRequestWithContext(ctx, a.Method, target, bytes.NewReader(body))
	if err != nil {
		return fault.New(fault.Invalid, "cli.path", "%q is no path. Give one as in /servers.", a.Path)
	}
	req.Header.Set("Authorization", "Bearer "+key)
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return send(client, req, t.out)
}

// running returns where the appliance of a data directory serves this box: what
// it says itself or, to who may not ask it, where it serves unless its port is taken.
func running(ctx context.Context, dir string) string {
	var urls []string
	if err := dialControl(dir).ask(ctx, order{Command: "urls"}, &urls); err == nil && len(urls) > 0 {
		return urls[0]
	}
	return unasked
}

// appliance returns the address of an appliance without what may stand at its end.
func appliance(text string) (string, error) {
	base, err := url.Parse(text)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		return "", fault.New(fault.Invalid, "cli.url", "%q is no address of an appliance. Give one as in https://unity.example.org.", text)
	}
	return strings.TrimRight(base.String(), "/"), nil
}

// send does one request and copies its answer to out.
func send(client *http.Client, req *http.Request, out io.Writer) error {
	res, err := client.Do(req)
	if err != nil {
		return unreached(req.URL.Host, err)
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode < 300:
		_, err = io.Copy(out, res.Body)
		return err
	case res.StatusCode < 400:
		return fault.New(fault.Conflict, "cli.redirected", "%s answers from somewhere else, and the key stays here. Give --url the address it answers at.", req.URL.Host)
	}
	var problem struct {
		Code, Detail string
		Errors       []fault.Field
	}
	if err := json.NewDecoder(res.Body).Decode(&problem); err != nil || problem.Code == "" {
		return fault.New(fault.Conflict, "cli.no_appliance", "%s answers %s, which no appliance says. Look at --url.", req.URL.Host, res.Status)
	}
	var text strings.Builder
	text.WriteString(problem.Detail)
	for _, f := range problem.Errors {
		text.WriteString("\n  " + f.Field + ": " + f.Message)
	}
	return fault.New(fault.Conflict, problem.Code, "%s", text.String())
}

func unreached(host string, err error) error {
	if _, unknown := errors.AsType[*tls.CertificateVerificationError](err); unknown {
		return fault.New(fault.Unavailable, "cli.certificate", "The certificate of %s is signed by nobody this machine knows. Give its authority with --ca.", host)
	}
	return fault.New(fault.Unavailable, "cli.unreachable", "%s does not answer. Look at --url, and whether the appliance runs.", host)
}

func (a apiCmd) key() (string, error) {
	text, err := readFile(a.KeyFile)
	if err != nil {
		return "", err
	}
	key := strings.TrimSpace(string(text))
	if !strings.HasPrefix(key, "uk_") || strings.ContainsAny(key, " \t\r\n") {
		return "", fault.New(fault.Invalid, "cli.key", "There is no API key in %s. Make one under Account, API keys, and put it there alone.", a.KeyFile)
	}
	return key, nil
}

func (a apiCmd) body(t terminal) ([]byte, error) {
	switch a.Body {
	case "":
		return nil, nil
	case "-":
		return io.ReadAll(t.in)
	}
	return readFile(a.Body)
}

// client returns one that never takes the key to another place.
func (a apiCmd) client() (*http.Client, error) {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	if a.CA != "" {
		text, err := readFile(a.CA)
		if err != nil {
			return nil, err
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(text) {
			return nil, fault.New(fault.Invalid, "cli.ca", "There is no certificate in %s. Take the one at /api/v1/tls/ca.pem.", a.CA)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

func readFile(path string) ([]byte, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the person who runs the command chose it
	if err != nil {
		return nil, fault.New(fault.Invalid, "cli.file", "%s cannot be read: %s.", path, errors.Unwrap(err))
	}
	return text, nil
}
