package auth

import (
	"net/netip"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"unity.internal/app/fault"
)

// ErrCeremony says that nobody waits for what a passkey answered.
var ErrCeremony = fault.New(fault.Conflict, "passkey.expired", "That took too long, or was answered before. Try again.")

// A purpose is what a passkey is asked for. An answer to one counts for no other.
type purpose string

const (
	toRegister purpose = "register"
	toSignIn   purpose = "sign_in"
	toFollow   purpose = "second_factor"
	toStepUp   purpose = "step_up"
)

// A Ceremony is what a browser shall have a passkey do.
type Ceremony struct {
	ID      string `json:"ceremony" doc:"Send it with the response; good once, for five minutes"`
	Options any    `json:"options" doc:"What PublicKeyCredential.parseCreationOptionsFromJSON or parseRequestOptionsFromJSON reads"`
}

// A ceremony waits for the answer of a passkey.
type ceremony struct {
	purpose   purpose
	user      string // empty: whoever answers
	challenge string // the sign-in that it is the second factor of
	party     *webauthn.WebAuthn
	asked     webauthn.SessionData
	until     time.Time
}

// ceremonies wait in memory, like sign-ins that wait for a second factor.
type ceremonies struct {
	*sync.Mutex
	now func() time.Time
	all map[string]ceremony
}

func newCeremonies(now func() time.Time) ceremonies {
	return ceremonies{&sync.Mutex{}, now, map[string]ceremony{}}
}

// add keeps c and returns its name, which only the one who was asked knows.
func (w ceremonies) add(c ceremony) string {
	id, _ := newToken()
	c.until = w.now().Add(pendingTime)
	w.Lock()
	defer w.Unlock()
	if len(w.all) >= maxPending {
		clear(w.all)
	}
	w.all[id] = c
	return id
}

// take returns a ceremony that waits for one of these purposes on the same page.
// Whatever it was, it can be answered no more.
func (w ceremonies) take(id, origin string, purposes ...purpose) (ceremony, error) {
	w.Lock()
	defer w.Unlock()
	c, there := w.all[id]
	delete(w.all, id)
	if !there || !w.now().Before(c.until) || !slices.Contains(purposes, c.purpose) || c.party.Config.RPOrigins[0] != origin {
		return ceremony{}, ErrCeremony
	}
	return c, nil
}

func (w ceremonies) prune() {
	w.Lock()
	defer w.Unlock()
	for id, c := range w.all {
		if !w.now().Before(c.until) {
			delete(w.all, id)
		}
	}
}

// party returns the appliance as passkeys know it: by the name in the address of
// the page. What was made under one name is unknown under another.
func (s *Service) party(origin string) (*webauthn.WebAuthn, error) {
	page, err := url.Parse(origin)
	if err != nil {
		page = &url.URL{}
	}
	if err := protocol.ValidateRPID(page.Hostname()); err != nil {
		return nil, s.needsName(*page).Because(err)
	}
	life := webauthn.TimeoutConfig{Timeout: pendingTime, TimeoutUVD: pendingTime}
	return webauthn.New(&webauthn.Config{
		RPID: page.Hostname(), RPDisplayName: "Unity", RPOrigins: []string{origin},
		AttestationPreference: protocol.PreferNoAttestation,
		Timeouts:              webauthn.TimeoutsConfig{Login: life, Registration: life},
		// Password managers add outputs that nobody asked for.
		ExtensionsUnsolicitedOutputPolicy: protocol.UnsolicitedOutputPolicyIgnore,
	})
}

// needsName says that passkeys do not work at the address of a page, an IP address
// or a bare name, and where they do.
func (s *Service) needsName(page url.URL) *fault.Error {
	there := s.Named()
	if a, err := netip.ParseAddr(page.Hostname()); err == nil && a.IsLoopback() {
		there = page.Scheme + "://localhost"
		if port := page.Port(); port != "" {
			there += ":" + port
		}
	}
	if there == "" {
		return fault.New(fault.Conflict, "passkey.needs_name", "Passkeys need a full name: give this appliance one, like unity.example.org, and open it by that instead.")
	}
	return fault.New(fault.Conflict, "passkey.needs_name", "Passkeys need a full name: open this appliance as %s instead.", there)
}
