package main

import (
	"archive/tar"
	"bytes"
	"encoding/pem"
	"errors"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/crypto/x509roots/fallback/bundle"
)

// The user that the appliance is in a container, as in distroless images.
const (
	uid    = 65532
	users  = "root:x:0:0:root:/:/sbin/nologin\nunity:x:65532:65532:Unity appliance:/data:/sbin/nologin\n"
	groups = "root:x:0:\nunity:x:65532:\n"
	zones  = "/usr/share/zoneinfo.zip"
)

// layer writes the whole file system of the image, packed, to out; plain gets it unpacked.
func (i image) layer(folder string, out, plain io.Writer) error {
	packed, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	if err != nil {
		return err
	}
	l := &layer{tar: tar.NewWriter(io.MultiWriter(packed, plain)), at: i.created}
	l.dir("etc/", 0, 0o755)
	l.dir("etc/ssl/", 0, 0o755)
	l.dir("etc/ssl/certs/", 0, 0o755)
	l.file("etc/ssl/certs/ca-certificates.crt", authorities(), 0o644)
	l.file("etc/passwd", []byte(users), 0o644)
	l.file("etc/group", []byte(groups), 0o644)
	l.dir("usr/", 0, 0o755)
	l.dir("usr/share/", 0, 0o755)
	l.copy(zones[1:], i.zones, 0o644)
	l.dir("usr/share/doc/", 0, 0o755)
	l.dir("usr/share/doc/unity/", 0, 0o755)
	l.copy("usr/share/doc/unity/copyright", filepath.Join(folder, "copyright"), 0o644)
	l.copy("usr/share/doc/unity/sbom.cdx.json", filepath.Join(folder, "sbom.cdx.json"), 0o644)
	l.dir("tmp/", 0, 0o1777)
	l.dir("data/", uid, 0o700)
	l.copy("unity", filepath.Join(folder, "unity"), 0o755)
	return errors.Join(l.err, l.tar.Close(), packed.Close())
}

// A layer is a file system that is being written; the first error stays.
type layer struct {
	tar *tar.Writer
	at  time.Time
	err error
}

func (l *layer) dir(name string, owner int, mode int64) {
	l.add(&tar.Header{Typeflag: tar.TypeDir, Name: name, Uid: owner, Gid: owner, Mode: mode}, nil)
}

func (l *layer) file(name string, content []byte, mode int64) {
	l.add(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: int64(len(content)), Mode: mode}, content)
}

func (l *layer) copy(name, from string, mode int64) {
	content, err := os.ReadFile(from) //nolint:gosec // whoever types the command names it
	l.err = errors.Join(l.err, err)
	l.file(name, content, mode)
}

func (l *layer) add(h *tar.Header, content []byte) {
	if l.err != nil {
		return
	}
	h.ModTime, h.Format = l.at, tar.FormatPAX
	if l.err = l.tar.WriteHeader(h); l.err == nil {
		_, l.err = l.tar.Write(content)
	}
}

// authorities returns the roots of Mozilla's list, but for those that it trusts
// with conditions only, which a file cannot say.
func authorities() []byte {
	var out bytes.Buffer
	for root := range bundle.Roots() {
		if root.Constraint == nil {
			_ = pem.Encode(&out, &pem.Block{Type: "CERTIFICATE", Bytes: root.Certificate}) // to memory
		}
	}
	return out.Bytes()
}
