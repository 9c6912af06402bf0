package server_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"unity.internal/app/remote"
	"unity.internal/app/server"
	"unity.internal/app/server/farm"
	"unity.internal/store"
)

// BenchmarkPoll polls one machine over a kept connection. Its cpu-ms/poll holds
// both ends, since the farm runs in the same process; the limit for ours is 5.
func BenchmarkPoll(b *testing.B) {
	e := farm.Start(b, 1)[0]
	pool := remote.New(remote.Limits{})
	defer pool.Close()
	private, _, err := remote.NewKey("bench")
	if err != nil {
		b.Fatal(err)
	}
	n := remote.Target{
		Tenant: store.DefaultTenant, Server: "s", Host: e.Host, Port: e.Port, User: "unity", Auth: remote.ByKey, Trusted: e.HostKey,
		Secrets: func(context.Context) (remote.Secrets, error) { return remote.Secrets{Key: private}, nil },
	}
	poll := func() {
		if readings, err := server.PollOnce(b.Context(), pool, n); err != nil || readings < 30 {
			b.Fatal(readings, err)
		}
	}
	poll() // connects
	b.ReportAllocs()
	before := cpuTime(b)
	for b.Loop() {
		poll()
	}
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/1000/float64(b.N), "cpu-ms/poll")
}

func cpuTime(tb testing.TB) time.Duration {
	tb.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
