// Package kit writes and reads recovery kits: one text file, to be kept in a
// drawer, that brings an appliance back on an empty box. It holds the master key
// and the way to the replica, wrapped by a passphrase; what a person reads in it
// is no secret.
package kit

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"regexp"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
	"golang.org/x/text/unicode/norm"
	"unity.internal/app/fault"
)

const (
	format = 1
	// work is how hard it is to guess the passphrase: 2^17 rounds of scrypt take
	// about half a second and 128 MiB on a small box.
	work    = 17
	maxWork = 20
	begins  = "-----BEGIN AGE ENCRYPTED FILE-----"
	ends    = "-----END AGE ENCRYPTED FILE-----"
)

var (
	// ErrPassphrase says that a kit does not open.
	ErrPassphrase = fault.New(fault.Forbidden, "kit.wrong_passphrase", "That passphrase does not open the kit. It is the one that was chosen when the kit was made, not the one you sign in with.")
	// ErrDamaged says that a text is no kit.
	ErrDamaged = fault.New(fault.Invalid, "kit.damaged", "This is no recovery kit, or a part of it is missing. Give the whole file, with the lines that begin with -----.")
	// ErrNewer says that a newer version of Unity made it.
	ErrNewer = fault.New(fault.Conflict, "kit.newer", "A newer version of Unity made this kit. Install that version first.")
)

// A Kit is what opens an appliance again. It never prints.
type Kit struct {
	Version       int             `json:"format"` // of what this text looks like inside
	Instance      string          `json:"instance"`
	Host          string          `json:"host"`
	Made          time.Time       `json:"made_at"`
	MasterKey     []byte          `json:"master_key"`
	Replica       json.RawMessage `json:"replica,omitempty"` // the place, as app/backup/place has it
	ReplicaSecret []byte          `json:"replica_secret,omitempty"`
	URL           string          `json:"-"` // of the replica, for people
}

// Format hides a kit from every verb.
func (Kit) Format(s fmt.State, _ rune) { _, _ = io.WriteString(s, "[kit]") }

// LogValue hides it from logs.
func (Kit) LogValue() slog.Value { return slog.StringValue("[kit]") }

// Write returns the text of a kit. Its first part is for people, who may have
// nothing else at hand.
func (k Kit) Write(passphrase []byte) (string, error) { return k.write(passphrase, work) }

func (k Kit) write(passphrase []byte, work int) (string, error) {
	k.Version = format
	text, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	to, err := age.NewScryptRecipient(composed(passphrase))
	if err != nil {
		return "", err
	}
	to.SetWorkFactor(work)
	var block bytes.Buffer
	out := armor.NewWriter(&block)
	w, err := age.Encrypt(out, to)
	if err != nil {
		return "", err
	}
	_, err = w.Write(text)
	if err := errors.Join(err, w.Close(), out.Close()); err != nil {
		return "", err
	}
	return k.head() + "\n" + block.String(), nil
}

// composed returns a passphrase as it is whatever keyboard typed it.
func composed(passphrase []byte) string { return string(norm.NFC.Bytes(passphrase)) }

// Block returns the part of a text that programs read.
func Block(text string) string {
	_, rest, _ := strings.Cut(text, begins)
	block, _, _ := strings.Cut(rest, ends)
	return begins + block + ends + "\n"
}

// The steps back, from a replica and without one.
const (
	fromReplica = `2. Run: unity restore --kit FILE
   It asks for the passphrase, shows how far it is, and restores the replica.
   Or start Unity, open the address that it prints, and choose «Restore».
3. Start Unity and sign in as before. Alerts and schedules wait until somebody
   releases them on the backup page.
`
	fromCopy = `2. Run: unity restore COPY --kit FILE
   It asks for the passphrase, and puts the copy and its key in their places.
3. Start Unity and sign in as before.
`
)

// head is what a person reads.
func (k Kit) head() string {
	url, steps := k.URL, fromReplica
	switch {
	case url == "":
		url, steps = "none was set: keep this kit with a copy of the database\n           (unity backup COPY)", fromCopy
	case strings.HasPrefix(url, "s3:") && len(k.ReplicaSecret) == 0:
		url += "\n           Its keys came from the environment of the appliance. They are not in\n           this kit: have them at hand."
	}
	return fmt.Sprintf(`UNITY RECOVERY KIT

This file and its passphrase open every secret of the appliance. Keep the file
away from the box, and the passphrase away from the file.

Appliance  %s
Instance   %s
Made       %s
Replica    %s

To bring the appliance back on an empty box:
1. Install Unity there, the same version or a newer one.
%s`, k.Host, k.Instance, k.Made.UTC().Format("2006-01-02 15:04 UTC"), url, steps)
}

// added is what clipboards and mail programs put between the letters of a block.
var added = regexp.MustCompile(`[^A-Za-z0-9+/=]+`)

// Read opens the text of a kit, which may have been pasted, quoted or wrapped.
func Read(text string, passphrase []byte) (Kit, error) { return read(text, passphrase, maxWork) }

func read(text string, passphrase []byte, maxWork int) (Kit, error) {
	_, rest, ok := strings.Cut(text, begins)
	block, _, ended := strings.Cut(rest, ends)
	if !ok || !ended {
		return Kit{}, ErrDamaged
	}
	sealed, err := base64.StdEncoding.DecodeString(added.ReplaceAllString(block, ""))
	if err != nil {
		return Kit{}, ErrDamaged.Because(err)
	}
	id, err := age.NewScryptIdentity(composed(passphrase))
	if err != nil {
		return Kit{}, ErrPassphrase.Because(err)
	}
	id.SetMaxWorkFactor(maxWork)
	r, err := age.Decrypt(bytes.NewReader(sealed), id)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return Kit{}, ErrPassphrase.Because(err)
	}
	if err != nil {
		return Kit{}, ErrDamaged.Because(err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return Kit{}, ErrDamaged.Because(err)
	}
	return parse(plain)
}

func parse(plain []byte) (k Kit, err error) {
	switch err := json.Unmarshal(plain, &k); {
	case k.Version > format: // whatever else it says
		return Kit{}, ErrNewer
	case err != nil || k.Version < 1 || len(k.MasterKey) == 0:
		return Kit{}, ErrDamaged.Because(err)
	}
	return k, nil
}
