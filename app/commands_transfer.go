package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"

	"golang.org/x/term"
	"unity.internal/app/backup/transfer"
	"unity.internal/app/fault"
	"unity.internal/store"
)

type tenantExportCmd struct {
	ID        string   `arg:"" help:"The tenant's id."`
	File      string   `arg:"" help:"The file to write; it must not exist." type:"path"`
	Recipient []string `help:"An age recipient (age1…) who may open the file, in place of a passphrase."`
}

// Run writes an export.
func (v tenantExportCmd) Run(ctx context.Context, c *Config, t terminal) error {
	o := order{ID: v.ID, To: transfer.To{Keys: v.Recipient}}
	if len(v.Recipient) == 0 {
		var err error
		if o.To.Passphrase, err = newPassphrase(t); err != nil {
			return err
		}
	}
	if _, err := o.To.Recipients(); err != nil {
		return err
	}
	if err := newFile(v.File, "transfer", func(w io.Writer) error { return c.exportTo(ctx, o, w) }); err != nil {
		return err
	}
	_, err := fmt.Fprintf(t.out, "Tenant %s is in %s.\nOn the other appliance: unity tenant import %s\n", v.ID, v.File, v.File)
	return err
}

func (c *Config) exportTo(ctx context.Context, o order, w io.Writer) error {
	if err := become(c.DataDir); err != nil {
		return err
	}
	here, done, err := open(ctx, c.DataDir)
	if errors.Is(err, errHeld) {
		return dialControl(c.DataDir).export(ctx, o, w)
	}
	if err != nil {
		return err
	}
	return errors.Join(here.transfers.write(ctx, here.store.System(), store.TenantID(o.ID), o.To, w), done())
}

// errUnequal says that two passphrases differ.
var errUnequal = fault.New(fault.Invalid, "transfer.unequal", "The two passphrases are not the same. Try again.")

// newPassphrase reads a passphrase: twice from a person, so that it is what they meant.
func newPassphrase(t terminal) (string, error) {
	first, err := readPassword(t, "Passphrase for the file: ")
	if f, ok := t.in.(*os.File); err != nil || !ok || !term.IsTerminal(int(f.Fd())) {
		return first, err
	}
	second, err := readPassword(t, "The same again: ")
	if err == nil && first != second {
		err = errUnequal
	}
	return first, err
}

type tenantImportCmd struct {
	File     string `arg:"" help:"A file that export wrote." type:"existingfile"`
	Identity string `help:"A file with the age identity that opens it, in place of a passphrase." type:"existingfile"`
	As       string `help:"Make it a tenant of another id than it had."`
}

// Run imports a tenant. What it reads is opened before root becomes the owner of
// the data directory.
func (v tenantImportCmd) Run(ctx context.Context, c *Config, t terminal) error {
	in, err := os.Open(v.File)
	if err != nil {
		return err
	}
	defer in.Close()
	o := order{From: transfer.From{As: store.TenantID(v.As)}}
	if v.Identity != "" {
		text, err := os.ReadFile(v.Identity)
		if err != nil {
			return err
		}
		o.From.Keys = string(text)
	} else if o.From.Passphrase, err = readPassword(t, "Passphrase of the file: "); err != nil {
		return err
	}
	if _, err := o.From.Identities(); err != nil {
		return err
	}
	if err := become(c.DataDir); err != nil {
		return err
	}
	j, err := c.importFrom(ctx, o, in)
	if err != nil {
		return err
	}
	return c.follow(ctx, t, j)
}

func (c *Config) importFrom(ctx context.Context, o order, in *os.File) (store.Job, error) {
	here, done, err := open(ctx, c.DataDir)
	if errors.Is(err, errHeld) {
		return dialControl(c.DataDir).hand(ctx, "/import", o, in)
	}
	if err != nil {
		return store.Job{}, err
	}
	j, err := here.transfers.Import(ctx, here.store.System(), in, o.From, func() {})
	return j, errors.Join(err, done())
}

// serveExport answers an order with the file.
func (c control) serveExport(w http.ResponseWriter, r *http.Request) {
	var o order
	err := json.NewDecoder(r.Body).Decode(&o)
	var f io.ReadCloser
	if err == nil {
		f, err = c.transfers.Export(r.Context(), c.store.System(), store.TenantID(o.ID), o.To)
	}
	if err != nil {
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(failed(err)) // who asked is gone otherwise
		return
	}
	defer f.Close()
	_, _ = io.Copy(w, f) // who asked is gone otherwise
}

func (c control) importIn(ctx context.Context, o order, in io.Reader) (any, error) {
	return c.transfers.Receive(ctx, c.store.System(), in, o.From, func() {})
}

// export copies the export of a tenant to w.
func (r remoteControl) export(ctx context.Context, o order, w io.Writer) error {
	text, err := json.Marshal(o) //nolint:gosec // the socket is the owner's own
	if err != nil {
		return err
	}
	return r.send(ctx, http.MethodPost, "/export", bytes.NewReader(text), func(body io.Reader) error {
		_, err := io.Copy(w, body)
		return err
	})
}
