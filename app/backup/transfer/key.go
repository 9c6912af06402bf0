package transfer

import (
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"filippo.io/age"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	// workFactor makes scrypt take 64 MiB, which a small box has; who wrote a file
	// with age itself may have chosen maxWorkFactor.
	workFactor    = 16
	maxWorkFactor = 18
	minPassphrase = 12
)

var (
	errNobody = fault.New(fault.Invalid, "transfer.nobody", "Say who may open the file: give a passphrase or an age recipient.")
	errBoth   = fault.New(fault.Invalid, "transfer.both", "Give a passphrase or age recipients, not both.")
	errShort  = fault.New(fault.Invalid, "transfer.short_passphrase", "The file holds every secret of the tenant. Choose a passphrase of 12 characters or more.")
	errTo     = fault.New(fault.Invalid, "transfer.bad_recipient", "That is no age recipient: it is like age1…, one line, as age-keygen prints it.")
	errNoKey  = fault.New(fault.Invalid, "transfer.no_key", "Give what opens the file: the passphrase, or the age identity.")
	errFrom   = fault.New(fault.Invalid, "transfer.bad_identity", "That is no age identity: it is the file that age-keygen wrote, with a line like AGE-SECRET-KEY-1….")
)

// To says who may open a file: whoever knows the passphrase, or has the identity
// of one of some age recipients.
type To struct {
	Keys       []string
	Passphrase string
}

// Recipients returns t as age takes it.
func (t To) Recipients() ([]age.Recipient, error) {
	switch {
	case len(t.Keys) > 0 && t.Passphrase != "":
		return nil, errBoth
	case t.Passphrase != "":
		return withPassphrase(t.Passphrase)
	case len(t.Keys) == 0:
		return nil, errNobody
	}
	all, err := age.ParseRecipients(strings.NewReader(strings.Join(t.Keys, "\n")))
	if err != nil {
		return nil, errTo // the cause may quote a secret that was pasted here
	}
	return all, nil
}

func withPassphrase(passphrase string) ([]age.Recipient, error) {
	if utf8.RuneCountInString(passphrase) < minPassphrase {
		return nil, errShort
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, err
	}
	r.SetWorkFactor(workFactor)
	return []age.Recipient{r}, nil
}

// From says what opens a file, a passphrase or the text of a file of age
// identities, and which tenant it becomes.
type From struct {
	Keys       string
	Passphrase string
	As         store.TenantID // empty: as it is called in the file
}

// Identities returns f as age takes it.
func (f From) Identities() ([]age.Identity, error) {
	keys := strings.TrimSpace(f.Keys) != ""
	switch {
	case keys && f.Passphrase != "":
		return nil, errBoth
	case !keys && f.Passphrase == "":
		return nil, errNoKey
	case f.Passphrase != "":
		i, err := age.NewScryptIdentity(f.Passphrase)
		if err != nil {
			return nil, err
		}
		i.SetMaxWorkFactor(maxWorkFactor)
		return []age.Identity{i}, nil
	}
	all, err := age.ParseIdentities(strings.NewReader(f.Keys))
	if err != nil {
		return nil, errFrom // the cause may quote the identity
	}
	return all, nil
}

// decrypt returns what in holds.
func decrypt(in io.Reader, ids []age.Identity) (io.Reader, error) {
	r, err := age.Decrypt(in, ids...)
	if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
		return nil, ErrWrongKey.Because(err)
	}
	if err != nil {
		return nil, ErrDamaged.Because(err)
	}
	return r, nil
}
