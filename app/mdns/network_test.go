package mdns

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
	"golang.org/x/sys/unix"
)

// inside says that the tests run where they may make networks.
const inside = "UNITY_TEST_NETWORK"

// TestMain makes who is not root one, in a namespace of their own: the tests lay
// cables between machines that are network namespaces of threads.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "10"); err != nil { // they wait more than they work
		panic(err)
	}
	if os.Geteuid() == 0 || os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	cmd := exec.CommandContext(context.Background(), self, os.Args[1:]...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr, cmd.Env = os.Stdin, os.Stdout, os.Stderr, append(os.Environ(), inside+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}}, GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		os.Exit(exit.ExitCode())
	}
	if err != nil {
		panic("these tests need root, or user namespaces: sysctl -w kernel.unprivileged_userns_clone=1: " + err.Error())
	}
}

// A machine is a network namespace with the thread that is in it.
type machine struct {
	t   *testing.T
	tid int
	do  chan func()
}

func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, do: make(chan func())}
	ready := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with its namespace
		err := unix.Unshare(unix.CLONE_NEWNET)
		m.tid = unix.Gettid()
		ready <- err
		for f := range m.do {
			f()
		}
	}()
	if err := <-ready; err != nil {
		t.Fatalf("a network of its own: %v", err)
	}
	t.Cleanup(func() { close(m.do) })
	m.ip("link", "set", "lo", "up")
	return m
}

// in runs f in the machine.
func (m *machine) in(f func()) {
	m.t.Helper()
	done := make(chan struct{})
	m.do <- func() {
		defer close(done)
		f()
	}
	<-done
}

// ip runs the command of that name in the machine.
func (m *machine) ip(args ...string) {
	m.t.Helper()
	path, err := exec.LookPath("ip")
	if err != nil {
		if path, err = exec.LookPath("/sbin/ip"); err != nil {
			m.t.Fatal("the command ip is missing: apt-get install iproute2")
		}
	}
	var out []byte
	m.in(func() { out, err = exec.CommandContext(m.t.Context(), path, args...).CombinedOutput() })
	if err != nil {
		m.t.Fatalf("ip %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// cable connects two machines; their ends have one name and the given addresses.
func cable(a, b *machine, name, one, other string) {
	a.t.Helper()
	a.ip("link", "add", "name", name, "type", "veth", "peer", "name", name, "netns", strconv.Itoa(b.tid))
	for m, address := range map[*machine]string{a: one, b: other} {
		m.ip("addr", "add", address, "dev", name)
		m.ip("link", "set", name, "up")
	}
	for _, m := range []*machine{a, b} { // the kernel sees a moment later that something is at the other end
		until(a.t, func() (running bool) {
			m.in(func() {
				i, err := net.InterfaceByName(name)
				running = err == nil && i.Flags&net.FlagRunning != 0
			})
			return running
		}, func() string { return name + " does not come up" })
	}
}

// A running is a responder with the end of its Run.
type running struct {
	*Responder
	stop func()
	on   atomic.Bool
}

// run starts a responder in the machine.
func (m *machine) run() *running {
	m.t.Helper()
	v := &running{}
	v.on.Store(true)
	v.Responder = New("unity", v.on.Load, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(m.t.Context())
	done := make(chan error, 1)
	started := make(chan struct{})
	go func() {
		runtime.LockOSThread() // and never unlocked
		ns, err := unix.Open("/proc/self/task/"+strconv.Itoa(m.tid)+"/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
		if err == nil {
			err = errors.Join(unix.Setns(ns, unix.CLONE_NEWNET), unix.Close(ns))
		}
		close(started)
		if err != nil {
			done <- err
			return
		}
		done <- v.Run(ctx)
	}()
	<-started
	v.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			m.t.Error(err)
		}
	})
	m.t.Cleanup(v.stop)
	return v
}

// await waits until what a responder holds is name.
func (v *running) await(t *testing.T, name string) {
	t.Helper()
	until(t, func() bool { return v.Name() == name }, func() string { return "it holds " + strconv.Quote(v.Name()) + ", not " + name })
}

func until(t *testing.T, holds func() bool, what func() string) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); !holds(); <-tick.C {
		if time.Now().After(end) {
			t.Fatal(what())
		}
	}
}

// An ear hears what is said to the group in a machine, on one interface.
type ear struct {
	t    *testing.T
	conn *ipv4.PacketConn
	to   *net.UDPAddr
}

// listen opens one, as a member of the group or, with another port, as who knows
// nothing of it.
func (m *machine) listen(name string, at int) *ear {
	m.t.Helper()
	e := &ear{t: m.t, to: &net.UDPAddr{IP: group4.AsSlice(), Port: port}}
	var err error
	m.in(func() {
		var i *net.Interface
		if i, err = net.InterfaceByName(name); err != nil {
			return
		}
		var c net.PacketConn
		if at == port {
			c, err = bind(unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: group4.As4()})
		} else {
			c, err = net.ListenPacket("udp4", ":0")
		}
		if err != nil {
			return
		}
		e.conn = ipv4.NewPacketConn(c)
		err = errors.Join(e.conn.JoinGroup(i, &net.UDPAddr{IP: group4.AsSlice()}), e.conn.SetMulticastInterface(i), e.conn.SetMulticastLoopback(false))
	})
	if err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() { e.conn.Close() })
	return e
}

// say sends a message to the group.
func (e *ear) say(msg *dns.Msg) {
	e.t.Helper()
	data, err := msg.Pack()
	if err != nil {
		e.t.Fatal(err)
	}
	if _, err := e.conn.WriteTo(data, nil, e.to); err != nil {
		e.t.Fatal(err)
	}
}

// hear returns the next message that is wanted; nil if none comes in time.
func (e *ear) hear(patience time.Duration, wanted func(*dns.Msg) bool) *dns.Msg {
	e.t.Helper()
	if err := e.conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		e.t.Fatal(err)
	}
	buffer := make([]byte, 9000)
	for {
		n, _, _, err := e.conn.ReadFrom(buffer)
		if err != nil {
			return nil
		}
		msg := new(dns.Msg)
		if err := msg.Unpack(buffer[:n]); err != nil {
			e.t.Fatal(err)
		}
		if wanted(msg) {
			return msg
		}
	}
}

// ask asks for a name, and returns what is answered to it.
func (e *ear) ask(name string, kind uint16, class uint16, known ...dns.RR) *dns.Msg {
	e.t.Helper()
	q := &dns.Msg{Question: []dns.Question{{Name: name, Qtype: kind, Qclass: class}}, Answer: known}
	q.Id = dns.Id()
	e.say(q)
	return e.hear(time.Second, func(m *dns.Msg) bool { return m.Response && (m.Id == q.Id || m.Id == 0) })
}

// addresses returns those in an answer, in its order.
func addresses(m *dns.Msg) (all []string) {
	if m == nil {
		return nil
	}
	for _, rr := range m.Answer {
		switch v := rr.(type) {
		case *dns.A:
			all = append(all, v.A.String())
		case *dns.AAAA:
			all = append(all, v.AAAA.String())
		}
	}
	return all
}
