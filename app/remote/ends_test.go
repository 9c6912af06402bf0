package remote_test

import (
	"context"
	"errors"
	"net"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"unity.internal/app/remote"
	"unity.internal/app/remote/sshdtest"
)

// lockedKey makes a key with the passphrase «open sesame».
func lockedKey(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "locked")
	out, err := exec.CommandContext(t.Context(), "/usr/bin/ssh-keygen", "-q", "-t", "ed25519", "-N", "open sesame", "-f", file).CombinedOutput()
	if err != nil {
		t.Fatalf("ssh-keygen: %v\n%s", err, out)
	}
	return file
}

// listen hands every connection to do and returns the port.
func listen(t *testing.T, do func(net.Conn)) int64 {
	t.Helper()
	var c net.ListenConfig
	l, err := c.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var all []net.Conn
		defer func() {
			for _, c := range all {
				_ = c.Close()
			}
		}()
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			all = append(all, conn)
			do(conn)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	return int64(l.Addr().(*net.TCPAddr).Port)
}

// passwords is an SSH server whose user root has the password «right».
func passwords(t *testing.T, interactive bool, questions ...string) (port int64, hostKey []byte, tries *int) {
	t.Helper()
	private, public := newKey(t)
	signer, err := ssh.ParsePrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	tries = new(int)
	check := func(p string) (*ssh.Permissions, error) {
		*tries++
		if p != "right" {
			return nil, errors.New("wrong")
		}
		return &ssh.Permissions{}, nil
	}
	c := &ssh.ServerConfig{}
	c.AddHostKey(signer)
	if interactive {
		c.KeyboardInteractiveCallback = func(_ ssh.ConnMetadata, ask ssh.KeyboardInteractiveChallenge) (*ssh.Permissions, error) {
			got, err := ask("", "", questions, make([]bool, len(questions)))
			if err != nil || len(got) == 0 {
				return nil, errors.New("no answer")
			}
			return check(got[0])
		}
	} else {
		c.PasswordCallback = func(_ ssh.ConnMetadata, p []byte) (*ssh.Permissions, error) { return check(string(p)) }
	}
	port = listen(t, func(conn net.Conn) { serve(conn, c) })
	return port, wire(t, public), tries
}

// serve answers every command with the status 0.
func serve(conn net.Conn, c *ssh.ServerConfig) {
	_, channels, requests, err := ssh.NewServerConn(conn, c)
	if err != nil {
		return
	}
	go ssh.DiscardRequests(requests)
	go func() {
		for n := range channels {
			ch, requests, err := n.Accept()
			if err != nil {
				return
			}
			for r := range requests {
				_ = r.Reply(true, nil)
				if r.Type == "exec" {
					_, _ = ch.SendRequest("exit-status", false, make([]byte, 4))
					_ = ch.Close()
				}
			}
		}
	}()
}

func TestPasswords(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, password, code string
		interactive          bool
		questions            []string
		tries                int
	}{
		{"right", "right", "", false, nil, 1},
		{"wrong", "wrong", "remote.login_refused", false, nil, 1},
		{"asked for interactively", "right", "", true, []string{"Password: "}, 1},
		{"wrong, asked for interactively", "wrong", "remote.login_refused", true, []string{"Password: "}, 1},
		{"with a second question", "right", "remote.login_refused", true, []string{"Password: ", "Code: "}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			port, trusted, tries := passwords(t, tt.interactive, tt.questions...)
			v := remote.Target{
				Tenant: "acme", Server: "s1", Host: "127.0.0.1", Port: port, User: "root", Auth: remote.ByPassword, Trusted: trusted,
				Secrets: func(context.Context) (remote.Secrets, error) { return remote.Secrets{Password: tt.password}, nil },
			}
			_, err := newPool(t, remote.Limits{}).Run(t.Context(), v, remote.Command{Script: "true"})
			want(t, err, tt.code)
			if *tries != tt.tries {
				t.Fatalf("%d tries", *tries)
			}
		})
	}
}

func TestASilentConnectionIsAskedWhetherItLives(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{public}})
	relay, cut := newRelay(t, s)
	p := newPool(t, remote.Limits{Idle: 50 * time.Millisecond})
	v := target(t, s, key)
	v.Port = relay
	if _, err := p.Run(t.Context(), v, remote.Command{Script: "true"}); err != nil {
		t.Fatal(err)
	}
	// Nothing passes any more, and nobody says so: the keeper must hang up.
	hungUp := cut()
	select {
	case <-hungUp:
	case <-time.After(10 * time.Second):
		t.Fatal("the dead connection is kept")
	}
}

// newRelay passes bytes between its port and s until cut; what cut returns is
// closed when the client hangs up after that.
func newRelay(t *testing.T, s *sshdtest.Server) (port int64, cut func() <-chan struct{}) {
	t.Helper()
	dead, hungUp := make(chan struct{}), make(chan struct{})
	port = listen(t, func(client net.Conn) {
		var d net.Dialer
		server, err := d.DialContext(t.Context(), "tcp", net.JoinHostPort(s.Host, strconv.FormatInt(s.Port, 10)))
		if err != nil {
			return
		}
		go pump(server, client, dead, hungUp)
		go pump(client, server, dead, nil)
	})
	return port, func() <-chan struct{} { close(dead); return hungUp }
}

func pump(to, from net.Conn, dead <-chan struct{}, ended chan<- struct{}) {
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if err != nil {
			if ended != nil {
				close(ended)
				_ = to.Close()
			}
			return
		}
		select {
		case <-dead:
		default:
			_, _ = to.Write(b[:n])
		}
	}
}

func TestTheKeysOfAnAgentSignIn(t *testing.T) {
	t.Parallel()
	private, public := newKey(t)
	raw, err := ssh.ParseRawPrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	ring := agent.NewKeyring()
	socket := filepath.Join(t.TempDir(), "agent")
	var c net.ListenConfig
	l, err := c.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_ = agent.ServeAgent(ring, conn)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-ended })
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{public}})
	p := newPool(t, remote.Limits{})
	p.Agent = func() string { return socket }
	v := target(t, s, nil)
	v.Auth = remote.ByAgent
	_, err = p.Run(t.Context(), v, remote.Command{Script: "true"})
	want(t, err, "remote.agent_empty")
	if err := ring.Add(agent.AddedKey{PrivateKey: raw}); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Run(t.Context(), v, remote.Command{Script: "true"}); err != nil {
		t.Fatal(err)
	}
}
