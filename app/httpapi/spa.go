package httpapi

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strings"

	"github.com/gofiber/fiber/v2"
)

// nonceMark stands in index.html where the nonce of each answer goes.
const nonceMark = "{{nonce}}"

// spa serves the front end: files as they were built, and index.html for every
// other path, because the paths of pages are the browser's.
func (m mux) spa() {
	index, err := fs.ReadFile(m.Web, "index.html")
	if err != nil {
		index = []byte("<!doctype html><title>Unity</title><p>This binary was built without its front end. Build it with <code>make build</code>.</p>")
	}
	m.app.Get("/*", func(c *fiber.Ctx) error {
		name := strings.TrimPrefix(path.Clean(c.Path()), "/")
		if strings.HasPrefix(name, "api/") {
			return fiber.ErrNotFound
		}
		if name != "" && name != "index.html" {
			if err := m.file(c, name); !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			if strings.HasPrefix(name, "assets/") {
				return fiber.ErrNotFound
			}
		}
		return page(c, index)
	})
}

// page sends html under a policy that lets it load only what is ours, and ask ours
// and the given origins.
func page(c *fiber.Ctx, html []byte, origins ...string) error {
	raw := make([]byte, 16)
	_, _ = rand.Read(raw) // never fails, by its contract
	nonce := base64.RawStdEncoding.EncodeToString(raw)
	c.Set("Content-Security-Policy", policy(nonce, origins...))
	c.Set("Cache-Control", "no-cache")
	c.Set("Content-Type", "text/html; charset=utf-8")
	return c.Send(bytes.ReplaceAll(html, []byte(nonceMark), []byte(nonce)))
}

func policy(nonce string, origins ...string) string {
	return "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce + "'; img-src 'self' data:; font-src 'self'; " +
		"connect-src " + strings.Join(append([]string{"'self'"}, origins...), " ") + "; manifest-src 'self'; worker-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; report-uri /csp-report"
}

// encodings are the ways in which files were compressed when they were built.
var encodings = []struct{ name, suffix string }{{"br", ".br"}, {"gzip", ".gz"}}

// file sends one built file, compressed if the browser takes it.
func (m mux) file(c *fiber.Ctx, name string) error {
	if strings.HasPrefix(path.Base(name), ".") || strings.HasSuffix(name, ".br") || strings.HasSuffix(name, ".gz") {
		return fs.ErrNotExist
	}
	accepted := c.Get("Accept-Encoding")
	data, err := fs.ReadFile(m.Web, name)
	if err != nil {
		return fs.ErrNotExist // a directory is no file either
	}
	for _, e := range encodings {
		if strings.Contains(accepted, e.name) {
			if packed, err := fs.ReadFile(m.Web, name+e.suffix); err == nil {
				data = packed
				c.Set("Content-Encoding", e.name)
				break
			}
		}
	}
	c.Set("Vary", "Accept-Encoding")
	kind := mime.TypeByExtension(path.Ext(name))
	if path.Ext(name) == ".webmanifest" {
		kind = "application/manifest+json"
	}
	c.Set("Content-Type", kind)
	if strings.HasPrefix(name, "assets/") { // their names hold a hash of what is in them
		c.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		c.Set("Cache-Control", "no-cache")
	}
	return c.Status(http.StatusOK).Send(data)
}
