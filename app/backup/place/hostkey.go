package place

import (
	"errors"
	"strings"

	"golang.org/x/crypto/ssh"
)

// line returns a public key as it stands in files.
func line(k ssh.PublicKey) string { return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k))) }

// checkHostKey says what is wrong with a pinned host key.
func checkHostKey(text string) string {
	if strings.TrimSpace(text) == "" {
		return "Give the public host key of the server: without it anybody could pretend to be the server."
	}
	k, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(text))
	if err != nil || len(options) > 0 || len(strings.TrimSpace(string(rest))) > 0 {
		return "This is no host key. Give one line like «ssh-ed25519 AAAA…»."
	}
	if len(algorithms(k)) == 0 {
		return "Give a key of the type ed25519, ecdsa or rsa."
	}
	return ""
}

// algorithms returns the host key algorithms with which a key can sign.
func algorithms(k ssh.PublicKey) []string {
	switch k.Type() {
	case ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521:
		return []string{k.Type()}
	case ssh.KeyAlgoRSA:
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return nil
}

// signer returns the private key, or why it is none.
func signer(secret []byte) (ssh.Signer, string) {
	s, err := ssh.ParsePrivateKey(secret)
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); locked {
		return nil, "This key has a passphrase, which nobody could enter when the appliance starts. Give a key without one: it is kept encrypted."
	}
	if err != nil {
		return nil, "This is no private key. Give the whole text from BEGIN to END."
	}
	return s, ""
}
