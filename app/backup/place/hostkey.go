package place

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"

	"unity.internal/app/fault"
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

// errDone ends a connection that has shown its host key.
var errDone = errors.New("the host key was shown")

// A hostKeyError says that a server showed another host key than the pinned one.
type hostKeyError struct{ offered ssh.PublicKey }

func (e *hostKeyError) Error() string {
	return "the server shows the host key " + line(e.offered)
}

// verify compares what the server shows with what is pinned.
func (s *sftpServer) verify(k ssh.PublicKey) error {
	if !bytes.Equal(k.Marshal(), s.hostKey.Marshal()) {
		return &hostKeyError{k}
	}
	return nil
}

// preferred returns all algorithms, those of the pinned key first: a server
// with several host keys shows the one that we know.
func preferred(pinned ssh.PublicKey) []string {
	all := []string{
		ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
		ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
	}
	if pinned == nil {
		return all
	}
	first := algorithms(pinned)
	return append(first, slices.DeleteFunc(all, func(a string) bool { return slices.Contains(first, a) })...)
}

// HostKey asks an SFTP server for its host key, without signing in. It returns
// the line to pin and the fingerprint that a person compares with the server's
// own: whoever is in between could answer, too.
func HostKey(ctx context.Context, c Config) (key, fingerprint string, err error) {
	u, why := parse(c.URL)
	if why == "" && u.Scheme != SFTP {
		why = "Only SFTP servers have host keys."
	}
	if why != "" {
		return "", "", invalid(fault.Field{Field: "url", Message: why})
	}
	_, err = shake(ctx, address(u), &ssh.ClientConfig{
		User: u.User.Username(), HostKeyAlgorithms: preferred(nil),
		HostKeyCallback: func(_ string, _ net.Addr, k ssh.PublicKey) error {
			key, fingerprint = line(k), ssh.FingerprintSHA256(k)
			return errDone
		},
	})
	if key != "" {
		return key, fingerprint, nil
	}
	return "", "", Explain(&failure{where: address(u), err: err})
}
