package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	applyLimit = 4 * time.Minute        // for a whole paste
	servedIn   = 30 * time.Second       // for a definition to be served
	servedLook = 250 * time.Millisecond // between looks whether it is
)

var errNotServed = fault.New(fault.Unavailable, "cluster.definition_slow", "The definition was applied, but the cluster does not serve its kind yet. Apply the rest again in a moment.")

// perform applies what was tried, in order, and stops at the first failure.
func (w *work) perform(ctx context.Context) (Applied, error) {
	for _, p := range w.papers {
		p.out.State = paperUntried
	}
	if err := w.announce(ctx); err != nil {
		return Applied{}, err
	}
	before, after := w.inOrder()
	ok, err := w.each(ctx, before)
	if ok {
		ok = w.again(ctx, after)
	}
	if ok {
		var more error
		ok, more = w.each(ctx, after)
		err = errors.Join(err, more)
	}
	if ok {
		return w.answer(OutcomeApplied, "", fmt.Sprintf("All of %d documents were applied.", len(w.papers))), err
	}
	return w.answer(OutcomeStopped, codeStopped, fmt.Sprintf(
		"%d documents were applied and stay so, %d failed, %d were not tried.", w.count(paperApplied), w.count(paperFailed), w.count(paperUntried),
	)), err
}

// announce writes into the audit what is about to be applied.
func (w *work) announce(ctx context.Context) error {
	var names []string
	for _, p := range w.papers {
		if p.out.Action != "unchanged" {
			names = append(names, p.ref.String())
		}
	}
	return w.tenant.Record(ctx, store.Audit{Action: "clusters.try", Thing: w.id, Result: "done", Detail: map[string]any{
		"action": "clusters.apply", "objects": names, "force": w.paste.Force,
	}})
}

// each applies documents one after the other. It reports whether all were.
func (w *work) each(ctx context.Context, papers []*paper) (bool, error) {
	var audits error
	for _, p := range papers {
		err := w.one(ctx, p, &audits)
		if err == nil && p.ref.Kind == crdKind {
			err = w.await(ctx, p)
		}
		if err != nil {
			p.out.Errors = nil
			p.fails(err)
			p.out.State = paperFailed
			d := deed{action: "clusters.apply", ref: p.ref}
			return false, errors.Join(audits, w.ended(ctx, d, nil, denial(err)))
		}
	}
	return true, audits
}

// one applies one document and writes into the audit what it changed.
func (w *work) one(ctx context.Context, p *paper, audits *error) error {
	was, err := w.live(ctx, p.kind, p.ref, "")
	if err != nil && !apierrors.IsNotFound(err) {
		return err
	}
	if err := p.fill(was); err != nil {
		return err
	}
	got, warned, err := w.send(ctx, w.request(p, false, w.paste.Force))
	if err != nil {
		if !w.paste.Force {
			p.out.Taken = p.disputes(err)
		}
		return err
	}
	changes := p.settle(was, got, warned)
	p.out.State = paperApplied
	if len(changes) > 0 {
		d := deed{action: "clusters.apply", ref: p.ref}
		*audits = errors.Join(*audits, w.ended(ctx, d, map[string]any{"changes": changes}, nil))
	}
	return nil
}

// again tries what could not be tried before its namespace or definition was
// there. It reports whether all of it can be applied.
func (w *work) again(ctx context.Context, papers []*paper) bool {
	var late []*paper
	for _, p := range papers {
		if p.out.Unproven != "" {
			p.out.Unproven = ""
			late = append(late, p)
		}
	}
	if err := w.check(ctx, late); err != nil {
		for _, p := range late {
			if p.out.State == paperUntried {
				p.fails(err)
			}
		}
	}
	ok := true
	for _, p := range late {
		switch p.out.State {
		case paperInvalid:
			p.out.State, ok = paperFailed, false
		default:
			p.out.State = paperUntried
		}
	}
	return ok
}

// await waits until the kind that a definition makes is served.
func (w *work) await(ctx context.Context, p *paper) error {
	ctx, cancel := context.WithTimeout(ctx, servedIn)
	defer cancel()
	tick := time.NewTicker(servedLook)
	defer tick.Stop()
	group, _, _ := unstructured.NestedString(p.object.Object, "spec", "group")        // the cluster took it
	kind, _, _ := unstructured.NestedString(p.object.Object, "spec", "names", "kind") // the cluster took it
	for {
		if w.serves(ctx, p, schema.GroupKind{Group: group, Kind: kind}) {
			return nil
		}
		select {
		case <-ctx.Done():
			return errNotServed.Because(ctx.Err())
		case <-tick.C:
		}
	}
}

// serves reports whether a definition is established and its kind found.
func (w *work) serves(ctx context.Context, p *paper, what schema.GroupKind) bool {
	o, err := w.live(ctx, p.kind, p.ref, "")
	if err != nil || !conditionHolds(o, "Established") {
		return false
	}
	all, err := w.link.relearn(ctx)
	if err != nil {
		return false
	}
	_, err = all.of(what.Group, what.Kind)
	return err == nil
}
