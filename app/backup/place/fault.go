package place

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"syscall"

	"golang.org/x/crypto/ssh"

	"unity.internal/app/fault"
)

var errLarge = fault.New(fault.TooLarge, "replica.too_large", "This file of the replica is larger than it may be. Somebody else wrote it; look at it before you remove it.")

var errEnvironment = fault.New(fault.Unavailable, "replica.environment", "What the environment of the appliance says about S3 cannot be used. Check AWS_CA_BUNDLE and the other variables that begin with AWS_.")

// What a protocol says in its own words.
var (
	errDenied   = errors.New("access denied")
	errReadOnly = errors.New("writing refused")
	errFull     = errors.New("no room left")
	errNoBucket = errors.New("no such bucket")
	errNoSSH    = errors.New("no SSH connection")
	errNoSFTP   = errors.New("no SFTP")
)

// A failure is an error with the place where it happened, and whether that was in writing.
type failure struct {
	where string
	write bool
	err   error
}

func (f *failure) Error() string { return f.where + ": " + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// Explain returns err, of a Place or of a Client, as a *fault.Error with a
// sentence and a next step. What was stopped, and what is a fault already,
// stays as it is.
func Explain(err error) error {
	if err == nil || errors.Is(err, context.Canceled) {
		return err
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f
	}
	f, ok := errors.AsType[*failure](err)
	if !ok {
		f = &failure{where: "the place of the replica", err: err}
	}
	for _, reason := range []func(*failure) *fault.Error{missing, full, refused, network} {
		if e := reason(f); e != nil {
			return e.Because(err)
		}
	}
	return fault.New(fault.Unavailable, "replica.failed", "%s could not do what the appliance asked of it. The log says what it answered; check the place and try again.", f.where).Because(err)
}

func missing(f *failure) *fault.Error {
	if !errors.Is(f.err, fs.ErrNotExist) {
		return nil
	}
	return fault.New(fault.NotFound, "replica.missing", "A file that should be in the replica is not there. Choose an earlier moment, or check whether somebody deleted it.")
}

func full(f *failure) *fault.Error {
	if !errors.Is(f.err, errFull) && !errors.Is(f.err, syscall.ENOSPC) && !errors.Is(f.err, syscall.EDQUOT) {
		return nil
	}
	return fault.New(fault.Unavailable, "replica.full", "There is no room left at %s. Free some, or keep the replica for fewer days.", f.where)
}

// refused is for what the place does not allow.
func refused(f *failure) *fault.Error {
	if k, ok := errors.AsType[*hostKeyError](f.err); ok {
		return fault.New(fault.Conflict, "replica.host_key", "%s shows another host key than the pinned one, and nothing was sent: «%s», fingerprint %s. Compare it with the server's own; pin it only if it is the same.",
			f.where, line(k.offered), ssh.FingerprintSHA256(k.offered))
	}
	switch {
	case errors.Is(f.err, errNoKeys):
		return fault.New(fault.Forbidden, "replica.denied", "There are no keys for %s. Give them here, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the appliance.", f.where)
	case errors.Is(f.err, errNoBucket):
		return fault.New(fault.NotFound, "replica.no_bucket", "There is no such bucket at %s. Create it, or check its name, the endpoint and the region.", f.where)
	case errors.Is(f.err, errReadOnly), errors.Is(f.err, syscall.EROFS), f.write && errors.Is(f.err, fs.ErrPermission):
		return fault.New(fault.Forbidden, "replica.read_only", "%s does not let the appliance write. Give it the right to write, create and delete there.", f.where)
	case errors.Is(f.err, errDenied), errors.Is(f.err, fs.ErrPermission):
		return fault.New(fault.Forbidden, "replica.denied", "%s does not let the appliance in. Check the user name, the key or password, and what it may do there.", f.where)
	}
	return nil
}

// network is for connections that did not come about, or ended.
func network(f *failure) *fault.Error {
	unreachable := func(format string) *fault.Error {
		return fault.New(fault.Unavailable, "replica.unreachable", format, f.where)
	}
	switch {
	case untrusted(f.err):
		return unreachable("The certificate of %s is not trusted. Give it one from an authority that this machine knows, or make its authority known to this machine.")
	case isA[*net.DNSError](f.err):
		return unreachable("The name of %s could not be looked up. Check its spelling and the name server of the appliance.")
	case errors.Is(f.err, syscall.ECONNREFUSED):
		return unreachable("%s refuses connections. Check that the server runs and listens on that port.")
	case errors.Is(f.err, syscall.EHOSTUNREACH), errors.Is(f.err, syscall.ENETUNREACH):
		return unreachable("There is no route to %s. Check that it is switched on and in a network that the appliance reaches.")
	case isA[tls.RecordHeaderError](f.err), errors.Is(f.err, http.ErrSchemeMismatch):
		return unreachable("%s does not speak TLS. Check the port, and whether the address should begin without the s.")
	case timedOut(f.err):
		return unreachable("%s did not answer in time. Is it switched on, and does a firewall let the appliance through?")
	case errors.Is(f.err, errNoSSH):
		return unreachable("What listens at %s is no SSH server that the appliance understands, or hangs up at once. Check the port and the log of the server.")
	case errors.Is(f.err, errNoSFTP):
		return unreachable("%s lets the appliance sign in, but offers no SFTP. Switch on the sftp subsystem for this user.")
	case broken(f.err), isA[*net.OpError](f.err):
		return unreachable("The connection to %s broke. It is made anew at the next try.")
	case isA[*url.Error](f.err):
		return unreachable("What listens at %s does not answer as it should. Check the port and the kind of server.")
	}
	return nil
}

func untrusted(err error) bool {
	return isA[*tls.CertificateVerificationError](err) || isA[x509.UnknownAuthorityError](err) || isA[x509.HostnameError](err) || isA[x509.CertificateInvalidError](err)
}

func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout() || errors.Is(err, context.DeadlineExceeded)
}

// broken reports whether err means that the other side is gone.
func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func isA[E error](err error) bool {
	_, ok := errors.AsType[E](err)
	return ok
}

// Failed reports whether err comes from a place, not from what stands there.
func Failed(err error) bool {
	_, ok := errors.AsType[*failure](err)
	return ok
}
