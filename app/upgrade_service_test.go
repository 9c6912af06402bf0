package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"unity.internal/app"
	"unity.internal/app/upgrade"
)

// TestUpgradeUnderSystemd runs the appliance as systemd does with a socket unit: on
// sockets that are open already, through an upgrade and a crash.
func TestUpgradeUnderSystemd(t *testing.T) {
	t.Parallel()
	for _, names := range []string{"http:https", "unity.socket:unity.socket"} { // the second: HTTPS first, then HTTP
		t.Run(names, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			systemd := app.NewSystemd(t)
			h.env = append(h.env, "NOTIFY_SOCKET="+systemd.Path)
			var files []*os.File
			var addresses []string
			for range 2 {
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				must(t, err)
				defer ln.Close()
				f, err := ln.(*net.TCPListener).File()
				must(t, err)
				defer f.Close()
				files, addresses = append(files, f), append(addresses, ln.Addr().String())
			}
			plain := addresses[0]
			if names != "http:https" {
				plain = addresses[1]
			}
			serve := func() *process {
				cmd := h.command("serve", "--http", "127.0.0.1:1", "--https", "127.0.0.1:1", "--rate-limit", "0")
				cmd.Args = append([]string{"sh", "-c", `LISTEN_PID=$$ exec "$@"`, "sh", cmd.Path}, cmd.Args[1:]...)
				cmd.Path = "/bin/sh"
				cmd.Env = append(cmd.Env, "LISTEN_FDS=2", "LISTEN_FDNAMES="+names)
				cmd.ExtraFiles = files
				return follow(t, cmd)
			}
			p := serve()
			if p.base != "http://"+plain {
				t.Fatalf("it serves on %s, and the socket is %s", p.base, plain)
			}
			p.setUp(p.printed())
			under(t, p.base, false, func() {
				if out, err := h.run("upgrade", h.offer(t, "new")); err != nil {
					t.Fatalf("%v\n%s", err, out)
				}
				p.until("the new version serves", func() bool {
					var v struct{ Version string }
					status, err := p.call("GET", "/system", "", &v)
					return err == nil && status == 200 && v.Version == "1.1.0"
				})
			})
			systemd.Hears(t, "READY=1", "RELOADING=1", "READY=1", "RELOADING=1", "READY=1")
			token := p.token
			under(t, p.base, true, func() { // the sockets outlive it
				_ = p.end(syscall.SIGKILL)
				p = serve()
				p.token = token
				for range 500 {
					if v := p.served(); v != "1.1.0" {
						t.Fatalf("version %s serves", v)
					}
				}
			})
			must(t, p.end(syscall.SIGTERM))
			systemd.Hears(t, "READY=1", "STOPPING=1")
			conn, err := net.Dial("tcp", plain) // what systemd holds is still open
			must(t, err)
			conn.Close()
		})
	}
}

// TestUpgradeFromThePage upgrades by an address and by an upload of the archive,
// and reads notices of new versions.
func TestUpgradeFromThePage(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.start()
	p.setUp(p.printed())
	p.must("POST", "/auth/step-up", `{"password":"`+password+`"}`, nil)
	site := t.TempDir()
	duplicate(t, built(t, "new"), filepath.Join(site, "unity_1.1.0"))
	h.sign(t, filepath.Join(site, "unity_1.1.0"))
	write(t, filepath.Join(site, "notice.json"), `{"version":"1.2.0","url":"https://unity.example.org/unity_1.2.0","notes":"more"}`)
	h.sign(t, filepath.Join(site, "notice.json"))
	duplicate(t, built(t, "new"), filepath.Join(site, "unsigned"))
	srv := httptest.NewServer(http.FileServer(http.Dir(site)))
	defer srv.Close()

	if got := p.problem("PATCH", "/system/settings", `{"update_url":"ftp://x"}`); got != "settings.update_url" {
		t.Error(got)
	}
	p.must("PATCH", "/system/settings", `{"update_url":"`+srv.URL+`/notice.json"}`, nil)
	p.until("a notice", func() bool {
		r := p.report()
		return r.Newer != nil && r.Newer.Version == "1.2.0" && r.Newer.Notes == "more"
	})
	p.must("PATCH", "/system/settings", `{"update_url":"`+srv.URL+`/unsigned"}`, nil)
	p.until("no notice that nobody signed", func() bool {
		r := p.report()
		return r.Newer == nil && strings.Contains(r.Notice, "no signature")
	})
	p.must("PATCH", "/system/settings", `{"update_url":""}`, nil)
	p.until("no notice", func() bool { r := p.report(); return r.Newer == nil && r.Notice == "" })

	ends := func(body, state, text string) {
		t.Helper()
		var j struct{ ID, State, Error string }
		p.must("POST", "/system/upgrade", body, &j)
		p.until(state, func() bool {
			status, err := p.call("GET", "/jobs/"+j.ID+"?tenant=system", "", &j)
			return err == nil && status == 200 && j.State == state && strings.Contains(j.Error, text)
		})
	}
	ends(`{"url":"`+srv.URL+`/unsigned"}`, "failed", "has no signature")
	ends(`{"url":"`+srv.URL+`/missing"}`, "failed", "could not be downloaded")
	ends(`{"url":"http://192.0.2.1/unity"}`, "failed", "begins with https://")
	ends(`{"url":"`+srv.URL+`/unity_1.1.0","sha256":"`+strings.Repeat("0", 64)+`"}`, "failed", "another checksum")
	var j struct{ ID string }
	p.must("POST", "/system/upgrade", `{"url":"`+srv.URL+`/unity_1.1.0"}`, &j)
	p.serves("1.1.0")

	archive := filepath.Join(t.TempDir(), "unity_1.2.0_linux_amd64.tar.gz")
	tree := filepath.Join(t.TempDir(), "unity-1.2.0")
	must(t, os.Mkdir(tree, 0o755))
	duplicate(t, built(t, "migrated"), filepath.Join(tree, "unity"))
	if out, err := exec.CommandContext(t.Context(), "tar", "-C", filepath.Dir(tree), "-czf", archive, "unity-1.2.0").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	h.sign(t, archive)
	p.must("POST", "/auth/step-up", `{"password":"`+password+`"}`, nil)
	small := filepath.Join(t.TempDir(), "small")
	write(t, small, "no program")
	if got := p.upload(small, ""); got != "upgrade.unsigned" {
		t.Error(got)
	}
	if got := p.upload(archive, ""); got != "upgrade.unsigned" {
		t.Error(got)
	}
	signature, err := os.ReadFile(archive + ".minisig")
	must(t, err)
	if got := p.upload(archive, string(signature)); got != "" {
		t.Error(got)
	}
	p.serves("1.2.0")
	must(t, p.end(syscall.SIGTERM))
	token := p.token
	p = h.start() // what was pinned by the archive is executed by the installed one
	p.token = token
	p.serves("1.2.0")
	must(t, p.end(syscall.SIGTERM))
}

// serves waits until a version serves and nothing is under way.
func (p *process) serves(want string) {
	p.t.Helper()
	p.until(want+" serves", func() bool {
		var r upgrade.Report
		status, err := p.call("GET", "/system/upgrade", "", &r)
		return err == nil && status == 200 && r.Version.Number == want && r.Blocked == nil
	})
}

// upload sends a program and returns the code of what is wrong with it.
func (p *process) upload(file, signature string) string {
	p.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if signature != "" {
		must(p.t, form.WriteField("signature", signature))
	}
	part, err := form.CreateFormFile("file", filepath.Base(file))
	must(p.t, err)
	text, err := os.ReadFile(file)
	must(p.t, err)
	_, err = part.Write(text)
	must(p.t, err)
	must(p.t, form.Close())
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.base+"/api/v1/system/upgrade/upload", &body)
	must(p.t, err)
	req.Header.Set("Content-Type", form.FormDataContentType())
	req.Header.Set("Authorization", "Bearer "+p.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatalf("%v\n%s", err, p.stderr)
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	must(p.t, err)
	var v struct{ Code string }
	must(p.t, json.Unmarshal(answer, &v))
	return v.Code
}

// TestTheTypedPassphraseOutlivesAnUpgrade opens a vault by a passphrase once: the
// next version has the key, and neither its environment nor its arguments do.
func TestTheTypedPassphraseOutlivesAnUpgrade(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	secret := filepath.Join(t.TempDir(), "passphrase")
	write(t, secret, "a passphrase that somebody typed\n")
	p := follow(t, h.command("serve", "--http", "127.0.0.1:0", "--https", "", "--passphrase-file", secret))
	p.setUp(p.printed())
	token := p.token
	must(t, p.end(syscall.SIGTERM))
	p = follow(t, h.command("serve", "--http", "127.0.0.1:0", "--https", ""))
	p.token = token
	locked := func() bool {
		status, err := p.call("GET", "/vault", "", nil)
		must(t, err)
		return status == http.StatusServiceUnavailable
	}
	if !locked() {
		t.Fatal("it is open without the passphrase")
	}
	p.must("POST", "/unlock", `{"passphrase":"a passphrase that somebody typed"}`, nil)
	if out, err := h.run("upgrade", h.offer(t, "new")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.serves("1.1.0")
	if locked() {
		t.Error("the vault is locked after the upgrade")
	}
	must(t, p.end(syscall.SIGTERM))
}

// TestAProgramThatNobodySigned is taken by its checksum, by who owns the data
// directory, and executed as long as it has that.
func TestAProgramThatNobodySigned(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.env = []string{"UNITY_UPGRADE_WATCH=300ms"} // no key is pinned
	p := h.start()
	p.setUp(p.printed())
	file := built(t, "new")
	sum, err := exec.CommandContext(t.Context(), "sha256sum", file).Output()
	must(t, err)
	if out, err := h.run("upgrade", "--unsigned", "--sha256", strings.Fields(string(sum))[0], file); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	p.serves("1.1.0")
	must(t, p.end(syscall.SIGTERM))
	token := p.token
	p = h.start()
	p.token = token
	p.serves("1.1.0")
	must(t, p.end(syscall.SIGTERM))
	path := filepath.Join(h.dir, "program", "unity")
	text, err := os.ReadFile(path)
	must(t, err)
	text[len(text)/2] ^= 1
	must(t, os.WriteFile(path, text, 0o700))
	p = h.start()
	p.token = token
	p.serves("1.0.0")
	must(t, p.end(syscall.SIGTERM))
}
