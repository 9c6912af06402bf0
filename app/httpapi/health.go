package httpapi

import (
	"context"
	"crypto/subtle"
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
)

// Health is how the appliance is. Degraded names what is not well while
// requests are served: disk, vault, certificates.
type Health struct {
	Ready    bool
	Degraded []string
	Gauges   []Gauge // for /metrics
}

// A Gauge is one figure of the appliance about itself.
type Gauge struct {
	Name, Help string
	Value      float64
}

// health registers what machines ask about the appliance itself, outside the API.
func (m mux) health() {
	m.app.Get("/healthz", func(c *fiber.Ctx) error { return c.SendString("ok\n") })
	m.app.Get("/readyz", m.readyz)
	m.app.Get("/metrics", m.metrics)
	m.app.Post("/csp-report", m.cspReport)
}

// readyz answers 503 only when requests cannot be served. Details are for this
// box and for callers who signed in.
func (m mux) readyz(c *fiber.Ctx) error {
	h := m.Health()
	answer := fiber.Map{"ready": h.Ready}
	_, known := c.UserContext().Value(callerKey{}).(Caller)
	if known || clientOf(c.UserContext()).loopback {
		answer["degraded"] = h.Degraded
	}
	status := http.StatusOK
	if !h.Ready {
		status = http.StatusServiceUnavailable
	}
	return c.Status(status).JSON(answer)
}

// metrics writes the appliance's own figures for who may read them.
func (m mux) metrics(c *fiber.Ctx) error {
	token, ok := strings.CutPrefix(c.Get("Authorization"), "Bearer ")
	known := ok && m.MetricsToken != "" && subtle.ConstantTimeCompare([]byte(token), []byte(m.MetricsToken)) == 1
	if !known && !clientOf(c.UserContext()).loopback {
		return auth.ErrSignIn
	}
	c.Set("Content-Type", "text/plain; version=0.0.4")
	return c.SendString(Figures(m.Health(), m.About.Started))
}

// Figures returns the appliance's own figures in the text format of Prometheus.
func Figures(h Health, started time.Time) string {
	var mem runtime.MemStats
	runtime.ReadMemStats(&mem)
	all := append([]Gauge{
		{"unity_up", "1 while the appliance serves", 1},
		{"unity_degraded", "How many of its parts are not well", float64(len(h.Degraded))},
		{"unity_start_time_seconds", "When it started, in seconds since 1970", float64(started.Unix())},
		{"unity_goroutines", "Goroutines", float64(runtime.NumGoroutine())},
		{"unity_heap_bytes", "Bytes of the heap in use", float64(mem.HeapInuse)},
	}, h.Gauges...)
	var out strings.Builder
	for _, g := range all {
		fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s gauge\n%s %g\n", g.Name, g.Help, g.Name, g.Name, g.Value)
	}
	return out.String()
}

// maxReport is how much of a browser's report is logged, in bytes.
const maxReport = 2048

// cspReport logs what a browser refused to load: a fault of ours, or an attack.
func (m mux) cspReport(c *fiber.Ctx) error {
	if err := m.limits.signIn("csp " + clientOf(c.UserContext()).Address); err != nil {
		return err
	}
	text := c.Body()
	m.Log.WarnContext(c.UserContext(), "content security policy violated", "report", string(text[:min(len(text), maxReport)]))
	return c.SendStatus(http.StatusNoContent)
}

// About says what runs here since when.
type About struct {
	Version, Commit, Hostname string
	Started                   time.Time
	URLs                      func() []string
	Sizes                     func(context.Context) (database, free int64)
	Fingerprint               func(context.Context) (string, error) // of the certificate of the appliance's own CA
}
