package cert

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"os"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// maxPair is how long a file of a certificate or a key may be, in bytes.
const maxPair = 256 << 10

// A pairFile is a certificate that a person brought, with its key.
type pairFile struct {
	cert     *tls.Certificate
	uploaded bool
	changed  [2]time.Time // when the files were written
}

var (
	errPair      = fault.New(fault.Invalid, "tls.pair", "The certificate and the key do not belong together, or one of them is no PEM text. Bring both as they were issued, the certificate with its chain.")
	errPairEnded = fault.New(fault.Invalid, "tls.pair_ended", "The certificate has ended. Bring a newer one.")
	errPairFile  = fault.New(fault.Invalid, "tls.pair_file", "The file cannot be read by the appliance, or is no certificate. Give it to the user that the appliance runs as, and name it as the appliance sees it.")
)

// parsePair reads a certificate with its key.
func parsePair(certificate, key []byte) (*tls.Certificate, error) {
	c, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return nil, errPair // its cause may quote the key
	}
	return &c, nil
}

// Upload stores a certificate and its key, which take the place of the files.
func (s *Service) Upload(ctx context.Context, y store.System, certificate, key string) error {
	c, err := parsePair([]byte(certificate), []byte(key))
	if err != nil {
		return err
	}
	if !s.Now().Before(c.Leaf.NotAfter) {
		return errPairEnded
	}
	text := certificate + "\n" + key
	sealed, err := s.Sealer.Seal(ctx, store.SystemTenant, where(pairKey), []byte(text))
	if err != nil {
		return err
	}
	v, err := s.System.TLS(ctx)
	if err != nil {
		return err
	}
	v.Rev, v.CertificateFile, v.KeyFile = store.AnyRev, "", ""
	if _, err := y.UpdateTLS(ctx, v, map[string]seal.Value{pairKey: sealed}); err != nil {
		return err
	}
	s.Publish()
	err = s.Load(ctx)
	s.readPair(ctx)
	return err
}

// checkManual proves that there is something to serve.
func (s *Service) checkManual(ctx context.Context, v store.TLS) error {
	if (v.CertificateFile == "") != (v.KeyFile == "") {
		return field("key_file", "tls.both_files", "Name both files, that of the certificate and that of its key, or none.")
	}
	p, err := s.load(ctx, v)
	if err == nil && !s.Now().Before(p.cert.Leaf.NotAfter) {
		err = errPairEnded
	}
	return err
}

// load reads the pair that settings name.
func (s *Service) load(ctx context.Context, v store.TLS) (*pairFile, error) {
	if v.CertificateFile == "" {
		text, err := s.Storage.Load(ctx, pairKey)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNoPair
		}
		if err != nil {
			return nil, err
		}
		c, err := parsePair(text, text)
		return &pairFile{cert: c, uploaded: true}, err
	}
	var texts [2][]byte
	p := &pairFile{changed: written(v)}
	for i, path := range []string{v.CertificateFile, v.KeyFile} {
		info, err := os.Stat(path)
		if err == nil && (!info.Mode().IsRegular() || info.Size() > maxPair) {
			err = fs.ErrInvalid
		}
		if err == nil {
			texts[i], err = os.ReadFile(path) //nolint:gosec // an administrator of the appliance named it
		}
		if err != nil {
			return nil, errPairFile.Because(err)
		}
	}
	var err error
	p.cert, err = parsePair(texts[0], texts[1])
	return p, err
}

// written returns when the two files were written; zero where one is not there.
func written(v store.TLS) (at [2]time.Time) {
	for i, path := range []string{v.CertificateFile, v.KeyFile} {
		if info, err := os.Stat(path); err == nil {
			at[i] = info.ModTime()
		}
	}
	return at
}

// readPair reads the pair anew. One that cannot be read leaves what there was:
// half a renewal must not take the other half's place.
func (s *Service) readPair(ctx context.Context) {
	s.mu.RLock()
	v, mode, had := s.chosen, s.mode(), s.pair
	s.mu.RUnlock()
	if mode != store.TLSManual {
		return
	}
	p, err := s.load(ctx, v)
	if err != nil {
		s.Log.WarnContext(ctx, "the certificate of the mode manual cannot be read", "error", err)
		if had == nil || had.uploaded != (v.CertificateFile == "") {
			p = nil
		} else {
			p = &pairFile{cert: had.cert, uploaded: had.uploaded, changed: written(v)}
		}
	} else if had != nil && !had.cert.Leaf.Equal(p.cert.Leaf) {
		s.Log.InfoContext(ctx, "another certificate is served", "not_after", p.cert.Leaf.NotAfter)
	}
	s.mu.Lock()
	s.pair = p
	s.mu.Unlock()
	s.Publish()
}

// reread reads files anew that were written since.
func (s *Service) reread(ctx context.Context) {
	s.mu.RLock()
	v, mode, had := s.chosen, s.mode(), s.pair
	s.mu.RUnlock()
	if mode != store.TLSManual || v.CertificateFile == "" && had != nil || had != nil && had.changed == written(v) {
		return
	}
	s.readPair(ctx)
}
