package httpapi

import (
	"context"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"unity.internal/app/fault"
)

const (
	tokenQuery   = "unity" // in the link that signs a browser in
	maxPodConns  = 32      // that one open port has to its pod
	podIdle      = time.Minute
	headerWait   = 10 * time.Second
	maxPodHeader = 64 << 10
)

// transport reaches the port: over the cluster's API, so there is no address.
func (f *forwarding) transport() *http.Transport {
	return &http.Transport{
		DialContext:     func(ctx context.Context, _, _ string) (net.Conn, error) { return f.way.Dial(ctx) },
		MaxConnsPerHost: maxPodConns, MaxIdleConnsPerHost: maxPodConns, IdleConnTimeout: podIdle, DisableCompression: true,
	}
}

// forwardServer answers at an open port. It is net/http, whose proxy knows
// upgrades and streams; what is behind is a stranger to this appliance.
func (m mux) forwardServer(ctx context.Context, f *forwarding, transport http.RoundTripper) *http.Server {
	logger := slog.NewLogLogger(m.Log.Handler(), slog.LevelDebug) // browsers break off all the time
	proxy := &httputil.ReverseProxy{
		Transport: transport, FlushInterval: -1, ErrorLog: logger,
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: "pod"})
			r.Out.Host = r.In.Host
			r.SetXForwarded()
			withoutOurs(r.Out.Header)
		},
		ModifyResponse: func(r *http.Response) error {
			harmless(r.Header)
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			if r.Context().Err() == nil {
				say(w, http.StatusBadGateway, fault.From(err).Msg)
			}
		},
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		if err := f.serving.begin(""); err != nil {
			say(w, http.StatusServiceUnavailable, fault.From(err).Msg)
			return
		}
		defer f.serving.end("")
		if m.admit(w, r, f) {
			f.active.Add(1)
			defer func() {
				f.used.Store(time.Now().UnixMilli())
				f.active.Add(-1)
			}()
			proxy.ServeHTTP(w, r)
		}
	}
	return &http.Server{
		Handler: http.HandlerFunc(handler), BaseContext: func(net.Listener) context.Context { return ctx }, ErrorLog: logger,
		ReadHeaderTimeout: headerWait, IdleTimeout: idleTimeout, MaxHeaderBytes: maxPodHeader,
	}
}

// admit reports whether a request may go to the pod, and answers it if it may not.
func (m mux) admit(w http.ResponseWriter, r *http.Request, f *forwarding) bool {
	if !m.Reach.Known(hostname(r.Host)) {
		say(w, errHost.Status, errHost.Detail)
		return false
	}
	if !f.secure && !here(r) {
		say(w, http.StatusForbidden, errForwardTLS.Msg)
		return false
	}
	if f.signedIn(r) {
		return true
	}
	if token := r.URL.Query().Get(tokenQuery); r.Method == http.MethodGet && f.redeem(token) {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure unless TLS is off, and then it is for this box only
			Name: f.cookieName(), Value: f.secret, Path: "/", HttpOnly: true, Secure: f.secure, SameSite: http.SameSiteLaxMode,
		})
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return false
	}
	say(w, http.StatusUnauthorized, "This port is open for another browser, or the link was used already or is too old. Open the port again in Unity.")
	return false
}

// here reports whether a request comes from this box, without a proxy between.
func here(r *http.Request) bool {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && at.Addr().Unmap().IsLoopback() && r.Header.Get("X-Forwarded-For") == "" && r.Header.Get("Forwarded") == "" && r.Header.Get("X-Forwarded-Proto") == ""
}

var sentence = template.Must(template.New("").Parse(`<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Unity</title><p>{{.}}</p></html>
`))

// say answers with a page of one sentence.
func say(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = sentence.Execute(w, text) // the browser is gone, if it fails
}

// isOurs reports whether a cookie is the appliance's own: a session's, a sign-in's
// or that of an open port. Browsers send them to every port of a host.
func isOurs(name string) bool {
	name = strings.ToLower(strings.TrimSpace(name))
	for _, our := range []string{plainCookie, strings.ToLower(secureCookie)} {
		if name == our || strings.HasPrefix(name, our+"-") {
			return true
		}
	}
	return false
}

// withoutOurs leaves the appliance's cookies out of what a pod sees.
func withoutOurs(h http.Header) {
	var kept []string
	for _, line := range h["Cookie"] {
		for part := range strings.SplitSeq(line, ";") {
			if name, _, _ := strings.Cut(part, "="); !isOurs(name) && strings.TrimSpace(part) != "" {
				kept = append(kept, strings.TrimSpace(part))
			}
		}
	}
	h.Del("Cookie")
	if len(kept) > 0 {
		h.Set("Cookie", strings.Join(kept, "; "))
	}
}

// harmless leaves out of a pod's answer what would count for the whole host: our
// cookies, and words on how browsers treat it.
func harmless(h http.Header) {
	set := h["Set-Cookie"]
	h.Del("Set-Cookie")
	for _, line := range set {
		if name, _, _ := strings.Cut(line, "="); !isOurs(name) {
			h.Add("Set-Cookie", line)
		}
	}
	h.Del("Strict-Transport-Security")
	h.Del("Clear-Site-Data")
}
