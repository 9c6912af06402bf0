package httpapi

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/cluster"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	maxForwards  = 20 // of a tenant
	forwardLife  = 8 * time.Hour
	forwardIdle  = 30 * time.Minute
	forwardToken = 2 * time.Minute // for a browser to follow the link
)

var (
	errForwards   = fault.New(fault.Limited, "forward.too_many", "20 ports are open already. Close some of them.")
	errForwardTLS = fault.New(fault.Invalid, "forward.no_tls", "Ports are opened over TLS only, which is off here, or on this box itself. Turn TLS on, or use kubectl port-forward.")
	errForward    = fault.New(fault.NotFound, "forward.not_found", "This port is not open any more. Open it again.")
	errListen     = fault.New(fault.Unavailable, "forward.no_listener", "No port of this appliance is free for it. Close another one, or have its administrator allow more with --forward-ports.")
)

// A Forward is a port of a pod or a service that is open in a browser.
type Forward struct {
	ID        string    `json:"id"`
	Cluster   string    `json:"cluster_id"`
	Namespace string    `json:"namespace"`
	Kind      string    `json:"kind" enum:"pods,services"`
	Name      string    `json:"name"`
	Port      string    `json:"port"`
	URL       string    `json:"url" doc:"Once after it was opened it signs a browser in, for two minutes; later it is for that browser only"`
	By        string    `json:"user_id"`
	Opened    time.Time `json:"opened_at"`
	Ends      time.Time `json:"ends_at" doc:"Or sooner: after half an hour in which nobody used it, and with the session that opened it"`
}

// A forwarding is an open port: a listener with a proxy behind it.
type forwarding struct {
	Forward
	tenant  store.TenantID
	way     *cluster.Forward
	secure  bool
	at      int // the port of the listener
	cookie  [sha256.Size]byte
	secret  string
	close   context.CancelCauseFunc
	active  atomic.Int64
	used    atomic.Int64 // when, unix ms
	serving opened

	mu    sync.Mutex
	token [sha256.Size]byte
	until time.Time // zero: the token was used
}

// An openPorts is what is forwarded now, in memory only.
type openPorts struct {
	mu  sync.Mutex
	all map[string]*forwarding
}

// add keeps f, unless its tenant has too many.
func (o *openPorts) add(f *forwarding) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := 0
	for _, other := range o.all {
		if other.tenant == f.tenant {
			n++
		}
	}
	if n >= maxForwards {
		return errForwards
	}
	o.all[f.ID] = f
	return nil
}

func (o *openPorts) remove(id string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.all, id)
}

// of returns what a tenant has open, newest first.
func (o *openPorts) of(tenant store.TenantID) []Forward {
	o.mu.Lock()
	defer o.mu.Unlock()
	all := []Forward{}
	for _, f := range o.all {
		if f.tenant == tenant {
			all = append(all, f.Forward)
		}
	}
	slices.SortFunc(all, func(a, b Forward) int { return cmp.Compare(b.ID, a.ID) })
	return all
}

// one returns what a tenant has open under an id.
func (o *openPorts) one(tenant store.TenantID, id string) (*forwarding, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f := o.all[id]; f != nil && f.tenant == tenant {
		return f, nil
	}
	return nil, errForward
}

func (m mux) forwards() {
	open := route("openForward", http.MethodPost, "/clusters/{id}/forwards")
	open.Description = "Opens a port of a pod or a service at a port of this appliance. The link in the answer signs one browser in to it."
	handle(m, auth.PodsExec, open, m.openForward)
	handle(m, auth.PodsExec, route("listForwards", http.MethodGet, "/clusters/forwards"), func(_ context.Context, c Caller, _ *struct{}) (*body[items[Forward]], error) {
		return listed(m.ports.of(c.Tenant.ID), nil)
	})
	handle(m, auth.PodsExec, route("closeForward", http.MethodDelete, "/clusters/forwards/{fid}"), m.closeForward)
}

type forwardDraft struct {
	ID
	Body struct {
		Namespace string `json:"namespace" minLength:"1" maxLength:"63"`
		Kind      string `json:"kind" enum:"pods,services"`
		Name      string `json:"name" minLength:"1" maxLength:"253"`
		Port      string `json:"port" minLength:"1" maxLength:"63" doc:"Its number, or its name"`
	}
}

func (m mux) openForward(ctx context.Context, c Caller, in *forwardDraft) (*body[Forward], error) {
	q := cluster.ForwardQuery{Namespace: in.Body.Namespace, Kind: in.Body.Kind, Name: in.Body.Name, Port: in.Body.Port}
	way, err := m.Clusters.Forward(ctx, c.Tenant, in.ID.ID, q)
	if err != nil {
		return nil, err
	}
	f := &forwarding{tenant: c.Tenant.ID, way: way, secret: secret(), serving: opened{by: map[string]int{}}}
	now := time.Now()
	f.Forward = Forward{
		ID: store.NewID(), Cluster: in.ID.ID, Namespace: q.Namespace, Kind: q.Kind, Name: q.Name, Port: q.Port,
		By: c.User, Opened: now.UTC(), Ends: now.Add(forwardLife).UTC(),
	}
	link, err := m.listen(ctx, c, f)
	if err != nil {
		return nil, errors.Join(err, way.Close(ctx, "refused"))
	}
	answer := f.Forward
	answer.URL = link
	return &body[Forward]{answer}, nil
}

type forwardID struct {
	FID string `path:"fid" maxLength:"64"`
}

func (m mux) closeForward(_ context.Context, c Caller, in *forwardID) (*struct{}, error) {
	f, err := m.ports.one(c.Tenant.ID, in.FID)
	if err != nil {
		return nil, err
	}
	f.close(errClosedByHand)
	m.ports.remove(f.ID) // it is listed no more, though its last requests may still end
	return nil, nil      //nolint:nilnil // there is nothing to answer
}

// Why an open port is closed, as the audit says it.
var (
	errClosedByHand = errors.New("closed")
	errLifeOver     = errors.New("open for too long")
	errUnused       = errors.New("not used")
	errNoCluster    = errors.New("cluster deleted")
)

// secret returns 256 bits as a text.
func secret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // it never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// listen opens a listener for f, and returns the link that signs a browser in.
func (m mux) listen(ctx context.Context, c Caller, f *forwarding) (link string, err error) {
	from := clientOf(ctx)
	ln, secure, err := m.Listen(ctx)
	if err != nil {
		return "", errListen.Because(err)
	}
	if !secure && !from.loopback {
		return "", errors.Join(errForwardTLS, ln.Close())
	}
	f.secure, f.at = secure, ln.Addr().(*net.TCPAddr).Port
	token := secret()
	f.token, f.until, f.cookie = sha256.Sum256([]byte(token)), time.Now().Add(forwardToken), sha256.Sum256([]byte(f.secret))
	at := url.URL{Scheme: "http", Host: net.JoinHostPort(hostname(from.host), strconv.Itoa(f.at)), Path: "/"}
	if secure {
		at.Scheme = "https"
	}
	f.URL = at.String()
	at.RawQuery = url.Values{tokenQuery: {token}}.Encode()
	keep, end := context.WithCancelCause(context.WithoutCancel(ctx))
	f.close = end
	f.used.Store(time.Now().UnixMilli())
	if err = m.talks.begin(c.User); err == nil {
		if err = m.ports.add(f); err != nil {
			m.talks.end(c.User)
		}
	}
	if err != nil {
		end(nil)
		return "", errors.Join(err, ln.Close())
	}
	go m.forward(keep, c, f, ln) // Shutdown waits for it
	m.Bus.Publish(f.tenant, "forwards", f.ID, 0)
	return at.String(), nil
}

// forward serves an open port until it is closed, and lets go of all of it.
func (m mux) forward(ctx context.Context, c Caller, f *forwarding, ln net.Listener) {
	defer m.talks.end(c.User)
	stopped := context.AfterFunc(m.stop, func() { f.close(errStopping) }) //nolint:contextcheck // the appliance's, which ends first
	defer stopped()
	var parts sync.WaitGroup
	parts.Go(func() { m.guardForward(ctx, c, f) })
	transport := f.transport()
	server := m.forwardServer(ctx, f, transport)
	ended := context.AfterFunc(ctx, func() { _ = server.Close() })
	f.close(server.Serve(ln))
	ended()
	err := errors.Join(server.Close(), f.serving.wait(context.WithoutCancel(ctx))) // of what was upgraded, too, since ctx has ended
	transport.CloseIdleConnections()
	parts.Wait()
	m.ports.remove(f.ID)
	m.Bus.Publish(f.tenant, "forwards", f.ID, 0)
	if err := errors.Join(err, f.way.Close(context.WithoutCancel(ctx), context.Cause(ctx).Error())); err != nil {
		m.Log.ErrorContext(ctx, "end a forwarded port", "err", err)
	}
}

// guardForward closes a port when it is time, or who opened it may no longer.
func (m mux) guardForward(ctx context.Context, c Caller, f *forwarding) {
	tick := time.NewTicker(checkEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		_, err := c.Tenant.Cluster(ctx, f.Cluster)
		idle := time.Since(time.UnixMilli(f.used.Load()))
		switch {
		case !m.still(ctx, auth.PodsExec):
			f.close(errOver)
		case errors.Is(err, store.ErrNotFound):
			f.close(errNoCluster)
		case time.Now().After(f.Ends):
			f.close(errLifeOver)
		case f.active.Load() == 0 && idle > forwardIdle:
			f.close(errUnused)
		}
	}
}

// redeem uses the token of the link, once.
func (f *forwarding) redeem(token string) bool {
	sum := sha256.Sum256([]byte(token))
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Now().After(f.until) || subtle.ConstantTimeCompare(sum[:], f.token[:]) != 1 {
		return false
	}
	f.until = time.Time{}
	return true
}

// cookieName is that of the browser that was signed in. Browsers send cookies to
// every port of a host, so the port is in it.
func (f *forwarding) cookieName() string {
	return cookieName(f.secure) + "-forward-" + strconv.Itoa(f.at)
}

// signedIn reports whether a request comes from the browser that used the link.
func (f *forwarding) signedIn(r *http.Request) bool {
	for _, c := range r.CookiesNamed(f.cookieName()) {
		sum := sha256.Sum256([]byte(c.Value))
		if subtle.ConstantTimeCompare(sum[:], f.cookie[:]) == 1 {
			return true
		}
	}
	return false
}
