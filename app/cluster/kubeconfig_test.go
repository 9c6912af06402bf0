package cluster_test

import (
	"strings"
	"testing"

	"unity.internal/app/cluster"
	"unity.internal/app/fault"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// config returns a kubeconfig with one context, made of a cluster and a user.
func config(server, user string) string {
	return "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n" + server + "\nusers:\n- name: u\n  user:\n" + user +
		"\ncontexts:\n- name: ctx\n  context: {cluster: c, user: u}\ncurrent-context: ctx\n"
}

const (
	https = "    server: https://192.0.2.1:6443"
	token = "    token: abc"
)

func TestContextsSayWhyTheyCannotBeUsed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"a token":        {config(https, token), ""},
		"a program":      {config(https, "    exec: {apiVersion: client.authentication.k8s.io/v1, command: /opt/bin/aws-iam\x09, interactiveMode: Never}"), "runs a program to sign in (aws-iam)"},
		"a plugin":       {config(https, "    auth-provider: {name: gcp}"), "plugin (gcp)"},
		"a token's file": {config(https, "    tokenFile: /etc/shadow"), "names a file"},
		"a key's file":   {config(https, "    client-key: /etc/ssl/key.pem"), "names a file"},
		"a CA's file":    {config(https+"\n    certificate-authority: /etc/ca.pem", token), "names a file"},
		"a proxy":        {config(https+"\n    proxy-url: http://127.0.0.1:3128", token), "goes through a proxy"},
		"another user":   {config(https, token+"\n    as: root"), "impersonation"},
		"a broken CA":    {config(https+"\n    certificate-authority-data: YWJj", token), "not a certificate"},
		"a broken pair":  {config(https, "    client-certificate-data: YWJj\n    client-key-data: YWJj"), "do not belong together"},
		"no scheme":      {config("    server: 192.0.2.1:6443", token), "https://"},
		"a name in it":   {config("    server: https://user:secret@192.0.2.1", token), "more than a host"},
		"a file":         {config("    server: file:///etc/passwd", token), "https://"},
		"two lines":      {config(https, `    token: "a\nb"`), "line break"},
	} {
		all, err := cluster.Contexts([]byte(tt.text))
		if err != nil || len(all) != 1 {
			t.Errorf("%s: %v, %v", name, all, err)
			continue
		}
		if got := all[0].Refused; tt.want == "" != (got == "") || !strings.Contains(got, tt.want) || strings.Contains(all[0].Server, "secret") {
			t.Errorf("%s: %+v", name, all[0])
		}
	}
	for _, text := range []string{"", "hello", "{", "kind: Config\nclusters: 3", strings.Repeat("a", 600<<10)} {
		if _, err := cluster.Contexts([]byte(text)); err == nil || len(err.Error()) > 400 {
			t.Errorf("%.20q: %v", text, err)
		}
	}
}

func TestRisksAreAsked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, tt := range map[string]struct{ text, risk string }{
		"plain HTTP":     {config("    server: http://192.0.2.1:8080", token), cluster.AcceptPlain},
		"no verifying":   {config(https+"\n    insecure-skip-tls-verify: true", token), cluster.AcceptAny},
		"a program, too": {config(https, "    exec: {apiVersion: client.authentication.k8s.io/v1, command: a, interactiveMode: Never}"), ""},
	} {
		d := cluster.Draft{Name: name, Kubeconfig: tt.text}
		_, err := b.Create(t.Context(), b.acme, d)
		if f := fault.From(err); f.Kind != fault.Invalid || tt.risk != "" && f.Fields[0].Message != tt.risk {
			t.Errorf("%s: %v", name, err)
		}
		d.Accept = []string{cluster.AcceptPlain, cluster.AcceptAny}
		if _, err := b.Create(t.Context(), b.acme, d); (err == nil) != (tt.risk != "") {
			t.Errorf("%s, accepted: %v", name, err)
		}
	}
	for _, d := range []cluster.Draft{
		{Name: " ", Kubeconfig: config(https, token)},
		{Name: "a", Kubeconfig: config(https, token), Context: "other"},
		{Name: "b", Source: "/etc/passwd"},
		{Name: "c", Source: "in_cluster"},
	} {
		if _, err := b.Create(t.Context(), b.acme, d); err == nil {
			t.Errorf("%+v was taken", d)
		}
	}
}

func TestOnlyTheChosenContextIsKept(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	text := config(https, token) + "- name: other\n  context: {cluster: c, user: spare}\n"
	text = strings.Replace(text, "users:\n", "users:\n- name: spare\n  user: {token: marker-of-another}\n", 1)
	text = strings.Replace(text, "- name: other\n  context: {cluster: c, user: spare}\n", "", 1)
	v, err := b.Create(t.Context(), b.acme, cluster.Draft{Name: "one", Kubeconfig: text})
	if err != nil {
		t.Fatal(err)
	}
	v, err = b.acme.Cluster(t.Context(), v.ID)
	if kept := string(v.Kubeconfig.Ciphertext()); err != nil || !strings.Contains(kept, "token: abc") || strings.Contains(kept, "marker") {
		t.Fatal(kept, err)
	}
}

func TestQuotaAndNamesOfClusters(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	storetest.Tenants(t, s, "acme", "globex")
	b := newBenchOver(t, s)
	d := cluster.Draft{Name: "lab", Kubeconfig: config(https, token)}
	if _, err := b.Create(t.Context(), b.acme, d); err != nil {
		t.Fatal(err)
	}
	_, err := b.Create(t.Context(), b.acme, d)
	is(t, err, store.ErrClusterName)
	if _, err := b.Create(t.Context(), b.globex, d); err != nil {
		t.Fatal("another tenant's name:", err)
	}
	most := int64(1)
	v, err := s.System().TenantInfo(t.Context(), "acme")
	if err != nil {
		t.Fatal(err)
	}
	v.Quota.Clusters = &most
	if _, err := s.System().UpdateTenant(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	d.Name = "second"
	_, err = b.Create(t.Context(), b.acme, d)
	is(t, err, store.ErrQuota)
}
