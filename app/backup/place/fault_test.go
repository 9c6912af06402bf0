package place_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"unity.internal/app/backup/place"
	"unity.internal/app/backup/place/placetest"
	"unity.internal/app/fault"
	"unity.internal/app/remote/sshdtest"
)

// remotes runs a test against a place of each kind that is on a network.
func remotes(t *testing.T, f func(t *testing.T, s *placetest.Server)) {
	t.Helper()
	t.Parallel()
	for scheme, start := range map[string]func(testing.TB) *placetest.Server{
		place.S3:     func(tb testing.TB) *placetest.Server { return placetest.S3(tb) },
		place.SFTP:   func(tb testing.TB) *placetest.Server { return placetest.SFTP(tb) },
		place.WebDAV: placetest.WebDAV,
	} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			f(t, start(t))
		})
	}
}

// explained fails unless err is a fault with that code, in words, without secrets.
func explained(t *testing.T, s *placetest.Server, err error, code string) *fault.Error {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](place.Explain(err))
	if !ok || f.Code != code {
		t.Errorf("%v, want %s", place.Explain(err), code)
		return &fault.Error{}
	}
	if !strings.HasSuffix(f.Msg, ".") && !strings.HasSuffix(f.Msg, "?") || strings.Count(f.Msg, ". ")+strings.Count(f.Msg, "? ")+strings.Count(f.Msg, "»") < 1 {
		t.Errorf("no next step in %q", f.Msg)
	}
	for _, secret := range [][]byte{s.Secret, s.Wrong} {
		if text := f.Error() + f.Msg; len(secret) > 0 && strings.Contains(text, string(secret)) {
			t.Errorf("the secret is in %q", text)
		}
	}
	return f
}

// reading and writing are every way to fail.
func reading(ctx context.Context, p place.Place) map[string]error {
	_, _, read := p.Read(ctx, "replica/owner")
	_, list := p.List(ctx, "replica")
	_, down := p.Download(ctx, "replica/owner")
	c, err := p.Client("replica")
	if err == nil {
		_, err = c.LTXFiles(ctx, 0, 0, false)
	}
	return map[string]error{"read": read, "list": list, "download": down, "ltx files": err}
}

func writing(ctx context.Context, p place.Place) map[string]error {
	_, write := p.Write(ctx, "replica/owner", []byte("me"), "")
	_, create := p.Write(ctx, "replica/new", []byte("me"), place.Absent)
	_, up := p.Upload(ctx, "replica/copy", bytes.NewReader(noise(100)))
	_, large := p.Upload(ctx, "replica/large", bytes.NewReader(noise(9<<20)))
	return map[string]error{"write": write, "create": create, "upload": up, "large upload": large}
}

func TestAWrongSecretIsDenied(t *testing.T) {
	remotes(t, func(t *testing.T, s *placetest.Server) {
		p := placetest.OpenWith(t, s.Config, s.Wrong)
		for what, err := range reading(t.Context(), p) {
			t.Log(what)
			explained(t, s, err, "replica.denied")
		}
		for what, err := range writing(t.Context(), p) {
			t.Log(what)
			explained(t, s, err, "replica.denied")
		}
	})
}

func TestNoKeysAnywhereAreDenied(t *testing.T) {
	s := placetest.S3(t)
	s.Config.AccessKey = ""
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	p := placetest.OpenWith(t, s.Config, nil)
	for _, err := range reading(t.Context(), p) {
		if f := explained(t, s, err, "replica.denied"); !strings.Contains(f.Msg, "AWS_ACCESS_KEY_ID") {
			t.Fatal(f.Msg)
		}
	}
}

func TestKeysMayComeFromTheEnvironment(t *testing.T) {
	s := placetest.S3(t)
	t.Setenv("AWS_ACCESS_KEY_ID", s.Config.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", string(s.Secret))
	s.Config.AccessKey = ""
	must(placetest.OpenWith(t, s.Config, nil).Write(t.Context(), "x", nil, ""))(t)
}

func TestAnotherHostKeyIsRefused(t *testing.T) {
	t.Parallel()
	s := placetest.SFTP(t)
	right := s.Config.HostKey
	key, fingerprint, err := place.HostKey(t.Context(), s.Config)
	if err != nil || key != right || !strings.HasPrefix(fingerprint, "SHA256:") {
		t.Fatal(key, fingerprint, err)
	}
	for _, typ := range []string{"ed25519", "rsa", "ecdsa"} {
		other := sshdtest.Start(t, sshdtest.Options{HostKeys: []string{typ}})
		s.Config.HostKey = other.PublicHostKey(t, 0)
		for _, err := range reading(t.Context(), placetest.OpenWith(t, s.Config, s.Secret)) {
			f := explained(t, s, err, "replica.host_key")
			if !strings.Contains(f.Msg, right) || !strings.Contains(f.Msg, fingerprint) {
				t.Fatal(f.Msg)
			}
		}
	}
}

func TestEveryTypeOfHostKeyCanBePinned(t *testing.T) {
	t.Parallel()
	secret, public := placetest.Key(t)
	s := placetest.SFTP(t)
	types := []string{"ed25519", "rsa", "ecdsa"}
	d := sshdtest.Start(t, sshdtest.Options{HostKeys: types, AuthorizedKeys: []string{public}, Config: []string{"Subsystem sftp internal-sftp", "MaxStartups 100"}})
	for i := range types {
		c := s.Config
		c.HostKey = d.PublicHostKey(t, i)
		c.URL = "sftp://" + userOf(c.URL) + "@" + at(d) + t.TempDir()
		must(placetest.OpenWith(t, c, secret).Write(t.Context(), "x", nil, ""))(t)
	}
}

func TestAMissingBucketIsNamed(t *testing.T) {
	t.Parallel()
	s := placetest.S3(t)
	s.Config.URL = "s3://nothing/unity"
	p := s.Open(t)
	for _, all := range []map[string]error{reading(t.Context(), p), writing(t.Context(), p)} {
		for what, err := range all {
			t.Log(what)
			explained(t, s, err, "replica.no_bucket")
		}
	}
}

func TestAPlaceThatIsAwayIsUnreachableAndComesBack(t *testing.T) {
	remotes(t, func(t *testing.T, s *placetest.Server) {
		p := s.Open(t)
		must(p.Write(t.Context(), "x", []byte("1"), ""))(t)
		s.Away()
		for _, all := range []map[string]error{reading(t.Context(), p), writing(t.Context(), p)} {
			for what, err := range all {
				t.Log(what)
				explained(t, s, err, "replica.unreachable")
			}
		}
		s.Back()
		if data, _, err := p.Read(t.Context(), "x"); err != nil || string(data) != "1" {
			t.Fatal(data, err)
		}
		must(p.Write(t.Context(), "x", []byte("2"), ""))(t)
	})
}

func TestAHostWithoutANameIsUnreachable(t *testing.T) {
	t.Parallel()
	_, key := placetest.Key(t)
	secret, _ := placetest.Key(t)
	for _, c := range []place.Config{
		{URL: "sftp://ada@nowhere.invalid/srv", HostKey: key},
		{URL: "webdavs://nowhere.invalid/srv", Username: "ada"},
		{URL: "s3://bucket/x", Endpoint: "nowhere.invalid", AccessKey: "id"},
	} {
		s := &placetest.Server{Config: c, Secret: secret}
		for _, err := range reading(t.Context(), s.Open(t)) {
			explained(t, s, err, "replica.unreachable")
		}
	}
}

// All wait at the same time: each for as long as a network may be silent.
func TestASilentPlaceFailsWithinHalfAMinute(t *testing.T) {
	t.Parallel()
	var all sync.WaitGroup
	try := func(s *placetest.Server, what string, call func() error) {
		all.Go(func() {
			began := time.Now()
			explained(t, s, call(), "replica.unreachable")
			if d := time.Since(began); d > 35*time.Second { // half a minute, and what a busy machine takes
				t.Errorf("%s %s: after %v", s.Config.URL, what, d)
			}
		})
	}
	for _, s := range []*placetest.Server{placetest.S3(t), placetest.SFTP(t), placetest.WebDAV(t)} {
		fresh, used, halfway := s.Open(t), s.Open(t), s.Open(t)
		must(used.Write(t.Context(), "x", noise(100), ""))(t)
		must(halfway.Upload(t.Context(), "large", bytes.NewReader(noise(20<<20))))(t)
		r := must(halfway.Download(t.Context(), "large"))(t)
		must(io.CopyN(io.Discard, r, 1<<20))(t)
		s.Silence()
		for when, p := range map[string]place.Place{"fresh": fresh, "used": used} {
			try(s, when+" read", func() error { _, _, err := p.Read(t.Context(), "x"); return err })
			try(s, when+" list", func() error { _, err := p.List(t.Context(), ""); return err })
			try(s, when+" upload", func() error { _, err := p.Upload(t.Context(), "y", bytes.NewReader(noise(9<<20))); return err })
		}
		try(s, "rest of a download", func() error { _, err := io.Copy(io.Discard, r); return errors.Join(err, r.Close()) })
	}
	for _, s := range []*placetest.Server{placetest.S3(t), placetest.SFTP(t), placetest.WebDAV(t)} {
		p := s.Open(t)
		try(s, "rest of an upload", func() error {
			body := io.MultiReader(bytes.NewReader(noise(9<<20)), calling(s.Silence), bytes.NewReader(noise(20<<20)))
			_, err := p.Upload(t.Context(), "x", body)
			return err
		})
	}
	all.Wait()
}

func TestAReadOnlyPlaceIsReadAndSaysSo(t *testing.T) {
	remotes(t, func(t *testing.T, s *placetest.Server) {
		p := s.Open(t)
		must(p.Write(t.Context(), "replica/owner", []byte("1"), ""))(t)
		s.ReadOnly(true)
		for what, err := range writing(t.Context(), p) {
			t.Log(what)
			explained(t, s, err, "replica.read_only")
		}
		explained(t, s, p.Delete(t.Context(), "replica/owner"), "replica.read_only")
		for what, err := range reading(t.Context(), p) {
			if err != nil {
				t.Error(what, err)
			}
		}
		s.ReadOnly(false)
		must(p.Write(t.Context(), "replica/owner", []byte("2"), ""))(t)
	})
}

func TestAReadOnlyDirectorySaysSo(t *testing.T) {
	t.Parallel()
	dir := placetest.Small(t, "1m", "")
	s := &placetest.Server{Config: place.Config{URL: "file://" + dir}}
	if err := unix.Mount("tmpfs", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	for what, err := range writing(t.Context(), s.Open(t)) {
		t.Log(what)
		explained(t, s, err, "replica.read_only")
	}
}

func TestAFullPlaceSaysSo(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*placetest.Server{
		"webdav": placetest.WebDAV(t),
		"sftp":   placetest.SFTP(t, placetest.Small(t, "12m", "")),
		"s3":     placetest.S3(t, placetest.Small(t, "12m", "")),
		"file":   placetest.Full(t),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := s.Open(t)
			must(p.Write(t.Context(), "replica/owner", []byte("1"), ""))(t)
			s.Fill(true)
			all := writing(t.Context(), p)
			if name == "s3" {
				delete(all, "large upload") // this store calls it an internal error
			}
			for what, err := range all {
				t.Log(what)
				explained(t, s, err, "replica.full")
			}
			s.Fill(false)
			if data, _, err := p.Read(t.Context(), "replica/owner"); err != nil || string(data) != "1" {
				t.Fatal(data, err)
			}
			must(p.Write(t.Context(), "replica/owner", []byte("2"), ""))(t)
		})
	}
}

func TestACertificateThatNobodyKnowsIsUnreachable(t *testing.T) {
	t.Parallel()
	for _, s := range []*placetest.Server{placetest.WebDAVS(t), placetest.S3S(t)} {
		for _, err := range reading(t.Context(), s.Open(t)) {
			if f := explained(t, s, err, "replica.unreachable"); !strings.Contains(f.Msg, "certificate") {
				t.Fatal(f.Msg)
			}
		}
	}
}

func TestTheBundleOfAuthoritiesIsHonoured(t *testing.T) {
	s := placetest.S3S(t)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, s.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("AWS_CA_BUNDLE", bundle)
	p := s.Open(t)
	must(p.Write(t.Context(), "x", []byte("1"), ""))(t)
	must(p.Upload(t.Context(), "large", bytes.NewReader(noise(9<<20))))(t)
	if err := os.WriteFile(bundle+".empty", []byte("no certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{".gone", ".empty"} {
		t.Setenv("AWS_CA_BUNDLE", bundle+bad)
		_, err := place.Open(t.Context(), s.Config, s.Secret)
		if fault.From(err).Code != "replica.environment" {
			t.Fatal(bad, err)
		}
	}
}

// The authorities of this machine are read once in the life of a process.
func TestAKnownCertificateIsTrusted(t *testing.T) {
	t.Parallel()
	if os.Getenv("PLACE_CHILD") != "" {
		s := placetest.WebDAVS(t)
		must(s.Open(t).Write(t.Context(), "x", []byte("1"), ""))(t)
		return
	}
	s := placetest.WebDAVS(t)
	bundle := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(bundle, s.CA, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestAKnownCertificateIsTrusted$", "-test.v")
	cmd.Env = append(os.Environ(), "PLACE_CHILD=1", "SSL_CERT_FILE="+bundle)
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Fatalf("%v\n%s", err, out)
	}
}

func TestWhatIsNotTheServerIsUnreachable(t *testing.T) {
	t.Parallel()
	dav, shell := placetest.WebDAV(t), placetest.SFTP(t)
	davHost, shellHost := hostOf(dav.Config.URL), hostOf(shell.Config.URL)
	secret, key := placetest.Key(t)
	for name, s := range map[string]*placetest.Server{
		"TLS to plain HTTP": {Config: place.Config{URL: "webdavs://" + davHost + "/x", Username: "ada"}, Secret: dav.Secret},
		"SSH to HTTP":       {Config: place.Config{URL: "sftp://ada@" + davHost + "/x", HostKey: key}, Secret: secret},
		"HTTP to SSH":       {Config: place.Config{URL: "webdav://" + shellHost + "/x", Username: "ada"}, Secret: dav.Secret},
	} {
		t.Run(name, func(t *testing.T) {
			for _, err := range reading(t.Context(), s.Open(t)) {
				explained(t, s, err, "replica.unreachable")
			}
		})
	}
	d := sshdtest.Start(t, sshdtest.Options{AuthorizedKeys: []string{key}})
	c := place.Config{URL: "sftp://" + userOf(shell.Config.URL) + "@" + at(d) + "/x", HostKey: d.PublicHostKey(t, 0)}
	s := &placetest.Server{Config: c, Secret: secret}
	for _, err := range reading(t.Context(), s.Open(t)) {
		if f := explained(t, s, err, "replica.unreachable"); !strings.Contains(f.Msg, "SFTP") {
			t.Fatal(f.Msg)
		}
	}
}

func TestWhatWasStoppedIsNotExplained(t *testing.T) {
	every(t, func(t *testing.T, _ *placetest.Server, p place.Place) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := p.List(ctx, ""); !errors.Is(place.Explain(err), context.Canceled) {
			t.Fatal(err)
		}
		must(p.List(t.Context(), ""))(t)
	})
	if place.Explain(nil) != nil {
		t.Fatal("nothing is explained")
	}
}
