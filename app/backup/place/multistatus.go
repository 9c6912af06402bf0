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
	for x := xml.NewDecoder(r); ; {
		t, err := x.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		start, ok := t.(xml.StartElement)
		if !ok || start.Name.Local != "response" {
			continue
		}
		var v resource
		if err := x.DecodeElement(&v, &start); err != nil {
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
