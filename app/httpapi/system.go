package httpapi

import (
	"context"
	"net/http"
	"time"

	"unity.internal/app/auth"
)

func (m mux) system() {
	handle(m, auth.SystemRead, route("getSystem", http.MethodGet, "/system"), m.getSystem)
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
