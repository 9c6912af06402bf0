package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/auth"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// The one id of everything that acme has, and a name in all of it.
const (
	acmes  = "acmes-thing"
	marker = "acmes-secret-name"
)

// furnish gives acme one of everything.
func furnish(t *testing.T, b *bench) {
	t.Helper()
	ctx, acme := t.Context(), b.store.Tenant("acme")
	now := time.Now()
	_, err := acme.CreateServer(ctx, store.Server{
		ID: acmes, Name: marker, Host: marker + ".test", Port: 22, Username: marker, Auth: "key", Tags: []string{marker},
		Notes: marker, PollSeconds: 10, SnapshotMinutes: 30,
	})
	_, err2 := acme.CreateThreshold(ctx, store.Threshold{ID: acmes, Name: marker, Metric: "cpu_percent", Condition: "gt", Value: 1, Severity: "info", Enabled: true})
	_, err3 := acme.CreateChannel(ctx, store.Channel{ID: acmes, Name: marker, Type: "webhook", Config: map[string]any{"url": "https://" + marker + ".test"}})
	_, err4 := acme.CreateJob(ctx, store.Job{ID: acmes, Kind: "servers.snapshot", Thing: acmes, Title: marker})
	_, err5 := acme.CreateSilence(ctx, store.Silence{ID: acmes, Source: "manual", Server: acmes, Comment: marker, Starts: now, Ends: now.Add(time.Hour)})
	err6 := acme.AddSnapshot(ctx, store.Snapshot{
		SnapshotName: store.SnapshotName{ID: acmes, ServerID: acmes, Taken: now},
		Sections:     map[string]json.RawMessage{"os": json.RawMessage(`{"hostname":"` + marker + `"}`)},
	})
	_, err7 := acme.ChangeAlerts(ctx, "alerts.fire", []store.AlertChange{{
		Alert:  store.Alert{ID: acmes, Key: "k", Threshold: acmes, Server: acmes, Title: marker, Message: marker, Severity: "info", State: "firing", Started: now, Fired: &now, Labels: map[string]string{}},
		Events: []store.AlertEvent{{At: now, Kind: "fired", Text: marker}},
	}})
	_, err8 := acme.AddTest(ctx, store.Delivery{ID: acmes, Channel: acmes, ChannelName: marker, Event: "test", State: "queued"})
	err9 := b.parts.Metrics.Append(ctx, acme, store.Batch{Server: acmes, At: now, Readings: []store.Reading{{Metric: "node_load1", Value: 1}}})
	storetest.User(t, b.store, store.User{ID: acmes, Username: marker, Email: marker + "@acme.test"})
	storetest.Member(t, b.store, "acme", acmes, "viewer")
	_, err10 := acme.By("ann", "").CreateInvitation(ctx, store.Invitation{ID: acmes, Email: marker + "@acme.test", Role: "viewer", Hash: []byte(acmes), Expires: now.Add(time.Hour)})
	_, err11 := acme.By("ann", "").CreateAPIKey(ctx, store.APIKey{ID: acmes, User: "ann", Name: marker, Permissions: []string{"servers.read"}, Hash: make([]byte, 32)})
	reload(t, b.auth)
	if err := errors.Join(err10, err11, err, err2, err3, err4, err5, err6, err7, err8, err9, b.parts.Alerts.Changed(ctx, acme)); err != nil {
		t.Fatal(err)
	}
	furnishCluster(t, b, acme)
	b.bus.Publish("acme", "servers", marker, 1)
}

// furnishCluster gives acme a real cluster with the one id.
func furnishCluster(t *testing.T, b *bench, acme store.Tenant) {
	t.Helper()
	sealed, err := b.parts.Vault.Seal(t.Context(), "acme", "clusters|kubeconfig|"+acmes, []byte(clustertest.Shared(t).Kubeconfig()))
	if err != nil {
		t.Fatal(err)
	}
	web := map[string]string{"app": "web"}
	plane := clustertest.Shared(t)
	_, err = plane.Client().CoreV1().Namespaces().Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: shop}}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) { // other tests furnish, too
		t.Fatal(err)
	}
	_, err = plane.Client().AppsV1().Deployments(shop).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "web"}, Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: web},
			Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: web}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}}},
		},
	}, metav1.CreateOptions{})
	if err != nil && !apierrors.IsAlreadyExists(err) { // other tests furnish, too
		t.Fatal(err)
	}
	v := store.Cluster{ID: acmes, Name: marker, Source: store.ClusterKubeconfig, Server: "https://" + marker + ".test", Context: marker, Kubeconfig: sealed, Notes: marker}
	if _, err := acme.CreateCluster(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	deploy(t, "default", acmes)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	done := make(chan error, 1)
	go func() { done <- b.parts.Clusters.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// shop is the namespace in which acme has a deployment.
const shop = "acmes-shop"

// seen is what an owner asks for of a cluster, where an operation wants more than
// an id: by the end of its path.
var seen = map[string]string{
	"/clusters/objects":             "?kind=namespaces",
	"/clusters/{id}/schema":         "?kind=namespaces",
	"/clusters/{id}/revisions":      "?kind=deployments.apps&namespace=" + shop + "&name=web",
	"/clusters/{id}/object":         "?kind=nodes&name=sim-0000",
	"/clusters/{id}/object/events":  "?kind=nodes&name=sim-0000",
	"/clusters/{id}/object/related": "?kind=nodes&name=sim-0000",
	"/clusters/{id}/object/usage":   "?kind=nodes&name=sim-0000",
	"/clusters/logs":                "?of=" + acmes + "|pods|x|x",
	"/clusters/logs/download":       "?of=" + acmes + "|pods|x|x",
}

// TestTenantsAreApart calls every operation as globex's owner with ids of acme
// in path, query and body. It covers routes that are not yet written.
func TestTenantsAreApart(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	furnish(t, b)
	before := dump(t, b)
	for name, op := range operations(b.doc) {
		method, path, body := request(t, b.doc, name, op, acmes)
		need := auth.Permission(op.Security[0]["session"][0])
		if strings.Contains(path, "/events") {
			continue // it has no end: TestAStreamIsOfOneTenant
		}
		own := path
		if strings.Contains(path, "/auth/sessions/") || strings.Contains(path, "/tenants/") {
			own = "" // a session is its user's, not a tenant's; and no tenant has acme's one id
		}
		works := http.StatusOK
		if op.Responses["101"] != nil {
			works = http.StatusUpgradeRequired // a socket, to which nobody upgrades here
		}
		if method == http.MethodGet && own != "" && !auth.OfSystem(need) {
			if got := b.do("ann", http.MethodGet, keepPath(own)+seen[strings.TrimPrefix(op.Path, base)], ""); got.status != works {
				t.Errorf("%s by its owner: %v", name, got) // else a 404 proves nothing
			}
		}
		b.tokens["gus"] = "" // one of the calls signs him out
		got := b.do("gus", method, path, body)
		want := http.StatusNotFound
		if auth.OfSystem(need) {
			want = http.StatusForbidden // no verb for anybody but administrators of the appliance
		}
		if (strings.Contains(name, "{") || strings.Contains(name, "/clusters/logs") || auth.OfSystem(need)) && got.status != want {
			t.Errorf("%s %s: %v, want %d", name, body, got, want)
		}
		if got.status >= 500 || strings.Contains(got.body, marker) {
			t.Errorf("%s %s: %v", name, body, got)
		}
		b.tokens["gus"] = ""
		got = b.do("gus", method, path, body, "X-Tenant-ID: acme")
		if need != auth.Public && got.status != http.StatusForbidden || strings.Contains(got.body, marker) {
			t.Errorf("%s in another's tenant: %v", name, got)
		}
	}
	if after := dump(t, b); after != before {
		t.Errorf("acme changed from\n%s\nto\n%s", before, after)
	}
}

// keepPath leaves a query out: the owner asks for all.
func keepPath(path string) string {
	path, _, _ = strings.Cut(path, "?")
	return path
}

// dump returns what acme's owner sees of everything that can be changed.
func dump(t *testing.T, b *bench) string {
	t.Helper()
	var all strings.Builder
	for _, list := range []string{"servers", "thresholds", "alerts", "silences", "channels", "deliveries", "jobs", "members", "invitations", "auth/api-keys", "settings"} {
		got := b.do("ann", http.MethodGet, "/api/v1/"+list, "")
		if got.status != http.StatusOK || list != "settings" && !strings.Contains(got.body, marker) {
			t.Fatalf("%s: %v", list, got)
		}
		all.WriteString(got.body + "\n")
	}
	v, err := b.store.Tenant("acme").Cluster(t.Context(), acmes)
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&all, "%s %d %x\n", v.Name, v.Rev, v.Kubeconfig.Ciphertext()) // how it is changes by itself
	return all.String()
}

func TestAStreamIsOfOneTenant(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	heard := func(who string, header ...string) (status int, text string) {
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+"/api/v1/events?samples=*|*", nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range header {
			k, v, _ := strings.Cut(h, ": ")
			req.Header.Set(k, v)
		}
		req.AddCookie(&http.Cookie{Name: plainCookie, Value: b.cookie(who)})
		res, err := b.client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if res.StatusCode != http.StatusOK {
			return res.StatusCode, ""
		}
		buf := make([]byte, 4096)
		for !strings.Contains(text, "the-end") {
			n, err := res.Body.Read(buf)
			text += string(buf[:n])
			if strings.Contains(text, "hello") && !strings.Contains(text, "data") {
				b.bus.Publish("acme", "servers", marker, 1)
				b.bus.Samples("acme", store.Batch{Server: acmes, Readings: []store.Reading{{Metric: marker}}})
				b.bus.Publish(store.TenantID(map[string]string{"ann": "acme", "gus": "globex"}[who]), "servers", "the-end", 1)
			}
			if err != nil {
				t.Fatalf("%v after %q", err, text)
			}
		}
		return res.StatusCode, text
	}
	if _, text := heard("ann"); !strings.Contains(text, marker) || !strings.Contains(text, acmes) {
		t.Errorf("the owner hears %q", text)
	}
	if _, text := heard("gus"); strings.Contains(text, marker) || strings.Contains(text, acmes) {
		t.Errorf("another hears %q", text)
	}
	if status, _ := heard("gus", "X-Tenant-ID: acme"); status != http.StatusForbidden {
		t.Errorf("another's tenant: %d", status)
	}
}

// TestAStreamEndsWithItsSession counts on a second after a session, a
// membership or a tenant ends.
func TestAStreamEndsWithItsSession(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(*bench) error{
		"signed out": func(b *bench) error {
			for _, v := range b.auth.Sessions("ann") {
				if err := b.auth.End(t.Context(), b.store.System(), "ann", v.ID); err != nil {
					return err
				}
			}
			return nil
		},
		"out of the tenant": func(b *bench) error {
			storetest.User(t, b.store, store.User{ID: "heir"})
			storetest.Member(t, b.store, "acme", "heir", "owner")
			return errors.Join(b.auth.DeleteMember(t.Context(), auth.Identity{User: "root"}, b.store.Tenant("acme"), "ann"))
		},
		"switched off": func(b *bench) error {
			u, err := b.store.System().User(t.Context(), "ann")
			u.Active = false
			_, err2 := b.auth.UpdateUser(t.Context(), b.store.System(), auth.Identity{User: "root"}, u)
			return errors.Join(err, err2)
		},
		"deleted": func(b *bench) error {
			return b.auth.DeleteUser(t.Context(), b.store.System(), auth.Identity{User: "root"}, "ann", store.AnyRev)
		},
		"asked for another password": func(b *bench) error {
			u, err := b.store.System().User(t.Context(), "ann")
			u.MustChange = true
			_, err2 := b.auth.UpdateUser(t.Context(), b.store.System(), auth.Identity{User: "root"}, u)
			return errors.Join(err, err2)
		},
		"one household again": func(b *bench) error {
			b.auth.Always = false
			return b.auth.Reload(t.Context())
		},
		"suspended": func(b *bench) error {
			return errors.Join(b.store.System().SetTenantStatus(t.Context(), "acme", "suspended"), b.auth.Reload(t.Context()))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+"/api/v1/events", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.AddCookie(&http.Cookie{Name: plainCookie, Value: b.cookie("ann")})
			res, err := b.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			buf := make([]byte, 4096)
			if _, err := res.Body.Read(buf); err != nil {
				t.Fatal(err)
			}
			if err := end(b); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			for err == nil {
				_, err = res.Body.Read(buf)
			}
			if took := time.Since(start); took > 2*time.Second { // one, and what a busy machine takes
				t.Fatalf("it ended after %v", took)
			}
		})
	}
}

// TestObjectsAreHeardByWhoMaySeeThem asks for them with a key that hears events only.
func TestObjectsAreHeardByWhoMaySeeThem(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	made := b.want(201, "ann", http.MethodPost, "/auth/api-keys", `{"name":"ears","permissions":["events.read"]}`)
	got := b.do("", http.MethodGet, "/api/v1/events?objects=*%7Cpods", "", "Authorization: Bearer "+made["key"].(string))
	if got.status != http.StatusForbidden {
		t.Fatal(got)
	}
}
