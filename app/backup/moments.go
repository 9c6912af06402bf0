package backup

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/superfly/ltx"
)

// maxMoments is how many moments are listed at once; of more, every so many-th.
const maxMoments = 1000

// A Moment is a state of the database that can be restored.
type Moment struct {
	Position string    `json:"position" doc:"A transaction"`
	At       time.Time `json:"at" doc:"When it was copied"`
	Whole    bool      `json:"whole,omitempty" doc:"A copy of the whole database stands there"`
}

// Moments are those that a replica can restore, and what they take.
type Moments struct {
	Items    []Moment   `json:"items" nullable:"false" doc:"Oldest first; at most 1000, spread over the time that was asked for"`
	Total    int        `json:"total" doc:"How many there are in that time"`
	Oldest   *time.Time `json:"oldest" nullable:"true" doc:"Of all"`
	Newest   *time.Time `json:"newest" nullable:"true" doc:"Of all"`
	Bytes    int64      `json:"bytes" doc:"How much the replica takes now"`
	Expected int64      `json:"expected_bytes" doc:"How much it will take when it is as old as it is kept; 0: not known yet"`
}

// Moments returns the moments between from and to that the replica of this
// appliance can restore; a zero time is no bound.
func (s *Service) Moments(ctx context.Context, from, to time.Time) (v Moments, err error) {
	v.Items = []Moment{}
	f, err := s.following()
	if errors.Is(err, errOff) {
		return v, nil
	}
	if err != nil {
		return v, err
	}
	files, err := filesOf(ctx, f.db.Replica.Client)
	if err != nil {
		return v, explain(err)
	}
	all := reachable(files)
	v.Bytes, v.Expected = sizeOf(files), expected(files, f.plan.row.RetentionDays, s.Now())
	if len(all) > 0 {
		oldest, newest := all[0].At, all[len(all)-1].At
		v.Oldest, v.Newest = &oldest, &newest
	}
	all = slices.DeleteFunc(all, func(m Moment) bool {
		return !from.IsZero() && m.At.Before(from) || !to.IsZero() && m.At.After(to)
	})
	v.Total, v.Items = len(all), thin(all)
	return v, nil
}

// thin leaves the newest, and of the others as many as fit.
func thin(all []Moment) []Moment {
	if len(all) <= maxMoments {
		return all
	}
	some := make([]Moment, 0, maxMoments)
	for i := range maxMoments {
		some = append(some, all[(i+1)*len(all)/maxMoments-1])
	}
	return some
}

// filesOf lists every file of a replica.
func filesOf(ctx context.Context, client litestream.ReplicaClient) (files []*ltx.FileInfo, err error) {
	if err := client.Init(ctx); err != nil {
		return nil, err
	}
	for level := litestream.SnapshotLevel; level >= 0; level-- {
		found, err := litestream.FindLTXFiles(ctx, client, level, false, func(*ltx.FileInfo) (bool, error) { return true, nil })
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	return files, nil
}

func sizeOf(files []*ltx.FileInfo) (bytes int64) {
	for _, f := range files {
		bytes += f.Size
	}
	return bytes
}

// expected says what a replica takes when it is as old as it is kept: a whole
// copy a day and what changed, at every level but the first, which is short-lived.
func expected(files []*ltx.FileInfo, days int, now time.Time) int64 {
	var whole, changed int64
	oldest := now
	for _, f := range files {
		switch {
		case f.Level == litestream.SnapshotLevel:
			whole = max(whole, f.Size)
		case f.Level > 0 && now.Sub(f.CreatedAt) < day:
			changed += f.Size
			if f.CreatedAt.Before(oldest) {
				oldest = f.CreatedAt
			}
		}
	}
	span := now.Sub(oldest)
	if whole == 0 || span < 10*time.Minute {
		return 0
	}
	return whole*int64(days+1) + int64(float64(changed)*float64(days)*float64(day)/float64(span))
}

// reachable goes through files by where they end. A file leads on from any moment
// within it or right before it; one that begins with the first transaction, as
// every whole copy does, needs nothing.
func reachable(files []*ltx.FileInfo) []Moment {
	slices.SortFunc(files, func(a, b *ltx.FileInfo) int {
		return cmp.Or(cmp.Compare(a.MaxTXID, b.MaxTXID), cmp.Compare(a.MinTXID, b.MinTXID))
	})
	all := []Moment{}
	var before, last ltx.TXID // the newest moments that were reached: before the one at hand, and of all
	for _, f := range files {
		if f.MaxTXID > last {
			before = last
		}
		if f.MinTXID != 1 && (before == 0 || f.MinTXID > before+1) {
			continue
		}
		at := f.CreatedAt.UTC()
		if f.MaxTXID == last && len(all) > 0 {
			m := &all[len(all)-1]
			m.Whole = m.Whole || f.MinTXID == 1
			if at.Before(m.At) {
				m.At = at // compaction writes the same moment again, later
			}
			continue
		}
		last = f.MaxTXID
		all = append(all, Moment{last.String(), at, f.MinTXID == 1})
	}
	return all
}
