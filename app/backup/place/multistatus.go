package place

import (
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

// A resource is what WebDAV says of one file or directory.
type resource struct {
	Href  string `xml:"DAV: href"`
	Props []struct {
		Status   string    `xml:"DAV: status"`
		Dir      *struct{} `xml:"DAV: prop>resourcetype>collection"`
		Size     int64     `xml:"DAV: prop>getcontentlength"`
		Modified string    `xml:"DAV: prop>getlastmodified"`
	} `xml:"DAV: propstat"`
}

// parseMultistatus reads what is directly in a directory. Which resource is the
// directory itself is told by its path, the shortest: a proxy may have put the
// server below another path than the one that we asked for.
func parseMultistatus(r io.Reader) ([]Entry, error) {
	var self string
	var paths []string
	var found []Entry
	x := xml.NewDecoder(r)
	for {
		v, err := next(x)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		u, err := url.Parse(v.Href)
		if err != nil {
			return nil, err
		}
		at := path.Clean("/" + u.Path)
		if self == "" || len(at) < len(self) {
			self = at
		}
		paths, found = append(paths, at), append(found, v.entry(path.Base(at)))
	}
	var all []Entry
	for i, at := range paths {
		if at != self && path.Dir(at) == self {
			all = append(all, found[i])
		}
	}
	return all, nil
}

// next returns the next resource, one by one: there may be very many.
func next(x *xml.Decoder) (v resource, err error) {
	for {
		t, err := x.Token()
		if err != nil {
			return v, err
		}
		if start, ok := t.(xml.StartElement); ok && start.Name.Local == "response" {
			return v, x.DecodeElement(&v, &start)
		}
	}
}

// entry returns what v says of itself.
func (v resource) entry(name string) Entry {
	e := Entry{Name: name}
	for _, p := range v.Props {
		if !strings.Contains(p.Status, " 200") {
			continue
		}
		e.Dir = e.Dir || p.Dir != nil
		e.Size = max(e.Size, p.Size)
		if at, err := http.ParseTime(p.Modified); err == nil {
			e.Time = at.UTC()
		}
	}
	if e.Dir {
		e.Size, e.Time = 0, time.Time{}
	}
	return e
}
