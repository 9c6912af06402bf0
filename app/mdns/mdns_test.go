package mdns

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
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

const (
	patience = 10 * time.Second
	unity    = "unity.local."
)

func TestTwoMachinesAskForOneName(t *testing.T) {
	t.Parallel()
	a, b := newMachine(t), newMachine(t)
	cable(a, b, "lan0", "192.168.77.1/24", "192.168.77.2/24")
	first := a.run()
	first.await(t, "unity.local")
	second := b.run()
	second.await(t, "unity-2.local")
	if first.Name() != "unity.local" {
		t.Fatalf("the first is %s now", first.Name())
	}
	asker := b.listen("lan0", 0)
	if got := asker.ask("UNITY.local.", dns.TypeA, dns.ClassINET); !slices.Equal(addresses(got), []string{"192.168.77.1"}) || len(got.Question) != 1 || got.Answer[0].Header().Ttl > legacyTTL {
		t.Errorf("a plain resolver gets %v", got)
	}
	second.stop()
	if second.Name() != "" {
		t.Error("a name that is not held any more")
	}
}

// TestOfTwoAtOnceOneHasIt starts both in the same moment, again and again, until they
// did not come one after the other.
func TestOfTwoAtOnceOneHasIt(t *testing.T) {
	t.Parallel()
	a, b := newMachine(t), newMachine(t)
	cable(a, b, "lan0", "192.168.78.1/24", "192.168.78.2/24")
	one, other := a.run(), b.run()
	names := func() []string {
		all := []string{one.Name(), other.Name()}
		slices.Sort(all)
		return all
	}
	until(t, func() bool { return slices.Equal(names(), []string{"unity-2.local", "unity.local"}) }, func() string { return strings.Join(names(), " and ") })
}

func TestWhatIsAnswered(t *testing.T) {
	t.Parallel()
	a, b := newMachine(t), newMachine(t)
	cable(a, b, "lan0", "192.168.79.1/24", "192.168.79.2/24")
	cable(a, b, "docker0", "172.17.0.1/16", "172.17.0.2/16")
	a.ip("addr", "add", "10.0.0.1/8", "dev", "lan0")
	member := b.listen("lan0", port)
	bridge := b.listen("docker0", 0)
	v := a.run()
	for i := range probes {
		probe := member.hear(patience, func(m *dns.Msg) bool { return !m.Response })
		if probe == nil || probe.Question[0].Name != unity || probe.Question[0].Qtype != dns.TypeANY || len(probe.Ns) != 2 {
			t.Fatalf("probe %d: %v", i, probe)
		}
	}
	said := func(m *dns.Msg) bool { return m.Response }
	for i := range 2 {
		m := member.hear(patience, said)
		if !slices.Equal(addresses(m), []string{"10.0.0.1", "192.168.79.1"}) || m.Answer[0].Header().Class != dns.ClassINET|flush || m.Answer[0].Header().Ttl != ttl || !m.Authoritative {
			t.Fatalf("announcement %d: %v", i, m)
		}
	}
	v.await(t, "unity.local")
	asker := b.listen("lan0", 0)
	none := asker.ask(unity, dns.TypeAAAA, dns.ClassINET)
	if nsec, ok := none.Answer[0].(*dns.NSEC); !ok || !slices.Equal(nsec.TypeBitMap, []uint16{dns.TypeA}) || len(none.Extra) != 2 {
		t.Errorf("an address of the other family: %v", none)
	}
	whole := asker.ask(unity, dns.TypeANY, dns.ClassANY)
	if len(addresses(whole)) != 2 {
		t.Errorf("anything: %v", whole)
	}
	if got := member.ask(unity, dns.TypeA, dns.ClassINET, whole.Answer[0]); len(addresses(got)) != 1+1 {
		t.Errorf("what is known for a short time is said again: %v", got)
	}
	fresh := slices.Clone(whole.Answer)
	for _, rr := range fresh {
		rr.Header().Ttl = ttl
	}
	if got := asker.ask(unity, dns.TypeA, dns.ClassINET, fresh[0]); !slices.Equal(addresses(got), addresses(whole)[1:]) {
		t.Errorf("what is known is said again: %v", got)
	}
	for name, e := range map[string]*ear{"another name": asker, "a bridge": bridge} {
		asked := unity
		if name == "another name" {
			asked = "unity-2.local."
		}
		q := &dns.Msg{Question: []dns.Question{{Name: asked, Qtype: dns.TypeA, Qclass: dns.ClassINET}}}
		q.Id = 7
		e.say(q)
	}
	// What is answered next answers what was asked last: nothing was said in between.
	if got := asker.ask(unity, dns.TypeA, dns.ClassINET); got == nil || got.Id == 7 {
		t.Errorf("another name: %v", got)
	}
	if got := bridge.hear(50*time.Millisecond, said); got != nil {
		t.Errorf("over the bridge: %v", got)
	}
	v.stop()
	if bye := member.hear(patience, func(m *dns.Msg) bool { return m.Response && len(m.Answer) == 2 && m.Answer[0].Header().Ttl == 0 }); bye == nil {
		t.Error("it leaves without a goodbye")
	}
}

func TestANameIsDefendedAndLost(t *testing.T) {
	t.Parallel()
	a, b := newMachine(t), newMachine(t)
	cable(a, b, "lan0", "192.168.80.1/24", "192.168.80.2/24")
	member := b.listen("lan0", port)
	v := a.run()
	v.await(t, "unity.local")
	theirs := func(ttl uint32) dns.RR {
		return &dns.A{Hdr: dns.RR_Header{Name: unity, Rrtype: dns.TypeA, Class: dns.ClassINET | flush, Ttl: ttl}, A: net.IPv4(192, 168, 80, 2)}
	}
	for range 2 { // at once, too: who probes waits for a quarter of a second
		member.say(&dns.Msg{Question: []dns.Question{{Name: unity, Qtype: dns.TypeANY, Qclass: dns.ClassINET}}, Ns: []dns.RR{theirs(ttl)}})
		defence := member.hear(probeGap, func(m *dns.Msg) bool { return m.Response })
		if !slices.Equal(addresses(defence), []string{"192.168.80.1"}) {
			t.Fatalf("a probe: %v", defence)
		}
	}
	member.say(&dns.Msg{MsgHdr: dns.MsgHdr{Response: true}, Answer: []dns.RR{theirs(0)}}) // somebody left
	if v.Name() != "unity.local" {
		t.Fatal("a goodbye took the name")
	}
	claim := &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}, Answer: []dns.RR{theirs(ttl)}}
	member.say(claim)
	again := member.hear(patience, func(m *dns.Msg) bool { return !m.Response && len(m.Ns) > 0 })
	if again == nil || again.Question[0].Name != unity || v.Name() != "unity.local" {
		t.Fatalf("it does not ask again whose the name is: %v", again)
	}
	member.say(claim)
	v.await(t, "unity-2.local")
}

// TestInterfacesAndTheSwitchMayChange: the name follows what is there.
func TestInterfacesAndTheSwitchMayChange(t *testing.T) {
	t.Parallel()
	a, b := newMachine(t), newMachine(t)
	v := a.run()
	cable(a, b, "lan0", "192.168.81.1/24", "192.168.81.2/24")
	v.Changed()
	v.await(t, "unity.local")
	a.ip("addr", "add", "192.168.81.9/24", "dev", "lan0")
	asker := b.listen("lan0", 0)
	v.Changed()
	until(t, func() bool {
		return slices.Equal(addresses(asker.ask(unity, dns.TypeA, dns.ClassINET)), []string{"192.168.81.1", "192.168.81.9"})
	}, func() string { return "the new address is not told" })
	if v.Name() != "unity.local" {
		t.Errorf("it is %q now", v.Name())
	}
	v.on.Store(false)
	v.Changed()
	v.await(t, "")
	if got := asker.ask(unity, dns.TypeA, dns.ClassINET); got != nil {
		t.Errorf("it is off: %v", got)
	}
	v.on.Store(true)
	v.Changed()
	v.await(t, "unity.local")
	a.ip("link", "set", "lan0", "down")
	v.Changed()
	v.await(t, "")
}

// TestBesideAnother has a program on the port as Avahi is: it may stay, and hears
// what is sent to it alone.
func TestBesideAnother(t *testing.T) {
	t.Parallel()
	a, b := newMachine(t), newMachine(t)
	cable(a, b, "lan0", "192.168.82.1/24", "192.168.82.2/24")
	var avahi net.PacketConn
	var err error
	a.in(func() {
		avahi, err = (&net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
			return errors.Join(c.Control(func(fd uintptr) {
				err = errors.Join(unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1), unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
			}), err)
		}}).ListenPacket(t.Context(), "udp4", "0.0.0.0:5353")
	})
	if err != nil {
		t.Fatal(err)
	}
	defer avahi.Close()
	a.run().await(t, "unity.local")
	other := b.listen("lan0", 0)
	for range 20 {
		if _, err := other.conn.WriteTo([]byte("to you"), nil, &net.UDPAddr{IP: net.IPv4(192, 168, 82, 1), Port: port}); err != nil {
			t.Fatal(err)
		}
		if err := avahi.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		for buffer := make([]byte, 9000); ; {
			n, from, err := avahi.ReadFrom(buffer)
			if err != nil {
				t.Fatal("what is sent to the other program does not arrive")
			}
			if from.(*net.UDPAddr).IP.Equal(net.IPv4(192, 168, 82, 2)) && string(buffer[:n]) == "to you" {
				break
			}
		}
	}
}

// TestAnotherProgramOfThisBoxHasTheNameToo: what it says is as true as what we say,
// and its goodbye is not ours.
func TestAnotherProgramOfThisBoxHasTheNameToo(t *testing.T) {
	t.Parallel()
	a, b := newMachine(t), newMachine(t)
	cable(a, b, "lan0", "192.168.85.1/24", "192.168.85.2/24")
	v := a.run()
	v.await(t, "unity.local")
	beside, member := a.listen("lan0", port), b.listen("lan0", port)
	if err := beside.conn.SetMulticastLoopback(true); err != nil {
		t.Fatal(err)
	}
	var found []link
	var err error
	a.in(func() { found, err = links() })
	if err != nil || len(found) != 1 || len(found[0].all) != 2 {
		t.Fatal(found, err)
	}
	var said []dns.RR
	for _, ip := range found[0].all {
		h := dns.RR_Header{Name: unity, Rrtype: dns.TypeAAAA, Class: dns.ClassINET | flush, Ttl: ttl}
		if ip.Is4() {
			h.Rrtype = dns.TypeA
			said = append(said, &dns.A{Hdr: h, A: ip.AsSlice()})
			continue
		}
		said = append(said, &dns.AAAA{Hdr: h, AAAA: ip.AsSlice()})
	}
	answer := &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}, Answer: said}
	beside.say(answer)
	beside.say(answer) // who asked anew after the first would give way now
	asker := b.listen("lan0", 0)
	if got := asker.ask(unity, dns.TypeA, dns.ClassINET); !slices.Equal(addresses(got), []string{"192.168.85.1"}) || v.Name() != "unity.local" {
		t.Fatalf("it gave way to its own box: %v, %q", got, v.Name())
	}
	until(t, func() bool { // the second announcement ends what is said by itself
		for _, rr := range said {
			rr.Header().Ttl = 0
		}
		beside.say(answer)
		return member.hear(time.Second, func(m *dns.Msg) bool {
			return m.Response && len(m.Answer) == 1 && m.Answer[0].Header().Ttl == ttl
		}) != nil
	}, func() string { return "the goodbye of another program stands" })
}

func TestNoGoroutineIsLeft(t *testing.T) {
	a, b := newMachine(t), newMachine(t)
	cable(a, b, "lan0", "192.168.83.1/24", "192.168.83.2/24")
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	v := a.run()
	v.await(t, "unity.local")
	v.stop()
}

// TestNobodyMayUseThePort: it is said once, and everything else goes on.
func TestNobodyMayUseThePort(t *testing.T) {
	t.Parallel()
	a, b := newMachine(t), newMachine(t)
	cable(a, b, "lan0", "192.168.84.1/24", "192.168.84.2/24")
	var greedy net.PacketConn
	var err error
	a.in(func() { greedy, err = net.ListenPacket("udp4", "0.0.0.0:5353") })
	if err != nil {
		t.Fatal(err)
	}
	v := a.run()
	v.Changed()
	v.Changed()
	if v.Name() != "" {
		t.Error("it has a name")
	}
	if err := greedy.Close(); err != nil {
		t.Fatal(err)
	}
	v.Changed()
	v.await(t, "unity.local")
}

func TestOrder(t *testing.T) {
	t.Parallel()
	record := func(ip string) dns.RR {
		h := dns.RR_Header{Name: unity, Rrtype: dns.TypeA, Class: dns.ClassINET}
		if a := net.ParseIP(ip); a.To4() == nil {
			h.Rrtype = dns.TypeAAAA
			return &dns.AAAA{Hdr: h, AAAA: a}
		}
		return &dns.A{Hdr: h, A: net.ParseIP(ip)}
	}
	set := func(all ...string) (out []dns.RR) {
		for _, ip := range all {
			out = append(out, record(ip))
		}
		return out
	}
	// The example of RFC 6762, 8.2, and what it says of longer and other records.
	for _, tt := range []struct {
		a, b []dns.RR
		want int
	}{
		{set("169.254.99.200"), set("169.254.200.50"), -1},
		{set("169.254.200.50"), set("169.254.99.200"), 1},
		{set("10.0.0.1"), set("10.0.0.1"), 0},
		{set("10.0.0.2", "10.0.0.1"), set("10.0.0.1", "10.0.0.2"), 0},
		{set("10.0.0.1"), set("10.0.0.1", "10.0.0.2"), -1},
		{set("10.0.0.1", "fd00::1"), set("10.0.0.1"), 1},
		{set("fd00::1"), set("255.0.0.1"), 1},
	} {
		if got := cmp.Compare(order(tt.a, tt.b), 0); got != tt.want {
			t.Errorf("%v and %v: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}
