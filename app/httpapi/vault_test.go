package httpapi

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"unity.internal/app/vault"
	"unity.internal/store"
)

func TestTheVaultAndTenantsAreOfAdministrators(t *testing.T) {
	t.Parallel()
	var asked vault.Ask
	var deleted store.TenantID
	b := newBench(t, func(p *Parts) {
		p.RotateKeys = func(_ context.Context, _ store.System, a vault.Ask) (store.Job, error) {
			asked = a
			return store.Job{ID: "j1", State: "queued", Log: []string{}}, nil
		}
		p.DeleteTenant = func(ctx context.Context, y store.System, id store.TenantID) (store.Job, error) {
			deleted = id
			return store.Job{ID: "j2", State: "queued", Log: []string{}}, y.CloseTenant(ctx, id)
		}
	})
	furnish(t, b)
	for _, tt := range []struct {
		who, method, path, body string
		status                  int
		want                    string
	}{
		{"ann", "GET", "/vault", "", 403, ""},
		{"ann", "POST", "/vault/rotate", "{}", 403, ""},
		{"vic", "GET", "/tenants/acme/contents", "", 403, ""},
		{"vic", "DELETE", "/tenants/acme", "", 403, ""},
		{"ann", "GET", "/tenants/acme/contents", "", 200, `"kind":"servers"`},
		{"ann", "GET", "/tenants/globex/contents", "", 404, ""},
		{"ann", "DELETE", "/tenants/globex", "", 404, ""},
		{"root", "GET", "/vault", "", 200, `"source":"file"`},
		{"root", "POST", "/vault/rotate", `{"tenant":"acme"}`, 202, `"id":"j1"`},
		{"root", "GET", "/tenants/acme/contents", "", 200, `{"kind":"servers","n":1}`},
		{"root", "GET", "/tenants/nope/contents", "", 404, ""},
		{"root", "DELETE", "/tenants/default", "", 403, "tenant.reserved"},
		{"root", "DELETE", "/tenants/acme", "", 202, `"id":"j2"`},
	} {
		got := b.do(tt.who, tt.method, "/api/v1"+tt.path, tt.body)
		if got.status != tt.status || !strings.Contains(got.body, tt.want) {
			t.Errorf("%s: %s %s: %v", tt.who, tt.method, tt.path, got)
		}
	}
	if asked.Tenant != "acme" || asked.Master || deleted != "acme" {
		t.Error(asked, deleted)
	}
	if err := b.auth.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := b.do("ann", http.MethodGet, "/api/v1/servers", ""); got.status != http.StatusForbidden {
		t.Error("a closed tenant is open", got)
	}
}
