package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"unity.internal/app/seal"
	"unity.internal/store/internal/sq"
)

// The modes of TLS: who signs the certificates of the appliance's own names.
const (
	TLSInternal = "internal" // the appliance's own authority
	TLSACME     = "acme"     // a public or private authority that speaks ACME
	TLSManual   = "manual"   // a certificate that a person brings
	TLSOff      = "off"      // a proxy before the appliance speaks TLS
)

// A TLS says who signs certificates. What is secret of it stands among the
// values of certmagic.
type TLS struct {
	Rev  int64  `json:"rev"`
	Mode string `json:"mode" enum:"internal,acme,manual,off" doc:"Who signs: the appliance's own authority, one that speaks ACME, a person, or nobody, because a proxy before the appliance speaks TLS"`
	ACME ACME   `json:"acme"`
	// Of manual: files that are read again when they change; empty: what was uploaded.
	CertificateFile string `json:"certificate_file" maxLength:"1000" doc:"A PEM file with the certificate and its chain; empty: what was uploaded"`
	KeyFile         string `json:"key_file" maxLength:"1000" doc:"A PEM file with its private key"`
}

// An ACME says which authority is asked, and how it is shown that a name is ours.
type ACME struct {
	Directory string `json:"directory" maxLength:"500" example:"https://acme-v02.api.letsencrypt.org/directory" doc:"The address of the authority's directory"`
	Staging   string `json:"staging" maxLength:"500" doc:"A directory that is asked first, for trial; empty: the authority's own, if it is known"`
	Email     string `json:"email" maxLength:"254" doc:"Where the authority writes to when something is wrong"`
	Agreed    bool   `json:"agreed" doc:"The authority's terms are agreed to"`
	Challenge string `json:"challenge" enum:"http,alpn,dns" doc:"How a name is shown to be ours: a file on port 80, a handshake on port 443, or a record in the DNS"`
	DNS       DNS    `json:"dns"`
	EABKeyID  string `json:"eab_key_id" maxLength:"500" doc:"Binds the account to one that the authority knows already"`
	Roots     string `json:"roots" maxLength:"50000" doc:"PEM certificates that the directory is trusted by, beside the system's"`
	Resolver  string `json:"resolver" maxLength:"260" doc:"A DNS server, host:port, that sees what the authority sees; empty: the system's"`
}

// A DNS says which service keeps the zone that records are written to.
type DNS struct {
	Provider  string `json:"provider" enum:",rfc2136,cloudflare,desec,hetzner"`
	Server    string `json:"server" maxLength:"260" doc:"RFC 2136: host:port of the primary server"`
	KeyName   string `json:"key_name" maxLength:"260" doc:"RFC 2136: the name of the TSIG key"`
	Algorithm string `json:"algorithm" maxLength:"30" doc:"RFC 2136: the algorithm of the key, as in hmac-sha256"`
	API       string `json:"api" maxLength:"500" doc:"The address of the service's API, where it is not the usual one"`
}

// tlsRow is where a TLS stands in the settings of the appliance, whose revision it has.
type tlsRow struct {
	TLS TLS `json:"tls"`
}

func defaultTLS() tlsRow {
	return tlsRow{TLS{Mode: TLSInternal, ACME: ACME{Directory: "https://acme-v02.api.letsencrypt.org/directory", Challenge: "http"}}}
}

// TLS returns what is chosen.
func (y System) TLS(ctx context.Context) (TLS, error) {
	v := defaultTLS()
	rev, err := y.own.readSettings(ctx, &v)
	v.TLS.Rev = rev
	return v.TLS, err
}

// A changedTLS is a TLS with the secrets that were stored with it.
type changedTLS struct {
	TLS
	sealed map[string]seal.Value
}

func (v changedTLS) secrets() map[string]seal.Value { return v.sealed }

// UpdateTLS stores v if the revision is still v.Rev, and secrets by their keys
// among the values of certmagic; one without a value goes.
func (y System) UpdateTLS(ctx context.Context, v TLS, secrets map[string]seal.Value) (TLS, error) {
	before := defaultTLS()
	err := y.own.changeWith(ctx, "tls.update", string(SystemTenant), &diff{&before.TLS, changedTLS{v, secrets}}, func(t Tenant) error {
		current, err := t.readSettings(ctx, &before)
		if err != nil {
			return err
		}
		if v.Rev != AnyRev && v.Rev != current {
			return ErrStale
		}
		for key, secret := range secrets {
			if secret.Ciphertext() == nil {
				err = System{t}.DeleteCerts(ctx, key)
			} else {
				err = System{t}.PutCert(ctx, key, secret.Ciphertext())
			}
			if err != nil {
				return err
			}
		}
		v.Rev = 0 // the row's counts
		return t.putSettings(ctx, tlsRow{v}, 1)
	})
	if err != nil {
		return v, err
	}
	return y.TLS(ctx)
}

// A TLSAttempt says how it went when a certificate was asked for last.
type TLSAttempt struct {
	Name     string    `json:"-"`
	At       time.Time `json:"at"`
	Failures int       `json:"failures" doc:"How often it failed one after the other; 0: it went well"`
	Error    string    `json:"error" doc:"What the authority, or what stood before it, said"`
}

func scanTLSAttempt(r sq.Row) (v TLSAttempt, err error) {
	var ms int64
	err = r.Scan(&v.Name, &ms, &v.Failures, &v.Error)
	v.At = time.UnixMilli(ms).UTC()
	return v, err
}

// TLSAttempts returns the last attempt for each name.
func (y System) TLSAttempts(ctx context.Context) (map[string]TLSAttempt, error) {
	all, err := sq.Many(ctx, y.db(), scanTLSAttempt, `SELECT name, at, failures, error FROM tls_attempts ORDER BY name`)
	of := make(map[string]TLSAttempt, len(all))
	for _, v := range all {
		of[v.Name] = v
	}
	return of, known(err)
}

// PutTLSAttempt notes how an attempt went.
func (y System) PutTLSAttempt(ctx context.Context, v TLSAttempt) error {
	return y.Tx(ctx, func(y System) error {
		return sq.Exec(ctx, y.db(), `INSERT INTO tls_attempts (name, at, failures, error) VALUES (@name, @at, @failures, @error)
			ON CONFLICT (name) DO UPDATE SET at = excluded.at, failures = excluded.failures, error = excluded.error`,
			sql.Named("name", v.Name), sql.Named("at", v.At.UnixMilli()), sql.Named("failures", v.Failures), sql.Named("error", v.Error))
	})
}

// DeleteTLSAttempt forgets a name; there may be none.
func (y System) DeleteTLSAttempt(ctx context.Context, name string) error {
	err := y.Tx(ctx, func(y System) error {
		return sq.Exec(ctx, y.db(), `DELETE FROM tls_attempts WHERE name = @name`, sql.Named("name", name))
	})
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
