package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"

	"unity.internal/app/fault"
)

var errClosed = fault.New(fault.Unavailable, "remote.closed", "The appliance is stopping.")

// A KeyError says that a server showed a host key that is not the pinned one.
// No credential was sent.
type KeyError struct {
	Offered HostKey
	fault   *fault.Error
}

// Error implements error.
func (e *KeyError) Error() string { return e.fault.Error() }

// Unwrap returns the fault that people see.
func (e *KeyError) Unwrap() error { return e.fault }

// deadError says that a connection was gone before a command had begun on it.
type deadError struct{ err error }

func (e *deadError) Error() string { return e.err.Error() }
func (e *deadError) Unwrap() error { return e.err }

func untrusted(t Target, k HostKey) *KeyError {
	return &KeyError{k, fault.New(fault.Conflict, "server.host_key_untrusted",
		"%s shows the %s host key %s. Compare it with the server's own and trust it; nothing was sent until then.", t.Host, k.Type, k.Fingerprint)}
}

func changed(t Target, k HostKey) *KeyError {
	return &KeyError{k, fault.New(fault.Conflict, "server.host_key_changed",
		"%s shows another host key than the trusted one: %s. Either it was set up anew or somebody is in between. Compare the keys before you trust the new one.", t.Host, k.Fingerprint)}
}

func lost(t Target) *fault.Error {
	return fault.New(fault.Unavailable, "remote.lost", "The connection to %s ended before the answer was complete. It is made anew at the next try.", t.Host)
}

func slow(t Target, what string) *fault.Error {
	return fault.New(fault.Unavailable, "remote.timeout", "%s did not %s in time. Is it switched on, and does a firewall let the appliance through?", t.Host, what)
}

func interrupted(ctx context.Context, t Target) error {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return slow(t, "answer").Because(ctx.Err())
	}
	return ctx.Err()
}

// unnamed says why a name has no address.
func unnamed(t Target, err error) *fault.Error {
	if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
		return fault.New(fault.Unavailable, "remote.unknown_name", "Nobody knows the name %s. Check its spelling, or give an IP address.", t.Host).Because(err)
	}
	return fault.New(fault.Unavailable, "remote.no_name_server", "The name %s could not be looked up. Check the appliance's name server, or give an IP address.", t.Host).Because(err)
}

// unreached says why there is no TCP connection.
func unreached(t Target, err error) *fault.Error {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return fault.New(fault.Unavailable, "remote.refused", "%s refuses connections on port %d. Check that its SSH server runs and listens there.", t.Host, t.Port).Because(err)
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return fault.New(fault.Unavailable, "remote.no_route", "There is no route to %s. Check that it is switched on and in a network that the appliance reaches.", t.Host).Because(err)
	case timedOut(err):
		return slow(t, fmt.Sprintf("answer on port %d", t.Port)).Because(err)
	}
	return fault.New(fault.Unavailable, "remote.unreachable", "%s cannot be reached on port %d. Check its address and the network.", t.Host, t.Port).Because(err)
}

// unshaken says why a TCP connection became no SSH connection before a host key was seen.
func unshaken(t Target, err error) *fault.Error {
	switch {
	case timedOut(err):
		return fault.New(fault.Unavailable, "remote.silent", "%s accepts connections on port %d but says nothing. Check that an SSH server listens there and is not overloaded.", t.Host, t.Port).Because(err)
	case broken(err):
		return fault.New(fault.Unavailable, "remote.hung_up", "%s hung up on port %d. Check its SSH server's log: it may refuse the appliance's address.", t.Host, t.Port).Because(err)
	}
	return fault.New(fault.Unavailable, "remote.no_ssh", "What listens on port %d of %s is no SSH server that the appliance understands. Check the port.", t.Port, t.Host).Because(err)
}

// unwelcome says why a log-in failed after the host key was right.
func unwelcome(t Target, err error) error {
	switch {
	case timedOut(err):
		return slow(t, "let the appliance sign in").Because(err)
	case broken(err):
		return lost(t).Because(err)
	}
	return fault.New(fault.Conflict, "remote.login_refused", "%s refuses to let %q sign in %s. Check the user name and %s.", t.Host, t.User, with(t.Auth), check(t.Auth)).Because(err)
}

func with(auth string) string {
	switch auth {
	case ByPassword:
		return "with this password"
	case ByAgent:
		return "with the keys of the appliance's agent"
	}
	return "with this key"
}

func check(auth string) string {
	if auth == ByPassword {
		return "the password, and that the server allows passwords"
	}
	return "that the public key stands in its authorized_keys"
}

func timedOut(err error) bool {
	e, ok := errors.AsType[net.Error](err)
	return ok && e.Timeout() || errors.Is(err, context.DeadlineExceeded)
}
