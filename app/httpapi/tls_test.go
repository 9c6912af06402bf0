package httpapi

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"unity.internal/store"
)

// anACME is what one may choose, whole.
const anACME = `{"directory":"https://ca.example.org/dir","staging":"","email":"anna@example.org","agreed":true,"challenge":"http","eab_key_id":"","roots":"","resolver":"",
	"dns":{"provider":"","server":"","key_name":"","algorithm":"","api":""}}`

func TestCertificatesAreOfAdministrators(t *testing.T) {
	t.Parallel()
	restarts := 0
	b := newBench(t, func(p *Parts) { p.Restart = func() { restarts++ } })
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- b.parts.Jobs.Run(ctx) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	<-b.parts.Jobs.Opened()
	for _, tt := range []struct {
		who, method, path, body string
		status                  int
		want                    string
	}{
		{"ann", "GET", "/tls", "", 403, ""},
		{"vic", "POST", "/tls/check", `{"name":"a.example.org","acme":` + anACME + `}`, 403, ""},
		{"ann", "GET", "/tls/ca.pem", "", 200, "BEGIN CERTIFICATE"},
		{"root", "GET", "/tls", "", 200, `"names":[{"name":"attic","own":true,"by":"internal","issuer":"","asking":false,"stands_in":false}]`},
		{"root", "POST", "/tls/names", `{"name":"Unity.Example.org"}`, 201, `{"name":"unity.example.org","own":false`},
		{"root", "POST", "/tls/names", `{"name":"unity.example.org"}`, 409, "tls.name_there"},
		{"root", "POST", "/tls/names", `{"name":"http://unity"}`, 422, "tls.bad_name"},
		{"root", "POST", "/tls/names", `{"name":"*.example.org"}`, 201, `"*.example.org"`},
		{"root", "DELETE", "/tls/names/*.example.org", "", 200, `"unity.example.org"`},
		{"root", "DELETE", "/tls/names/attic", "", 404, "tls.no_name"},
		{"root", "POST", "/tls/renew", `{"name":"nope"}`, 404, "tls.no_name"},
		{"root", "POST", "/tls/renew", `{"name":"attic"}`, 202, `"kind":"tls.renew"`},
		{"root", "PATCH", "/tls", `{"mode":"acme"}`, 422, "tls.email"},
		{"root", "PATCH", "/tls", `{"mode":"manual"}`, 422, "tls.no_certificate"},
		{"root", "PATCH", "/tls", `{"mode":"off"}`, 422, "tls.no_proxy"},
		{"root", "PATCH", "/tls", `{"dns_secret":"MARKER-OF-A-SECRET"}`, 200, `"dns_secret_set":true`},
		{"root", "PATCH", "/tls", `{"dns_secret":""}`, 200, `"dns_secret_set":false`},
		{"root", "POST", "/tls/certificate", `{"certificate":"MARKER","key":"MARKER-OF-A-SECRET"}`, 422, "tls.pair"},
		{"root", "PATCH", "/system/settings", `{"public_names":["http://unity"]}`, 422, "settings.public_name"},
		{"root", "PATCH", "/system/settings", `{"public_names":["Cloud.Example.org."]}`, 200, `"public_names":["cloud.example.org"]`},
		{"root", "PATCH", "/system/settings", `{"trusted_proxies":["10.0.0.1"]}`, 200, ""},
		{"root", "PATCH", "/tls", `{"mode":"off"}`, 200, `"mode":"off"`},
		{"root", "PATCH", "/tls", `{"mode":"internal"}`, 200, `"mode":"internal"`},
	} {
		got := b.do(tt.who, tt.method, "/api/v1"+tt.path, tt.body)
		if got.status != tt.status || !strings.Contains(got.body, tt.want) || strings.Contains(got.body, "MARKER-OF") {
			t.Errorf("%s: %s %s: %v", tt.who, tt.method, tt.path, got)
		}
	}
	if restarts != 2 {
		t.Errorf("it began to listen otherwise %d times", restarts)
	}
	rows, err := json.Marshal(audited(t, b))
	if err != nil || !strings.Contains(string(rows), "tls.update") || strings.Contains(string(rows), "MARKER") {
		t.Errorf("audit: %s, %v", rows, err)
	}
}

// audited returns what the appliance's own audit says.
func audited(t *testing.T, b *bench) any {
	t.Helper()
	got := b.do("root", "GET", "/api/v1/audit?tenant="+string(store.SystemTenant)+"&limit=100", "")
	var v any
	if err := json.Unmarshal([]byte(got.body), &v); err != nil {
		t.Fatal(got)
	}
	return v
}
