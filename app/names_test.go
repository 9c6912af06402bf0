package app

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// at returns where a TCP listener listens.
func at(t *testing.T, address string) net.Addr {
	t.Helper()
	a, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestAddresses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		plain, tls, host       string
		secure, open, loopback string // loopback is open's answer to this box
	}{
		{"[::]:80", "[::]:443", "nas.local", "https://nas.local", "http://nas.local", "http://LAN"},
		{"[::]:8080", "[::]:8443", "fd00::2", "https://[fd00::2]:8443", "http://[fd00::2]:8080", "http://LAN:8080"},
		{"[::]:80", "[::]:443", "fd00::2", "https://[fd00::2]", "http://[fd00::2]", "http://LAN"},
		{"127.0.0.1:8080", "[::]:8443", "192.168.1.5", "https://192.168.1.5:8443", "", ""},
		{"[::]:80", "127.0.0.1:8443", "192.168.1.5", "", "http://192.168.1.5", "http://LAN"},
		{"[::]:80", "127.0.0.1:8443", "localhost", "https://localhost:8443", "http://LAN", "http://LAN"},
		{"192.168.1.5:80", "192.168.1.5:443", "10.0.0.1", "https://192.168.1.5", "", ""},
		{"192.168.1.5:80", "192.168.1.5:443", "nas.local", "https://nas.local", "http://nas.local", ""},
		{"", "", "nas.local", "", "", ""},
	} {
		n := &names{}
		if tt.plain != "" {
			n.plain, n.tls = at(t, tt.plain), at(t, tt.tls)
		}
		lan := strings.NewReplacer("LAN", n.lan())
		if got := n.secure(tt.host); got != tt.secure {
			t.Errorf("%+v: %q", tt, got)
		}
		if got := n.open(tt.host); got != lan.Replace(tt.open) {
			t.Errorf("%+v: %q", tt, got)
		}
		if got := n.open("127.0.0.1"); got != lan.Replace(tt.loopback) {
			t.Errorf("%+v: this box %q", tt, got)
		}
	}
}

func TestTheNameThatWasWonIsOurs(t *testing.T) {
	t.Parallel()
	won := ""
	n := &names{config: &Config{}, hostname: "nas", plain: at(t, "[::]:80"), tls: at(t, "[::]:443"), won: func() string { return won }}
	if n.known("unity.local") || n.known("") || n.named() != "https://nas.local" || slices.Contains(n.urls(), "https://unity.local") {
		t.Error("it was not won yet")
	}
	won = "unity.local"
	if !n.known("unity.local") || !n.known("unity.local.") || n.known("unity-2.local") || n.named() != "https://unity.local" ||
		!slices.Contains(n.urls(), "https://unity.local") || n.urls()[0] != "http://127.0.0.1" {
		t.Error(n.urls(), n.named())
	}
	if base := n.base(); base != "https://"+n.lan() {
		t.Errorf("links begin with %s", base)
	}
	n.settings = store.SystemSettings{PublicURL: "https://unity.example.org"}
	if n.base() != "https://unity.example.org" || n.named() != "https://unity.example.org" {
		t.Error(n.base(), n.named())
	}
}

// TestPortsAreFound takes the first address that can be had, and never another
// than the one that was named.
func TestPortsAreFound(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer taken.Close()
	h, err := take(filepath.Join(t.TempDir(), "data"))
	must(t, err)
	defer h.Close()
	used := taken.Addr().String()
	if _, err := h.listen(t.Context(), "--http", or(used, "127.0.0.1:0")...); err == nil || !strings.Contains(fault.From(err).Msg, used+": address already in use. Choose another address with --http") {
		t.Errorf("a named address that is taken: %v", fault.From(err).Msg)
	}
	ln, err := h.listen(t.Context(), "--http", or(auto, used, "127.0.0.1:0")...)
	must(t, err)
	defer ln.Close()
	if ln.Addr().String() == used {
		t.Error("it is shared")
	}
	again, err := h.listen(t.Context(), "--http", or(auto, used, "127.0.0.1:0")...)
	must(t, err)
	defer again.Close()
	if again.Addr().String() != ln.Addr().String() {
		t.Errorf("a restart goes to %s", again.Addr())
	}
	if _, err := h.listen(t.Context(), "--https", or(auto, used, used)...); err == nil || !strings.Contains(fault.From(err).Msg, ", nor on ") {
		t.Errorf("nothing to be had: %v", err)
	}
}

func TestTheKeyGoesToTheApplianceOfTheDataDirectory(t *testing.T) {
	t.Parallel()
	if got := running(t.Context(), filepath.Join(os.TempDir(), "nobody-here")); got != unasked {
		t.Error(got)
	}
}

func TestGivenNamesCover(t *testing.T) {
	t.Parallel()
	for _, v := range []struct {
		given, host string
		want        bool
	}{
		{"unity.example.org", "Unity.Example.org", true},
		{"unity.example.org", "a.unity.example.org", false},
		{"*.example.org", "tv.example.org", true},
		{"*.example.org", "example.org", false},
		{"*.example.org", "a.b.example.org", false},
		{"*.example.org", "tv.example.org.evil.test", false},
		{"*.example.org", "*.example.org", true},
	} {
		if got := covers(v.given, v.host); got != v.want {
			t.Errorf("%s covers %s: %v", v.given, v.host, got)
		}
	}
}
