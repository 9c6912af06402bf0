package httpapi

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/cluster/clustertest"
	"unity.internal/store"
)

func TestObjectsOfAClusterOverHTTP(t *testing.T) {
	t.Parallel()
	plane := clustertest.Shared(t)
	ns := plane.Namespace(t)
	b := newBench(t)
	_, err := plane.Client().CoreV1().Secrets(ns).Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "key"}, Data: map[string][]byte{"password": []byte("marker-of-a-secret")}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	draft, err := json.Marshal(map[string]string{"name": "home", "kubeconfig": plane.Kubeconfig()})
	if err != nil {
		t.Fatal(err)
	}
	made := b.do("ann", http.MethodPost, "/api/v1/clusters", string(draft))
	var v store.Cluster
	if err := json.Unmarshal([]byte(made.body), &v); err != nil || made.status != http.StatusCreated {
		t.Fatalf("%v %v", made, err)
	}
	base := "/api/v1/clusters/" + v.ID
	object := url.Values{"kind": {"secrets"}, "namespace": {ns}, "name": {"key"}}.Encode()
	for _, tt := range []struct {
		name, user, path string
		status           int
		has              string
	}{
		{"a viewer sees the object", "vic", "/object?" + object, 200, `"bytes":18`},
		{"its events", "vic", "/object/events?" + object, 200, `"items":[`},
		{"its graph", "vic", "/object/related?" + object, 200, `"nodes":[{`},
		{"its usage", "vic", "/object/usage?" + object, 200, `"available":false`},
		{"a schema", "vic", "/schema?kind=secrets", 200, `"definitions"`},
		{"a schema as YAML names it", "vic", "/schema?kind=Deployment&api_version=apps%2Fv1", 200, `DeploymentSpec`},
		{"another tenant's", "gus", "/object?" + object, 404, "not_found"},
		{"another tenant's events", "gus", "/object/events?" + object, 404, "not_found"},
		{"another tenant's graph", "gus", "/object/related?" + object, 404, "not_found"},
		{"another tenant's usage", "gus", "/object/usage?" + object, 404, "not_found"},
		{"another tenant's schema", "gus", "/schema?kind=secrets", 404, "not_found"},
		{"no name", "vic", "/object?kind=secrets", 422, "name"},
		{"a name that leads elsewhere", "vic", "/object?kind=configmaps&namespace=" + ns + "&name=..%2Fsecrets%2Fkey", 422, "cluster.name_invalid"},
		{"an unknown kind", "vic", "/object?kind=wonders&namespace=a&name=b", 404, "cluster.kind_unknown"},
		{"an object that is gone", "vic", "/object?kind=secrets&namespace=" + ns + "&name=gone", 404, "cluster.object_gone"},
		{"a kind as neither names it", "vic", "/schema?kind=Deployment", 422, "schema.kind_invalid"},
	} {
		got := b.do(tt.user, http.MethodGet, base+tt.path, "")
		if got.status != tt.status || !strings.Contains(got.body, tt.has) || strings.Contains(got.body, "marker-of-a-secret") || strings.Contains(got.body, "bWFya2Vy") {
			t.Errorf("%s: %d %.400s", tt.name, got.status, got.body)
		}
	}
	first := b.do("vic", http.MethodGet, base+"/schema?kind=pods", "")
	tag := first.header.Get("ETag")
	if again := b.do("vic", http.MethodGet, base+"/schema?kind=pods", "", "If-None-Match: "+tag); tag == "" || again.status != http.StatusNotModified || again.body != "" {
		t.Errorf("ETag %s: %d %.100s", tag, again.status, again.body)
	}
}
