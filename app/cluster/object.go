package cluster

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A Status says in one word whether an object needs somebody.
type Status uint8

// The statuses, from the best to the worst.
const (
	StatusNone Status = iota // nothing can be said of it
	StatusOK
	StatusProgress // on its way
	StatusWarning
	StatusCritical
)

var statusNames = [...]string{"none", "ok", "progress", "warning", "critical"}

// String returns the status as JSON has it.
func (s Status) String() string { return statusNames[s] }

// MarshalText implements encoding.TextMarshaler.
func (s Status) MarshalText() ([]byte, error) { return []byte(statusNames[s]), nil }

// UnmarshalText implements encoding.TextUnmarshaler; what it does not know is none.
func (s *Status) UnmarshalText(text []byte) error {
	*s = Status(max(0, slices.Index(statusNames[:], string(text)))) //nolint:gosec // below five
	return nil
}

// An Object is what is kept in memory of one object. It is never written once it
// is in a table; maps and slices in it are shared with others.
type Object struct {
	Namespace string            `json:"ns,omitempty"`
	Name      string            `json:"n"`
	UID       string            `json:"u"`
	Version   string            `json:"v"`
	Created   int64             `json:"c"` // unix seconds
	Deleting  bool              `json:"d,omitempty"`
	Labels    map[string]string `json:"l,omitempty"`
	Owner     *Owner            `json:"o,omitempty"` // the controller, else the first of them
	Status    Status            `json:"s"`
	Phase     string            `json:"p,omitempty"` // for people: Running, CrashLoopBackOff, Bound
	Reason    string            `json:"r,omitempty"` // why it is not ok
	Ready     int32             `json:"rd,omitempty"`
	Want      int32             `json:"w,omitempty"`
	Restarts  int32             `json:"rs,omitempty"`
	Node      string            `json:"no,omitempty"`
	Cells     []string          `json:"ce,omitempty"` // what else lists show; Columns names them
	Refs      []Ref             `json:"re,omitempty"` // what it uses, in its namespace unless one is given
	Selector  map[string]string `json:"se,omitempty"` // of pods

	// Of pods: when a container failed last, in unix seconds, and whether it had run for
	// less than ten minutes then; what its containers request, and may so have on a node.
	Ended      int64 `json:"e,omitempty"`
	Brief      bool  `json:"b,omitempty"`
	NeedCPU    int32 `json:"nc,omitempty"` // thousandths of a core
	NeedMemory int64 `json:"nm,omitempty"` // bytes

	use *use // of pods and nodes; carried along when the object changes
}

// An Owner is the object that another one belongs to.
type Owner struct {
	Kind string `json:"k" doc:"resource.group, or the Kind if the cluster does not serve it"`
	Name string `json:"n"`
	UID  string `json:"u"`
}

// A use is how much of a machine something takes, as the cluster measured it last.
type use struct {
	known  atomic.Bool
	cpu    atomic.Int32 // thousandths of a core
	memory atomic.Int64 // bytes
}

// Usage returns thousandths of a core and bytes, if they are known.
func (o *Object) Usage() (cpu int32, memory int64, known bool) {
	if o.use == nil || !o.use.known.Load() {
		return 0, 0, false
	}
	return o.use.cpu.Load(), o.use.memory.Load(), true
}

// setUsage keeps a measurement; nothing but Usage sees it.
func (o *Object) setUsage(cpu int32, memory int64) {
	if o.use == nil {
		return // of a kind that is not measured
	}
	o.use.cpu.Store(cpu)
	o.use.memory.Store(memory)
	o.use.known.Store(true)
}

// ref names the object, of a kind.
func (o *Object) ref(kind string) Ref { return Ref{kind, o.Namespace, o.Name} }

// A key finds an object in its table.
type key struct{ namespace, name string }

func (o *Object) key() key { return key{o.Namespace, o.Name} }

func (k key) String() string { return k.namespace + "/" + k.name }

// byName orders objects by namespace and name.
func byName(a, b *Object) int {
	if c := strings.Compare(a.Namespace, b.Namespace); c != 0 {
		return c
	}
	return strings.Compare(a.Name, b.Name)
}

// maxInterned is how many texts are shared before sharing begins anew: labels of
// pods that are gone must not stay for ever.
const maxInterned = 50_000

// An interner gives equal texts, labels and owners one place in memory. The
// thousands of pods of a cluster have few different ones.
type interner struct {
	mu     sync.Mutex
	texts  map[string]string
	labels map[string]map[string]string
	owners map[Owner]*Owner
	refs   map[string][]Ref
}

func newInterner() *interner {
	i := &interner{}
	i.begin()
	return i
}

func (i *interner) begin() {
	i.texts, i.labels, i.owners = map[string]string{}, map[string]map[string]string{}, map[Owner]*Owner{}
	i.refs = map[string][]Ref{}
}

// share replaces what is in o by what equal objects have already.
func (i *interner) share(o *Object) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if len(i.texts)+len(i.labels)+len(i.owners) > maxInterned {
		i.begin()
	}
	o.Namespace, o.Node, o.Phase, o.Reason = i.text(o.Namespace), i.text(o.Node), i.text(o.Phase), i.text(o.Reason)
	o.Labels, o.Selector = i.set(o.Labels), i.set(o.Selector)
	if o.Owner != nil {
		if known := i.owners[*o.Owner]; known != nil {
			o.Owner = known
		} else {
			i.owners[*o.Owner] = o.Owner
		}
	}
	o.Refs = i.uses(o.Refs)
	if o.Node == "" { // the addresses of pods are each its own
		for n, c := range o.Cells {
			o.Cells[n] = i.text(c)
		}
	}
}

func (i *interner) text(s string) string {
	if s == "" {
		return ""
	}
	if known, ok := i.texts[s]; ok {
		return known
	}
	s = strings.Clone(s) // not a part of a whole answer
	i.texts[s] = s
	return s
}

func (i *interner) set(m map[string]string) map[string]string {
	if len(m) == 0 {
		return nil
	}
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	var b strings.Builder
	for _, k := range names {
		b.WriteString(k)
		b.WriteByte(0)
		b.WriteString(m[k])
		b.WriteByte(1)
	}
	if known, ok := i.labels[b.String()]; ok {
		return known
	}
	own := make(map[string]string, len(m))
	for k, v := range m {
		own[i.text(k)] = i.text(v)
	}
	i.labels[b.String()] = own
	return own
}

func (i *interner) uses(all []Ref) []Ref {
	if len(all) == 0 {
		return nil
	}
	var b strings.Builder
	for _, r := range all {
		b.WriteString(r.Kind + "\x00" + r.Namespace + "\x00" + r.Name + "\x01")
	}
	if known, ok := i.refs[b.String()]; ok {
		return known
	}
	own := make([]Ref, len(all))
	for n, r := range all {
		own[n] = Ref{i.text(r.Kind), i.text(r.Namespace), i.text(r.Name)}
	}
	if len(i.refs) > maxInterned {
		i.refs = map[string][]Ref{}
	}
	i.refs[b.String()] = own
	return own
}

// bare returns what every object has.
func bare(m *metav1.ObjectMeta) *Object {
	o := &Object{
		Namespace: m.Namespace, Name: strings.Clone(m.Name), UID: strings.Clone(string(m.UID)), Version: strings.Clone(m.ResourceVersion),
		Created: m.CreationTimestamp.Unix(), Deleting: m.DeletionTimestamp != nil, Labels: m.Labels,
	}
	for n := range m.OwnerReferences {
		r := &m.OwnerReferences[n]
		if n == 0 || r.Controller != nil && *r.Controller {
			o.Owner = &Owner{r.Kind + "." + groupOf(r.APIVersion), r.Name, string(r.UID)} // made a kind's name where kinds are known
		}
	}
	return o
}
