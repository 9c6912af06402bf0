package backup_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/benbjohnson/litestream"
	"github.com/superfly/ltx"
	"unity.internal/app/backup"
	"unity.internal/app/backup/place"
	"unity.internal/app/backup/place/placetest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

// A flaky place hands out files that do not come whole.
type flaky struct {
	place.Place
	gone   int   // how many files are gone when they are opened
	breaks int64 // bytes after which a connection breaks; 0: never
	opened int
	dir    string
}

type flakyClient struct {
	litestream.ReplicaClient
	p *flaky
}

var errBroken = errors.New("the connection broke")

func (p *flaky) Client(dir string) (litestream.ReplicaClient, error) {
	c, err := p.Place.Client(dir)
	return flakyClient{c, p}, err
}

func (c flakyClient) OpenLTXFile(ctx context.Context, level int, first, last ltx.TXID, offset, size int64) (io.ReadCloser, error) {
	c.p.opened++
	if c.p.gone > 0 {
		c.p.gone--
		return nil, &fs.PathError{Op: "open", Path: "x", Err: fs.ErrNotExist}
	}
	r, err := c.ReplicaClient.OpenLTXFile(ctx, level, first, last, offset, size)
	if err != nil || c.p.breaks == 0 {
		return r, err
	}
	return breaking{r, &io.LimitedReader{R: r, N: c.p.breaks}}, nil
}

type breaking struct {
	io.Closer
	r *io.LimitedReader
}

func (b breaking) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if errors.Is(err, io.EOF) && b.r.N == 0 {
		err = errBroken
	}
	return n, err
}

// kept returns a place with the replica of a database of three tenants and one more.
func kept(t *testing.T) (*flaky, string) {
	t.Helper()
	c := directory(t)
	b := newBox(t, storetest.Open(t), c, nil)
	b.following()
	for _, id := range []string{"a", "b", "c"} {
		b.write(id)
	}
	b.stop()
	p := &flaky{Place: placetest.OpenWith(t, c, nil), dir: strings.TrimPrefix(c.URL, "file://")}
	all, err := backup.Look(t.Context(), p)
	must(t, err)
	return p, all[0].Instance
}

// tenants restores the newest moment and returns how many tenants it has.
func tenants(t *testing.T, p *flaky, instance string) (n int, err error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "restored.db")
	if _, err := backup.Restore(t.Context(), p, instance, backup.Target{}, path, nil); err != nil {
		left, readErr := os.ReadDir(filepath.Dir(path))
		if len(left) > 0 || readErr != nil {
			t.Error(left, readErr)
		}
		return 0, err
	}
	err = store.Peek(path, func(y store.System) error {
		all, err := y.AllTenants(t.Context())
		n = len(all)
		return err
	})
	return n, err
}

func TestARestoreGoesOnWhereAConnectionBroke(t *testing.T) {
	t.Parallel()
	p, instance := kept(t)
	p.breaks = 1000
	if n, err := tenants(t, p, instance); err != nil || n != 4 {
		t.Fatal(n, err)
	}
	if p.opened < 10 {
		t.Errorf("files were opened %d times only", p.opened)
	}
}

func TestARestoreLooksAnewWhenFilesGo(t *testing.T) {
	t.Parallel()
	p, instance := kept(t)
	p.gone = 2
	if n, err := tenants(t, p, instance); err != nil || n != 4 {
		t.Fatal(n, err)
	}
	p.gone = 100
	if _, err := tenants(t, p, instance); code(err) != "restore.damaged" {
		t.Fatal(err)
	}
	if p.gone < 90 {
		t.Errorf("it looked %d times", 100-p.gone)
	}
}

// Wherever a file ends too early, and whichever of its bytes is another one, it
// is refused.
func TestASpoiledFileIsRefused(t *testing.T) {
	t.Parallel()
	p, instance := kept(t)
	files := newest(t, p.dir)
	last := files[len(files)-1]
	whole, err := os.ReadFile(last)
	must(t, err)
	refused := func(text []byte, what string, n int) {
		must(t, os.WriteFile(last, text, 0o600))
		if _, err := tenants(t, p, instance); code(err) != "restore.damaged" {
			t.Errorf("%s %d of %d: %v", what, n, len(whole), err)
		}
	}
	for n := 1; n < len(whole); n += 1 + n/20 {
		refused(whole[:len(whole)-n], "without the last", n)
	}
	for n := 0; n < len(whole); n += 1 + len(whole)/50 {
		text := slices.Clone(whole)
		text[n] ^= 0x55
		refused(text, "another byte at", n)
	}
	must(t, os.WriteFile(last, whole, 0o600))
	if n, err := tenants(t, p, instance); err != nil || n != 4 {
		t.Fatal(n, err)
	}
}
