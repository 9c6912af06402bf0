package cluster

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// A Finding is one thing that is wrong in a cluster. What has the same cause is
// one: twenty pods of a deployment that crash are.
type Finding struct {
	Severity string    `json:"severity" enum:"critical,warning,info"`
	Kind     string    `json:"kind" doc:"crash_loop, node_not_ready, unschedulable, certificate …"`
	Title    string    `json:"title"`
	Text     string    `json:"text" doc:"Why, and what to do next"`
	Ref      Ref       `json:"ref" doc:"Where to look: a workload rather than each of its pods; without a name it is about the cluster"`
	Objects  []Ref     `json:"objects" nullable:"false" doc:"Some of those that are affected, if they are others than ref"`
	Count    int       `json:"count"`
	Since    time.Time `json:"since" doc:"As far as it is known"`

	wait time.Duration // it is no finding before it has lasted that long
}

// The severities of a finding.
const (
	critical = "critical"
	warning  = "warning"
	info     = "info"
)

const (
	maxFindings = 200
	maxAffected = 5 // objects that a finding names

	loopFor   = 5 * time.Minute // a pod that ran for so long is out of its loop
	loopAfter = 3               // restarts
	settling  = 2 * time.Minute // what a rollout may take before pods are missing
	recently  = time.Hour       // a restart that is still worth a word
)

// id tells a finding from every other of its cluster.
func (f Finding) id() string { return f.Kind + "|" + f.Ref.String() }

// A view is what is known of a cluster at one moment.
type view struct {
	now   time.Time
	all   func(kind string) []*Object // as tables have them; nothing of what is not watched
	one   func(r Ref) (*Object, bool)
	since map[string]time.Time // when findings were seen first, by id

	trouble      string        // why the cluster does not answer
	latency      time.Duration // of the API
	unwatched    []Unwatched
	certificates certificates
	volumes      volumes
}

// A diagnosis collects findings.
type diagnosis struct {
	view
	found []*Finding
	byID  map[string]*Finding
	pods  map[Ref]bool // workloads whose pods say themselves why they are not there
}

// findings says what is wrong in a cluster, the worst and newest first, and since
// when each was seen, for the next time.
func findings(v view) (shown []Finding, since map[string]time.Time) {
	d := &diagnosis{view: v, byID: map[string]*Finding{}, pods: map[Ref]bool{}}
	d.api()
	d.nodes()
	d.ofPods()
	d.workloads()
	d.storage()
	d.certify()
	since = make(map[string]time.Time, len(d.found))
	for _, f := range d.found {
		id := f.id()
		if was, ok := v.since[id]; ok && (f.Since.IsZero() || was.Before(f.Since)) {
			f.Since = was
		}
		if f.Since.IsZero() || f.Since.After(v.now) {
			f.Since = v.now
		}
		since[id] = f.Since
		if v.now.Sub(f.Since) >= f.wait {
			shown = append(shown, *f)
		}
	}
	slices.SortFunc(shown, worst)
	return shown, since
}

var severities = map[string]int{critical: 0, warning: 1, info: 2}

// worst orders findings: the worst first, then the newest.
func worst(a, b Finding) int {
	return cmp.Or(cmp.Compare(severities[a.Severity], severities[b.Severity]), b.Since.Compare(a.Since), strings.Compare(a.id(), b.id()))
}

// add takes a finding in. Another of the same kind at the same place is counted,
// the worse and older of both stays.
func (d *diagnosis) add(f Finding, of ...Ref) *Finding {
	id := f.id()
	known := d.byID[id]
	if known == nil {
		f.Objects = []Ref{}
		known = &f
		d.byID[id] = known
		d.found = append(d.found, known)
	} else if !f.Since.IsZero() && f.Since.Before(known.Since) {
		known.Since = f.Since
	}
	known.Count += max(1, len(of))
	for _, r := range of {
		if r != known.Ref && len(known.Objects) < maxAffected {
			known.Objects = append(known.Objects, r)
		}
	}
	return known
}

// top returns what a pod belongs to in the end: the Deployment of its ReplicaSet,
// the CronJob of its Job, or the pod itself.
func (d *diagnosis) top(kind string, o *Object) Ref {
	at := o.ref(kind)
	for range 3 {
		if o.Owner == nil {
			return at
		}
		namespace := o.Namespace
		if o.Owner.Kind == "nodes" {
			return at // a pod that a node runs by itself
		}
		at = Ref{o.Owner.Kind, namespace, o.Owner.Name}
		next, ok := d.one(at)
		if !ok {
			return at
		}
		o = next
	}
	return at
}

// spoken writes a reference for people: web of shop.
func spoken(r Ref) string {
	if r.Namespace == "" {
		return r.Name
	}
	return r.Name + " of " + r.Namespace
}

// many writes a number with its noun.
func many(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// verb is the verb for so many.
func verb(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// stopped ends a sentence that others wrote.
func stopped(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || strings.ContainsAny(s[len(s)-1:], ".!?") {
		return s
	}
	return s + "."
}

// api says how the cluster answers, and what it does not tell.
func (d *diagnosis) api() {
	if d.trouble != "" {
		d.add(Finding{Severity: critical, Kind: "unreachable", Title: "The cluster does not answer", Text: d.trouble + " What is shown is what was seen last."})
	} else if d.latency >= time.Second {
		d.add(Finding{
			Severity: warning, Kind: "api_slow", Title: "The API answers slowly",
			Text: fmt.Sprintf("A call that needs nothing took %.1f s. Look at the load of the control plane and of etcd's disk.", d.latency.Seconds()),
		})
	}
	if len(d.unwatched) == 0 {
		return
	}
	names, costs, severity := []string{}, []string{}, info
	for _, u := range d.unwatched {
		names = append(names, u.Kind)
		if u.Costs != "" {
			costs = append(costs, u.Costs)
		}
		if u.Kind == "pods" || u.Kind == "nodes" {
			severity = warning
		}
	}
	f := d.add(Finding{
		Severity: severity, Kind: "forbidden_kind", Title: many(len(names), "kind") + " of objects cannot be seen",
		Text: strings.TrimSpace("The credential may not list and watch " + listed(names, 8) + ". " + strings.Join(costs, " ") + " Give its user these rights."),
	})
	f.Count = len(names)
}

// listed writes the first n of some names.
func listed(names []string, n int) string {
	if len(names) <= n {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:n], ", "), len(names)-n)
}

// nodes says which nodes are not ready or under pressure. Those that say the same
// are one finding.
func (d *diagnosis) nodes() {
	first := map[string]Ref{}
	for _, o := range d.all("nodes") {
		r := o.ref("nodes")
		f := Finding{Severity: critical, Kind: "node_not_ready", Ref: r}
		switch {
		case o.Ready == 0:
			f.Text = strings.TrimSpace(stopped(o.Reason) + " Look whether the machine runs and reaches the control plane, then at its kubelet's log.")
		case o.Status == StatusWarning:
			f.Severity, f.Kind = warning, "node_pressure"
			f.Text = stopped(o.Reason) + " Pods may be evicted. Free what it lacks, or move pods elsewhere."
		default:
			continue
		}
		if same, ok := first[f.Kind+f.Text]; ok {
			f.Ref = same
		} else {
			first[f.Kind+f.Text] = r
		}
		d.add(f, r)
	}
	for _, f := range d.found {
		state := map[string]string{"node_not_ready": "not ready", "node_pressure": "under pressure"}[f.Kind]
		switch {
		case state == "":
		case f.Count == 1:
			f.Title = "Node " + f.Ref.Name + " is " + state
		default:
			f.Title = many(f.Count, "node") + " are " + state
		}
	}
}
