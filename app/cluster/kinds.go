package cluster

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"unity.internal/app/fault"
)

// A Kind is a kind of object as one cluster serves it. Its name is
// resource.group, or resource for the core group: pods, deployments.apps.
type Kind struct {
	Name       string   `json:"name" doc:"resource.group: pods, deployments.apps"`
	Group      string   `json:"group"`
	Version    string   `json:"version"`
	Resource   string   `json:"resource"`
	Kind       string   `json:"kind" doc:"As in YAML: Pod, Deployment"`
	Namespaced bool     `json:"namespaced"`
	Custom     bool     `json:"custom" doc:"It comes from a custom resource definition or an extension of the API"`
	Verbs      []string `json:"verbs" nullable:"false"`
	Short      []string `json:"short_names" nullable:"false" doc:"As kubectl takes them: po, deploy"`
}

// A Ref names one object of a cluster. Namespace is empty for what has none.
type Ref struct {
	Kind      string `json:"kind" minLength:"1" maxLength:"317" doc:"resource.group: pods, deployments.apps"`
	Namespace string `json:"namespace,omitempty" maxLength:"63"`
	Name      string `json:"name" minLength:"1" maxLength:"253"`
}

// String names the object for people: pods web in shop.
func (r Ref) String() string {
	if r.Namespace == "" {
		return r.Kind + " " + r.Name
	}
	return r.Kind + " " + r.Name + " in " + r.Namespace
}

// kindName returns the name of a resource of a group.
func kindName(resource, group string) string {
	if group == "" {
		return resource
	}
	return resource + "." + group
}

// GVR returns what clients of Kubernetes call the kind.
func (k Kind) GVR() schema.GroupVersionResource {
	return schema.GroupVersionResource{Group: k.Group, Version: k.Version, Resource: k.Resource}
}

// GVK returns how the kind is named in an object.
func (k Kind) GVK() schema.GroupVersionKind {
	return schema.GroupVersionKind{Group: k.Group, Version: k.Version, Kind: k.Kind}
}

// APIVersion returns the apiVersion of an object of the kind.
func (k Kind) APIVersion() string {
	return schema.GroupVersion{Group: k.Group, Version: k.Version}.String()
}

// can reports whether the kind has a verb: list, watch, patch, delete.
func (k Kind) can(verb string) bool { return slices.Contains(k.Verbs, verb) }

// path returns where objects of the kind are, below the address of the API:
// all, those of a namespace, or the one called name.
func (k Kind) path(namespace, name string, sub ...string) []string {
	namespace, name = segment(namespace), segment(name)
	p := []string{"apis", k.Group, k.Version}
	if k.Group == "" {
		p = []string{"api", k.Version}
	}
	if k.Namespaced && namespace != "" {
		p = append(p, "namespaces", namespace)
	}
	p = append(p, k.Resource)
	if name != "" {
		p = append(append(p, name), sub...)
	}
	return p
}

// segment makes a name one part of a path, whatever is in it: with "../" it would
// lead to an object of another kind. No object has a name with these in it.
func segment(name string) string {
	if name == "." || name == ".." {
		return "%2E"
	}
	return strings.ReplaceAll(name, "/", "%2F")
}

// ErrKind says that a cluster does not serve a kind.
var ErrKind = fault.New(fault.NotFound, "cluster.kind_unknown", "The cluster does not know this kind of object. Its definition may have been removed.")

// kinds is what a cluster serves, by name and as objects name it.
type kinds struct {
	all   []Kind // by name
	byGVK map[schema.GroupKind]Kind
}

func newKinds(all []Kind) kinds {
	slices.SortFunc(all, func(a, b Kind) int { return strings.Compare(a.Name, b.Name) })
	k := kinds{all, make(map[schema.GroupKind]Kind, len(all))}
	for _, v := range all {
		k.byGVK[schema.GroupKind{Group: v.Group, Kind: v.Kind}] = v
	}
	return k
}

// named returns the kind called name.
func (k kinds) named(name string) (Kind, error) {
	i, ok := slices.BinarySearchFunc(k.all, name, func(v Kind, name string) int { return strings.Compare(v.Name, name) })
	if !ok {
		return Kind{}, ErrKind
	}
	return k.all[i], nil
}

// of returns the kind of an object that names its group and kind. The version
// is the one that the cluster prefers.
func (k kinds) of(group, kind string) (Kind, error) {
	v, ok := k.byGVK[schema.GroupKind{Group: group, Kind: kind}]
	if !ok {
		return v, ErrKind
	}
	return v, nil
}
