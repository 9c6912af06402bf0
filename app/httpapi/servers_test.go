package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"unity.internal/app/remote"
	"unity.internal/app/remote/sshdtest"
)

// into reads an answer, which must have this status.
func into[T any](t *testing.T, a answer, status int) (v T) {
	t.Helper()
	if a.status != status {
		t.Fatalf("%d %s, want %d", a.status, a.body, status)
	}
	if err := json.Unmarshal([]byte(a.body), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// machine is a server as its readers see it.
type machine struct {
	ID, Name, State, Reason string
	Rev                     int64
	Tags                    []string
	HostKey                 *struct {
		Type, Fingerprint string
		Trusted           bool
	} `json:"host_key"`
	Readings map[string]any
	Alerts   map[string]int
}

func TestServersAreMadeReadChangedAndDeleted(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	a := b.do("ann", http.MethodPost, "/api/v1/servers", `{"name":"nas","host":"192.0.2.9","username":"root","auth":"password","password":"marker-99","tags":["disk"]}`)
	v := into[machine](t, a, http.StatusCreated)
	if v.State != "unknown" || v.Readings == nil || v.Alerts == nil || len(v.Tags) != 1 || a.header.Get("ETag") != `"1"` {
		t.Errorf("%+v", v)
	}
	path := "/api/v1/servers/" + v.ID
	into[machine](t, b.do("vic", http.MethodGet, path, ""), http.StatusOK)
	for _, tt := range []struct {
		who, method, path, body, match string
		status                         int
		code                           string
	}{
		{"vic", http.MethodPatch, path, `{"notes":"x"}`, "", 403, "auth.forbidden"},
		{"gus", http.MethodGet, path, "", "", 404, "not_found"},
		{"gus", http.MethodPatch, path, `{"notes":"x"}`, "", 404, "not_found"},
		{"gus", http.MethodDelete, path, "", "", 404, "not_found"},
		{"gus", http.MethodPost, path + "/test", "", "", 404, "not_found"},
		{"gus", http.MethodPost, path + "/snapshots", "", "", 404, "not_found"},
		{"gus", http.MethodGet, path + "/snapshots", "", "", 404, "not_found"},
		{"gus", http.MethodGet, path + "/snapshots/latest", "", "", 404, "not_found"},
		{"gus", http.MethodPost, path + "/trust-host-key", `{"fingerprint":"SHA256:x"}`, "", 404, "not_found"},
		{"ann", http.MethodPost, "/api/v1/servers", `{"name":"nas","host":"h","username":"root","auth":"agent"}`, "", 409, "server.name_taken"},
		{"ann", http.MethodPost, "/api/v1/servers", `{"name":"x","host":"h","username":"root","auth":"password"}`, "", 422, "server.password_missing"},
		{"ann", http.MethodPost, "/api/v1/servers", `{"name":"x","host":"h","username":"root","auth":"key","private_key":"no"}`, "", 422, "key.invalid"},
		{"ann", http.MethodPost, "/api/v1/servers", `{"name":"x","host":"h","username":"root","auth":"key","colour":"red"}`, "", 422, ""},
		{"ann", http.MethodPatch, path, `{"notes":"x"}`, `"7"`, 412, "stale"},
		{"ann", http.MethodPatch, path, `{"auth":"local"}`, "", 422, "server.auth_fixed"},
		{"ann", http.MethodPost, "/api/v1/servers/local", "", "", 403, "server.local_forbidden"},
		{"ann", http.MethodGet, "/api/v1/servers?state=no", "", "", 422, ""},
		{"ann", http.MethodGet, "/api/v1/servers?cursor=no", "", "", 422, "cursor.invalid"},
	} {
		a := b.do(tt.who, tt.method, tt.path, tt.body, "If-Match: "+tt.match)
		if a.status != tt.status || !strings.Contains(a.body, tt.code) {
			t.Errorf("%s %s %s %s: %d %s", tt.who, tt.method, tt.path, tt.body, a.status, a.body)
		}
	}
	v = into[machine](t, b.do("ann", http.MethodPatch, path, `{"name":"attic","tags":["disk","old"]}`, `If-Match: "1"`), http.StatusOK)
	if v.Rev != 2 || v.Name != "attic" {
		t.Errorf("%+v", v)
	}
	for query, n := range map[string]int{"": 1, "?q=192.0": 1, "?q=zzz": 0, "?tag=old": 1, "?tag=new": 0, "?state=unknown": 1, "?state=up": 0, "?sort=newest": 1} {
		l := into[struct{ Items []machine }](t, b.do("vic", http.MethodGet, "/api/v1/servers"+query, ""), http.StatusOK)
		if len(l.Items) != n {
			t.Errorf("%s: %d", query, len(l.Items))
		}
	}
	if a := b.do("vic", http.MethodGet, "/api/v1/servers/tags", ""); !strings.Contains(a.body, `{"tag":"old","count":1}`) {
		t.Error(a.body)
	}
	if a := b.do("ann", http.MethodDelete, path, "", `If-Match: "2"`); a.status != http.StatusNoContent {
		t.Error(a)
	}
	if strings.Contains(b.log.String(), "marker-99") {
		t.Error("the password is in the log")
	}
}

func TestAServerIsTestedTrustedAndSnapped(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- b.parts.Jobs.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended })
	key := into[struct {
		Line        string `json:"authorized_keys_line"`
		Fingerprint string
	}](t, b.do("ann", http.MethodGet, "/api/v1/servers/public-key", ""), http.StatusOK)
	if !strings.HasPrefix(key.Line, "restrict ssh-ed25519 ") || !strings.HasSuffix(key.Line, " unity@attic") {
		t.Error(key.Line)
	}
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{key.Line}})
	fingerprint, err := remote.Fingerprint(s.PublicHostKey(t, 0))
	if err != nil {
		t.Fatal(err)
	}
	draft, err := json.Marshal(map[string]any{"name": "nas", "host": s.Host, "port": s.Port, "username": "root", "auth": "key"})
	if err != nil {
		t.Fatal(err)
	}
	type stages struct {
		Items []struct {
			Stage, Code, Message string
			OK                   bool
		}
		HostKey *struct{ Fingerprint string } `json:"host_key"`
	}
	r := into[stages](t, b.do("ann", http.MethodPost, "/api/v1/servers/test", string(draft)), http.StatusOK)
	if n := len(r.Items); n != 3 || r.Items[2].Code != "server.host_key_untrusted" || r.HostKey.Fingerprint != fingerprint {
		t.Fatalf("%+v", r)
	}
	trusting := strings.Replace(string(draft), "{", `{"trust_fingerprint":"`+fingerprint+`",`, 1)
	r = into[stages](t, b.do("ann", http.MethodPost, "/api/v1/servers/test", trusting), http.StatusOK)
	if n := len(r.Items); n != 5 || !r.Items[4].OK {
		t.Fatalf("%+v", r)
	}
	v := into[machine](t, b.do("ann", http.MethodPost, "/api/v1/servers", string(draft)), http.StatusCreated)
	path := "/api/v1/servers/" + v.ID
	if a := b.do("ann", http.MethodPost, path+"/trust-host-key", `{"fingerprint":"SHA256:another"}`); a.status != http.StatusConflict {
		t.Error(a)
	}
	v = into[machine](t, b.do("ann", http.MethodPost, path+"/trust-host-key", `{"fingerprint":"`+fingerprint+`"}`), http.StatusOK)
	if v.HostKey == nil || !v.HostKey.Trusted || v.HostKey.Fingerprint != fingerprint {
		t.Errorf("%+v", v.HostKey)
	}
	into[map[string]any](t, b.do("ann", http.MethodPost, path+"/snapshots", ""), http.StatusAccepted)
	b.settled(t)
	got := into[struct {
		Sections struct {
			OS       struct{ Kernel string }
			Packages []any
		}
	}](t, b.do("vic", http.MethodGet, path+"/snapshots/latest", ""), http.StatusOK)
	if got.Sections.OS.Kernel == "" || len(got.Sections.Packages) == 0 {
		t.Errorf("%+v", got.Sections.OS)
	}
	list := into[struct{ Items []struct{ ID string } }](t, b.do("vic", http.MethodGet, path+"/snapshots", ""), http.StatusOK)
	if len(list.Items) != 1 {
		t.Fatal(list)
	}
	into[map[string]any](t, b.do("vic", http.MethodGet, path+"/snapshots/"+list.Items[0].ID, ""), http.StatusOK)
}

// settled waits until no job of acme runs, which it hears from the bus.
func (b *bench) settled(t *testing.T) {
	t.Helper()
	r, _, _ := b.bus.Read("acme", "")
	defer r.Close()
	for {
		l := into[struct {
			Items []struct{ State, Error string }
		}](t, b.do("ann", http.MethodGet, "/api/v1/jobs", ""), http.StatusOK)
		open := false
		for _, j := range l.Items {
			open = open || j.State == "queued" || j.State == "running"
			if j.State == "failed" {
				t.Fatal(j.Error)
			}
		}
		if !open {
			return
		}
		if _, ok := <-r.C; !ok {
			t.Fatal("the stream ended")
		}
	}
}

func TestServersAreImported(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	body := func(dry string) string {
		return `{"format":"csv","dry_run":` + dry + `,"text":"name,host,username,auth,password\na,10.0.0.1,root,password,marker-7\nb,no host,root,key,\n"}`
	}
	for _, dry := range []string{"true", "false"} {
		a := b.do("ann", http.MethodPost, "/api/v1/servers/import", body(dry))
		r := into[struct {
			Items []struct {
				OK bool
				ID string
			}
		}](t, a, http.StatusOK)
		if len(r.Items) != 2 || !r.Items[0].OK || r.Items[1].OK || (r.Items[0].ID == "") != (dry == "true") || strings.Contains(a.body, "marker-7") {
			t.Error(a.body)
		}
	}
}
