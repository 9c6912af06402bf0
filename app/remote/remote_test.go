package remote_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"unity.internal/app/fault"
	"unity.internal/app/remote"
	"unity.internal/app/remote/sshdtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// newPool returns a pool that is closed with the test.
func newPool(t *testing.T, l remote.Limits) *remote.Pool {
	t.Helper()
	p := remote.New(l)
	t.Cleanup(p.Close)
	return p
}

// newKey returns a key pair of ours.
func newKey(t *testing.T) (private []byte, public string) {
	t.Helper()
	private, public, err := remote.NewKey("unity@test")
	if err != nil {
		t.Fatal(err)
	}
	return private, public
}

// wire returns an authorized_keys line as a host key is pinned.
func wire(t *testing.T, line string) []byte {
	t.Helper()
	k, _, _, _, err := ssh.ParseAuthorizedKey([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return k.Marshal()
}

// target returns s as a server to which key signs in, its first host key pinned.
func target(t *testing.T, s *sshdtest.Server, key []byte) remote.Target {
	t.Helper()
	return remote.Target{
		Tenant: "acme", Server: "s1", Host: s.Host, Port: s.Port, User: "root", Auth: remote.ByKey,
		Trusted: wire(t, s.PublicHostKey(t, 0)),
		Secrets: func(context.Context) (remote.Secrets, error) { return remote.Secrets{Key: key}, nil },
	}
}

func code(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Code
}

func want(t *testing.T, err error, wanted string) {
	t.Helper()
	if code(err) != wanted {
		t.Fatalf("err = %v, want %s", err, wanted)
	}
}

func TestOneConnectionIsKept(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{"restrict " + public}})
	p := newPool(t, remote.Limits{})
	for range 3 {
		out, err := p.Run(t.Context(), target(t, s, key), remote.Command{Script: "echo out; echo err >&2; exit 3"})
		if err != nil {
			t.Fatal(err, s.Log())
		}
		if string(out.Stdout) != "out\n" || string(out.Stderr) != "err\n" || out.Status != 3 {
			t.Fatalf("out = %q, %q, %d", out.Stdout, out.Stderr, out.Status)
		}
	}
	if n := strings.Count(s.Log(), "Accepted publickey"); n != 1 {
		t.Fatalf("%d log-ins:\n%s", n, s.Log())
	}
}

func TestADeadConnectionIsMadeAnewOnce(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{public}})
	p := newPool(t, remote.Limits{})
	for range 2 {
		if _, err := p.Run(t.Context(), target(t, s, key), remote.Command{Script: "true"}); err != nil {
			t.Fatal(err, s.Log())
		}
		s.KillSessions()
	}
}

func TestHostKeys(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	s := sshdtest.Start(t, sshdtest.Options{HostKeys: []string{"ed25519", "rsa", "ecdsa"}, AuthorizedKeys: []string{public}})
	other := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{public}})
	asked := func(context.Context) (remote.Secrets, error) {
		t.Error("a credential was opened for a server that is not trusted")
		return remote.Secrets{Key: key}, context.Canceled
	}
	tests := []struct {
		name, code string
		trusted    []byte
		offered    string
	}{
		{"the first, ed25519 where there is a choice", "server.host_key_untrusted", nil, s.PublicHostKey(t, 0)},
		{"another one", "server.host_key_changed", wire(t, other.PublicHostKey(t, 0)), s.PublicHostKey(t, 0)},
		{"the pinned rsa", "", wire(t, s.PublicHostKey(t, 1)), ""},
		{"the pinned ecdsa", "", wire(t, s.PublicHostKey(t, 2)), ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := target(t, s, key)
			v.Trusted = tt.trusted
			if tt.code != "" {
				v.Secrets = asked
			}
			_, err := newPool(t, remote.Limits{}).Run(t.Context(), v, remote.Command{Script: "true"})
			want(t, err, tt.code)
			if tt.code == "" {
				return
			}
			k, ok := errors.AsType[*remote.KeyError](err)
			if !ok || string(k.Offered.Wire) != string(wire(t, tt.offered)) || k.Offered.Type != "ssh-ed25519" {
				t.Fatalf("offered %+v", k)
			}
			if fp, err := remote.Fingerprint(tt.offered); err != nil || fp != k.Offered.Fingerprint {
				t.Fatal(fp, err)
			}
		})
	}
	if strings.Contains(other.Log(), "Accepted") {
		t.Fatal("signed in to the wrong server")
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{public}})
	stranger, _ := newKey(t)
	locked, err := os.ReadFile(lockedKey(t))
	if err != nil {
		t.Fatal(err)
	}
	with := func(v remote.Secrets) func(*remote.Target) {
		return func(t *remote.Target) {
			t.Secrets = func(context.Context) (remote.Secrets, error) { return v, nil }
		}
	}
	tests := []struct {
		name, code string
		change     func(*remote.Target)
	}{
		{"another key", "remote.login_refused", with(remote.Secrets{Key: stranger})},
		{"another user", "remote.login_refused", func(t *remote.Target) { t.User = "nobody-here" }},
		{"passwords where only keys are taken", "remote.login_refused", func(t *remote.Target) { t.Auth = remote.ByPassword }},
		{"no key at all", "key.invalid", with(remote.Secrets{Key: []byte("hello")})},
		{"a key without its passphrase", "key.passphrase_missing", with(remote.Secrets{Key: locked})},
		{"a key with another passphrase", "key.passphrase_wrong", with(remote.Secrets{Key: locked, Passphrase: []byte("no")})},
		{"no agent", "remote.no_agent", func(t *remote.Target) { t.Auth = remote.ByAgent }},
		{"nobody listens", "remote.refused", func(v *remote.Target) { v.Port = sshdtest.FreePort(t) }},
		{"an unknown name", "remote.unknown_name", func(v *remote.Target) { v.Host = "no-such-host.invalid" }},
		{"the vault is locked", "vault.locked", func(v *remote.Target) {
			v.Secrets = func(context.Context) (remote.Secrets, error) {
				return remote.Secrets{}, fault.New(fault.Unavailable, "vault.locked", "Unlock it.")
			}
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := target(t, s, key)
			tt.change(&v)
			_, err := newPool(t, remote.Limits{}).Run(t.Context(), v, remote.Command{Script: "true"})
			if tt.name == "an unknown name" && code(err) == "remote.no_name_server" {
				return // where no name server answers
			}
			want(t, err, tt.code)
			if strings.Contains(fault.From(err).Msg, "no-such") && tt.code != "remote.unknown_name" {
				t.Fatal(fault.From(err).Msg)
			}
		})
	}
}

func TestAKeyWithAPassphraseSignsIn(t *testing.T) {
	t.Parallel()
	file := lockedKey(t)
	private, _ := os.ReadFile(file)
	public, _ := os.ReadFile(file + ".pub")
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{strings.TrimSpace(string(public))}})
	v := target(t, s, nil)
	v.Secrets = func(context.Context) (remote.Secrets, error) {
		return remote.Secrets{Key: private, Passphrase: []byte("open sesame")}, nil
	}
	if _, err := newPool(t, remote.Limits{}).Run(t.Context(), v, remote.Command{Script: "true"}); err != nil {
		t.Fatal(err)
	}
}

func TestSomebodyWhoNeverAnswersIsLeft(t *testing.T) {
	t.Parallel()
	hole := listen(t, func(net.Conn) {})
	web := listen(t, func(c net.Conn) { _, _ = c.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")); c.Close() })
	rude := listen(t, func(c net.Conn) { c.Close() })
	key, _ := newKey(t)
	for port, wanted := range map[int64]string{hole: "remote.silent", web: "remote.no_ssh", rude: "remote.hung_up"} {
		v := remote.Target{
			Tenant: "acme", Server: "s1", Host: "localhost", Port: port, User: "root", Auth: remote.ByKey,
			Secrets: func(context.Context) (remote.Secrets, error) { return remote.Secrets{Key: key}, nil },
		}
		_, err := newPool(t, remote.Limits{Handshake: 200 * time.Millisecond}).Run(t.Context(), v, remote.Command{Script: "true"})
		if wanted == "remote.no_ssh" && code(err) == "remote.hung_up" {
			continue // the hang-up may be seen before the greeting is read
		}
		want(t, err, wanted)
	}
}

func TestBlackHolesDoNotDelayOthers(t *testing.T) {
	t.Parallel()
	hole := listen(t, func(net.Conn) {})
	key, public := newKey(t)
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{public}})
	p := newPool(t, remote.Limits{Handshake: 20 * time.Second, Dials: 1})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	for i := range 3 {
		v := target(t, s, key)
		v.Port, v.Server = hole, string(rune('a'+i))
		go func() {
			_, err := p.Run(ctx, v, remote.Command{Script: "true"})
			ended <- err
		}()
	}
	began := time.Now()
	if _, err := p.Run(t.Context(), target(t, s, key), remote.Command{Script: "true"}); err != nil {
		t.Fatal(err)
	}
	if d := time.Since(began); d > 10*time.Second {
		t.Fatalf("waited %s for others", d)
	}
	cancel()
	for range 3 {
		if err := <-ended; !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
	}
}

func TestCommandsThatGoTooFar(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{public}})
	tests := []struct{ name, script, code string }{
		{"50 MB of output", "head -c 52428800 /dev/zero", "remote.output_too_large"},
		{"50 MB of errors", "head -c 52428800 /dev/zero >&2", ""},
		{"no end", "sleep 60", "remote.timeout"},
		{"it kills its session", "kill -9 $PPID; sleep 60", "remote.lost"},
		{"it kills itself", "kill -9 $$", "remote.lost"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPool(t, remote.Limits{})
			limit := 10 * time.Second
			if tt.code == "remote.timeout" {
				limit = 300 * time.Millisecond
			}
			_, err := p.Run(t.Context(), target(t, s, key), remote.Command{Script: tt.script, Limit: limit})
			want(t, err, tt.code)
			if _, err := p.Run(t.Context(), target(t, s, key), remote.Command{Script: "true"}); err != nil {
				t.Fatalf("the next command: %v", err)
			}
		})
	}
}

func TestShells(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	for _, tt := range []struct{ shell, config, code string }{
		{"fish", `ForceCommand fish -c "$SSH_ORIGINAL_COMMAND"`, ""},
		{"a restricted bash", `ForceCommand bash -r -c "$SSH_ORIGINAL_COMMAND"`, ""},
		{"a slow one", `ForceCommand sleep 0.3; exec $SSH_ORIGINAL_COMMAND`, ""},
		{"one that never begins", `ForceCommand sleep 60`, "remote.timeout"},
	} {
		t.Run(tt.shell, func(t *testing.T) {
			t.Parallel()
			s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{public}, Config: []string{tt.config}})
			out, err := newPool(t, remote.Limits{Command: 3 * time.Second}).Run(t.Context(), target(t, s, key), remote.Command{Script: "for i in 1 2; do echo $i; done"})
			want(t, err, tt.code)
			if err == nil && string(out.Stdout) != "1\n2\n" {
				t.Fatalf("%q %q", out.Stdout, out.Stderr)
			}
		})
	}
}

func TestStagesOfATrial(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{public}})
	p := newPool(t, remote.Limits{})
	trial := func(v remote.Target) (string, remote.Trial) {
		r, _, _ := p.Try(t.Context(), v, remote.Command{Script: "true"})
		var b strings.Builder
		for _, s := range r.Stages {
			b.WriteString(s.Stage + ":" + s.Code + " ")
			if s.Message == "" {
				t.Error("no sentence for", s.Stage)
			}
		}
		return b.String(), r
	}
	v := target(t, s, key)
	if got, _ := trial(v); got != "name: tcp: host_key: login: " {
		t.Error(got)
	}
	v.User = "nobody-here"
	if got, _ := trial(v); got != "name: tcp: host_key: login:remote.login_refused " {
		t.Error(got)
	}
	v.Trusted = nil
	got, r := trial(v)
	if got != "name: tcp: host_key:server.host_key_untrusted " || r.Offered == nil {
		t.Error(got, r.Offered)
	}
	v.Port = sshdtest.FreePort(t)
	if got, _ := trial(v); got != "name: tcp:remote.refused " {
		t.Error(got)
	}
}

func TestADroppedServerIsConnectedAnew(t *testing.T) {
	t.Parallel()
	key, public := newKey(t)
	s := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{public}})
	p := newPool(t, remote.Limits{})
	v := target(t, s, key)
	for range 2 {
		if _, err := p.Run(t.Context(), v, remote.Command{Script: "true"}); err != nil {
			t.Fatal(err)
		}
		p.Drop(v.Tenant, v.Server)
	}
	if n := strings.Count(s.Log(), "Accepted publickey"); n != 2 {
		t.Fatalf("%d log-ins", n)
	}
}
