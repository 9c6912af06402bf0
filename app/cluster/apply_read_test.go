package cluster

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestAPasteIsReadAsDocumentsWithTheirLines(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		text string
		want string // line:kind/name or line!error of each
	}{
		"one":                    {"kind: A\nmetadata: {name: a}\n", "1:A a"},
		"marks and comments":     {"# first\n---\n# only a comment\n---\nkind: A\n--- # note\n\nkind: B\n...\n---\n", "5:A without a name, 8:B without a name"},
		"a directive":            {"%YAML 1.1\n---\nkind: A\n", "3:A without a name"},
		"windows":                {"kind: A\r\n---\r\nkind: B\r\n", "1:A without a name, 3:B without a name"},
		"a mark in a text":       {"kind: A\ndata:\n  x: |\n    a\n    ---\n    b\n---\nkind: B\n", "1:A without a name, 8:B without a name"},
		"json":                   {"{\"kind\": \"A\",\n\t\"metadata\": {\"name\": \"ä\\/\"}}", "1:A ä/"},
		"json after json":        {"{\"kind\":\"A\"}\n{\"kind\":\"B\"} {\"kind\":\"C\"}", "1:A without a name, 2:B without a name, 2:C without a name"},
		"json that is cut":       {"{\"kind\":\"A\"}\n{\"kind\":", "1:A without a name, 2!This is no YAML"},
		"a list":                 {"apiVersion: v1\nkind: List\nitems:\n- kind: A\n- kind: BList\n  items:\n  - kind: B\n- 7\n", "4:A without a name, 7:B without a name, 8!An object is expected"},
		"a syntax error":         {"kind: A\n---\nkind: B\n  x: [\n---\nkind: C\n", "1:A without a name, 4!This is no YAML, 6:C without a name"},
		"a tab":                  {"kind: A\n---\nspec:\n\tx: 1\n", "1:A without a name, 4!This is no YAML"},
		"a key twice":            {"a: 1\n---\nkind: A\nkind: B\n", "1: without a name, 4!This is no YAML"},
		"a value alone":          {"just text\n", "1!An object is expected"},
		"a sequence":             {"- a\n", "1!An object is expected"},
		"a byte order mark":      {"\ufeffkind: A\n", "1:A without a name"},
		"anchors":                {"kind: A\nmetadata: &m {name: x}\nother: *m\n", "1:A x"},
		"whole numbers stay so":  {"kind: A\nmetadata: {name: num}\nspec: {big: 9007199254740993}\n", "1:A num"},
		"what YAML 1.1 calls no": {"kind: A\nmetadata: {name: \"no\"}\n", "1:A no"},
	} {
		papers, err := readPaste(tt.text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var all []string
		for _, p := range papers {
			if len(p.out.Errors) > 0 {
				all = append(all, fmt.Sprintf("%d!%s", p.out.Errors[0].Line, p.out.Errors[0].Message))
			} else {
				all = append(all, fmt.Sprintf("%d:%s", p.out.Line, p.title()))
			}
			if name == "whole numbers stay so" && !strings.Contains(string(p.body()), "9007199254740993") {
				t.Errorf("%s", p.body())
			}
		}
		want := strings.Split(tt.want, ", ")
		ok := len(want) == len(all)
		for i := range min(len(want), len(all)) {
			ok = ok && strings.HasPrefix(all[i], want[i])
		}
		if !ok {
			t.Errorf("%s: %q, want %q", name, all, want)
		}
	}
	for text, want := range map[string]string{
		"": "cluster.apply_empty", "# nothing\n---\n---\n": "cluster.apply_empty",
		strings.Repeat("---\nkind: A\n", maxPapers+1):                     "cluster.apply_too_many",
		"kind: List\nitems: [" + strings.Repeat("{},", maxPapers+1) + "]": "cluster.apply_too_many",
	} {
		if _, err := readPaste(text); code(err) != want {
			t.Errorf("%.20q: %v, want %s", text, err, want)
		}
	}
}

func TestAFieldHasItsLine(t *testing.T) {
	t.Parallel()
	papers, err := readPaste(`# a comment
kind: A
metadata:
  labels:
    example.org/a: "1"
spec:
  list:
  - name: web
    ports:
    - containerPort: 80
      protocol: TCP
  - name: other
    image: x
  deep:
    map: {a: 1}
`)
	if err != nil {
		t.Fatal(err)
	}
	for field, want := range map[string]int{
		"": 2, "spec": 6, "spec.list[1].image": 13, `.spec.list[name="other"].image`: 13, "spec.list[0].ports[0].protocol": 11,
		`spec.list[name="web"].ports[containerPort=80,protocol="TCP"].protocol`: 11, "metadata.labels[example.org/a]": 5,
		"spec.deep.map.a": 15, "spec.deep.none.x": 14, "spec.list[7].x": 7, "none": 2, "spec.list[other]": 7,
	} {
		if got := papers[0].lineOf(field); got != want {
			t.Errorf("%s: line %d, want %d", field, got, want)
		}
	}
}

// TestAnyPasteIsReadOrRefused reads pastes that are broken at random: each
// document says what it is or what is wrong with it, in a line that is there.
func TestAnyPasteIsReadOrRefused(t *testing.T) {
	t.Parallel()
	rnd := rand.New(rand.NewPCG(3, 4))
	seeds := []string{
		"kind: A\nmetadata:\n  name: a\n---\nkind: B\n", "{\"a\":1}{\"b\":[1,{}]}", "kind: List\nitems:\n- {a: &x [1], b: *x}\n- {}\n",
		"a: &a\n- *a\n", "? {a: b}\n: c\n", "!!binary x\n", "<<: {a: 1}\n", "--- |\n x\n...\n%YAML 1.2\n---\n\u00e9: \"\\t\"\n",
	}
	const odd = "\x00\t\n \"'-:{}[]&*!|>%#?,é1a"
	for range 20_000 {
		b := []byte(seeds[rnd.IntN(len(seeds))])
		for range rnd.IntN(4) {
			b[rnd.IntN(len(b))] = odd[rnd.IntN(len(odd))]
		}
		text := string(b)
		papers, err := readPaste(text)
		if err != nil {
			continue
		}
		lines := strings.Count(text, "\n") + 2
		for _, p := range papers {
			if p.object == nil && len(p.out.Errors) == 0 {
				t.Fatalf("%q: a document without an object says nothing", text)
			}
			for _, e := range p.out.Errors {
				if e.Line < 1 || e.Line > lines {
					t.Fatalf("%q: line %d of %d", text, e.Line, lines)
				}
			}
			if p.object != nil {
				p.lineOf("spec.containers[0].image")
				p.body()
			}
		}
	}
}
