package packaging_test

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
)

// TestRestartRefusesNobody asks without a pause, over a new connection each time,
// while the service restarts, stops, and is started by who asks: systemd holds the socket,
// so every request is answered.
func TestRestartRefusesNobody(t *testing.T) {
	t.Parallel()
	b := installed(t)
	c := http.Client{Timeout: patience, Transport: &http.Transport{
		DialContext: b.dial, DisableKeepAlives: true,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	ask := func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "https://127.0.0.1/healthz", nil)
		if err != nil {
			return err
		}
		res, err := c.Do(req)
		if err != nil {
			return err
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err == nil && res.StatusCode != http.StatusOK {
			err = fmt.Errorf("%s: %s", res.Status, text)
		}
		return err
	}
	if err := ask(); err != nil {
		t.Fatalf("%v\n%s", err, b.do("journalctl", "--no-pager", "-u", "unity.service"))
	}
	enough := make(chan struct{})
	answered, refused := 0, error(nil)
	var asking sync.WaitGroup
	asking.Go(func() {
		for refused == nil {
			select {
			case <-enough:
				return
			default:
				if refused = ask(); refused == nil {
					answered++
				}
			}
		}
	})
	for range 3 {
		b.do("systemctl", "restart", "unity.service")
	}
	b.do("systemctl", "stop", "unity.service") // the next request starts it
	wait(t, "it is started by a request", func() bool { return b.show("unity.service", "ActiveState") == "active" })
	close(enough)
	asking.Wait()
	if refused != nil || answered < 10 {
		t.Errorf("%d were answered, then: %v", answered, refused)
	}
}
