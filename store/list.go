package store

import (
	"database/sql"
	"encoding/base64"
	"encoding/json"
	"math"
	"strings"

	"unity.internal/app/fault"
)

// AnyRev stands for whatever revision a row has.
const AnyRev = 0

// maxTime is above every time, so that a list from the newest begins there.
const maxTime = int64(math.MaxInt64)

// List says which part of a list is asked for.
type List struct {
	Q, Sort, Cursor string
	Limit           int
}

// A Page is one part of a list, and where the next begins.
type Page[T any] struct {
	Items []T    `json:"items" nullable:"false"`
	Next  string `json:"next_cursor,omitempty"`
}

// ErrCursor says that a cursor was not made by this list in this order.
var ErrCursor = fault.New(fault.Invalid, "cursor.invalid", "The cursor does not belong to this list.")

// A cursor is the place after one row, in an order of (K, id).
type cursor[K string | int64] struct {
	Key K
	ID  string
}

// page reads one row more than asked to learn whether another page follows.
// first is a key before every row.
func page[T any, K string | int64](l List, first K, read func(...any) ([]T, error), at func(T) cursor[K]) (p Page[T], err error) {
	c := cursor[K]{Key: first}
	if l.Cursor != "" {
		raw, err := base64.RawURLEncoding.DecodeString(l.Cursor)
		if err == nil {
			err = json.Unmarshal(raw, &c)
		}
		if err != nil {
			return p, ErrCursor.Because(err)
		}
	}
	p.Items, err = read(sql.Named("key", c.Key), sql.Named("id", c.ID),
		sql.Named("like", contains(l.Q)), sql.Named("limit", l.Limit+1))
	if err != nil || len(p.Items) <= l.Limit {
		return p, known(err)
	}
	p.Items = p.Items[:l.Limit]
	raw, err := json.Marshal(at(p.Items[l.Limit-1]))
	p.Next = base64.RawURLEncoding.EncodeToString(raw)
	return p, err
}

// contains returns the LIKE pattern, escaped by \, of the strings that contain q.
func contains(q string) string {
	return "%" + strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(q) + "%"
}
