package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"unity.internal/app/auth"
)

func (m mux) system() {
	handle(m, auth.SystemRead, route("getSystem", http.MethodGet, "/system"), m.getSystem)
	ca := route("getCA", http.MethodGet, "/tls/ca.pem")
	ca.Responses = map[string]*huma.Response{"200": {
		Description: "The certificate of the appliance's own CA",
		Content:     map[string]*huma.MediaType{"application/x-pem-file": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	handle(m, auth.Public, ca, m.getCA)
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

type pem struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (m mux) getCA(ctx context.Context, _ Caller, _ *struct{}) (*pem, error) {
	data, err := m.CA(ctx)
	return &pem{"application/x-pem-file", data}, err
}
