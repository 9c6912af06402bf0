package httpapi

import (
	"context"
	"net/http"

	"unity.internal/app/auth"
	"unity.internal/app/vault"
	"unity.internal/store"
)

func (m mux) vault() {
	need := auth.VaultWrite
	handle(m, need, route("getVault", http.MethodGet, "/vault"), m.getVault)
	rotate := accepted("rotateVault", "/vault/rotate")
	rotate.Description = "Replaces the keys of all tenants, of one, or the master key. The audit stays valid."
	handle(m, need, stepUp(rotate), m.rotateVault)
}

func (m mux) getVault(ctx context.Context, _ Caller, _ *struct{}) (*body[vault.State], error) {
	v, err := m.Vault.State(ctx)
	return &body[vault.State]{v}, err
}

type rotateIn struct {
	Body struct {
		Master     bool           `json:"master,omitempty" doc:"The master key instead of the keys of tenants"`
		Tenant     store.TenantID `json:"tenant,omitempty" maxLength:"49" doc:"Of this tenant only"`
		Passphrase string         `json:"passphrase,omitempty" maxLength:"1024" writeOnly:"true" doc:"The new one, where a passphrase opens the vault"`
	}
}

func (m mux) rotateVault(ctx context.Context, c Caller, in *rotateIn) (*body[store.Job], error) {
	b := in.Body
	if b.Passphrase != "" {
		if from := clientOf(ctx); !from.secure && !from.loopback {
			return nil, errInsecure
		}
	}
	j, err := m.RotateKeys(ctx, m.System.By(c.User, c.From.Address), vault.Ask{Master: b.Master, Tenant: b.Tenant, Passphrase: []byte(b.Passphrase)})
	return &body[store.Job]{j}, err
}
