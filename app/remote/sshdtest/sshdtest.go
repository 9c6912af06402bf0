// Package sshdtest starts a real OpenSSH server for tests.
package sshdtest

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Options say what is special about a server. The zero value has an ed25519
// host key and lets nobody in.
type Options struct {
	HostKeys       []string // types for ssh-keygen: ed25519, rsa, ecdsa
	HostKeyFiles   []string // keys of another server, instead of HostKeys
	AuthorizedKeys []string // lines, with their options
	Config         []string // further lines of sshd_config
	Env            []string // NAME=value of every session
	Port           int      // zero: a free one
}

// A Server is a running sshd.
type Server struct {
	Host     string
	Port     int64
	KeyFiles []string // the private host keys; the public ones end in .pub
	Dir      string
	cmd      *exec.Cmd
	orphans  []int // sessions of a stopped server
	mu       sync.Mutex
	log      strings.Builder
}

// Start starts a server and ends it with the test.
func Start(tb testing.TB, o Options) *Server {
	tb.Helper()
	for _, tool := range []string{"/usr/sbin/sshd", "/usr/bin/ssh-keygen"} {
		if _, err := os.Stat(tool); err != nil {
			tb.Fatalf("%s is missing: apt-get install openssh-server", tool)
		}
	}
	if err := os.MkdirAll("/run/sshd", 0o755); err != nil && !os.IsPermission(err) { //nolint:gosec // sshd wants it so
		tb.Fatal(err)
	}
	s := &Server{Host: "127.0.0.1", Dir: tb.TempDir(), Port: int64(o.Port), KeyFiles: o.HostKeyFiles}
	if s.Port == 0 {
		s.Port = FreePort(tb)
	}
	if len(s.KeyFiles) == 0 {
		s.keygen(tb, o.HostKeys)
	}
	s.start(tb, s.config(tb, o))
	return s
}

func (s *Server) keygen(tb testing.TB, types []string) {
	tb.Helper()
	if len(types) == 0 {
		types = []string{"ed25519"}
	}
	for _, typ := range types {
		file := filepath.Join(s.Dir, "host_"+typ)
		args := []string{"-q", "-t", typ, "-N", "", "-f", file}
		if typ == "rsa" {
			args = append(args, "-b", "2048")
		}
		if out, err := exec.CommandContext(tb.Context(), "/usr/bin/ssh-keygen", args...).CombinedOutput(); err != nil { //nolint:gosec // a test chose them
			tb.Fatalf("ssh-keygen: %v\n%s", err, out)
		}
		s.KeyFiles = append(s.KeyFiles, file)
	}
}

// config writes the configuration. StrictModes would look at the owners of
// temporary directories, PAM at the machine's accounts.
func (s *Server) config(tb testing.TB, o Options) string {
	tb.Helper()
	keys := filepath.Join(s.Dir, "authorized_keys")
	lines := append([]string{
		"ListenAddress 127.0.0.1:" + strconv.FormatInt(s.Port, 10),
		"PidFile none", "UsePAM no", "StrictModes no", "LogLevel VERBOSE", "PermitRootLogin yes",
		"AuthorizedKeysFile " + keys, "PrintMotd no", "PrintLastLog no",
		"SetEnv " + strings.Join(append([]string{"HOME=" + s.Dir}, o.Env...), " "),
	}, o.Config...)
	for _, k := range s.KeyFiles {
		lines = append(lines, "HostKey "+k)
	}
	file := filepath.Join(s.Dir, "sshd_config")
	write(tb, keys, o.AuthorizedKeys)
	write(tb, file, lines)
	return file
}

func write(tb testing.TB, file string, lines []string) {
	tb.Helper()
	if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")+"\n"), 0o600); err != nil {
		tb.Fatal(err)
	}
}

// start waits for the line with which sshd says that it listens.
func (s *Server) start(tb testing.TB, config string) {
	tb.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(tb.Context()))
	s.cmd = exec.CommandContext(ctx, "/usr/sbin/sshd", "-D", "-e", "-f", config) //nolint:gosec // a temporary file of ours
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	ready, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		heard := sync.OnceFunc(func() { close(ready) })
		for r := bufio.NewScanner(stderr); r.Scan(); {
			s.note(r.Text())
			if strings.HasPrefix(r.Text(), "Server listening on") {
				heard()
			}
		}
	}()
	tb.Cleanup(func() {
		s.KillSessions()
		cancel()
		_ = stderr.Close() // whoever holds the other end may go on
		<-ended
		_ = s.cmd.Wait() // it was killed
	})
	select {
	case <-ready:
	case <-ended:
		tb.Fatalf("sshd ended:\n%s", s.Log())
	case <-time.After(10 * time.Second):
		tb.Fatalf("sshd does not listen:\n%s", s.Log())
	}
}

func (s *Server) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.log.WriteString(line + "\n")
}

// Log returns what sshd has written so far.
func (s *Server) Log() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// Stop ends the server, but not the sessions it has: they outlive it.
func (s *Server) Stop() {
	s.orphans = append(s.orphans, children(s.cmd.Process.Pid)...)
	_ = s.cmd.Process.Kill() // it may have ended
	_, _ = s.cmd.Process.Wait()
}

// KillSessions ends the processes that serve connections, as a crash would.
func (s *Server) KillSessions() {
	for _, pid := range append(s.orphans, children(s.cmd.Process.Pid)...) {
		for _, inner := range children(pid) {
			_ = kill(inner)
		}
		_ = kill(pid)
	}
}

func kill(pid int) error {
	p, err := os.FindProcess(pid)
	if err != nil {
		return err
	}
	return p.Kill()
}

func children(pid int) (all []int) {
	text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	for f := range strings.FieldsSeq(string(text)) {
		if n, err := strconv.Atoi(f); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// PublicHostKey returns the line of the i-th host key.
func (s *Server) PublicHostKey(tb testing.TB, i int) string {
	tb.Helper()
	text, err := os.ReadFile(s.KeyFiles[i] + ".pub")
	if err != nil {
		tb.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

// FreePort returns a port of 127.0.0.1 on which nobody listens.
func FreePort(tb testing.TB) int64 {
	tb.Helper()
	var c net.ListenConfig
	l, err := c.Listen(tb.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return int64(l.Addr().(*net.TCPAddr).Port)
}
