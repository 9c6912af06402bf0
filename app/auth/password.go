package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	_ "embed"
	"encoding/base64"
	"fmt"
	"runtime/debug"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
	"unity.internal/app/fault"
)

const (
	hashMemory  = 19 * 1024 // KiB; with t = 2 and p = 1 the first choice of OWASP
	hashTime    = 2
	hashThreads = 1
	hashQueue   = 8 // how many may wait for their turn: one hash takes all of a small box
	minPassword = 10
	maxPassword = 1024 // bytes
)

//go:embed common.txt
var commonText string

// errQueue says that too many people sign in at once.
var errQueue = fault.New(fault.Limited, "auth.busy", "Too many sign-ins at once. Try again in a few seconds.")

// A hasher computes argon2id, one at a time.
type hasher struct {
	turn   chan struct{}
	queue  chan struct{}
	nobody string // a hash that no password matches, for unknown users
}

func newHasher() hasher {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails, by its contract
	h := hasher{turn: make(chan struct{}, 1), queue: make(chan struct{}, hashQueue+1)}
	h.nobody = encode(salt, salt, hashMemory, hashTime, hashThreads)
	return h
}

// key waits for its turn and derives; errQueue if too many wait already.
func (h hasher) key(ctx context.Context, password string, salt []byte, memory, time uint32, threads uint8, size uint32) ([]byte, error) {
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		e := *errQueue
		e.RetryAfter = 2e9 // two seconds
		return nil, &e
	}
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	key := argon2.IDKey([]byte(password), salt, time, memory, threads, size)
	debug.FreeOSMemory() // half of what an idle appliance has, needed again at the next sign-in
	return key, nil
}

// hash returns the PHC form of a password.
func (h hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	_, _ = rand.Read(salt) // never fails, by its contract
	key, err := h.key(ctx, norm.NFC.String(password), salt, hashMemory, hashTime, hashThreads, 32)
	return encode(salt, key, hashMemory, hashTime, hashThreads), err
}

func encode(salt, key []byte, memory, time, threads int) string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, time, threads,
		b64.EncodeToString(salt), b64.EncodeToString(key))
}

// verify reports whether password has this hash. An empty hash takes as long
// and is never matched.
func (h hasher) verify(ctx context.Context, hash, password string) (bool, error) {
	known := hash != ""
	if !known {
		hash = h.nobody
	}
	var version int
	var memory, time uint32
	var threads uint8
	parts := strings.Split(hash, "$")
	if len(parts) != 6 {
		return false, fmt.Errorf("stored password has %d parts", len(parts))
	}
	if _, err := fmt.Sscanf(parts[2]+" "+parts[3], "v=%d m=%d,t=%d,p=%d", &version, &memory, &time, &threads); err != nil {
		return false, fmt.Errorf("stored password: %w", err)
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil {
		return false, fmt.Errorf("stored password: %w", err)
	}
	want, err := base64.RawStdEncoding.DecodeString(parts[5])
	if err != nil {
		return false, fmt.Errorf("stored password: %w", err)
	}
	got, err := h.key(ctx, norm.NFC.String(password), salt, memory, time, threads, uint32(len(want))) //nolint:gosec // 32
	return known && subtle.ConstantTimeCompare(got, want) == 1, err
}

// NameKey folds a user name, so that names which differ only by case, width or
// composition are one.
func NameKey(name string) string {
	return strings.ToLower(norm.NFKC.String(strings.TrimSpace(name)))
}

// checkName refuses names that cannot be shown or told apart.
func checkName(name string) error {
	n := utf8.RuneCountInString(name)
	bad := strings.IndexFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("-_.@", r)
	})
	if n < 2 || n > 64 || bad >= 0 || !utf8.ValidString(name) {
		return invalid("body.username", "user.invalid_name", "A user name has 2 to 64 letters, digits and - _ . @, without spaces.")
	}
	return nil
}

// checkPassword refuses passwords that are guessed first.
func checkPassword(name, password string) error {
	folded := NameKey(password)
	switch {
	case utf8.RuneCountInString(password) < minPassword:
		return invalid("body.password", "password.short", "A password has 10 characters or more.")
	case len(password) > maxPassword:
		return invalid("body.password", "password.long", "A password has at most 1,024 bytes.")
	case folded == NameKey(name) || strings.Trim(folded, "0123456789!") == NameKey(name):
		return invalid("body.password", "password.is_name", "The password must not be the user name.")
	case common(folded):
		return invalid("body.password", "password.common", "That password is one of those that are guessed first. Choose another one.")
	}
	return nil
}

// CheckPassphrase refuses a passphrase that is guessed first, by the rule of
// passwords: it seals what leaves the appliance, where nobody counts attempts.
func CheckPassphrase(text string) error {
	switch {
	case utf8.RuneCountInString(text) < minPassword:
		return invalid("body.passphrase", "passphrase.short", "A passphrase has 10 characters or more.")
	case len(text) > maxPassword || !utf8.ValidString(text):
		return invalid("body.passphrase", "passphrase.long", "A passphrase has at most 1,024 bytes, all of them text.")
	case common(NameKey(text)):
		return invalid("body.passphrase", "passphrase.common", "That passphrase is one of those that are guessed first. Choose another one.")
	}
	return nil
}

// common reports whether a folded password is on the list, has too few
// different characters, or is a run of the keyboard.
func common(folded string) bool {
	different := map[rune]bool{}
	for _, r := range folded {
		different[r] = true
	}
	if len(different) < 4 {
		return true
	}
	for line := range strings.Lines(commonText) {
		if folded == strings.TrimSpace(line) {
			return true
		}
	}
	for _, run := range []string{"01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm"} {
		if strings.Contains(run, folded) {
			return true
		}
	}
	return false
}

// invalid is a fault of one field.
func invalid(field, code, msg string) error {
	e := fault.New(fault.Invalid, code, "%s", msg)
	e.Fields = []fault.Field{{Field: field, Message: msg}}
	return e
}
