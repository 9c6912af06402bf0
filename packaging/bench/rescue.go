package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"unity.internal/store"
)

// rescued is how large the database is that an empty box gets back.
const rescued = 100_000_000

// rescue is how long it takes until an empty box serves what a replica holds, by
// the command and by the set-up page.
func rescue(ctx context.Context) (figures []figure, err error) {
	dir, err := os.MkdirTemp("", "unity-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	lost := filepath.Join(dir, "lost")
	replica := "file://" + filepath.Join(dir, "replica")
	instance, err := replicated(ctx, lost, replica) // what is restored replicates there, too, as another one
	if err != nil {
		return nil, err
	}
	key, err := os.ReadFile(filepath.Join(lost, "master.key")) //nolint:gosec // a path of ours
	if err != nil {
		return nil, err
	}
	command, err := byCommand(ctx, filepath.Join(dir, "command"), replica, instance, filepath.Join(lost, "master.key"))
	if err != nil {
		return nil, err
	}
	page, err := byPage(ctx, filepath.Join(dir, "page"), replica, instance, string(key))
	return []figure{
		{name: "an empty box serves 100 MB again, by the command", value: command.Seconds(), unit: "s", limit: 5},
		{name: "  by the set-up page", value: page.Seconds(), unit: "s", limit: 5},
	}, err
}

// replicated makes an appliance with samples of some months and its replica, and
// returns the instance.
func replicated(ctx context.Context, dir, replica string) (instance string, err error) {
	p, err := set(ctx, dir)
	if err == nil {
		err = p.stop()
	}
	if err == nil {
		err = filled(ctx, filepath.Join(dir, "unity.db"))
	}
	if err != nil {
		return "", err
	}
	again, err := launch(ctx, dir, "--replica", replica)
	if err != nil {
		return "", err
	}
	again.token = p.token
	err = until(ctx, func() (bool, error) {
		var v struct{ State, Instance string }
		err := again.call(ctx, http.MethodGet, "/api/v1/backup", nil, &v)
		instance = v.Instance
		return v.State == "following", err
	})
	return instance, errors.Join(err, again.stop())
}

// filled writes closed windows of samples to a database that nobody serves.
func filled(ctx context.Context, path string) error {
	s, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	home, chunks := s.Tenant(store.DefaultTenant), make([]store.ChunkRow, 1000)
	for n := int64(0); err == nil && n < rescued/1_000_000; n++ {
		for i := range chunks {
			data := make([]byte, 1000)
			_, _ = rand.Read(data) // it cannot fail
			chunks[i] = store.ChunkRow{Series: int64(i + 1), Start: n, End: n + 1, Count: 720, Data: data}
		}
		err = home.PutChunks(ctx, chunks)
	}
	return errors.Join(err, s.Close(ctx))
}

// byCommand restores with the command, and serves.
func byCommand(ctx context.Context, dir, replica, instance, key string) (time.Duration, error) {
	begun := time.Now()
	out, err := exec.CommandContext(ctx, binary, "restore", "--data-dir", dir, "--replica", replica, "--instance", instance, "--master-key", key).CombinedOutput() //nolint:gosec // paths of ours
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, out)
	}
	p, err := launch(ctx, dir)
	if err != nil {
		return 0, err
	}
	err = p.call(ctx, http.MethodGet, "/healthz", nil, nil)
	return time.Since(begun), errors.Join(err, p.stop())
}

// byPage asks an empty appliance for it, as the set-up page does, until its
// users are there.
func byPage(ctx context.Context, dir, replica, instance, key string) (took time.Duration, err error) {
	p, err := launch(ctx, dir)
	if err != nil {
		return 0, err
	}
	token, err := p.hear(invitation)
	begun := time.Now()
	if err == nil {
		err = p.call(ctx, http.MethodPost, "/api/v1/setup/restore", map[string]any{
			"token": token, "replica": map[string]string{"url": replica}, "key": key, "instance": instance,
		}, nil)
	}
	if err == nil {
		err = until(ctx, func() (bool, error) {
			var v struct{ Needed bool }
			err := p.call(ctx, http.MethodGet, "/api/v1/setup", nil, &v)
			return err == nil && !v.Needed, nil // else it restarts
		})
	}
	if err == nil {
		err = p.call(ctx, http.MethodGet, "/healthz", nil, nil)
	}
	return time.Since(begun), errors.Join(err, p.stop())
}

// until asks again and again, for a minute at most.
func until(ctx context.Context, done func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		if is, err := done(); is || err != nil {
			return err
		}
		if err := wait(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}
