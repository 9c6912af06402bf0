package alert

import (
	"strconv"
	"strings"

	"unity.internal/store"
)

// A Metric is something that a threshold can watch.
type Metric struct {
	Metric  string  `json:"metric"`
	Title   string  `json:"title"`
	Unit    string  `json:"unit"`
	Example float64 `json:"example" doc:"A limit to begin with"`
}

// A preset makes one value of what polls bring, under a name for people.
type preset struct {
	Metric
	of     string  // the metric it reads
	whole  string  // the metric it is a share of, with the same labels
	rate   bool    // it grows by so much a second
	factor float64 // to the preset's unit
	label  string  // the label that tells its series apart
	plain  bool    // its note is a sentence that says all, the value among it
	well   string  // that sentence, when the value is calm again
	calm   float64
}

const mega = 1e-6

// presets is every preset, in the order in which people are offered them.
var presets = []preset{
	{Metric: Metric{"cpu_percent", "CPU", "%", 90}, of: "node_cpu_usage_ratio", factor: 100},
	{Metric: Metric{"memory_percent", "Memory", "%", 90}, of: "node_memory_used_bytes", whole: "node_memory_total_bytes", factor: 100},
	{Metric: Metric{"swap_percent", "Swap", "%", 80}, of: "node_swap_used_bytes", whole: "node_swap_total_bytes", factor: 100},
	{
		Metric: Metric{"disk_percent", "Disk", "%", 90}, of: "node_disk_used_bytes", whole: "node_disk_size_bytes", factor: 100,
		label: "mountpoint",
	},
	{Metric: Metric{"disk_read_mb_s", "Disk reads", "MB/s", 200}, of: "node_disk_read_bytes_total", rate: true, factor: mega, label: "device"},
	{Metric: Metric{"disk_write_mb_s", "Disk writes", "MB/s", 200}, of: "node_disk_written_bytes_total", rate: true, factor: mega, label: "device"},
	{
		Metric: Metric{"network_received_mb_s", "Received", "MB/s", 100}, of: "node_network_receive_bytes_total", rate: true, factor: mega,
		label: "interface",
	},
	{
		Metric: Metric{"network_sent_mb_s", "Sent", "MB/s", 100}, of: "node_network_transmit_bytes_total", rate: true, factor: mega,
		label: "interface",
	},
	{Metric: Metric{"temperature_c", "Temperature", "°C", 80}, of: "node_temperature_celsius", factor: 1, label: "sensor"},
	{Metric: Metric{"load1", "Load", "", 8}, of: "node_load1", factor: 1},
	{Metric: Metric{"processes", "Processes", "", 1000}, of: "node_processes", factor: 1},
}

// ofClusters are the presets of what the watch over clusters brings.
var ofClusters = []preset{
	{Metric: Metric{"kube_up", "Cluster answers", "", 1}, plain: true, well: "The cluster answers again", calm: 1},
	{Metric: Metric{"kube_nodes_not_ready", "Nodes not ready", "", 0}, plain: true, well: "All nodes are ready"},
	{Metric: Metric{"kube_nodes_pressure", "Nodes under pressure", "", 0}, plain: true, well: "No node is under pressure"},
	{Metric: Metric{"kube_pods_crash_looping", "Pods in a crash loop", "", 0}, plain: true, well: "No pod is in a crash loop"},
	{Metric: Metric{"kube_pods_unschedulable", "Pods without a node", "", 0}, plain: true, well: "Every pod has a node"},
	{Metric: Metric{"kube_jobs_failed", "Failed jobs", "", 0}, plain: true, well: "No job has failed"},
	{Metric: Metric{"cluster_volume_percent", "Fullest volume", "%", 90}, of: "kube_volume_used_ratio", factor: 100},
	{Metric: Metric{"cluster_certificate_days", "First certificate to end", "days", 14}, of: "kube_certificate_left_seconds", factor: 1.0 / 86400},
	{
		Metric: Metric{"cluster_cpu_percent", "Cluster CPU", "%", 90}, of: "kube_cpu_used_cores", whole: "kube_cpu_allocatable_cores",
		factor: 100,
	},
	{
		Metric: Metric{"cluster_cpu_requested_percent", "Cluster CPU requested", "%", 95}, of: "kube_cpu_requested_cores",
		whole: "kube_cpu_allocatable_cores", factor: 100,
	},
	{
		Metric: Metric{"cluster_memory_percent", "Cluster memory", "%", 90}, of: "kube_memory_used_bytes", whole: "kube_memory_allocatable_bytes",
		factor: 100,
	},
	{
		Metric: Metric{"cluster_memory_requested_percent", "Cluster memory requested", "%", 95}, of: "kube_memory_requested_bytes",
		whole: "kube_memory_allocatable_bytes", factor: 100,
	},
	{Metric: Metric{"kube_api_latency_seconds", "Time to answer of the cluster's API", "s", 1}},
	{Metric: Metric{"kube_pods", "Pods", "", 500}},
	{Metric: Metric{"kube_findings", "Findings", "", 0}},
}

// collected are metrics that no preset reads, but every machine brings.
var collected = []Metric{
	{"node_load5", "Load over 5 minutes", "", 8},
	{"node_load15", "Load over 15 minutes", "", 8},
	{"node_memory_available_bytes", "Memory available", "B", 1e9},
	{"node_uptime_seconds", "Time since start", "s", 600},
}

// Metrics returns what a threshold can watch: the presets, then metrics by
// their own names. A person may name others, too.
func Metrics() []Metric {
	all := make([]Metric, 0, len(presets)+len(collected))
	for _, p := range presets {
		all = append(all, p.Metric)
	}
	all = append(all, collected...)
	for _, p := range ofClusters {
		all = append(all, p.Metric)
	}
	return all
}

// unitOf reads the unit that the name of a metric ends with.
func unitOf(name string) string {
	for suffix, unit := range map[string]string{"_bytes": "B", "_seconds": "s", "_celsius": "°C", "_total": ""} {
		if strings.HasSuffix(name, suffix) {
			return unit
		}
	}
	return ""
}

// presetOf returns the preset called name, or one that reads the metric itself.
func presetOf(name string) preset {
	for _, p := range presets {
		if p.Metric.Metric == name {
			return p
		}
	}
	for _, p := range ofClusters {
		if p.Metric.Metric == name {
			if p.of == "" {
				p.of, p.factor = name, 1
			}
			return p
		}
	}
	for _, m := range collected {
		if m.Metric == name {
			return preset{Metric: m, of: name, factor: 1}
		}
	}
	return preset{Metric: Metric{Metric: name, Title: name, Unit: unitOf(name)}, of: name, factor: 1}
}

// subject names what a value is of: CPU, Disk /, Temperature cpu.
func (p preset) subject(labels store.Labels) string {
	if p.label != "" {
		return strings.TrimSpace(p.Title + " " + labels.Value(p.label))
	}
	var of []string
	for _, l := range labels {
		of = append(of, l.Value)
	}
	return strings.TrimSpace(p.Title + " " + strings.Join(of, " "))
}

// amount writes a value with its unit, as exactly as people read it.
func (p preset) amount(v float64) string {
	digits := 1
	switch abs := max(v, -v); {
	case abs >= 10 || v == float64(int64(v)):
		digits = 0
	case abs < 1:
		digits = 2
	}
	text := strconv.FormatFloat(v, 'f', digits, 64)
	if strings.Contains(text, ".") {
		text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
	}
	return strings.TrimSpace(text + " " + p.Unit)
}

// near writes v so that it differs from the limit it crossed: 90.2 % over 90 %.
func (p preset) near(v, limit float64) string {
	if text := p.amount(v); text != p.amount(limit) || v == limit {
		return text
	}
	return strings.TrimSpace(strconv.FormatFloat(v, 'g', 5, 64) + " " + p.Unit)
}
