package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"image/png"
	"net/http"
	"strings"
	"testing"

	"unity.internal/app/vault"
	"unity.internal/store"
)

func TestAKitIsMadeByAdministratorsOverASafeWay(t *testing.T) {
	t.Parallel()
	const secret = "MARKER lantern 42"
	asked := ""
	b := newBench(t, func(p *Parts) {
		noted := p.Kit
		p.Kit = func(ctx context.Context, y store.System, passphrase []byte) (KitFile, error) {
			asked = string(passphrase)
			return noted(ctx, y, passphrase)
		}
	})
	for _, tt := range []struct {
		name, who, body string
		header          []string
		status          int
		want            string
	}{
		{"nobody", "", `{"passphrase":"` + secret + `"}`, nil, 401, "auth."},
		{"an owner of a tenant", "ann", `{"passphrase":"` + secret + `"}`, nil, 403, "auth.forbidden"},
		{"a viewer", "vic", `{"passphrase":"` + secret + `"}`, nil, 403, "auth.forbidden"},
		{"over plain HTTP from afar", "root", `{"passphrase":"` + secret + `"}`, []string{"X-Forwarded-For: 192.0.2.9"}, 403, "request.plain_http"},
		{"no passphrase", "root", `{}`, nil, 422, "passphrase"},
		{"an empty one", "root", `{"passphrase":""}`, nil, 422, "body.passphrase"},
		{"a field that is not known", "root", `{"passphrase":"` + secret + `","x":1}`, nil, 422, "body.x"},
	} {
		if got := b.do(tt.who, http.MethodPost, "/api/v1/backup/kit", tt.body, tt.header...); got.status != tt.status || !strings.Contains(got.body, tt.want) || strings.Contains(got.body, secret) {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	if row, err := b.store.System().Backup(t.Context()); err != nil || asked != "" || row.Kit != nil {
		t.Fatal("somebody got further", asked, err)
	}
	for _, weak := range []string{"short", "password1234", "aaaaaaaaaaaa", "1234567890"} {
		if got := b.do("root", http.MethodPost, "/api/v1/backup/kit", `{"passphrase":"`+weak+`"}`); got.status != 422 || !strings.Contains(got.body, `"field":"body.passphrase"`) {
			t.Errorf("%s: %v", weak, got)
		}
	}
	got := b.do("root", http.MethodPost, "/api/v1/backup/kit", `{"passphrase":"`+secret+`"}`)
	var v KitFile
	if err := json.Unmarshal([]byte(got.body), &v); err != nil || got.status != 200 || v.Text == "" || asked != secret {
		t.Fatal(err, got)
	}
	if cache := got.header.Get("Cache-Control"); cache != "no-store" {
		t.Error("a cache may keep it:", cache)
	}
	if _, err := png.Decode(bytes.NewReader(v.QR)); err != nil {
		t.Error(err)
	}
	if got := b.do("root", http.MethodGet, "/api/v1/backup", ""); !strings.Contains(got.body, `"kit_at":"`) {
		t.Error("nobody sees that there is one", got)
	}
	audit := b.do("root", http.MethodGet, "/api/v1/audit?tenant=system", "")
	if strings.Contains(b.log.String()+audit.body, secret) || !strings.Contains(audit.body, `"backup.kit"`) {
		t.Error("the audit is wrong", audit, b.log)
	}
}

func TestALockedVaultMakesNoKit(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) {
		p.Kit = func(context.Context, store.System, []byte) (KitFile, error) { return KitFile{}, vault.ErrLocked }
	})
	if got := b.do("root", http.MethodPost, "/api/v1/backup/kit", `{"passphrase":"harbour lantern 42"}`); got.status != 503 || !strings.Contains(got.body, "vault.locked") {
		t.Fatal(got)
	}
}

func TestAPictureHoldsWhatAPhoneReads(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, mostQR, mostQR + 1, 100_000} {
		got, err := picture(strings.Repeat("x", n))
		if err != nil || (len(got) > 0) != (n <= mostQR) {
			t.Errorf("%d: %d bytes, %v", n, len(got), err)
		}
	}
}
