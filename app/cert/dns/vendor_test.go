package dns_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"unity.internal/app/cert/dns"
	"unity.internal/app/fault"
	"unity.internal/app/outgoing"
)

// A vendor is a provider's API as its documentation has it: it keeps zones and
// sets of values, and lets in who has a token.
type vendor struct {
	scheme, token, readOnly string

	mu   sync.Mutex
	sets map[string]*set // by name
	// hook answers a request instead of the vendor, if it wants to.
	hook func(w http.ResponseWriter, r *http.Request) bool
	seen int
}

// A set is what one name has.
type set struct {
	ttl    int
	values []string // quoted, as zone files have them
}

func newVendor(scheme string) *vendor {
	return &vendor{scheme: scheme, token: token(), readOnly: token(), sets: map[string]*set{}}
}

func token() string { return "tk-" + rand.Text() }

// serve starts it and returns it as a host. refuse answers who is not let in.
func (v *vendor) serve(t *testing.T, provider string, mux *http.ServeMux, refuse func(w http.ResponseWriter, status int)) host {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v.mu.Lock()
		defer v.mu.Unlock()
		v.seen++
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		switch {
		case v.hook != nil && v.hook(w, r):
		case scheme != v.scheme || given != v.token && given != v.readOnly:
			refuse(w, http.StatusUnauthorized)
		case given == v.readOnly && r.Method != http.MethodGet:
			refuse(w, http.StatusForbidden)
		default:
			mux.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(s.Close)
	return host{
		config: dns.Config{Provider: provider, API: s.URL + "/api/"}, secret: v.token, wrong: token(), readOnly: v.readOnly,
		held: v.held, put: v.put, vendor: v,
	}
}

func (v *vendor) held(name string) (values []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if s := v.sets[name]; s != nil {
		for _, value := range s.values {
			values = append(values, strings.Trim(value, `"`))
		}
	}
	slices.Sort(values)
	return values
}

func (v *vendor) put(name, value string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sets[name] = &set{ttl: 7200, values: []string{`"` + value + `"`}}
}

// set changes how the vendor answers.
func (v *vendor) set(hook func(w http.ResponseWriter, r *http.Request) bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.hook, v.seen = hook, 0
}

// requests returns how many there were since then.
func (v *vendor) requests() int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.seen
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// valid reports whether a value is in quotes, as the vendors want it.
func valid(value string) bool {
	return len(value) > 2 && strings.HasPrefix(value, `"`) && strings.HasSuffix(value, `"`) && !strings.Contains(value[1:len(value)-1], `"`)
}

type object = map[string]any

// vendors start those that are asked by HTTP.
func vendors(t *testing.T, do func(t *testing.T, h host, write func(context.Context) error)) {
	t.Helper()
	for name, start := range hosts {
		if name == dns.RFC2136 {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := start(t)
			p := h.provider(t, h.secret)
			do(t, h, func(ctx context.Context) error {
				_, err := p.AppendRecords(ctx, "example.test.", txt("_acme-challenge", "value"))
				if err != nil {
					told(t, p, err, h.secret)
				}
				return err
			})
		})
	}
}

// A zone that was made anew has another id; the TTL of what is there is not ours
// to change.
func TestZoneIsLookedForAgain(t *testing.T) {
	t.Parallel()
	vendors(t, func(t *testing.T, h host, write func(context.Context) error) {
		const name = "_acme-challenge.example.test"
		h.put(name, "somebodys")
		looks, gone := 0, true
		h.vendor.set(func(w http.ResponseWriter, r *http.Request) bool {
			if q := r.URL.Query(); q.Has("name") && !q.Has("type") || q.Has("owns_qname") {
				looks++
			}
			if r.Method == http.MethodGet || !gone {
				return false
			}
			gone = false
			answer(w, http.StatusNotFound, object{"detail": "Not found."})
			return true
		})
		if err := write(t.Context()); !errors.Is(err, dns.ErrZone) {
			t.Errorf("gone: %v", err)
		}
		first := looks
		if err := write(t.Context()); err != nil || looks != 2*first {
			t.Errorf("looked %d times, then %d: %v", first, looks-first, err)
		}
		want(t, h, name, "somebodys", "value")
		if got := h.vendor.sets[name].ttl; got != 7200 {
			t.Errorf("its TTL is %d", got)
		}
		if err := write(t.Context()); err != nil || looks != 2*first {
			t.Errorf("looks again for what it knows: %v", err)
		}
	})
}

func TestRateLimitIsWaitedFor(t *testing.T) {
	t.Parallel()
	vendors(t, func(t *testing.T, h host, write func(context.Context) error) {
		refused, from := 0, time.Now().Add(time.Second)
		h.vendor.set(func(w http.ResponseWriter, r *http.Request) bool {
			if r.Method == http.MethodGet || refused > 0 {
				if r.Method != http.MethodGet && time.Now().Before(from) {
					t.Error("came again before it might")
				}
				return false
			}
			refused++
			from = time.Now().Add(time.Second)
			w.Header().Set("Retry-After", "1")
			answer(w, http.StatusTooManyRequests, object{"detail": "Request was throttled. Expected available in 1 second."})
			return true
		})
		if err := write(t.Context()); err != nil || refused != 1 {
			t.Fatalf("refused %d times: %v", refused, err)
		}
		want(t, h, "_acme-challenge.example.test", "value")
	})
}

func TestRateLimitThatIsTooLongIsTold(t *testing.T) {
	t.Parallel()
	vendors(t, func(t *testing.T, h host, write func(context.Context) error) {
		for header, least := range map[string]time.Duration{"3600": time.Hour, time.Now().Add(2 * time.Hour).UTC().Format(http.TimeFormat): 119 * time.Minute} {
			h.vendor.set(func(w http.ResponseWriter, _ *http.Request) bool {
				w.Header().Set("Retry-After", header)
				answer(w, http.StatusTooManyRequests, object{"detail": "Request was throttled."})
				return true
			})
			err := write(t.Context())
			if f := fault.From(err); !errors.Is(err, dns.ErrLimited) || f.RetryAfter < least || h.vendor.requests() != 1 {
				t.Errorf("%v, again after %v, %d requests", err, f.RetryAfter, h.vendor.requests())
			}
		}
		h.vendor.set(func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Retry-After", "60")
			w.WriteHeader(http.StatusTooManyRequests)
			return true
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() { // while it waits
			for h.vendor.requests() == 0 {
				runtime.Gosched()
			}
			cancel()
		}()
		if err := write(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("called off: %v", err)
		}
		cancel()
	})
}

func TestAnswersThatNobodyExpects(t *testing.T) {
	t.Parallel()
	vendors(t, func(t *testing.T, h host, write func(context.Context) error) {
		say := func(status int, body string) func(w http.ResponseWriter, r *http.Request) bool {
			return func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, body)
				return true
			}
		}
		for _, c := range []struct {
			name string
			hook func(w http.ResponseWriter, r *http.Request) bool
			want error
		}{
			{"a page", say(http.StatusOK, "<html>Welcome"), dns.ErrAnswer},
			{"an error of something between", say(http.StatusBadGateway, "<html>Bad gateway"), dns.ErrAnswer},
			{"something else", say(http.StatusOK, `{"result": 7, "zones": 7}`), dns.ErrAnswer},
			{"the token", say(http.StatusBadRequest, `{"detail":"token `+h.secret+` is bad","errors":[{"message":"`+h.secret+`"}],"error":{"message":"`+h.secret+`"}}`), dns.ErrAnswer},
			{"the token, as it is", say(http.StatusOK, `"`+h.secret+`"`), dns.ErrAnswer},
			{"without end", say(http.StatusOK, strings.Repeat("x", 3<<20)), dns.ErrAnswer},
			{"elsewhere", func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "http://localhost:1/", http.StatusTemporaryRedirect)
				return true
			}, outgoing.ErrRedirect},
		} {
			h.vendor.set(c.hook)
			if err := write(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	})
}

func TestVendorThatNeverAnswers(t *testing.T) {
	t.Parallel()
	vendors(t, func(t *testing.T, h host, write func(context.Context) error) {
		ctx, cancel := context.WithCancel(t.Context())
		h.vendor.set(func(_ http.ResponseWriter, r *http.Request) bool {
			cancel()
			<-r.Context().Done()
			return true
		})
		if err := write(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v", err)
		}
	})
}
