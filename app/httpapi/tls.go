package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"unity.internal/app/auth"
	"unity.internal/app/cert"
	"unity.internal/app/fault"
	"unity.internal/store"
)

func (m mux) tls() {
	handle(m, auth.TLSWrite, route("getTLS", http.MethodGet, "/tls"), m.getTLS)
	handle(m, auth.TLSWrite, stepUp(route("updateTLS", http.MethodPatch, "/tls")), m.updateTLS)
	handle(m, auth.TLSWrite, stepUp(action("uploadCertificate", "/tls/certificate")), m.uploadCertificate)
	handle(m, auth.TLSWrite, stepUp(route("createTLSName", http.MethodPost, "/tls/names")), m.createTLSName)
	handle(m, auth.TLSWrite, stepUp(route("deleteTLSName", http.MethodDelete, "/tls/names/{name}")), m.deleteTLSName)
	handle(m, auth.TLSWrite, accepted("renewCertificate", "/tls/renew"), m.renewCertificate)
	handle(m, auth.TLSWrite, action("checkTLS", "/tls/check"), m.checkTLS)
	ca := route("getCA", http.MethodGet, "/tls/ca.pem")
	ca.Responses = map[string]*huma.Response{"200": {
		Description: "The certificate of the appliance's own CA",
		Content:     map[string]*huma.MediaType{"application/x-pem-file": {Schema: &huma.Schema{Type: huma.TypeString}}},
	}}
	handle(m, auth.Public, ca, m.getCA)
}

type pem struct {
	ContentType string `header:"Content-Type"`
	Body        []byte
}

func (m mux) getCA(ctx context.Context, _ Caller, _ *struct{}) (*pem, error) {
	data, err := m.CA(ctx)
	return &pem{"application/x-pem-file", data}, err
}

// tlsState is what is chosen, and every name with its certificate.
type tlsState struct {
	store.TLS
	Fixed     bool           `json:"mode_fixed" doc:"The mode is named where the appliance is started, and cannot be chosen here"`
	DNS       bool           `json:"dns_secret_set"`
	EAB       bool           `json:"eab_secret_set"`
	Pair      *cert.Pair     `json:"pair,omitempty" doc:"What a person brought"`
	Names     []cert.Name    `json:"names" nullable:"false"`
	Authority cert.Authority `json:"authority" doc:"The appliance's own"`
}

func (m mux) getTLS(ctx context.Context, _ Caller, _ *struct{}) (*versioned[tlsState], error) {
	v, dns, eab, err := m.Cert.Settings(ctx)
	if err != nil {
		return nil, err
	}
	names, err := m.Cert.Names(ctx)
	if err != nil {
		return nil, err
	}
	own, err := m.Cert.Authority(ctx)
	return tagged(tlsState{v, m.Cert.Fixed != "", dns, eab, m.Cert.Pair(), names, own}, v.Rev, err)
}

type tlsPatch struct {
	IfMatch
	Body struct {
		Mode            Opt[string]     `json:"mode,omitzero" enum:"internal,acme,manual,off"`
		ACME            Opt[store.ACME] `json:"acme,omitzero"`
		CertificateFile Opt[string]     `json:"certificate_file,omitzero" maxLength:"1000"`
		KeyFile         Opt[string]     `json:"key_file,omitzero" maxLength:"1000"`
		DNSSecret       Opt[string]     `json:"dns_secret,omitzero" maxLength:"4000" writeOnly:"true" doc:"The token or key of the service that keeps the zone"`
		EABSecret       Opt[string]     `json:"eab_secret,omitzero" maxLength:"4000" writeOnly:"true" doc:"The key of the binding, base64"`
	}
}

func (m mux) updateTLS(ctx context.Context, c Caller, in *tlsPatch) (*versioned[tlsState], error) {
	v, _, _, err := m.Cert.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if v.Rev, err = in.rev(); err != nil {
		return nil, err
	}
	before, b := m.Cert.Mode(), in.Body
	b.Mode.into(&v.Mode)
	b.ACME.into(&v.ACME)
	b.CertificateFile.into(&v.CertificateFile)
	b.KeyFile.into(&v.KeyFile)
	if v.Mode == store.TLSOff && before != store.TLSOff {
		if err := m.behindProxy(ctx); err != nil {
			return nil, err
		}
	}
	if _, err := m.Cert.Update(ctx, m.System.By(c.User, c.From.Address), v, cert.Secrets{DNS: b.DNSSecret.pointer(), EAB: b.EABSecret.pointer()}); err != nil {
		return nil, err
	}
	if after := m.Cert.Mode(); before != after && (before == store.TLSOff || after == store.TLSOff) {
		defer m.Restart() // it listens otherwise then
	}
	return m.getTLS(ctx, c, nil)
}

// behindProxy refuses to end TLS while nobody else is known to speak it.
func (m mux) behindProxy(ctx context.Context) error {
	v, err := m.System.Settings(ctx)
	if err == nil && len(v.TrustedProxies) == 0 {
		err = field("body.mode", "tls.no_proxy", "Without TLS a proxy must stand before the appliance: name its address in Settings, Trusted proxies first.")
	}
	return err
}

type certificateIn struct {
	Body struct {
		Certificate string `json:"certificate" minLength:"1" maxLength:"200000" doc:"PEM, with its chain"`
		Key         string `json:"key" minLength:"1" maxLength:"50000" writeOnly:"true" doc:"PEM, its private key"`
	}
}

func (m mux) uploadCertificate(ctx context.Context, c Caller, in *certificateIn) (*versioned[tlsState], error) {
	if err := m.Cert.Upload(ctx, m.System.By(c.User, c.From.Address), in.Body.Certificate, in.Body.Key); err != nil {
		return nil, err
	}
	return m.getTLS(ctx, c, nil)
}

type nameIn struct {
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"253" example:"unity.example.org"`
	}
}

var errNameThere = fault.New(fault.Conflict, "tls.name_there", "The appliance has this name already.")

func (m mux) createTLSName(ctx context.Context, c Caller, in *nameIn) (*versioned[tlsState], error) {
	name, err := cert.CheckName(in.Body.Name)
	if err != nil {
		return nil, err
	}
	return m.changeNames(ctx, c, func(all []string) ([]string, error) {
		if slices.Contains(all, name) {
			return nil, errNameThere
		}
		if len(all) >= 20 {
			return nil, field("body.name", "tls.too_many_names", "The appliance takes 20 names. Take one away first.")
		}
		return append(all, name), nil
	})
}

type nameOf struct {
	Name string `path:"name" maxLength:"253"`
}

func (m mux) deleteTLSName(ctx context.Context, c Caller, in *nameOf) (*versioned[tlsState], error) {
	return m.changeNames(ctx, c, func(all []string) ([]string, error) {
		i := slices.IndexFunc(all, func(n string) bool { return strings.EqualFold(n, in.Name) })
		if i < 0 {
			return nil, cert.ErrNoName
		}
		return slices.Delete(slices.Clone(all), i, i+1), nil
	})
}

// changeNames changes the names that people gave the appliance.
func (m mux) changeNames(ctx context.Context, c Caller, change func([]string) ([]string, error)) (*versioned[tlsState], error) {
	v, err := m.System.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if v.PublicNames, err = change(v.PublicNames); err != nil {
		return nil, err
	}
	if _, err := m.storeSystemSettings(ctx, c, v); err != nil {
		return nil, err
	}
	return m.getTLS(ctx, c, nil)
}

func (m mux) renewCertificate(ctx context.Context, c Caller, in *nameIn) (*body[store.Job], error) {
	j, err := m.Cert.Renew(ctx, m.System.By(c.User, c.From.Address), in.Body.Name)
	return &body[store.Job]{j}, err
}

type checkTLSIn struct {
	Body struct {
		Name      string     `json:"name" minLength:"1" maxLength:"253"`
		ACME      store.ACME `json:"acme"`
		DNSSecret *string    `json:"dns_secret,omitempty" maxLength:"4000" writeOnly:"true" doc:"Without it, the one that is stored"`
	}
}

func (m mux) checkTLS(ctx context.Context, _ Caller, in *checkTLSIn) (*body[cert.Checked], error) {
	name, err := cert.CheckName(in.Body.Name)
	if err != nil {
		return nil, err
	}
	v, err := m.Cert.Check(ctx, in.Body.ACME, name, in.Body.DNSSecret)
	return &body[cert.Checked]{v}, err
}
