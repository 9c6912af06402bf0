package packaging_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// show returns a property of a unit of the box.
func (b *box) show(unit, property string) string {
	b.t.Helper()
	return strings.TrimSpace(b.do("systemctl", "show", "--value", "-p", property, unit))
}

// installed returns a booted box in which the package was just installed.
func installed(t *testing.T) *box {
	t.Helper()
	b := newBox(t)
	deb := b.put(one(t, packages(t)+"/*.deb"))
	b.boot()
	out := b.do("dpkg", "-i", deb)
	if state := b.show("unity.service", "ActiveState"); state != "active" || !strings.Contains(out, "/setup?token=") {
		t.Fatalf("%s after an installation: %s\n%s", state, out, b.do("journalctl", "--no-pager", "-u", "unity.service"))
	}
	return b
}

// TestDebUnderSystemd goes through the life of the package on a Debian that runs.
func TestDebUnderSystemd(t *testing.T) {
	t.Parallel()
	b := installed(t)
	const dpkg, confdef = "dpkg", "--force-confdef"
	if got := b.wanted(); !slices.Equal(got, []string{"multi-user.target.wants/unity.service"}) {
		t.Errorf("enabled by %v", got)
	}
	if out := b.do("unity", "health", "--data-dir", "/var/lib/unity"); !strings.Contains(out, "The appliance serves") {
		t.Error(out)
	}
	if got := b.show("unity.socket", "ActiveState"); got != "active" {
		t.Errorf("the socket is %s", got)
	}

	before := b.show("unity.service", "MainPID")
	b.do(dpkg, confdef, "-i", b.put(another(t, "9.0.0")))
	if after := b.show("unity.service", "MainPID"); after == before || after == "0" {
		t.Errorf("an upgrade of what runs: process %s, then %s", before, after)
	}
	b.do("systemctl", "stop", "unity.socket", "unity.service")
	b.do(dpkg, confdef, "-i", b.put(another(t, "9.0.1")))
	if got := b.show("unity.service", "ActiveState"); got != "inactive" {
		t.Errorf("what was stopped is %s after an upgrade", got)
	}
	b.do("systemctl", "disable", "unity.service")
	b.do(dpkg, confdef, "-i", b.put(another(t, "9.0.2")))
	if got := b.wanted(); len(got) > 0 {
		t.Errorf("what was disabled is enabled by %v after an upgrade", got)
	}
	b.do("systemctl", "start", "unity.service")
	b.do("systemctl", "mask", "unity.service")
	before = b.show("unity.service", "MainPID")
	b.do(dpkg, confdef, "-i", b.put(another(t, "9.0.3")))
	if after := b.show("unity.service", "MainPID"); after != before {
		t.Errorf("what was masked was restarted: process %s, then %s", before, after)
	}
	b.do("systemctl", "unmask", "unity.service")

	b.do(dpkg, "-r", "unity")
	if _, err := b.try("systemctl", "is-active", "unity.service", "unity.socket"); err == nil || !b.there("/var/lib/unity/unity.db") {
		t.Error("it runs, or the data are gone, after a removal")
	}
	if out := b.do("systemctl", "list-units", "--failed", "--no-legend"); out != "" {
		t.Error(out)
	}
}

// TestServiceAlone has something else on port 80: the socket fails, and the service
// opens what it can.
func TestServiceAlone(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.boot()
	b.do("systemd-run", "--unit=other", "systemd-socket-activate", "--accept", "-l", "80", "/bin/cat")
	wait(t, "port 80 is taken", func() bool {
		conn, err := b.dial(t.Context(), "tcp", "127.0.0.1:80")
		if err == nil {
			conn.Close()
		}
		return err == nil
	})
	b.do("dpkg", "-i", b.put(one(t, packages(t)+"/*.deb")))
	if socket, service := b.show("unity.socket", "ActiveState"), b.show("unity.service", "ActiveState"); socket != "failed" || service != "active" {
		t.Errorf("the socket is %s, the service %s", socket, service)
	}
	b.do("unity", "health", "--data-dir", "/var/lib/unity")
}

// A client asks an appliance in a box.
type client struct {
	box         *box
	http        http.Client
	base, token string
}

// signUp makes the first user of the appliance on a data directory.
func (b *box) signUp(dir string) *client {
	b.t.Helper()
	url := strings.Fields(b.do("unity", "setup-url", "--data-dir", dir))[0]
	m := regexp.MustCompile(`^(https?://[^/]+)/setup\?token=(\S+)$`).FindStringSubmatch(url)
	if m == nil {
		b.t.Fatalf("set-up at %s", url)
	}
	c := &client{box: b, base: m[1], http: http.Client{Transport: &http.Transport{
		DialContext: b.dial, TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}}
	var answer struct {
		Token string `json:"access_token"`
	}
	c.ask("POST", "/setup", fmt.Sprintf(`{"token":%q,"username":"lea","password":"correct horse battery"}`, m[2]), &answer)
	c.token = answer.Token
	return c
}

func (c *client) ask(method, path, body string, out any) {
	c.box.t.Helper()
	ctx, cancel := context.WithTimeout(c.box.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.base+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		c.box.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	res, err := c.http.Do(req)
	if err != nil {
		c.box.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode >= 300 {
		c.box.t.Fatalf("%s %s: %d %v %s", method, path, res.StatusCode, err, text)
	}
	if err := json.Unmarshal(text, out); err != nil {
		c.box.t.Fatalf("%s %s: %v in %s", method, path, err, text)
	}
}
