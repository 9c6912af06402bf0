package cluster

import (
	"context"
	"net/http"
	"net/url"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	"unity.internal/store"
)

// agent names us to API servers: for browsers and curl they indent what they
// send, which doubles it.
const agent = "unity"

// where names the place of a cluster's secret for the vault.
func where(cluster string) string { return "clusters|kubeconfig|" + cluster }

// connect returns the way to a cluster that is stored.
func (s *Service) connect(ctx context.Context, t store.Tenant, v store.Cluster) (*link, error) {
	if v.Source == store.ClusterInside {
		c, err := rest.InClusterConfig()
		if err != nil {
			return nil, errNotInside.Because(err)
		}
		return s.linkTo(t.ID, v.ID, c)
	}
	kept, err := s.Vault.Open(ctx, t.ID, where(v.ID), v.Kubeconfig)
	if err != nil {
		return nil, err
	}
	c, err := restConfig(kept)
	if err != nil {
		return nil, err
	}
	return s.linkTo(t.ID, v.ID, c)
}

// linkTo makes a link of a configuration: with the guards of every outgoing
// request, without a proxy, which would dial what was not checked, and without
// client-go's own limit of requests, which would queue what people wait for.
func (s *Service) linkTo(tenant store.TenantID, id string, c *rest.Config) (*link, error) {
	c.UserAgent, c.QPS, c.Dial = agent, -1, s.Dial
	c.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil } //nolint:nilnil // no proxy
	c.WarningHandler = rest.NoWarnings{}
	c.DisableCompression = true // each of sixty watches would keep a decompressor, and each event cost one more
	c.ContentType, c.AcceptContentTypes = "application/json", "application/json"
	c.NegotiatedSerializer, c.GroupVersion = codecs.WithoutConversion(), &schema.GroupVersion{}
	client, err := rest.HTTPClientFor(c)
	if err != nil {
		return nil, errKubeconfig.Because(err)
	}
	plain, err := rest.UnversionedRESTClientForConfigAndClient(c, client)
	if err != nil {
		return nil, errKubeconfig.Because(err)
	}
	return &link{tenant: tenant, id: id, config: c, http: client, plain: plain}, nil
}

// close lets go of connections that nothing uses.
func (l *link) close() { l.http.CloseIdleConnections() }
