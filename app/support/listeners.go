package support

import (
	"encoding/hex"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"slices"
	"strconv"
	"strings"
)

// A Listener is where this process waits for callers.
type Listener struct {
	Kind string `json:"kind"` // tcp or udp
	On   string `json:"on"`   // loopback, all addresses, one address
	Port uint16 `json:"port"`
}

// listening is the state of a TCP socket in the kernel's table, and of one of UDP
// that is bound and not connected.
var listening = map[string]string{"tcp": "0A", "tcp6": "0A", "udp": "07", "udp6": "07"}

// Listeners returns where this process listens, as the kernel says.
func Listeners() ([]Listener, error) {
	own, err := sockets()
	if err != nil {
		return nil, err
	}
	all := []Listener{}
	for _, kind := range []string{"tcp", "tcp6", "udp", "udp6"} {
		table, err := os.ReadFile("/proc/self/net/" + kind) //nolint:gosec // one of four
		if errors.Is(err, fs.ErrNotExist) {                 // a kernel without IPv6
			continue
		}
		if err != nil {
			return all, err
		}
		for line := range strings.Lines(string(table)) {
			f := strings.Fields(line)
			if len(f) < 10 || f[3] != listening[kind] || !own[f[9]] {
				continue
			}
			if l, ok := listenerOf(kind, f[1]); ok && !slices.Contains(all, l) {
				all = append(all, l)
			}
		}
	}
	return all, nil
}

// sockets returns the numbers of the sockets that this process has open.
func sockets() (map[string]bool, error) {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return nil, err
	}
	all := map[string]bool{}
	for _, f := range files {
		to, err := os.Readlink("/proc/self/fd/" + f.Name())
		if err != nil {
			continue // it was closed meanwhile
		}
		if number, ok := strings.CutPrefix(to, "socket:["); ok {
			all[strings.TrimSuffix(number, "]")] = true
		}
	}
	return all, nil
}

// listenerOf reads an address as the kernel writes it: 0100007F:1F90.
func listenerOf(kind, text string) (l Listener, ok bool) {
	address, port, _ := strings.Cut(text, ":")
	raw, err := hex.DecodeString(address)
	n, err2 := strconv.ParseUint(port, 16, 16)
	if err != nil || err2 != nil || len(raw)%4 != 0 {
		return l, false
	}
	for word := range slices.Chunk(raw, 4) {
		slices.Reverse(word)
	}
	a, ok := netip.AddrFromSlice(raw)
	l = Listener{Kind: strings.TrimSuffix(kind, "6"), On: "one address", Port: uint16(n)}
	switch a = a.Unmap(); {
	case a.IsLoopback():
		l.On = "loopback"
	case a.IsUnspecified():
		l.On = "all addresses"
	}
	return l, ok
}
