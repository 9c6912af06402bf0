package backup

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
	"unity.internal/app/backup/place"
	"unity.internal/app/fault"
	"unity.internal/store"
)

var (
	errNoTarget = fault.New(fault.Conflict, "target.off", "No second place is set. Choose where copies shall go first.")
	errUnlike   = fault.New(fault.Unavailable, "target.unlike", "What the second place holds is not what was sent there. The copy was removed; check that place.")
)

// copySuffix ends the name of a copy: the whole database, as unity restore FILE
// takes it once it is unpacked.
const copySuffix = ".db.zst"

// SendCopy restores the replica for trial, as a drill does, and sends what was
// restored to the second place. It is read back there before it counts.
func (s *Service) SendCopy(ctx context.Context, p Progress) error {
	return s.try(ctx, "copy", func(ctx context.Context, v *store.Drill, e *evidence) error {
		row, err := s.Store.System().Backup(ctx)
		if err != nil {
			return err
		}
		where, url, err := s.target(ctx, row)
		if err != nil {
			return err
		}
		defer where.Close()
		e.Place = url
		file, err := s.rehearse(ctx, p, v, e)
		if err != nil {
			return err
		}
		p.Step(ctx, "Sending it to the second place", 4, 5)
		e.Name = path.Join(row.Instance, "unity-"+v.At.Format("20060102-150405")+"-"+v.Position+copySuffix)
		if e.SHA256, err = send(ctx, where, e.Name, file); err != nil {
			return err
		}
		p.Say(ctx, "The copy is "+e.Name+"; it was read back and is what was sent.")
		return errors.Join(prune(ctx, where, row.Instance, row.TargetKeep), os.Remove(file))
	})
}

// target opens the second place, and says where it is.
func (s *Service) target(ctx context.Context, row store.Backup) (where place.Place, url string, err error) {
	var c place.Config
	if err := json.Unmarshal(row.Target, &c); err != nil {
		return nil, "", err
	}
	if c.URL == "" {
		return nil, "", errNoTarget
	}
	secret, err := s.kept(ctx, store.SecretMask, true)
	if err != nil {
		return nil, "", err
	}
	where, err = place.Open(ctx, c, secret)
	return where, c.URL, err
}

// send packs a file, uploads it and reads it back. It returns its digest.
func send(ctx context.Context, where place.Place, name, file string) (sum string, err error) {
	f, err := os.Open(file) //nolint:gosec // below the data directory
	if err != nil {
		return "", err
	}
	defer f.Close()
	sent := sha256.New()
	pr, pw := io.Pipe()
	packed := make(chan struct{})
	go func() {
		defer close(packed)
		z, err := zstd.NewWriter(io.MultiWriter(pw, sent), zstd.WithEncoderConcurrency(1))
		if err == nil {
			_, err = io.Copy(z, f)
			err = errors.Join(err, z.Close())
		}
		_ = pw.CloseWithError(err) // never fails
	}()
	_, err = where.Upload(ctx, name, pr)
	_ = pr.CloseWithError(errors.Join(err, io.ErrClosedPipe)) // ends the packing of what nobody takes
	<-packed
	if err != nil {
		return "", err
	}
	r, err := where.Download(ctx, name)
	if err != nil {
		return "", err
	}
	defer r.Close()
	there := sha256.New()
	if _, err := io.Copy(there, r); err != nil {
		return "", err
	}
	if sum = hex.EncodeToString(there.Sum(nil)); sum != hex.EncodeToString(sent.Sum(nil)) {
		return "", errors.Join(errUnlike, where.Delete(ctx, name))
	}
	return sum, nil
}

// prune removes the oldest copies beyond keep.
func prune(ctx context.Context, where place.Place, dir string, keep int) error {
	entries, err := where.List(ctx, dir)
	if err != nil {
		return err
	}
	var names []string
	for _, e := range entries {
		if !e.Dir && strings.HasPrefix(e.Name, "unity-") && strings.HasSuffix(e.Name, copySuffix) {
			names = append(names, e.Name)
		}
	}
	slices.Sort(names) // by time: it stands in the name
	for len(names) > keep {
		if err := where.Delete(ctx, path.Join(dir, names[0])); err != nil {
			return err
		}
		names = names[1:]
	}
	return nil
}
