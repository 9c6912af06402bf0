package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strings"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	totpPeriod    = 30 // seconds a code is shown, of RFC 6238
	totpSkew      = 1  // periods that a phone's clock may be off
	totpSecret    = 20 // bytes, as RFC 4226 recommends
	recoveryCodes = 10
	recoveryBytes = 10 // of randomness a code: 80 bits, so that a fast hash keeps it
)

var (
	// ErrCode says that a code of a second factor is not right, or was used before.
	ErrCode = fault.New(fault.Unauthenticated, "auth.invalid_code", "That code is wrong or was used before. Wait for the next one and enter it.")
	// ErrCodeRequired says that a password alone does not sign this user in.
	ErrCodeRequired = fault.New(fault.Unauthenticated, "auth.code_required", "A second factor is needed. Send the code of your authenticator app, or a recovery code, as code.")
	// ErrTOTP says that an authenticator app is in force already.
	ErrTOTP = fault.New(fault.Conflict, "auth.totp_enrolled", "An authenticator app is set up already. Remove it first.")
	// ErrNoTOTP says that there is no authenticator app to confirm.
	ErrNoTOTP = fault.New(fault.Conflict, "auth.totp_none", "No authenticator app waits to be confirmed. Begin again.")
)

// An Enrolment is what an authenticator app needs; it is shown once.
type Enrolment struct {
	Secret string // base32
	URI    string // otpauth://…, for a QR code
}

// EnrolTOTP makes a secret that counts once a code of it was seen.
func (s *Service) EnrolTOTP(ctx context.Context, who Identity, appliance string, from Client) (Enrolment, error) {
	u, err := s.person(ctx, who.User)
	if err != nil {
		return Enrolment{}, err
	}
	raw := make([]byte, totpSecret)
	_, _ = rand.Read(raw) // never fails, by its contract
	sealed, err := s.vault.Seal(ctx, store.SystemTenant, totpPlace(u.ID), raw)
	if err != nil {
		return Enrolment{}, err
	}
	err = s.store.System().By(u.ID, from.Address).SetTOTP(ctx, u.ID, sealed)
	if errors.Is(err, store.ErrNotFound) {
		err = ErrTOTP
	}
	text := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(raw)
	return Enrolment{text, otpauth(appliance, u.Username, text)}, err
}

func totpPlace(user string) string { return "totp|secret|" + user }

// ConfirmTOTP puts an authenticator app into force and returns codes for who
// loses it. Sessions without it end, but for the one that asks.
func (s *Service) ConfirmTOTP(ctx context.Context, who Identity, code string, from Client) (codes []string, err error) {
	v, err := s.store.System().TOTP(ctx, who.User)
	if errors.Is(err, store.ErrNotFound) || err == nil && v.Confirmed != nil {
		return nil, ErrNoTOTP
	}
	if err != nil {
		return nil, err
	}
	good, err := s.totp(ctx, who.User, v, code)
	if err != nil {
		return nil, err
	}
	if !good {
		return nil, invalid("body.code", ErrCode.Code, ErrCode.Msg)
	}
	codes, hashes := newRecoveryCodes()
	if err := s.store.System().By(who.User, from.Address).ConfirmTOTP(ctx, who.User, hashes, who.Session); err != nil {
		return nil, err
	}
	if err := s.Reload(ctx); err != nil {
		return nil, err
	}
	return codes, s.proved(ctx, who, true)
}

// DeleteTOTP ends the authenticator app of who asks.
func (s *Service) DeleteTOTP(ctx context.Context, who Identity, from Client) error {
	if err := s.store.System().By(who.User, from.Address).DeleteTOTP(ctx, who.User); err != nil {
		return err
	}
	return s.Reload(ctx)
}

// NewRecoveryCodes replaces the recovery codes of who asks.
func (s *Service) NewRecoveryCodes(ctx context.Context, who Identity, from Client) ([]string, error) {
	codes, hashes := newRecoveryCodes()
	return codes, s.store.System().By(who.User, from.Address).SetRecoveryCodes(ctx, who.User, hashes)
}

// newRecoveryCodes returns codes as people read them, and what is kept of them.
func newRecoveryCodes() (codes []string, hashes [][]byte) {
	for range recoveryCodes {
		raw := make([]byte, recoveryBytes)
		_, _ = rand.Read(raw) // never fails, by its contract
		text := strings.ToLower(base32.StdEncoding.EncodeToString(raw))
		codes = append(codes, text[:4]+"-"+text[4:8]+"-"+text[8:12]+"-"+text[12:])
		hash := sha256.Sum256([]byte(text))
		hashes = append(hashes, hash[:])
	}
	return codes, hashes
}

// checkCode checks a code of a user's second factor, and counts what fails.
func (s *Service) checkCode(ctx context.Context, u store.User, code string, from Client) error {
	if err := s.attempts.allow(ctx, NameKey(u.Username), from.Address); err != nil {
		return err
	}
	good, err := s.goodCode(ctx, u, code, from)
	if err != nil || good {
		return err
	}
	return s.refuse(ctx, u.ID, u.Username, from, ErrCode)
}

// goodCode reports whether a code is one of the authenticator app or a recovery
// code that was not used before. It is used up then.
func (s *Service) goodCode(ctx context.Context, u store.User, code string, from Client) (bool, error) {
	code = strings.ToLower(strings.NewReplacer(" ", "", "-", "").Replace(code))
	if len(code) == otp.DigitsSix.Length() {
		v, err := s.store.System().TOTP(ctx, u.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && v.Confirmed == nil {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		return s.totp(ctx, u.ID, v, code)
	}
	hash := sha256.Sum256([]byte(code))
	return s.store.System().By(u.ID, from.Address).UseRecoveryCode(ctx, u.ID, hash[:])
}

// totp reports whether a code belongs to this moment, or the one before or after,
// and was never used.
func (s *Service) totp(ctx context.Context, user string, v store.TOTP, code string) (bool, error) {
	raw, err := s.vault.Open(ctx, store.SystemTenant, totpPlace(user), v.Secret)
	if err != nil {
		return false, err
	}
	secret := base32.StdEncoding.EncodeToString(raw)
	now := s.now().Unix() / totpPeriod
	for step := now - totpSkew; step <= now+totpSkew; step++ {
		good, err := hotp.ValidateCustom(code, uint64(step), secret, hotp.ValidateOpts{Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1}) //nolint:gosec // a time after 1970
		if err != nil {
			return false, nil //nolint:nilerr // what is no code at all is a wrong one
		}
		if good {
			return s.store.System().UseTOTP(ctx, user, step)
		}
	}
	return false, nil
}
