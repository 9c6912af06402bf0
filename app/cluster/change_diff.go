package cluster

import (
	"bytes"
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"
)

const (
	maskNew    = "******** (new)" // and this for one that changes
	lastKubect = "kubectl.kubernetes.io/last-applied-configuration"
	maxPaths   = 200  // of one change in the audit
	maxValue   = 1000 // bytes of one value in the audit
)

// mergeFrom returns the JSON merge patch that makes want of was; lists are
// replaced whole.
func mergeFrom(was, want map[string]any) map[string]any {
	patch := map[string]any{}
	for name, w := range want {
		b, there := was[name]
		inner, isMap := w.(map[string]any)
		before, wasMap := b.(map[string]any)
		switch {
		case isMap && wasMap:
			if p := mergeFrom(before, inner); len(p) > 0 {
				patch[name] = p
			}
		case !there || !reflect.DeepEqual(b, w):
			patch[name] = w
		}
	}
	for name := range was {
		if _, stays := want[name]; !stays {
			patch[name] = nil
		}
	}
	return patch
}

// cleaned returns a copy of an object without what nobody wished: its status,
// who manages which field, versions.
func cleaned(o *unstructured.Unstructured) map[string]any {
	if o == nil {
		return map[string]any{}
	}
	all := maps.Clone(o.Object)
	delete(all, "status")
	if m, ok := all["metadata"].(map[string]any); ok {
		m = maps.Clone(m)
		for _, name := range []string{"managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink"} {
			delete(m, name)
		}
		if a, ok := m["annotations"].(map[string]any); ok {
			a = maps.Clone(a)
			delete(a, lastKubect) // a copy of it all, for kubectl
			m["annotations"] = a
			if len(a) == 0 {
				delete(m, "annotations")
			}
		}
		all["metadata"] = m
	}
	return all
}

// masked returns a copy of an object, or of a patch of one, in which the values
// of a secret are masked.
func masked(k Kind, o map[string]any) map[string]any {
	if k.Name != "secrets" {
		return o
	}
	all := maps.Clone(o)
	for _, name := range []string{"data", "stringData"} {
		values, ok := all[name].(map[string]any)
		if !ok {
			continue
		}
		values = maps.Clone(values)
		for key, v := range values {
			if v != nil {
				values[key] = Masked
			}
		}
		all[name] = values
	}
	return all
}

// compared returns in which fields two readings of an object differ, by path and
// as a diff of YAML. Either may be nil. Values of secrets that differ are marked.
func compared(k Kind, was, is *unstructured.Unstructured) (changes map[string][2]any, diff string) {
	b, a := cleaned(was), cleaned(is)
	before, after := masked(k, b), masked(k, a)
	if k.Name == "secrets" {
		for _, name := range []string{"data", "stringData"} {
			old, _ := b[name].(map[string]any)
			values, _ := after[name].(map[string]any)
			for key := range values {
				if v, there := old[key]; there && v != a[name].(map[string]any)[key] {
					values[key] = maskNew
				}
			}
		}
	}
	changes = map[string][2]any{}
	flatBefore, flatAfter := paths(before), paths(after)
	for p, v := range flatBefore {
		if w, there := flatAfter[p]; !there || !reflect.DeepEqual(v, w) {
			changes[p] = [2]any{v, flatAfter[p]}
		}
	}
	for p, w := range flatAfter {
		if _, there := flatBefore[p]; !there {
			changes[p] = [2]any{nil, w}
		}
	}
	if len(changes) == 0 {
		return changes, ""
	}
	return bounded(changes), unified(yamlOf(before), yamlOf(after))
}

// bounded keeps a change small enough for the audit.
func bounded(changes map[string][2]any) map[string][2]any {
	if more := len(changes) - maxPaths; more > 0 {
		for _, p := range slices.Sorted(maps.Keys(changes))[maxPaths:] {
			delete(changes, p)
		}
		changes["…"] = [2]any{nil, strconv.Itoa(more) + " more fields"}
	}
	for p, v := range changes {
		changes[p] = [2]any{short(v[0]), short(v[1])}
	}
	return changes
}

func short(v any) any {
	text, ok := v.(string)
	if !ok {
		raw, err := json.Marshal(v)
		if err != nil || len(raw) <= maxValue {
			return v
		}
		text = string(raw)
	}
	if len(text) <= maxValue {
		return v
	}
	return strings.ToValidUTF8(text[:maxValue], "") + "… (" + strconv.Itoa(len(text)) + " bytes)"
}

// yamlOf returns an object as YAML; nothing of an empty one.
func yamlOf(o map[string]any) string {
	if len(o) == 0 {
		return ""
	}
	text, err := yaml.Marshal(o)
	if err != nil {
		panic(err) // it was read from JSON
	}
	return string(bytes.TrimSpace(text)) + "\n"
}

// paths returns the leaves of an object by their paths: spec.replicas,
// metadata.labels[app.kubernetes.io/name], spec.containers[web].image.
func paths(o map[string]any) map[string]any {
	all := map[string]any{}
	leaves(all, "", o)
	return all
}

func leaves(all map[string]any, at string, v any) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 0 && at != "" {
			all[at] = v
		}
		for name, inner := range v {
			leaves(all, below(at, name), inner)
		}
	case []any:
		if len(v) == 0 {
			all[at] = v
		}
		names := namesOf(v)
		for i, inner := range v {
			leaves(all, at+"["+names[i]+"]", inner)
		}
	default:
		all[at] = v
	}
}

// below returns the path of a field in an object.
func below(at, name string) string {
	switch {
	case at == "":
		return name
	case strings.ContainsAny(name, ".[]/ "):
		return at + "[" + name + "]"
	}
	return at + "." + name
}

// namesOf returns what the elements of a list are called: by their names if each
// has its own, else by their places.
func namesOf(list []any) []string {
	names, seen := make([]string, len(list)), map[string]bool{}
	for i, v := range list {
		m, _ := v.(map[string]any)
		name, _ := m["name"].(string)
		if name == "" || seen[name] {
			for j := range list {
				names[j] = strconv.Itoa(j)
			}
			return names
		}
		names[i], seen[name] = name, true
	}
	return names
}
