// Package kit writes and reads recovery kits: one text file, to be kept in a
// drawer, that brings an appliance back on an empty box. It holds the master key
// and the way to the replica, wrapped by a passphrase; what a person reads in it
// is no secret.
package kit

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"
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

// A Kit is what opens an appliance again.
type Kit struct {
	Format        int             `json:"format"`
	Instance      string          `json:"instance"`
	Host          string          `json:"host"`
	Made          time.Time       `json:"made_at"`
	MasterKey     []byte          `json:"master_key"`
	Replica       json.RawMessage `json:"replica,omitempty"` // the place, as app/backup/place has it
	ReplicaSecret []byte          `json:"replica_secret,omitempty"`
	URL           string          `json:"-"` // of the replica, for people
}

// Write returns the text of a kit. Its first part is for people, who may have
// nothing else at hand.
func (k Kit) Write(passphrase []byte) (string, error) {
	k.Format = format
	text, err := json.Marshal(k)
	if err != nil {
		return "", err
	}
	to, err := age.NewScryptRecipient(string(passphrase))
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

// head is what a person reads.
func (k Kit) head() string {
	url, first := k.URL, "unity restore --kit FILE"
	if url == "" {
		url, first = "none was set: keep this kit with a copy of the database (unity backup FILE)", "unity restore BACKUP --kit FILE"
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
2. Run: %s
   It asks for the passphrase, shows what the replica holds, and restores it.
   Or start Unity, open the address that it prints, and choose «Restore».
3. Start Unity and sign in as before. Alerts and schedules wait until somebody
   releases them on the backup page.
`, k.Host, k.Instance, k.Made.UTC().Format("2006-01-02 15:04 UTC"), url, first)
}

// quoted is what mail programs put before lines.
var quoted = regexp.MustCompile(`(?m)^[ \t>]+`)

// Read opens the text of a kit, which may have been pasted or quoted.
func Read(text string, passphrase []byte) (k Kit, err error) {
	text = quoted.ReplaceAllString(strings.ReplaceAll(text, "\r", ""), "")
	_, rest, ok := strings.Cut(text, begins)
	block, _, ended := strings.Cut(rest, ends)
	if !ok || !ended {
		return k, ErrDamaged
	}
	id, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return k, ErrPassphrase.Because(err)
	}
	id.SetMaxWorkFactor(maxWork)
	r, err := age.Decrypt(armor.NewReader(strings.NewReader(begins+block+ends+"\n")), id)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return k, ErrPassphrase.Because(err)
	}
	if err != nil {
		return k, ErrDamaged.Because(err)
	}
	plain, err := io.ReadAll(io.LimitReader(r, 1<<20))
	if err != nil {
		return k, ErrDamaged.Because(err)
	}
	switch err := json.Unmarshal(plain, &k); {
	case err != nil:
		return k, ErrDamaged.Because(err)
	case k.Format > format:
		return k, ErrNewer
	}
	return k, nil
}
