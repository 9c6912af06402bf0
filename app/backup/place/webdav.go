package place

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/benbjohnson/litestream"
)

// webDAV keeps everything on a server that speaks WebDAV (RFC 4918).
type webDAV struct {
	base       *url.URL // http or https
	user, pass string
	transport  *http.Transport
	client     *http.Client
	made       sync.Map // directories that were there or were made
}

func newWebDAV(u *url.URL, c Config, secret []byte) *webDAV {
	base := *u
	base.Scheme = map[string]string{WebDAV: "http", WebDAVS: "https"}[u.Scheme]
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: dial, TLSHandshakeTimeout: connecting,
		MaxIdleConnsPerHost: atOnce, IdleConnTimeout: idle, DisableCompression: true,
	}
	return &webDAV{
		base: &base, user: c.Username, pass: string(secret), transport: t,
		client: &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // who redirects is not the server that was given
		}},
	}
}

// An answer is a status that a server should not have given.
type answer struct {
	method string
	status int
	err    error // what it means
}

func (a *answer) Error() string { return a.method + ": " + strconv.Itoa(a.status) }
func (a *answer) Unwrap() error { return a.err }

// meaning says what a status means for those who asked to read or to write.
func meaning(method string, status int) error {
	write := method != http.MethodGet && method != "PROPFIND"
	switch {
	case status == http.StatusNotFound:
		return fs.ErrNotExist
	case status == http.StatusInsufficientStorage, status == http.StatusRequestEntityTooLarge && write:
		return errFull
	case status == http.StatusPreconditionFailed:
		return fs.ErrExist
	case write && (status == http.StatusForbidden || status == http.StatusMethodNotAllowed):
		return errReadOnly
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return errDenied
	}
	return nil
}

func (d *webDAV) url(name string) string {
	u := *d.base
	u.Path, u.RawPath = path.Join("/", d.base.Path, name), ""
	return u.String()
}

// do sends a request and returns the answer if its status is one of want.
func (d *webDAV) do(ctx context.Context, method, to string, head http.Header, body io.Reader, size int64, want ...int) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, to, body)
	if err != nil {
		return nil, err
	}
	if head != nil {
		req.Header = head
	}
	req.ContentLength = size
	if d.user != "" {
		req.SetBasicAuth(d.user, d.pass)
	}
	res, err := d.client.Do(req)
	if err != nil {
		return nil, err
	}
	if slices.Contains(want, res.StatusCode) {
		return res, nil
	}
	drop(res)
	return nil, &answer{method, res.StatusCode, meaning(method, res.StatusCode)}
}

// drop reads the little that is left, so that the connection can be used again.
func drop(res *http.Response) {
	_, _ = io.CopyN(io.Discard, res.Body, 64<<10) // the connection is closed otherwise
	_ = res.Body.Close()
}

// act is do for a request whose answer says nothing but its status. It is bounded as a whole.
func (d *webDAV) act(ctx context.Context, method, to string, head http.Header, want ...int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	res, err := d.do(ctx, method, to, head, nil, 0, want...)
	if err != nil {
		return err
	}
	drop(res)
	return nil
}

func (d *webDAV) open(ctx context.Context, name string, offset, size int64) (io.ReadCloser, error) {
	head := http.Header{}
	if offset > 0 || size > 0 {
		head.Set("Range", byteRange(offset, size))
	}
	res, err := d.do(ctx, http.MethodGet, d.url(name), head, nil, 0, http.StatusOK, http.StatusPartialContent, http.StatusRequestedRangeNotSatisfiable)
	if err != nil {
		return nil, err
	}
	switch {
	case res.StatusCode == http.StatusRequestedRangeNotSatisfiable: // beyond the end
		drop(res)
		return io.NopCloser(bytes.NewReader(nil)), nil
	case res.StatusCode == http.StatusOK && offset > 0: // a server without ranges
		if _, err := io.CopyN(io.Discard, res.Body, offset); err != nil && !errors.Is(err, io.EOF) {
			return nil, errors.Join(err, res.Body.Close())
		}
	}
	return limit(res.Body, size), nil
}

// byteRange returns a Range header of size bytes from offset on, zero for all.
func byteRange(offset, size int64) string {
	if size == 0 {
		return fmt.Sprintf("bytes=%d-", offset)
	}
	return fmt.Sprintf("bytes=%d-%d", offset, offset+size-1)
}

func (d *webDAV) put(ctx context.Context, name string, r io.Reader, _ time.Time) (int64, error) {
	return d.write(ctx, name, r, "T")
}

func (d *webDAV) create(ctx context.Context, name string, data []byte) error {
	_, err := d.write(ctx, name, bytes.NewReader(data), "F")
	if a, ok := errors.AsType[*answer](err); ok && a.status == http.StatusLocked {
		return fs.ErrExist // somebody else is about to
	}
	return err
}

// write sends a temporary file and moves it to its name.
func (d *webDAV) write(ctx context.Context, name string, r io.Reader, overwrite string) (int64, error) {
	size, ok := sizeOf(r)
	if !ok {
		staged, err := stage(ctx, r)
		if err != nil {
			return 0, err
		}
		defer staged.Close()
		size, _ = sizeOf(staged)
		r = staged
	}
	if err := d.mkdir(ctx, path.Dir(path.Join("/", d.base.Path, name))); err != nil {
		return 0, err
	}
	part := name + "." + rand.Text() + temporary
	err := d.send(ctx, part, r, size)
	if err == nil {
		head := http.Header{"Destination": {d.url(name)}, "Overwrite": {overwrite}}
		err = d.act(ctx, "MOVE", d.url(part), head, http.StatusCreated, http.StatusNoContent)
	}
	if err != nil {
		d.made.Clear() // somebody may have removed a directory
		if !timedOut(err) && !errors.Is(err, errReadOnly) {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), connecting)
			defer cancel()
			_ = d.remove(ctx, part) // Sweep does it later
		}
		return 0, err
	}
	return size, nil
}

func (d *webDAV) send(ctx context.Context, name string, r io.Reader, size int64) error {
	var body io.Reader = http.NoBody
	if size > 0 {
		body = io.NopCloser(io.LimitReader(r, size))
	}
	res, err := d.do(ctx, http.MethodPut, d.url(name), nil, body, size, http.StatusOK, http.StatusCreated, http.StatusNoContent)
	if err != nil {
		return err
	}
	drop(res)
	return nil
}

// stage writes r into a file without a name: many servers lose what comes
// without its length (Nginx before FastCGI keeps zero bytes and says yes).
func stage(ctx context.Context, r io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "unity-*")
	if err != nil {
		return nil, err
	}
	_ = os.Remove(f.Name()) // it lives as long as it is open
	if _, err = io.Copy(f, &during{ctx, r}); err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// mkdir makes a directory, which is an absolute path, and those above it.
func (d *webDAV) mkdir(ctx context.Context, dir string) error {
	if _, ok := d.made.Load(dir); ok || dir == "/" {
		return nil
	}
	u := *d.base
	u.Path, u.RawPath = dir+"/", ""
	mkcol := func() error {
		return d.act(ctx, "MKCOL", u.String(), nil, http.StatusOK, http.StatusCreated, http.StatusMethodNotAllowed) // 405: it is there
	}
	err := mkcol()
	if a, ok := errors.AsType[*answer](err); ok && (a.status == http.StatusConflict || a.status == http.StatusNotFound) {
		if err := d.mkdir(ctx, path.Dir(dir)); err != nil {
			return err
		}
		err = mkcol()
	}
	if err == nil {
		d.made.Store(dir, true)
	}
	return err
}

func (d *webDAV) remove(ctx context.Context, name string) error {
	return d.act(ctx, http.MethodDelete, d.url(name), nil, http.StatusOK, http.StatusNoContent)
}

func (d *webDAV) sweep(ctx context.Context, dir string) error { return sweepTemporary(ctx, d, dir) }

func (d *webDAV) keepsTimes() bool { return false }

func (d *webDAV) ltx(dir string, level int) string { return litestream.LTXLevelDir(dir, level) }

func (d *webDAV) close() error {
	d.transport.CloseIdleConnections()
	return nil
}

const propfind = `<?xml version="1.0"?><propfind xmlns="DAV:"><prop><resourcetype/><getcontentlength/><getlastmodified/></prop></propfind>`

func (d *webDAV) list(ctx context.Context, dir string) ([]Entry, error) {
	head := http.Header{"Depth": {"1"}, "Content-Type": {"application/xml"}}
	res, err := d.do(ctx, "PROPFIND", strings.TrimSuffix(d.url(dir), "/")+"/", head, strings.NewReader(propfind), int64(len(propfind)), http.StatusMultiStatus)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	return parseMultistatus(res.Body)
}
