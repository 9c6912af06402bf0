package store_test

import (
	"fmt"
	"path/filepath"
	"testing"

	"unity.internal/store"
)

// big makes a table of a million narrow rows, and a copy in which 30 of them
// differ and, if moved, all lie in another order.
func big(b *testing.B, moved bool) (live, side string) {
	b.Helper()
	dir := b.TempDir()
	live, side = filepath.Join(dir, "live.db"), filepath.Join(dir, "side.db")
	order := "id"
	if moved {
		order = "name"
	}
	const columns = ` (tenant_id TEXT NOT NULL, id TEXT NOT NULL, at INTEGER NOT NULL, name TEXT NOT NULL, value REAL, UNIQUE (tenant_id, id)) STRICT`
	lay(b, live, `CREATE TABLE things`+columns, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
		INSERT INTO things SELECT 'tenant-' || (i % 10), printf('%08x-7000-8000', i), i, 'thing ' || i, i * 0.5 FROM n`)
	lay(b, side, fmt.Sprintf(`ATTACH '%s' AS live; CREATE TABLE things%s; INSERT INTO main.things SELECT * FROM live.things ORDER BY %s;
		DELETE FROM main.things WHERE at %% 100000 = 5; UPDATE main.things SET name = 'other' WHERE at %% 100000 = 7;
		UPDATE main.things SET id = 'new' || id WHERE at %% 100000 = 9`, live, columns, order))
	return live, side
}

func BenchmarkCompareAMillionRows(b *testing.B) {
	for name, moved := range map[string]bool{"in the same order": false, "in another order": true} {
		b.Run(name, func(b *testing.B) {
			live, side := big(b, moved)
			for b.Loop() {
				var n int64
				all, err := store.Compare(b.Context(), live, side)
				for _, d := range all {
					n += d.Appear.N + d.Vanish.N + d.Change.N
				}
				if err != nil || n != 10+20+10 { // what has another id is gone, and new
					b.Fatal(n, err)
				}
			}
		})
	}
}

func BenchmarkDigest(b *testing.B) {
	live, _ := big(b, false)
	for b.Loop() {
		if _, err := store.DigestFile(b.Context(), live); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1e6*float64(b.N)/b.Elapsed().Seconds(), "rows/s")
}
