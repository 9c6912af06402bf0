package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"unity.internal/app/fault"
)

const maxSpoken = 100 // bytes of a value that a sentence quotes

var errSeen = fault.New(fault.Invalid, "cluster.edit_unseen", "The text that was shown is not the YAML of an object. Open the object again.")

// An EditedFrom is the object that somebody edited, as it was shown to them.
type EditedFrom struct {
	Ref
	Version string `json:"resource_version" maxLength:"64" doc:"Of the object that was shown"`
	Seen    string `json:"seen,omitempty" maxLength:"4194304" doc:"The YAML that was shown. With it, changes that others made meanwhile to other fields are kept; without it, any is a conflict."`
}

// edit writes what somebody changed of an object that they were shown: the
// difference between the two texts, and nothing else of it. Where the object is
// another one by now in the same fields, these are conflicts.
func (w *work) edit(ctx context.Context) (Applied, error) {
	e := w.paste.Edit
	k, ref, err := w.kindFor(ctx, e.Ref)
	if err != nil {
		return Applied{}, err
	}
	if w.papers, err = readPaste(w.paste.Text); err != nil {
		return Applied{}, err
	}
	p := w.papers[0]
	p.kind, p.ref, p.out.Object = k, ref, &ref
	if p.object != nil {
		p.out.Title = p.title()
	}
	if p.out.State != paperInvalid {
		if err := w.same(p); err != nil {
			p.wrong(err)
		}
	}
	if p.out.State != paperInvalid {
		w.write(ctx, p, e)
	}
	switch {
	case p.out.State == paperInvalid || p.out.State == paperFailed:
		return w.answer(OutcomeInvalid, codeInvalid, "The object was not changed."), nil
	case w.paste.DryRun:
		return w.answer(OutcomeChecked, "", "This can be applied."), nil
	}
	return w.answer(OutcomeApplied, "", "The object was changed."), nil
}

// same refuses a text that is of another object, or of more than one.
func (w *work) same(p *paper) error {
	o, gvk := p.object, p.object.GroupVersionKind()
	switch {
	case len(w.papers) > 1:
		return p.at("", "cluster.edit_many", "One object is edited at a time. Apply several as a paste.")
	case gvk.Kind != p.kind.Kind || gvk.Group != p.kind.Group:
		return p.at("kind", "cluster.edit_other", fmt.Sprintf("This was a %s. Its kind cannot be changed; apply another object as a paste.", p.kind.Kind))
	case o.GetName() != p.ref.Name:
		return p.at("metadata.name", "cluster.edit_other", fmt.Sprintf("This was %s. Its name cannot be changed; apply another object as a paste.", p.ref.Name))
	case o.GetNamespace() != p.ref.Namespace:
		return p.at("metadata.namespace", "cluster.edit_other", fmt.Sprintf("This was in %s. Its namespace cannot be changed; apply another object as a paste.", p.ref.Namespace))
	}
	p.kind.Version = gvk.Version
	return nil
}

// write merges what was changed into the object as it is now.
func (w *work) write(ctx context.Context, p *paper, e *EditedFrom) {
	d := deed{action: "clusters.edit", ref: p.ref, dry: w.paste.DryRun}
	_, err := w.act(ctx, d, func(ctx context.Context) (ObjectChange, error) {
		var err error
		for try := 1; try <= changeTries; try++ {
			var changes map[string][2]any
			if changes, err = w.merge(ctx, d, p, e, try == 1); err == nil || !apierrors.IsConflict(err) {
				return ObjectChange{Changes: changes}, err
			}
		}
		return ObjectChange{}, err
	})
	if err != nil && p.out.State != paperInvalid { // else it said why itself
		p.fails(err)
	}
}

// merge sends what was changed, for exactly the object that it reads.
func (w *work) merge(ctx context.Context, d deed, p *paper, e *EditedFrom, begin bool) (map[string][2]any, error) {
	was, err := w.live(ctx, p.kind, p.ref, "")
	if err != nil {
		return nil, err
	}
	seen, err := e.seen(p.kind, was)
	if err != nil {
		return nil, err
	}
	p.out.Errors = []PasteError{}
	patch := mergeFrom(seen, cleaned(p.object))
	if e.Version != was.GetResourceVersion() {
		if clashes := p.clashes(patch, seen, masked(p.kind, cleaned(was))); len(clashes) > 0 {
			p.out.State, p.out.Errors = paperInvalid, clashes
			return nil, ErrConflict
		}
	}
	if err := p.unmasked(patch); err != nil {
		p.wrong(err)
		return nil, err
	}
	if len(patch) == 0 {
		p.settle(was, was, nil)
		p.out.State = paperChecked
		return nil, nil
	}
	if begin {
		if err := w.begun(ctx, d, paths(masked(p.kind, patch))); err != nil {
			return nil, err
		}
	}
	got, warned, err := w.send(ctx, call{
		verb: http.MethodPatch, kind: p.kind, ref: p.ref, media: mergePatch, body: exactly(patch, was), params: d.params(),
	})
	if err != nil {
		return nil, err
	}
	changes := p.settle(was, got, warned)
	p.out.State = paperApplied
	if d.dry {
		p.out.State = paperChecked
	}
	return changes, nil
}

// seen returns the object as it was shown, without what nobody wished.
func (e *EditedFrom) seen(k Kind, was *unstructured.Unstructured) (map[string]any, error) {
	if e.Seen == "" {
		if e.Version != was.GetResourceVersion() {
			return nil, ErrConflict
		}
		return masked(k, cleaned(was)), nil
	}
	papers, err := readPaste(e.Seen)
	if err != nil {
		return nil, err
	}
	if papers[0].object == nil {
		return nil, errSeen
	}
	return masked(k, cleaned(papers[0].object)), nil
}

// clashes returns what a patch writes that is neither as it was shown nor as the
// patch wants it: somebody else wrote it meanwhile.
func (p *paper) clashes(patch, seen, now map[string]any) []PasteError {
	var all []PasteError
	p.clash(&all, "", patch, seen, now)
	slices.SortFunc(all, func(a, b PasteError) int { return strings.Compare(a.Field, b.Field) })
	return all
}

func (p *paper) clash(all *[]PasteError, at string, patch, seen, now map[string]any) {
	for name, want := range patch {
		inner, isMap := want.(map[string]any)
		s, sawMap := seen[name].(map[string]any)
		n, nowMap := now[name].(map[string]any)
		field := below(at, name)
		secret := p.kind.Name == "secrets" && (at == "data" || at == "stringData") // it may be another one, masked all the same
		switch {
		case isMap && sawMap && nowMap:
			p.clash(all, field, inner, s, n)
		case !secret && (reflect.DeepEqual(seen[name], now[name]) || reflect.DeepEqual(want, now[name])):
		default:
			*all = append(*all, PasteError{
				Code: ErrConflict.Code, Field: field, Line: p.lineOf(field),
				Message: fmt.Sprintf("Somebody else changed this meanwhile: it was %s and is %s.", worded(seen[name]), worded(now[name])),
			})
		}
	}
}

// worded returns a value as a sentence has it.
func worded(v any) string {
	if v == nil {
		return "not there"
	}
	text, err := json.Marshal(v)
	if err != nil || len(text) > maxSpoken {
		return "something longer"
	}
	return string(text)
}

// unmasked refuses masks that stand for nothing: what stays is in no patch.
func (p *paper) unmasked(patch map[string]any) error {
	if p.kind.Name != "secrets" {
		return nil
	}
	for _, field := range []string{"data", "stringData"} {
		values, _ := patch[field].(map[string]any)
		for name, v := range values {
			if text, ok := v.(string); ok && strings.HasPrefix(text, Masked) {
				return p.at(below(field, name), codeMasked, maskedText)
			}
		}
	}
	return nil
}
