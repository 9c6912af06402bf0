package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"golang.org/x/term"
	"unity.internal/app/fault"
	"unity.internal/app/support"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// askedFor is how long a command waits for an appliance to make a bundle.
const askedFor = 90 * time.Second

// bundles makes support bundles, one at a time: of an appliance that runs, or of
// what can be seen of one that does not.
type bundles struct {
	config  *Config
	app     *App // nil: it does not run in this process
	control control
	shut    error                    // why the database is not open
	journal func() ([]string, error) // what systemd kept of one that does not run
	turn    chan struct{}
}

func (a *App) newBundles() *bundles {
	return &bundles{config: a.config, app: a, control: a.control, turn: make(chan struct{}, 1)}
}

// write writes a bundle to w, and returns what is not in it and why.
func (h *bundles) write(ctx context.Context, w io.Writer) ([]string, error) {
	select {
	case h.turn <- struct{}{}:
		defer func() { <-h.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	defer debug.FreeOSMemory() // an idle appliance has a third of what this took
	return support.Bundle{Parts: h.parts(), Names: h.names, Now: time.Now}.Write(ctx, w)
}

// make writes a bundle for somebody who is not at this box.
func (h *bundles) make(ctx context.Context, w io.Writer) error {
	_, err := h.write(ctx, w)
	return err
}

// open reports whether the database is.
func (h *bundles) open() bool { return h.shut == nil }

// names returns what must not be read in a bundle.
func (h *bundles) names(ctx context.Context) ([]support.Name, error) {
	all := []support.Name{{Kind: support.Directory, Text: h.config.DataDir}}
	if host, err := os.Hostname(); err == nil {
		all = append(all, support.Name{Kind: "host", Text: host})
	}
	for _, place := range []string{h.config.Serve.PublicURL, h.config.Serve.URL, h.config.Serve.Endpoint, h.config.Serve.Username, h.config.Serve.AccessKey} {
		if place != "" {
			all = append(all, support.Name{Kind: "place", Text: place})
		}
	}
	if !h.open() { // nothing of the database is in the bundle, so no name of it is
		return all, nil
	}
	stored, err := h.control.store.System().Names(ctx)
	for _, n := range stored {
		all = append(all, support.Name(n))
	}
	return all, err
}

type supportCmd struct {
	File string `arg:"" optional:"" help:"The file to write; it must not exist. - for standard output; without one: unity-support-<time>.tar.gz here." type:"path"`
}

// errTerminal says that a bundle is nothing to look at.
var errTerminal = fault.New(fault.Invalid, "support.terminal", "A support bundle is a packed file. Name one, or send standard output to one.")

// Run writes a support bundle, whatever state the appliance is in.
func (s supportCmd) Run(ctx context.Context, c *Config, t terminal) (err error) {
	var missing []string
	fill := func(w io.Writer) error {
		missing, err = c.support(ctx, w)
		return full(err)
	}
	switch f, ok := t.out.(*os.File); {
	case s.File != "-":
		s.File = cmp.Or(s.File, supportName(time.Now()))
		err = newFile(s.File, "support", fill)
	case ok && term.IsTerminal(int(f.Fd())):
		err = errTerminal
	default: // as from a container that has no place for a file
		err = fill(t.out)
	}
	if err != nil {
		return err
	}
	for _, line := range missing {
		fmt.Fprintln(t.err, "Not in it:", line)
	}
	if s.File == "-" {
		return nil
	}
	_, err = fmt.Fprintf(t.out, "The support bundle is in %s. Nothing was sent anywhere: read README.txt in it, and give it to whom you choose.\n", s.File)
	return err
}

func supportName(at time.Time) string {
	return "unity-support-" + at.UTC().Format("20060102-150405") + ".tar.gz"
}

// errSilent says that whoever holds the data directory did not answer.
var errSilent = fault.New(fault.Unavailable, "support.silent", "Another Unity holds the data directory and did not answer.")

// support has the appliance that runs make a bundle, or makes one of what is there.
func (c *Config) support(ctx context.Context, w io.Writer) ([]string, error) {
	lines, unread := journaled(ctx)
	h := &bundles{
		config: c, control: control{dir: c.DataDir}, turn: make(chan struct{}, 1),
		journal: func() ([]string, error) { return lines, unread },
	}
	if h.shut = become(c.DataDir); !h.open() {
		return h.write(ctx, w)
	}
	here, done, err := look(ctx, c.DataDir)
	if errors.Is(err, errHeld) {
		whole, bad := dialControl(c.DataDir).support(ctx)
		if bad == nil {
			_, err = w.Write(whole)
			return nil, err
		}
		err = errSilent.Because(bad)
	}
	if h.shut = err; !h.open() {
		return h.write(ctx, w)
	}
	h.control = here
	missing, err := h.write(ctx, w)
	return missing, errors.Join(err, done())
}

// look opens the database as it is: who needs help does not want it migrated, or
// replaced by what waits to take its place. A vault that does not open is no
// reason not to look at the rest.
func look(ctx context.Context, dir string) (control, func() error, error) {
	path := filepath.Join(dir, databaseFile)
	if _, err := os.Stat(path); err != nil {
		return control{}, nil, fault.New(fault.NotFound, "data_dir.empty", "There is no database in %s. Choose another with --data-dir.", dir).Because(err)
	}
	held, err := lock(dir)
	if err != nil {
		return control{}, nil, err
	}
	v := &vault.Vault{}
	s, err := store.Open(ctx, path, store.AsItIs(), store.WithSigner(v.Sign))
	if err != nil {
		return control{}, nil, errors.Join(err, held.Close())
	}
	_ = v.Attach(ctx, s, vault.Source{Dir: dir, Credentials: os.Getenv("CREDENTIALS_DIRECTORY")}) // it stays locked, and doctor says why
	return control{dir: dir, store: s, vault: v}, func() error { return errors.Join(s.Close(ctx), held.Close()) }, nil
}

// serveSupport answers with a bundle.
func (c control) serveSupport(w http.ResponseWriter, r *http.Request) {
	var whole bytes.Buffer
	if err := c.bundles.make(r.Context(), &whole); err != nil {
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(failed(err)) // who asked is gone otherwise
		return
	}
	_, _ = w.Write(whole.Bytes()) // who asked is gone otherwise
}

// support returns the bundle of the appliance that runs.
func (r remoteControl) support(ctx context.Context) (whole []byte, err error) {
	ctx, cancel := context.WithTimeout(ctx, askedFor)
	defer cancel()
	err = r.send(ctx, http.MethodGet, "/support", nil, func(body io.Reader) error {
		whole, err = io.ReadAll(body)
		return err
	})
	return whole, err
}
