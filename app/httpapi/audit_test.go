package httpapi

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"unity.internal/store"
)

// record adds n rows with that detail to the audit of a tenant, in one transaction.
func (b *bench) record(tenant store.TenantID, n int, detail any) {
	b.tb.Helper()
	err := b.store.Tenant(tenant).By("ann", "192.0.2.1").Tx(b.tb.Context(), func(t store.Tenant) error {
		for i := range n {
			if err := t.Record(b.tb.Context(), store.Audit{Action: "test.row", Thing: fmt.Sprint("thing", i%100), Result: "done", Detail: detail}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		b.tb.Fatal(err)
	}
}

func TestTheAuditIsFiltered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.record("acme", 200, nil)
	for query, want := range map[string]int{
		"q=test.row&thing=thing7":                                 2,
		"q=test.row&actor=ann":                                    200,
		"q=test.row&actor=gus":                                    0,
		"q=test.row&result=refused":                               0,
		"q=row&from=2020-01-01T00:00:00Z&to=2100-01-01T00:00:00Z": 200,
		"q=row&to=1577836800000":                                  0,
	} {
		var page struct {
			Items []struct {
				Actor string `json:"actor_name"`
			}
		}
		got := b.do("ann", http.MethodGet, "/api/v1/audit?limit=500&"+query, "")
		if err := json.Unmarshal([]byte(got.body), &page); err != nil || got.status != http.StatusOK || len(page.Items) != want {
			t.Errorf("%s: %d of %d rows, %d %v", query, len(page.Items), want, got.status, err)
		}
		for _, v := range page.Items {
			if v.Actor != "ann" {
				t.Errorf("%s: done by %q", query, v.Actor)
			}
		}
		file := b.do("ann", http.MethodGet, "/api/v1/audit/export?"+query, "")
		if n := strings.Count(file.body, "\n"); file.status != http.StatusOK || n != want {
			t.Errorf("%s: %d of %d rows in the file, %d", query, n, want, file.status)
		}
	}
	for _, path := range []string{"/audit?", "/audit/export?"} {
		if got := b.do("ann", http.MethodGet, "/api/v1"+path+"from=tomorrow", ""); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.body, "query.from") {
			t.Errorf("%s of no time: %v", path, got)
		}
	}
}

func TestAnExportIsTheWholeChainOfOneTenant(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.record("acme", 10_000, nil)
	b.record("globex", 10, nil)
	got := b.do("ann", http.MethodGet, "/api/v1/audit/export", "")
	name := got.header.Get("Content-Disposition")
	if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/x-ndjson" || !strings.HasPrefix(name, `attachment; filename="audit-acme-`) {
		t.Fatal(got.status, got.header)
	}
	newest, err := b.store.Tenant("acme").AuditRows(t.Context(), store.AuditList{List: store.List{Limit: 1}})
	if err != nil {
		t.Fatal(err)
	}
	next := newest.Items[0].Seq
	if first, _, _ := strings.Cut(got.body, "\n"); !strings.Contains(first, fmt.Sprintf(`"mac":"%x"`, newest.Items[0].MAC())) {
		t.Error("the first line has not the head's mac: ", first)
	}
	for line := range strings.Lines(got.body) {
		var v struct {
			Seq int64
			MAC string
		}
		if err := json.Unmarshal([]byte(line), &v); err != nil || v.Seq != next || len(v.MAC) != 64 {
			t.Fatalf("%v, want row %d: %s", err, next, line)
		}
		next--
	}
	if next != 0 {
		t.Fatalf("%d rows are missing", next)
	}
	if got := b.do("vic", http.MethodGet, "/api/v1/audit/export", ""); got.status != http.StatusForbidden {
		t.Errorf("a viewer: %v", got)
	}
	if got := b.do("gus", http.MethodGet, "/api/v1/audit/export?tenant=acme", ""); got.status != http.StatusForbidden {
		t.Errorf("another tenant's: %v", got)
	}
	if got := b.do("gus", http.MethodGet, "/api/v1/audit/export?q=row", ""); strings.Count(got.body, "\n") != 10 {
		t.Errorf("another's own: %s", got.body)
	}
}

// TestADownloadIsCutWithItsSession reads a little, loses the session, and must
// not take what arrived for the whole file.
func TestADownloadIsCutWithItsSession(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.record("acme", 1500, strings.Repeat("x", 20_000)) // more than the buffers on the way hold
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+"/api/v1/audit/export", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.AddCookie(&http.Cookie{Name: plainCookie, Value: b.cookie("ann")})
	res, err := b.client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	from := bufio.NewReader(res.Body)
	if _, err := from.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for _, v := range b.auth.Sessions("ann") {
		if err := b.auth.End(t.Context(), b.store.System(), "ann", v.ID); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := io.Copy(io.Discard, from); err == nil {
		t.Fatalf("it ended as if it were whole, after %d bytes: %v", n, err)
	}
}

func TestTheAuditIsKeptForAMonthAtLeast(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, tt := range []struct {
		who, path, days string
		want            int
	}{
		{"ann", "/settings", "29", 422},
		{"ann", "/settings", "-1", 422},
		{"ann", "/settings", "30", 200},
		{"ann", "/settings", "0", 200},
		{"root", "/system/settings", "1", 422},
		{"root", "/system/settings", "365", 200},
	} {
		got := b.do(tt.who, http.MethodPatch, "/api/v1"+tt.path, `{"audit_retention_days":`+tt.days+`}`)
		if got.status != tt.want {
			t.Errorf("%s days in %s: %v, want %d", tt.days, tt.path, got, tt.want)
		}
	}
	own, err := b.store.System().Own().Settings(t.Context())
	if err != nil || own.KeepAudit != 365 {
		t.Errorf("the appliance keeps its own for %d days: %v", own.KeepAudit, err)
	}
}
