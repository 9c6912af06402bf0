package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	drainTimeout = 10 * time.Minute // unless said otherwise
	evictAgain   = 5 * time.Second  // after a disruption budget said no
	goneLook     = time.Second      // between looks whether evicted pods are gone
)

// A Draining says how a node is emptied.
type Draining struct {
	Unmanaged bool   `json:"delete_unmanaged,omitempty" doc:"Evict pods, too, that nobody makes again"`
	EmptyDir  bool   `json:"delete_emptydir,omitempty" doc:"Evict pods, too, that keep data in an emptyDir: the data are lost"`
	Grace     *int64 `json:"grace_seconds,omitempty" minimum:"0" maximum:"86400" doc:"How long pods get to end; left out: as they say themselves"`
	Timeout   int    `json:"timeout_seconds,omitempty" minimum:"0" maximum:"86400" doc:"0: 600"`
}

// Steps is how a drain tells how far it is: what is done now, and lines to keep.
type Steps struct {
	Step func(ctx context.Context, name string, done, total int)
	Say  func(ctx context.Context, line string)
}

// Drainable says whether there is a node to drain, before a job is begun for it.
func (s *Service) Drainable(ctx context.Context, t store.Tenant, id, node string) error {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, changeLimit)
	defer cancel()
	k, ref, err := h.kindFor(ctx, Ref{Kind: "nodes", Name: node})
	if err == nil {
		_, err = h.live(ctx, k, ref, "")
	}
	return denial(err)
}

// Drain keeps new pods away from a node and evicts those that are on it, as far
// as disruption budgets allow. A drain that ends early leaves the node closed.
func (s *Service) Drain(ctx context.Context, t store.Tenant, id, node string, how Draining, tell Steps) error {
	h, err := s.hand(ctx, t, id)
	if err != nil {
		return err
	}
	timeout := drainTimeout
	if how.Timeout > 0 {
		timeout = time.Duration(how.Timeout) * time.Second
	}
	limited, cancel := context.WithTimeoutCause(ctx, timeout, errDrainTime)
	defer cancel()
	v := &drain{hand: h, deed: deed{action: "clusters.drain", ref: Ref{Kind: "nodes", Name: node}}, how: how, tell: tell}
	err = v.run(limited)
	why := denial(err)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		why = errDrainEnded.Because(err)
	case limited.Err() != nil:
		err = v.overdue()
		why = err
	}
	ended := h.ended(ctx, v.deed, map[string]any{"evicted": v.evicted}, why)
	if err == nil {
		return ended
	}
	v.rest(context.WithoutCancel(ctx))
	if ctx.Err() == nil {
		err = why
	}
	return errors.Join(err, ended)
}

// rest says how a drain that ended early leaves the node.
func (v *drain) rest(ctx context.Context) {
	if v.closed {
		v.tell.Say(ctx, "The node stays cordoned: no new pods come to it. Uncordon it to open it again.")
	}
	if len(v.evicted) > 0 {
		v.tell.Say(ctx, "Evicted until then: "+strings.Join(v.evicted, ", ")+".")
	}
}

var (
	errDrainTime  = fault.New(fault.Unavailable, "cluster.drain_timeout", "Not all pods left the node in time. It stays cordoned. See what blocks in the steps of the job.")
	errDrainEnded = fault.New(fault.Unavailable, "cluster.drain_cancelled", "The drain was cancelled. The node stays cordoned, and what was evicted is gone.")
)

// A drain is one node being emptied.
type drain struct {
	*hand
	deed    deed
	how     Draining
	tell    Steps
	closed  bool       // the node takes no new pods
	pods    []drainPod // that are still to leave
	total   int
	evicted []string
	blocked map[string]string // what was said last of a pod that may not leave
}

func (v *drain) run(ctx context.Context) error {
	if err := v.begun(ctx, v.deed, map[string]any{"spec.unschedulable": true, "grace_seconds": v.how.Grace}); err != nil {
		return err
	}
	v.tell.Step(ctx, "Cordon", 0, 0)
	k, ref, err := v.kindFor(ctx, v.deed.ref)
	if err != nil {
		return err
	}
	if _, err := v.patch(ctx, deed{action: v.deed.action, ref: ref, merges: true, quiet: true}, k, unschedulable); err != nil {
		return err
	}
	v.closed = true
	if err := v.survey(ctx); err != nil {
		return err
	}
	v.total, v.blocked = len(v.pods), map[string]string{}
	if err := v.evictAll(ctx); err != nil {
		return err
	}
	v.tell.Step(ctx, "Done", v.total, v.total)
	if v.total == 0 {
		v.tell.Say(ctx, "There was no pod to evict.")
		return nil
	}
	v.tell.Say(ctx, "Evicted: "+strings.Join(v.evicted, ", ")+".")
	return nil
}

// evictAll evicts until every pod is gone. A pod that a budget keeps is asked for
// again every five seconds; one that was evicted is waited for.
func (v *drain) evictAll(ctx context.Context) error {
	for len(v.pods) > 0 {
		wait := goneLook
		for i := range v.pods {
			kept, err := v.evict(ctx, &v.pods[i])
			if err != nil {
				return err
			}
			if kept {
				wait = evictAgain
			}
		}
		v.report(ctx)
		if err := v.leave(ctx); err != nil {
			return err
		}
		if len(v.pods) == 0 {
			return nil
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-timer.C:
		}
	}
	return nil
}

// evict asks that a pod leaves, unless it was told already. It reports whether
// something keeps the pod.
func (v *drain) evict(ctx context.Context, p *drainPod) (kept bool, err error) {
	if p.told {
		return false, nil
	}
	options := &metav1.DeleteOptions{GracePeriodSeconds: v.how.Grace, Preconditions: &metav1.Preconditions{UID: &p.uid}}
	body, err := json.Marshal(policyv1.Eviction{
		TypeMeta:      metav1.TypeMeta{APIVersion: "policy/v1", Kind: "Eviction"},
		ObjectMeta:    metav1.ObjectMeta{Namespace: p.ref.Namespace, Name: p.ref.Name},
		DeleteOptions: options,
	})
	if err != nil {
		return false, err
	}
	k, err := v.link.kind(ctx, "pods")
	if err != nil {
		return false, err
	}
	_, _, err = v.send(ctx, call{verb: http.MethodPost, kind: k, ref: p.ref, sub: "eviction", media: plainJSON, body: body, once: true})
	switch {
	case err == nil:
		p.told = true
		v.evicted = append(v.evicted, p.ref.Namespace+"/"+p.ref.Name)
		return false, nil
	case apierrors.IsNotFound(err), apierrors.IsConflict(err): // it is gone, or another has its name
		p.gone = true
		return false, nil
	case apierrors.IsTooManyRequests(err):
		v.keep(ctx, p, err)
		return true, nil
	case apierrors.HasStatusCause(err, "NamespaceTerminating"), apierrors.IsForbidden(err) && strings.Contains(err.Error(), "being terminated"):
		p.told = true // its namespace takes it away
		return false, nil
	}
	return false, err
}

// keep says once, and again when it changes, what keeps a pod.
func (v *drain) keep(ctx context.Context, p *drainPod, err error) {
	why := v.budgets(ctx, p)
	if why == "" {
		why = fault.From(denial(err)).Msg
	}
	name := p.ref.Namespace + "/" + p.ref.Name
	if v.blocked[name] != why {
		v.blocked[name] = why
		v.tell.Say(ctx, name+" stays for now: "+why)
	}
}

// report says how far the drain is, and what blocks it.
func (v *drain) report(ctx context.Context) {
	var kept []string
	for _, p := range v.pods {
		if !p.told && !p.gone {
			kept = append(kept, p.ref.Namespace+"/"+p.ref.Name)
		}
	}
	step := "Wait for pods to end"
	if len(kept) > 0 {
		step = "Blocked: " + kept[0]
		if len(kept) > 1 {
			step += fmt.Sprintf(" and %d more", len(kept)-1)
		}
	}
	v.tell.Step(ctx, step, v.total-len(v.pods), v.total)
}

// overdue says what was still there when the time was up.
func (v *drain) overdue() error {
	if left := v.names(); len(left) > 0 {
		return fault.New(errDrainTime.Kind, errDrainTime.Code, "%s Still there: %s.", errDrainTime.Msg, strings.Join(left[:min(len(left), 10)], ", "))
	}
	return errDrainTime
}

// names returns the pods that have not left.
func (v *drain) names() []string {
	names := []string{}
	for _, p := range v.pods {
		names = append(names, p.ref.Namespace+"/"+p.ref.Name)
	}
	slices.Sort(names)
	return names
}
