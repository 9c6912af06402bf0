package cluster

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/gorilla/websocket"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/transport/spdy"
	streamspdy "k8s.io/streaming/pkg/httpstream/spdy"
)

const (
	frameSize   = 32 << 10 // bytes, what API servers have
	maxRefusal  = 64 << 10 // bytes that are read of why a server refuses
	maxUpgraded = 1 << 20  // bytes of one message from a pod
)

// errNoUpgrade says that a server, or what is before it, knows no WebSocket here.
var errNoUpgrade = errors.New("cluster: no WebSocket")

// An upgrader makes a WebSocket of a request. It is what client-go has, but
// connects with the guards of the link, which client-go leaves out.
type upgrader struct {
	dialer websocket.Dialer
	conn   *websocket.Conn
}

// RoundTrip implements http.RoundTripper for what adds the credential.
func (u *upgrader) RoundTrip(r *http.Request) (*http.Response, error) {
	to := *r.URL
	to.Scheme = map[string]string{"https": "wss", "http": "ws"}[to.Scheme]
	conn, answer, err := u.dialer.DialContext(r.Context(), to.String(), r.Header)
	if err != nil {
		return answer, noUpgrade(answer, err)
	}
	u.conn = conn
	return answer, nil
}

// noUpgrade returns why a server does not upgrade, in its own words.
func noUpgrade(answer *http.Response, err error) error {
	if answer == nil || !errors.Is(err, websocket.ErrBadHandshake) {
		return err
	}
	text, _ := io.ReadAll(io.LimitReader(answer.Body, maxRefusal)) // what there is of it
	_ = answer.Body.Close()
	var status metav1.Status
	if json.Unmarshal(text, &status) != nil || status.Status == "" {
		status = metav1.Status{Status: metav1.StatusFailure, Code: int32(answer.StatusCode), Message: answer.Status} //nolint:gosec // a status has three digits
	}
	refused := &apierrors.StatusError{ErrStatus: status}
	if apierrors.IsNotFound(refused) || apierrors.IsUnauthorized(refused) || status.Reason == metav1.StatusReasonBadRequest {
		return refused // it understood well, and would refuse SPDY, too
	}
	return fmt.Errorf("%w: %w", errNoUpgrade, refused)
}

// upgrade connects to an address of the API by WebSocket.
func (l *link) upgrade(ctx context.Context, to *url.URL, protocols ...string) (*websocket.Conn, error) {
	t, err := l.transport()
	if err != nil {
		return nil, err
	}
	u := &upgrader{dialer: websocket.Dialer{
		NetDialContext: l.config.Dial, TLSClientConfig: t.TLSClientConfig, HandshakeTimeout: handshakeWait, Subprotocols: protocols,
		ReadBufferSize: frameSize, WriteBufferSize: frameSize,
	}}
	signed, err := rest.HTTPWrappersForConfig(l.config, u)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, to.String(), nil)
	if err != nil {
		return nil, err
	}
	answer, err := signed.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	_ = answer.Body.Close() // it is empty
	if u.conn.Subprotocol() == "" {
		_ = u.conn.Close()
		return nil, fmt.Errorf("%w: no protocol in common", errNoUpgrade)
	}
	u.conn.SetReadLimit(maxUpgraded)
	return u.conn, nil
}

// spdy returns what upgrades one request to SPDY, for servers before 1.30 and
// proxies that know no WebSocket.
func (l *link) spdy() (http.RoundTripper, spdy.Upgrader, error) {
	t, err := l.transport()
	if err != nil {
		return nil, nil, err
	}
	t.ForceAttemptHTTP2 = false
	t.TLSClientConfig = t.TLSClientConfig.Clone()
	t.TLSClientConfig.NextProtos = []string{"http/1.1"}
	t.TLSNextProto = map[string]func(string, *tls.Conn) http.RoundTripper{}
	u, err := streamspdy.NewRoundTripperWithConfig(streamspdy.RoundTripperConfig{UpgradeTransport: t, PingPeriod: pingEvery})
	if err != nil {
		return nil, nil, err
	}
	signed, err := rest.HTTPWrappersForConfig(l.config, u)
	return signed, spdy.NewUpgraderForStreaming(u), err
}

// better returns what says more of why neither way was open: by SPDY the cluster
// says it as a text only.
func better(byWebSocket, bySPDY error) error {
	if bySPDY != nil && strings.Contains(bySPDY.Error(), "unable to upgrade connection") {
		return byWebSocket
	}
	return bySPDY
}
