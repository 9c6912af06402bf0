package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	yaml3 "go.yaml.in/yaml/v3"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// body returns a document as it is sent.
func (p *paper) body() []byte {
	text, err := json.Marshal(p.object.Object)
	if err != nil {
		panic(err) // it was read from JSON
	}
	return text
}

// steps cuts the path of a field: spec, containers, [name="web"], image.
var steps = regexp.MustCompile(`\[[^\]]*\]|[^.\[\]]+`)

// lineOf returns the line of a field in the pasted text, or of the deepest field
// above it that is there.
func (p *paper) lineOf(field string) int {
	n, line := p.node, p.out.Line
	for _, step := range steps.FindAllString(field, -1) {
		key, value := into(n, step)
		if value == nil {
			break
		}
		n, line = value, key.Line
	}
	return line
}

// into goes one step down: to a key and its value, or twice to an element, the one
// at a place or the one that has some values.
func into(n *yaml3.Node, step string) (key, value *yaml3.Node) {
	if n != nil && n.Kind == yaml3.AliasNode {
		n = n.Alias
	}
	if n == nil {
		return nil, nil
	}
	inner, element := strings.CutPrefix(step, "[")
	inner = strings.TrimSuffix(inner, "]")
	if n.Kind != yaml3.SequenceNode {
		return entry(n, inner)
	}
	if !element {
		return nil, nil
	}
	place, err := strconv.Atoi(inner)
	for i, c := range n.Content {
		if err == nil && i == place || err != nil && fits(c, inner) {
			return c, c
		}
	}
	return nil, nil
}

// fits reports whether an element has the values that a path names: name="web",port=80.
func fits(n *yaml3.Node, keys string) bool {
	inner, isValue := strings.CutPrefix(keys, "=") // of a set: the element itself
	if isValue {
		return n.Value == strings.Trim(inner, `"`)
	}
	for pair := range strings.SplitSeq(keys, ",") {
		key, want, _ := strings.Cut(pair, "=")
		if c := child(n, key); c == nil || c.Value != strings.Trim(want, `"`) {
			return false
		}
	}
	return true
}

// child returns the value of a key.
func child(n *yaml3.Node, key string) *yaml3.Node {
	_, value := entry(n, key)
	return value
}

// entry returns a key and its value.
func entry(n *yaml3.Node, key string) (*yaml3.Node, *yaml3.Node) {
	if n == nil || n.Kind != yaml3.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}

// conflictSaid is how the API server names who manages a field.
var conflictSaid = regexp.MustCompile(`conflicts? with "([^"]+)"`)

// disputes returns the fields of a document that others manage, if that is what
// an application failed with.
func (p *paper) disputes(err error) []PasteDispute {
	status, ok := errors.AsType[*apierrors.StatusError](err)
	if !ok || !apierrors.IsConflict(err) || status.ErrStatus.Details == nil {
		return nil
	}
	var all []PasteDispute
	for _, c := range status.ErrStatus.Details.Causes {
		if c.Type != metav1.CauseTypeFieldManagerConflict {
			continue
		}
		who := c.Message
		if m := conflictSaid.FindStringSubmatch(c.Message); m != nil {
			who = m[1]
		}
		all = append(all, PasteDispute{Field: strings.TrimPrefix(c.Field, "."), Manager: who, Line: p.lineOf(c.Field)})
	}
	return all
}

// title names a document as it names itself.
func (p *paper) title() string {
	name := p.object.GetName()
	if name == "" {
		name = "without a name"
	}
	return fmt.Sprintf("%s %s", p.object.GetKind(), name)
}
