package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"unity.internal/app/fault"
)

// The faults of a call to a cluster. What they say is shown to people.
var (
	ErrUnreachable  = fault.New(fault.Unavailable, "cluster.unreachable", "The cluster does not answer. Check that its API server runs and can be reached from here.")
	ErrSlow         = fault.New(fault.Unavailable, "cluster.slow", "The cluster did not answer in time. Try again; if it stays slow, look at the load of its API server.")
	ErrBusy         = fault.New(fault.Unavailable, "cluster.busy", "The cluster asks for fewer requests. It is tried again by itself.")
	ErrTLS          = fault.New(fault.Unavailable, "cluster.tls", "The certificate of the cluster's API is not the one that the kubeconfig names, or it has ended. If the authority of the cluster was changed, paste a new kubeconfig.")
	ErrUnauthorized = fault.New(fault.Unavailable, "cluster.unauthorized", "The cluster does not accept the credential any more. Paste a kubeconfig with a new one.")
	ErrForbidden    = fault.New(fault.Forbidden, "cluster.forbidden", "The credential of this cluster may not do that. Give its user the right, or register the cluster with another one.")
	ErrGone         = fault.New(fault.NotFound, "cluster.object_gone", "The cluster has no such object any more.")
	ErrConflict     = fault.New(fault.Conflict, "cluster.object_changed", "The object was changed by somebody else meanwhile. Look at what it is now and try again.")
	ErrInvalid      = fault.New(fault.Invalid, "cluster.object_invalid", "The cluster refuses this.")
	errNotInside    = fault.New(fault.Invalid, "cluster.not_inside", "This appliance does not run in a cluster, so it has no service account. Paste a kubeconfig.")
)

// reason turns what a call to a cluster failed with into a fault that may be
// shown, with what the cluster itself said where that helps.
func reason(err error) error {
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f // the guards of outgoing requests say why themselves
	}
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return answered(err, status.Status().Message)
	}
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, name := errors.AsType[x509.HostnameError](err)
	_, ended := errors.AsType[x509.CertificateInvalidError](err)
	_, proof := errors.AsType[*tls.CertificateVerificationError](err)
	wait, isNet := errors.AsType[net.Error](err)
	switch {
	case authority || name || ended || proof:
		return ErrTLS.Because(err)
	case errors.Is(err, context.DeadlineExceeded), isNet && wait.Timeout():
		return ErrSlow.Because(err)
	case errors.Is(err, context.Canceled):
		return err
	}
	return ErrUnreachable.Because(err)
}

// answered turns an answer that the API server gave into a fault.
func answered(err error, said string) error {
	switch {
	case apierrors.IsUnauthorized(err):
		return ErrUnauthorized.Because(err)
	case apierrors.IsForbidden(err):
		return saying(ErrForbidden, said).Because(err)
	case apierrors.IsNotFound(err), apierrors.IsGone(err) && !apierrors.IsResourceExpired(err):
		return ErrGone.Because(err)
	case apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return saying(ErrConflict, said).Because(err)
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsMethodNotSupported(err):
		return saying(ErrInvalid, said).Because(err)
	case apierrors.IsTooManyRequests(err):
		busy := ErrBusy.Because(err)
		if after, ok := apierrors.SuggestsClientDelay(err); ok {
			busy.RetryAfter = time.Duration(after) * time.Second
		}
		return busy
	case apierrors.IsTimeout(err), apierrors.IsServerTimeout(err):
		return ErrSlow.Because(err)
	}
	return saying(ErrUnreachable, said).Because(err)
}

// maxSaid bounds what is shown of an answer, in bytes: some quote a whole object.
const maxSaid = 2000

// saying adds to f what the cluster said.
func saying(f *fault.Error, said string) *fault.Error {
	if said = strings.TrimSpace(said); said == "" {
		return f
	}
	if len(said) > maxSaid {
		said = said[:maxSaid] + "…"
	}
	return fault.New(f.Kind, f.Code, "%s The cluster says: %s", f.Msg, said)
}
