package transfer

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"unity.internal/store"
)

// A Header is the first line of the file.
type Header struct {
	Format   int            `json:"format"`
	ID       string         `json:"id"` // of this export: a second import of it is known by it
	Schema   int64          `json:"schema"`
	Tenant   store.TenantID `json:"tenant"`
	Name     string         `json:"name"`
	Exported time.Time      `json:"exported_at"`
	Version  string         `json:"version"`
}

// check refuses what this version cannot read.
func (h Header) check() error {
	switch {
	case h.Format > Format || h.Schema > store.SchemaVersion():
		return ErrNewer
	case h.Format < 1 || h.ID == "" || h.Tenant == "" || h.Schema < 1:
		return ErrDamaged
	}
	return nil
}

// The rows that are of no table of tenants.
const (
	tenantRow = "tenants"
	secretRow = "keysets"
	userRow   = "users"
)

// A line is every other line: a row, or the end.
type line struct {
	Table string          `json:"table,omitempty"`
	Row   json.RawMessage `json:"row,omitempty"`
	End   *end            `json:"end,omitempty"`
}

// An end is the last line.
type end struct {
	Counts map[string]int64 `json:"counts"`
	Digest string           `json:"digest"` // SHA-256 of all lines before, in hex
}

// secret is the row of secretRow.
type secret struct {
	Secret []byte `json:"secret"`
}

// A bare text is one that JSON cannot hold as it is.
type bare struct {
	Base64 []byte `json:"base64"`
}

// packed returns a value of a column as JSON keeps it.
func packed(v any) any {
	switch v := v.(type) {
	case float64:
		if math.IsInf(v, 0) {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
	case []byte:
		if v == nil {
			return []byte{} // of no length is not null
		}
	case string:
		if !utf8.ValidString(v) {
			return bare{[]byte(v)}
		}
	}
	return v // bytes are base64
}

// unpacked is the inverse of packed, for a column of a type.
func unpacked(kind string, raw json.RawMessage) (any, error) {
	if string(raw) == "null" {
		return nil, nil
	}
	switch kind {
	case "INTEGER":
		return strconv.ParseInt(string(raw), 10, 64)
	case "REAL":
		return strconv.ParseFloat(string(bytes.Trim(raw, `"`)), 64)
	case "BLOB":
		var text string
		if err := json.Unmarshal(raw, &text); err != nil {
			return nil, err
		}
		return base64.StdEncoding.DecodeString(text)
	case "TEXT":
		if raw[0] == '{' {
			var b bare
			err := json.Unmarshal(raw, &b)
			return string(b.Base64), err
		}
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	}
	return nil, fmt.Errorf("a column of type %s", kind)
}

// strict reads JSON that may hold nothing but what into has.
func strict(raw []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
