package httpapi

import (
	"bytes"
	"context"
	"net/http"
	"time"

	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
)

func (m mux) system() {
	handle(m, auth.SystemRead, route("getSystem", http.MethodGet, "/system"), m.getSystem)
	bundle := route("getSupport", http.MethodGet, "/system/support")
	bundle.Description = "A file for somebody who helps: how the appliance is, its doctor's findings and the end of its log, without secrets and with other names for people, tenants, servers and places."
	download(m, auth.SystemWrite, stepUp(bundle), "application/gzip", "A packed tar of texts", m.getSupport)
}

// supportPiece is how much of a bundle is sent at a time, in bytes.
const supportPiece = 64 << 10

// getSupport makes the bundle before it sends any of it: it is small, and there is
// room for it in memory where the disk has none.
func (m mux) getSupport(ctx context.Context, c Caller, _ *fiber.Ctx) (file, error) {
	var whole bytes.Buffer
	if err := m.Support(ctx, &whole); err != nil {
		return file{}, err
	}
	m.Log.InfoContext(ctx, "support bundle made", "user", c.User)
	name := "unity-support-" + time.Now().UTC().Format("20060102-150405") + ".tar.gz"
	return file{name: name, next: func(_ context.Context, out *bytes.Buffer) (bool, error) {
		out.Write(whole.Next(supportPiece))
		return whole.Len() > 0, nil
	}}, nil
}

// appliance is what runs here, and how it is.
type appliance struct {
	Version     string    `json:"version"`
	Commit      string    `json:"commit"`
	Started     time.Time `json:"started_at"`
	Hostname    string    `json:"hostname"`
	Instance    string    `json:"instance" doc:"Names this appliance"`
	Free        int64     `json:"data_dir_free_bytes"`
	Database    int64     `json:"database_bytes"`
	Degraded    []string  `json:"degraded" nullable:"false" doc:"What is not well, each in a sentence"`
	Fingerprint string    `json:"ca_fingerprint" doc:"SHA-256 of the certificate of the appliance's own CA"`
	URLs        []string  `json:"urls" nullable:"false" doc:"Where it is reached"`
}

func (m mux) getSystem(ctx context.Context, _ Caller, _ *struct{}) (*body[appliance], error) {
	database, free := m.About.Sizes(ctx)
	degraded := m.Health().Degraded
	if degraded == nil {
		degraded = []string{}
	}
	fingerprint, err := m.About.Fingerprint(ctx)
	return &body[appliance]{appliance{
		m.About.Version, m.About.Commit, m.About.Started, m.About.Hostname, m.Vault.Instance(), free, database, degraded,
		fingerprint, m.About.URLs(),
	}}, err
}
