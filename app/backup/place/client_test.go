package place_test

import (
	"bytes"
	"errors"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/benbjohnson/litestream"
	lsfile "github.com/benbjohnson/litestream/file"
	lss3 "github.com/benbjohnson/litestream/s3"
	lssftp "github.com/benbjohnson/litestream/sftp"
	lswebdav "github.com/benbjohnson/litestream/webdav"
	"github.com/google/go-cmp/cmp"
	"github.com/superfly/ltx"

	"unity.internal/app/backup/place"
	"unity.internal/app/backup/place/placetest"
)

// theirs returns Litestream's own client for the same directory.
func theirs(t *testing.T, s *placetest.Server, dir string) litestream.ReplicaClient {
	t.Helper()
	u := must(url.Parse(s.Config.URL))(t)
	switch s.Config.Scheme() {
	case place.S3:
		c := lss3.NewReplicaClient()
		c.AccessKeyID, c.SecretAccessKey, c.Endpoint, c.ForcePathStyle = s.Config.AccessKey, string(s.Secret), s.Config.Endpoint, true
		c.Bucket, c.Path = u.Host, strings.Trim(u.Path, "/")+"/"+dir
		return c
	case place.SFTP:
		key := filepath.Join(t.TempDir(), "key")
		if err := os.WriteFile(key, s.Secret, 0o600); err != nil {
			t.Fatal(err)
		}
		c := lssftp.NewReplicaClient()
		c.Host, c.User, c.Path, c.KeyPath, c.HostKey = u.Host, u.User.Username(), u.Path+"/"+dir, key, s.Config.HostKey
		return c
	case place.WebDAV:
		c := lswebdav.NewReplicaClient()
		c.URL, c.Username, c.Password, c.Path = "http://"+u.Host, s.Config.Username, string(s.Secret), u.Path+"/"+dir
		return c
	}
	return lsfile.NewReplicaClient(u.Path + "/" + dir)
}

// snapshot returns a database of so many pages and the file that holds it whole.
func snapshot(t *testing.T, pages uint32, first, last ltx.TXID, at time.Time) (db, file []byte) {
	t.Helper()
	const size = 4096
	db = noise(int(pages) * size)
	var b bytes.Buffer
	enc := must(ltx.NewEncoder(&b))(t)
	err := enc.EncodeHeader(ltx.Header{
		Version: ltx.Version, Flags: ltx.HeaderFlagNoChecksum, PageSize: size, Commit: pages,
		MinTXID: first, MaxTXID: last, Timestamp: at.UnixMilli(),
	})
	for p := range pages {
		err = errors.Join(err, enc.EncodePage(ltx.PageHeader{Pgno: p + 1}, db[int(p)*size:][:size]))
	}
	if err := errors.Join(err, enc.Close()); err != nil {
		t.Fatal(err)
	}
	return db, b.Bytes()
}

func infos(t *testing.T, c litestream.ReplicaClient, level int, seek ltx.TXID) (all []ltx.FileInfo) {
	t.Helper()
	i := must(c.LTXFiles(t.Context(), level, seek, true))(t)
	for i.Next() {
		all = append(all, *i.Item())
	}
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLitestreamReadsAndWritesWhatWeDo(t *testing.T) {
	every(t, func(t *testing.T, s *placetest.Server, p place.Place) {
		ours, own := must(p.Client("tenants ü/replica"))(t), theirs(t, s, "tenants ü/replica")
		at := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)
		db, large := snapshot(t, 2500, 1, 1, at) // more than one part of S3
		_, small := snapshot(t, 3, 2, 7, at.Add(time.Second))
		for i, w := range []litestream.ReplicaClient{ours, own} {
			level := []int{litestream.SnapshotLevel, 1}[i]
			must(w.WriteLTXFile(t.Context(), level, 1, 1, onlyReader{bytes.NewReader(large)}))(t)
			info := must(w.WriteLTXFile(t.Context(), level, 2, 7, bytes.NewReader(small)))(t)
			if info.Size != int64(len(small)) || !info.CreatedAt.Equal(at.Add(time.Second)) {
				t.Fatal(info)
			}
			a, b := infos(t, ours, level, 0), infos(t, own, level, 0)
			if d := cmp.Diff(b, a); d != "" || len(a) != 2 || !a[0].CreatedAt.Truncate(time.Second).Equal(at.Truncate(time.Second)) {
				t.Fatalf("%d: %v %s", level, a, d)
			}
			if a := infos(t, ours, level, 2); len(a) != 1 {
				t.Fatal(a)
			}
			for _, r := range []litestream.ReplicaClient{ours, own} {
				for _, part := range [][2]int64{{0, 0}, {0, 100}, {50, 200}, {int64(len(large)) - 10, 0}} {
					body := must(r.OpenLTXFile(t.Context(), level, 1, 1, part[0], part[1]))(t)
					got := must(io.ReadAll(body))(t)
					want := large[part[0]:]
					if part[1] > 0 {
						want = want[:part[1]]
					}
					if err := body.Close(); err != nil || !bytes.Equal(got, want) {
						t.Fatalf("%v: %d bytes, %v", part, len(got), err)
					}
				}
			}
		}
		for _, c := range []litestream.ReplicaClient{ours, own} {
			out := filepath.Join(t.TempDir(), "restored.db")
			o := litestream.NewRestoreOptions()
			o.OutputPath, o.TXID = out, 1
			if err := litestream.NewReplicaWithClient(nil, c).Restore(t.Context(), o); err != nil {
				t.Fatal(err)
			}
			if got := must(os.ReadFile(out))(t); !bytes.Equal(got, db) {
				t.Fatal("the restored database differs")
			}
		}
	})
}

func TestFilesOfAReplicaAreDeleted(t *testing.T) {
	every(t, func(t *testing.T, _ *placetest.Server, p place.Place) {
		c := must(p.Client("replica"))(t)
		_, file := snapshot(t, 3, 1, 1, time.Now())
		var first []*ltx.FileInfo
		for _, level := range []int{0, 1, litestream.SnapshotLevel} {
			for id := range ltx.TXID(20) {
				info := must(c.WriteLTXFile(t.Context(), level, id+1, id+1, bytes.NewReader(file)))(t)
				if id < 10 {
					first = append(first, info)
				}
			}
		}
		must(p.Write(t.Context(), "replica/owner", nil, ""))(t)
		for range 2 { // what is gone is no error
			if err := c.DeleteLTXFiles(t.Context(), first); err != nil {
				t.Fatal(err)
			}
		}
		if all := infos(t, c, 1, 0); len(all) != 10 || all[0].MinTXID != 11 {
			t.Fatal(all)
		}
		if _, err := c.OpenLTXFile(t.Context(), 0, 1, 1, 0, 0); !os.IsNotExist(err) {
			t.Fatal(err)
		}
		if err := c.DeleteAll(t.Context()); err != nil {
			t.Fatal(err)
		}
		for _, level := range []int{0, 1, litestream.SnapshotLevel} {
			if all := infos(t, c, level, 0); len(all) != 0 {
				t.Fatal(all)
			}
		}
		must2(p.Read(t.Context(), "replica/owner"))(t)
		if err := c.DeleteAll(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

func must2[T, U any](_ T, _ U, err error) func(testing.TB) {
	return func(tb testing.TB) {
		tb.Helper()
		if err != nil {
			tb.Fatal(err)
		}
	}
}
