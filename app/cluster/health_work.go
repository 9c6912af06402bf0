package cluster

import (
	"fmt"
	"strings"
	"time"
)

// workloads says which of them do not come to be what they should, unless their
// pods say why already.
func (d *diagnosis) workloads() {
	for _, o := range d.all("deployments.apps") {
		r := o.ref("deployments.apps")
		f := Finding{Ref: r, Severity: critical, Kind: "deployment_stuck", Title: "Deployment is stuck: " + spoken(r)}
		switch {
		case o.Status == StatusCritical && !d.pods[r]:
			f.Text = stopped(o.Reason) + " Look at its newest replica set and its pods; rolling back to the revision before is another way out."
			d.add(f)
		case o.Status != StatusCritical:
			d.missing(o, r)
		}
	}
	for _, o := range d.all("statefulsets.apps") {
		d.missing(o, o.ref("statefulsets.apps"))
	}
	for _, o := range d.all("replicasets.apps") {
		if o.Owner == nil && o.Status == StatusCritical {
			r := o.ref("replicasets.apps")
			d.add(Finding{Severity: critical, Kind: "replicas_missing", Title: "Replica set makes no pods: " + spoken(r), Ref: r, Text: stopped(o.Reason)})
		}
	}
	d.daemons()
	d.jobs()
	d.rest()
}

// daemons says which daemon sets do not run where they should.
func (d *diagnosis) daemons() {
	for _, o := range d.all("daemonsets.apps") {
		r := o.ref("daemonsets.apps")
		if o.Ready >= o.Want || o.Deleting || d.pods[r] {
			continue
		}
		d.add(Finding{
			Severity: warning, Kind: "daemonset_missing", Title: "Daemon set is not on every node: " + spoken(r), Ref: r, wait: settling,
			Text: fmt.Sprintf("It runs on %d of %s. Look at its pods on the others.", o.Ready, many(int(o.Want), "node")),
		})
	}
}

// missing says that a workload has fewer pods than it wants, for longer than a
// rollout takes.
func (d *diagnosis) missing(o *Object, r Ref) {
	if o.Ready >= o.Want || o.Deleting || d.pods[r] || strings.HasSuffix(o.Phase, "Paused") {
		return
	}
	f := Finding{
		Severity: warning, Kind: "replicas_missing", Title: "Pods are missing: " + spoken(r), Ref: r, wait: settling,
		Text: fmt.Sprintf("%d of %s %s ready. %s Look at those that are not, and at their events.", o.Ready, many(int(o.Want), "pod"), verb(int(o.Ready)), stopped(o.Reason)),
	}
	if o.Ready == 0 {
		f.Severity = critical
	}
	f.Text = strings.ReplaceAll(f.Text, ".  ", ". ")
	d.add(f)
}

// jobs says which jobs failed; of the jobs of a CronJob only the newest counts.
func (d *diagnosis) jobs() {
	newest := map[Ref]*Object{}
	for _, o := range d.all("jobs.batch") {
		if o.Phase != "Failed" && o.Phase != "Complete" || o.Deleting {
			continue
		}
		r := d.top("jobs.batch", o)
		if was := newest[r]; was == nil || o.Created > was.Created {
			newest[r] = o
		}
	}
	for r, o := range newest {
		if o.Phase != "Failed" {
			continue
		}
		next := "Read the logs of its pods. When it is dealt with, delete it or run it again."
		if r.Kind == "cronjobs.batch" {
			next = "Read the logs of its pods. The next run that succeeds ends this."
		}
		d.add(Finding{
			Severity: warning, Kind: "failed_job", Title: "Job failed: " + spoken(r), Text: strings.TrimSpace(stopped(o.Reason) + " " + next), Ref: r,
			Since: time.Unix(o.Created, 0),
		}, o.ref("jobs.batch"))
	}
}

// rest says what quotas and autoscalers have to say.
func (d *diagnosis) rest() {
	for _, o := range d.all("resourcequotas") {
		if o.Status == StatusWarning {
			r := o.ref("resourcequotas")
			d.add(Finding{
				Severity: info, Kind: "quota_full", Title: "Quota is full: " + spoken(r), Ref: r,
				Text: stopped(o.Reason) + " Nothing more starts that would need it. Raise the quota, or remove what is not needed.",
			})
		}
	}
	for _, o := range d.all("horizontalpodautoscalers.autoscaling") {
		if o.Status == StatusWarning && !o.Deleting && o.Phase != "ScalingDisabled" {
			r := o.ref("horizontalpodautoscalers.autoscaling")
			d.add(Finding{
				Severity: warning, Kind: "hpa_failing", Title: "Autoscaler does not scale: " + spoken(r), Ref: r, wait: settling,
				Text: stopped(o.Reason) + " Check that its target exists, and that the metrics it goes by are served.",
			})
		}
	}
}

// storage says which claims have no volume.
func (d *diagnosis) storage() {
	var waiting map[Ref]bool // claims that a pod waits for
	for _, o := range d.all("persistentvolumeclaims") {
		r := o.ref("persistentvolumeclaims")
		switch {
		case o.Phase == "Lost":
			d.add(Finding{
				Severity: critical, Kind: "volume_lost", Title: "Volume is gone: " + spoken(r), Ref: r,
				Text: "The volume that this claim was bound to was deleted. Restore its data from a backup into a new claim.",
			})
		case o.Phase == "Pending" && !o.Deleting:
			if waiting == nil {
				waiting = d.claimed()
			}
			if !waiting[r] {
				continue // many are bound only when a pod needs them
			}
			d.add(Finding{
				Severity: warning, Kind: "pending_volume", Title: "Claim has no volume: " + spoken(r), Ref: r, wait: settling, Since: time.Unix(o.Created, 0),
				Text: strings.TrimSpace(stopped(d.said(r)) + " A pod waits for it. Check that its storage class exists and that what provides volumes runs."),
			})
		}
	}
	d.volumesOf()
}

// volumesOf says which volumes failed, and which are full.
func (d *diagnosis) volumesOf() {
	for _, o := range d.all("persistentvolumes") {
		if o.Status == StatusCritical {
			r := o.ref("persistentvolumes")
			d.add(Finding{Severity: warning, Kind: "volume_lost", Title: "Volume failed: " + spoken(r), Ref: r, Text: strings.TrimSpace(stopped(o.Reason) + " It could not be reclaimed.")})
		}
	}
	for _, u := range d.volumes.all {
		r := Ref{"persistentvolumeclaims", u.namespace, u.name}
		f := Finding{Severity: warning, Kind: "volume_full", Title: "Volume is nearly full: " + spoken(r), Ref: r}
		if u.used <= fullAt {
			continue
		}
		if u.used > fullest {
			f.Severity = critical
		}
		f.Text = fmt.Sprintf("%.0f %% of %s is in use. Free space, or enlarge the claim if its storage class allows that.", 100*u.used, u.what)
		d.add(f)
	}
	if d.volumes.why != "" {
		d.add(Finding{Severity: info, Kind: "volumes_unknown", Title: "How full volumes are is not known", Text: d.volumes.why})
	}
}

// claimed returns the claims of pods that have not started.
func (d *diagnosis) claimed() map[Ref]bool {
	all := map[Ref]bool{}
	for _, o := range d.all("pods") {
		if o.Phase != "Pending" {
			continue
		}
		for _, r := range o.Refs {
			if r.Kind == "persistentvolumeclaims" {
				all[Ref{r.Kind, o.Namespace, r.Name}] = true
			}
		}
	}
	return all
}

// said returns the message of the newest event about a claim.
func (d *diagnosis) said(r Ref) string {
	text, at := "", int64(0)
	for _, e := range d.all("events") {
		if len(e.Refs) == 0 || len(e.Cells) == 0 || e.Created < at {
			continue
		}
		if of := e.Refs[0]; of.Name == r.Name && of.Namespace == r.Namespace && strings.HasPrefix(of.Kind, "PersistentVolumeClaim") {
			text, at = e.Cells[0], e.Created
		}
	}
	return text
}

// certify says which certificates are near their end.
func (d *diagnosis) certify() {
	for _, c := range d.certificates.all {
		left := c.Ends.Sub(d.now)
		if !c.near(d.now) {
			continue
		}
		f := Finding{Severity: warning, Kind: "certificate", Ref: c.Ref, Title: "Certificate ends soon: " + c.Name}
		f.Text = fmt.Sprintf("%s ends in %s, on %s. %s", upper(c.Name), many(int(left.Hours()/24), "day"), c.Ends.Format("2 January 2006"), c.next())
		switch {
		case left <= 0:
			f.Severity, f.Title = critical, "Certificate has ended: "+c.Name
			f.Text = fmt.Sprintf("%s ended on %s. %s", upper(c.Name), c.Ends.Format("2 January 2006"), c.next())
		case left < certificateWorst:
			f.Severity = critical
		}
		d.add(f)
	}
	for _, c := range d.certificates.failing {
		d.add(Finding{
			Severity: warning, Kind: "certificate_failing", Title: "Certificate is not issued: " + spoken(c.Ref), Ref: c.Ref, wait: 10 * time.Minute,
			Text: stopped(c.why) + " Look at its issuer, and at its requests and orders.",
		})
	}
	if d.certificates.why != "" {
		d.add(Finding{Severity: info, Kind: "certificates_unknown", Title: "The ends of TLS certificates are not known", Text: d.certificates.why})
	}
}
