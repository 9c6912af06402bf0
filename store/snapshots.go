package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"time"

	"github.com/klauspost/compress/zstd"
	"unity.internal/store/internal/sq"
)

// maxSnapshots is how many snapshots of a server are kept; the oldest go first.
const maxSnapshots = 100

// maxSection bounds what a section may unpack to.
const maxSection = 64 << 20

// A SnapshotName says of which server and when a snapshot is.
type SnapshotName struct {
	ID       string    `json:"id"`
	ServerID string    `json:"server_id"`
	Taken    time.Time `json:"taken_at"`
}

// A Snapshot is what a server looked like at one moment, section by section.
type Snapshot struct {
	SnapshotName
	Sections map[string]json.RawMessage `json:"sections"`
}

// A SnapshotInfo is a snapshot in a list. Sections with equal hashes are equal.
type SnapshotInfo struct {
	SnapshotName
	Hashes map[string]string `json:"sections" doc:"The hash of each section: equal hashes, equal sections"`
}

const snapshotCols = "id, server_id, taken_at, sections"

func scanSnapshot(r sq.Row) (v SnapshotInfo, err error) {
	var ms int64
	var hashes string
	if err = r.Scan(&v.ID, &v.ServerID, &ms, &hashes); err != nil {
		return v, err
	}
	v.Taken = time.UnixMilli(ms).UTC()
	return v, json.Unmarshal([]byte(hashes), &v.Hashes)
}

// AddSnapshot keeps v and forgets the oldest ones and what only they held. A
// section that did not change takes no room. Snapshots are not audited.
func (t Tenant) AddSnapshot(ctx context.Context, v Snapshot) error {
	hashes := make(map[string]string, len(v.Sections))
	packed := make(map[string][]byte, len(v.Sections))
	known, err := t.sectionHashes(ctx, v.ServerID)
	if err != nil {
		return err
	}
	w, err := packer()
	if err != nil {
		return err
	}
	for name, data := range v.Sections {
		sum := sha256.Sum256(data)
		hashes[name] = hex.EncodeToString(sum[:])
		if !known[hashes[name]] {
			packed[hashes[name]] = w.EncodeAll(data, nil)
		}
	}
	text, err := json.Marshal(hashes)
	if err != nil {
		return err
	}
	var size int64
	for _, data := range packed {
		size += int64(len(data))
	}
	return t.Tx(ctx, func(t Tenant) error {
		if err := t.Fits(ctx, QuotaStorage, size); err != nil {
			return err
		}
		for hash, data := range packed {
			if err := t.addSection(ctx, v.ServerID, hash, data); err != nil {
				return err
			}
		}
		err := sq.Exec(ctx, t.db, `INSERT INTO snapshots (tenant_id, id, server_id, taken_at, sections)
			VALUES (@tenant, @id, @server, @at, @sections)`, sql.Named("id", v.ID), sql.Named("server", v.ServerID),
			sql.Named("at", v.Taken.UnixMilli()), sql.Named("sections", string(text)))
		if err != nil {
			return err
		}
		return t.pruneSnapshots(ctx, v.ServerID)
	})
}

func (t Tenant) sectionHashes(ctx context.Context, server string) (map[string]bool, error) {
	all := map[string]bool{}
	_, err := sq.Many(ctx, t.db, func(r sq.Row) (struct{}, error) {
		var hash []byte
		err := r.Scan(&hash)
		all[hex.EncodeToString(hash)] = true
		return struct{}{}, err
	}, `SELECT hash FROM snapshot_sections WHERE tenant_id = @tenant AND server_id = @server`, sql.Named("server", server))
	return all, known(err)
}

func (t Tenant) addSection(ctx context.Context, server, hash string, data []byte) error {
	sum, err := hex.DecodeString(hash)
	if err != nil {
		return err
	}
	return some(sq.Exec(ctx, t.db, `INSERT INTO snapshot_sections (tenant_id, server_id, hash, data)
		VALUES (@tenant, @server, @hash, @data) ON CONFLICT DO NOTHING`,
		sql.Named("server", server), sql.Named("hash", sum), sql.Named("data", data)))
}

func (t Tenant) pruneSnapshots(ctx context.Context, server string) error {
	err := some(sq.Exec(ctx, t.db, `DELETE FROM snapshots WHERE tenant_id = @tenant AND id IN (
		SELECT id FROM snapshots WHERE tenant_id = @tenant AND server_id = @server
		ORDER BY taken_at DESC, id DESC LIMIT -1 OFFSET @keep)`, sql.Named("server", server), sql.Named("keep", maxSnapshots)))
	if err != nil {
		return err
	}
	return some(sq.Exec(ctx, t.db, `DELETE FROM snapshot_sections WHERE tenant_id = @tenant AND server_id = @server
		AND lower(hex(hash)) NOT IN (SELECT json_each.value FROM snapshots n, json_each(n.sections)
		WHERE n.tenant_id = @tenant AND n.server_id = @server)`, sql.Named("server", server)))
}

const snapshotsNewest = `SELECT ` + snapshotCols + ` FROM snapshots
	WHERE tenant_id = @tenant AND server_id = @server AND (taken_at, id) < (@key, @id) AND @like <> ''
	ORDER BY taken_at DESC, id DESC LIMIT @limit`

// Snapshots returns one page of the snapshots of a server, newest first.
func (t Tenant) Snapshots(ctx context.Context, server string, l List) (p Page[SnapshotInfo], err error) {
	if _, err := t.Server(ctx, server); err != nil {
		return p, err
	}
	return page(l, maxTime, func(args ...any) ([]SnapshotInfo, error) {
		return sq.Many(ctx, t.db, scanSnapshot, snapshotsNewest, append(args, sql.Named("server", server))...)
	}, func(v SnapshotInfo) cursor[int64] { return cursor[int64]{v.Taken.UnixMilli(), v.ID} })
}

// Snapshot returns one snapshot of a server with its sections; of the id
// «latest», the newest.
func (t Tenant) Snapshot(ctx context.Context, server, id string) (v Snapshot, err error) {
	var info SnapshotInfo
	if id == "latest" {
		info, err = sq.One(ctx, t.db, scanSnapshot, `SELECT `+snapshotCols+` FROM snapshots
			WHERE tenant_id = @tenant AND server_id = @server ORDER BY taken_at DESC, id DESC LIMIT 1`, sql.Named("server", server))
	} else {
		info, err = sq.One(ctx, t.db, scanSnapshot, `SELECT `+snapshotCols+` FROM snapshots
			WHERE tenant_id = @tenant AND id = @id AND server_id = @server`, sql.Named("id", id), sql.Named("server", server))
	}
	if err != nil {
		return v, known(err)
	}
	v = Snapshot{info.SnapshotName, map[string]json.RawMessage{}}
	for name, hash := range info.Hashes {
		if v.Sections[name], err = t.section(ctx, server, hash); err != nil {
			return v, known(fmt.Errorf("section %s of snapshot %s: %w", name, id, err))
		}
	}
	return v, nil
}

func (t Tenant) section(ctx context.Context, server, hash string) ([]byte, error) {
	sum, err := hex.DecodeString(hash)
	if err != nil {
		return nil, err
	}
	packed, err := sq.One(ctx, t.db, func(r sq.Row) (data []byte, err error) {
		err = r.Scan(&data)
		return data, err
	}, `SELECT data FROM snapshot_sections WHERE tenant_id = @tenant AND server_id = @server AND hash = @hash`,
		sql.Named("server", server), sql.Named("hash", sum))
	if err != nil {
		return nil, err
	}
	return unpack(packed)
}

// packer returns an encoder for one snapshot: a kept one would hold its tables
// for half an hour.
func packer() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest),
		zstd.WithWindowSize(256<<10), zstd.WithLowerEncoderMem(true))
}

func unpack(data []byte) ([]byte, error) {
	r, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxMemory(maxSection))
	if err != nil {
		return nil, err
	}
	defer r.Close()
	all, err := r.DecodeAll(data, nil)
	return all, err
}
