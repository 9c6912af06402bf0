package support_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/support"
)

var people = []support.Name{
	{"tenant", "acme"},
	{"tenant", "Acme & Sons"},
	{"server", "nas"},
	{"server", "NAS of Lea"},
	{"server", "1"},
	{"host", "nas.lan"},
	{"host", "192.0.2.9"},
	{"user", "lea"},
	{"email", "lea@example.org"},
	{"place", "s3://hoard/unity"},
	{"place", "https://unity.example.org"},
	{"directory", "/srv/unity/"},
	{"user", "łucja"},
	{"user", `a "b"`},
	{"user", ""},
	{"user", "--"},
	{"host", "127.0.0.1"},
}

func TestNamesAreHidden(t *testing.T) {
	t.Parallel()
	h := support.NewHider(people)
	for _, c := range [][2]string{
		{"tenant acme and ACME", "tenant tenant-1 and tenant-1"},
		{"Acme & Sons, not acmeus", "tenant-2, not acmeus"},
		{"nas (NAS of Lea) nasal", "server-1 (server-2) nasal"},
		{"nas.lan and sub.nas.lan and nas", "host-1 and host-2 and server-1"},
		{"lea wrote to lea@example.org, LEA@example.org", "user-1 wrote to email-1, email-1"},
		{"łucja Łucja", "user-2 user-2"},
		{`user "a \"b\"" is known`, `user "user-3\"" is known`},
		{"root@203.0.113.5: permission denied", "email-2: permission denied"},
		{"dial tcp 192.0.2.9:22: connect: connection refused", "dial tcp address-1:22: connect: connection refused"},
		{"dial tcp [2001:db8::7]:22: i/o timeout", "dial tcp [address-2]:22: i/o timeout"},
		{"dial udp [fe80::1%eth0]:53", "dial udp [address-3]:53"},
		{"listen 127.0.0.1:8080, [::1]:80 and 0.0.0.0", "listen 127.0.0.1:8080, [::1]:80 and 0.0.0.0"},
		{"lookup printer on 192.0.2.1:53: no such host", "lookup host-3 on address-4:53: no such host"},
		{`Post "https://ntfy.sh/my-secret-topic?a=b": EOF`, `Post "https://host-4/path-1": EOF`},
		{"s3://hoard/unity NoSuchBucket: hoard", "s3://host-5/path-2 NoSuchBucket: host-5"},
		{"https://unity.example.org and https://lea:pw@unity.example.org:8443/x", "https://host-6 and https://host-6:8443/path-3"},
		{"https://acme-v02.api.letsencrypt.org/acme/order/1/2", "https://acme-v02.api.letsencrypt.org/path-4"},
		{"open /home/lea/photos: permission denied", "open path-5: permission denied"},
		{"open /srv/unity/unity.db beside /srv/unity-2/x.y and /srv/unity", "open directory-1/unity.db beside path-6 and directory-1"},
		{"read /proc/stat and /etc/resolv.conf, GET /servers, and/or", "read /proc/stat and /etc/resolv.conf, GET /servers, and/or"},
		{"see /home/lea/photos. Or fe80::1: or nas.lan.", "see path-5. Or address-3: or host-1."},
		{"aa:bb:cc:dd:ee:ff at 14:05:09", "mac-1 at 14:05:09"},
		{"SHA256:abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQ", "fingerprint-1"},
		{"certificate for *.home.example.org", "certificate for host-7"},
		{"disk.full and server.name_taken in store.go 2.3.4", "disk.full and server.name_taken in store.go 2.3.4"},
		{"server 1 of 12", "server server-3 of 12"},
		{"x-lea-y", "x-user-1-y"},
		{"mount /mnt/lea@attic/photos, or nas:/mnt/x@y/z", "mount path-7, or server-1:path-8"},
		{"and/or.example.org", "and/host-8"},
	} {
		if got := h.Text(c[0]); got != c[1] {
			t.Errorf("%q\n got %q\nwant %q", c[0], got, c[1])
		}
		if got := h.Text(c[0]); got != c[1] {
			t.Errorf("%q is called otherwise the second time: %q", c[0], got)
		}
	}
}

func TestALogKeepsItsShape(t *testing.T) {
	t.Parallel()
	h := support.NewHider(people)
	got := h.Log(support.Lines{
		`{"time":"2026-11-24T14:05:09Z","level":"INFO","msg":"lea of ours","part":"auth","n":1,"ok":true,"tenant":"acme","err":{"code":"server.unreachable","cause":"dial nas: \u003cnil\u003e"}}`,
		`{"level":"INFO","msg":"lea of others","part":"cert","names":["nas.lan"]}`,
		`panic: lea`,
	})
	want := `{"time":"2026-11-24T14:05:09Z","level":"INFO","msg":"lea of ours","part":"auth","n":1,"ok":true,"tenant":"tenant-1","err":{"code":"server.unreachable","cause":"dial server-1: \u003cnil\u003e"}}
{"level":"INFO","msg":"user-1 of others","part":"cert","names":["host-1"]}
"panic: user-1"
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestALogThatIsMadeToCostMuch: what strangers bring into the log costs what any
// other does, as far as a test can tell. The best of several turns counts.
func TestALogThatIsMadeToCostMuch(t *testing.T) {
	t.Parallel()
	h := support.NewHider(people)
	cost := func(piece string) time.Duration {
		line := `{"level":"WARN","msg":"x","report":"` + strings.Repeat(piece, 16<<10/len(piece)) + `"}`
		best := time.Hour
		for range 3 {
			begun := time.Now()
			h.Log(support.Lines{line})
			best = min(best, time.Since(begun))
		}
		return best
	}
	usual := cost("dial tcp 192.0.2.9:22: connect: connection refused ")
	for _, piece := range []string{"a.b!", "a.lan+", "aa:", "a@", "/a.b", "x://"} {
		if took := cost(piece); took > 30*usual {
			t.Errorf("%s again and again took %s, any other line %s", piece, took, usual)
		}
	}
}

// unpacked returns the files of a bundle.
func unpacked(t *testing.T, packed io.Reader) map[string]string {
	t.Helper()
	z, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for r := tar.NewReader(z); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(r)
		name, inside := strings.CutPrefix(h.Name, "unity-support/")
		if err != nil || !inside || h.Mode != 0o600 {
			t.Fatal(h.Name, h.Mode, err)
		}
		all[name] = string(text)
	}
}

// broken are parts of which each is broken in another way.
var broken = []support.Part{
	{Name: "fine.json", About: "Fine.", Make: func(context.Context) (any, error) { return map[string]any{"text": "lea", "n": 1}, nil }},
	{Name: "ours.txt", About: "Ours.", Ours: true, Make: func(context.Context) (any, error) { return "lea", nil }},
	{Name: "failed.json", About: "Failed.", Make: func(context.Context) (any, error) {
		return nil, fault.New(fault.Unavailable, "x.y", "It is away.").Because(errors.New("dial nas\nagain"))
	}},
	{Name: "half.json", About: "Half.", Make: func(context.Context) (any, error) { return []int{1}, errors.New("the rest is gone") }},
	{Name: "panic.json", About: "Panics.", Make: func(context.Context) (any, error) { var p *int; return *p, nil }},
	{Name: "slow.json", About: "Slow.", Make: func(ctx context.Context) (any, error) { <-ctx.Done(); return nil, ctx.Err() }},
	{Name: "odd.json", About: "Odd.", Make: func(context.Context) (any, error) { return func() {}, nil }},
	{Name: "strange.txt", About: "Of nobody.", Make: func(context.Context) (any, error) { return support.Strange{"panic: lea lost nas: disk.full"}, nil }},
	{Name: "large.txt", About: "Large.", Ours: true, Make: func(context.Context) (any, error) { return strings.Repeat("x", 5<<20), nil }},
}

func bundle(names error) support.Bundle {
	return support.Bundle{Parts: broken, Now: time.Now, Names: func(context.Context) ([]support.Name, error) {
		if names != nil {
			return nil, names
		}
		return people, nil
	}}
}

func TestWhatIsBrokenTakesNothingWithIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		missing, err := bundle(nil).Write(t.Context(), &out)
		if err != nil || len(missing) != 6 {
			t.Fatal(missing, err)
		}
		all := unpacked(t, &out)
		if all["fine.json"] != "{\n  \"n\": 1,\n  \"text\": \"user-1\"\n}\n" || all["ours.txt"] != "lea" || all["half.json"] == "" || all["strange.txt"] != "\"… disk.full\"\n" || len(all["large.txt"]) != 4<<20 {
			t.Errorf("%.200v", all)
		}
		for _, want := range []string{
			"failed.json        It is away. (dial server-1 again)\n", "half.json          in part: the rest is gone\n",
			"panic.json         it panicked: runtime error", "slow.json          it took too long\n", "odd.json", "large.txt          in part: it ends after 4 MiB",
			"fine.json                33 bytes  Fine.\n",
		} {
			if !strings.Contains(all["MANIFEST.txt"], want) {
				t.Errorf("no %q in\n%s", want, all["MANIFEST.txt"])
			}
		}
		if !strings.Contains(all["README.txt"], "Nothing was sent anywhere") || strings.Contains(all["MANIFEST.txt"], "nothing is missing") {
			t.Error(all["README.txt"])
		}
	})
}

// TestWhoDoesNotKnowTheNamesShowsNone reads the log of an appliance whose names
// nobody can read.
func TestWhoDoesNotKnowTheNamesShowsNone(t *testing.T) {
	t.Parallel()
	b := bundle(errors.New("database disk image is malformed in MARKER"))
	b.Parts = []support.Part{
		{Name: "log.txt", Make: func(context.Context) (any, error) {
			return support.Lines{`{"time":"t","level":"ERROR","msg":"poll","server":"MARKER","err":{"code":"store.busy","cause":"MARKER: no space left on device"},"n":7}`}, nil
		}},
		{Name: "doctor.json", Make: func(context.Context) (any, error) {
			return []map[string]any{{"ok": true, "what": "audit", "text": "tenant MARKER: 7 rows"}}, nil
		}},
		{Name: "failed.json", Make: func(context.Context) (any, error) { return nil, errors.New("MARKER is away") }},
	}
	var out bytes.Buffer
	missing, err := b.Write(t.Context(), &out)
	if err != nil || len(missing) != 2 {
		t.Fatal(missing, err)
	}
	all := unpacked(t, &out)
	for name, text := range all {
		if strings.Contains(text, "MARKER") {
			t.Errorf("%s: %s", name, text)
		}
	}
	if want := `{"time":"t","level":"ERROR","msg":"poll","server":"… ","err":{"code":"store.busy","cause":"… no space left on device"},"n":7}` + "\n"; all["log.txt"] != want {
		t.Errorf("%s", all["log.txt"])
	}
	if !strings.Contains(all["names.txt"], "database disk image is malformed") || !strings.Contains(all["doctor.json"], `"what": "audit"`) {
		t.Errorf("%v", all)
	}
}

// A full writer takes some bytes and no more.
type fullWriter struct{ left int }

func (w *fullWriter) Write(p []byte) (int, error) {
	if len(p) > w.left {
		return 0, io.ErrShortWrite
	}
	w.left -= len(p)
	return len(p), nil
}

func TestABundleThatCannotBeWrittenFails(t *testing.T) {
	t.Parallel()
	b := bundle(nil)
	b.Parts = []support.Part{broken[0], {Name: "noise.txt", Ours: true, Make: func(context.Context) (any, error) { return noise(), nil }}}
	if _, err := b.Write(t.Context(), &fullWriter{left: 100 << 10}); !errors.Is(err, io.ErrShortWrite) {
		t.Error(err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := b.Write(gone, io.Discard); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// noise is a text that does not pack well.
func noise() string {
	var out strings.Builder
	for n := uint64(88172645463325252); out.Len() < 1<<20; {
		n ^= n << 13
		n ^= n >> 7
		n ^= n << 17
		out.WriteByte(byte(n))
	}
	return out.String()
}
