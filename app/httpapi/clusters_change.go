package httpapi

import (
	"context"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"unity.internal/app/auth"
	"unity.internal/app/cluster"
	"unity.internal/app/job"
	"unity.internal/store"
)

// maxPaste bounds what is applied at once: a text of 4 MB and, of an edit, the one
// that was shown, as JSON.
const maxPaste = 20 << 20

func (m mux) clusterChanges() {
	need, of := auth.ClustersApply, "/clusters/{id}/"
	handle(m, need, action("scaleObject", of+"scale"), m.scaleObject)
	handle(m, need, action("restartObject", of+"restart"), m.restartObject)
	handle(m, need, action("pauseObject", of+"pause"), m.pauseObject)
	handle(m, need, action("resumeObject", of+"resume"), m.resumeObject)
	handle(m, need, route("listRevisions", http.MethodGet, of+"revisions"), m.listRevisions)
	handle(m, need, action("rollbackObject", of+"rollback"), m.rollbackObject)
	handle(m, need, action("suspendObject", of+"suspend"), m.suspendObject)
	handle(m, need, action("unsuspendObject", of+"unsuspend"), m.unsuspendObject)
	handle(m, need, action("runCronJob", of+"run"), m.runCronJob)
	handle(m, need, action("cordonNode", of+"cordon"), m.cordonNode)
	handle(m, need, action("uncordonNode", of+"uncordon"), m.uncordonNode)
	handle(m, need, accepted("drainNode", of+"drain"), m.drainNode)
	handle(m, need, action("taintNode", of+"taint"), m.taintNode)
	handle(m, need, action("labelObject", of+"label"), m.labelObject)
	handle(m, need, action("annotateObject", of+"annotate"), m.annotateObject)
	handle(m, need, action("deleteObject", of+"delete"), m.deleteObject)
	handle(m, need, action("removeFinalizers", of+"finalizers"), m.removeFinalizers)
	handle(m, need, largePaste(action("applyObjects", of+"apply")), m.applyObjects)
}

// largePaste makes room for what is applied.
func largePaste(op huma.Operation) huma.Operation {
	op.MaxBodyBytes = maxPaste
	return op
}

// objectAct is a change of one object that needs nothing more to be said.
type objectAct struct {
	ID
	Body struct {
		cluster.Ref
		DryRun bool `json:"dry_run,omitempty" doc:"Only say what would happen"`
	}
}

func objectChanged(v cluster.ObjectChange, err error) (*body[cluster.ObjectChange], error) {
	return &body[cluster.ObjectChange]{v}, err
}

type scaleIn struct {
	ID
	Body struct {
		cluster.Ref
		cluster.Scaling
	}
}

func (m mux) scaleObject(ctx context.Context, c Caller, in *scaleIn) (*body[cluster.ObjectChange], error) {
	return objectChanged(m.Clusters.Scale(ctx, c.Tenant, in.ID.ID, in.Body.Ref, in.Body.Scaling))
}

func (m mux) restartObject(ctx context.Context, c Caller, in *objectAct) (*body[cluster.ObjectChange], error) {
	return objectChanged(m.Clusters.Restart(ctx, c.Tenant, in.ID.ID, in.Body.Ref, in.Body.DryRun))
}

func (m mux) pauseObject(ctx context.Context, c Caller, in *objectAct) (*body[cluster.ObjectChange], error) {
	return objectChanged(m.Clusters.Pause(ctx, c.Tenant, in.ID.ID, in.Body.Ref, false, in.Body.DryRun))
}

func (m mux) resumeObject(ctx context.Context, c Caller, in *objectAct) (*body[cluster.ObjectChange], error) {
	return objectChanged(m.Clusters.Pause(ctx, c.Tenant, in.ID.ID, in.Body.Ref, true, in.Body.DryRun))
}

func (m mux) suspendObject(ctx context.Context, c Caller, in *objectAct) (*body[cluster.ObjectChange], error) {
	return objectChanged(m.Clusters.Suspend(ctx, c.Tenant, in.ID.ID, in.Body.Ref, false, in.Body.DryRun))
}

func (m mux) unsuspendObject(ctx context.Context, c Caller, in *objectAct) (*body[cluster.ObjectChange], error) {
	return objectChanged(m.Clusters.Suspend(ctx, c.Tenant, in.ID.ID, in.Body.Ref, true, in.Body.DryRun))
}

func (m mux) runCronJob(ctx context.Context, c Caller, in *objectAct) (*body[cluster.ObjectChange], error) {
	return objectChanged(m.Clusters.RunCronJob(ctx, c.Tenant, in.ID.ID, in.Body.Ref, in.Body.DryRun))
}

type revisionsOf struct {
	ID
	Kind      string `query:"kind" required:"true" maxLength:"317" doc:"resource.group: deployments.apps"`
	Namespace string `query:"namespace" maxLength:"63"`
	Name      string `query:"name" required:"true" maxLength:"253"`
}

func (m mux) listRevisions(ctx context.Context, c Caller, in *revisionsOf) (*body[items[cluster.WorkloadRevision]], error) {
	return listed(m.Clusters.Revisions(ctx, c.Tenant, in.ID.ID, cluster.Ref{Kind: in.Kind, Namespace: in.Namespace, Name: in.Name}))
}

type rollbackIn struct {
	ID
	Body struct {
		cluster.Ref
		Revision int64 `json:"revision,omitempty" minimum:"0" doc:"0: the one before the current"`
		DryRun   bool  `json:"dry_run,omitempty" doc:"Only say what would happen"`
	}
}

func (m mux) rollbackObject(ctx context.Context, c Caller, in *rollbackIn) (*body[cluster.ObjectChange], error) {
	return objectChanged(m.Clusters.Rollback(ctx, c.Tenant, in.ID.ID, in.Body.Ref, in.Body.Revision, in.Body.DryRun))
}

// NodeName is embedded in requests, so it is exported.
type NodeName struct {
	Node string `json:"name" minLength:"1" maxLength:"253" doc:"Of the node"`
}

type nodeAct struct {
	ID
	Body struct {
		NodeName
		DryRun bool `json:"dry_run,omitempty" doc:"Only say what would happen"`
	}
}

func (m mux) cordonNode(ctx context.Context, c Caller, in *nodeAct) (*body[cluster.ObjectChange], error) {
	return objectChanged(m.Clusters.Cordon(ctx, c.Tenant, in.ID.ID, in.Body.Node, false, in.Body.DryRun))
}

func (m mux) uncordonNode(ctx context.Context, c Caller, in *nodeAct) (*body[cluster.ObjectChange], error) {
	return objectChanged(m.Clusters.Cordon(ctx, c.Tenant, in.ID.ID, in.Body.Node, true, in.Body.DryRun))
}

type taintIn struct {
	ID
	Body struct {
		NodeName
		Set    []cluster.Taint `json:"set,omitempty" maxItems:"50"`
		Remove []cluster.Taint `json:"remove,omitempty" maxItems:"50"`
		DryRun bool            `json:"dry_run,omitempty" doc:"Only say what would happen"`
	}
}

func (m mux) taintNode(ctx context.Context, c Caller, in *taintIn) (*body[cluster.ObjectChange], error) {
	b := in.Body
	return objectChanged(m.Clusters.Taint(ctx, c.Tenant, in.ID.ID, b.Node, b.Set, b.Remove, b.DryRun))
}

type drainIn struct {
	ID
	Body struct {
		NodeName
		cluster.Draining
	}
}

func (m mux) drainNode(ctx context.Context, c Caller, in *drainIn) (*body[store.Job], error) {
	id, b := in.ID.ID, in.Body
	if err := m.Clusters.Drainable(ctx, c.Tenant, id, b.Node); err != nil {
		return nil, err
	}
	j, err := m.Jobs.Start(ctx, c.Tenant, job.Spec{Kind: "clusters.drain", Thing: id, Title: "Drain of " + b.Node},
		func(ctx context.Context, p *job.Progress) error {
			return m.Clusters.Drain(ctx, c.Tenant, id, b.Node, b.Draining, cluster.Steps{Step: p.Step, Say: p.Say})
		})
	return &body[store.Job]{j}, err
}

type marksIn struct {
	ID
	Body struct {
		cluster.Ref
		Set    map[string]string `json:"set,omitempty" maxProperties:"200"`
		Remove []string          `json:"remove,omitempty" maxItems:"200"`
		DryRun bool              `json:"dry_run,omitempty" doc:"Only say what would happen"`
	}
}

func (m mux) labelObject(ctx context.Context, c Caller, in *marksIn) (*body[cluster.ObjectChange], error) {
	b := in.Body
	return objectChanged(m.Clusters.Label(ctx, c.Tenant, in.ID.ID, b.Ref, b.Set, b.Remove, b.DryRun))
}

func (m mux) annotateObject(ctx context.Context, c Caller, in *marksIn) (*body[cluster.ObjectChange], error) {
	b := in.Body
	return objectChanged(m.Clusters.Annotate(ctx, c.Tenant, in.ID.ID, b.Ref, b.Set, b.Remove, b.DryRun))
}

type deletingIn struct {
	ID
	Body struct {
		cluster.Ref
		cluster.Deleting
	}
}

func (m mux) deleteObject(ctx context.Context, c Caller, in *deletingIn) (*body[cluster.Removal], error) {
	v, err := m.Clusters.DeleteObject(ctx, c.Tenant, in.ID.ID, in.Body.Ref, in.Body.Deleting)
	return &body[cluster.Removal]{v}, err
}

type finalizersIn struct {
	ID
	Body struct {
		cluster.Ref
		Remove  []string `json:"remove" minItems:"1" maxItems:"50"`
		Confirm string   `json:"confirm" maxLength:"253" doc:"The name of the object, typed by a person"`
	}
}

func (m mux) removeFinalizers(ctx context.Context, c Caller, in *finalizersIn) (*body[cluster.Removal], error) {
	b := in.Body
	v, err := m.Clusters.RemoveFinalizers(ctx, c.Tenant, in.ID.ID, b.Ref, b.Remove, b.Confirm)
	return &body[cluster.Removal]{v}, err
}

type pasteIn struct {
	ID
	Body cluster.Paste
}

func (m mux) applyObjects(ctx context.Context, c Caller, in *pasteIn) (*body[cluster.Applied], error) {
	v, err := m.Clusters.Apply(ctx, c.Tenant, in.ID.ID, in.Body)
	return &body[cluster.Applied]{v}, err
}
