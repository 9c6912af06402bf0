package httpapi

import (
	"context"
	"net/http"
	"time"

	"github.com/skip2/go-qrcode"
	"unity.internal/app/auth"
	"unity.internal/store"
)

// factors are what a person proves themselves with.
func (m mux) factors() {
	handle(m, auth.Self, route("getFactors", http.MethodGet, "/auth/factors"), m.getFactors)
	handle(m, auth.Self, stepUp(action("beginTOTP", "/auth/totp")), m.beginTOTP)
	handle(m, auth.Self, action("confirmTOTP", "/auth/totp/confirm"), m.confirmTOTP)
	handle(m, auth.Self, stepUp(route("deleteTOTP", http.MethodDelete, "/auth/totp")), m.deleteTOTP)
	handle(m, auth.Self, stepUp(action("newRecoveryCodes", "/auth/recovery-codes")), m.newRecoveryCodes)
}

type factors struct {
	TOTP     *time.Time      `json:"totp_since" nullable:"true" doc:"Since when there is an authenticator app"`
	Codes    int64           `json:"recovery_codes_left"`
	Passkeys []store.Passkey `json:"passkeys" nullable:"false" doc:"For whatever name of the appliance"`
	Password bool            `json:"password" doc:"Whether there is one"`
}

func (m mux) getFactors(ctx context.Context, c Caller, _ *struct{}) (*body[factors], error) {
	f, err := m.Auth.Factors(ctx, c.Identity)
	out := factors{Codes: f.Codes, Passkeys: f.Passkeys, Password: f.Password}
	if f.TOTP != nil {
		out.TOTP = f.TOTP.Confirmed
	}
	return &body[factors]{out}, err
}

type enrolment struct {
	Secret string `json:"secret" doc:"For who cannot scan; shown once"`
	URI    string `json:"uri"`
	QR     []byte `json:"qr_png" doc:"The same as a picture"`
}

// qrSize is the width of the picture in pixels.
const qrSize = 264

func (m mux) beginTOTP(ctx context.Context, c Caller, _ *struct{}) (*body[enrolment], error) {
	v, err := m.Auth.EnrolTOTP(ctx, c.Identity, m.About.Hostname, c.From)
	if err != nil {
		return nil, err
	}
	picture, err := qrcode.Encode(v.URI, qrcode.Medium, qrSize)
	return &body[enrolment]{enrolment{v.Secret, v.URI, picture}}, err
}

type confirmIn struct {
	Body struct {
		Code string `json:"code" minLength:"1" maxLength:"20" writeOnly:"true"`
	}
}

type recoveryCodes struct {
	Codes []string `json:"recovery_codes" nullable:"false" doc:"Each signs in once; shown once"`
}

func (m mux) confirmTOTP(ctx context.Context, c Caller, in *confirmIn) (*body[recoveryCodes], error) {
	if err := m.mayGuess(clientOf(ctx)); err != nil {
		return nil, err
	}
	codes, err := m.Auth.ConfirmTOTP(ctx, c.Identity, in.Body.Code, c.From)
	return &body[recoveryCodes]{recoveryCodes{codes}}, err
}

func (m mux) deleteTOTP(ctx context.Context, c Caller, _ *struct{}) (*struct{}, error) {
	return nil, m.Auth.DeleteTOTP(ctx, c.Identity, c.From)
}

func (m mux) newRecoveryCodes(ctx context.Context, c Caller, _ *struct{}) (*body[recoveryCodes], error) {
	codes, err := m.Auth.NewRecoveryCodes(ctx, c.Identity, c.From)
	return &body[recoveryCodes]{recoveryCodes{codes}}, err
}
