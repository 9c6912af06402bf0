package httpapi

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"unity.internal/store"
)

// connect opens a bare connection to the bench, whatever the address.
func (b *bench) connect(address string) (net.Conn, error) {
	return b.client.Transport.(*http.Transport).DialContext(b.tb.Context(), "tcp", address)
}

// dial opens one for a test.
func (b *bench) dial() net.Conn {
	b.tb.Helper()
	conn, err := b.connect(host)
	if err != nil {
		b.tb.Fatal(err)
	}
	b.tb.Cleanup(func() { _ = conn.Close() })
	return conn
}

// TestASlowLorisIsCutOff sends requests that never end, in their head and in
// their body, while others are served.
func TestASlowLorisIsCutOff(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) { p.Limits.Arrival = 300 * time.Millisecond })
	for name, begin := range map[string]string{
		"nothing":      "",
		"half a line":  "GET / HT",
		"half a head":  "GET / HTTP/1.1\r\nHost: " + host + "\r\nX-A: ",
		"half a body":  "POST /api/v1/auth/login HTTP/1.1\r\nHost: " + host + "\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
		"endless head": "GET / HTTP/1.1\r\nHost: " + host + "\r\n" + strings.Repeat("X-A: "+strings.Repeat("a", 1000)+"\r\n", 30),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := b.dial()
			if err := errors.Join(conn.SetDeadline(time.Now().Add(20*time.Second)), second(io.WriteString(conn, begin))); err != nil {
				t.Fatal(err)
			}
			answer, err := io.ReadAll(conn) // ends when the server closes
			if errors.Is(err, net.ErrClosed) || strings.Contains(fmt.Sprint(err), "timeout") {
				t.Fatalf("it holds on: %v", err)
			}
			if strings.HasPrefix(string(answer), "HTTP/1.1 2") {
				t.Fatalf("answered %s", answer)
			}
			if got := b.do("ann", "GET", "/api/v1/auth/me", ""); got.status != http.StatusOK {
				t.Fatal(got)
			}
		})
	}
}

func second[T any](_ T, err error) error { return err }

// zeros never ends and counts what was read of it.
type zeros struct{ read int64 }

func (z *zeros) Read(p []byte) (int, error) {
	clear(p)
	z.read += int64(len(p))
	return len(p), nil
}

func TestAHundredMegabytesAreRefusedUnread(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const size = 100 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	body := &zeros{}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPatch, origin+"/api/v1/settings", io.LimitReader(body, size))
	if err != nil {
		t.Fatal(err)
	}
	req.ContentLength = size
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Origin", origin)
	req.AddCookie(&http.Cookie{Name: plainCookie, Value: b.cookie("ann")})
	res, err := b.client.Do(req)
	if err == nil { // else the connection was cut while it was being sent
		defer res.Body.Close()
		if res.StatusCode != http.StatusRequestEntityTooLarge {
			t.Fatal(res.Status)
		}
	}
	runtime.ReadMemStats(&after)
	if body.read > size/2 || after.HeapAlloc > before.HeapAlloc+size/2 {
		t.Fatalf("%d bytes were read, the heap grew from %d to %d", body.read, before.HeapAlloc, after.HeapAlloc)
	}
	if got := b.do("ann", "GET", "/api/v1/settings", ""); got.status != http.StatusOK {
		t.Fatal(got)
	}
}

// TestTenThousandServersAreWalked reads a list of 10,000 by its cursor.
func TestTenThousandServersAreWalked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const n = 10_000
	err := b.store.Tenant("acme").Tx(t.Context(), func(tx store.Tenant) error {
		for i := range n {
			v := store.Server{ID: fmt.Sprintf("id-%05d", i), Name: fmt.Sprintf("server-%05d", n-i), Host: "h", Port: 22, Username: "u", Auth: "key", Tags: []string{}, PollSeconds: 10, SnapshotMinutes: 30}
			if _, err := tx.CreateServer(t.Context(), v); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	seen, last := 0, ""
	for cursor := ""; ; {
		var page struct {
			Items []struct{ Name string }
			Next  string `json:"next_cursor"`
		}
		got := b.do("ann", "GET", "/api/v1/servers?limit=500&cursor="+url.QueryEscape(cursor), "")
		if err := json.Unmarshal([]byte(got.body), &page); err != nil || got.status != http.StatusOK {
			t.Fatal(got.status, err)
		}
		for _, v := range page.Items {
			if v.Name <= last {
				t.Fatalf("%s after %s", v.Name, last)
			}
			last = v.Name
			seen++
		}
		if cursor = page.Next; cursor == "" {
			break
		}
	}
	if seen != n {
		t.Fatalf("%d of %d", seen, n)
	}
}

func TestTooManyRequestsAreToldToWait(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) { p.Limits = Limits{Address: 5, Tenant: 3, SignIn: 2} })
	limited := func(n int, who, method, path, body string) (refused int) {
		for range n {
			if got := b.do(who, method, path, body); got.status == http.StatusTooManyRequests {
				refused++
				if got.header.Get("Retry-After") == "" || !strings.Contains(got.body, "request.too_many") {
					t.Fatal(got)
				}
			}
		}
		return refused
	}
	if limited(4, "", "POST", "/api/v1/auth/login", `{"username":"a","password":"b"}`) == 0 {
		t.Error("sign-ins of an address have no limit")
	}
	if limited(14, "ann", "GET", "/api/v1/settings", "") == 0 {
		t.Error("a tenant has no limit")
	}
	if limited(30, "", "GET", "/healthz", "") == 0 {
		t.Error("an address has no limit")
	}
}
