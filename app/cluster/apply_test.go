package cluster

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/store"
)

func (r *rig) paste(p Paste) Applied {
	r.tb.Helper()
	a, err := r.Apply(r.tb.Context(), r.acme, r.id, p)
	if err != nil {
		r.tb.Fatal(err)
	}
	return a
}

// inBrief says what became of each document, in a line.
func inBrief(a Applied) string {
	var b strings.Builder
	b.WriteString(a.Outcome)
	for _, d := range a.Documents {
		fmt.Fprintf(&b, ", %s %s", d.State, d.Action)
		for _, e := range d.Errors {
			fmt.Fprintf(&b, " [%s %s at %d: %s]", e.Code, e.Field, e.Line, e.Message)
		}
	}
	return b.String()
}

const confText = `apiVersion: v1
kind: ConfigMap
metadata:
  name: %s
  labels: {team: größe}
data:
  greeting: 世界
`

func TestAPasteIsTriedThenApplied(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	text := strings.ReplaceAll(fmt.Sprintf(confText, "one"), "größe", "big") + "---\n" + `{"apiVersion":"v1","kind":"List","items":[{"apiVersion":"v1","kind":"Service","metadata":{"name":"svc"},"spec":{"ports":[{"port":80}]}}]}`
	rows := len(r.audit())
	a := r.paste(Paste{Text: text, Namespace: ns, DryRun: true})
	if inBrief(a) != "checked, checked create, checked create" || !strings.Contains(a.Documents[0].Diff, "+  greeting: 世界\n") || len(r.audit()) != rows {
		t.Fatal(inBrief(a), a.Documents[0].Diff)
	}
	a = r.paste(Paste{Text: text, Namespace: ns})
	if inBrief(a) != "applied, applied create, applied create" {
		t.Fatal(inBrief(a))
	}
	c, err := r.plane.Client().CoreV1().ConfigMaps(ns).Get(t.Context(), "one", metav1.GetOptions{})
	if err != nil || c.Data["greeting"] != "世界" || c.ManagedFields[0].Manager != manager {
		t.Fatalf("%+v, %v", c, err)
	}
	all := r.audit()
	if len(all) != rows+3 || all[0].Action != "clusters.apply" || all[2].Action != "clusters.try" {
		t.Fatalf("%+v", all)
	}
	text = strings.Replace(text, "世界", "moon", 1)
	a = r.paste(Paste{Text: text, Namespace: ns, DryRun: true})
	if inBrief(a) != "checked, checked update, checked unchanged" || !strings.HasPrefix(a.Documents[0].Diff, "@@ ") ||
		!strings.Contains(a.Documents[0].Diff, "-  greeting: 世界\n+  greeting: moon\n") || a.Documents[1].Diff != "" {
		t.Fatal(inBrief(a), a.Documents[0].Diff)
	}
}

func TestWhatIsWrongWithADocumentIsSaidWithItsLine(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	deployment := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {a: b}}\n  template:\n    metadata: {labels: {a: b}}\n    spec:\n      containers:\n      - name: c\n        image: i\n%s"
	for name, tt := range map[string]struct {
		text, code, field, said string
		line                    int
	}{
		"a field that is not there": {fmt.Sprintf(deployment, "        imagee: x\n"), "cluster.object_invalid", "imagee", "", 12},
		"a wrong type":              {fmt.Sprintf(deployment, "  replicas: many\n"), "cluster.object_invalid", "replicas", "", 12},
		"a value that is refused":   {fmt.Sprintf(deployment, "        imagePullPolicy: Sometimes\n"), "cluster.object_invalid", "imagePullPolicy", "Sometimes", 12},
		"a label of another script": {fmt.Sprintf(confText, "one"), "cluster.object_invalid", "metadata.labels", "größe", 5},
		"a kind that is not there":  {"# x\nkind: Thing\napiVersion: example.org/v1\nmetadata: {name: a}\n", "cluster.kind_unknown", "kind", "Thing", 2},
		"a version that is not":     {"apiVersion: apps/v7\nkind: Deployment\nmetadata: {name: a}\n", "cluster.kind_unknown", "apiVersion", "v7", 1},
		"no kind":                   {"metadata: {name: a}\n", "cluster.kind_missing", "kind", "", 1},
		"no name":                   {"apiVersion: v1\nkind: ConfigMap\nmetadata: {}\n", "cluster.object_name_missing", "metadata", "", 3},
		"a name to be made up":      {"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  generateName: a-\n", "cluster.name_generated", "metadata.generateName", "", 4},
		"a name that leads away":    {"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ../secrets/x\n", "cluster.name_invalid", "metadata.name", "", 4},
		"an unknown namespace":      {"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  namespace: nowhere\n", "cluster.namespace_unknown", "metadata.namespace", "nowhere", 5},
		"twice":                     {fmt.Sprintf(confText, "a") + "---\n" + fmt.Sprintf(confText, "a"), "cluster.apply_twice", "metadata", "line 1", 11},
		"no YAML":                   {"a: [\n", "cluster.yaml_invalid", "", "", 1},
		"a mask for nothing":        {"apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata:\n  p: '********'\n", "cluster.secret_masked", "data[p]", "", 5},
	} {
		a, err := r.Apply(t.Context(), r.acme, r.id, Paste{Text: tt.text, Namespace: ns})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		d := a.Documents[len(a.Documents)-1]
		if a.Outcome != OutcomeInvalid || a.Code != codeInvalid || d.State != paperInvalid || len(d.Errors) == 0 {
			t.Errorf("%s: %+v", name, a)
			continue
		}
		if e := d.Errors[0]; e.Code != tt.code || !strings.HasSuffix(e.Field, tt.field) || e.Line != tt.line || !strings.Contains(e.Message, tt.said) {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

func TestOneBadOfTwoHundredAndNothingIsApplied(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	var b strings.Builder
	for i := range 200 {
		kind := "ConfigMap"
		if i == 150 {
			kind = "ConfigMop"
		}
		fmt.Fprintf(&b, "apiVersion: v1\nkind: %s\nmetadata:\n  name: m%d\n---\n", kind, i)
	}
	a := r.paste(Paste{Text: b.String(), Namespace: ns})
	if a.Outcome != OutcomeInvalid || len(a.Documents) != 200 || a.Documents[150].State != paperInvalid || a.Documents[150].Errors[0].Line != 150*5+2 || a.Documents[149].State != paperChecked {
		t.Fatalf("%s %+v", a.Outcome, a.Documents[150])
	}
	_, err := r.plane.Client().CoreV1().ConfigMaps(ns).Get(t.Context(), "m0", metav1.GetOptions{})
	if !apierrors.IsNotFound(err) {
		t.Fatal("something was applied", err)
	}
	if rows := r.audit(); rows[0].Action != "clusters.apply" || rows[0].Result != "refused" {
		t.Fatalf("%+v", rows[0])
	}
}

func TestAConflictNamesTheFieldAndItsManager(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	r.configMap(ns, "shared")
	text := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: shared}\ndata:\n  b: '2'\n  a: mine\n"
	a := r.paste(Paste{Text: text, Namespace: ns, DryRun: true})
	d := a.Documents[0]
	if a.Outcome != OutcomeInvalid || len(d.Taken) != 1 || d.Taken[0] != (PasteDispute{Field: "data.a", Manager: "somebody", Line: 6}) || d.Errors[0].Code != ErrConflict.Code {
		t.Fatalf("%+v", d)
	}
	a = r.paste(Paste{Text: text, Namespace: ns, DryRun: true, Force: true})
	if a.Outcome != OutcomeChecked || len(a.Documents[0].Taken) != 1 || !strings.Contains(a.Documents[0].Diff, "-  a: \"1\"\n+  a: mine\n") {
		t.Fatalf("%+v", a)
	}
	if a = r.paste(Paste{Text: text, Namespace: ns, Force: true}); a.Outcome != OutcomeApplied {
		t.Fatalf("%+v", a)
	}
}

const crdText = `apiVersion: things.test/v1
kind: Widget%[1]s
metadata: {name: early}
spec: {size: 1}
---
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: widget%[1]ss.things.test}
spec:
  group: things.test
  scope: Namespaced
  names: {plural: widget%[1]ss, singular: widget%[1]s, kind: Widget%[1]s, listKind: Widget%[1]sList}
  versions:
  - name: v1
    served: true
    storage: true
    schema:
      openAPIV3Schema:
        type: object
        properties:
          spec:
            type: object
            properties: {size: {type: integer, maximum: 5}, replicas: {type: integer}, text: {type: string}}
          status: {type: object, x-kubernetes-preserve-unknown-fields: true}
    subresources:
      status: {}
      scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas}
---
apiVersion: v1
kind: Namespace
metadata: {name: %[2]s}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c, namespace: %[2]s}
`

// undefine takes a definition away that a test made.
func (r *rig) undefine(name string) {
	r.tb.Helper()
	_, err := r.DeleteObject(context.WithoutCancel(r.tb.Context()), r.acme, r.id, Ref{Kind: crdKind, Name: name}, Deleting{})
	if err != nil && !errors.Is(err, ErrGone) {
		r.tb.Error(err)
	}
}

func TestWhatAPasteMakesIsThereForTheRestOfIt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	text := fmt.Sprintf(crdText, "a", ns+"-new")
	a := r.paste(Paste{Text: text, Namespace: ns, DryRun: true})
	if a.Outcome != OutcomeChecked || a.Documents[0].Unproven == "" || a.Documents[3].Unproven == "" || a.Documents[1].Unproven != "" {
		t.Fatal(inBrief(a))
	}
	if a = r.paste(Paste{Text: text, Namespace: ns}); inBrief(a) != "applied, applied create, applied create, applied create, applied create" {
		t.Fatal(inBrief(a))
	}
	widget := Ref{Kind: "widgetas.things.test", Namespace: ns, Name: "early"}
	if _, err := r.Scale(t.Context(), r.acme, r.id, widget, Scaling{Replicas: 4}); code(err) != "cluster.not_scalable" {
		t.Fatal(err)
	}
	more := strings.Replace(text[:strings.Index(text, "---")], "size: 1}", "size: 1, replicas: 1}", 1)
	if a = r.paste(Paste{Text: more, Namespace: ns}); inBrief(a) != "applied, applied update" {
		t.Fatal(inBrief(a))
	}
	if got, err := r.Scale(t.Context(), r.acme, r.id, widget, Scaling{Replicas: 4}); err != nil || got.Changes["spec.replicas"] != [2]any{int64(1), int64(4)} {
		t.Fatalf("%+v, %v", got, err)
	}
	if got, err := r.DeleteObject(t.Context(), r.acme, r.id, Ref{Kind: crdKind, Name: "widgetas.things.test"}, Deleting{DryRun: true}); err != nil || len(got.Counts) != 1 || got.Counts[0].Count != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	// A large one: the cluster takes 1.2 MB, and says what it thinks of more.
	large := func(n int) string {
		return "apiVersion: things.test/v1\nkind: Widgeta\nmetadata: {name: large}\nspec: {text: '" + strings.Repeat("x", n) + "'}\n"
	}
	if a = r.paste(Paste{Text: large(1_200_000), Namespace: ns}); inBrief(a) != "applied, applied create" || len(a.Documents[0].Diff) > maxDiff+200 {
		t.Fatal(inBrief(a), len(a.Documents[0].Diff))
	}
	if a = r.paste(Paste{Text: large(1_900_000), Namespace: ns}); a.Outcome != OutcomeStopped || a.Documents[0].Errors[0].Code != "cluster.object_too_large" {
		t.Fatal(inBrief(a))
	}
	r.undefine("widgetas.things.test")
	for { // its objects go first, and then the API server stops serving it
		_, err := r.DeleteObject(t.Context(), r.acme, r.id, Ref{Kind: crdKind, Name: "widgetas.things.test"}, Deleting{DryRun: true})
		if errors.Is(err, ErrGone) {
			if a = r.paste(Paste{Text: text[:strings.Index(text, "---")], Namespace: ns, DryRun: true}); a.Outcome == OutcomeInvalid {
				break
			}
		} else if err != nil {
			t.Fatal(err)
		}
	}
	if a.Outcome != OutcomeInvalid || a.Documents[0].Errors[0].Code != "cluster.kind_unknown" {
		t.Fatal(inBrief(a))
	}
}

// TestAPasteThatFailsOnTheWaySaysHowFarItCame has a document that can be tried
// only when its definition is there, and is refused then.
func TestAPasteThatFailsOnTheWaySaysHowFarItCame(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	text := strings.Replace(fmt.Sprintf(crdText, "b", ns+"-new"), "size: 1}", "size: 9}", 1)
	a := r.paste(Paste{Text: text, Namespace: ns})
	t.Cleanup(func() { r.undefine("widgetbs.things.test") })
	d := a.Documents
	if a.Outcome != OutcomeStopped || a.Code != codeStopped || d[0].State != paperFailed || d[1].State != paperApplied || d[2].State != paperApplied || d[3].State != paperUntried {
		t.Fatal(inBrief(a))
	}
	if e := d[0].Errors[0]; e.Field != "spec.size" || e.Line != 4 {
		t.Fatalf("%+v", e)
	}
}

func TestMaskedSecretsStayWhatTheyAre(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	text := "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData:\n  old: '********'\n  new: geheim\n"
	secrets := r.plane.Client().CoreV1().Secrets(ns)
	_, err := secrets.Create(t.Context(), &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "s"}, StringData: map[string]string{"old": "verborgen"}}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	a := r.paste(Paste{Text: text, Namespace: ns, DryRun: true})
	if a.Outcome != OutcomeChecked || !strings.Contains(a.Documents[0].Diff, "+  new: '********'\n   old: '********'\n") {
		t.Fatal(inBrief(a), a.Documents[0].Diff)
	}
	if a = r.paste(Paste{Text: text, Namespace: ns}); a.Outcome != OutcomeApplied {
		t.Fatal(inBrief(a))
	}
	s, err := secrets.Get(t.Context(), "s", metav1.GetOptions{})
	if err != nil || string(s.Data["old"]) != "verborgen" || string(s.Data["new"]) != "geheim" {
		t.Fatalf("%+v, %v", s, err)
	}
	seen := "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: " + ns + "}\ndata:\n  old: '********'\n  new: '********'\n"
	edited := strings.Replace(seen, "  new: '********'", "  new: YW5kZXJz", 1)
	a = r.paste(Paste{Text: edited, Edit: &EditedFrom{Ref: Ref{"secrets", ns, "s"}, Version: s.ResourceVersion, Seen: seen}})
	if a.Outcome != OutcomeApplied || !strings.Contains(a.Documents[0].Diff, "+  new: '******** (new)'") {
		t.Fatal(inBrief(a), a.Documents[0].Diff)
	}
	if s, err = secrets.Get(t.Context(), "s", metav1.GetOptions{}); err != nil || string(s.Data["old"]) != "verborgen" || string(s.Data["new"]) != "anders" {
		t.Fatalf("%+v, %v", s, err)
	}
	for _, row := range r.audit() {
		if text := fmt.Sprint(row); strings.Contains(text, "geheim") || strings.Contains(text, "verborgen") || strings.Contains(text, "YW5kZXJz") {
			t.Errorf("the audit holds a secret: %s", text)
		}
	}
}

func TestAnEditIsMergedWithWhatOthersDid(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns, ctx := r.plane.Namespace(t), t.Context()
	ref := r.configMap(ns, "shared")
	maps := r.plane.Client().CoreV1().ConfigMaps(ns)
	was, err := maps.Get(ctx, "shared", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	seen := "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: shared\n  namespace: " + ns + "\ndata:\n  a: \"1\"\n  b: \"2\"\n"
	from := &EditedFrom{Ref: ref, Version: was.ResourceVersion, Seen: seen}
	mine := strings.Replace(seen, `a: "1"`, "a: mine", 1)
	if a := r.paste(Paste{Text: mine, Edit: from, DryRun: true}); a.Outcome != OutcomeChecked || !strings.Contains(a.Documents[0].Diff, "+  a: mine") {
		t.Fatal(inBrief(a))
	}
	// Somebody else changes another field: both changes stand.
	was.Data["b"] = "theirs"
	if _, err = maps.Update(ctx, was, metav1.UpdateOptions{}); err != nil {
		t.Fatal(err)
	}
	unseen := *from
	unseen.Seen = ""
	if a := r.paste(Paste{Text: mine, Edit: &unseen}); a.Outcome != OutcomeInvalid || a.Documents[0].Errors[0].Code != ErrConflict.Code {
		t.Fatal(inBrief(a))
	}
	if a := r.paste(Paste{Text: mine, Edit: from}); inBrief(a) != "applied, applied update" {
		t.Fatal(inBrief(a))
	}
	if was, err = maps.Get(ctx, "shared", metav1.GetOptions{}); err != nil || was.Data["a"] != "mine" || was.Data["b"] != "theirs" {
		t.Fatalf("%+v, %v", was, err)
	}
	// The same field: the conflict says what it was, what it is, and where it stands.
	a := r.paste(Paste{Text: strings.Replace(seen, `b: "2"`, "b: mine", 1), Edit: from})
	if e := a.Documents[0].Errors; a.Outcome != OutcomeInvalid || len(e) != 1 || e[0].Field != "data.b" || e[0].Line != 8 || !strings.Contains(e[0].Message, `was "2" and is "theirs"`) {
		t.Fatal(inBrief(a))
	}
	// What is left out is taken away, and what is another object is refused.
	fresh := EditedFrom{Ref: ref, Version: was.ResourceVersion}
	if a := r.paste(Paste{Text: strings.Replace(seen, "  b: \"2\"\n", "", 1), Edit: &fresh}); inBrief(a) != "applied, applied update" {
		t.Fatal(inBrief(a))
	}
	if was, err = maps.Get(ctx, "shared", metav1.GetOptions{}); err != nil || was.Data["a"] != "1" || len(was.Data) != 1 {
		t.Fatalf("%+v, %v", was, err)
	}
	for text, field := range map[string]string{
		strings.Replace(seen, "name: shared", "name: other", 1): "metadata.name", strings.Replace(seen, "ConfigMap", "Secret", 1): "kind",
		strings.Replace(seen, "namespace: ", "namespace: x", 1): "metadata.namespace", seen + "---\n" + seen: "",
	} {
		if a := r.paste(Paste{Text: text, Edit: from}); a.Outcome != OutcomeInvalid || a.Documents[0].Errors[0].Field != field {
			t.Error(inBrief(a))
		}
	}
	if a := r.paste(Paste{Text: "a: [", Edit: from}); a.Outcome != OutcomeInvalid || a.Documents[0].Errors[0].Line != 1 {
		t.Error(inBrief(a))
	}
}

func TestAnImmutableFieldIsNamed(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ns := r.plane.Namespace(t)
	d := r.deployment(ns, 0)
	text := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: " + ns + "}\nspec:\n  replicas: 0\n  selector:\n    matchLabels: {app: web, more: x}\n"
	a := r.paste(Paste{Text: text, Edit: &EditedFrom{
		Ref: deploymentRef(ns, "web"), Version: d.ResourceVersion, Seen: strings.Replace(text, ", more: x", "", 1),
	}})
	if a.Outcome != OutcomeInvalid || !strings.Contains(inBrief(a), "immutable") || a.Documents[0].Errors[0].Line < 4 {
		t.Fatal(inBrief(a))
	}
}

func TestAnotherTenantAppliesNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	if _, err := r.Apply(t.Context(), r.store.Tenant("globex"), r.id, Paste{Text: "a: b"}); !errors.Is(err, store.ErrNotFound) {
		t.Fatal(err)
	}
}
