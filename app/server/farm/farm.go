// Package farm is a field of machines that are not there: SSH endpoints in one
// process that answer Unity's script. Tests and benches use what a real machine
// once said, with values that move; the demo describes each machine as a Box.
// They listen on loopback, let everybody in and run nothing.
package farm

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	_ "embed"
	"fmt"
	"io"
	"math"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"
)

//go:embed recorded/poll.txt
var pollAnswer string

//go:embed recorded/snapshot.txt
var snapshotAnswer string

//go:embed recorded/updates.txt
var updatesAnswer string

// An Endpoint is one machine of a farm.
type Endpoint struct {
	Host        string
	Port        int64
	HostKey     []byte // in wire form
	Fingerprint string
}

// A Machine answers scripts as a real one would at that moment.
type Machine interface {
	Answer(script string, at time.Time) string
	// Up reports whether it is reached.
	Up(at time.Time) bool
}

// A Farm is a number of machines.
type Farm struct {
	Endpoints []Endpoint // in the order of the machines
	machines  []Machine
	listeners []net.Listener
	wait      sync.WaitGroup
	mu        sync.Mutex
	conns     map[net.Conn]bool
	closed    bool
}

// TB is the part of testing.TB that Start needs.
type TB interface {
	Helper()
	Fatal(args ...any)
	Cleanup(do func())
}

// Start starts n machines that end with the test.
func Start(tb TB, n int) []Endpoint {
	tb.Helper()
	f, err := New(n)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(f.Close)
	return f.Endpoints
}

// New starts n machines on 127.0.0.1 that say what one once said.
func New(n int) (*Farm, error) {
	all := make([]Machine, n)
	for i := range all {
		all[i] = recorded{i, time.Now()}
	}
	return Of(all...)
}

// Of starts machines on 127.0.0.1, each on a port of its own.
func Of(all ...Machine) (*Farm, error) {
	f := &Farm{conns: map[net.Conn]bool{}}
	for _, m := range all {
		if err := f.add(m); err != nil {
			f.Close()
			return nil, err
		}
	}
	return f, nil
}

// Dial connects to the i-th machine, as a network would that it is in.
func (f *Farm) Dial(ctx context.Context, i int) (net.Conn, error) {
	if !f.machines[i].Up(time.Now()) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH}
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", f.listeners[i].Addr().String())
}

func (f *Farm) add(m Machine) error {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return err
	}
	c := &ssh.ServerConfig{
		PasswordCallback:  func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil },
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil },
	}
	c.AddHostKey(key)
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // it is closed by Close
	if err != nil {
		return err
	}
	f.listeners, f.machines = append(f.listeners, l), append(f.machines, m)
	f.Endpoints = append(f.Endpoints, Endpoint{
		Host: "127.0.0.1", Port: int64(l.Addr().(*net.TCPAddr).Port),
		HostKey: key.PublicKey().Marshal(), Fingerprint: ssh.FingerprintSHA256(key.PublicKey()),
	})
	f.wait.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if f.keep(conn) {
				f.wait.Go(func() { f.serve(m, conn, c) })
			}
		}
	})
	return nil
}

// keep remembers conn, so that Close ends it.
func (f *Farm) keep(conn net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		_ = conn.Close() // nobody is served any more
		return false
	}
	f.conns[conn] = true
	return true
}

// Close ends every machine and waits for it.
func (f *Farm) Close() {
	for _, l := range f.listeners {
		_ = l.Close() // it may be closed already
	}
	f.mu.Lock()
	f.closed = true
	for c := range f.conns {
		_ = c.Close() // a client may have hung up
	}
	f.mu.Unlock()
	f.wait.Wait()
}

func (f *Farm) serve(m Machine, conn net.Conn, c *ssh.ServerConfig) {
	defer func() {
		_ = conn.Close() // the other side may have done so
		f.mu.Lock()
		delete(f.conns, conn)
		f.mu.Unlock()
	}()
	_, channels, requests, err := ssh.NewServerConn(conn, c)
	if err != nil {
		return
	}
	go answer(requests)
	var sessions sync.WaitGroup
	defer sessions.Wait()
	for n := range channels {
		ch, requests, err := n.Accept()
		if err != nil {
			return
		}
		sessions.Go(func() { session(m, conn, ch, requests) })
	}
}

// answer replies to keep-alives, as OpenSSH does.
func answer(requests <-chan *ssh.Request) {
	for r := range requests {
		if r.WantReply {
			_ = r.Reply(false, nil) // who is gone needs none
		}
	}
}

func session(m Machine, conn net.Conn, ch ssh.Channel, requests <-chan *ssh.Request) {
	defer func() { _ = ch.Close() }() // the client may have closed it
	for r := range requests {
		if r.WantReply {
			_ = r.Reply(r.Type == "exec", nil) // who is gone needs none
		}
		if r.Type != "exec" {
			continue
		}
		script, err := io.ReadAll(ch)
		if err != nil {
			return
		}
		if !m.Up(time.Now()) {
			_ = conn.Close() // as far as its callers can tell
			return
		}
		_, _ = io.WriteString(ch, m.Answer(string(script), time.Now()))                // a client that is
		_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ S uint32 }{})) // gone reads nothing
		return
	}
}

// A recorded machine says what one once said, with values that move since began.
type recorded struct {
	i     int
	began time.Time
}

func (r recorded) Answer(script string, at time.Time) string {
	return Answer(script, r.i, at.Sub(r.began))
}

func (recorded) Up(time.Time) bool { return true }

// wordOf returns the word that begins each section of an answer to script.
func wordOf(script string) string {
	if _, rest, ok := strings.Cut(script, " N="); ok {
		word, _, _ := strings.Cut(rest, "\n")
		return word
	}
	return "@@"
}

// Answer returns what the i-th recorded machine says to a script after it has run for so long.
func Answer(script string, i int, since time.Duration) string {
	word := wordOf(script)
	text := pollAnswer
	if strings.Contains(script, "poll; snapshot") {
		text += snapshotAnswer
	}
	if strings.Contains(script, "snapshot; updates") {
		text += updatesAnswer
	}
	text += "\n@@ end\nok\n"
	return strings.NewReplacer(append(values(i, since), "\n@@ ", "\n"+word+" ")...).Replace(text)
}

// values moves with time, and differs between machines.
func values(i int, since time.Duration) []string {
	const ticks, threads = 100, 8
	s := since.Seconds()
	wave := math.Sin(s/40 + float64(i)) // -1 to 1
	up := 86400*float64(1+i) + s
	total := up * ticks * threads
	busy := (0.25+0.002*float64(i%50))*total + 4800*wave
	whole := func(v float64) string { return strconv.FormatInt(int64(v), 10) }
	now := time.Now()
	return []string{
		"{date}", fmt.Sprintf("%d.%09d", now.Unix(), now.Nanosecond()),
		"{user}", whole(busy * 0.8), "{system}", whole(busy * 0.2), "{idle}", whole(total - busy),
		"{load}", strconv.FormatFloat(1+wave/2, 'f', 2, 64), "{threads}", whole(600 + 20*wave),
		"{uptime}", strconv.FormatFloat(up, 'f', 2, 64), "{idletime}", strconv.FormatFloat(up*6, 'f', 2, 64),
		"{available}", whole(16e6 + 2e6*wave), "{swapfree}", whole(8e6 + 1e5*wave), "{processes}", whole(280 + 10*wave),
		"{read0}", whole(8e7 + s*2000), "{written0}", whole(1.2e8 + s*9000), "{read1}", whole(5e7 + s*100), "{written1}", whole(1e7 + s*40),
		"{received}", whole(9e10 + s*2.4e6), "{sent}", whole(4e10 + s*6e5),
		"{hot}", whole(52000 + 6000*wave), "{core}", whole(50000 + 6000*wave), "{used}", whole(1.6e8 + s*20),
		"{name}", fmt.Sprintf("nuc-%03d", i), "{address}", fmt.Sprintf("10.20.%d.%d", i/250, 1+i%250),
	}
}

// HostKey returns a host key in wire form that no machine has: of one that was
// there before, say.
func HostKey() []byte {
	public, _, _ := ed25519.GenerateKey(rand.Reader) // never fails, by its contract
	key, _ := ssh.NewPublicKey(public)               // it is one
	return key.Marshal()
}
