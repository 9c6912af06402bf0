package cluster

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// imageTroubles are the phases of a pod whose image does not come.
var imageTroubles = []string{"ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError", "RegistryUnavailable"}

// configTroubles are those of a pod that names what is not there.
var configTroubles = []string{"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "ContainerCannotRun", "PostStartHookError"}

// looping reports whether a pod is in a crash loop. Between two crashes it may
// run for a moment: it is out of the loop when it has run for a while.
func looping(o *Object, now time.Time) bool {
	if o.Deleting || o.Status == StatusOK && o.Phase == "Succeeded" {
		return false
	}
	if strings.HasSuffix(o.Phase, "CrashLoopBackOff") {
		return true
	}
	return o.Brief && o.Restarts >= loopAfter && now.Sub(time.Unix(o.Ended, 0)) < loopFor
}

// homeless reports whether the scheduler finds no node for a pod.
func homeless(o *Object) bool {
	return o.Node == "" && o.Status == StatusWarning && !o.Deleting && o.Phase == "Pending"
}

// ofPods says what is wrong with pods, by what they belong to.
func (d *diagnosis) ofPods() {
	for _, o := range d.all("pods") {
		if o.Status == StatusOK && o.Ended == 0 || o.Deleting || o.Status == StatusProgress && o.Node != "" {
			continue // most pods
		}
		f, ok := d.ofPod(o)
		if !ok {
			continue
		}
		f.Ref = d.top("pods", o)
		if f.Kind != "restarting" && f.Kind != "evicted" {
			d.pods[f.Ref] = true
		}
		known := d.add(f, o.ref("pods"))
		known.Title = podTitle(f.Kind, known)
	}
}

// podTitle says in a line what pods have.
func podTitle(kind string, f *Finding) string {
	what := map[string]string{
		"crash_loop": "in a crash loop", "image_pull": "without an image", "config": "without what the container needs",
		"unschedulable": "without a node", "evicted": "evicted", "restarting": "restarted in the last hour", "pod_failed": "failed",
	}[kind]
	if f.Count == 1 {
		return "Pod " + what + ": " + spoken(f.Ref)
	}
	return many(f.Count, "pod") + " " + what + ": " + spoken(f.Ref)
}

// ofPod says what is wrong with one pod, if anything is.
func (d *diagnosis) ofPod(o *Object) (Finding, bool) {
	phase := strings.TrimPrefix(o.Phase, "Init:")
	switch {
	case looping(o, d.now):
		return Finding{
			Severity: critical, Kind: "crash_loop",
			Text: strings.TrimSpace(fmt.Sprintf("%s It was restarted %s. Read the logs of its previous container.", stopped(o.Reason), times(o.Restarts))),
		}, true
	case slices.Contains(imageTroubles, phase):
		return Finding{
			Severity: critical, Kind: "image_pull",
			Text: strings.TrimSpace(stopped(o.Reason) + " Check the name of the image, and that the cluster may pull it from its registry."),
		}, true
	case slices.Contains(configTroubles, phase):
		return Finding{
			Severity: critical, Kind: "config", wait: 30 * time.Second,
			Text: strings.TrimSpace(stopped(o.Reason) + " Make the config map, secret or command that it names, or correct the name."),
		}, true
	case homeless(o):
		why, next := scheduling(o.Reason)
		return Finding{Severity: warning, Kind: "unschedulable", Text: why + " " + next, Since: time.Unix(o.Created, 0)}, true
	case phase == "Evicted":
		return Finding{
			Severity: info, Kind: "evicted",
			Text: strings.TrimSpace(stopped(o.Reason) + " Another pod took its place if it belongs to a workload. Delete it when it is read."),
		}, true
	case failed(o):
		return Finding{Severity: warning, Kind: "pod_failed", wait: settling, Text: strings.TrimSpace(stopped(o.Reason) + " Read its logs.")}, true
	case o.Restarts > 0 && d.now.Sub(time.Unix(o.Ended, 0)) < recently:
		return Finding{
			Severity: info, Kind: "restarting", Since: time.Unix(o.Ended, 0),
			Text: fmt.Sprintf("A container failed and was restarted, %s so far. If it happens again, read the logs of its previous container.", times(o.Restarts)),
		}, true
	}
	return Finding{}, false
}

// failed reports whether a pod has ended badly; of a job the job itself says so.
func failed(o *Object) bool {
	return o.Status == StatusCritical && o.Ready == 0 && (o.Owner == nil || !strings.HasPrefix(o.Owner.Kind, "jobs."))
}

func times(n int32) string {
	if n == 1 {
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}
