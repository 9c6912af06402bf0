package kit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"github.com/google/go-cmp/cmp"
	"unity.internal/app/fault"
)

const (
	cheap      = 4 // rounds of scrypt in a test: 2^4
	passphrase = "harbour lantern 42"
)

func sample() Kit {
	return Kit{
		Version: format, Instance: "0193-instance", Host: "nas", Made: time.Date(2026, 11, 24, 8, 0, 0, 0, time.UTC),
		MasterKey: bytes.Repeat([]byte("KEY!"), 8), Replica: json.RawMessage(`{"url":"sftp://u@box/dir","host_key":"ssh-ed25519 AAAA"}`),
		ReplicaSecret: []byte("-----BEGIN OPENSSH PRIVATE KEY-----\nMARKER\n"), URL: "sftp://u@box/dir",
	}
}

func written(t testing.TB, k Kit) string {
	t.Helper()
	text, err := k.write([]byte(passphrase), cheap)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// encrypted returns a block around any text, as another version may make it.
func encrypted(t testing.TB, plain string) string {
	t.Helper()
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		t.Fatal(err)
	}
	to.SetWorkFactor(cheap)
	var out bytes.Buffer
	a := armor.NewWriter(&out)
	w, err := age.Encrypt(a, to)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Write([]byte(plain))
	if err := errors.Join(err, w.Close(), a.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestAKitComesBackAsItWas is the only test that pays for a whole scrypt.
func TestAKitComesBackAsItWas(t *testing.T) {
	t.Parallel()
	want := sample()
	text, err := want.Write([]byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	got, err := Read(text, []byte(passphrase))
	want.URL = ""
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Fatal(err, diff)
	}
	for _, secret := range []string{"KEY!", "S0VZIUtFWSFLRVkh", "MARKER", passphrase, "ssh-ed25519"} {
		if strings.Contains(text, secret) {
			t.Errorf("the text shows %s", secret)
		}
	}
}

func TestAKitIsReadHoweverItWasCarried(t *testing.T) {
	t.Parallel()
	text := written(t, sample())
	block := Block(text)
	one := begins + strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(block, begins), ends+"\n"), "\n", "") + ends
	for name, carried := range map[string]string{
		"as it is":             text,
		"the block alone":      block,
		"CRLF":                 strings.ReplaceAll(text, "\n", "\r\n"),
		"CR":                   strings.ReplaceAll(text, "\n", "\r"),
		"indented":             strings.ReplaceAll(text, "\n", "\n    \t"),
		"quoted":               "Lea wrote:\n> " + strings.ReplaceAll(text, "\n", "\n> "),
		"quoted twice":         strings.ReplaceAll(text, "\n", "\n>> "),
		"blanks at the end":    strings.ReplaceAll(text, "\n", "  \n"),
		"lines between":        strings.ReplaceAll(text, "\n", "\n\n"),
		"no-break spaces":      strings.ReplaceAll(text, "\n", "\n\u00a0"),
		"one line":             one,
		"with a byte order":    "\ufeff" + text,
		"with more after it":   text + "\n-- \nSent from my phone\n" + begins,
		"without its last end": strings.TrimSuffix(text, "\n"),
	} {
		k, err := read(carried, []byte(passphrase), cheap)
		if err != nil || !bytes.Equal(k.MasterKey, sample().MasterKey) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAPassphraseIsTheSameFromEveryKeyboard(t *testing.T) {
	t.Parallel()
	text, err := sample().write([]byte("Gru\u0308ne Bru\u0308cke"), cheap) // as a Mac may give it
	if err != nil {
		t.Fatal(err)
	}
	if _, err := read(text, []byte("Gr\u00fcne Br\u00fccke"), cheap); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsNoKitIsRefusedInWords(t *testing.T) {
	t.Parallel()
	text := written(t, sample())
	at := strings.Index(text, begins)
	half := at + (len(text)-at)/2
	flipped := []byte(text)
	flipped[half] = map[bool]byte{true: 'A', false: 'B'}[flipped[half] != 'A']
	for _, c := range []struct {
		name, text, passphrase string
		want                   error
	}{
		{"a wrong passphrase", text, "harbour lantern 43", ErrPassphrase},
		{"no passphrase", text, "", ErrPassphrase},
		{"nothing", "", passphrase, ErrDamaged},
		{"the part for people", text[:at], passphrase, ErrDamaged},
		{"half of it", text[:half], passphrase, ErrDamaged},
		{"half of it, with an end", text[:half] + "\n" + ends, passphrase, ErrDamaged},
		{"a line less", strings.Replace(text, text[half:half+64], "", 1), passphrase, ErrDamaged},
		{"a letter that is another", string(flipped), passphrase, ErrDamaged},
		{"an empty block", begins + "\n" + ends, passphrase, ErrDamaged},
		{"an end before the beginning", ends + begins, passphrase, ErrDamaged},
		{"no JSON", encrypted(t, "hello"), passphrase, ErrDamaged},
		{"no key", encrypted(t, `{"format":1}`), passphrase, ErrDamaged},
		{"no format", encrypted(t, `{"master_key":"AAAA"}`), passphrase, ErrDamaged},
		{"a newer one", encrypted(t, `{"format":2,"master_key":"AAAA"}`), passphrase, ErrNewer},
		{"a newer one that looks different", encrypted(t, `{"format":2,"master_key":{"new":true}}`), passphrase, ErrNewer},
	} {
		k, err := read(c.text, []byte(c.passphrase), cheap)
		if !errors.Is(err, c.want) || !cmp.Equal(k, Kit{}) {
			t.Errorf("%s: %v", c.name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "KEY!") || strings.Contains(err.Error(), passphrase)) {
			t.Errorf("%s: the error shows a secret: %v", c.name, err)
		}
	}
	if _, err := read(text, []byte(passphrase), cheap-1); !errors.Is(err, ErrDamaged) {
		t.Error("a kit that asks for too much work:", err)
	}
}

func TestAKitSaysWhatToDoWithIt(t *testing.T) {
	t.Parallel()
	k := sample()
	for name, c := range map[string]struct {
		url    string
		secret []byte
		want   []string
		never  string
	}{
		"a replica":           {k.URL, k.ReplicaSecret, []string{"sftp://u@box/dir", "unity restore --kit FILE", "0193-instance", "nas", "2026-11-24 08:00 UTC"}, "environment"},
		"keys of environment": {"s3://bucket/x", nil, []string{"s3://bucket/x", "not in\n           this kit"}, "unity backup COPY"},
		"no replica":          {"", nil, []string{"unity restore COPY --kit FILE", "unity backup COPY"}, "releases them"},
	} {
		k.URL, k.ReplicaSecret = c.url, c.secret
		text := written(t, k)
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: no %q in\n%s", name, want, text)
			}
		}
		if strings.Contains(text, c.never) {
			t.Errorf("%s: %q in\n%s", name, c.never, text)
		}
		for line := range strings.Lines(text) {
			if len(line) > 81 && !strings.Contains(line, "://") {
				t.Errorf("%s: a printer cuts %q", name, line)
			}
		}
	}
}

func TestAKitNeverPrints(t *testing.T) {
	t.Parallel()
	k := sample()
	var out strings.Builder
	slog.New(slog.NewTextHandler(&out, nil)).InfoContext(t.Context(), "kit", "kit", k)
	fmt.Fprintf(&out, "%v %+v %#v %s %x %v", k, k, k, k, k, &k)
	for _, secret := range []string{"KEY!", "4b45", "MARKER", "75, 69"} {
		if strings.Contains(out.String(), secret) {
			t.Fatal(out.String())
		}
	}
}

// FuzzRead looks for texts that do more than fail. What it finds costs little:
// a kit that asks for more work than those of tests is refused.
func FuzzRead(f *testing.F) {
	text := written(f, sample())
	for _, seed := range []string{
		"", begins, begins + ends, text, text[:len(text)/2], strings.ReplaceAll(text, "\n", "\r\n> "),
		encrypted(f, `{"format":2}`), encrypted(f, "[]"), begins + "====" + ends,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		k, err := read(text, []byte(passphrase), cheap)
		if err == nil && (k.Version != format || len(k.MasterKey) == 0) {
			t.Fatalf("a kit without a key: %d", k.Version)
		}
		if err != nil && fault.From(err).Kind == fault.Internal {
			t.Fatal(err)
		}
	})
}
