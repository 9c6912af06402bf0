package store

import (
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"unity.internal/store/internal/sq"
)

// An anchor is where a chain of the audit begins: the last row that was pruned.
// The zero anchor is before the first row ever.
type anchor struct {
	seq       int64
	mac       []byte
	at        int64
	signature []byte
}

func scanAnchor(r sq.Row) (a anchor, err error) {
	err = r.Scan(&a.seq, &a.mac, &a.at, &a.signature)
	return a, err
}

// signed returns what the signature of a covers. It begins with a word, so that
// it never reads like a row of the audit.
func (a anchor) signed() []byte {
	msg := binary.BigEndian.AppendUint64([]byte("audit anchor"), uint64(a.seq)) //nolint:gosec // a row number is never negative
	msg = binary.BigEndian.AppendUint64(msg, uint64(a.at))                      //nolint:gosec // nor is a time
	return append(msg, a.mac...)
}

// anchor returns where the tenant's chain begins, if nobody else put it there.
func (t Tenant) anchor(ctx context.Context) (anchor, error) {
	a, err := sq.One(ctx, t.db, scanAnchor, `SELECT seq, mac, at, signature FROM audit_anchors WHERE tenant_id = @tenant`)
	if errors.Is(err, sql.ErrNoRows) {
		return anchor{}, nil
	}
	if err != nil {
		return a, known(err)
	}
	signature, err := t.store.sign(ctx, t.ID, a.signed())
	if err == nil && !hmac.Equal(signature, a.signature) {
		err = fmt.Errorf("audit of tenant %s: the anchor before row %d was changed, or is another's", t.ID, a.seq+1)
	}
	return a, err
}

const auditOldest = `SELECT ` + auditCols + ` FROM audit WHERE tenant_id = @tenant AND seq > @seq ORDER BY seq LIMIT @limit`

// after returns the next rows of the audit behind one, the oldest first.
func (t Tenant) after(ctx context.Context, seq, limit int64) ([]Audit, error) {
	rows, err := sq.Many(ctx, t.db, scanAudit, auditOldest, sql.Named("seq", seq), sql.Named("limit", limit))
	return rows, known(err)
}

// follow checks that rows continue the chain behind the row seq with that mac.
func (t Tenant) follow(ctx context.Context, seq int64, mac []byte, rows []Audit) error {
	for _, a := range rows {
		want, err := t.store.sign(ctx, t.ID, a.signed(mac))
		if err != nil {
			return err
		}
		if a.Seq != seq+1 || !hmac.Equal(want, a.mac) {
			return fmt.Errorf("audit of tenant %s: row %d was changed or a row before it is missing", t.ID, a.Seq)
		}
		seq, mac = a.Seq, a.mac
	}
	return nil
}

// PruneAudit deletes one step of the rows that are older than before, and
// returns how many. What it deletes it checks first, so that it hides no gap, and
// it leaves a signed anchor. The newest row always stays: the chain goes on from it.
func (t Tenant) PruneAudit(ctx context.Context, before time.Time) (n int64, err error) {
	err = t.Tx(ctx, func(t Tenant) error {
		from, err := t.anchor(ctx)
		if err != nil {
			return err
		}
		rows, err := t.after(ctx, 0, pruneStep+1)
		if err != nil {
			return err
		}
		old := rows[:max(0, len(rows)-1)]
		for i, a := range old {
			if !a.At.Before(before) {
				old = old[:i]
				break
			}
		}
		if len(old) == 0 {
			return nil
		}
		if err := t.follow(ctx, from.seq, from.mac, old); err != nil {
			return err
		}
		n = int64(len(old))
		return t.cut(ctx, old[n-1])
	})
	return n, err
}

// cut deletes the audit up to last and puts the anchor there.
func (t Tenant) cut(ctx context.Context, last Audit) error {
	a := anchor{seq: last.Seq, mac: last.mac, at: last.At.UnixMilli()}
	signature, err := t.store.sign(ctx, t.ID, a.signed())
	if err != nil {
		return err
	}
	err = sq.Exec(ctx, t.db, `DELETE FROM audit WHERE tenant_id = @tenant AND seq <= @seq`, sql.Named("seq", a.seq))
	if err != nil {
		return err
	}
	return sq.Exec(ctx, t.db, `INSERT INTO audit_anchors (tenant_id, seq, mac, at, signature) VALUES (@tenant, @seq, @mac, @at, @signature)
		ON CONFLICT (tenant_id) DO UPDATE SET seq = excluded.seq, mac = excluded.mac, at = excluded.at, signature = excluded.signature`,
		sql.Named("seq", a.seq), sql.Named("mac", a.mac), sql.Named("at", a.at), sql.Named("signature", signature))
}

// auditSlice is how many rows VerifyAudit reads at a time.
const auditSlice = 1000

// VerifyAudit checks the chain from its beginning, or from its anchor, and
// returns how many rows it holds. The error names the first row that is not as
// it was written.
func (t Tenant) VerifyAudit(ctx context.Context) (rows int64, err error) {
	for {
		from, err := t.anchor(ctx)
		if err != nil {
			return 0, err
		}
		rows, err := t.verify(ctx, from)
		if err == nil {
			return rows, nil
		}
		if now, failed := t.anchor(ctx); failed != nil || now.seq == from.seq {
			return rows, errors.Join(err, failed)
		}
		// It was pruned meanwhile, so it begins elsewhere.
	}
}

// verify checks every row there is against the chain behind from.
func (t Tenant) verify(ctx context.Context, from anchor) (rows int64, err error) {
	seq, mac, read := from.seq, from.mac, int64(0)
	for {
		part, err := t.after(ctx, read, auditSlice)
		if err != nil {
			return rows, err
		}
		if err := t.follow(ctx, seq, mac, part); err != nil {
			return rows, err
		}
		if n := len(part); n > 0 {
			seq, mac, read = part[n-1].Seq, part[n-1].mac, part[n-1].Seq
		}
		rows += int64(len(part))
		switch {
		case len(part) == auditSlice:
		case rows == 0 && from.seq > 0:
			return 0, fmt.Errorf("audit of tenant %s: every row after row %d is missing", t.ID, from.seq)
		default:
			return rows, nil
		}
	}
}

// AuditBegin returns when the oldest row of the audit was written, and whether
// older ones were pruned. An empty one is ErrNotFound.
func (t Tenant) AuditBegin(ctx context.Context) (at time.Time, pruned bool, err error) {
	from, err := t.anchor(ctx)
	if err != nil {
		return at, false, err
	}
	rows, err := t.after(ctx, 0, 1)
	if err == nil && len(rows) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return at, false, err
	}
	return rows[0].At, from.seq > 0, nil
}
