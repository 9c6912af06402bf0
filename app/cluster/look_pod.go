package cluster

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// A PodBlock is what a pod consists of.
type PodBlock struct {
	Phase      string           `json:"phase"`
	Containers []ContainerBlock `json:"containers" nullable:"false" doc:"In the order in which they start; init containers first"`
	Volumes    []VolumeLine     `json:"volumes" nullable:"false"`
}

// A ContainerBlock is one container of a pod.
type ContainerBlock struct {
	Name     string            `json:"name"`
	Type     string            `json:"type" enum:"init,sidecar,container,ephemeral"`
	Image    string            `json:"image"`
	State    string            `json:"state" enum:"running,waiting,terminated,unknown"`
	Reason   string            `json:"reason,omitempty" doc:"CrashLoopBackOff, ImagePullBackOff, Completed …"`
	Message  string            `json:"message,omitempty"`
	Since    *time.Time        `json:"since" nullable:"true"`
	Ready    bool              `json:"ready"`
	Restarts int32             `json:"restarts"`
	Ports    []string          `json:"ports" nullable:"false" doc:"http 8080/TCP"`
	Requests map[string]string `json:"requests" nullable:"false"`
	Limits   map[string]string `json:"limits" nullable:"false"`
	Probes   []string          `json:"probes" nullable:"false" doc:"In words"`
	Mounts   []MountLine       `json:"mounts" nullable:"false"`
	Ended    *Termination      `json:"ended,omitempty" doc:"How it ended, or how the run before this one did"`
}

// A MountLine is where a container sees a volume.
type MountLine struct {
	Path     string `json:"path"`
	Volume   string `json:"volume"`
	ReadOnly bool   `json:"read_only"`
}

// A Termination is how a run of a container ended.
type Termination struct {
	Code     int32      `json:"exit_code"`
	Reason   string     `json:"reason"`
	Meaning  string     `json:"meaning" doc:"Of the exit code, as a sentence"`
	Message  string     `json:"message,omitempty"`
	Started  *time.Time `json:"started_at" nullable:"true"`
	Finished *time.Time `json:"finished_at" nullable:"true"`
}

// A VolumeLine is one volume of a pod.
type VolumeLine struct {
	Name string `json:"name"`
	Type string `json:"type" doc:"As in YAML: configMap, emptyDir"`
	Refs []Ref  `json:"refs" nullable:"false" doc:"What it shows"`
	Path string `json:"path,omitempty" doc:"Of the node, for hostPath"`
}

func lookPod(_ context.Context, v *viewer) error {
	p, err := decode[corev1.Pod](v.raw)
	if err != nil {
		return err
	}
	v.podFacts(p)
	b := &PodBlock{Phase: string(p.Status.Phase), Containers: []ContainerBlock{}, Volumes: []VolumeLine{}}
	for _, c := range p.Spec.InitContainers {
		kind := "init"
		if c.RestartPolicy != nil && *c.RestartPolicy == corev1.ContainerRestartPolicyAlways {
			kind = "sidecar"
		}
		b.Containers = append(b.Containers, containerOf(c, kind, p.Status.InitContainerStatuses))
	}
	for _, c := range p.Spec.Containers {
		b.Containers = append(b.Containers, containerOf(c, "container", p.Status.ContainerStatuses))
	}
	for _, c := range p.Spec.EphemeralContainers {
		b.Containers = append(b.Containers, containerOf(corev1.Container(c.EphemeralContainerCommon), "ephemeral", p.Status.EphemeralContainerStatuses))
	}
	for _, vol := range p.Spec.Volumes {
		b.Volumes = append(b.Volumes, volumeOf(vol, p.Namespace))
	}
	v.out.Pod = b
	return nil
}

func (v *viewer) podFacts(p corev1.Pod) {
	v.fact("Phase", string(p.Status.Phase))
	v.bad("Reason", p.Status.Reason)
	v.bad("Message", p.Status.Message)
	for _, c := range p.Status.Conditions {
		if c.Type == corev1.PodScheduled && c.Status == corev1.ConditionFalse {
			v.bad("Not scheduled", c.Message)
		}
	}
	v.other("Node", "nodes", "", p.Spec.NodeName)
	ips := make([]string, 0, len(p.Status.PodIPs))
	for _, ip := range p.Status.PodIPs {
		ips = append(ips, ip.IP)
	}
	v.fact("IP addresses", strings.Join(ips, ", "))
	v.fact("Host address", p.Status.HostIP)
	v.other("Service account", "serviceaccounts", p.Namespace, p.Spec.ServiceAccountName)
	v.fact("Quality of service", string(p.Status.QOSClass))
	v.other("Priority class", "priorityclasses.scheduling.k8s.io", "", p.Spec.PriorityClassName)
	v.fact("Restart policy", string(p.Spec.RestartPolicy))
	v.fact("Node selector", pairs(p.Spec.NodeSelector))
	if n := len(p.Spec.Tolerations); n > 0 {
		v.fact("Tolerations", strconv.Itoa(n))
	}
	for _, s := range p.Spec.ImagePullSecrets {
		v.other("Pull secret", "secrets", p.Namespace, s.Name)
	}
	if p.Spec.HostNetwork {
		v.fact("Network", "that of the node")
	}
	if p.Status.StartTime != nil {
		v.moment("Started", p.Status.StartTime.Time)
	}
}

// pairs writes a map as a=b, c=d.
func pairs(m map[string]string) string {
	all := make([]string, 0, len(m))
	for _, k := range slices.Sorted(maps.Keys(m)) {
		all = append(all, k+"="+m[k])
	}
	return strings.Join(all, ", ")
}

func containerOf(c corev1.Container, kind string, states []corev1.ContainerStatus) ContainerBlock {
	b := ContainerBlock{
		Name: c.Name, Type: kind, Image: c.Image, State: "unknown", Ports: []string{}, Probes: probes(c), Mounts: []MountLine{},
		Requests: amounts(c.Resources.Requests), Limits: amounts(c.Resources.Limits),
	}
	for _, p := range c.Ports {
		text := fmt.Sprintf("%d/%s", p.ContainerPort, p.Protocol)
		if p.Name != "" {
			text = p.Name + " " + text
		}
		if p.HostPort > 0 {
			text += fmt.Sprintf(" on port %d of the node", p.HostPort)
		}
		b.Ports = append(b.Ports, text)
	}
	for _, m := range c.VolumeMounts {
		b.Mounts = append(b.Mounts, MountLine{m.MountPath, m.Name, m.ReadOnly})
	}
	for _, s := range states {
		if s.Name == c.Name {
			b.state(s)
		}
	}
	return b
}

// state says how the container is now.
func (b *ContainerBlock) state(s corev1.ContainerStatus) {
	b.Ready, b.Restarts = s.Ready, s.RestartCount
	b.Ended = termination(s.LastTerminationState.Terminated)
	switch now := s.State; {
	case now.Running != nil:
		b.State, b.Since = "running", instant(now.Running.StartedAt)
	case now.Waiting != nil:
		b.State, b.Reason, b.Message = "waiting", now.Waiting.Reason, now.Waiting.Message
	case now.Terminated != nil:
		b.State, b.Reason, b.Message, b.Since = "terminated", now.Terminated.Reason, now.Terminated.Message, instant(now.Terminated.FinishedAt)
		b.Ended = termination(now.Terminated)
	}
}

func instant(t metav1.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	at := t.UTC()
	return &at
}

func termination(t *corev1.ContainerStateTerminated) *Termination {
	if t == nil {
		return nil
	}
	return &Termination{t.ExitCode, t.Reason, meaning(t.ExitCode, t.Reason), t.Message, instant(t.StartedAt), instant(t.FinishedAt)}
}

// meanings are the exit codes that have one.
var meanings = map[int32]string{
	0:   "It ended as it should.",
	1:   "The program ended with an error of its own; its log says which.",
	2:   "A shell could not understand its command, or the program was called wrongly.",
	125: "The container could not be started.",
	126: "The command is there but cannot be executed.",
	127: "The command was not found in the image.",
	128: "The program could not be started, or ended with an invalid code.",
	130: "It was interrupted (SIGINT).",
	134: "It ended itself after an internal error (SIGABRT).",
	135: "It reached memory that is not there (SIGBUS).",
	137: "It was killed (SIGKILL): too much memory, or it did not stop in time.",
	139: "It reached memory that is not its own (SIGSEGV).",
	141: "Who read its output went away (SIGPIPE).",
	143: "It was asked to stop and did (SIGTERM).",
	255: "The program ended with an error outside of the usual codes, or its node went away.",
}

// meaning says what an exit code means.
func meaning(code int32, reason string) string {
	if reason == "OOMKilled" {
		return "It used more memory than its limit and was killed. Raise the limit or find the leak."
	}
	if text := meanings[code]; text != "" {
		return text
	}
	if code > 128 && code < 160 {
		return fmt.Sprintf("It was ended by signal %d.", code-128)
	}
	return "The program chose this code; its documentation says what it means."
}

func amounts(l corev1.ResourceList) map[string]string {
	all := make(map[string]string, len(l))
	for name, q := range l {
		all[string(name)] = q.String()
	}
	return all
}

func probes(c corev1.Container) []string {
	all := []string{}
	for _, p := range []struct {
		name  string
		probe *corev1.Probe
	}{{"startup", c.StartupProbe}, {"liveness", c.LivenessProbe}, {"readiness", c.ReadinessProbe}} {
		if p.probe != nil {
			all = append(all, fmt.Sprintf("%s: %s every %d s, given up after %d failures", p.name, asks(p.probe.ProbeHandler), p.probe.PeriodSeconds, p.probe.FailureThreshold))
		}
	}
	return all
}

// asks says what a probe does.
func asks(h corev1.ProbeHandler) string {
	switch {
	case h.HTTPGet != nil:
		return fmt.Sprintf("%s %s%s", h.HTTPGet.Scheme, port(h.HTTPGet.Port), h.HTTPGet.Path)
	case h.TCPSocket != nil:
		return "TCP " + port(h.TCPSocket.Port)
	case h.GRPC != nil:
		return fmt.Sprintf("gRPC :%d", h.GRPC.Port)
	case h.Exec != nil:
		return strings.Join(h.Exec.Command, " ")
	}
	return "nothing"
}

func port(p intstr.IntOrString) string { return ":" + p.String() }

// volumeOf names the type of a volume as YAML does: it is the only field that is set.
func volumeOf(vol corev1.Volume, namespace string) VolumeLine {
	line := VolumeLine{Name: vol.Name, Type: onlyField(vol.VolumeSource), Refs: []Ref{}}
	volumeRefs(&vol, func(kind, name string) {
		if name != "" {
			line.Refs = append(line.Refs, Ref{Kind: kind, Namespace: namespace, Name: name})
		}
	})
	if vol.HostPath != nil {
		line.Path = vol.HostPath.Path
	}
	return line
}

// onlyField returns the name, as in YAML, of the field of a struct that is set.
func onlyField(source any) string {
	fields := map[string]json.RawMessage{}
	if text, err := json.Marshal(source); err != nil || json.Unmarshal(text, &fields) != nil {
		return ""
	}
	for name := range fields {
		return name
	}
	return ""
}
