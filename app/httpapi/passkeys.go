package httpapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"unity.internal/app/auth"
	"unity.internal/store"
)

// passkeys are second factors that can sign in by themselves, too.
func (m mux) passkeys() {
	handle(m, auth.Self, stepUp(action("beginPasskey", "/auth/passkeys/options")), m.beginPasskey)
	handle(m, auth.Self, short(route("createPasskey", http.MethodPost, "/auth/passkeys")), m.createPasskey)
	handle(m, auth.Self, route("updatePasskey", http.MethodPatch, "/auth/passkeys/{id}"), m.updatePasskey)
	handle(m, auth.Self, stepUp(route("deletePasskey", http.MethodDelete, "/auth/passkeys/{id}")), m.deletePasskey)
	handle(m, auth.Public, action("beginPasskeyLogin", "/auth/login/passkey/options"), m.beginPasskeyLogin)
	handle(m, auth.Public, short(action("loginByPasskey", "/auth/login/passkey")), m.loginByPasskey)
	handle(m, auth.Self, action("beginPasskeyStepUp", "/auth/step-up/passkey/options"), m.beginPasskeyStepUp)
	handle(m, auth.Self, short(action("stepUpByPasskey", "/auth/step-up/passkey")), m.stepUpByPasskey)
}

// short bounds what a browser answers for a passkey: a new one is kept as it came.
func short(op huma.Operation) huma.Operation {
	op.MaxBodyBytes = 64 * 1024
	return op
}

func (m mux) beginPasskey(ctx context.Context, c Caller, _ *struct{}) (*body[auth.Ceremony], error) {
	v, err := m.Auth.BeginPasskey(ctx, c.Identity, c.From)
	return &body[auth.Ceremony]{v}, err
}

type passkeyIn struct {
	Body struct {
		Ceremony string          `json:"ceremony" minLength:"1" maxLength:"100"`
		Name     string          `json:"name" minLength:"1" maxLength:"100" pattern:"\\S"`
		Response json.RawMessage `json:"response" doc:"What the browser answered, as JSON of WebAuthn"`
	}
}

type newPasskey struct {
	Passkey store.Passkey `json:"passkey"`
	Codes   []string      `json:"recovery_codes,omitempty" nullable:"false" doc:"With the first second factor; each signs in once; shown once"`
}

func (m mux) createPasskey(ctx context.Context, c Caller, in *passkeyIn) (*body[newPasskey], error) {
	v, codes, err := m.Auth.FinishPasskey(ctx, c.Identity, in.Body.Ceremony, in.Body.Name, in.Body.Response, c.From)
	return &body[newPasskey]{newPasskey{v, codes}}, err
}

type passkeyPatch struct {
	ID
	Body struct {
		Name string `json:"name" minLength:"1" maxLength:"100" pattern:"\\S"`
	}
}

func (m mux) updatePasskey(ctx context.Context, c Caller, in *passkeyPatch) (*body[store.Passkey], error) {
	v, err := m.Auth.RenamePasskey(ctx, c.Identity, in.ID.ID, in.Body.Name, c.From)
	return &body[store.Passkey]{v}, err
}

func (m mux) deletePasskey(ctx context.Context, c Caller, in *ID) (*struct{}, error) {
	return nil, m.Auth.DeletePasskey(ctx, c.Identity, in.ID, c.From)
}

type passkeyLoginIn struct {
	Body struct {
		Challenge string `json:"challenge,omitempty" maxLength:"100" doc:"Of the sign-in that waits; without it, a passkey alone signs in"`
	}
}

func (m mux) beginPasskeyLogin(ctx context.Context, _ Caller, in *passkeyLoginIn) (*body[auth.Ceremony], error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	v, err := m.Auth.PasskeyOptions(ctx, in.Body.Challenge, from.Client)
	return &body[auth.Ceremony]{v}, err
}

type passkeyAnswer struct {
	Body struct {
		Ceremony string          `json:"ceremony" minLength:"1" maxLength:"100"`
		Response json.RawMessage `json:"response" doc:"What the browser answered, as JSON of WebAuthn"`
	}
}

func (m mux) loginByPasskey(ctx context.Context, _ Caller, in *passkeyAnswer) (*loginOut, error) {
	from := clientOf(ctx)
	if err := m.mayGuess(from); err != nil {
		return nil, err
	}
	return signedInAs(ctx)(m.Auth.SignInByPasskey(ctx, in.Body.Ceremony, in.Body.Response, from.Client))
}

func (m mux) beginPasskeyStepUp(ctx context.Context, c Caller, _ *struct{}) (*body[auth.Ceremony], error) {
	v, err := m.Auth.StepUpPasskeyOptions(ctx, c.Identity, c.From)
	return &body[auth.Ceremony]{v}, err
}

func (m mux) stepUpByPasskey(ctx context.Context, c Caller, in *passkeyAnswer) (*struct{}, error) {
	return nil, m.Auth.StepUpByPasskey(ctx, c.Identity, in.Body.Ceremony, in.Body.Response, c.From)
}
