package mdns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"

	"github.com/miekg/dns"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"
	"golang.org/x/sys/unix"
)

// port is the one of multicast DNS.
const port = 5353

var (
	group4 = netip.MustParseAddr("224.0.0.251")
	group6 = netip.MustParseAddr("ff02::fb")
)

// A packet is a message that came in on an interface.
type packet struct {
	index int
	from  netip.AddrPort
	msg   *dns.Msg
}

// A wire is the sockets. They are bound to the group and not to the machine, so that
// whatever else speaks multicast DNS here, as Avahi does, still hears what is sent
// to it alone.
type wire struct {
	four *ipv4.PacketConn
	six  *ipv6.PacketConn // nil where there is no IPv6
	done chan struct{}

	mu   sync.Mutex
	sent [32][]byte // the last messages, because the group brings them back
	at   int
}

// open binds the sockets.
func open() (*wire, error) {
	w := &wire{done: make(chan struct{})}
	c, err := bind(unix.AF_INET, &unix.SockaddrInet4{Port: port, Addr: group4.As4()})
	if err != nil {
		return nil, errors.Join(errNoPort, err)
	}
	w.four = ipv4.NewPacketConn(c)
	err = errors.Join(w.four.SetControlMessage(ipv4.FlagInterface, true), w.four.SetMulticastTTL(255), w.four.SetMulticastLoopback(true))
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	c, err = bind(unix.AF_INET6, &unix.SockaddrInet6{Port: port, Addr: group6.As16()})
	if err != nil {
		return w, nil //nolint:nilerr // a machine without IPv6
	}
	w.six = ipv6.NewPacketConn(c)
	err = errors.Join(w.six.SetControlMessage(ipv6.FlagInterface, true), w.six.SetMulticastHopLimit(255), w.six.SetMulticastLoopback(true))
	if err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

// bind returns a socket that shares its port, with whoever else shares it.
func bind(family int, at unix.Sockaddr) (net.PacketConn, error) {
	fd, err := unix.Socket(family, unix.SOCK_DGRAM, unix.IPPROTO_UDP)
	if err != nil {
		return nil, fmt.Errorf("socket: %w", err)
	}
	unix.CloseOnExec(fd)
	f := os.NewFile(uintptr(fd), "mdns")
	defer f.Close() // the connection has its own
	err = errors.Join(unix.SetNonblock(fd, true),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1), unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1))
	if family == unix.AF_INET6 {
		err = errors.Join(err, unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1))
	}
	if err == nil {
		err = unix.Bind(fd, at)
	}
	if err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	return net.FilePacketConn(f)
}

// join enters the groups on interfaces, and returns those where it could.
func (w *wire) join(all []link) (joined []link) {
	for _, l := range all {
		i := &net.Interface{Index: l.index, Name: l.name}
		g4, g6 := &net.UDPAddr{IP: group4.AsSlice()}, &net.UDPAddr{IP: group6.AsSlice()}
		_ = w.four.LeaveGroup(i, g4) // it may have been in it before its address changed
		in := w.four.JoinGroup(i, g4) == nil
		if w.six != nil {
			_ = w.six.LeaveGroup(i, g6)
			in = w.six.JoinGroup(i, g6) == nil || in
		}
		if in {
			joined = append(joined, l)
		}
	}
	return joined
}

// read hands on what comes in until close.
func (w *wire) read(g *sync.WaitGroup, packets chan<- packet) {
	g.Go(func() {
		w.loop(packets, func(b []byte) (n, index int, from net.Addr, err error) {
			n, cm, from, err := w.four.ReadFrom(b)
			if cm != nil {
				index = cm.IfIndex
			}
			return n, index, from, err
		})
	})
	if w.six == nil {
		return
	}
	g.Go(func() {
		w.loop(packets, func(b []byte) (n, index int, from net.Addr, err error) {
			n, cm, from, err := w.six.ReadFrom(b)
			if cm != nil {
				index = cm.IfIndex
			}
			return n, index, from, err
		})
	})
}

// loop reads from one socket.
func (w *wire) loop(packets chan<- packet, read func([]byte) (n, index int, from net.Addr, err error)) {
	buffer := make([]byte, 9000) // the longest message (RFC 6762, 17)
	for {
		n, index, from, err := read(buffer)
		if errors.Is(err, net.ErrClosed) {
			return
		}
		at, ok := from.(*net.UDPAddr)
		if err != nil || !ok || w.mine(buffer[:n]) {
			continue
		}
		msg := new(dns.Msg)
		if msg.Unpack(buffer[:n]) != nil || msg.Opcode != dns.OpcodeQuery || msg.Rcode != dns.RcodeSuccess {
			continue // nothing that is answered (RFC 6762, 18)
		}
		select {
		case packets <- packet{index, at.AddrPort(), msg}:
		case <-w.done:
			return
		}
	}
}

// send sends a message to the group on one interface. What does not arrive is asked for again.
func (w *wire) send(l link, m *dns.Msg) {
	data, err := m.Pack()
	if err != nil {
		return // a name of ours and addresses: they fit
	}
	w.note(data)
	_, _ = w.four.WriteTo(data, &ipv4.ControlMessage{IfIndex: l.index}, &net.UDPAddr{IP: group4.AsSlice(), Port: port})
	if w.six != nil {
		_, _ = w.six.WriteTo(data, &ipv6.ControlMessage{IfIndex: l.index}, &net.UDPAddr{IP: group6.AsSlice(), Port: port, Zone: l.name})
	}
}

// answer sends a message to one that asked.
func (w *wire) answer(l link, to netip.AddrPort, m *dns.Msg) {
	data, err := m.Pack()
	if err != nil {
		return // a name of ours and addresses: they fit
	}
	if to.Addr().Unmap().Is4() {
		_, _ = w.four.WriteTo(data, &ipv4.ControlMessage{IfIndex: l.index}, net.UDPAddrFromAddrPort(to))
		return
	}
	_, _ = w.six.WriteTo(data, &ipv6.ControlMessage{IfIndex: l.index}, net.UDPAddrFromAddrPort(to))
}

// note remembers what is sent.
func (w *wire) note(data []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent[w.at] = data
	w.at = (w.at + 1) % len(w.sent)
}

// mine reports whether a message is one of ours that came back. Nobody else sends
// the same: the addresses in it are ours.
func (w *wire) mine(data []byte) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.ContainsFunc(w.sent[:], func(s []byte) bool { return len(s) > 0 && slices.Equal(s, data) })
}

// close ends the readers.
func (w *wire) close() error {
	close(w.done)
	err := w.four.Close()
	if w.six != nil {
		err = errors.Join(err, w.six.Close())
	}
	return err
}
