package placetest

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"net"
	"os/user"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"unity.internal/app/backup/place"
	"unity.internal/app/remote/sshdtest"
)

// SFTP starts an OpenSSH server. With a directory it keeps the files there.
func SFTP(tb testing.TB, in ...string) *Server {
	tb.Helper()
	dir := tb.TempDir()
	if len(in) > 0 {
		dir = in[0]
	}
	secret, public := Key(tb)
	wrong, _ := Key(tb)
	o := sshdtest.Options{AuthorizedKeys: []string{public}, Config: []string{"ForceCommand internal-sftp", "Subsystem sftp internal-sftp", "MaxStartups 100"}}
	d := sshdtest.Start(tb, o)
	addr := func() string { return net.JoinHostPort(d.Host, strconv.FormatInt(d.Port, 10)) }
	l := newLine(tb, addr())
	who, err := user.Current()
	if err != nil {
		tb.Fatal(err)
	}
	hostKey := strings.Join(strings.Fields(d.PublicHostKey(tb, 0))[:2], " ")
	o.HostKeyFiles = d.KeyFiles
	root := dir + "/a place ü"
	return &Server{
		Config: place.Config{URL: "sftp://" + who.Username + "@" + l.addr + root, HostKey: hostKey}.Clean(),
		Secret: secret, Wrong: wrong, Dir: root, line: l,
		mode: func(readOnly bool) {
			d.Stop()
			d.KillSessions()
			o.Config[0] = "ForceCommand internal-sftp"
			if readOnly {
				o.Config[0] += " -R"
			}
			d = sshdtest.Start(tb, o)
			l.move(addr())
		},
		stuff: filler(tb, dir),
	}
}

// Key returns a new private key and the line for authorized_keys.
func Key(tb testing.TB) (private []byte, public string) {
	tb.Helper()
	pub, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKey(key, "")
	if err != nil {
		tb.Fatal(err)
	}
	k, err := ssh.NewPublicKey(pub)
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(block), strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k)))
}

// LockedKey returns a private key with a passphrase.
func LockedKey(tb testing.TB) []byte {
	tb.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		tb.Fatal(err)
	}
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("open sesame"))
	if err != nil {
		tb.Fatal(err)
	}
	return pem.EncodeToMemory(block)
}
