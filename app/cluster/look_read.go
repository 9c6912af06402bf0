package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/client-go/rest"
	"unity.internal/app/fault"
)

const (
	maxObject = 8 << 20          // bytes of one object; etcd takes 1.5 MB, aggregated APIs may give more
	maxBeside = 8 << 20          // bytes of a list that is read beside an object
	patience  = 12 * time.Second // for one call that a person waits for
)

var (
	errObjectSize = fault.New(fault.TooLarge, "cluster.object_too_large", "The object is larger than %d MB. Look at it with kubectl.", maxObject>>20)
	errObjectName = fault.New(fault.Invalid, "cluster.name_invalid", "No object can have that name. Names have no slashes and are not «.» or «..».")
	errNamespace  = fault.New(fault.Invalid, "cluster.namespace_missing", "Objects of this kind are in a namespace. Name it.")
	errStrange    = fault.New(fault.Unavailable, "cluster.answer_strange", "The cluster sent something that is not the object. Try again; if it stays so, look at what is between here and its API server.")
)

// check refuses names that would lead to another place of the API.
func (r Ref) check() error {
	if len(content.IsPathSegmentName(r.Name)) > 0 || len(content.IsPathSegmentName(r.Namespace)) > 0 {
		return errObjectName
	}
	return nil
}

// read returns an object as JSON, its kind, and its name as the kind has it.
func (l *link) read(ctx context.Context, ref Ref) (Kind, Ref, []byte, error) {
	if err := ref.check(); err != nil {
		return Kind{}, ref, nil, err
	}
	k, err := l.current(ctx, ref.Kind)
	if err != nil {
		return k, ref, nil, err
	}
	if !k.Namespaced {
		ref.Namespace = ""
	} else if ref.Namespace == "" {
		return k, ref, nil, errNamespace
	}
	raw, err := fetch(ctx, l.get(k, ref.Namespace, ref.Name), maxObject)
	if err == nil {
		return k, ref, raw, is(raw, k, ref)
	}
	if nowhere(err) { // not the object is gone, but its kind
		if _, err := l.relearn(ctx); err != nil {
			return k, ref, nil, err
		}
		if k, err = l.kind(ctx, ref.Kind); err != nil {
			return k, ref, nil, err
		}
	}
	return k, ref, nil, reason(err)
}

// current returns the kind called name, also if the cluster serves it only since now.
func (l *link) current(ctx context.Context, name string) (Kind, error) {
	k, err := l.kind(ctx, name)
	if !errors.Is(err, ErrKind) {
		return k, err
	}
	if _, err := l.relearn(ctx); err != nil {
		return k, err
	}
	return l.kind(ctx, name)
}

// nowhere reports whether the API has no such place at all: what it says of an
// object that is gone names the object.
func nowhere(err error) bool {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	return ok && apierrors.IsNotFound(err) && (status.ErrStatus.Details == nil || status.ErrStatus.Details.Name == "")
}

// fetch returns what a GET answers, at most limit bytes of JSON.
func fetch(ctx context.Context, r *rest.Request, limit int64) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	body, err := r.SetHeader("Accept", "application/json").MaxRetries(1).Stream(ctx)
	if err != nil {
		return nil, err
	}
	defer body.Close()
	raw, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err == nil && int64(len(raw)) > limit {
		err = errObjectSize
	}
	return raw, err
}

// is refuses an answer that is not the object that was asked for.
func is(raw []byte, k Kind, ref Ref) error {
	var got struct {
		Kind     string `json:"kind"`
		Metadata struct {
			Name      string `json:"name"`
			Namespace string `json:"namespace"`
		} `json:"metadata"`
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		return errStrange.Because(err)
	}
	if got.Kind != k.Kind || got.Metadata.Name != ref.Name || got.Metadata.Namespace != ref.Namespace {
		return errStrange.Because(fmt.Errorf("asked for %s, got a %s", ref, got.Kind))
	}
	return nil
}

// decode returns raw as a T.
func decode[T any](raw []byte) (T, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return v, errStrange.Because(err)
	}
	return v, nil
}

// list returns the objects of a kind in a namespace, or in all, that fit a
// selector of labels and one of fields; at most so many.
func list[T any](ctx context.Context, l *link, k Kind, namespace, labels, fields string, most int) ([]T, error) {
	r := l.get(k, namespace, "").Param("limit", strconv.Itoa(most))
	if labels != "" {
		r.Param("labelSelector", labels)
	}
	if fields != "" {
		r.Param("fieldSelector", fields)
	}
	raw, err := fetch(ctx, r, maxBeside)
	if err != nil {
		return nil, err
	}
	all, err := decode[struct {
		Items []T `json:"items"`
	}](raw)
	return all.Items, err
}

// listOf is list for a kind by its name.
func listOf[T any](ctx context.Context, v *viewer, kind, namespace, labels, fields string) ([]T, error) {
	k, err := v.kinds.named(kind)
	if err != nil {
		return nil, err
	}
	return list[T](ctx, v.link, k, namespace, labels, fields, 500)
}
