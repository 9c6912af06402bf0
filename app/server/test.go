package server

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/remote"
	"unity.internal/store"
)

// testLimit is how long a test may take on the other side.
const testLimit = 30 * time.Second

// A Test is how far a connection to a server came.
type Test struct {
	Items   []remote.Stage `json:"items" nullable:"false"`
	HostKey *store.KeyName `json:"host_key" doc:"The key that the server showed"`
}

// Try tests a server as it would be created, and saves nothing.
func (s *Service) Try(ctx context.Context, t store.Tenant, v store.Server, c Credentials, fingerprint string) (Test, error) {
	v.Name = orElse(v.Name, v.Host)
	if err := s.complete(ctx, t, &v); err != nil {
		return Test{}, err
	}
	if v.Auth == local {
		return Test{}, errLocalOnly
	}
	given := remote.Secrets{}
	for _, one := range []struct {
		from *string
		to   func(string)
	}{
		{c.Password, func(p string) { given.Password = p }},
		{c.PrivateKey, func(p string) { given.Key = []byte(p) }},
		{c.Passphrase, func(p string) { given.Passphrase = []byte(p) }},
	} {
		if one.from != nil {
			one.to(*one.from)
		}
	}
	n := s.target(t, v)
	n.Print = fingerprint
	if v.Auth != remote.ByKey || len(given.Key) > 0 {
		n.Secrets = func(context.Context) (remote.Secrets, error) { return given, nil }
	}
	return s.test(ctx, n), nil
}

// Test tests a stored server, and has it polled at once.
func (s *Service) Test(ctx context.Context, t store.Tenant, server string) (Test, error) {
	v, err := t.Server(ctx, server)
	if err != nil {
		return Test{}, err
	}
	defer s.live(id{t.ID, v.ID}, v).poke()
	if v.Auth == local {
		began := time.Now()
		p, err := readLocal(ctx)
		if err != nil {
			return Test{}, err
		}
		return Test{Items: []remote.Stage{{Stage: remote.StageCommands, OK: true, Message: found(p, nil), MS: time.Since(began).Milliseconds()}}}, nil
	}
	return s.test(ctx, s.target(t, v)), nil
}

func (s *Service) test(ctx context.Context, n remote.Target) Test {
	sc := newScript(snapshots)
	trial, out, err := s.Remote.Try(ctx, n, remote.Command{Script: sc.text, Limit: testLimit})
	v := Test{Items: trial.Stages}
	if trial.Offered != nil {
		v.HostKey = &store.KeyName{Type: trial.Offered.Type, Fingerprint: trial.Offered.Fingerprint}
	}
	if len(v.Items) < 4 || !v.Items[len(v.Items)-1].OK {
		return v // it did not come to commands
	}
	last := remote.Stage{Stage: remote.StageCommands, MS: out.Ended.Sub(out.Started).Milliseconds()}
	var parts sections
	if err == nil {
		parts, err = split(sc.word, out.Stdout)
	}
	if err != nil {
		f := fault.From(err)
		last.Code, last.Message, last.MS = f.Code, f.Msg, max(last.MS, 0)
		if said := clean(string(out.Stderr)); errors.Is(err, errNoAnswer) && said != "" {
			last.Message += " It said: " + cut(said, 200)
		}
	} else {
		p := parsePoll(parts)
		last.OK, last.Message = true, found(p, parseSnapshot(parts, p))
	}
	v.Items = append(v.Items, last)
	return v
}

// found says what a machine shows without sudo.
func found(p *sample, n *Snapshot) string {
	var has, lacks []string
	say := func(ok bool, what string) {
		if ok {
			has = append(has, what)
		} else {
			lacks = append(lacks, what)
		}
	}
	say(p.cpu.total > 0, "processor")
	say(p.memory.total > 0, "memory")
	say(len(p.mounts) > 0, counted(len(p.mounts), "file system"))
	say(len(p.interfaces) > 0, counted(len(p.interfaces), "network interface"))
	say(len(p.sensors) > 0, counted(len(p.sensors), "temperature sensor"))
	if n != nil {
		say(len(n.Packages) > 0, counted(len(n.Packages), "package"))
		say(len(n.Units) > 0, counted(len(n.Units), "unit"))
		say(len(n.Ports) > 0, counted(len(n.Ports), "open port"))
	}
	text := "Works without sudo: " + strings.Join(has, ", ") + "."
	if len(lacks) > 0 {
		text += " Not found: " + strings.Join(lacks, ", ") + "."
	}
	return text
}

func counted(n int, what string) string {
	switch n {
	case 0:
		return what + "s"
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// TrustHostKey pins the host key that a person has seen, and has the server
// polled at once. If it shows another one since, that is a conflict.
func (s *Service) TrustHostKey(ctx context.Context, t store.Tenant, server, fingerprint string) (store.Server, error) {
	v, err := t.Server(ctx, server)
	if err != nil {
		return v, err
	}
	if v, err = s.trust(ctx, t, v, fingerprint); err != nil {
		return v, err
	}
	s.announce(t, v)
	return v, nil
}

// trust pins the key with this fingerprint. What the server shows now decides,
// if it can be asked; else what it showed last.
func (s *Service) trust(ctx context.Context, t store.Tenant, v store.Server, fingerprint string) (store.Server, error) {
	n := s.target(t, v)
	n.Trusted, n.Print = nil, "" // so that it shows its key and gets nothing
	_, _, err := s.Remote.Try(ctx, n, remote.Command{})
	if k, ok := errors.AsType[*remote.KeyError](err); ok {
		if v.HostKey == nil || string(v.HostKey.TrustedWire) != string(k.Offered.Wire) {
			if err := t.OfferHostKey(ctx, v.ID, k.Offered.Wire); err != nil {
				return v, err
			}
		}
	} else if v.HostKey == nil {
		return v, err
	}
	return t.TrustHostKey(ctx, v.ID, fingerprint)
}
