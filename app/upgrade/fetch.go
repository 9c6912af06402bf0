package upgrade

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// MaxFetch is how many bytes one request of Fetch may bring, for the client.
const MaxFetch = maxProgram + 1

const maxSums = 1 << 20 // bytes of a list of checksums

// A Doer sends requests.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// Fetch opens a program at an address: with its signature, and its checksum where
// SHA256SUMS beside it names one. The caller closes the file.
func Fetch(ctx context.Context, client Doer, address string) (o Offer, file io.Closer, err error) {
	u, err := url.Parse(address)
	if err != nil || !safe(u) {
		return o, nil, ErrURL
	}
	beside := *u
	beside.Path = u.Path + signed
	if o.Signature, err = small(ctx, client, beside.String(), maxSeal); err != nil {
		return o, nil, err
	}
	beside.Path = path.Join(path.Dir(u.Path), "SHA256SUMS")
	sums, err := small(ctx, client, beside.String(), maxSums)
	if err != nil {
		return o, nil, err
	}
	o.SHA256 = sumIn(sums, path.Base(u.Path))
	res, err := get(ctx, client, address)
	if err != nil {
		return o, nil, err
	}
	if res.StatusCode != http.StatusOK {
		return o, nil, errors.Join(ErrFetch.Because(fmt.Errorf("%s answers %s", u.Host, res.Status)), res.Body.Close())
	}
	if res.ContentLength > maxProgram {
		return o, nil, errors.Join(ErrTooLarge, res.Body.Close())
	}
	o.File = whole{res.Body}
	return o, res.Body, nil
}

// whole says what it means that a download ends before its end.
type whole struct{ io.Reader }

// Read implements io.Reader.
func (w whole) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = ErrFetch.Because(err)
	}
	return n, err
}

// safe reports whether what is at an address comes as it was sent.
func safe(u *url.URL) bool {
	host := u.Hostname()
	if host == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(host)
	return u.Scheme == "https" || u.Scheme == "http" && (host == "localhost" || ip != nil && ip.IsLoopback())
}

func get(ctx context.Context, client Doer, address string) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, ErrURL.Because(err)
	}
	return client.Do(req)
}

// small returns a short file; nothing if there is none.
func small(ctx context.Context, client Doer, address string, limit int64) ([]byte, error) {
	res, err := get(ctx, client, address)
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	switch {
	case res.StatusCode == http.StatusNotFound || res.StatusCode == http.StatusGone || res.StatusCode == http.StatusForbidden:
		return nil, nil
	case res.StatusCode != http.StatusOK:
		return nil, ErrFetch.Because(fmt.Errorf("%s answers %s", res.Request.URL.Host, res.Status))
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, limit))
	if err != nil {
		return nil, ErrFetch.Because(err)
	}
	return text, nil
}

// sumIn returns the checksum of a file in a list of sha256sum; empty: none.
func sumIn(list []byte, name string) string {
	for lines := bufio.NewScanner(strings.NewReader(string(list))); lines.Scan(); {
		f := strings.Fields(lines.Text())
		if len(f) == 2 && strings.TrimPrefix(f[1], "*") == name {
			return f[0]
		}
	}
	return ""
}

// A Notice says that a version was published.
type Notice struct {
	Version string     `json:"version"`
	URL     string     `json:"url" doc:"Where the program is"`
	Notes   string     `json:"notes" doc:"What is new"`
	Seen    *time.Time `json:"seen_at" doc:"When it was read last"`
}

const maxNotes = 20_000 // characters

// Look reads what is published at an address: a notice, signed by a trusted key.
func Look(ctx context.Context, client Doer, keys Keys, address string) (n Notice, err error) {
	u, err := url.Parse(address)
	if err != nil || !safe(u) {
		return n, ErrURL
	}
	if len(keys) == 0 {
		return n, ErrNoKey
	}
	text, err := small(ctx, client, address, maxSums)
	if err != nil {
		return n, err
	}
	beside := *u
	beside.Path = u.Path + signed
	signature, err := small(ctx, client, beside.String(), maxSeal)
	if err != nil {
		return n, err
	}
	if text == nil {
		return n, ErrFetch.Because(errors.New("nothing is there"))
	}
	if _, err := keys.verify(strings.NewReader(string(text)), signature); err != nil {
		return n, err
	}
	return parseNotice(text)
}

func parseNotice(text []byte) (n Notice, err error) {
	if err := json.Unmarshal(text, &n); err != nil || !Valid(n.Version) {
		return n, ErrManifest.Because(err)
	}
	if at, err := url.Parse(n.URL); n.URL != "" && (err != nil || !safe(at)) {
		return n, ErrManifest.Because(errors.New("the address of its program is not safe"))
	}
	n.Notes = strings.ToValidUTF8(n.Notes[:min(len(n.Notes), maxNotes)], "")
	now := time.Now().UTC()
	n.Seen = &now
	return n, nil
}

// SumBeside returns the checksum that SHA256SUMS beside a file names for it; empty:
// none.
func SumBeside(file string) (string, error) {
	text, err := os.ReadFile(filepath.Join(filepath.Dir(file), "SHA256SUMS"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	return sumIn(text, filepath.Base(file)), err
}
