package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/transport/spdy"
	"k8s.io/streaming/pkg/httpstream"
	streamspdy "k8s.io/streaming/pkg/httpstream/spdy"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	kindServices   = "services"
	tunnelProtocol = "SPDY/3.1+" + portforward.PortForwardProtocolV1Name
	maxComplaint   = 4 << 10 // bytes of what a pod's end says went wrong
	complaintWait  = 200 * time.Millisecond
)

// The faults of forwarding a port.
var (
	errForwardKind = fault.New(fault.Invalid, "forward.kind", "Only the ports of pods and services can be opened.")
	errNoPort      = fault.New(fault.Invalid, "forward.no_port", "There is no such port. Give a number from 1 to 65535, or the name of a port that the object has.")
	errNoPod       = fault.New(fault.Unavailable, "forward.no_pod", "No pod is ready there. Look at the pods of the service.")
	errNoAnswer    = fault.New(fault.Unavailable, "forward.no_answer", "Nothing answers at this port of the pod.")
)

// A ForwardQuery names a port of a pod or of a service.
type ForwardQuery struct {
	Namespace, Kind, Name string
	Port                  string // its number or name
}

// A Forward is a way to a port, by which any number of connections may go.
type Forward struct {
	service *Service
	tenant  store.Tenant
	cluster string
	query   ForwardQuery
	begun   time.Time
}

// Forward opens the way to a port. That it was opened, and closed, is in the audit.
func (s *Service) Forward(ctx context.Context, t store.Tenant, id string, q ForwardQuery) (*Forward, error) {
	f := &Forward{s, t, id, q, s.Now()}
	l, err := s.link(ctx, t, id)
	if err != nil {
		return nil, err
	}
	if _, _, err := l.port(ctx, q); err != nil {
		return nil, err
	}
	return f, t.Record(ctx, store.Audit{Action: "pods.forward", Thing: id, Result: "done", Detail: f.detail()})
}

func (f *Forward) detail() map[string]any {
	return map[string]any{"namespace": f.query.Namespace, "kind": f.query.Kind, "name": f.query.Name, "port": f.query.Port}
}

// Close writes into the audit that the way was closed, and why.
func (f *Forward) Close(ctx context.Context, why string) error {
	detail := f.detail()
	detail["seconds"], detail["reason"] = int(f.service.Now().Sub(f.begun).Seconds()), why
	return f.tenant.Record(ctx, store.Audit{Action: "pods.forward_end", Thing: f.cluster, Result: "done", Detail: detail})
}

// Dial connects to the port: of a service, at a pod that is ready now. Each
// connection has its own to the cluster, because the streams of one would hold
// each other up.
func (f *Forward) Dial(ctx context.Context) (net.Conn, error) {
	l, err := f.service.link(ctx, f.tenant, f.cluster)
	if err != nil {
		return nil, err
	}
	pod, port, err := l.port(ctx, f.query)
	if err != nil {
		return nil, err
	}
	conn, err := l.forward(ctx, f.query.Namespace, pod)
	if err != nil {
		return nil, reason(err)
	}
	return newStream(conn, port)
}

// port finds out which port of which pod is meant.
func (l *link) port(ctx context.Context, q ForwardQuery) (pod string, port int32, err error) {
	switch q.Kind {
	case kindPods:
		var v corev1.Pod
		if err := l.get(podKind, q.Namespace, q.Name).Do(ctx).Into(&v); err != nil {
			return "", 0, reason(err)
		}
		if v.Status.Phase != corev1.PodRunning {
			return "", 0, errNoPod
		}
		port, err = portOf(&v, intstr.Parse(q.Port))
		return v.Name, port, err
	case kindServices:
		return l.servicePort(ctx, q)
	}
	return "", 0, errForwardKind
}

func (l *link) servicePort(ctx context.Context, q ForwardQuery) (pod string, port int32, err error) {
	var v corev1.Service
	if err := l.plain.Get().AbsPath("api", "v1", "namespaces", q.Namespace, kindServices, q.Name).Do(ctx).Into(&v); err != nil {
		return "", 0, reason(err)
	}
	i := slices.IndexFunc(v.Spec.Ports, func(p corev1.ServicePort) bool { return p.Name == q.Port || strconv.Itoa(int(p.Port)) == q.Port })
	if i < 0 || q.Port == "" {
		return "", 0, errNoPort
	}
	if len(v.Spec.Selector) == 0 {
		return "", 0, errNoPod
	}
	var pods corev1.PodList
	which := labels.SelectorFromSet(v.Spec.Selector).String()
	if err := l.get(podKind, q.Namespace, "").Param("labelSelector", which).Do(ctx).Into(&pods); err != nil {
		return "", 0, reason(err)
	}
	n := slices.IndexFunc(pods.Items, ready)
	if n < 0 {
		return "", 0, errNoPod
	}
	to := v.Spec.Ports[i].TargetPort
	if to == (intstr.IntOrString{}) {
		to = intstr.FromInt32(v.Spec.Ports[i].Port)
	}
	port, err = portOf(&pods.Items[n], to)
	return pods.Items[n].Name, port, err
}

func ready(pod corev1.Pod) bool {
	return pod.DeletionTimestamp == nil && slices.ContainsFunc(pod.Status.Conditions, func(c corev1.PodCondition) bool {
		return c.Type == corev1.PodReady && c.Status == corev1.ConditionTrue
	})
}

// portOf returns the number of a pod's port.
func portOf(pod *corev1.Pod, of intstr.IntOrString) (int32, error) {
	if of.Type == intstr.Int {
		if of.IntVal < 1 || of.IntVal > 65535 {
			return 0, errNoPort
		}
		return of.IntVal, nil
	}
	for _, c := range slices.Concat(pod.Spec.Containers, pod.Spec.InitContainers) {
		for _, p := range c.Ports {
			if p.Name == of.StrVal && p.Name != "" {
				return p.ContainerPort, nil
			}
		}
	}
	return 0, errNoPort
}

func (l *link) forwardURL(namespace, pod string) *url.URL {
	return l.plain.Get().AbsPath(podKind.path(namespace, pod, "portforward")...).URL()
}

// forward opens a connection to a pod: SPDY within a WebSocket or, where that is
// not known, by itself.
func (l *link) forward(ctx context.Context, namespace, pod string) (httpstream.Connection, error) {
	to := l.forwardURL(namespace, pod)
	conn, err := l.upgrade(ctx, to, tunnelProtocol)
	if err == nil {
		return streamspdy.NewClientConnectionWithPings(portforward.NewTunnelingConnection(agent, conn), pingEvery)
	}
	if !errors.Is(err, errNoUpgrade) {
		return nil, err
	}
	transport, up, e := l.spdy()
	if e != nil {
		return nil, e
	}
	plain, e := dialSPDY(ctx, transport, up, to)
	return plain, better(err, e)
}

func dialSPDY(ctx context.Context, transport http.RoundTripper, up spdy.Upgrader, to *url.URL) (httpstream.Connection, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, to.String(), nil)
	if err != nil {
		return nil, err
	}
	conn, _, err := spdy.NegotiateStreaming(up, &http.Client{Transport: transport}, r, portforward.PortForwardProtocolV1Name)
	return conn, err
}

// A stream is a connection to a port of a pod.
type stream struct {
	httpstream.Stream
	conn   httpstream.Connection
	closed sync.Once
	heard  chan struct{} // closed when the pod's end has said what went wrong
	err    error         // that
}

func newStream(conn httpstream.Connection, port int32) (*stream, error) {
	s := &stream{conn: conn, heard: make(chan struct{})}
	header := http.Header{}
	header.Set(corev1.StreamType, corev1.StreamTypeError)
	header.Set(corev1.PortHeader, strconv.Itoa(int(port)))
	header.Set(corev1.PortForwardRequestIDHeader, "0")
	complaints, err := conn.CreateStream(header)
	if err == nil {
		_ = complaints.Close() // nothing is written to it
		header.Set(corev1.StreamType, corev1.StreamTypeData)
		s.Stream, err = conn.CreateStream(header)
	}
	if err != nil {
		_ = conn.Close()
		return nil, reason(err)
	}
	go s.complain(complaints) // Close waits for it
	return s, nil
}

// complain hears what the pod's end says, and ends the connection if it does.
func (s *stream) complain(from io.Reader) {
	defer close(s.heard)
	text, _ := io.ReadAll(io.LimitReader(from, maxComplaint)) // what there is of it
	if len(text) == 0 {
		return
	}
	s.err = fmt.Errorf("%w (%s)", errNoAnswer, text)
	_ = s.conn.Close()
}

// Read implements net.Conn.
func (s *stream) Read(b []byte) (int, error) {
	n, err := s.Stream.Read(b)
	if err == nil {
		return n, nil
	}
	late := time.NewTimer(complaintWait) // it comes beside the end, not before
	defer late.Stop()
	select {
	case <-s.heard:
		if s.err != nil {
			return n, s.err
		}
	case <-late.C:
	}
	return n, err
}

// Close implements net.Conn.
func (s *stream) Close() (err error) {
	s.closed.Do(func() {
		err = errors.Join(s.Reset(), s.conn.Close())
		<-s.heard
	})
	return err
}

// LocalAddr, RemoteAddr and the deadlines make a net.Conn of it: a stream has
// none, and HTTP needs none.
func (s *stream) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *stream) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *stream) SetDeadline(time.Time) error      { return nil }
func (s *stream) SetReadDeadline(time.Time) error  { return nil }
func (s *stream) SetWriteDeadline(time.Time) error { return nil }
