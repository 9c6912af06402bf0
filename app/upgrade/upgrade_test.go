package upgrade

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"aead.dev/minisign"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pinnedKey makes a key and a file that pins it, as minisign writes it.
func pinnedKey(t *testing.T) (minisign.PrivateKey, string) {
	t.Helper()
	public, private, err := minisign.GenerateKey(rand.Reader)
	must(t, err)
	path := filepath.Join(t.TempDir(), "release.pub")
	must(t, os.WriteFile(path, []byte("untrusted comment: minisign public key\n"+public.String()+"\n# another\n\n"), 0o600))
	return private, path
}

func TestVersionsCompareAsSemverDoes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want int
	}{
		{"1.2.3", "v1.2.3", 0},
		{"1.10.0", "1.9.9", 1},
		{"1.0.0-rc.1", "1.0.0", -1},
		{"0.0.0-20261124130000-abcdefabcdef", "0.0.0-20261123130000-ffffffffffff", 1},
		{"1.2.3+dirty", "1.2.3", 0},
		{"(devel)", "0.0.1", -1},
		{"unknown", "(devel)", 0},
	} {
		if got := Compare(tt.a, tt.b); got != tt.want {
			t.Errorf("%s and %s: %d, want %d", tt.a, tt.b, got, tt.want)
		}
	}
}

// TestWhichKeysAreTrusted: not those of a file that others may write.
func TestWhichKeysAreTrusted(t *testing.T) {
	t.Parallel()
	key, path := pinnedKey(t)
	builtIn := key.Public().(minisign.PublicKey).String()
	for _, tt := range []struct {
		name, builtIn, file string
		mode                os.FileMode
		n                   int
		ok                  bool
	}{
		{"none", "", "", 0o600, 0, true},
		{"no file", builtIn, filepath.Join(t.TempDir(), "none"), 0o600, 1, true},
		{"a file", "", path, 0o644, 1, true},
		{"both", builtIn, path, 0o600, 2, true},
		{"a file that others may write", builtIn, path, 0o666, 1, false},
		{"a file that a group may write", "", path, 0o664, 0, false},
		{"no key", "RWnothing", "", 0o600, 0, false},
	} {
		must(t, os.Chmod(path, tt.mode))
		all, err := Trusted(tt.builtIn, tt.file)
		if len(all) != tt.n || (err == nil) != tt.ok {
			t.Errorf("%s: %v, %v", tt.name, all, err)
		}
	}
}

// TestASignatureOfTheWholeFileIsRefused: only what was hashed first can be verified
// while it is read, so the older kind is not taken.
func TestASignatureOfTheWholeFileIsRefused(t *testing.T) {
	t.Parallel()
	key, path := pinnedKey(t)
	all, err := Trusted("", path)
	must(t, err)
	if _, err := all.verify(strings.NewReader("text"), minisign.Sign(key, []byte("text"))); !errors.Is(err, ErrSignature) {
		t.Error(err)
	}
	read := minisign.NewReader(strings.NewReader("text"))
	_, err = io.Copy(io.Discard, read)
	must(t, err)
	seal, err := all.verify(strings.NewReader("text"), read.SignWithComments(key, "version:1", "x"))
	if err != nil || seal.Comment != "version:1" || seal.Signer != all[0].ID {
		t.Errorf("%+v, %v", seal, err)
	}
}

// TestMovesMayBeDoneAgain stops the installation of a program after each of its
// steps, does it again, and finds the whole of it.
func TestMovesMayBeDoneAgain(t *testing.T) {
	t.Parallel()
	names := []string{"unity", "unity.minisig", "next", "next.sha256", "previous", "previous.sha256"}
	lay := func(dir string) Shelf {
		must(t, os.MkdirAll(filepath.Join(dir, programs), 0o700))
		for _, name := range names {
			must(t, os.WriteFile(filepath.Join(dir, programs, name), []byte(name), 0o600))
		}
		return Shelf{Dir: dir}
	}
	// What the steps of an installation leave, one after the other.
	steps := []func(at func(string) string){
		func(at func(string) string) { must(t, os.Remove(at("previous.sha256"))) },
		func(at func(string) string) { must(t, os.Rename(at("unity.minisig"), at("previous.minisig"))) },
		func(at func(string) string) { must(t, os.Rename(at("unity"), at("previous"))) },
		func(at func(string) string) { must(t, os.Rename(at("next.sha256"), at("unity.sha256"))) },
		func(at func(string) string) { must(t, os.Rename(at("next"), at("unity"))) },
	}
	for n := range len(steps) + 1 {
		s := lay(t.TempDir())
		for _, step := range steps[:n] {
			step(s.Path)
		}
		must(t, s.Install())
		for name, want := range map[string]string{
			"unity": "next", "unity.sha256": "next.sha256", "previous": "unity", "previous.minisig": "unity.minisig",
			"unity.minisig": "", "previous.sha256": "", "next": "", "next.sha256": "",
		} {
			text, err := os.ReadFile(s.Path(name))
			if string(text) != want || (err == nil) != (want != "") {
				t.Errorf("cut off after %d steps: %s holds %q, want %q", n, name, text, want)
			}
		}
	}
}

// TestWhatIsFetched: only from safe addresses, with what lies beside the program.
func TestWhatIsFetched(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://example.org/unity", "ftp://127.0.0.1/x", "https:///x", "https://u:p@example.org/x", "http://127.0.0.2.example.org/x", "://"} {
		if _, _, err := Fetch(t.Context(), http.DefaultClient, address); !errors.Is(err, ErrURL) {
			t.Errorf("%s: %v", address, err)
		}
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/unity":
			_, _ = w.Write([]byte("program"))
		case "/v1/unity.minisig":
			_, _ = w.Write([]byte("signature"))
		case "/v1/SHA256SUMS":
			_, _ = w.Write([]byte("aa  other\nbb *unity\n"))
		case "/large/unity":
			w.Header().Set("Content-Length", "300000000")
		case "/broken/unity":
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
		default:
			http.NotFound(w, r)
		}
	}))
	defer srv.Close()
	o, file, err := Fetch(t.Context(), srv.Client(), srv.URL+"/v1/unity?token=x")
	must(t, err)
	defer file.Close()
	text, err := io.ReadAll(o.File)
	if err != nil || string(text) != "program" || string(o.Signature) != "signature" || o.SHA256 != "bb" {
		t.Errorf("%q %+v %v", text, o, err)
	}
	if _, _, err := Fetch(t.Context(), srv.Client(), srv.URL+"/large/unity"); !errors.Is(err, ErrTooLarge) {
		t.Error(err)
	}
	o, broken, err := Fetch(t.Context(), srv.Client(), srv.URL+"/broken/unity")
	must(t, err)
	defer broken.Close()
	s := Shelf{Dir: t.TempDir()}
	if _, _, err := s.Stage(t.Context(), o, Version{Number: "1.0.0"}); !errors.Is(err, ErrFetch) {
		t.Error(err)
	}
	if left, _ := filepath.Glob(s.Path("*")); len(left) > 0 {
		t.Errorf("half a file stays: %v", left)
	}
}

// TestWhatAProgramStartedEndsWithIt: nothing stays of one that was asked.
func TestWhatAProgramStartedEndsWithIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "unity")
	lives := path + ".fifo"
	must(t, syscall.Mkfifo(lives, 0o600))
	in, err := os.OpenFile(lives, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	must(t, err)
	defer in.Close()
	must(t, os.WriteFile(path, []byte("#!/bin/sh\nexec 3>"+lives+"\nsleep 300 >/dev/null 2>&1 &\necho unity 1.0.0; echo schema 1\n"), 0o700))
	if v, err := Ask(t.Context(), path); err != nil || v.Number != "1.0.0" {
		t.Fatal(v, err)
	}
	must(t, in.SetReadDeadline(time.Now().Add(10*time.Second)))
	if _, err := in.Read(make([]byte, 1)); !errors.Is(err, io.EOF) { // the end of the last who has it open
		t.Error(err)
	}
}

// TestAProgramThatSaysTooMuch is no version, and ends.
func TestAProgramThatSaysTooMuch(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "unity")
	must(t, os.WriteFile(path, []byte("#!/bin/sh\nyes unity\n"), 0o700))
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	if _, err := Ask(ctx, path); !errors.Is(err, ErrNoVersion) {
		t.Error(err)
	}
}
