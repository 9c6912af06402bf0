package cluster

import (
	"context"
	"errors"
	"slices"
	"strings"
)

const rbacGroup = ".rbac.authorization.k8s.io"

// A RoleSubject is who a binding gives its role to.
type RoleSubject struct {
	Kind string `json:"kind" doc:"User, Group or ServiceAccount"`
	Name string `json:"name"`
	Ref  *Ref   `json:"ref,omitempty" doc:"If it is a service account"`
}

// A BindingLine is one binding and the role that it gives.
type BindingLine struct {
	Binding Ref `json:"binding"`
	Role    Ref `json:"role"`
}

// A role is what is read of a Role or a ClusterRole.
type role struct {
	Rules       []rule `json:"rules"`
	Aggregation *struct {
		Selectors []struct {
			MatchLabels map[string]string `json:"matchLabels"`
		} `json:"clusterRoleSelectors"`
	} `json:"aggregationRule"`
}

type rule struct {
	Verbs     []string `json:"verbs"`
	Groups    []string `json:"apiGroups"`
	Resources []string `json:"resources"`
	Names     []string `json:"resourceNames"`
	URLs      []string `json:"nonResourceURLs"`
}

func lookRole(_ context.Context, v *viewer) error {
	r, err := decode[role](v.raw)
	if err != nil {
		return err
	}
	for _, one := range r.Rules {
		v.out.Rules = append(v.out.Rules, one.words())
	}
	v.fact("Rules", number(len(r.Rules)))
	if r.Aggregation != nil {
		for _, s := range r.Aggregation.Selectors {
			v.fact("Gathers roles with", pairs(s.MatchLabels))
		}
	}
	return nil
}

// words says what a rule allows: get, list and watch pods and services.
func (r rule) words() string {
	verbs := and(r.Verbs)
	if slices.Contains(r.Verbs, "*") {
		verbs = "do everything with"
	}
	if len(r.URLs) > 0 {
		return "may " + verbs + " the addresses " + and(r.URLs)
	}
	what := and(r.Resources)
	if slices.Contains(r.Resources, "*") {
		what = "everything"
	}
	text := "may " + verbs + " " + what
	switch {
	case slices.Contains(r.Groups, "*"):
		text += " of every group"
	case len(r.Groups) > 1 || len(r.Groups) == 1 && r.Groups[0] != "":
		groups := slices.Clone(r.Groups)
		for i, g := range groups {
			if g == "" {
				groups[i] = "the core group"
			}
		}
		text += " of " + and(groups)
	}
	if len(r.Names) > 0 {
		text += ", only " + and(r.Names)
	}
	return text
}

// and joins words as people do.
func and(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	last := len(words) - 1
	return strings.Join(words[:last], ", ") + " and " + words[last]
}

// A binding is what is read of a RoleBinding or a ClusterRoleBinding.
type binding struct {
	Metadata struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
		UID       string `json:"uid"`
	} `json:"metadata"`
	RoleRef struct {
		Kind string `json:"kind"`
		Name string `json:"name"`
	} `json:"roleRef"`
	Subjects []struct {
		Kind      string `json:"kind"`
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"subjects"`
}

func (b binding) ref() Ref {
	if b.Metadata.Namespace == "" {
		return Ref{Kind: "clusterrolebindings" + rbacGroup, Name: b.Metadata.Name}
	}
	return Ref{"rolebindings" + rbacGroup, b.Metadata.Namespace, b.Metadata.Name}
}

// role returns what the binding gives.
func (b binding) role() Ref {
	if b.RoleRef.Kind == "ClusterRole" {
		return Ref{Kind: "clusterroles" + rbacGroup, Name: b.RoleRef.Name}
	}
	return Ref{"roles" + rbacGroup, b.Metadata.Namespace, b.RoleRef.Name}
}

// gives reports whether a service account has the role by this binding.
func (b binding) gives(namespace, name string) bool {
	for _, s := range b.Subjects {
		switch {
		case s.Kind == "ServiceAccount" && s.Namespace == namespace && s.Name == name,
			s.Kind == "Group" && (s.Name == "system:serviceaccounts" || s.Name == "system:serviceaccounts:"+namespace),
			s.Kind == "User" && s.Name == "system:serviceaccount:"+namespace+":"+name:
			return true
		}
	}
	return false
}

// bindings returns those of a namespace, and those of the whole cluster.
func bindings(ctx context.Context, l *link, k kinds, namespace string) ([]binding, error) {
	var all []binding
	var failed error
	for _, name := range []string{"rolebindings" + rbacGroup, "clusterrolebindings" + rbacGroup} {
		kind, err := k.named(name)
		if err != nil {
			continue // rights are given otherwise there
		}
		some, err := list[binding](ctx, l, kind, namespace, "", "", maxBindings)
		all, failed = append(all, some...), errors.Join(failed, err)
	}
	return all, failed
}

// maxBindings bounds how many bindings of one kind are read.
const maxBindings = 2000

func lookBinding(_ context.Context, v *viewer) error {
	b, err := decode[binding](v.raw)
	if err != nil {
		return err
	}
	r := b.role()
	v.other("Role", r.Kind, r.Namespace, r.Name)
	for _, s := range b.Subjects {
		line := RoleSubject{Kind: s.Kind, Name: s.Name}
		if s.Kind == "ServiceAccount" {
			line.Ref = &Ref{"serviceaccounts", s.Namespace, s.Name}
		}
		v.out.Subjects = append(v.out.Subjects, line)
	}
	return nil
}
