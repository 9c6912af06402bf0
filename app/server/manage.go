package server

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"

	"unity.internal/app/fault"
	"unity.internal/app/remote"
	"unity.internal/store"
)

const (
	maxName = 64
	maxHost = 253
	maxTags = 20
	maxTag  = 32
	tries   = 3 // of a write that says nothing of the revision
)

// errLocalOnly says that the appliance's own machine belongs to its household.
var errLocalOnly = fault.New(fault.Forbidden, "server.local_forbidden", "Only the household of the appliance may watch the machine that it runs on.")

// Create stores a new server and has it polled at once. fingerprint, if it is not
// empty, is that of the host key which a person has seen and trusts.
func (s *Service) Create(ctx context.Context, t store.Tenant, v store.Server, c Credentials, fingerprint string) (store.Server, error) {
	if v.Auth == local {
		return s.AddLocal(ctx, t)
	}
	v.ID = store.NewID()
	if err := s.complete(ctx, t, &v); err != nil {
		return v, err
	}
	if err := s.seal(ctx, t, &v, c); err != nil {
		return v, err
	}
	v, err := t.CreateServer(ctx, v)
	if err != nil {
		return v, err
	}
	if fingerprint != "" {
		// Somebody else's key, or none, leaves the server untrusted: the list says so.
		if trusted, err := s.trust(ctx, t, v, fingerprint); err == nil {
			v = trusted
		}
	}
	s.announce(t, v)
	return v, nil
}

// announce tells who listens, and has the server polled anew.
func (s *Service) announce(t store.Tenant, v store.Server) {
	s.Publish(t.ID, "servers", v.ID, v.Rev)
	s.Changed(t.ID, v.ID)
}

// AddLocal watches the machine that the appliance runs on.
func (s *Service) AddLocal(ctx context.Context, t store.Tenant) (store.Server, error) {
	if t.ID != store.DefaultTenant {
		return store.Server{}, errLocalOnly
	}
	if v, err := t.LocalServer(ctx); err == nil || !errors.Is(err, store.ErrNotFound) {
		return v, err
	}
	v := store.Server{ID: store.NewID(), Name: orElse(s.Hostname, "This machine"), Host: "localhost", Port: 22, Auth: local}
	if err := s.complete(ctx, t, &v); err != nil {
		return v, err
	}
	out, err := t.CreateServer(ctx, v)
	if errors.Is(err, store.ErrServerName) {
		v.Name = cut(v.Name, maxName-len(" (Unity)")) + " (Unity)"
		out, err = t.CreateServer(ctx, v)
	}
	if err == nil {
		s.announce(t, out)
	}
	return out, err
}

// Update changes a server if its revision is still rev, and has it polled at once.
func (s *Service) Update(ctx context.Context, t store.Tenant, server string, rev int64, change func(*store.Server), c Credentials) (v store.Server, err error) {
	for range tries {
		if v, err = s.update(ctx, t, server, rev, change, c); rev != store.AnyRev || !errors.Is(err, store.ErrStale) {
			break
		}
	}
	if err == nil {
		s.announce(t, v)
	}
	return v, err
}

func (s *Service) update(ctx context.Context, t store.Tenant, server string, rev int64, change func(*store.Server), c Credentials) (store.Server, error) {
	v, err := t.Server(ctx, server)
	if err != nil {
		return v, err
	}
	if rev != store.AnyRev && rev != v.Rev {
		return v, store.ErrStale
	}
	was := v.Auth
	change(&v)
	if (v.Auth == local) != (was == local) {
		return v, invalid("auth", "server.auth_fixed", "The machine that the appliance runs on stays that, and no other becomes it.")
	}
	if err := s.complete(ctx, t, &v); err != nil {
		return v, err
	}
	if v.Auth != local {
		if err := s.seal(ctx, t, &v, c); err != nil {
			return v, err
		}
	}
	return t.UpdateServer(ctx, v) // of the revision that was read: two writers cannot both win
}

// Delete forgets a server and all it owns if its revision is still rev.
func (s *Service) Delete(ctx context.Context, t store.Tenant, server string, rev int64) error {
	if err := t.DeleteServer(ctx, server, rev); err != nil {
		return err
	}
	s.Publish(t.ID, "servers", server, 0)
	s.Changed(t.ID, server)
	return nil
}

// complete fills in what v does not say and refuses what cannot be.
func (s *Service) complete(ctx context.Context, t store.Tenant, v *store.Server) error {
	if v.PollSeconds == 0 || v.SnapshotMinutes == 0 {
		d, err := t.Settings(ctx)
		if err != nil {
			return err
		}
		v.PollSeconds, v.SnapshotMinutes = first(v.PollSeconds, d.PollSeconds), first(v.SnapshotMinutes, d.SnapshotMinutes)
	}
	v.Port = first(v.Port, 22)
	v.Name, v.Group = strings.TrimSpace(v.Name), strings.TrimSpace(v.Group)
	v.Host = strings.Trim(strings.TrimSpace(v.Host), "[]")
	v.Username = strings.TrimSpace(v.Username)
	v.Tags = tidy(v.Tags)
	return check(*v)
}

func first(v, fallback int64) int64 {
	if v == 0 {
		return fallback
	}
	return v
}

// tidy trims tags and drops what is empty or there twice.
func tidy(tags []string) []string {
	all := []string{}
	for _, t := range tags {
		if t = strings.TrimSpace(t); t != "" && !slices.Contains(all, t) {
			all = append(all, t)
		}
	}
	return all
}

func check(v store.Server) error {
	switch {
	case !worded(v.Name, maxName):
		return invalid("name", "server.name_invalid", "A name has 1 to 64 characters.")
	case !hostish(v.Host):
		return invalid("host", "server.host_invalid", "Give a host name or an IP address, without a user, a port or a path.")
	case v.Port < 1 || v.Port > 65535:
		return invalid("port", "server.port_invalid", "A port is between 1 and 65535.")
	case !slices.Contains([]string{remote.ByPassword, remote.ByKey, remote.ByAgent, local}, v.Auth):
		return invalid("auth", "server.auth_invalid", "The ways to sign in are password, key and agent.")
	case v.Auth != local && !worded(v.Username, maxName):
		return invalid("username", "server.username_invalid", "Give the name of the account that Unity signs in to.")
	case len(v.Tags) > maxTags || slices.ContainsFunc(v.Tags, func(t string) bool { return !worded(t, maxTag) }):
		return invalid("tags", "server.tags_invalid", "A server has at most 20 tags of at most 32 characters.")
	}
	return checkTimes(v)
}

func checkTimes(v store.Server) error {
	switch {
	case v.PollSeconds < 1 || v.PollSeconds > 86400:
		return invalid("poll_seconds", "server.poll_invalid", "A server is polled every 1 to 86400 seconds.")
	case v.SnapshotMinutes < 1 || v.SnapshotMinutes > 10080:
		return invalid("snapshot_minutes", "server.snapshot_invalid", "A snapshot is taken every 1 to 10080 minutes.")
	}
	return nil
}

func invalid(field, code, msg string) error {
	e := fault.New(fault.Invalid, code, "%s", msg)
	e.Fields = []fault.Field{{Field: "body." + field, Message: msg}}
	return e
}

// worded reports whether s says something, in at most n bytes without control characters.
func worded(s string, n int) bool {
	return s != "" && len(s) <= n && !strings.ContainsFunc(s, unicode.IsControl)
}

// hostish reports whether s could be a name or an address. A scope may follow
// an IPv6 address.
func hostish(s string) bool {
	return s != "" && len(s) <= maxHost && !strings.HasPrefix(s, "-") && !strings.ContainsFunc(s, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(".-_:%", r)
	})
}

// cut shortens s to at most n bytes of whole characters.
func cut(s string, n int) string {
	return strings.ToValidUTF8(s[:min(len(s), n)], "")
}
