package app

import (
	"context"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"unity.internal/app/httpapi"
)

const (
	probeEvery = 5 * time.Second
	reserve    = 64 << 20 // bytes of the disk that samples may not take: audit and alerts come last
)

// health knows how the appliance is, by trying.
type health struct {
	app  *App
	mu   sync.RWMutex
	last httpapi.Health
	seen chan struct{} // closed when it has looked
}

// run looks at the appliance until ctx ends, and feeds the watchdog of systemd
// while the database can be written.
func (h *health) run(ctx context.Context) error {
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for {
		h.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// look finds out what is not well.
func (h *health) look(ctx context.Context) {
	_, err := h.app.store.System().HasUsers(ctx)
	if err != nil && ctx.Err() != nil {
		return
	}
	v := httpapi.Health{Ready: err == nil, Degraded: []string{}} // what cannot be read cannot be served
	if reason, locked := h.app.vault.Locked(); locked {
		v.Degraded = append(v.Degraded, "vault: "+reason)
	}
	left := free(h.app.config.DataDir)
	if left >= 0 && left < lowDisk {
		v.Degraded = append(v.Degraded, "disk: the data directory's disk is nearly full")
	}
	if err := h.app.store.System().Probe(ctx); err != nil {
		if ctx.Err() != nil {
			return
		}
		v.Degraded = append(v.Degraded, "database: it cannot be written: "+failed(err).Msg)
	} else {
		_, _ = daemon.SdNotify(false, daemon.SdNotifyWatchdog) // not under systemd: nothing to tell
	}
	if h.app.unproxied() {
		v.Degraded = append(v.Degraded, "tls: "+unproxied+": name it with --trusted-proxy, or in the settings")
	}
	if reason := h.app.metrics.Unwell(); reason != "" {
		v.Degraded = append(v.Degraded, "metrics: "+reason)
	}
	v.Degraded = append(v.Degraded, h.app.backup.Unwell(ctx)...)
	v.Degraded = append(v.Degraded, h.app.cert.Unwell(ctx)...)
	if err := h.app.alerts.Unwell(ctx, h.app.store.System().Own(), v.Degraded); err != nil && ctx.Err() == nil {
		h.app.log.ErrorContext(ctx, "appliance alert", "err", err)
	}
	database, _ := h.app.sizes(ctx)
	v.Gauges = []httpapi.Gauge{
		{Name: "unity_database_bytes", Help: "Size of the database with its log", Value: float64(database)},
		{Name: "unity_data_dir_free_bytes", Help: "Room left for it", Value: float64(left)},
	}
	v.Gauges = append(v.Gauges, h.app.replicaGauges(ctx)...)
	h.keep(v)
}

func (h *health) keep(v httpapi.Health) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.last = v
	select {
	case <-h.seen:
	default:
		close(h.seen)
	}
}

// now returns what was found last. Before that, requests are served already.
func (h *health) now() httpapi.Health {
	h.mu.RLock()
	defer h.mu.RUnlock()
	select {
	case <-h.seen:
		return h.last
	default:
		return httpapi.Health{Ready: true, Degraded: []string{}}
	}
}

// found returns what was found last, once there is something; nothing is ready
// before that.
func (h *health) found(ctx context.Context) httpapi.Health {
	select {
	case <-h.seen:
	case <-ctx.Done():
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	return h.last
}

// well reports whether nothing is degraded: then the heartbeat goes out.
func (h *health) well() bool { return len(h.now().Degraded) == 0 }

// room reports whether samples may still be written.
func (h *health) room() bool {
	left := free(h.app.config.DataDir)
	return left < 0 || left > reserve
}
