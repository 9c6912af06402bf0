package httpapi

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/golang-jwt/jwt/v5"
	"github.com/valyala/fasthttp"
	"unity.internal/app/auth"
	"unity.internal/store"
)

// edgeClaims are those of our tokens.
type edgeClaims struct {
	jwt.RegisteredClaims
	Session string `json:"sid"`
	Tenant  string `json:"tenant_id"`
	Role    string `json:"role"`
}

// BenchmarkEdge reads one server through the whole edge. Its limit is a bare
// Fiber handler that verifies the same token and reads the same row, measured in
// turns with it.
func BenchmarkEdge(b *testing.B) {
	e, id, access := newEdge(b)
	var c edgeClaims
	if _, _, err := jwt.NewParser().ParseUnverified(access, &c); err != nil {
		b.Fatal(err)
	}
	key := make([]byte, 32)
	same, err := jwt.NewWithClaims(jwt.SigningMethodHS256, c).SignedString(key)
	if err != nil {
		b.Fatal(err)
	}
	edge := newLoad(e.connect, id, access)
	bare := newLoad(bareHandler(b, e.store.Tenant("acme"), key), id, same)
	if err := errors.Join(edge.round(), bare.round()); err != nil {
		b.Fatal(err)
	}
	var ours, theirs time.Duration
	for b.Loop() {
		for _, turn := range []struct {
			*load
			took *time.Duration
		}{{edge, &ours}, {bare, &theirs}} {
			begun := time.Now()
			if err := turn.round(); err != nil {
				b.Fatal(err)
			}
			*turn.took += time.Since(begun)
		}
	}
	n := float64(b.N) * clients * requests
	b.ReportMetric(n/ours.Seconds(), "requests/s")
	b.ReportMetric(n/theirs.Seconds(), "limit-requests/s")
	b.ReportMetric(theirs.Seconds()/ours.Seconds(), "of-limit")
}

// unlimited counts as an appliance does, and never reaches a limit.
func unlimited(p *Parts) {
	p.Limits = DefaultLimits()
	p.Limits.Address, p.Limits.Tenant = 1e9, 1e9
}

// newEdge returns an unlimited bench, the id of a server there and
// the token of a program that reads it.
func newEdge(b *testing.B) (e *bench, id, access string) {
	b.Helper()
	e = newBench(b, unlimited)
	a := e.do("ann", http.MethodPost, "/api/v1/servers", `{"name":"nas","host":"192.0.2.9","username":"root","auth":"password","password":"bench","tags":["disk"]}`)
	_, rest, _ := strings.Cut(a.body, `"id":"`)
	id, _, found := strings.Cut(rest, `"`)
	if a.status != http.StatusCreated || !found {
		b.Fatal(a.status, a.body)
	}
	tokens, err := e.auth.Program(b.Context(), "ann", auth.Client{Address: "127.0.0.1"})
	if err != nil {
		b.Fatal(err)
	}
	return e, id, tokens.Access
}

// bareHandler serves the row of a server and nothing else.
func bareHandler(b *testing.B, tenant store.Tenant, key []byte) func(string) (net.Conn, error) {
	app := fiber.New(fiber.Config{DisableStartupMessage: true})
	app.Get("/api/v1/servers/:id", func(f *fiber.Ctx) error {
		var c edgeClaims
		_, err := jwt.ParseWithClaims(strings.TrimPrefix(f.Get("Authorization"), "Bearer "), &c,
			func(*jwt.Token) (any, error) { return key, nil }, jwt.WithValidMethods([]string{"HS256"}))
		if err != nil {
			return err
		}
		v, err := tenant.Server(f.UserContext(), f.Params("id"))
		if err != nil {
			return err
		}
		return f.JSON(v)
	})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- app.Listener(ln) }()
	b.Cleanup(func() {
		if err := errors.Join(app.ShutdownWithTimeout(time.Second), <-served); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			b.Error(err)
		}
	})
	return func(string) (net.Conn, error) { return net.Dial("tcp", ln.Addr().String()) }
}

const (
	clients  = 8
	requests = 250 // of each client in one round
)

// A load is some clients that ask for one thing over kept connections.
type load struct {
	client fasthttp.HostClient
	path   string
	token  string
}

func newLoad(dial fasthttp.DialFunc, id, token string) *load {
	return &load{fasthttp.HostClient{Addr: "127.0.0.1:80", Dial: dial}, "/api/v1/servers/" + id, token}
}

func (l *load) round() error {
	failed := make([]error, clients)
	var all sync.WaitGroup
	for i := range clients {
		all.Go(func() {
			req, res := fasthttp.AcquireRequest(), fasthttp.AcquireResponse()
			defer fasthttp.ReleaseRequest(req)
			defer fasthttp.ReleaseResponse(res)
			req.SetRequestURI("http://127.0.0.1" + l.path)
			req.Header.Set("Authorization", "Bearer "+l.token)
			for range requests {
				if failed[i] = l.client.Do(req, res); failed[i] == nil && res.StatusCode() != http.StatusOK {
					failed[i] = errors.New(string(res.Body()))
				}
				if failed[i] != nil {
					return
				}
			}
		})
	}
	all.Wait()
	return errors.Join(failed...)
}
