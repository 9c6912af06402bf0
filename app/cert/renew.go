package cert

import (
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"slices"
	"time"

	"github.com/caddyserver/certmagic"
	"unity.internal/app/fault"
	"unity.internal/store"
)

var (
	// ErrNoName says that the appliance has no such name.
	ErrNoName = fault.New(fault.NotFound, "tls.no_name", "The appliance has no such name. Add it first.")
	// ErrNotRenewed says that a certificate is for who brought it to renew.
	ErrNotRenewed = fault.New(fault.Conflict, "tls.brought", "This certificate was brought by a person. Bring a newer one.")
)

// renew asks for every certificate that is missing or near its end.
func (s *Service) renew(ctx context.Context) {
	s.mu.RLock()
	v, mode := s.chosen, s.mode()
	s.mu.RUnlock()
	if mode != store.TLSACME || !v.ACME.Agreed {
		return
	}
	attempts, err := s.System.TLSAttempts(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "read how certificates were asked for", "error", err)
		}
		return
	}
	names := s.wanted(v)
	s.forget(ctx, names, attempts)
	for _, name := range names {
		if ctx.Err() != nil || s.stale(v) {
			return
		}
		s.keep(ctx, v.ACME, name, attempts[name])
	}
}

// stale reports whether something else than v is chosen now.
func (s *Service) stale(v store.TLS) bool {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.chosen.ACME != v.ACME
}

// forget lets go of names that are gone.
func (s *Service) forget(ctx context.Context, names []string, attempts map[string]store.TLSAttempt) {
	s.mu.Lock()
	for name := range s.signed {
		if !slices.Contains(names, name) {
			delete(s.signed, name)
		}
	}
	s.mu.Unlock()
	for name := range attempts {
		if slices.Contains(names, name) {
			continue
		}
		if err := s.System.DeleteTLSAttempt(ctx, name); err != nil && ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "forget how a certificate was asked for", "error", err)
		}
	}
}

// keep sees to one name: what the storage has is served, and what is missing or
// near its end is asked for, unless it failed a short while ago.
func (s *Service) keep(ctx context.Context, v store.ACME, name string, last store.TLSAttempt) {
	held, err := s.hold(ctx, v, name)
	if err != nil {
		if ctx.Err() == nil {
			s.Log.ErrorContext(ctx, "read a certificate", "name", name, "error", err)
		}
		return // a locked vault opens later
	}
	if held != nil && s.Now().Before(renewal(held, s.magic.RenewalWindowRatio)) {
		return
	}
	if last.Failures > 0 && s.Now().Before(next(last)) {
		return
	}
	if err := s.ask(ctx, v, name); err != nil && ctx.Err() == nil && !errors.Is(err, errChanged) {
		s.Log.WarnContext(ctx, "no certificate", "name", name, "error", said(err))
	}
}

// hold returns the certificate that v's authority signed for a name; nil: none
// yet, and that of an authority that was asked before is served on.
func (s *Service) hold(ctx context.Context, v store.ACME, name string) (*x509.Certificate, error) {
	issuer := issuerOfDirectory(v)
	s.mu.RLock()
	had, ok := s.signed[name]
	s.mu.RUnlock()
	if ok && had.issuer == issuer {
		return had.cert.Leaf, nil
	}
	c, err := s.stored(ctx, issuer, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // none is a usual answer
	}
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.signed[name] = signed{c, issuer}
	s.mu.Unlock()
	return c.Leaf, nil
}

// issuerOfDirectory returns what the storage knows v's authority by.
func issuerOfDirectory(v store.ACME) string {
	return (&certmagic.ACMEIssuer{CA: v.Directory}).IssuerKey()
}

// renewal returns when a certificate is to be renewed: when ratio of its life is left.
func renewal(c *x509.Certificate, ratio float64) time.Time {
	return c.NotAfter.Add(-time.Duration(float64(c.NotAfter.Sub(c.NotBefore)) * ratio))
}

// next returns when a failed attempt is made again: after a minute, then after
// twice as long each time.
func next(last store.TLSAttempt) time.Time {
	wait := time.Minute << min(last.Failures-1, 10)
	return last.At.Add(min(wait, longest))
}

// errChanged ends an attempt because something else was chosen.
var errChanged = errors.New("something else was chosen meanwhile")

// ask asks for the certificate of a name, and notes how it went.
func (s *Service) ask(ctx context.Context, v store.ACME, name string) error {
	s.asking.Lock()
	defer s.asking.Unlock()
	attempt, drop := context.WithCancelCause(ctx)
	defer drop(nil)
	s.attempt(name, drop)
	defer s.attempt("", nil)
	err := s.obtain(attempt, v, name)
	if attempt.Err() != nil { // the appliance ends, or something else was chosen
		return errors.Join(err, context.Cause(attempt))
	}
	return errors.Join(err, s.note(ctx, name, err))
}

// attempt says what is being asked for, and how that is ended.
func (s *Service) attempt(name string, drop context.CancelCauseFunc) {
	s.mu.Lock()
	s.asked, s.drop = name, drop
	s.mu.Unlock()
	s.Publish()
}

// note keeps how an attempt went.
func (s *Service) note(ctx context.Context, name string, went error) error {
	all, err := s.System.TLSAttempts(ctx)
	if err != nil {
		return err
	}
	v := store.TLSAttempt{Name: name, At: s.Now(), Error: said(went)}
	if went != nil {
		v.Failures = all[name].Failures + 1
	}
	defer s.Publish()
	return s.System.PutTLSAttempt(ctx, v)
}

// Renew starts a job that asks for a newer certificate of a name, whatever is
// left of the old one.
func (s *Service) Renew(ctx context.Context, y store.System, name string) (store.Job, error) {
	name = clean(name)
	s.mu.RLock()
	v, mode := s.chosen, s.mode()
	s.mu.RUnlock()
	own := !slices.Contains(s.wanted(v), name) || mode != store.TLSACME
	switch {
	case !slices.Contains(s.Own(), name) && !slices.Contains(s.Public(), name):
		return store.Job{}, ErrNoName
	case mode == store.TLSManual && s.brought(name) != nil:
		return store.Job{}, ErrNotRenewed
	}
	return s.Start(ctx, y, "tls.renew", "Renew the certificate of "+name, func(ctx context.Context) error {
		if own {
			return s.reissue(ctx, name)
		}
		if err := s.ask(ctx, v.ACME, name); err != nil {
			return fault.New(fault.Unavailable, "tls.refused", "There is no newer certificate: %s", said(err)).Because(err)
		}
		return nil
	})
}

// reissue has the own authority sign anew for a name.
func (s *Service) reissue(ctx context.Context, name string) error {
	if !s.Allowed(name) {
		return ErrNoName
	}
	err := s.magic.RenewCertSync(ctx, name, true)
	if err != nil {
		return err
	}
	s.cache.RemoveManaged([]certmagic.SubjectIssuer{{Subject: name, IssuerKey: issuerKey}}) // the next handshake loads it
	s.Publish()
	return nil
}
