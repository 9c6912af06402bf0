package server

import (
	"context"

	"unity.internal/app/remote"
)

// PollOnce does what a watcher does with one poll, and returns how many readings it brought.
func PollOnce(ctx context.Context, pool *remote.Pool, n remote.Target) (int, error) {
	sc := newScript(polls)
	out, err := pool.Run(ctx, n, remote.Command{Script: sc.text, Limit: pollLimit})
	if err != nil {
		return 0, err
	}
	parts, err := split(sc.word, out.Stdout)
	if err != nil {
		return 0, err
	}
	p := parsePoll(parts)
	p.skew(out.Started, out.Ended)
	return len(p.readings(nil)), nil
}
