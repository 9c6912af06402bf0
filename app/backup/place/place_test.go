package place_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"unity.internal/app/backup/place"
	"unity.internal/app/backup/place/placetest"
)

// every runs a test against a place of each kind.
func every(t *testing.T, f func(t *testing.T, s *placetest.Server, p place.Place)) {
	t.Helper()
	t.Parallel()
	for scheme, start := range map[string]func(testing.TB) *placetest.Server{
		place.File:   placetest.File,
		place.S3:     func(tb testing.TB) *placetest.Server { return placetest.S3(tb) },
		place.SFTP:   func(tb testing.TB) *placetest.Server { return placetest.SFTP(tb) },
		place.WebDAV: placetest.WebDAV,
	} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			s := start(t)
			f(t, s, s.Open(t))
		})
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(tb testing.TB) T {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
		return v
	}
}

func TestASmallFileIsReadAsItWasWritten(t *testing.T) {
	every(t, func(t *testing.T, _ *placetest.Server, p place.Place) {
		ctx := t.Context()
		for _, name := range []string{"owner.json", "a b/ü 日本/%41+&=~'!.json", "deep/er/and/deeper/x"} {
			if _, _, err := p.Read(ctx, name); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("%s before: %v", name, err)
			}
			tag := must(p.Write(ctx, name, []byte("one"), place.Absent))(t)
			data, now, err := p.Read(ctx, name)
			if err != nil || string(data) != "one" || now != tag {
				t.Fatalf("%s: %q %q %v, want tag %q", name, data, now, err, tag)
			}
			if _, err := p.Write(ctx, name, []byte("two"), place.Absent); !errors.Is(err, place.ErrChanged) {
				t.Fatalf("%s, absent again: %v", name, err)
			}
			second := must(p.Write(ctx, name, []byte("two"), tag))(t)
			if _, err := p.Write(ctx, name, []byte("three"), tag); !errors.Is(err, place.ErrChanged) {
				t.Fatalf("%s, an old tag: %v", name, err)
			}
			must(p.Write(ctx, name, []byte("four"), second))(t)
			must(p.Write(ctx, name, nil, ""))(t)
			if data, _, err := p.Read(ctx, name); err != nil || len(data) != 0 {
				t.Fatalf("%s, empty: %q %v", name, data, err)
			}
			for range 2 {
				if err := p.Delete(ctx, name); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := p.Write(ctx, name, []byte("five"), second); !errors.Is(err, place.ErrChanged) {
				t.Fatalf("%s, the tag of a file that is gone: %v", name, err)
			}
			if _, err := p.Download(ctx, name); !errors.Is(err, fs.ErrNotExist) {
				t.Fatalf("%s after: %v", name, err)
			}
		}
	})
}

func TestOfManyWhoWriteToAnAbsentNameOneWins(t *testing.T) {
	every(t, func(t *testing.T, s *placetest.Server, p place.Place) {
		other := s.Open(t)
		for round := range 5 {
			name := fmt.Sprintf("lease/%d.json", round)
			var won atomic.Int64
			var all sync.WaitGroup
			for writer := range 8 {
				all.Go(func() {
					_, err := []place.Place{p, other}[writer%2].Write(t.Context(), name, fmt.Appendf(nil, "writer %d", writer), place.Absent)
					switch {
					case err == nil:
						won.Add(1)
					case !errors.Is(err, place.ErrChanged):
						t.Error(err)
					}
				})
			}
			all.Wait()
			if won.Load() != 1 {
				t.Fatalf("round %d: %d won", round, won.Load())
			}
		}
		left := must(p.List(t.Context(), "lease"))(t)
		if len(left) != 5 {
			t.Fatalf("temporary files stayed: %v", left)
		}
	})
}

func TestOnS3OneOfManyReplacesAFile(t *testing.T) {
	t.Parallel()
	p := placetest.S3(t).Open(t)
	tag := must(p.Write(t.Context(), "lease", []byte("first"), place.Absent))(t)
	var won atomic.Int64
	var all sync.WaitGroup
	for writer := range 8 {
		all.Go(func() {
			_, err := p.Write(t.Context(), "lease", fmt.Appendf(nil, "writer %d", writer), tag)
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, place.ErrChanged):
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Fatalf("%d won", won.Load())
	}
}

// noise returns n bytes, always the same.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(b)
	return b
}

// onlyReader hides that something can seek.
type onlyReader struct{ io.Reader }

func TestALargeFileComesBack(t *testing.T) {
	every(t, func(t *testing.T, _ *placetest.Server, p place.Place) {
		for _, size := range []int{0, 1, 8 << 20, 8<<20 + 1, 20_000_003} {
			want := noise(size)
			for how, r := range map[string]io.Reader{"file": bytes.NewReader(want), "stream": onlyReader{bytes.NewReader(want)}} {
				name := path.Join("copies", how)
				if n, err := p.Upload(t.Context(), name, r); err != nil || n != int64(size) {
					t.Fatalf("%s of %d: %d %v", how, size, n, err)
				}
				r := must(p.Download(t.Context(), name))(t)
				got := must(io.ReadAll(r))(t)
				if err := r.Close(); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s of %d: %d bytes came back, %v", how, size, len(got), err)
				}
			}
		}
		if _, _, err := p.Read(t.Context(), "copies/file"); err == nil {
			t.Fatal("Read takes 20 MB")
		}
	})
}

func TestAnUploadThatFailsLeavesNothing(t *testing.T) {
	every(t, func(t *testing.T, _ *placetest.Server, p place.Place) {
		for _, good := range []int{100, 9 << 20} {
			want := errors.New("the source failed")
			r := io.MultiReader(bytes.NewReader(noise(good)), failing{want})
			if _, err := p.Upload(t.Context(), "copies/x", r); !errors.Is(err, want) {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		r := io.MultiReader(bytes.NewReader(noise(9<<20)), calling(cancel), bytes.NewReader(noise(9<<20)))
		if _, err := p.Upload(ctx, "copies/x", r); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if err := p.Sweep(t.Context(), ""); err != nil {
			t.Fatal(err)
		}
		if all := must(p.List(t.Context(), "copies"))(t); len(all) != 0 {
			t.Fatal(all)
		}
	})
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type calling func()

func (f calling) Read([]byte) (int, error) { f(); return 0, io.EOF }

func TestAListShowsWhatIsDirectlyThere(t *testing.T) {
	every(t, func(t *testing.T, _ *placetest.Server, p place.Place) {
		ctx := t.Context()
		for _, dir := range []string{"", "nothing", "not/at all"} {
			if all, err := p.List(ctx, dir); err != nil || len(all) != 0 {
				t.Fatalf("%q: %v %v", dir, all, err)
			}
		}
		for _, name := range []string{"top", "d/b ü %41", "d/a+&", "d/sub/deep", "d/sub/deeper/x", "d2/x"} {
			must(p.Write(ctx, name, []byte(name), ""))(t)
		}
		for dir, want := range map[string][]place.Entry{
			"":      {{Name: "d", Dir: true}, {Name: "d2", Dir: true}, {Name: "top", Size: 3}},
			"d":     {{Name: "a+&", Size: 5}, {Name: "b ü %41", Size: 10}, {Name: "sub", Dir: true}},
			"d/sub": {{Name: "deep", Size: 10}, {Name: "deeper", Dir: true}},
		} {
			all := must(p.List(ctx, dir))(t)
			if d := cmp.Diff(want, all, cmpopts.IgnoreFields(place.Entry{}, "Time")); d != "" {
				t.Errorf("%q: %s", dir, d)
			}
			for _, e := range all {
				if e.Time.IsZero() != e.Dir {
					t.Errorf("%v", e)
				}
			}
		}
	})
}

func TestAListIsWholeHoweverLong(t *testing.T) {
	t.Parallel()
	p := placetest.S3(t).Open(t)
	var all sync.WaitGroup
	turn := make(chan struct{}, 8)
	for i := range 1100 { // a page of S3 has 1,000
		turn <- struct{}{}
		all.Go(func() {
			defer func() { <-turn }()
			if _, err := p.Write(t.Context(), fmt.Sprintf("d/%04d", i), nil, ""); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if got := must(p.List(t.Context(), "d"))(t); len(got) != 1100 || got[1099].Name != "1099" {
		t.Fatal(len(got))
	}
}

func TestSweepRemovesWhatACrashLeft(t *testing.T) {
	every(t, func(t *testing.T, s *placetest.Server, p place.Place) {
		ctx := t.Context()
		for _, name := range []string{"r/ltx/0/1.ltx", "r/ltx/0/2.ltx.tmp", "r/ltx/0/3.ltx.12.99.tmp", "r/owner.tmp", "other/x.tmp"} {
			must(p.Write(ctx, name, nil, ""))(t)
		}
		if err := p.Sweep(ctx, "r"); err != nil {
			t.Fatal(err)
		}
		var left []string
		for _, dir := range []string{"r", "r/ltx/0", "other"} {
			for _, e := range must(p.List(ctx, dir))(t) {
				left = append(left, path.Join(dir, e.Name))
			}
		}
		want := []string{"r/ltx", "r/ltx/0/1.ltx", "other/x.tmp"}
		if s.Config.Scheme() == place.S3 { // no such name is temporary there
			want = []string{"r/ltx", "r/owner.tmp", "r/ltx/0/1.ltx", "r/ltx/0/2.ltx.tmp", "r/ltx/0/3.ltx.12.99.tmp", "other/x.tmp"}
		}
		if d := cmp.Diff(want, left); d != "" {
			t.Fatal(d)
		}
	})
}

func TestNamesThatLeaveThePlaceAreRefused(t *testing.T) {
	t.Parallel()
	p := placetest.File(t).Open(t)
	for _, name := range []string{"", ".", "..", "../x", "a/../b", "/abs", "a//b", "a/", `a\b`, "a\nb", "a\x00b"} {
		if _, err := p.Write(t.Context(), name, nil, ""); err == nil {
			t.Errorf("%q can be written", name)
		}
		if _, _, err := p.Read(t.Context(), name); err == nil || errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%q can be read: %v", name, err)
		}
		if _, err := p.Client(name); err == nil {
			t.Errorf("%q can be replicated to", name)
		}
	}
}
