package remote_test

import (
	"context"
	"net"
	"testing"
	"time"

	"unity.internal/app/remote"
	"unity.internal/app/server/farm"
)

// A sleeper is a machine that is away.
type sleeper struct{}

func (sleeper) Answer(string, time.Time) string { return "" }
func (sleeper) Up(time.Time) bool               { return false }

func TestHostsOfNoNetworkAreReachedByOther(t *testing.T) {
	t.Parallel()
	f, err := farm.Of(&farm.Box{Name: "here"}, sleeper{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(f.Close)
	key, _ := newKey(t)
	p := newPool(t, remote.Limits{})
	p.Other = func(ctx context.Context, host string) (net.Conn, bool, error) {
		i, known := map[string]int{"here.example": 0, "away.example": 1}[host]
		if !known {
			return nil, false, nil
		}
		conn, err := f.Dial(ctx, i)
		return conn, true, err
	}
	at := func(host string) remote.Target {
		return remote.Target{
			Tenant: "acme", Server: host, Host: host, Port: 22, User: "root", Auth: remote.ByKey, Trusted: f.Endpoints[0].HostKey,
			Secrets: func(context.Context) (remote.Secrets, error) { return remote.Secrets{Key: key}, nil },
		}
	}
	r, out, err := p.Try(t.Context(), at("here.example"), remote.Command{Script: " N=word\n"})
	if err != nil || len(r.Stages) != 4 || len(out.Stdout) == 0 {
		t.Errorf("%+v %q %v", r, out.Stdout, err)
	}
	_, err = p.Run(t.Context(), at("away.example"), remote.Command{})
	want(t, err, "remote.no_route")
	n := at("127.0.0.1") // which a network has
	n.Port = f.Endpoints[0].Port
	if _, err := p.Run(t.Context(), n, remote.Command{Script: " N=word\n"}); err != nil {
		t.Error(err)
	}
}
