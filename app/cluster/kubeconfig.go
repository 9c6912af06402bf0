package cluster

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/url"
	"slices"
	"strings"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"unity.internal/app/fault"
)

// maxKubeconfig bounds a kubeconfig, in bytes; real ones have some ten thousand.
const maxKubeconfig = 512 << 10

// What a person may accept although it is a risk.
const (
	AcceptPlain = "plain_http"  // the credential goes unencrypted
	AcceptAny   = "skip_verify" // whoever answers is believed to be the cluster
)

var (
	errKubeconfig = fault.New(fault.Invalid, "cluster.kubeconfig_invalid", "This is not a kubeconfig. Paste the whole file, which begins with apiVersion: v1 and has clusters, users and contexts.")
	errNoContext  = fault.New(fault.Invalid, "cluster.context_unknown", "The kubeconfig has no context of that name. Choose one that is listed.")
	errRefused    = fault.New(fault.Invalid, "cluster.context_refused", "This context cannot be used.")
	errAsk        = fault.New(fault.Invalid, "cluster.not_accepted", "This context needs your consent.")
)

// A Context is one way into one cluster that a kubeconfig has.
type Context struct {
	Name      string   `json:"name"`
	Current   bool     `json:"current" doc:"kubectl would use this one"`
	Server    string   `json:"server" doc:"The address of the API"`
	User      string   `json:"user"`
	Method    string   `json:"method" enum:"certificate,token,password,none" doc:"How it proves who it is"`
	Namespace string   `json:"namespace,omitempty"`
	Refused   string   `json:"refused,omitempty" doc:"Why it cannot be used, as a sentence"`
	Ask       []string `json:"ask" nullable:"false" enum:"plain_http,skip_verify" doc:"What a person must accept first"`
}

// Contexts returns what a kubeconfig has, the current one first, each with the
// reason if it cannot be used.
func Contexts(text []byte) ([]Context, error) {
	c, err := parse(text)
	if err != nil {
		return nil, err
	}
	all := make([]Context, 0, len(c.Contexts))
	for name := range c.Contexts {
		all = append(all, describe(c, name))
	}
	slices.SortFunc(all, func(a, b Context) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Name, b.Name)
	})
	return all, nil
}

// parse reads a kubeconfig. It opens no file that one names.
func parse(text []byte) (*api.Config, error) {
	if len(text) > maxKubeconfig {
		return nil, fault.New(fault.TooLarge, "cluster.kubeconfig_large", "A kubeconfig has at most 512 kB. Export only the context that you need: kubectl config view --minify --flatten --raw.")
	}
	c, err := clientcmd.Load(text)
	if err != nil || len(c.Contexts) == 0 {
		return nil, errKubeconfig // the cause would show what is in it
	}
	return c, nil
}

func describe(c *api.Config, name string) Context {
	at := c.Contexts[name]
	v := Context{Name: name, Current: name == c.CurrentContext, User: at.AuthInfo, Namespace: at.Namespace, Method: "none", Ask: []string{}}
	cluster, user := c.Clusters[at.Cluster], c.AuthInfos[at.AuthInfo]
	if cluster == nil || user == nil {
		v.Refused = "It names a cluster or a user that the file does not have."
		return v
	}
	v.Server = shown(cluster.Server)
	switch {
	case len(user.ClientCertificateData) > 0:
		v.Method = "certificate"
	case user.Token != "":
		v.Method = "token"
	case user.Username != "":
		v.Method = "password"
	}
	v.Refused = refusal(cluster, user)
	if u, err := url.Parse(cluster.Server); err == nil && u.Scheme == "http" {
		v.Ask = append(v.Ask, AcceptPlain)
	}
	if cluster.InsecureSkipTLSVerify {
		v.Ask = append(v.Ask, AcceptAny)
	}
	return v
}

// shown is an address without what somebody may have written before its @.
func shown(server string) string {
	u, err := url.Parse(server)
	if err != nil {
		return ""
	}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	return u.String()
}

// refusal says why a context cannot be used; nothing: it can. What needs another
// program or a file of this machine would let whoever pastes a kubeconfig run
// programs and read files here.
func refusal(c *api.Cluster, u *api.AuthInfo) string { //nolint:cyclop // a list of reasons, one a case
	at, err := url.Parse(c.Server)
	switch {
	case err != nil || at.Hostname() == "" || at.Scheme != "https" && at.Scheme != "http":
		return "Its server is not an address that begins with https://."
	case at.User != nil || at.RawQuery != "" || at.Fragment != "":
		return "Its server has more than a host, a port and a path."
	case u.Exec != nil:
		return "It runs a program to sign in (" + strings.TrimSpace(clean(u.Exec.Command)) + "), which is not done here. Make a service account with a token and use that."
	case u.AuthProvider != nil:
		return "It signs in by a plugin (" + clean(u.AuthProvider.Name) + "), which is not done here. Make a service account with a token and use that."
	case u.TokenFile != "" || u.ClientCertificate != "" || u.ClientKey != "" || c.CertificateAuthority != "":
		return "It names a file of another machine. Flatten it: kubectl config view --minify --flatten --raw."
	case c.ProxyURL != "":
		return "It goes through a proxy, which is not supported: what a proxy reaches cannot be checked. Give an address that is reached directly."
	case u.Impersonate != "" || len(u.ImpersonateGroups) > 0 || len(u.ImpersonateUserExtra) > 0 || u.ImpersonateUID != "":
		return "It acts as somebody else (impersonation), which is not supported. Use the credential of that user."
	}
	return unreadable(c, u)
}

// unreadable says what of a credential's own data cannot be read.
func unreadable(c *api.Cluster, u *api.AuthInfo) string {
	if len(c.CertificateAuthorityData) > 0 && !x509.NewCertPool().AppendCertsFromPEM(c.CertificateAuthorityData) {
		return "Its certificate-authority-data is not a certificate."
	}
	if len(u.ClientCertificateData) > 0 || len(u.ClientKeyData) > 0 {
		if _, err := tls.X509KeyPair(u.ClientCertificateData, u.ClientKeyData); err != nil {
			return "Its client certificate and key do not belong together, or one of them cannot be read."
		}
	}
	if strings.ContainsAny(u.Token, "\r\n") {
		return "Its token has a line break in it."
	}
	return ""
}

// clean returns the last part of a program's path, as far as it is plain text.
func clean(s string) string {
	s = s[strings.LastIndexAny(s, `/\`)+1:]
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return -1
		}
		return r
	}, s[:min(len(s), 64)])
}

// one returns a kubeconfig that has only what the context called name needs,
// and that context. An empty name is the current one.
func one(text []byte, name string, accept []string) ([]byte, Context, error) {
	c, err := parse(text)
	if err != nil {
		return nil, Context{}, err
	}
	if name == "" {
		name = c.CurrentContext
	}
	if c.Contexts[name] == nil {
		return nil, Context{}, errNoContext
	}
	v := describe(c, name)
	if v.Refused != "" {
		return nil, v, refused("body.context", v.Refused)
	}
	for _, risk := range v.Ask {
		if !slices.Contains(accept, risk) {
			return nil, v, asked(risk)
		}
	}
	at := *c.Contexts[name]
	at.Extensions = nil
	least := &api.Config{
		Clusters: map[string]*api.Cluster{at.Cluster: c.Clusters[at.Cluster]}, AuthInfos: map[string]*api.AuthInfo{at.AuthInfo: c.AuthInfos[at.AuthInfo]},
		Contexts: map[string]*api.Context{name: &at}, CurrentContext: name,
	}
	kept, err := clientcmd.Write(*least)
	return bytes.TrimSpace(kept), v, err
}

func refused(field, why string) error {
	f := fault.New(fault.Invalid, errRefused.Code, "%s", why)
	f.Fields = []fault.Field{{Field: field, Message: why}}
	return f
}

// asked says what a person must accept before a context is used.
func asked(risk string) error {
	text := "Its address begins with http://, so the credential and everything else would be readable on the way. Use https://, or accept that."
	if risk == AcceptAny {
		text = "It does not verify the certificate of the server, so anybody on the way could read the credential. Add certificate-authority-data, or accept that."
	}
	f := fault.New(fault.Invalid, errAsk.Code, "%s", text)
	f.Fields = []fault.Field{{Field: "body.accept", Message: risk}}
	return f
}

// restConfig turns a kubeconfig that one made into a configuration of client-go.
func restConfig(kept []byte) (*rest.Config, error) {
	c, err := parse(kept)
	if err != nil {
		return nil, err
	}
	at := c.Contexts[c.CurrentContext]
	if at == nil {
		return nil, errKubeconfig
	}
	cluster, user := c.Clusters[at.Cluster], c.AuthInfos[at.AuthInfo]
	if cluster == nil || user == nil || refusal(cluster, user) != "" {
		return nil, errKubeconfig
	}
	return &rest.Config{
		Host: cluster.Server, BearerToken: user.Token, Username: user.Username, Password: user.Password,
		TLSClientConfig: rest.TLSClientConfig{
			Insecure: cluster.InsecureSkipTLSVerify, ServerName: cluster.TLSServerName,
			CAData: cluster.CertificateAuthorityData, CertData: user.ClientCertificateData, KeyData: user.ClientKeyData,
		},
	}, nil
}
