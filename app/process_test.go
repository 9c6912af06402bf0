package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"unity.internal/app"
)

// TestMain lets the test binary be the product: a test starts it as a process
// of its own, which it can kill.
func TestMain(m *testing.M) {
	if os.Getenv("UNITY_TEST_PROCESS") != "" {
		ctx, cancel := context.WithCancel(context.Background())
		stop := make(chan os.Signal, 1)
		notify(stop)
		go func() {
			<-stop
			cancel()
		}()
		os.Exit(app.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
	}
	code := m.Run()
	os.RemoveAll(buildDir)
	os.Exit(code)
}

const (
	userName, password = "lea", "correct horse battery"
	patience           = 30 * time.Second
)

// A process is an appliance that runs.
type process struct {
	t      *testing.T
	cmd    *exec.Cmd
	base   string      // of its plain HTTP
	setup  chan string // the set-up token it printed, if any
	token  string      // of a program that signed in
	stderr *said
	done   chan error
}

// said is what a process says while a test reads it.
type said struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write implements io.Writer.
func (s *said) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.Write(p)
}

// String returns what it said so far.
func (s *said) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// command returns the product with arguments, as a process that was not started.
func command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), "UNITY_TEST_PROCESS=1")
	return cmd
}

// start runs the product on dir until it says that it is ready.
func start(t *testing.T, dir string, wrap ...string) *process {
	t.Helper()
	cmd := command(t, "serve", "--data-dir", dir, "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--rate-limit", "0")
	if len(wrap) > 0 {
		cmd.Args = append(wrap, cmd.Args...)
		path, err := exec.LookPath(wrap[0])
		if err != nil {
			t.Fatalf("%v: install it with apt-get install util-linux", err)
		}
		cmd.Path = path
	}
	return follow(t, cmd)
}

// follow starts a command that serves and waits until it says that it is ready.
func follow(t *testing.T, cmd *exec.Cmd) *process {
	t.Helper()
	p := &process{t: t, cmd: cmd, setup: make(chan string, 2), stderr: &said{}, done: make(chan error, 1)}
	cmd.Stderr = p.stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		f := strings.Fields(lines.Text())
		if len(f) > 2 && f[1] == "ready" {
			p.base = f[2]
			break
		}
	}
	if p.base == "" {
		t.Fatalf("it did not start: %v\n%s", cmd.Wait(), p.stderr)
	}
	go func() {
		for lines.Scan() {
			if _, token, ok := strings.Cut(lines.Text(), "token="); ok {
				p.setup <- token // for this box, and for the LAN
			}
		}
		p.done <- cmd.Wait()
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return p
}

// end sends sig and returns how the process ended.
func (p *process) end(sig syscall.Signal) error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil {
		p.t.Fatal(err)
	}
	select {
	case err := <-p.done:
		if err != nil {
			return fmt.Errorf("%w\n%s", err, p.stderr)
		}
		return nil
	case <-time.After(patience):
		_ = p.cmd.Process.Kill()
		return errors.New("it does not stop")
	}
}

// call sends one request and returns status and body; out may be nil.
func (p *process) call(method, path, body string, out any) (int, error) {
	req, err := http.NewRequestWithContext(p.t.Context(), method, p.base+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header.Set("Content-Type", "application/json")
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if raw, ok := out.(*[]byte); ok {
		*raw = text
	} else if err == nil && out != nil {
		err = json.Unmarshal(text, out)
	}
	return res.StatusCode, err
}

// must is call for what has to succeed.
func (p *process) must(method, path, body string, out any) {
	p.t.Helper()
	if status, err := p.call(method, path, body, out); err != nil || status >= 300 {
		p.t.Fatalf("%s %s: %d %v %v\n%s", method, path, status, err, out, p.stderr)
	}
}

// printed returns the set-up token that the process printed.
func (p *process) printed() string {
	p.t.Helper()
	select {
	case token := <-p.setup:
		return token
	case <-time.After(patience):
		p.t.Fatalf("it prints no set-up address\n%s", p.stderr)
		return ""
	}
}

// setUp makes the first user with a set-up token.
func (p *process) setUp(token string) {
	p.t.Helper()
	var answer struct {
		Token string `json:"access_token"`
	}
	p.must("POST", "/setup", fmt.Sprintf(`{"token":%q,"username":%q,"password":%q}`, token, userName, password), &answer)
	p.token = answer.Token
}

// signIn signs a program in.
func (p *process) signIn() {
	p.t.Helper()
	var answer struct {
		Token string `json:"access_token"`
	}
	p.must("POST", "/auth/token", fmt.Sprintf(`{"username":%q,"password":%q}`, userName, password), &answer)
	p.token = answer.Token
}

// await reads the stream until an event with this name and text comes.
func (p *process) await(query url.Values, name, text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.base+"/api/v1/events?"+query.Encode(), nil)
	if err != nil {
		p.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+p.token)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	event := ""
	lines := bufio.NewScanner(res.Body)
	for lines.Scan() {
		line := lines.Text()
		if v, ok := strings.CutPrefix(line, "event: "); ok {
			event = v
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok && event == name && strings.Contains(data, text) {
			return
		}
	}
	p.t.Fatalf("no event %s with %s: %v\n%s", name, text, lines.Err(), p.stderr)
}

// run runs one command of the product and returns what it printed.
func run(t *testing.T, in string, args ...string) (out string, err error) {
	t.Helper()
	cmd := command(t, args...)
	cmd.Stdin = strings.NewReader(in)
	text, err := cmd.CombinedOutput()
	return string(text), err
}

// readyz returns what the appliance says of itself on loopback.
func (p *process) readyz() string {
	p.t.Helper()
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.base+"/readyz", nil)
	if err != nil {
		p.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		p.t.Fatalf("%d %s %v", res.StatusCode, text, err)
	}
	return string(text)
}

// tool runs a program of the system.
func tool(t *testing.T, args ...string) (string, error) {
	t.Helper()
	text, err := exec.CommandContext(t.Context(), args[0], args[1:]...).CombinedOutput()
	return string(text), err
}

// write makes a file that only its owner reads.
func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
