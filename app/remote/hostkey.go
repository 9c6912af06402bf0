package remote

import (
	"bytes"

	"golang.org/x/crypto/ssh"
)

// A HostKey is the public key by which a server is known.
type HostKey struct {
	Type        string // "ssh-ed25519"
	Fingerprint string // "SHA256:…"
	Wire        []byte
}

func hostKey(k ssh.PublicKey) HostKey {
	return HostKey{k.Type(), ssh.FingerprintSHA256(k), k.Marshal()}
}

// algorithms are the host key algorithms that we take, best first.
var algorithms = []string{
	ssh.KeyAlgoED25519, ssh.KeyAlgoECDSA256, ssh.KeyAlgoECDSA384, ssh.KeyAlgoECDSA521,
	ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256,
}

// preferred returns algorithms with those of the pinned key first: a server
// with several host keys shows the one that we know.
func preferred(trusted []byte) []string {
	k, err := ssh.ParsePublicKey(trusted)
	if err != nil {
		return algorithms
	}
	first := []string{k.Type()}
	if k.Type() == ssh.KeyAlgoRSA {
		first = []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	for _, a := range algorithms {
		if a != first[0] && a != first[len(first)-1] {
			first = append(first, a)
		}
	}
	return first
}

// verify compares what a server shows with what is pinned.
func verify(t Target, k ssh.PublicKey) error {
	switch offered := hostKey(k); {
	case len(t.Trusted) == 0 && t.Print == offered.Fingerprint:
		return nil
	case len(t.Trusted) == 0:
		return untrusted(t, offered)
	case !bytes.Equal(t.Trusted, offered.Wire):
		return changed(t, offered)
	}
	return nil
}
