package alert

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

// The thresholds that come with the appliance.
const (
	Unreachable = "unreachable"
	HostKey     = "host_key"
	DiskFull    = "disk_full"
	Unwell      = "unwell"
)

// builtins returns what a tenant has without being asked.
func builtins(tenant store.TenantID) []store.Threshold {
	if tenant == store.SystemTenant {
		return []store.Threshold{
			{Name: "Appliance unwell", Builtin: Unwell, Metric: Unwell, Condition: "eq", Value: 1, Severity: "critical", Enabled: true},
		}
	}
	back := 88.0
	count := func(name, metric string, wait int64, severity string) store.Threshold {
		return store.Threshold{Name: name, Builtin: metric, Metric: metric, Condition: "gt", Value: 0, For: wait, Severity: severity, Enabled: true}
	}
	return []store.Threshold{
		{Name: "Server unreachable", Builtin: Unreachable, Metric: Unreachable, Condition: "eq", Value: 1, For: 60, Severity: "critical", Enabled: true},
		{Name: "Host key changed", Builtin: HostKey, Metric: HostKey, Condition: "eq", Value: 1, Severity: "critical", Enabled: true},
		{
			Name: "Disk nearly full", Builtin: DiskFull, Metric: "disk_percent", Condition: "gt", Value: 90, Clear: &back, For: 60,
			Severity: "warning", Enabled: true,
		},
		{
			Name: "Cluster unreachable", Builtin: "kube_up", Metric: "kube_up", Condition: "lt", Value: 1, For: 60,
			Severity: "critical", Enabled: true,
		},
		count("Nodes not ready", "kube_nodes_not_ready", 120, "critical"),
		count("Nodes under pressure", "kube_nodes_pressure", 120, "warning"),
		count("Pods in a crash loop", "kube_pods_crash_looping", 120, "warning"),
		count("Pods that cannot be scheduled", "kube_pods_unschedulable", 300, "warning"),
		count("Jobs failed", "kube_jobs_failed", 0, "warning"),
		{
			Name: "Cluster volume nearly full", Builtin: "cluster_volume_percent", Metric: "cluster_volume_percent",
			Condition: "gt", Value: 90, Clear: &back, For: 60, Severity: "warning", Enabled: true,
		},
		{
			Name: "Cluster certificate ends soon", Builtin: "cluster_certificate_days", Metric: "cluster_certificate_days",
			Condition: "lt", Value: 14, Severity: "warning", Enabled: true,
		},
	}
}

// fed reports whether a threshold is told by events, not by samples.
func fed(builtin string) bool {
	return builtin == Unreachable || builtin == HostKey || builtin == Unwell
}

// A rule is a threshold, ready to be asked.
type rule struct {
	store.Threshold
	made preset
	wait time.Duration // how long the condition must hold
}

func newRule(t store.Threshold) *rule {
	return &rule{Threshold: t, made: presetOf(t.Metric), wait: time.Duration(t.For) * time.Second}
}

// watches reports whether the rule is about a server or cluster; the appliance's
// own readings have neither, and only rules about everything see them.
func (r *rule) watches(target store.Target) bool {
	switch {
	case !r.Enabled:
		return false
	case r.Server != nil:
		return *r.Server == target.ID
	case r.Tag != "":
		return slices.Contains(target.Tags, r.Tag)
	}
	return true
}

// holds reports whether v is beyond the limit.
func (r *rule) holds(v float64) bool { return compare(r.Condition, v, r.Value) }

// keeps reports whether v keeps an alert open: it is not yet behind the clear value.
func (r *rule) keeps(v float64) bool {
	if r.Clear == nil {
		return r.holds(v)
	}
	return compare(r.Condition, v, *r.Clear)
}

func compare(condition string, v, limit float64) bool {
	switch condition {
	case "gt":
		return v > limit
	case "gte":
		return v >= limit
	case "lt":
		return v < limit
	case "lte":
		return v <= limit
	case "eq":
		return v == limit
	}
	return v != limit
}

// limits says in words what a condition allows.
var limits = map[string]string{
	"gt": "limit", "gte": "limit", "lt": "at least", "lte": "more than", "eq": "must not be", "ne": "must be",
}

// message says in a sentence what v means, and what it is about.
func (r *rule) message(labels store.Labels, v float64, note string) string {
	if note == "" {
		return r.figure(labels, v)
	}
	if r.made.plain {
		return note
	}
	return r.figure(labels, v) + ": " + note
}

// figure says in a sentence what v means.
func (r *rule) figure(labels store.Labels, v float64) string {
	if r.Metric == "disk_percent" && (r.Condition == "gt" || r.Condition == "gte") {
		return fmt.Sprintf("%s is %s full", r.made.subject(labels), r.made.near(v, r.Value))
	}
	return fmt.Sprintf("%s at %s (%s %s)", r.made.subject(labels), r.made.near(v, r.Value), limits[r.Condition], r.made.amount(r.Value))
}

// recovered says in a sentence that v is good again.
func (r *rule) recovered(labels store.Labels, v float64) string {
	if r.made.well != "" && v == r.made.calm {
		return r.made.well
	}
	return fmt.Sprintf("%s is back at %s", r.made.subject(labels), r.made.amount(v))
}

// waited says how long the condition held before the alert fired.
func (r *rule) waited() string {
	if r.wait == 0 {
		return ""
	}
	return " after " + span(r.wait)
}

// span writes a duration as people say it.
func span(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= time.Hour && d%time.Hour == 0:
		return fmt.Sprintf("%d h", d/time.Hour)
	case d >= time.Minute && d%time.Minute == 0:
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// title names the alert in a list.
func (r *rule) title(labels store.Labels) string {
	if r.made.of == r.Metric { // no preset: the person's own words
		return r.Name
	}
	return r.made.subject(labels)
}

// Check returns what is wrong with a threshold that a person wrote.
func Check(v store.Threshold) error {
	f := fault.New(fault.Invalid, "threshold.invalid", "The threshold cannot work like this. Correct what is marked.")
	wrong := func(field, message string) {
		f.Fields = append(f.Fields, fault.Field{Field: "body." + field, Message: message})
	}
	if strings.TrimSpace(v.Name) == "" {
		wrong("name", "give it a name")
	}
	if !metricName(v.Metric) {
		wrong("metric", "name a preset or a metric: letters, digits and _")
	}
	if v.Server != nil && v.Tag != "" {
		wrong("tag", "choose one server or a tag, not both")
	}
	if math.IsNaN(v.Value) || math.IsInf(v.Value, 0) {
		wrong("value", "must be a number")
	}
	if v.Clear != nil && !clears(v.Condition, v.Value, *v.Clear) {
		wrong("clear_value", "must lie on the good side of the value")
	}
	if v.For < 0 || v.For > 604800 {
		wrong("for_seconds", "must be between 0 and 604800, which is a week")
	}
	if len(f.Fields) > 0 {
		return f
	}
	return nil
}

// clears reports whether a clear value makes sense: it is not beyond the limit.
func clears(condition string, value, back float64) bool {
	switch condition {
	case "gt", "gte":
		return back <= value
	case "lt", "lte":
		return back >= value
	}
	return false
}

func metricName(s string) bool {
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == ':'
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return s != "" && len(s) <= 200
}

// CheckUpdate is Check for a changed threshold: what is told by events stays so.
func CheckUpdate(old, v store.Threshold) error {
	if fed(old.Builtin) && (v.Metric != old.Metric || v.Condition != old.Condition || v.Value != old.Value) {
		return fault.New(fault.Invalid, "threshold.fixed",
			"What this threshold watches comes with the appliance. Change its name, time, severity, servers or channels.")
	}
	return Check(v)
}
