package remote

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"unity.internal/app/fault"
)

var (
	errPassphraseMissing = fault.New(fault.Invalid, "key.passphrase_missing", "The private key is protected by a passphrase. Give it too.")
	errPassphraseWrong   = fault.New(fault.Invalid, "key.passphrase_wrong", "The passphrase does not open the private key. Type it again.")
	errKeyInvalid        = fault.New(fault.Invalid, "key.invalid", "That is no private key that OpenSSH would read. Paste the whole file, with its BEGIN and END lines.")
	errNoAgent           = fault.New(fault.Invalid, "remote.no_agent", "The appliance has no SSH agent. Start it with SSH_AUTH_SOCK, or choose a key or a password.")
	errAgentEmpty        = fault.New(fault.Conflict, "remote.agent_empty", "The appliance's SSH agent holds no key. Add one with ssh-add.")
	// errOtherPrompt keeps a password from being given twice or to a question that is not ours to answer.
	errOtherPrompt = errors.New("remote: the server asks for more than one password")
)

// ParseKey reads a private key and says in a sentence why it cannot.
func ParseKey(text, passphrase []byte) (ssh.Signer, error) {
	text = append(bytes.TrimSpace(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))), '\n')
	signer, err := ssh.ParsePrivateKey(text)
	if err == nil {
		return signer, nil
	}
	if _, locked := errors.AsType[*ssh.PassphraseMissingError](err); !locked {
		return nil, errKeyInvalid.Because(err)
	}
	if len(passphrase) == 0 {
		return nil, errPassphraseMissing.Because(err)
	}
	signer, err = ssh.ParsePrivateKeyWithPassphrase(text, passphrase)
	if errors.Is(err, x509.IncorrectPasswordError) {
		return nil, errPassphraseWrong.Because(err)
	}
	if err != nil {
		return nil, errKeyInvalid.Because(err)
	}
	return signer, nil
}

// NewKey returns a new ed25519 key: its PEM and its authorized_keys line.
func NewKey(comment string) (private []byte, public string, err error) {
	pub, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, "", err
	}
	block, err := ssh.MarshalPrivateKey(priv, comment)
	if err != nil {
		return nil, "", err
	}
	k, err := ssh.NewPublicKey(pub)
	if err != nil {
		return nil, "", err
	}
	line := string(bytes.TrimSpace(ssh.MarshalAuthorizedKey(k)))
	return pem.EncodeToMemory(block), line + " " + comment, nil
}

// Fingerprint returns the SHA256 fingerprint of an authorized_keys line.
func Fingerprint(line string) (string, error) {
	k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		return "", err
	}
	return ssh.FingerprintSHA256(k), nil
}

// A login hands out credentials once the host key was right, and remembers why
// it could not.
type login struct {
	ctx   context.Context //nolint:containedctx // x/crypto calls back without one
	t     Target
	agent string
	err   error
	asked bool     // a password was given
	conn  net.Conn // to the agent
}

func (l *login) methods() []ssh.AuthMethod {
	if l.t.Auth == ByPassword {
		return []ssh.AuthMethod{ssh.PasswordCallback(l.password), ssh.KeyboardInteractive(l.answer)}
	}
	return []ssh.AuthMethod{ssh.PublicKeysCallback(l.signers)}
}

func (l *login) password() (string, error) {
	l.asked = true
	s, err := l.t.Secrets(l.ctx)
	if err != nil {
		l.err = err
	}
	return s.Password, err
}

// answer gives the password to the one question for it, unless it was refused already.
func (l *login) answer(_, _ string, questions []string, echos []bool) ([]string, error) {
	switch {
	case len(questions) == 0:
		return nil, nil
	case len(questions) > 1 || echos[0] || l.asked:
		return nil, errOtherPrompt
	}
	p, err := l.password()
	return []string{p}, err
}

func (l *login) signers() (signers []ssh.Signer, err error) {
	defer func() { l.err = err }()
	if l.t.Auth == ByAgent {
		return l.agentSigners()
	}
	s, err := l.t.Secrets(l.ctx)
	if err != nil {
		return nil, err
	}
	signer, err := ParseKey(s.Key, s.Passphrase)
	return []ssh.Signer{signer}, err
}

func (l *login) agentSigners() ([]ssh.Signer, error) {
	if l.agent == "" {
		return nil, errNoAgent
	}
	var d net.Dialer
	conn, err := d.DialContext(l.ctx, "unix", l.agent)
	if err != nil {
		return nil, errNoAgent.Because(fmt.Errorf("ssh agent: %w", err))
	}
	l.conn = conn
	signers, err := agent.NewClient(conn).Signers()
	if err != nil {
		return nil, errNoAgent.Because(fmt.Errorf("ssh agent: %w", err))
	}
	if len(signers) == 0 {
		return nil, errAgentEmpty
	}
	return signers, nil
}

func (l *login) close() {
	if l.conn != nil {
		_ = l.conn.Close() // the agent's socket was only read
	}
}
