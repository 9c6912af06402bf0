package mdns

import (
	"cmp"
	"errors"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/miekg/dns"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

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

// TestNobodyMakesItSpeak: one message with a hundred goodbyes of ours is answered
// once, and who says that it has every name is believed of the one that is asked for.
func TestNobodyMakesItSpeak(t *testing.T) {
	t.Parallel()
	a, b := newMachine(t), newMachine(t)
	cable(a, b, "lan0", "192.168.86.1/24", "192.168.86.2/24")
	member := b.listen("lan0", port)
	v := a.run()
	v.await(t, "unity.local")
	record := func(name string, ttl uint32, ip string) dns.RR {
		return &dns.A{Hdr: dns.RR_Header{Name: name, Rrtype: dns.TypeA, Class: dns.ClassINET | flush, Ttl: ttl}, A: net.ParseIP(ip)}
	}
	said := func(all ...dns.RR) *dns.Msg {
		return &dns.Msg{MsgHdr: dns.MsgHdr{Response: true, Authoritative: true}, Compress: true, Answer: all}
	}
	announced := func(m *dns.Msg) bool { return m.Response && len(m.Answer) == 1 && m.Answer[0].Header().Ttl == ttl }
	for quiet := false; !quiet; { // then it holds the name
		quiet = member.hear(announceGap+announceGap/2, announced) == nil
	}
	byes := said()
	for range 100 {
		byes.Answer = append(byes.Answer, record(unity, 0, "192.168.86.1"))
	}
	for range 5 {
		member.say(byes)
	}
	heard := 0
	for member.hear(announceGap/2, announced) != nil {
		heard++
	}
	if heard != 1 {
		t.Errorf("500 goodbyes were answered %d times", heard)
	}
	member.say(said(record(unity, ttl, "192.168.86.2")))
	if again := member.hear(patience, func(m *dns.Msg) bool { return !m.Response }); again == nil {
		t.Fatal("it does not ask again")
	}
	for _, name := range []string{unity, "unity-2.local.", "unity-3.local.", "unity-4.local."} {
		member.say(said(record(name, ttl, "192.168.86.2")))
	}
	v.await(t, "unity-2.local")
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
