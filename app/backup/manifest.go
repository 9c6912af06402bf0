package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"slices"
	"time"

	"unity.internal/app/backup/place"
)

const (
	manifestFile   = "unity.json"
	manifestFormat = 1
)

// A manifest stands beside the copies of one instance and says whose they are.
type manifest struct {
	Format   int             `json:"format"`
	Instance string          `json:"instance"`
	Host     string          `json:"host"`
	Version  string          `json:"version"`
	Created  time.Time       `json:"created_at"`
	Lock     json.RawMessage `json:"lock"` // proves a master key; opens nothing
}

// manifest writes what the copies are, if it changed.
func (f *follower) manifest(ctx context.Context) error {
	s, name := f.service, path.Join(f.plan.row.Instance, manifestFile)
	lock, err := s.Lock(ctx)
	if err != nil {
		return err
	}
	v := manifest{manifestFormat, f.plan.row.Instance, s.Host, s.Version, s.Now().UTC().Truncate(time.Second), lock}
	old, _, err := f.place.Read(ctx, name)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var was manifest
	if json.Unmarshal(old, &was) == nil && !was.Created.IsZero() {
		v.Created = was.Created
	}
	text, err := json.Marshal(v)
	if err != nil || bytes.Equal(text, old) {
		return err
	}
	_, err = f.place.Write(ctx, name, text, "")
	return err
}

// A Copy is what a replica holds of one instance.
type Copy struct {
	Instance string          `json:"instance"`
	Host     string          `json:"host" doc:"The box that wrote it"`
	Version  string          `json:"version" doc:"The version of Unity that wrote it"`
	Created  time.Time       `json:"created_at"`
	Oldest   *time.Time      `json:"oldest" nullable:"true" doc:"The oldest moment that can be restored"`
	Newest   *time.Time      `json:"newest" nullable:"true" doc:"The newest moment"`
	Bytes    int64           `json:"bytes" doc:"How much it takes"`
	Moments  int             `json:"moments" doc:"How many moments can be restored"`
	Lock     json.RawMessage `json:"-"`
}

// Look returns what a replica holds, the newest instance first.
func Look(ctx context.Context, where place.Place) ([]Copy, error) {
	entries, err := where.List(ctx, "")
	if err != nil {
		return nil, explain(err)
	}
	all := []Copy{}
	for _, e := range entries {
		if !e.Dir {
			continue
		}
		v, err := look(ctx, where, e.Name)
		if err != nil {
			return nil, explain(err)
		}
		if v.Instance != "" {
			all = append(all, v)
		}
	}
	slices.SortFunc(all, func(a, b Copy) int { return newest(b).Compare(newest(a)) })
	return all, nil
}

func newest(c Copy) time.Time {
	if c.Newest == nil {
		return c.Created
	}
	return *c.Newest
}

// look reads one directory of a replica. One without a manifest of ours is passed over.
func look(ctx context.Context, where place.Place, dir string) (v Copy, err error) {
	text, _, err := where.Read(ctx, path.Join(dir, manifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return v, nil
	}
	var m manifest
	if err != nil || json.Unmarshal(text, &m) != nil || m.Format > manifestFormat {
		return v, err
	}
	v = Copy{Instance: dir, Host: m.Host, Version: m.Version, Created: m.Created, Lock: m.Lock}
	client, err := where.Client(dir)
	if err != nil {
		return v, err
	}
	files, err := filesOf(ctx, client)
	moments := reachable(files)
	v.Bytes, v.Moments = sizeOf(files), len(moments)
	if len(moments) > 0 {
		v.Oldest, v.Newest = &moments[0].At, &moments[len(moments)-1].At
	}
	return v, err
}
