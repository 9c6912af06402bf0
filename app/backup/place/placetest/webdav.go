package placetest

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/net/webdav"

	"unity.internal/app/backup/place"
)

// WebDAV starts a WebDAV server.
func WebDAV(tb testing.TB) *Server {
	tb.Helper()
	s, h := dav(tb)
	srv := httptest.NewServer(h)
	tb.Cleanup(srv.Close)
	s.connect(tb, place.WebDAV, srv)
	return s
}

// WebDAVS starts a WebDAV server with TLS, whose certificate nobody trusts.
func WebDAVS(tb testing.TB) *Server {
	tb.Helper()
	s, h := dav(tb)
	srv := httptest.NewTLSServer(h)
	tb.Cleanup(srv.Close)
	s.connect(tb, place.WebDAVS, srv)
	_, _, s.CA = certificate(tb)
	return s
}

// certificate returns the files of a certificate for 127.0.0.1 and its PEM,
// which is its own authority. It is the one that httptest has.
func certificate(tb testing.TB) (cert, key string, ca []byte) {
	tb.Helper()
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	srv.Close()
	der, err := x509.MarshalPKCS8PrivateKey(srv.TLS.Certificates[0].PrivateKey)
	if err != nil {
		tb.Fatal(err)
	}
	dir := tb.TempDir()
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	ca = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: srv.TLS.Certificates[0].Certificate[0]})
	secret := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := errors.Join(os.WriteFile(cert, ca, 0o600), os.WriteFile(key, secret, 0o600)); err != nil {
		tb.Fatal(err)
	}
	return cert, key, ca
}

func (s *Server) connect(tb testing.TB, scheme string, srv *httptest.Server) {
	s.line = newLine(tb, srv.Listener.Addr().String())
	s.Config = place.Config{URL: scheme + "://" + s.line.addr + "/a place ü/unity", Username: "ada"}.Clean()
}

func dav(tb testing.TB) (*Server, http.Handler) {
	dir := tb.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "a place ü"), 0o700); err != nil {
		tb.Fatal(err)
	}
	files := &webdav.Handler{FileSystem: webdav.Dir(dir), LockSystem: webdav.NewMemLS()}
	var readOnly, full atomic.Bool
	s := &Server{
		Secret: []byte("pass word ü"), Wrong: []byte("another word"), Dir: filepath.Join(dir, "a place ü", "unity"),
		mode: readOnly.Store, stuff: full.Store,
	}
	return s, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		user, pass, _ := r.BasicAuth()
		write := !strings.Contains("GET HEAD OPTIONS PROPFIND", r.Method)
		switch {
		case user != "ada" || pass != string(s.Secret):
			w.Header().Set("WWW-Authenticate", `Basic realm="files"`)
			http.Error(w, "who are you?", http.StatusUnauthorized)
		case write && readOnly.Load():
			_, _ = io.Copy(io.Discard, r.Body) // a refusal before the end may be lost with the connection
			http.Error(w, "read only", http.StatusForbidden)
		case full.Load() && r.Method == http.MethodPut:
			_, _ = io.Copy(io.Discard, r.Body) // as servers do that spool
			http.Error(w, "full", http.StatusInsufficientStorage)
		default:
			files.ServeHTTP(w, r)
		}
	})
}
