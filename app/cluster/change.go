package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	changeLimit = 30 * time.Second // for one change, with what is read before it
	changeTries = 8                // of a patch, while others write what it does not touch
	manager     = "unity"          // the appliance among the managers of fields
	mergePatch  = "application/merge-patch+json"
	plainJSON   = "application/json"
)

var (
	errPatch = fault.New(fault.Invalid, "cluster.change_impossible", "Objects of this kind cannot be changed.")
	errWhere = fault.New(fault.Invalid, "cluster.namespace_missing", "Objects of this kind are in a namespace. Name it.")
)

// An ObjectChange is what a change of an object did, or would do.
type ObjectChange struct {
	Object  Ref               `json:"object"`
	Changes map[string][2]any `json:"changes" doc:"By the path of the field: what it was and what it is. Values of secrets are masked."`
	Diff    string            `json:"diff" doc:"The same as a unified diff of YAML"`
	Notes   []string          `json:"notes" nullable:"false" doc:"What one should know of it: who will undo it, what the cluster warns of"`
	DryRun  bool              `json:"dry_run"`
}

// A hand changes one cluster for one person.
type hand struct {
	tenant store.Tenant
	id     string
	link   *link
}

// hand returns who may change a cluster of t, or store.ErrNotFound.
func (s *Service) hand(ctx context.Context, t store.Tenant, id string) (*hand, error) {
	l, err := s.link(ctx, t, id)
	return &hand{t, id, l}, err
}

// A deed is one change of one object: its name in the audit, the object, and
// whether it is only tried.
type deed struct {
	action string
	ref    Ref
	dry    bool
	quiet  bool // it is a part of another, which the audit names
	merges bool // it is about its own elements of a list, whatever else is in it
}

// act does a deed and writes what came of it into the audit. What is only tried
// leaves no row, and neither does what changed nothing.
func (h *hand) act(ctx context.Context, d deed, do func(context.Context) (ObjectChange, error)) (ObjectChange, error) {
	limited, cancel := context.WithTimeout(ctx, changeLimit)
	defer cancel()
	out, err := do(limited)
	out.DryRun = d.dry
	err = denial(err)
	if d.dry || err == nil && len(out.Changes) == 0 {
		return out, err
	}
	return out, errors.Join(err, h.ended(ctx, d, map[string]any{"changes": out.Changes}, err))
}

// begun writes that a change is about to be sent: it stands even if the
// appliance dies before it hears what came of it. What is only tried is not written.
func (h *hand) begun(ctx context.Context, d deed, want any) error {
	if d.dry || d.quiet {
		return nil
	}
	return h.tenant.Record(ctx, store.Audit{Action: "clusters.try", Thing: h.id, Result: "done", Detail: map[string]any{
		"object": d.ref.String(), "action": d.action, "set": want,
	}})
}

// ended writes what came of a change, also when nobody waits for it any more.
func (h *hand) ended(ctx context.Context, d deed, detail map[string]any, err error) error {
	row := store.Audit{Action: d.action, Thing: h.id, Result: "done", Detail: detail}
	if err != nil {
		f := fault.From(err)
		row.Result, row.Detail = "refused", map[string]any{"why": f.Code, "message": f.Msg}
		if f.Kind == fault.Unavailable || f.Kind == fault.Internal {
			row.Result = "failed"
		}
	}
	row.Detail.(map[string]any)["object"] = d.ref.String()
	return h.tenant.Record(context.WithoutCancel(ctx), row)
}

// kindFor returns the kind of an object and the object's name as the kind has it.
// A kind that is not known may be served since a moment ago.
func (h *hand) kindFor(ctx context.Context, ref Ref) (Kind, Ref, error) {
	k, err := h.link.kind(ctx, ref.Kind)
	if errors.Is(err, ErrKind) {
		if _, err = h.link.relearn(ctx); err == nil {
			k, err = h.link.kind(ctx, ref.Kind)
		}
	}
	switch {
	case err != nil:
		return k, ref, err
	case !k.Namespaced:
		ref.Namespace = ""
	case ref.Namespace == "":
		return k, ref, errWhere
	}
	return k, ref, nil
}

// A call is one request to the API server about an object.
type call struct {
	verb   string
	kind   Kind
	ref    Ref
	sub    string // a subresource
	media  string
	body   []byte
	params map[string]string
	once   bool // not again when the server is busy
}

// send sends a call and returns the object that it answers, and its warnings.
func (h *hand) send(ctx context.Context, c call) (*unstructured.Unstructured, []string, error) {
	var sub []string
	if c.sub != "" {
		sub = []string{c.sub}
	}
	warned := &warnings{}
	r := h.link.plain.Verb(c.verb).AbsPath(c.kind.path(c.ref.Namespace, c.ref.Name, sub...)...).
		SetHeader("Accept", plainJSON).WarningHandlerWithContext(warned).MaxRetries(2)
	if c.once {
		r.MaxRetries(0)
	}
	for _, name := range slices.Sorted(maps.Keys(c.params)) {
		r.Param(name, c.params[name])
	}
	if c.body != nil {
		r.SetHeader("Content-Type", c.media).Body(c.body)
	}
	res := r.Do(ctx)
	if err := res.Error(); err != nil {
		return nil, warned.texts, h.missing(ctx, c, err)
	}
	raw, err := res.Raw()
	if err != nil {
		return nil, warned.texts, err
	}
	o := &unstructured.Unstructured{}
	if err := o.UnmarshalJSON(raw); err != nil {
		return nil, warned.texts, ErrUnreachable.Because(err)
	}
	return o, warned.texts, nil
}

// missing tells an object that is gone from a kind that is: its definition was
// removed, and what was learned of it is old.
func (h *hand) missing(ctx context.Context, c call, err error) error {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || !apierrors.IsNotFound(err) || status.ErrStatus.Details != nil && status.ErrStatus.Details.Name != "" || c.sub != "" {
		return err
	}
	if all, learned := h.link.relearn(ctx); learned == nil {
		if _, known := all.named(c.kind.Name); known != nil {
			return known
		}
	}
	return err
}

// warnings are what the API server warns of in one call.
type warnings struct{ texts []string }

// HandleWarningHeaderWithContext implements rest.WarningHandlerWithContext.
func (w *warnings) HandleWarningHeaderWithContext(_ context.Context, code int, _, text string) {
	if code == 299 && text != "" && !slices.Contains(w.texts, text) {
		w.texts = append(w.texts, text)
	}
}

var _ rest.WarningHandlerWithContext = (*warnings)(nil)

// live reads an object.
func (h *hand) live(ctx context.Context, k Kind, ref Ref, sub string) (*unstructured.Unstructured, error) {
	o, _, err := h.send(ctx, call{verb: http.MethodGet, kind: k, ref: ref, sub: sub})
	return o, err
}

// params of a call that changes.
func (d deed) params() map[string]string {
	p := map[string]string{"fieldManager": manager, "fieldValidation": "Strict"}
	if d.dry {
		p["dryRun"] = "All"
	}
	return p
}

// An edit changes what an object should be, and says what one should know of it.
type edit func(o *unstructured.Unstructured) (notes []string, err error)

// mutate does a deed that is an edit of an object.
func (h *hand) mutate(ctx context.Context, d deed, how edit) (ObjectChange, error) {
	return h.act(ctx, d, func(ctx context.Context) (ObjectChange, error) {
		k, ref, err := h.kindFor(ctx, d.ref)
		if err != nil {
			return ObjectChange{Object: d.ref}, err
		}
		d.ref = ref
		return h.patch(ctx, d, k, how)
	})
}

// patch sends the smallest patch that makes an edit true of exactly the object
// that was read. If others wrote meanwhile what it does not touch, a status, say, it
// is tried again; else they have changed the object.
func (h *hand) patch(ctx context.Context, d deed, k Kind, how edit) (ObjectChange, error) {
	out := ObjectChange{Object: d.ref, Changes: map[string][2]any{}, Notes: []string{}}
	if !k.can("patch") {
		return out, errPatch
	}
	was, err := h.live(ctx, k, d.ref, "")
	if err != nil {
		return out, err
	}
	for try := 1; ; try++ {
		want := was.DeepCopy()
		notes, err := how(want)
		if err != nil {
			return out, err
		}
		out.Notes = append([]string{}, notes...)
		patch := mergeFrom(was.Object, want.Object)
		if len(patch) == 0 {
			out.Notes = append(out.Notes, "It is so already: nothing was changed.")
			return out, nil
		}
		if try == 1 {
			if err := h.begun(ctx, d, paths(masked(k, patch))); err != nil {
				return out, err
			}
		}
		got, warned, err := h.send(ctx, call{
			verb: http.MethodPatch, kind: k, ref: d.ref, media: mergePatch, body: exactly(patch, was), params: d.params(),
		})
		if apierrors.IsConflict(err) && try < changeTries {
			was, err = h.anew(ctx, d, k, was, patch, err)
			if err == nil {
				continue
			}
		}
		if err != nil {
			return out, err
		}
		out.Notes = append(out.Notes, warned...)
		out.Changes, out.Diff = compared(k, was, got)
		return out, nil
	}
}

// anew reads an object again that a patch met changed. If what the patch writes
// was changed, that is the conflict.
func (h *hand) anew(ctx context.Context, d deed, k Kind, was *unstructured.Unstructured, patch map[string]any, conflict error) (*unstructured.Unstructured, error) {
	now, err := h.live(ctx, k, d.ref, "")
	if err == nil && (was.GetUID() != now.GetUID() || !d.merges && !untouched(patch, was.Object, now.Object)) {
		err = conflict
	}
	return now, err
}

// exactly returns a patch that the API server takes only for the object as it
// was read.
func exactly(patch map[string]any, was *unstructured.Unstructured) []byte {
	patch = maps.Clone(patch)
	meta := map[string]any{}
	if m, ok := patch["metadata"].(map[string]any); ok {
		meta = maps.Clone(m)
	}
	meta["resourceVersion"], meta["uid"] = was.GetResourceVersion(), string(was.GetUID())
	patch["metadata"] = meta
	text, err := json.Marshal(patch)
	if err != nil {
		panic(err) // it was read from JSON
	}
	return text
}

// untouched reports whether what a patch writes is in now as it was in was.
func untouched(patch, was, now map[string]any) bool {
	for name, p := range patch {
		inner, isMap := p.(map[string]any)
		b, wasMap := was[name].(map[string]any)
		n, nowMap := now[name].(map[string]any)
		if isMap && wasMap && nowMap {
			if !untouched(inner, b, n) {
				return false
			}
		} else if !reflect.DeepEqual(was[name], now[name]) {
			return false
		}
	}
	return true
}
