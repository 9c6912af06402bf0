package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"math/bits"
	"net/url"
	"slices"
	"strings"
	"time"
)

// A TableDigest is what a table holds, in 64 characters.
type TableDigest struct {
	Table  string `json:"table"`
	Rows   int64  `json:"rows"`
	Digest string `json:"digest" doc:"Equal for equal rows in any order"`
}

// Digests are the digests of all tables of a database at one moment, by name.
type Digests []TableDigest

// Differ returns the tables that do not hold the same rows in both, or stand in one only.
func (d Digests) Differ(other Digests) (names []string) {
	for _, pair := range [][2]Digests{{d, other}, {other, d}} {
		for _, v := range pair[0] {
			if !slices.Contains(pair[1], v) && !slices.Contains(names, v.Table) {
				names = append(names, v.Table)
			}
		}
	}
	slices.Sort(names)
	return names
}

// A View is the database as it was when it was taken, whatever is written since. While it is open, the write-ahead log cannot shrink.
type View struct {
	conn *sql.Conn
	end  func() error
}

// Snapshot begins a reading transaction. It shows what was committed before it
// returns: who needs to know at which position keeps the writer still for this call.
func (s *Store) Snapshot(ctx context.Context) (*View, error) {
	conn, err := s.read.Conn(ctx)
	if err != nil {
		return nil, known(err)
	}
	_, err = conn.ExecContext(ctx, `BEGIN`)
	if err == nil { // a transaction begins with what it reads first
		_, err = version(ctx, conn)
	}
	if err != nil {
		return nil, errors.Join(known(err), conn.Close())
	}
	return &View{conn, func() error {
		_, err := conn.ExecContext(context.WithoutCancel(ctx), `ROLLBACK`)
		return errors.Join(known(err), conn.Close())
	}}, nil
}

// Digest returns the digests of all tables at the moment of the view.
func (v *View) Digest(ctx context.Context) (Digests, error) {
	d, err := digests(ctx, v.conn)
	return d, known(err)
}

// Close ends the view.
func (v *View) Close() error { return v.end() }

// Digest returns the digests of all tables at one moment.
func (s *Store) Digest(ctx context.Context) (Digests, error) {
	at, err := s.Snapshot(ctx)
	if err != nil {
		return nil, err
	}
	d, err := at.Digest(ctx)
	return d, errors.Join(err, at.Close())
}

// DigestFile returns the digests of the file at path, which nobody has open.
func DigestFile(ctx context.Context, path string) (Digests, error) {
	db, err := sql.Open("sqlite", still(path))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	d, err := digests(ctx, conn)
	return d, errors.Join(err, conn.Close())
}

// still names a file for reading that nobody writes: no lock is taken, and no
// log beside it is read or made.
func still(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=ro&immutable=1"
}

func digests(ctx context.Context, conn *sql.Conn) (Digests, error) {
	names, err := texts(ctx, conn, `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow')
		AND name NOT GLOB 'sqlite_*' AND name NOT GLOB '_litestream_*' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	all := make(Digests, 0, len(names))
	for _, name := range names {
		d, err := digest(ctx, conn, name)
		if err != nil {
			return nil, fmt.Errorf("digest of %s: %w", name, err)
		}
		all = append(all, d)
	}
	return all, nil
}

// digest reads a table once, in the order in which it lies on the disk, and adds
// up the SHA-256 of its rows as numbers modulo 2^256: a sum knows no order, so
// neither a VACUUM, which numbers rows anew, nor another history of the same
// rows shows, and nothing is sorted or kept. Unlike with exclusive or, a row
// that is there twice counts twice. It finds every accident; somebody who may
// write rows at will has easier ways to deceive than to search for a collision.
//
// SQL is built here from the schema's own names, since a table is read whole
// whatever it is called; they are quoted. Rows come from the driver itself:
// database/sql would take half of the time for conversions.
func digest(ctx context.Context, conn *sql.Conn, table string) (TableDigest, error) {
	out := TableDigest{Table: table}
	columns, err := texts(ctx, conn, `SELECT name FROM pragma_table_info(@table) ORDER BY name`, sql.Named("table", table))
	if err != nil {
		return out, err
	}
	var sum [4]uint64
	err = conn.Raw(func(c any) error {
		rows, err := c.(driver.QueryerContext).QueryContext(ctx, selecting(quoted("", columns), quote(table), "true"), nil)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // only read
		row, text := make([]driver.Value, len(columns)), []byte(nil)
		for {
			err := rows.Next(row)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return err
			}
			if text, err = encoded(text[:0], row); err != nil {
				return err
			}
			add(&sum, sha256.Sum256(text))
			if out.Rows++; out.Rows%4096 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
		}
	})
	whole := []byte(strings.Join(columns, "\x00"))
	for _, n := range sum {
		whole = binary.BigEndian.AppendUint64(whole, n)
	}
	end := sha256.Sum256(binary.BigEndian.AppendUint64(whole, uint64(out.Rows))) //nolint:gosec // a count
	out.Digest = hex.EncodeToString(end[:])
	return out, err
}

// add adds n to sum, as numbers of 256 bits.
func add(sum *[4]uint64, n [sha256.Size]byte) {
	var carry uint64
	for i := 3; i >= 0; i-- {
		sum[i], carry = bits.Add64(sum[i], binary.BigEndian.Uint64(n[i*8:]), carry)
	}
}

// encoded appends a row such that no other row gives the same bytes.
func encoded(to []byte, row []driver.Value) ([]byte, error) {
	for _, v := range row {
		switch v := v.(type) {
		case nil:
			to = append(to, 'n')
		case int64:
			to = binary.BigEndian.AppendUint64(append(to, 'i'), uint64(v)) //nolint:gosec // its bits
		case float64:
			to = binary.BigEndian.AppendUint64(append(to, 'r'), math.Float64bits(v))
		case string:
			to = append(binary.BigEndian.AppendUint64(append(to, 't'), uint64(len(v))), v...)
		case []byte:
			to = append(binary.BigEndian.AppendUint64(append(to, 'b'), uint64(len(v))), v...)
		case bool:
			to = append(to, 'o', map[bool]byte{true: 1}[v])
		case time.Time:
			to = binary.BigEndian.AppendUint64(append(to, 'd'), uint64(v.UnixNano()))
		default:
			return nil, fmt.Errorf("a value of %T", v)
		}
	}
	return to, nil
}

// An asker is a database, a connection or a transaction.
type asker interface {
	QueryContext(ctx context.Context, q string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, q string, args ...any) *sql.Row
}

// texts returns the only column of q.
func texts(ctx context.Context, db asker, q string, args ...any) (all []string, err error) {
	rows, err := db.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var v string
		if err := rows.Scan(&v); err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, rows.Err()
}

// quote makes a name of the schema part of SQL.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// quoted lists columns of a table that SQL calls alias.
func quoted(alias string, columns []string) string {
	all := make([]string, len(columns))
	for i, c := range columns {
		all[i] = alias + quote(c)
	}
	return strings.Join(all, ", ")
}
