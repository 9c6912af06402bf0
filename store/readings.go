package store

import (
	"encoding/json"
	"slices"
	"strings"
	"time"
)

// A Label is one name and value that tells series of one metric apart.
type Label struct{ Name, Value string }

// Labels are sorted by name. They do not name the server: a series has that apart.
type Labels []Label

// LabelsOf returns labels from name, value, name, value.
func LabelsOf(pairs ...string) Labels {
	var l Labels
	for i := 0; i+1 < len(pairs); i += 2 {
		l = append(l, Label{pairs[i], pairs[i+1]})
	}
	slices.SortFunc(l, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return l
}

// Value returns the value of the label called name, or nothing.
func (l Labels) Value(name string) string {
	for _, v := range l {
		if v.Name == name {
			return v.Value
		}
	}
	return ""
}

// Map returns the labels as JSON shows them.
func (l Labels) Map() map[string]string {
	m := make(map[string]string, len(l))
	for _, v := range l {
		m[v.Name] = v.Value
	}
	return m
}

// JSON returns the labels as an object with sorted names: equal labels, equal text.
func (l Labels) JSON() string {
	if len(l) == 0 {
		return "{}"
	}
	text, _ := json.Marshal(l.Map()) // strings marshal
	return string(text)
}

// ParseLabels is the inverse of Labels.JSON.
func ParseLabels(text string) (Labels, error) {
	m := map[string]string{}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, err
	}
	l := make(Labels, 0, len(m))
	for k, v := range m {
		l = append(l, Label{k, v})
	}
	slices.SortFunc(l, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	return l, nil
}

// A Reading is one value of one metric.
type Reading struct {
	Metric string
	Labels Labels
	Value  float64
	Note   string // for people, what the value is about: names of pods; not kept with samples
}

// A Batch is what one poll of one server or cluster brought, at one moment of
// the appliance's clock.
type Batch struct {
	Server   string // the id of either; empty for readings of the appliance itself
	At       time.Time
	Readings []Reading
}
