package transfer

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"filippo.io/age"
	"github.com/klauspost/compress/zstd"
	"unity.internal/store"
)

// A writer writes lines and knows what it wrote.
type writer struct {
	out    io.Writer
	text   bytes.Buffer
	json   *json.Encoder
	digest hash.Hash
	counts map[string]int64
}

func newWriter(out io.Writer) *writer {
	w := &writer{digest: sha256.New(), counts: map[string]int64{}}
	w.out = io.MultiWriter(out, w.digest)
	w.json = json.NewEncoder(&w.text)
	w.json.SetEscapeHTML(false)
	return w
}

func (w *writer) line(v any) error {
	w.text.Reset()
	if err := w.json.Encode(v); err != nil {
		return err
	}
	_, err := w.out.Write(w.text.Bytes())
	return err
}

// row writes one row of a table.
func (w *writer) row(table string, row any) error {
	w.counts[table]++
	return w.line(struct {
		Table string `json:"table"`
		Row   any    `json:"row"`
	}{table, row})
}

func (w *writer) end() error {
	return w.line(line{End: &end{w.counts, hex.EncodeToString(w.digest.Sum(nil))}})
}

// Export writes all that a tenant has to out, for the recipients of it, and
// returns how many rows that are. That it was done stands in the audit of the
// tenant, behind what is in the file: y says who does it.
func (s *Service) Export(ctx context.Context, y store.System, id store.TenantID, to []age.Recipient, out io.Writer, step Step) (rows int64, err error) {
	done, err := s.take(id)
	if err != nil {
		return 0, err
	}
	defer done()
	sealed, err := age.Encrypt(out, to...)
	if err != nil {
		return 0, fmt.Errorf("encrypt the export: %w", err)
	}
	packed, err := zstd.NewWriter(sealed, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(1<<20))
	if err != nil {
		return 0, err
	}
	w := newWriter(packed)
	h := Header{Format: Format, ID: store.NewID(), Schema: store.SchemaVersion(), Tenant: id, Version: s.Version}
	err = y.Tenant(id).Export(ctx, func(e *store.Export) error { return s.write(ctx, w, h, e, step) })
	if err = errors.Join(err, packed.Close(), sealed.Close()); err != nil {
		return 0, err
	}
	for _, n := range w.counts {
		rows += n
	}
	return rows, y.Tenant(id).Record(ctx, store.Audit{Action: "tenants.export", Thing: string(id), Result: "done", Detail: map[string]any{"export": h.ID, "rows": rows}})
}

func (s *Service) write(ctx context.Context, w *writer, h Header, e *store.Export, step Step) error {
	h.Name, h.Exported = e.Info.Name, e.Now()
	key, err := s.Vault.Secret(ctx, h.Tenant)
	if err != nil {
		return err
	}
	users, err := e.Users(ctx)
	if err != nil {
		return err
	}
	info := e.Info
	info.ID = "" // it may be imported under another one
	if err := errors.Join(w.line(h), w.row(tenantRow, info), w.row(secretRow, secret{key})); err != nil {
		return err
	}
	for _, u := range users {
		if err := w.row(userRow, u); err != nil {
			return err
		}
	}
	tables := e.Tables()
	for i, table := range tables {
		step(table, i, len(tables))
		if err := s.writeTable(ctx, w, h.Tenant, e, table); err != nil {
			return err
		}
	}
	return w.end()
}

func (s *Service) writeTable(ctx context.Context, w *writer, id store.TenantID, e *store.Export, table string) error {
	columns, spots, open := e.Columns(table), spotsOf(table), s.opened(ctx, id)
	row := make(map[string]any, len(columns))
	return e.Rows(ctx, table, func(values []any) error {
		for i, c := range columns {
			row[c] = values[i]
		}
		if err := turned(spots, row, open); err != nil {
			return err
		}
		for c, v := range row {
			row[c] = packed(v)
		}
		return w.row(table, row)
	})
}
