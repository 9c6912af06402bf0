package cluster

import (
	"errors"
	"net/http"
	"regexp"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/fault"
)

// rbacSaid is how the API server says that a right is missing. Whoever refuses
// with 403 otherwise is a quota, a policy or a webhook: the object is at fault.
var rbacSaid = regexp.MustCompile(`cannot [a-z]+ resource|is forbidden: not yet ready to handle request`)

var (
	errServer   = fault.New(fault.Unavailable, "cluster.failed", "The cluster failed to do this.")
	errTooLarge = fault.New(fault.TooLarge, "cluster.object_too_large", "The object is larger than the cluster can keep, which is about 1.5 MB. Divide it.")
)

// denial turns what a change failed with into a fault that names the fields
// that are wrong.
func denial(err error) error {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f // somebody said already what it is
	}
	var answer apierrors.APIStatus
	if err == nil || !errors.As(err, &answer) {
		return reason(err)
	}
	status := answer.Status()
	f := fault.From(reason(err))
	if apierrors.IsRequestEntityTooLargeError(err) || strings.Contains(status.Message, "request is too large") {
		return errTooLarge.Because(err)
	}
	if apierrors.IsInternalError(err) || answer.Status().Code == http.StatusInternalServerError {
		f = saying(errServer, status.Message).Because(err)
		if schemaSaid.MatchString(status.Message) { // what it applies it reads late
			f = saying(ErrInvalid, status.Message).Because(err)
		}
	}
	if f.Kind == fault.Forbidden && !rbacSaid.MatchString(status.Message) {
		f = saying(ErrInvalid, status.Message).Because(err)
	}
	if f.Kind == fault.Invalid {
		f.Fields = fieldsOf(status)
	}
	return f
}

// fieldsOf returns what an answer says of fields.
func fieldsOf(status metav1.Status) []fault.Field {
	var all []fault.Field
	if status.Details != nil {
		for _, c := range status.Details.Causes {
			if c.Field != "" {
				all = append(all, fault.Field{Field: strings.TrimPrefix(c.Field, "."), Message: c.Message})
			}
		}
	}
	if len(all) > 0 {
		return all
	}
	for _, m := range strictSaid.FindAllStringSubmatch(status.Message, -1) {
		all = append(all, fault.Field{Field: m[2], Message: m[1] + " field"})
	}
	for _, m := range schemaSaid.FindAllStringSubmatch(status.Message, -1) {
		all = append(all, fault.Field{Field: strings.TrimPrefix(m[1], "."), Message: m[2]})
	}
	return all
}

var (
	// strictSaid is how the API server names fields that a kind does not have, when
	// it reads an object, and schemaSaid when it applies one.
	strictSaid = regexp.MustCompile(`(unknown|duplicate) field "([^"]+)"`)
	schemaSaid = regexp.MustCompile(`(\.[a-zA-Z][^\s:]*): ((?:field not declared|expected|may not|duplicate|element)[^\n]*)`)
)
