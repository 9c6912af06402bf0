package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"unity.internal/store"
)

// want sends one request and checks its status, then decodes the answer.
func (b *bench) want(status int, who, method, path, body string, header ...string) map[string]any {
	b.tb.Helper()
	a := b.do(who, method, base+path, body, header...)
	if a.status != status {
		b.tb.Fatalf("%s %s %s: %d %s, want %d", who, method, path, a.status, a.body, status)
	}
	v := map[string]any{}
	if a.body != "" {
		if err := json.Unmarshal([]byte(a.body), &v); err != nil {
			b.tb.Fatalf("%s: %v", a.body, err)
		}
	}
	return v
}

// watched adds a server to a tenant and returns its id.
func (b *bench) watched(tenant store.TenantID) string {
	b.tb.Helper()
	v, err := b.store.Tenant(tenant).CreateServer(b.tb.Context(), store.Server{
		ID: store.NewID(), Name: "nas", Host: "nas.lan", Port: 22, Username: "root", Auth: "key", PollSeconds: 10, SnapshotMinutes: 30,
	})
	if err != nil {
		b.tb.Fatal(err)
	}
	return v.ID
}

// load brings a CPU usage of a server.
func (b *bench) load(tenant store.TenantID, server string, ratio float64) {
	b.tb.Helper()
	err := b.parts.Alerts.Observe(b.tb.Context(), b.store.Tenant(tenant), store.Batch{
		Server: server, At: time.Now(), Readings: []store.Reading{{Metric: "node_cpu_usage_ratio", Value: ratio}},
	})
	if err != nil {
		b.tb.Fatal(err)
	}
}

func TestAlertsFromThresholdToResolution(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	server := b.watched("acme")
	list := b.want(200, "vic", "GET", "/thresholds", "")
	if n := len(list["items"].([]any)); n != 11 {
		t.Errorf("%d thresholds came with the tenant", n)
	}
	b.want(403, "vic", "POST", "/thresholds", `{"name":"CPU","metric":"cpu_percent","value":90}`)
	b.want(422, "ann", "POST", "/thresholds", `{"name":"CPU","metric":"cpu percent","value":90}`)
	b.want(404, "ann", "POST", "/thresholds", `{"name":"CPU","metric":"cpu_percent","value":90,"channel_ids":["nobody"]}`)
	made := b.want(201, "ann", "POST", "/thresholds", `{"name":"CPU","metric":"cpu_percent","value":90}`)
	if made["condition"] != "gt" || made["severity"] != "warning" || made["enabled"] != true || made["channel_ids"] != nil || made["server_id"] != nil {
		t.Errorf("threshold: %v", made)
	}
	if off := b.want(201, "ann", "POST", "/thresholds", `{"name":"off","metric":"load1","value":4,"enabled":false}`); off["enabled"] != false {
		t.Errorf("threshold: %v", off)
	}
	path := "/thresholds/" + made["id"].(string)
	b.want(412, "ann", "PATCH", path, `{"value":95}`, `If-Match: "7"`)
	made = b.want(200, "ann", "PATCH", path, fmt.Sprintf(`{"value":80,"clear_value":70,"server_id":%q,"channel_ids":[]}`, server), `If-Match: "1"`)
	if made["rev"] != 2.0 || made["clear_value"] != 70.0 || made["channel_ids"] == nil {
		t.Errorf("threshold: %v", made)
	}
	if made = b.want(200, "ann", "PATCH", path, `{"clear_value":null,"channel_ids":null}`); made["clear_value"] != nil || made["channel_ids"] != nil {
		t.Errorf("threshold: %v", made)
	}
	b.want(404, "gus", "GET", path, "")

	b.load("acme", server, 0.85)
	items := b.want(200, "vic", "GET", "/alerts", "")["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("alerts: %v", items)
	}
	a := items[0].(map[string]any)
	if a["message"] != "CPU at 85 % (limit 80 %)" || a["state"] != "firing" || a["server_name"] != "nas" || a["snoozed_until"] != nil {
		t.Errorf("alert: %v", a)
	}
	one := "/alerts/" + a["id"].(string)
	b.want(403, "vic", "POST", one+"/acknowledge", "")
	b.want(404, "gus", "POST", one+"/acknowledge", "")
	if a = b.want(200, "ann", "POST", one+"/acknowledge", ""); a["acknowledged_by"] != "ann" {
		t.Errorf("alert: %v", a)
	}
	b.want(200, "ann", "POST", one+"/unacknowledge", "")
	if a = b.want(200, "ann", "POST", one+"/snooze", `{"minutes":15}`); a["snoozed_until"] == nil {
		t.Errorf("alert: %v", a)
	}
	if n := b.want(200, "vic", "GET", "/alerts/stats", ""); n["firing"] != 1.0 || n["warning"] != 1.0 || n["stale"] != 0.0 {
		t.Errorf("stats: %v", n)
	}
	ids := fmt.Sprintf(`{"ids":[%q]}`, a["id"])
	b.want(200, "ann", "POST", "/alerts/acknowledge", ids)
	b.want(404, "gus", "POST", "/alerts/acknowledge", ids)
	b.want(200, "ann", "POST", "/alerts/resolve", ids)
	b.want(409, "ann", "POST", one+"/resolve", "")
	detail := b.want(200, "vic", "GET", one, "")
	if n := len(detail["timeline"].([]any)); n != 6 || detail["state"] != "resolved" {
		t.Errorf("alert: %v", detail)
	}
	if n := len(b.want(200, "vic", "GET", "/alerts?state=resolved&severity=warning&server="+server, "")["items"].([]any)); n != 1 {
		t.Errorf("%d resolved", n)
	}
	if until := b.want(200, "ann", "POST", path+"/mute", `{"minutes":60}`)["muted_until"]; until == nil {
		t.Error("not muted")
	}
	b.want(200, "ann", "POST", path+"/unmute", "")
	b.want(204, "ann", "DELETE", path, "")
	b.want(200, "vic", "GET", "/thresholds/metrics", "")
}

func TestSilencesAreEdited(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	server := b.watched("acme")
	b.want(404, "gus", "POST", "/silences", fmt.Sprintf(`{"server_id":%q,"ends_at":"2099-01-01T00:00:00Z"}`, server))
	b.want(422, "ann", "POST", "/silences", `{"ends_at":"1999-01-01T00:00:00Z"}`)
	v := b.want(201, "ann", "POST", "/silences", fmt.Sprintf(`{"server_id":%q,"comment":"move","source":"maintenance","ends_at":"2099-01-01T00:00:00Z"}`, server))
	path := "/silences/" + v["id"].(string)
	if v["actor"] != "ann" || v["source"] != "maintenance" {
		t.Errorf("silence: %v", v)
	}
	b.want(412, "ann", "PATCH", path, `{"comment":"x"}`, `If-Match: "9"`)
	if v = b.want(200, "ann", "PATCH", path, `{"severity":"warning"}`, `If-Match: "1"`); v["severity"] != "warning" || v["server_id"] != server {
		t.Errorf("silence: %v", v)
	}
	if n := len(b.want(200, "vic", "GET", "/silences?active=true", "")["items"].([]any)); n != 1 {
		t.Errorf("%d silences", n)
	}
	b.want(404, "gus", "DELETE", path, "")
	b.want(204, "ann", "DELETE", path, "")
}

func TestChannelsAreEditedAndTested(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	r := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	defer r.Close()
	if n := len(b.want(200, "vic", "GET", "/channels/types", "")["items"].([]any)); n != 3 {
		t.Errorf("%d types", n)
	}
	v := b.want(201, "ann", "POST", "/channels", fmt.Sprintf(`{"name":"hook","type":"webhook","config":{"url":%q,"secret":"m4rk3r"}}`, r.URL))
	if v["config"].(map[string]any)["secret"] != "********" || v["enabled"] != true {
		t.Errorf("channel: %v", v)
	}
	path := "/channels/" + v["id"].(string)
	b.want(403, "vic", "POST", path+"/test", "")
	b.want(404, "gus", "POST", path+"/test", "")
	b.want(409, "ann", "POST", "/channels", fmt.Sprintf(`{"name":"hook","type":"webhook","config":{"url":%q}}`, r.URL))
	b.want(422, "ann", "POST", "/channels", `{"name":"x","type":"webhook","config":{"url":"gopher://x"}}`)
	if v = b.want(200, "ann", "PATCH", path, `{"name":"other"}`, `If-Match: "1"`); v["rev"] != 2.0 {
		t.Errorf("channel: %v", v)
	}
	b.want(412, "ann", "PATCH", path, `{"name":"third"}`, `If-Match: "1"`)
	if d := b.want(200, "ann", "POST", path+"/test", ""); d["state"] != "sent" || d["event"] != "test" {
		t.Errorf("delivery: %v", d)
	}
	list := b.do("vic", "GET", base+"/deliveries?state=sent", "")
	if list.status != 200 || !strings.Contains(list.body, `"channel_name":"other"`) || strings.Contains(list.body+b.log.String(), "m4rk3r") {
		t.Errorf("deliveries: %s", list.body)
	}
	b.want(204, "ann", "DELETE", path, "", `If-Match: "2"`)
}

func TestTheApplianceIsPartOfOneHousehold(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) { p.Auth.Always = false; reload(t, p.Auth) })
	own := b.store.System().Own()
	if err := b.parts.Alerts.Unwell(t.Context(), own, []string{"The disk is full."}); err != nil {
		t.Fatal(err)
	}
	items := b.want(200, "root", "GET", "/alerts", "")["items"].([]any)
	if len(items) != 1 || items[0].(map[string]any)["title"] != "Appliance unwell" {
		t.Fatalf("alerts: %v", items)
	}
	id := items[0].(map[string]any)["id"].(string)
	b.want(200, "root", "GET", "/alerts/"+id, "")
	b.want(200, "root", "POST", "/alerts/acknowledge", fmt.Sprintf(`{"ids":[%q]}`, id))
	if n := b.want(200, "root", "GET", "/alerts/stats", ""); n["acknowledged"] != 1.0 {
		t.Errorf("stats: %v", n)
	}
	if n := len(b.want(200, "root", "GET", "/thresholds", "")["items"].([]any)); n != 12 {
		t.Errorf("%d thresholds", n)
	}
	many := newBench(t)
	if err := many.parts.Alerts.Unwell(t.Context(), many.store.System().Own(), []string{"The disk is full."}); err != nil {
		t.Fatal(err)
	}
	if n := len(many.want(200, "ann", "GET", "/alerts", "")["items"].([]any)); n != 0 {
		t.Errorf("a tenant sees %d alerts of the appliance", n)
	}
	if n := len(many.want(200, "root", "GET", "/alerts", "", "X-Tenant-ID: system")["items"].([]any)); n != 1 {
		t.Errorf("the administrator sees %d", n)
	}
}
