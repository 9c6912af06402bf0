package auth_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/descope/virtualwebauthn"
	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/store"
)

func TestPasskeysSignInAndStepUp(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for kind, begin := range kinds {
		for range 2 {
			c := begin(b)
			if err := b.finish(kind, c.ID, b.answer(t, c)); err != nil {
				t.Errorf("%s: %v", kind, err)
			}
		}
	}
	f, err := b.Factors(t.Context(), b.lea)
	if err != nil || len(f.Passkeys) != 1 || f.Passkeys[0].Used == nil || f.Codes != 10 {
		t.Fatalf("%+v %v", f, err)
	}
}

func TestPasskeysAskForWhatTheyNeed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, tt := range map[string]struct {
		c    auth.Ceremony
		want []string
		not  string
	}{
		"register": {
			b.must(b.BeginPasskey(t.Context(), b.lea, here)),
			[]string{
				`"rp":{"name":"Unity","id":"unity.test"}`, `"requireResidentKey":true,"residentKey":"required","userVerification":"preferred"`,
				`"attestation":"none"`, `"excludeCredentials":[{`,
			},
			"",
		},
		"alone":         {b.alone(), []string{`"rpId":"unity.test"`, `"userVerification":"required"`}, "allowCredentials"},
		"second factor": {b.second(), []string{`"rpId":"unity.test"`, `"userVerification":"preferred"`, `"allowCredentials":[{`}, ""},
		"step up":       {b.stepUp(), []string{`"userVerification":"preferred"`, `"allowCredentials":[{`}, ""},
	} {
		text := options(t, tt.c)
		for _, want := range tt.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %s in %s", name, want, text)
			}
		}
		if tt.not != "" && strings.Contains(text, tt.not) {
			t.Errorf("%s: %s in %s", name, tt.not, text)
		}
	}
}

// TestWhatAPasskeyMustNotProve has a device answer wrongly in every way, each of
// the three times that it is asked.
func TestWhatAPasskeyMustNotProve(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	plain := func(b *bench, c auth.Ceremony) []byte { return b.answer(b.T, c) }
	say := func(text string) func(*bench, auth.Ceremony) []byte {
		return func(*bench, auth.Ceremony) []byte { return []byte(text) }
	}
	for name, tt := range map[string]struct {
		before func(*bench) // the passkey is asked for
		answer func(*bench, auth.Ceremony) []byte
		want   string // code
		alone  string // code where a passkey signs in by itself, if another one
	}{
		"another origin":      {func(b *bench) { b.rp.Origin = "https://evil.test" }, plain, "passkey.refused", ""},
		"another port":        {func(b *bench) { b.rp.Origin = page + ":8443" }, plain, "passkey.refused", ""},
		"plain HTTP":          {func(b *bench) { b.rp.Origin = "http://unity.test" }, plain, "passkey.refused", ""},
		"another name":        {func(b *bench) { b.rp.ID = "evil.test" }, plain, "passkey.refused", ""},
		"nobody present":      {func(b *bench) { b.Options.UserNotPresent = true }, plain, "passkey.refused", ""},
		"nobody verified":     {func(b *bench) { b.Options.UserNotVerified = true }, plain, "", "passkey.refused"},
		"no user's handle":    {func(b *bench) { b.Options.UserHandle = nil }, plain, "", "passkey.refused"},
		"a wrong handle":      {func(b *bench) { b.Options.UserHandle = []byte("nobody") }, plain, "passkey.refused", ""},
		"an unknown passkey":  {func(b *bench) { b.key = newKey() }, plain, "passkey.refused", ""},
		"another key":         {func(b *bench) { b.key.Key = newKey().Key }, plain, "passkey.refused", ""},
		"another kind of key": {func(b *bench) { b.key.Key = virtualwebauthn.NewCredential(virtualwebauthn.KeyTypeRSA).Key }, plain, "passkey.refused", ""},
		"backed up suddenly":  {func(b *bench) { b.Options.BackupEligible = true }, plain, "passkey.refused", ""},
		"garbage":             {nil, say("\x00garbage"), "passkey.refused", ""},
		"nothing":             {nil, say(""), "passkey.refused", ""},
		"null":                {nil, say("null"), "passkey.refused", ""},
		"an empty object":     {nil, say("{}"), "passkey.refused", ""},
		"a deep object":       {nil, say(strings.Repeat(`{"response":`, 20000)), "passkey.refused", ""},
		"a lot":               {nil, say(`{"id":"` + strings.Repeat("A", 1<<20) + `"}`), "passkey.refused", ""},
		"cut":                 {nil, func(b *bench, c auth.Ceremony) []byte { v := b.answer(b.T, c); return v[:len(v)/2] }, "passkey.refused", ""},
		"another challenge":   {nil, func(b *bench, _ auth.Ceremony) []byte { return b.answer(b.T, b.alone()) }, "passkey.refused", ""},
		"a registration": {nil, func(b *bench, _ auth.Ceremony) []byte {
			return b.create(b.T, b.must(b.BeginPasskey(b.Context(), b.lea, here)))
		}, "passkey.refused", ""},
		"too late": {nil, func(b *bench, c auth.Ceremony) []byte { b.clock.move(5 * time.Minute); return b.answer(b.T, c) }, "passkey.expired", ""},
	} {
		for kind, begin := range kinds {
			want, was := tt.want, *b.device
			if tt.alone != "" && kind == "alone" {
				want = tt.alone
			}
			if tt.before != nil {
				tt.before(b)
			}
			c := begin(b)
			sessions := len(b.Sessions(b.lea.User))
			answer := tt.answer(b, c)
			if err := b.finish(kind, c.ID, answer); codeOf(err) != want {
				t.Errorf("%s, %s: %v, want %q", name, kind, err, want)
			}
			if n := len(b.Sessions(b.lea.User)); want != "" && n > sessions {
				t.Errorf("%s, %s: %d sessions, not %d", name, kind, n, sessions)
			}
			was.key.Counter += 10
			*b.device = was
		}
	}
}

func TestAPasskeyEndsWithItsUserAndItself(t *testing.T) {
	t.Parallel()
	for kind, begin := range kinds {
		for want, end := range map[string]func(*bench){"passkey.refused": (*bench).drop, "auth.inactive": (*bench).switchOff} {
			b := newBench(t)
			c := begin(b)
			end(b)
			if err := b.finish(kind, c.ID, b.answer(t, c)); codeOf(err) != want {
				t.Errorf("%s: %v, want %s", kind, err, want)
			}
		}
	}
}

func TestACeremonyCountsOnceForOnePurpose(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for kind, begin := range kinds {
		c := begin(b)
		first := b.answer(t, c)
		if err := b.finish(kind, c.ID, first); err != nil {
			t.Fatal(kind, err)
		}
		if err := b.finish(kind, c.ID, first); codeOf(err) != "passkey.expired" {
			t.Errorf("%s twice: %v", kind, err)
		}
		if c := begin(b); codeOf(b.finish(kind, c.ID, first)) != "passkey.refused" {
			t.Errorf("%s: an old answer counts", kind)
		}
	}
	for name, wrong := range map[string]func() error{
		"a sign-in steps up": func() error { c := b.alone(); return b.finish("step up", c.ID, b.answer(t, c)) },
		"a step-up signs in": func() error { c := b.stepUp(); return b.finish("alone", c.ID, b.answer(t, c)) },
		"a sign-in registers": func() error {
			c := b.alone()
			_, _, err := b.FinishPasskey(t.Context(), b.lea, c.ID, "x", b.answer(t, c), here)
			return err
		},
		"a registration signs in": func() error {
			c := b.must(b.BeginPasskey(t.Context(), b.lea, here))
			return b.finish("alone", c.ID, b.create(t, c))
		},
		"from another page": func() error {
			c := b.alone()
			_, err := b.SignInByPasskey(t.Context(), c.ID, b.answer(t, c), auth.Client{Origin: "https://other.test"})
			return err
		},
		"unknown": func() error { return b.finish("alone", "unknown", b.answer(t, b.alone())) },
	} {
		if err := wrong(); codeOf(err) != "passkey.expired" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPasskeyOfAnotherUserProvesNothing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	eve, theirs := b.other("eve")
	if _, _, err := b.register(eve, theirs); err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"second factor", "step up"} {
		for _, handle := range [][]byte{nil, []byte(eve.User), []byte(b.lea.User)} {
			theirs.Options.UserHandle = handle
			c := kinds[kind](b)
			if err := b.finish(kind, c.ID, theirs.answer(t, c)); codeOf(err) != "passkey.refused" {
				t.Errorf("%s as %q: %v", kind, handle, err)
			}
		}
	}
	// Nobody ends what another began.
	c := b.stepUp()
	if err := b.StepUpByPasskey(t.Context(), eve, c.ID, b.answer(t, c), here); codeOf(err) != "passkey.expired" {
		t.Error(err)
	}
	c = b.must(b.BeginPasskey(t.Context(), b.lea, here))
	if _, _, err := b.FinishPasskey(t.Context(), eve, c.ID, "x", newDevice(eve.User).create(t, c), here); codeOf(err) != "passkey.expired" {
		t.Error(err)
	}
	// A passkey has one owner, and only they change it.
	if _, _, err := b.register(eve, b.device); codeOf(err) != "passkey.registered" {
		t.Error(err)
	}
	f, err := b.Factors(t.Context(), b.lea)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.RenamePasskey(t.Context(), eve, f.Passkeys[0].ID, "mine", here); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
	if err := b.DeletePasskey(t.Context(), eve, f.Passkeys[0].ID, here); !errors.Is(err, store.ErrNotFound) {
		t.Error(err)
	}
}

func TestARegistrationIsChecked(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for name, tt := range map[string]struct {
		change func(*device)
		want   string
	}{
		"as it should be": {func(*device) {}, ""},
		"not verified":    {func(d *device) { d.Options.UserNotVerified = true }, ""}, // good as a second factor
		"another origin":  {func(d *device) { d.rp.Origin = "https://evil.test" }, "passkey.refused"},
		"another name":    {func(d *device) { d.rp.ID = "evil.test" }, "passkey.refused"},
		"nobody present":  {func(d *device) { d.Options.UserNotPresent = true }, "passkey.refused"},
	} {
		d := newDevice(b.lea.User)
		tt.change(d)
		if _, codes, err := b.register(b.lea, d); codeOf(err) != tt.want || codes != nil {
			t.Errorf("%s: %v %v", name, codes, err)
		}
	}
	for name, response := range map[string]string{
		"garbage": "\xff", "nothing": "", "null": "null", "an empty object": "{}", "a lot": `{"id":"` + strings.Repeat("A", 1<<20) + `"}`,
		"an assertion": string(b.answer(t, b.alone())),
	} {
		c := b.must(b.BeginPasskey(t.Context(), b.lea, here))
		if _, _, err := b.FinishPasskey(t.Context(), b.lea, c.ID, "x", []byte(response), here); codeOf(err) != "passkey.refused" || fault.From(err).Kind != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
	c := b.must(b.BeginPasskey(t.Context(), b.lea, here))
	b.clock.move(5 * time.Minute)
	if _, _, err := b.FinishPasskey(t.Context(), b.lea, c.ID, "x", newDevice(b.lea.User).create(t, c), here); codeOf(err) != "passkey.expired" {
		t.Error(err)
	}
}

func TestTheFirstPasskeyBringsRecoveryCodesAndTheLastTakesThem(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if len(b.codes) != 10 || len(b.Sessions(b.lea.User)) != 1 { // the set-up's ended
		t.Fatal(b.codes, b.Sessions(b.lea.User))
	}
	if who := b.Sessions(b.lea.User)[0]; who.ID != b.lea.Session || !who.SecondFactor {
		t.Fatalf("%+v", who)
	}
	in, err := b.Login(t.Context(), "lea", password, here)
	if err != nil {
		t.Fatal(err)
	}
	if in, err = b.Answer(t.Context(), in.Challenge, b.codes[0], here); err != nil || in.Token == "" {
		t.Fatal(in, err)
	}
	v, codes, err := b.register(b.lea, newDevice(b.lea.User))
	if err != nil || codes != nil || len(b.Sessions(b.lea.User)) != 2 {
		t.Fatal(codes, err)
	}
	left := func() int64 {
		f, err := b.Factors(t.Context(), b.lea)
		if err != nil {
			t.Fatal(err)
		}
		return f.Codes
	}
	if err := b.DeletePasskey(t.Context(), b.lea, v.ID, here); err != nil || left() != 9 {
		t.Fatal(left(), err)
	}
	if b.drop(); left() != 0 {
		t.Fatal(left())
	}
	if in, err := b.Login(t.Context(), "lea", password, here); err != nil || in.Token == "" {
		t.Fatal(in, err)
	}
	if _, err := b.StepUpPasskeyOptions(t.Context(), b.lea, here); codeOf(err) != "passkey.none" {
		t.Fatal(err)
	}
	if c := b.alone(); codeOf(b.finish("alone", c.ID, b.answer(t, c))) != "passkey.refused" {
		t.Error("a deleted passkey signs in")
	}
}

func TestACopiedPasskeyIsRefusedAndWrittenDown(t *testing.T) {
	t.Parallel()
	for kind, begin := range kinds {
		t.Run(kind, func(t *testing.T) {
			b := newBench(t)
			b.key.Counter = 7
			c := begin(b)
			if err := b.finish(kind, c.ID, b.answer(t, c)); err != nil {
				t.Fatal(err)
			}
			for _, counter := range []uint32{5, 7} { // as many as before are too few, too: one is added
				b.key.Counter = counter
				c = begin(b)
				if err := b.finish(kind, c.ID, b.answer(t, c)); codeOf(err) != "passkey.cloned" {
					t.Fatalf("%d: %v", counter, err)
				}
			}
			rows, err := b.store.System().Own().AuditRows(t.Context(), store.AuditList{List: store.List{Q: "auth.passkey_use", Limit: 10}, Actor: b.lea.User})
			if err != nil || len(rows.Items) != 3 || rows.Items[0].Result != "refused" {
				t.Fatal(rows, err)
			}
			b.key.Counter = 8 // the real one goes on
			c = begin(b)
			if err := b.finish(kind, c.ID, b.answer(t, c)); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestPasskeysBelongToAName(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for origin, want := range map[string]string{
		"https://192.0.2.7:8443": "give this appliance one",
		"http://127.0.0.1:8080":  "open this appliance as http://localhost:8080 instead",
		"http://[::1]:8080":      "open this appliance as http://localhost:8080 instead",
		"":                       "give this appliance one",
		"null":                   "give this appliance one",
		"http://localhost:8080":  "",
		"https://nas":            "give this appliance one",
		"https://nas.local":      "",
	} {
		_, err := b.PasskeyOptions(t.Context(), "", auth.Client{Origin: origin})
		if want == "" && err != nil || want != "" && (codeOf(err) != "passkey.needs_name" || !strings.Contains(fault.From(err).Msg, want)) {
			t.Errorf("%s: %v", origin, err)
		}
	}
	b.Named = func() string { return "https://unity.example.org" }
	if _, err := b.BeginPasskey(t.Context(), b.lea, auth.Client{Origin: "https://192.0.2.7"}); !strings.Contains(fault.From(err).Msg, "as https://unity.example.org instead") {
		t.Error(err)
	}
	if _, err := b.StepUpPasskeyOptions(t.Context(), b.lea, auth.Client{Origin: "https://nas.local"}); codeOf(err) != "passkey.other_name" || !strings.Contains(fault.From(err).Msg, "unity.test") {
		t.Error(err)
	}
	// The same device has one passkey a name.
	nas := auth.Client{Origin: "https://nas.local"}
	d := newDevice(b.lea.User)
	d.rp = virtualwebauthn.RelyingParty{ID: "nas.local", Origin: nas.Origin}
	c := b.must(b.BeginPasskey(t.Context(), b.lea, nas))
	if strings.Contains(options(t, c), "excludeCredentials") {
		t.Error("passkeys of another name are excluded")
	}
	if _, _, err := b.FinishPasskey(t.Context(), b.lea, c.ID, "x", d.create(t, c), nas); err != nil {
		t.Fatal(err)
	}
	d.rp = b.rp // it may not serve another name
	if c := b.alone(); codeOf(b.finish("alone", c.ID, d.answer(t, c))) != "passkey.refused" {
		t.Error("a passkey of another name signs in")
	}
}

func TestPasskeysSignInWhilePasswordsAreOff(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	v, err := b.store.System().Settings(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	v.PasswordSignIn = false
	if _, err := b.store.System().UpdateSettings(t.Context(), v); err != nil {
		t.Fatal(err)
	}
	if err := b.Reload(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Login(t.Context(), "lea", password, here); !errors.Is(err, auth.ErrPasswordOff) {
		t.Fatal(err)
	}
	c := b.alone()
	if err := b.finish("alone", c.ID, b.answer(t, c)); err != nil {
		t.Fatal(err)
	}
	f, err := b.Factors(t.Context(), b.lea)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.DeletePasskey(t.Context(), b.lea, f.Passkeys[0].ID, here); codeOf(err) != "auth.last_way_in" {
		t.Fatal(err)
	}
	if _, _, err := b.register(b.lea, newDevice(b.lea.User)); err != nil {
		t.Fatal(err)
	}
	if err := b.DeletePasskey(t.Context(), b.lea, f.Passkeys[0].ID, here); err != nil {
		t.Fatal(err)
	}
}

func TestASecondFactorIsTriedFiveTimes(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	in, err := b.Login(t.Context(), "lea", password, here)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		c := b.must(b.PasskeyOptions(t.Context(), in.Challenge, here))
		if err := b.finish("second factor", c.ID, []byte("{}")); codeOf(err) != "passkey.refused" {
			t.Fatal(err)
		}
	}
	if _, err := b.PasskeyOptions(t.Context(), in.Challenge, here); !errors.Is(err, auth.ErrChallenge) {
		t.Fatal(err)
	}
	if _, err := b.PasskeyOptions(t.Context(), "unknown", here); !errors.Is(err, auth.ErrChallenge) {
		t.Fatal(err)
	}
}
