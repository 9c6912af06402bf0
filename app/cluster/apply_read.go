package cluster

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	yaml3 "go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	kjson "k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
	"unity.internal/app/fault"
)

var (
	errEmpty     = fault.New(fault.Invalid, "cluster.apply_empty", "There is no document in this. Paste YAML or JSON of at least one object.")
	errManyPaper = fault.New(fault.TooLarge, "cluster.apply_too_many", "There are more than %d documents in this. Apply them in parts.", maxPapers)
)

// A paper is one document of a paste.
type paper struct {
	node   *yaml3.Node // nil of what could not be read
	object *unstructured.Unstructured
	kind   Kind
	ref    Ref
	out    AppliedDocument
}

// A lineError says what is wrong with a line of a paste.
type lineError struct {
	line              int
	code, field, text string
}

// Error implements error.
func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.text) }

const codeSyntax = "cluster.yaml_invalid"

// readPaste returns the documents of a text. What cannot be read is a document,
// too, which says why.
func readPaste(text string) ([]*paper, error) {
	var all []*paper
	for _, part := range split(text) {
		all = append(all, part.papers()...)
		if len(all) > maxPapers {
			return nil, errManyPaper
		}
	}
	if len(all) == 0 {
		return nil, errEmpty
	}
	for i, p := range all {
		p.out.Index = i
	}
	return all, nil
}

// A chunk is the text of one document, and the line on which it begins.
type chunk struct {
	text string
	line int
}

// split cuts a text at the marks of YAML, which are marks wherever a line begins
// with them, and what begins like JSON where a value of it ends.
func split(text string) []chunk {
	text = strings.TrimPrefix(strings.ReplaceAll(text, "\r\n", "\n"), "\ufeff")
	var all []chunk
	var now strings.Builder
	line, from := 0, 1
	end := func(next int) {
		if c := (chunk{now.String(), from}); !c.blank() {
			all = append(all, c.values()...)
		}
		now.Reset()
		from = next
	}
	for l := range strings.Lines(text) {
		line++
		switch {
		case marks(l, "---"):
			end(line)
			l = "   " + l[3:] // what follows the mark belongs to the document
		case marks(l, "..."):
			end(line + 1)
			continue
		}
		now.WriteString(l)
	}
	end(line + 1)
	return all
}

// marks reports whether a line is a mark of YAML, maybe with something after it.
func marks(line, mark string) bool {
	rest, ok := strings.CutPrefix(line, mark)
	return ok && (rest == "" || strings.ContainsAny(rest[:1], " \t\n"))
}

// blank reports whether nothing but comments and directives is in a chunk.
func (c chunk) blank() bool {
	for l := range strings.Lines(c.text) {
		l = strings.TrimSpace(l)
		if l != "" && l[0] != '#' && l[0] != '%' {
			return false
		}
	}
	return true
}

// values divides JSON that follows JSON. What is no JSON after all stays as it is.
func (c chunk) values() []chunk {
	if !strings.HasPrefix(strings.TrimSpace(c.text), "{") {
		return []chunk{c}
	}
	var all []chunk
	dec := json.NewDecoder(strings.NewReader(c.text))
	for at := int64(0); ; at = dec.InputOffset() {
		var raw json.RawMessage
		err := dec.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			return append(all, chunk{c.text[at:], c.line + strings.Count(c.text[:at], "\n")})
		}
		start := dec.InputOffset() - int64(len(raw))
		all = append(all, chunk{string(raw), c.line + strings.Count(c.text[:start], "\n")})
	}
}

// papers reads a chunk: one document, or as many as there are in a list.
func (c chunk) papers() []*paper {
	p := &paper{out: newDocument(c.line)}
	raw, err := p.parse(c)
	if err != nil {
		p.wrong(c.syntax(err))
		return []*paper{p}
	}
	if raw == nil {
		return nil
	}
	v := map[string]any{}
	if raw[0] != '{' {
		p.wrong(&lineError{line: p.out.Line, code: codeSyntax, text: "An object is expected here: fields with values."})
		return []*paper{p}
	}
	if err := kjson.Unmarshal(raw, &v); err != nil { // whole numbers stay whole
		p.wrong(c.syntax(err))
		return []*paper{p}
	}
	p.object = &unstructured.Unstructured{Object: v}
	return p.unfold()
}

// parse returns a chunk as JSON, and keeps where its fields are; nil if nothing is in it.
func (p *paper) parse(c chunk) ([]byte, error) {
	var doc yaml3.Node
	err := yaml3.Unmarshal([]byte(c.text), &doc)
	if err == nil && len(doc.Content) == 0 {
		return nil, nil
	}
	if err == nil {
		p.node = doc.Content[0]
		shift(p.node, c.line-1)
		p.out.Line = p.node.Line
	}
	if text := []byte(strings.TrimSpace(c.text)); text[0] == '{' && json.Valid(text) {
		return text, nil // not all of JSON is YAML
	}
	if err != nil {
		return nil, err
	}
	raw, err := yaml.YAMLToJSONStrict([]byte(c.text))
	return bytes.TrimSpace(raw), err
}

func newDocument(line int) AppliedDocument {
	return AppliedDocument{Line: line, State: paperUntried, Warnings: []string{}, Errors: []PasteError{}, Taken: []PasteDispute{}}
}

// unfold returns the objects of a list, in the lines where they are.
func (p *paper) unfold() []*paper {
	items, ok := p.object.Object["items"].([]any)
	if !ok || !strings.HasSuffix(p.object.GetKind(), "List") {
		return []*paper{p}
	}
	nodes := child(p.node, "items")
	var all []*paper
	for i, item := range items {
		one := &paper{out: newDocument(p.out.Line)}
		if nodes != nil && i < len(nodes.Content) {
			one.node = nodes.Content[i]
			one.out.Line = one.node.Line
		}
		v, ok := item.(map[string]any)
		if !ok {
			one.wrong(&lineError{line: one.out.Line, code: codeSyntax, text: "An object is expected here: fields with values."})
			all = append(all, one)
			continue
		}
		one.object = &unstructured.Unstructured{Object: v}
		all = append(all, one.unfold()...)
		if len(all) > maxPapers {
			break // said by who counts
		}
	}
	return all
}

// saidLine is how the readers of YAML name a line.
var saidLine = regexp.MustCompile(`line (\d+):? ?`)

// syntax says where a chunk cannot be read, in the lines of the whole text.
func (c chunk) syntax(err error) *lineError {
	text, line := strings.TrimPrefix(err.Error(), "yaml: "), c.line
	text = strings.TrimPrefix(strings.ReplaceAll(text, "error converting YAML to JSON: yaml: ", ""), "unmarshal errors:\n  ")
	if m := saidLine.FindStringSubmatch(text); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil {
			line = c.line + n - 1
		}
		text = strings.Replace(text, m[0], "", 1)
	}
	return &lineError{line: line, code: codeSyntax, text: "This is no YAML: " + strings.TrimSpace(text) + "."}
}

// shift moves a node and all in it down by so many lines.
func shift(n *yaml3.Node, by int) {
	if by == 0 {
		return
	}
	n.Line += by
	for _, c := range n.Content {
		shift(c, by)
	}
}
