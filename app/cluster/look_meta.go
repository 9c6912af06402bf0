package cluster

import (
	"encoding/json"
	"maps"
	"strings"
	"time"

	"go.yaml.in/yaml/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
)

// Masked is what a browser sees instead of a secret; sent back, it keeps it.
const Masked = "********"

// lastApplied is where kubectl keeps the whole object as it was applied.
const lastApplied = "kubectl.kubernetes.io/last-applied-configuration"

// An ObjectOwner is what an object belongs to.
type ObjectOwner struct {
	Ref
	UID        string `json:"uid"`
	Controller bool   `json:"controller" doc:"It makes and replaces the object"`
}

// An ObjectCondition is what a controller says of an object.
type ObjectCondition struct {
	Type    string     `json:"type"`
	Status  string     `json:"status"`
	Reason  string     `json:"reason,omitempty"`
	Message string     `json:"message,omitempty"`
	Since   *time.Time `json:"since" nullable:"true"`
	Good    bool       `json:"good"`
}

// An envelope is what every object has.
type envelope struct {
	Metadata metav1.ObjectMeta `json:"metadata"`
	Status   json.RawMessage   `json:"status"`
}

// common says what there is to say of every kind.
func (v *viewer) common() error {
	b, err := decode[envelope](v.raw)
	if err != nil {
		return err
	}
	o, m := v.out, b.Metadata
	o.UID, o.Version, o.Generation, o.Created = string(m.UID), m.ResourceVersion, m.Generation, m.CreationTimestamp.UTC()
	if m.DeletionTimestamp != nil {
		at := m.DeletionTimestamp.UTC()
		o.Deleting = &at
	}
	secret := v.ref.Kind == "secrets"
	maps.Copy(o.Labels, m.Labels)
	maps.Copy(o.Annotations, m.Annotations)
	if _, has := o.Annotations[lastApplied]; has && secret {
		o.Annotations[lastApplied] = Masked
	}
	for _, w := range m.OwnerReferences {
		o.Owners = append(o.Owners, v.owner(w))
	}
	for _, f := range m.Finalizers {
		o.Finalizers = append(o.Finalizers, Finalizer{f, waits(f)})
	}
	o.Conditions = append(o.Conditions, conditions(b.Status)...)
	o.YAML, err = asYAML(v.raw, secret)
	return err
}

// owner returns what an owner reference names. Owners are in the same namespace,
// or in none.
func (v *viewer) owner(w metav1.OwnerReference) ObjectOwner {
	o := ObjectOwner{Ref: Ref{Kind: w.Kind, Namespace: v.ref.Namespace, Name: w.Name}, UID: string(w.UID), Controller: w.Controller != nil && *w.Controller}
	if gv, err := schema.ParseGroupVersion(w.APIVersion); err == nil {
		if k, err := v.kinds.of(gv.Group, w.Kind); err == nil {
			o.Kind = k.Name
			if !k.Namespaced {
				o.Namespace = ""
			}
		}
	}
	return o
}

// asYAML returns an object as kubectl writes it, without what is noise to people
// and without what a Secret keeps.
func asYAML(raw []byte, secret bool) (string, error) {
	var o map[string]any
	if err := utiljson.Unmarshal(raw, &o); err != nil { // keeps whole numbers whole
		return "", errStrange.Because(err)
	}
	meta, _ := o["metadata"].(map[string]any)
	delete(meta, "managedFields")
	if secret {
		mask(o, meta)
	}
	text, err := yaml.Marshal(o)
	return string(text), err
}

// mask replaces what a Secret keeps.
func mask(o, meta map[string]any) {
	for _, field := range []string{"data", "stringData"} {
		kept, _ := o[field].(map[string]any)
		for key := range kept {
			kept[key] = Masked
		}
	}
	if notes, _ := meta["annotations"].(map[string]any); notes[lastApplied] != nil {
		notes[lastApplied] = Masked
	}
}

// conditions returns those of a status, if it has any in the usual form.
func conditions(status json.RawMessage) []ObjectCondition {
	var s struct {
		Conditions []struct {
			Type, Status, Reason, Message      string
			LastTransitionTime, LastUpdateTime *time.Time
		} `json:"conditions"`
	}
	if json.Unmarshal(status, &s) != nil { // conditions of another form are in the YAML
		return nil
	}
	all := make([]ObjectCondition, 0, len(s.Conditions))
	for _, c := range s.Conditions {
		if c.Type == "" {
			continue
		}
		since := c.LastTransitionTime
		if since == nil {
			since = c.LastUpdateTime
		}
		all = append(all, ObjectCondition{c.Type, c.Status, c.Reason, c.Message, since, good(c.Type, c.Status, c.Reason)})
	}
	return all
}

// neutral are conditions that are neither well nor ill.
var neutral = map[string]bool{
	"Suspended": true, "Resizing": true, "FileSystemResizePending": true, "Issuing": true, "Reconciling": true, "ScalingLimited": true,
	"PodResizePending": true, "PodResizeInProgress": true, "Paused": true,
}

// ill ends the names of conditions that are bad when they are true.
var ill = []string{
	"Pressure", "Failed", "Failure", "Error", "Unavailable", "Degraded", "Stalled", "Terminating", "NonStructuralSchema", "Remaining", "DisruptionTarget",
	"FailureTarget", "Warning", "Problem", "Deadlock", "Expired", "Denied", "OutOfSync",
}

// good reports whether a condition is as one wants it.
func good(kind, status, reason string) bool {
	if neutral[kind] || reason == "PodCompleted" {
		return true
	}
	bad := false
	for _, end := range ill {
		bad = bad || strings.HasSuffix(kind, end)
	}
	switch status {
	case "True":
		return !bad
	case "False":
		return bad
	case "": // some only list what is wrong
		return !bad
	}
	return false
}
