package cluster

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

func ago(d time.Duration) int64 { return noon.Add(-d).Unix() }

// scene is a view of some objects.
func scene(all map[string][]*Object) view {
	return view{
		now: noon, all: func(kind string) []*Object { return all[kind] }, since: map[string]time.Time{},
		one: func(r Ref) (*Object, bool) {
			for _, o := range all[r.Kind] {
				if o.ref(r.Kind) == r {
					return o, true
				}
			}
			return nil, false
		},
	}
}

func pod(n int, change func(*Object)) *Object {
	o := &Object{
		Namespace: "shop", Name: fmt.Sprintf("web-%d", n), Node: "a", Phase: "Running", Status: StatusOK, Ready: 1, Want: 1,
		Owner: &Owner{Kind: "replicasets.apps", Name: "web-7c"}, Created: ago(time.Hour),
	}
	change(o)
	return o
}

var (
	webSet = &Object{Namespace: "shop", Name: "web-7c", Owner: &Owner{Kind: "deployments.apps", Name: "web"}, Status: StatusOK}
	webApp = &Object{Namespace: "shop", Name: "web", Status: StatusProgress, Ready: 0, Want: 20, Phase: "Progressing"}
)

func crashed(o *Object) {
	o.Phase, o.Status, o.Ready, o.Restarts, o.Ended, o.Brief = "CrashLoopBackOff", StatusCritical, 0, 4, ago(time.Minute), true
	o.Reason = "The container ended with code 1."
}

func TestTroublesOfObjects(t *testing.T) {
	t.Parallel()
	unready := &Object{Name: "a", Want: 1, Status: StatusCritical, Phase: "NotReady", Reason: "Kubelet stopped posting node status."}
	for name, tt := range map[string]struct {
		all   map[string][]*Object
		since time.Duration // for how long everything has been as it is
		want  string        // severity kind ref count; nothing: all is well
		text  string        // in what it says
	}{
		"nothing": {all: map[string][]*Object{"pods": {pod(1, func(*Object) {})}, "deployments.apps": {{Namespace: "shop", Name: "web", Ready: 1, Want: 1, Status: StatusOK}}}},
		"node not ready": {
			all:  map[string][]*Object{"nodes": {unready}},
			want: "critical node_not_ready nodes a 1", text: "Kubelet stopped posting node status.",
		},
		"nodes that say the same": {
			all:  map[string][]*Object{"nodes": {unready, {Name: "b", Want: 1, Status: StatusCritical, Reason: unready.Reason}}},
			want: "critical node_not_ready nodes a 2", text: "2 nodes are not ready",
		},
		"node pressure": {
			all:  map[string][]*Object{"nodes": {{Name: "a", Ready: 1, Want: 1, Status: StatusWarning, Reason: "The kubelet reports DiskPressure."}}},
			want: "warning node_pressure nodes a 1", text: "Pods may be evicted",
		},
		"cordoned": {all: map[string][]*Object{"nodes": {{Name: "a", Ready: 1, Want: 1, Status: StatusProgress, Phase: "Ready, cordoned"}}}},
		"a crash loop of many pods is one": {
			all: map[string][]*Object{
				"pods": {pod(1, crashed), pod(2, crashed), pod(3, crashed)}, "replicasets.apps": {webSet}, "deployments.apps": {webApp},
			},
			since: time.Hour, want: "critical crash_loop deployments.apps web in shop 3", text: "ended with code 1. It was restarted 4 times.",
		},
		"between two crashes": {
			all: map[string][]*Object{"pods": {pod(1, func(o *Object) {
				crashed(o)
				o.Phase, o.Status, o.Ready = "Running", StatusOK, 1
			})}},
			want: "critical crash_loop replicasets.apps web-7c in shop 1",
		},
		"out of the loop for a while": {
			all: map[string][]*Object{"pods": {pod(1, func(o *Object) {
				crashed(o)
				o.Phase, o.Status, o.Ready, o.Ended = "Running", StatusOK, 1, ago(6*time.Minute)
			})}},
			want: "info restarting replicasets.apps web-7c in shop 1", text: "4 times so far",
		},
		"one restart of a pod that ran long": {
			all:  map[string][]*Object{"pods": {pod(1, func(o *Object) { o.Restarts, o.Ended = 12, ago(time.Minute) })}},
			want: "info restarting replicasets.apps web-7c in shop 1",
		},
		"a restart of yesterday": {all: map[string][]*Object{"pods": {pod(1, func(o *Object) { o.Restarts, o.Ended = 12, ago(25*time.Hour) })}}},
		"image": {
			all: map[string][]*Object{"pods": {pod(1, func(o *Object) {
				o.Phase, o.Status, o.Ready, o.Reason = "ImagePullBackOff", StatusCritical, 0, `Back-off pulling image "nginx:nope"`
			})}},
			want: "critical image_pull replicasets.apps web-7c in shop 1", text: `nginx:nope". Check the name`,
		},
		"image of an init container": {
			all:  map[string][]*Object{"pods": {pod(1, func(o *Object) { o.Phase, o.Status, o.Ready = "Init:ErrImagePull", StatusCritical, 0 })}},
			want: "critical image_pull replicasets.apps web-7c in shop 1",
		},
		"config for a moment": {
			all: map[string][]*Object{"pods": {pod(1, func(o *Object) { o.Phase, o.Status, o.Ready = "CreateContainerConfigError", StatusCritical, 0 })}},
		},
		"config": {
			all: map[string][]*Object{"pods": {pod(1, func(o *Object) {
				o.Phase, o.Status, o.Ready, o.Reason = "CreateContainerConfigError", StatusCritical, 0, `secret "db" not found`
			})}},
			since: time.Minute, want: "critical config replicasets.apps web-7c in shop 1", text: `secret "db" not found.`,
		},
		"unschedulable": {
			all: map[string][]*Object{"pods": {pod(1, func(o *Object) {
				o.Owner, o.Node, o.Phase, o.Status, o.Ready = nil, "", "Pending", StatusWarning, 0
				o.Reason = "0/3 nodes are available: 3 Insufficient cpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod."
			})}},
			want: "warning unschedulable pods web-1 in shop 1", text: "No node can take it: not enough CPU is free on 3 nodes. Lower",
		},
		"being made": {all: map[string][]*Object{"pods": {pod(1, func(o *Object) { o.Phase, o.Status, o.Ready = "ContainerCreating", StatusProgress, 0 })}}},
		"leaving":    {all: map[string][]*Object{"pods": {pod(1, func(o *Object) { crashed(o); o.Deleting = true })}}},
		"evicted": {
			all: map[string][]*Object{"pods": {pod(1, func(o *Object) {
				o.Phase, o.Status, o.Ready, o.Reason = "Evicted", StatusCritical, 0, "The node was low on resource: memory."
			})}},
			want: "info evicted replicasets.apps web-7c in shop 1", text: "low on resource: memory.",
		},
		"deployment past its deadline": {
			all: map[string][]*Object{"deployments.apps": {{
				Namespace: "shop", Name: "web", Want: 2, Ready: 1, Status: StatusCritical, Phase: "ProgressDeadlineExceeded", Reason: `ReplicaSet "web-7c" has timed out progressing.`,
			}}},
			want: "critical deployment_stuck deployments.apps web in shop 1", text: "timed out progressing.",
		},
		"a rollout": {all: map[string][]*Object{"deployments.apps": {webApp}}, since: time.Minute},
		"replicas missing": {
			all: map[string][]*Object{"deployments.apps": {webApp}}, since: 3 * time.Minute,
			want: "critical replicas_missing deployments.apps web in shop 1", text: "0 of 20 pods are ready. Look",
		},
		"some replicas missing": {
			all:   map[string][]*Object{"statefulsets.apps": {{Namespace: "shop", Name: "db", Ready: 2, Want: 3, Status: StatusProgress}}},
			since: 3 * time.Minute, want: "warning replicas_missing statefulsets.apps db in shop 1",
		},
		"daemon set": {
			all:   map[string][]*Object{"daemonsets.apps": {{Namespace: "kube-system", Name: "proxy", Ready: 2, Want: 3, Status: StatusProgress}}},
			since: 3 * time.Minute, want: "warning daemonset_missing daemonsets.apps proxy in kube-system 1", text: "2 of 3 nodes",
		},
		"failed job": {
			all:  map[string][]*Object{"jobs.batch": {{Namespace: "shop", Name: "import", Phase: "Failed", Status: StatusCritical, Reason: "Job has reached the specified backoff limit", Created: ago(time.Hour)}}},
			want: "warning failed_job jobs.batch import in shop 1", text: "backoff limit. Read",
		},
		"the newest job of a cron job counts": {all: map[string][]*Object{"jobs.batch": {
			{Namespace: "shop", Name: "backup-1", Phase: "Failed", Status: StatusCritical, Owner: &Owner{Kind: "cronjobs.batch", Name: "backup"}, Created: ago(2 * time.Hour)},
			{Namespace: "shop", Name: "backup-2", Phase: "Complete", Status: StatusOK, Owner: &Owner{Kind: "cronjobs.batch", Name: "backup"}, Created: ago(time.Hour)},
		}}},
		"a cron job that fails": {
			all: map[string][]*Object{"jobs.batch": {
				{Namespace: "shop", Name: "backup-1", Phase: "Complete", Status: StatusOK, Owner: &Owner{Kind: "cronjobs.batch", Name: "backup"}, Created: ago(2 * time.Hour)},
				{Namespace: "shop", Name: "backup-2", Phase: "Failed", Status: StatusCritical, Owner: &Owner{Kind: "cronjobs.batch", Name: "backup"}, Created: ago(time.Hour)},
			}},
			want: "warning failed_job cronjobs.batch backup in shop 1", text: "next run",
		},
		"quota": {
			all:  map[string][]*Object{"resourcequotas": {{Namespace: "shop", Name: "small", Status: StatusWarning, Phase: "Full", Reason: "Nothing more fits: pods."}}},
			want: "info quota_full resourcequotas small in shop 1", text: "pods.",
		},
		"autoscaler": {
			all:   map[string][]*Object{"horizontalpodautoscalers.autoscaling": {{Namespace: "shop", Name: "web", Status: StatusWarning, Phase: "FailedGetScale", Reason: "deployments.apps \"web\" not found"}}},
			since: 3 * time.Minute, want: "warning hpa_failing horizontalpodautoscalers.autoscaling web in shop 1", text: "not found. Check",
		},
		"a claim that nobody needs yet": {
			all: map[string][]*Object{"persistentvolumeclaims": {{Namespace: "shop", Name: "data", Phase: "Pending", Status: StatusProgress, Created: ago(time.Hour)}}},
		},
		"a claim that a pod waits for": {
			all: map[string][]*Object{
				"persistentvolumeclaims": {{Namespace: "shop", Name: "data", Phase: "Pending", Status: StatusProgress, Created: ago(time.Hour)}},
				"pods": {pod(1, func(o *Object) {
					o.Phase, o.Status, o.Ready, o.Refs = "Pending", StatusProgress, 0, []Ref{{Kind: "persistentvolumeclaims", Name: "data"}}
				})},
				"events": {{Namespace: "shop", Name: "e", Created: ago(time.Minute), Refs: []Ref{{"PersistentVolumeClaim.", "shop", "data"}}, Cells: []string{"storageclass.storage.k8s.io \"fast\" not found"}}},
			},
			want: "warning pending_volume persistentvolumeclaims data in shop 1", text: `"fast" not found. A pod waits`,
		},
		"a volume that is gone": {
			all:  map[string][]*Object{"persistentvolumeclaims": {{Namespace: "shop", Name: "data", Phase: "Lost", Status: StatusCritical}}},
			want: "critical volume_lost persistentvolumeclaims data in shop 1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			v := scene(tt.all)
			_, first := findings(v)
			for id := range first {
				v.since[id] = noon.Add(-tt.since)
			}
			found, _ := findings(v)
			var got []string
			for _, f := range found {
				got = append(got, fmt.Sprintf("%s %s %s %d", f.Severity, f.Kind, f.Ref, f.Count))
				if said := f.Title + " " + f.Text; !strings.Contains(said, tt.text) {
					t.Errorf("%q is not in %q", tt.text, said)
				}
				if f.Title == "" || f.Text == "" || f.Since.IsZero() || strings.Contains(f.Text, "  ") || strings.Contains(f.Text, "..") {
					t.Errorf("not whole: %+v", f)
				}
			}
			if strings.Join(got, "\n") != tt.want {
				t.Errorf("found\n%s\nwant\n%s", strings.Join(got, "\n"), tt.want)
			}
		})
	}
}

func TestWhatTheSchedulerSaysInWords(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"0/5 nodes are available: 1 node(s) had untolerated taint {node.kubernetes.io/unreachable: }, 4 Insufficient memory. no new claims to deallocate, preemption: 0/5 nodes are available: 1 Preemption is not helpful for scheduling, 4 No preemption victims found for incoming pod.": "No node can take it: 1 node has a taint that the pod does not tolerate (node.kubernetes.io/unreachable); not enough memory is free on 4 nodes.",
		"0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.":                                                       "No node can take it: 2 nodes do not match the pod's node selector or affinity.",
		"0/2 nodes are available: 1 node(s) were unschedulable, 1 Too many pods.":                                                             "No node can take it: 1 node is cordoned; 1 node can run no more pods.",
		"0/1 nodes are available: 1 Insufficient nvidia.com/gpu.":                                                                             "No node can take it: not enough nvidia.com/gpu is free on 1 node.",
		"0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found":                                                "A volume claim of it is not bound yet.",
		"no nodes available to schedule pods":                                                                                                 "The cluster has no node.",
		"0/3 nodes are available: 3 node(s) didn't match pod anti-affinity rules.":                                                            "No node can take it: 3 nodes have a pod that it must not stand beside.",
		"0/3 nodes are available: 3 something that is new.":                                                                                   "No node can take it: 3 something that is new.",
		`persistentvolumeclaim "data" not found`:                                                                                              `persistentvolumeclaim "data" not found.`,
		"anything else at all":                                                                                                                "anything else at all.",
		"0/3 nodes are available: 2 node(s) had volume node affinity conflict, 1 node(s) didn't have free ports for the requested pod ports.": "No node can take it: 2 nodes cannot reach its volume; the port that it asks for is taken on 1 node.",
	} {
		if why, next := scheduling(message); why != want || next == "" {
			t.Errorf("%s\ngot  %s %s\nwant %s", message, why, next, want)
		}
	}
}

func TestTheWorstAndNewestComesFirst(t *testing.T) {
	t.Parallel()
	v := scene(map[string][]*Object{
		"nodes": {{Name: "a", Want: 1, Status: StatusCritical, Reason: "Gone."}},
		"jobs.batch": {
			{Namespace: "shop", Name: "old", Phase: "Failed", Created: ago(3 * time.Hour)},
			{Namespace: "shop", Name: "new", Phase: "Failed", Created: ago(time.Hour)},
		},
		"resourcequotas": {{Namespace: "shop", Name: "small", Status: StatusWarning, Reason: "Full."}},
	})
	v.latency = 5 * time.Second
	v.unwatched = []Unwatched{{Kind: "secrets", Costs: costs("secrets")}, {Kind: "leases.coordination.k8s.io"}}
	found, since := findings(v)
	var kinds []string
	for _, f := range found {
		kinds = append(kinds, f.Kind+" "+f.Ref.Name)
	}
	want := []string{"node_not_ready a", "api_slow ", "failed_job new", "failed_job old", "forbidden_kind ", "quota_full small"}
	if !slices.Equal(kinds, want) {
		t.Errorf("found %v", kinds)
	}
	v.now, v.since = noon.Add(time.Hour), since
	again, _ := findings(v)
	for _, f := range again {
		if f.Kind == "node_not_ready" && !f.Since.Equal(noon) {
			t.Errorf("since %v", f.Since)
		}
		if f.Kind == "forbidden_kind" && (f.Count != 2 || !strings.Contains(f.Text, "TLS certificates near their end are not noticed")) {
			t.Errorf("%+v", f)
		}
	}
	v.trouble = "The cluster does not answer."
	if again, _ = findings(v); again[0].Kind != "unreachable" && again[1].Kind != "unreachable" {
		t.Errorf("found %+v", again[:2])
	}
}

func TestCertificatesAreSaidInTime(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	long := func(left time.Duration) Certificate {
		return Certificate{Name: "certificate web of shop", Ref: Ref{"secrets", "shop", "web"}, Ends: noon.Add(left), begins: noon.Add(left - 365*day)}
	}
	short := func(left time.Duration) Certificate {
		c := long(left)
		c.begins = c.Ends.Add(-6 * day)
		return c
	}
	for name, tt := range map[string]struct {
		c     Certificate
		want  string // a severity
		first bool   // it counts for the metric
	}{
		"months":              {long(90 * day), "", true},
		"ten days":            {long(10 * day), warning, true},
		"two days":            {long(2 * day), critical, true},
		"over":                {long(-day), critical, true},
		"short and young":     {short(4 * day), "", false},
		"short and not young": {short(36 * time.Hour), critical, true},
	} {
		v := scene(nil)
		v.certificates.all = []Certificate{tt.c}
		found, _ := findings(v)
		got := ""
		if len(found) == 1 {
			got = found[0].Severity
		}
		if _, ok := v.certificates.first(noon); got != tt.want || ok != tt.first {
			t.Errorf("%s: %q, %v: %+v", name, got, ok, found)
		}
	}
}

func TestVolumesAreReadAsAKubeletSaysThem(t *testing.T) {
	t.Parallel()
	s := summary{}
	if err := decodeSummary(strings.NewReader(`{"node":{"nodeName":"a"},"pods":[{"podRef":{"name":"db-0","namespace":"shop"},"volume":[
		{"time":"2026-11-24T12:00:00Z","availableBytes":5000,"capacityBytes":100000,"usedBytes":90000,"inodesFree":90,"inodes":100,"inodesUsed":10,"name":"data","pvcRef":{"name":"data","namespace":"shop"}},
		{"availableBytes":50000,"capacityBytes":100000,"usedBytes":50000,"inodesFree":1,"inodes":100,"inodesUsed":99,"name":"logs","pvcRef":{"name":"logs","namespace":"shop"}},
		{"availableBytes":0,"capacityBytes":0,"usedBytes":0,"name":"odd","pvcRef":{"name":"odd","namespace":"shop"}},
		{"availableBytes":1,"capacityBytes":100000,"usedBytes":99999,"name":"kube-api-access-x"}]}]}`), &s); err != nil {
		t.Fatal(err)
	}
	uses := s.uses()
	v := scene(nil)
	for _, u := range uses {
		v.volumes.all = append(v.volumes.all, u)
	}
	found, _ := findings(v)
	if len(uses) != 2 || len(found) != 2 {
		t.Fatalf("%+v, %+v", uses, found)
	}
	for _, f := range found {
		want := map[string]string{
			"data": "warning 95 % of its space is in use.", "logs": "critical 99 % of the files that it can hold is in use.",
		}[f.Ref.Name]
		if !strings.HasPrefix(f.Severity+" "+f.Text, want) {
			t.Errorf("%+v", f)
		}
	}
	if u, ok := v.volumes.fullest(); !ok || u.name != "logs" {
		t.Errorf("fullest: %+v", u)
	}
}
