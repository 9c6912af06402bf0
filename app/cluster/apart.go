package cluster

import (
	"crypto/tls"
	"net/http"
	"time"

	"k8s.io/client-go/rest"
)

const (
	handshakeWait = 10 * time.Second
	streamWindow  = 256 << 10 // bytes that a stream may be ahead of who reads it
	quietTime     = 30 * time.Second
	pongTime      = 15 * time.Second
)

// transport returns a way to the cluster beside the one that is kept, with the
// same guards: what streams for long, and may be read slowly, holds up nothing
// else, and what is not read yet stays with the cluster.
func (l *link) transport() (*http.Transport, error) {
	secure, err := rest.TLSConfigFor(l.config)
	if err != nil {
		return nil, errKubeconfig.Because(err)
	}
	if secure == nil { // what takes this over would else verify nothing
		secure = &tls.Config{MinVersion: tls.VersionTLS12}
	}
	return &http.Transport{
		DialContext: l.config.Dial, TLSClientConfig: secure, TLSHandshakeTimeout: handshakeWait,
		DisableCompression: true, ForceAttemptHTTP2: true, IdleConnTimeout: quietTime,
		HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: streamWindow, SendPingTimeout: quietTime, PingTimeout: pongTime},
	}, nil
}

// apart returns a client over a transport of its own, which close lets go of.
func (l *link) apart() (client *rest.RESTClient, done func(), err error) {
	t, err := l.transport()
	if err != nil {
		return nil, nil, err
	}
	signed, err := rest.HTTPWrappersForConfig(l.config, t)
	if err != nil {
		return nil, nil, errKubeconfig.Because(err)
	}
	client, err = rest.UnversionedRESTClientForConfigAndClient(l.config, &http.Client{Transport: signed})
	if err != nil {
		return nil, nil, errKubeconfig.Because(err)
	}
	return client, t.CloseIdleConnections, nil
}
