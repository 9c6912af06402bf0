package httpapi

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"unity.internal/store"
)

const supportPath = "/api/v1/system/support"

func TestWhoMayHaveASupportBundle(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for who, status := range map[string]int{"": 401, "vic": 403, "ann": 403, "root": 200} {
		got := b.do(who, http.MethodGet, supportPath, "")
		if got.status != status || (got.body == "a bundle") != (status == 200) {
			t.Errorf("%q: %d %s", who, got.status, got.body)
		}
		if name := got.header.Get("Content-Disposition"); status == 200 && (!strings.Contains(name, "unity-support-") || !strings.Contains(name, ".tar.gz") || got.header.Get("Content-Type") != "application/gzip") {
			t.Error(got.header)
		}
	}
	if !strings.Contains(b.log.String(), `msg="support bundle made" user=root`) {
		t.Errorf("the log does not say who made one: %s", b.log)
	}
}

func TestABundleThatFailsIsNoFile(t *testing.T) {
	t.Parallel()
	b := newBench(t, func(p *Parts) {
		p.Support = func(_ context.Context, w io.Writer) error {
			_, err := io.WriteString(w, "half of a bundle")
			return errors.Join(err, store.ErrBusy)
		}
	})
	if got := b.do("root", http.MethodGet, supportPath, ""); got.status != 503 || !strings.Contains(got.body, "store.busy") || strings.Contains(got.body, "half") {
		t.Errorf("%d %s", got.status, got.body)
	}
}

// TestACancelledDownloadLeavesNothing reads the beginning of a bundle that is larger
// than what a connection buffers, twice at once, and goes away. It is not parallel:
// others would be seen.
func TestACancelledDownloadLeavesNothing(t *testing.T) {
	b := newBench(t, func(p *Parts) {
		p.Support = func(_ context.Context, w io.Writer) error {
			_, err := w.Write(bytes.Repeat([]byte("0123456789abcdef"), 2<<20))
			return err
		}
	})
	cookie := b.cookie("root")
	b.do("root", http.MethodGet, "/api/v1/auth/me", "") // fasthttp begins to keep the date
	before := goleak.IgnoreCurrent()
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, origin+supportPath, nil)
			if err != nil {
				t.Error(err)
				return
			}
			req.AddCookie(&http.Cookie{Name: plainCookie, Value: cookie})
			res, err := b.client.Do(req)
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if _, err := io.ReadFull(res.Body, make([]byte, 1000)); err != nil || res.StatusCode != http.StatusOK {
				t.Error(res.StatusCode, err)
			}
			cancel()
		})
	}
	all.Wait()
	b.client.CloseIdleConnections()
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).getCh.func1"), // waits for the next connection
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2"))
}
