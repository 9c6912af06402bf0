package notify_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"unity.internal/app/notify"
)

// far answers without a network, which synctest cannot wait for.
type far func() (int, error)

func (f far) Do(*http.Request) (*http.Response, error) {
	status, err := f()
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Body: http.NoBody}, nil
}

func TestTheHeartbeatIsSilentWhileTheApplianceIsUnwell(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var beats atomic.Int64
		var well atomic.Bool
		well.Store(true)
		h := notify.NewHeartbeat(far(func() (int, error) { beats.Add(1); return 200, nil }),
			func(context.Context) (string, time.Duration, error) {
				return "https://beat.example/marker", 10 * time.Second, nil
			},
			func() bool { return well.Load() }, time.Now, slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- h.Run(ctx) }()
		<-time.After(25 * time.Second)
		synctest.Wait()
		if beats.Load() != 3 || !h.LastHeartbeat().OK {
			t.Errorf("%d beats, %+v", beats.Load(), h.LastHeartbeat())
		}
		well.Store(false)
		<-time.After(time.Minute)
		synctest.Wait()
		if beats.Load() != 3 {
			t.Errorf("%d beats", beats.Load())
		}
		well.Store(true)
		h.Changed()
		synctest.Wait()
		if beats.Load() != 4 {
			t.Errorf("%d beats", beats.Load())
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestAFailedHeartbeatIsShownWithoutItsAddress(t *testing.T) {
	t.Parallel()
	r := receive(t, always(503))
	for name, client := range map[string]notify.Doer{
		"refused":   http.DefaultClient,
		"not there": far(func() (int, error) { return 0, errors.New("dial marker: boom") }),
	} {
		var log bytes.Buffer
		asked := make(chan struct{}, 10)
		h := notify.NewHeartbeat(client, func(context.Context) (string, time.Duration, error) {
			asked <- struct{}{}
			return r.URL + "/marker", time.Hour, nil
		}, func() bool { return true }, time.Now, slog.New(slog.NewTextHandler(&log, nil)))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- h.Run(ctx) }()
		<-asked
		h.Changed() // the second question comes after the first answer was kept
		<-asked
		if b := h.LastHeartbeat(); b.OK || b.At.IsZero() || strings.Contains(b.Message, "marker") {
			t.Errorf("%s: %+v", name, b)
		}
		cancel()
		if err := <-done; err != nil || strings.Contains(log.String(), "marker") {
			t.Errorf("%s: %v, %s", name, err, &log)
		}
	}
}
