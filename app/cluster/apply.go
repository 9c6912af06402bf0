package cluster

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	maxPapers  = 500 // documents of one paste
	applyMedia = "application/apply-patch+yaml"
	checkOnce  = 6 // documents that are tried at the same time
)

// A Paste is what somebody wants a cluster to be, as YAML or JSON.
type Paste struct {
	Text      string      `json:"text" minLength:"1" maxLength:"4194304" doc:"YAML with any number of documents, or JSON"`
	Namespace string      `json:"namespace,omitempty" maxLength:"63" doc:"For documents that name none; empty: default"`
	Force     bool        `json:"force,omitempty" doc:"Take over fields that others manage"`
	DryRun    bool        `json:"dry_run,omitempty" doc:"Only say what would happen"`
	Edit      *EditedFrom `json:"edit,omitempty" doc:"The text is one object that was read, and edited"`
}

// The outcomes of a paste. Nothing is ever said to be all or nothing that is not.
const (
	OutcomeChecked = "checked" // every document could be applied
	OutcomeApplied = "applied" // every document was
	OutcomeInvalid = "invalid" // some document cannot be applied, so none was
	OutcomeStopped = "stopped" // one failed on the way: what came before it stays applied
)

// An Applied is what became of a paste, document by document.
type Applied struct {
	Outcome   string            `json:"outcome" enum:"checked,applied,invalid,stopped"`
	Code      string            `json:"code,omitempty" example:"cluster.apply_invalid"`
	Message   string            `json:"message"`
	Documents []AppliedDocument `json:"documents" nullable:"false"`
	DryRun    bool              `json:"dry_run"`
}

// The states of a document of a paste.
const (
	paperChecked = "checked"
	paperInvalid = "invalid"
	paperApplied = "applied"
	paperFailed  = "failed"
	paperUntried = "not_tried"
)

// An AppliedDocument is what became of one document of a paste.
type AppliedDocument struct {
	Index    int            `json:"index" doc:"Its place in the paste, from 0"`
	Line     int            `json:"line" doc:"Where it begins"`
	Object   *Ref           `json:"object,omitempty"`
	Title    string         `json:"title" doc:"Kind and name as the document says them"`
	State    string         `json:"state" enum:"checked,invalid,applied,failed,not_tried"`
	Action   string         `json:"action,omitempty" enum:"create,update,unchanged"`
	Diff     string         `json:"diff" doc:"Unified, of YAML; values of secrets are masked"`
	Unproven string         `json:"unproven,omitempty" doc:"Why the cluster could not check it beforehand"`
	Warnings []string       `json:"warnings" nullable:"false"`
	Errors   []PasteError   `json:"errors" nullable:"false"`
	Taken    []PasteDispute `json:"taken_over" nullable:"false" doc:"Fields that others manage: with force they become ours, without it they are conflicts"`
}

// A PasteError is what is wrong with a document.
type PasteError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Field   string `json:"field,omitempty"`
	Line    int    `json:"line" doc:"In the pasted text"`
}

// A PasteDispute is a field of a document that somebody else manages.
type PasteDispute struct {
	Field   string `json:"field"`
	Manager string `json:"manager"`
	Line    int    `json:"line" doc:"In the pasted text"`
}

const (
	codeInvalid = "cluster.apply_invalid"
	codeStopped = "cluster.apply_stopped"
)

// Apply makes a cluster what a paste says, or says what would happen. Everything
// is tried first; if a document cannot be applied, nothing is.
func (s *Service) Apply(ctx context.Context, t store.Tenant, id string, p Paste) (Applied, error) {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return Applied{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, applyLimit)
	defer cancel()
	w := &work{hand: h, paste: p}
	if p.Edit != nil {
		return w.edit(ctx)
	}
	if w.papers, err = readPaste(p.Text); err != nil {
		return Applied{}, err
	}
	return w.apply(ctx)
}

// A work is the application of one paste.
type work struct {
	*hand
	paste  Paste
	papers []*paper
}

func (w *work) apply(ctx context.Context) (Applied, error) {
	if err := w.resolve(ctx); err != nil {
		return Applied{}, err
	}
	if err := w.check(ctx, w.papers); err != nil {
		return Applied{}, err
	}
	if n := w.count(paperInvalid); n > 0 {
		return w.answer(OutcomeInvalid, codeInvalid, fmt.Sprintf("%d of %d documents cannot be applied, so nothing was.", n, len(w.papers))), w.refused(ctx, n)
	}
	if w.paste.DryRun {
		return w.answer(OutcomeChecked, "", fmt.Sprintf("All of %d documents can be applied.", len(w.papers))), nil
	}
	return w.perform(ctx)
}

// refused writes into the audit that a paste was refused as a whole.
func (w *work) refused(ctx context.Context, n int) error {
	if w.paste.DryRun {
		return nil
	}
	return w.tenant.Record(ctx, store.Audit{Action: "clusters.apply", Thing: w.id, Result: "refused", Detail: map[string]any{
		"why": codeInvalid, "documents": len(w.papers), "invalid": n,
	}})
}

func (w *work) count(state string) (n int) {
	for _, p := range w.papers {
		if p.out.State == state {
			n++
		}
	}
	return n
}

func (w *work) answer(outcome, code, message string) Applied {
	a := Applied{Outcome: outcome, Code: code, Message: message, Documents: make([]AppliedDocument, len(w.papers)), DryRun: w.paste.DryRun}
	for i, p := range w.papers {
		a.Documents[i] = p.out
	}
	return a
}

// check tries documents. What hangs on a namespace or a definition of the same
// paste that is not there yet cannot be tried, and says so.
func (w *work) check(ctx context.Context, papers []*paper) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(checkOnce)
	for _, p := range papers {
		if p.out.State == paperInvalid || p.out.Unproven != "" {
			continue
		}
		g.Go(func() error {
			w.try(ctx, p)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return reason(err)
	}
	return nil
}

// try asks the cluster what it would make of a document.
func (w *work) try(ctx context.Context, p *paper) {
	was, err := w.live(ctx, p.kind, p.ref, "")
	if err != nil && !apierrors.IsNotFound(err) {
		p.fails(err)
		return
	}
	if err := p.fill(was); err != nil {
		p.wrong(err)
		return
	}
	got, warned, err := w.send(ctx, w.request(p, true, false))
	if disputes := p.disputes(err); len(disputes) > 0 {
		p.out.Taken = disputes
		if w.paste.Force {
			got, warned, err = w.send(ctx, w.request(p, true, true))
		}
	}
	if err != nil {
		p.fails(err)
		return
	}
	p.settle(was, got, warned)
	p.out.State = paperChecked
}

// request returns the call that applies a document.
func (w *work) request(p *paper, dry, force bool) call {
	params := deed{dry: dry}.params()
	if force {
		params["force"] = "true"
	}
	return call{verb: http.MethodPatch, kind: p.kind, ref: p.ref, media: applyMedia, body: p.body(), params: params}
}

// settle says what became of a document.
func (p *paper) settle(was, got *unstructured.Unstructured, warned []string) (changes map[string][2]any) {
	changes, p.out.Diff = compared(p.kind, was, got)
	switch {
	case was == nil:
		p.out.Action = "create"
	case len(changes) > 0:
		p.out.Action = "update"
	default:
		p.out.Action = "unchanged"
	}
	p.out.Warnings = append([]string{}, warned...)
	return changes
}

// fails says why the cluster refuses a document, with the lines of its fields.
func (p *paper) fails(err error) {
	p.out.State = paperInvalid
	f := fault.From(p.plainly(err))
	if len(f.Fields) == 0 {
		p.out.Errors = append(p.out.Errors, PasteError{Code: f.Code, Message: f.Msg, Line: p.out.Line})
		return
	}
	for _, v := range f.Fields {
		p.out.Errors = append(p.out.Errors, PasteError{Code: f.Code, Message: v.Message, Field: v.Field, Line: p.lineOf(v.Field)})
	}
}

// plainly says what is missing where the cluster says only that something is.
func (p *paper) plainly(err error) error {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || !apierrors.IsNotFound(err) {
		return denial(err)
	}
	f := fault.New(fault.Invalid, ErrKind.Code, "The cluster does not serve %s of this kind. Say another apiVersion.", p.object.GetAPIVersion())
	f.Fields = []fault.Field{{Field: "apiVersion", Message: f.Msg}}
	if d := status.ErrStatus.Details; d != nil && d.Kind == "namespaces" {
		f = fault.New(fault.Invalid, "cluster.namespace_unknown", "There is no namespace %s. Add it to the paste, or name another one.", d.Name)
		f.Fields = []fault.Field{{Field: "metadata.namespace", Message: f.Msg}}
	}
	return f.Because(err)
}

// wrong says what we refuse of a document before the cluster is asked.
func (p *paper) wrong(err error) {
	p.out.State = paperInvalid
	e, ok := errors.AsType[*lineError](err)
	if !ok {
		f := fault.From(err)
		e = &lineError{line: p.out.Line, code: f.Code, text: f.Msg}
	}
	p.out.Errors = append(p.out.Errors, PasteError{Code: e.code, Message: e.text, Field: e.field, Line: e.line})
}
