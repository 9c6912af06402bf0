package auth_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"

	"github.com/descope/virtualwebauthn"
	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const page = "https://unity.test"

var here = auth.Client{Address: "192.0.2.1", Origin: page}

// A device makes passkeys and answers with them, as it is told to.
type device struct {
	virtualwebauthn.Authenticator
	key virtualwebauthn.Credential
	rp  virtualwebauthn.RelyingParty
}

func newDevice(user string) *device {
	return &device{
		Authenticator: virtualwebauthn.NewAuthenticatorWithOptions(virtualwebauthn.AuthenticatorOptions{UserHandle: []byte(user)}),
		key:           newKey(), rp: virtualwebauthn.RelyingParty{ID: "unity.test", Origin: page},
	}
}

// newKey makes a key pair. The library drops the zeros that a coordinate begins
// with, which no device does, so those are made anew.
func newKey() virtualwebauthn.Credential {
	for {
		key := virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeEC2)
		if len(key.Key.AttestationData()) == 77 {
			return key
		}
	}
}

// options are what a page gets to see of a ceremony.
func options(t *testing.T, c auth.Ceremony) string {
	t.Helper()
	text, err := json.Marshal(c.Options)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// create answers a registration.
func (d *device) create(t *testing.T, c auth.Ceremony) []byte {
	t.Helper()
	asked, err := virtualwebauthn.ParseAttestationOptions(options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(virtualwebauthn.CreateAttestationResponse(d.rp, d.Authenticator, d.key, *asked))
}

// answer shows the passkey; its counter counts.
func (d *device) answer(t *testing.T, c auth.Ceremony) []byte {
	t.Helper()
	asked, err := virtualwebauthn.ParseAssertionOptions(options(t, c))
	if err != nil {
		t.Fatal(err)
	}
	d.key.Counter++
	return []byte(virtualwebauthn.CreateAssertionResponse(d.rp, d.Authenticator, d.key, *asked))
}

// A bench is an appliance whose lea has a passkey on her device.
type bench struct {
	*testing.T
	*auth.Service
	store *store.Store
	clock *clock
	lea   auth.Identity
	codes []string
	*device
}

func newBench(t *testing.T) *bench {
	t.Helper()
	a, s, c := household(t)
	b := &bench{T: t, Service: a, store: s, clock: c}
	in, err := a.Login(t.Context(), "lea", password, here)
	if err != nil {
		t.Fatal(err)
	}
	b.lea = b.who(in.Token)
	b.device = newDevice(b.lea.User)
	var v store.Passkey
	if v, b.codes, err = b.register(b.lea, b.device); err != nil || v.RPID != "unity.test" || v.Name != "phone" || v.Used != nil {
		t.Fatal(v, err)
	}
	return b
}

func (b *bench) who(token string) auth.Identity {
	b.Helper()
	who, err := b.Browser(token)
	if err != nil {
		b.Fatal(err)
	}
	return who
}

// other signs in another user with a device that was not used yet.
func (b *bench) other(name string) (auth.Identity, *device) {
	b.Helper()
	u, err := b.CreateUser(b.Context(), b.store.System(), store.User{Username: name}, password)
	if err != nil {
		b.Fatal(err)
	}
	token, err := b.Session(b.Context(), u.ID, here)
	if err != nil {
		b.Fatal(err)
	}
	return b.who(token), newDevice(u.ID)
}

func (b *bench) register(who auth.Identity, d *device) (store.Passkey, []string, error) {
	b.Helper()
	c := b.must(b.BeginPasskey(b.Context(), who, here))
	return b.FinishPasskey(b.Context(), who, c.ID, " phone ", d.create(b.T, c), here)
}

func (b *bench) must(c auth.Ceremony, err error) auth.Ceremony {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// alone, second and stepUp begin a ceremony.
func (b *bench) alone() auth.Ceremony {
	b.Helper()
	return b.must(b.PasskeyOptions(b.Context(), "", here))
}

func (b *bench) second() auth.Ceremony {
	b.Helper()
	in, err := b.Login(b.Context(), "lea", password, here)
	if err != nil || in.Token != "" || !slices.Contains(in.Methods, "passkey") {
		b.Fatal(in, err)
	}
	return b.must(b.PasskeyOptions(b.Context(), in.Challenge, here))
}

func (b *bench) stepUp() auth.Ceremony {
	b.Helper()
	return b.must(b.StepUpPasskeyOptions(b.Context(), b.lea, here))
}

// finish ends a ceremony in the way that it is for.
func (b *bench) finish(kind, id string, response []byte) error {
	if kind == "step up" {
		return b.StepUpByPasskey(b.Context(), b.lea, id, response, here)
	}
	in, err := b.SignInByPasskey(b.Context(), id, response, here)
	if err == nil && (in.Token == "" || in.User.Username != "lea" || !b.who(in.Token).SecondFactor) {
		b.Errorf("%s: %+v", kind, in)
	}
	return err
}

// kinds are the ways in which a passkey is asked for.
var kinds = map[string]func(*bench) auth.Ceremony{"alone": (*bench).alone, "second factor": (*bench).second, "step up": (*bench).stepUp}

func codeOf(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

// drop deletes every passkey of lea.
func (b *bench) drop() {
	b.Helper()
	all, err := b.store.System().Passkeys(b.Context(), b.lea.User)
	for _, v := range all {
		err = errors.Join(err, b.DeletePasskey(b.Context(), b.lea, v.ID, here))
	}
	if err != nil {
		b.Fatal(err)
	}
}

// switchOff makes another administrator and has them switch lea off.
func (b *bench) switchOff() {
	b.Helper()
	u, err := b.store.System().User(b.Context(), b.lea.User)
	if err != nil {
		b.Fatal(err)
	}
	_, err = b.CreateUser(b.Context(), b.store.System(), store.User{Username: "root", Admin: true}, password)
	u.Active = false
	if _, err2 := b.SaveUser(b.Context(), b.store.System(), u); err != nil || err2 != nil {
		b.Fatal(err, err2)
	}
}
