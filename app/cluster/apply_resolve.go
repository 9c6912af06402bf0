package cluster

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/validate/content"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

const crdKind = "customresourcedefinitions.apiextensions.k8s.io"

// resolve says of each document which object it is of. What is wrong with it is
// said in it; an error is one of the whole.
func (w *work) resolve(ctx context.Context) error {
	all, err := w.served(ctx)
	if err != nil {
		return err
	}
	seen := map[Ref]int{}
	for _, p := range w.papers {
		if p.object == nil {
			continue // it could not be read
		}
		p.out.Title = p.title()
		if err := p.name(all, w.made(), w.paste.Namespace); err != nil {
			p.wrong(err)
			continue
		}
		p.out.Object = &p.ref
		if before, twice := seen[p.ref]; twice {
			p.wrong(p.at("metadata", "cluster.apply_twice", fmt.Sprintf("The document on line %d is of the same object. Keep one of them.", before)))
			continue
		}
		seen[p.ref] = p.out.Line
	}
	return w.unproven(ctx)
}

// served returns what the cluster serves, asked anew if a document is of a kind
// that is not known yet.
func (w *work) served(ctx context.Context) (kinds, error) {
	all, err := w.link.kinds(ctx)
	if err != nil {
		return all, err
	}
	for _, p := range w.papers {
		if p.object == nil {
			continue
		}
		gvk := p.object.GroupVersionKind()
		if _, err := all.of(gvk.Group, gvk.Kind); err != nil {
			return w.link.relearn(ctx)
		}
	}
	return all, nil
}

// made returns the kinds that definitions of the paste make.
func (w *work) made() map[schema.GroupKind]Kind {
	made := map[schema.GroupKind]Kind{}
	for _, p := range w.papers {
		if p.object == nil || p.object.GetKind() != "CustomResourceDefinition" || p.out.State == paperInvalid {
			continue
		}
		spec, _, _ := unstructured.NestedMap(p.object.Object, "spec") // absent: refused by the cluster
		names, _, _ := unstructured.NestedStringMap(spec, "names")
		group, _, _ := unstructured.NestedString(spec, "group")
		scope, _, _ := unstructured.NestedString(spec, "scope")
		made[schema.GroupKind{Group: group, Kind: names["kind"]}] = Kind{
			Name: kindName(names["plural"], group), Group: group, Resource: names["plural"], Kind: names["kind"],
			Namespaced: scope == "Namespaced", Verbs: []string{"get", "list", "patch"},
		}
	}
	return made
}

// kindIn returns the kind of a document, of those that are served and those that
// definitions of the paste make.
func (p *paper) kindIn(all kinds, made map[schema.GroupKind]Kind) (Kind, error) {
	o := p.object
	gv, err := schema.ParseGroupVersion(o.GetAPIVersion())
	if err != nil {
		return Kind{}, p.at("apiVersion", ErrKind.Code, "This apiVersion has too many slashes. It is group/version, as in apps/v1.")
	}
	k, err := all.of(gv.Group, o.GetKind())
	if err != nil {
		var ours bool
		if k, ours = made[schema.GroupKind{Group: gv.Group, Kind: o.GetKind()}]; !ours {
			return k, p.at("kind", ErrKind.Code, fmt.Sprintf("The cluster knows no %s of %s. Its definition may be missing or removed.", o.GetKind(), o.GetAPIVersion()))
		}
	}
	k.Version = gv.Version // as the document says, which may not be what the cluster prefers
	return k, nil
}

// name says which object a document is of.
func (p *paper) name(all kinds, made map[schema.GroupKind]Kind, namespace string) error {
	o := p.object
	if o.GetAPIVersion() == "" || o.GetKind() == "" {
		return p.at("kind", "cluster.kind_missing", "apiVersion and kind are missing. They say what the document is.")
	}
	k, err := p.kindIn(all, made)
	if err != nil {
		return err
	}
	if o.GetGenerateName() != "" && o.GetName() == "" {
		return p.at("metadata.generateName", "cluster.name_generated", "A name that the cluster would make up cannot be applied: each time it would be another object. Give it a name.")
	}
	if o.GetName() == "" {
		return p.at("metadata", "cluster.object_name_missing", "The object has no name. Say metadata.name.")
	}
	if !k.Namespaced {
		o.SetNamespace("")
	} else if o.GetNamespace() == "" {
		o.SetNamespace(namespaceOr(namespace))
	}
	if len(content.IsPathSegmentName(o.GetName())) > 0 || len(content.IsPathSegmentName(o.GetNamespace())) > 0 {
		return p.at("metadata.name", "cluster.name_invalid", "No object can have that name: names have no slashes and are not «.» or «..».")
	}
	for _, field := range []string{"managedFields", "resourceVersion", "uid", "generation", "creationTimestamp", "selfLink"} {
		unstructured.RemoveNestedField(o.Object, "metadata", field) // of an object that was read somewhere
	}
	p.kind, p.ref = k, Ref{Kind: k.Name, Namespace: o.GetNamespace(), Name: o.GetName()}
	return nil
}

func namespaceOr(namespace string) string {
	if namespace == "" {
		return "default"
	}
	return namespace
}

// at returns what is wrong with a field of a document.
func (p *paper) at(field, code, text string) *lineError {
	return &lineError{line: p.lineOf(field), code: code, field: field, text: text}
}

// unproven marks the documents that cannot be tried yet, because they hang on
// what the same paste makes.
func (w *work) unproven(ctx context.Context) error {
	made := w.made()
	spaces, err := w.newSpaces(ctx)
	if err != nil {
		return err
	}
	all, err := w.link.kinds(ctx)
	if err != nil {
		return err
	}
	for _, p := range w.papers {
		if p.out.Object == nil {
			continue
		}
		_, ours := made[schema.GroupKind{Group: p.kind.Group, Kind: p.kind.Kind}]
		_, known := all.of(p.kind.Group, p.kind.Kind)
		switch {
		case ours && errors.Is(known, ErrKind):
			p.out.Unproven = "Its definition is in the same paste. The cluster can check it when that is there."
		case spaces[p.ref.Namespace]:
			p.out.Unproven = "Its namespace is in the same paste. The cluster can check it when that is there."
		}
		if p.out.Unproven != "" && p.out.State != paperInvalid {
			p.out.State, p.out.Action = paperChecked, "create"
			p.out.Diff = unified("", yamlOf(masked(p.kind, cleaned(p.object))))
		}
	}
	return nil
}

// newSpaces returns the namespaces of the paste that are not there yet.
func (w *work) newSpaces(ctx context.Context) (map[string]bool, error) {
	spaces := map[string]bool{}
	for _, p := range w.papers {
		if p.out.Object == nil || p.ref.Kind != "namespaces" {
			continue
		}
		missing, err := w.absent(ctx, p)
		if err != nil {
			return nil, err
		}
		spaces[p.ref.Name] = missing
	}
	return spaces, nil
}

// absent reports whether the object of a document is not there yet.
func (w *work) absent(ctx context.Context, p *paper) (bool, error) {
	_, err := w.live(ctx, p.kind, p.ref, "")
	switch f := denial(err); {
	case err == nil:
		return false, nil
	case errors.Is(f, ErrGone):
		return true, nil
	case errors.Is(f, ErrForbidden):
		return false, nil // it is tried as if it were there
	default:
		return false, f
	}
}

const (
	codeMasked = "cluster.secret_masked"
	maskedText = "The value is masked, but nothing is stored that it could stand for. Say the value."
)

// fill puts stored values where a secret says that they stay.
func (p *paper) fill(was *unstructured.Unstructured) error {
	if p.kind.Name != "secrets" {
		return nil
	}
	var stored map[string]any
	if was != nil {
		stored, _, _ = unstructured.NestedMap(was.Object, "data") // absent: nothing is stored
	}
	for _, field := range []string{"stringData", "data"} {
		values, ok := p.object.Object[field].(map[string]any)
		if !ok {
			continue
		}
		for name, v := range values {
			if text, ok := v.(string); !ok || !strings.HasPrefix(text, Masked) {
				continue
			}
			kept, there := stored[name]
			if !there {
				return p.at(field+"["+name+"]", codeMasked, maskedText)
			}
			delete(values, name)
			if err := unstructured.SetNestedField(p.object.Object, kept, "data", name); err != nil {
				return err
			}
		}
		if len(values) == 0 {
			delete(p.object.Object, field)
		}
	}
	return nil
}

// first reports whether others of a paste may hang on a document.
func (p *paper) first() bool { return p.ref.Kind == "namespaces" || p.ref.Kind == crdKind }

// inOrder returns the documents as they are applied: what others hang on first,
// the rest as it was given.
func (w *work) inOrder() (before, after []*paper) {
	for _, p := range w.papers {
		if p.first() {
			before = append(before, p)
		} else {
			after = append(after, p)
		}
	}
	slices.SortStableFunc(before, func(a, b *paper) int { return strings.Compare(b.ref.Kind, a.ref.Kind) }) // namespaces
	return before, after
}
