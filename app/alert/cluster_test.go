package alert_test

import (
	"strings"
	"testing"
	"time"

	"unity.internal/app/seal"
	"unity.internal/store"
)

// cluster adds one to the house.
func (h *house) cluster(name string, tags ...string) store.Cluster {
	h.tb.Helper()
	v, err := h.t.CreateCluster(h.tb.Context(), store.Cluster{
		ID: store.NewID(), Name: name, Source: store.ClusterKubeconfig, Server: "https://" + name + ".lan:6443",
		Kubeconfig: seal.Of([]byte("sealed")), Tags: tags,
	})
	if err != nil {
		h.tb.Fatal(err)
	}
	h.changed()
	return v
}

// report brings readings of a cluster, half a minute after the last.
func (h *house) report(v store.Cluster, readings ...store.Reading) {
	h.tb.Helper()
	h.pass(30 * time.Second)
	if err := h.Observe(h.tb.Context(), h.t, store.Batch{Server: v.ID, At: h.now(), Readings: readings}); err != nil {
		h.tb.Fatal(err)
	}
}

func looping(n float64, note string) store.Reading {
	return store.Reading{Metric: "kube_pods_crash_looping", Value: n, Note: note}
}

func TestAClusterHasAlertsOfItsOwn(t *testing.T) {
	t.Parallel()
	h := open(t)
	home := h.cluster("home")
	h.report(home, looping(0, ""))
	h.want()
	for range 5 {
		h.report(home, looping(2, "2 pods are in a crash loop: web of shop (2)"))
	}
	a := h.want("firing")[0]
	if a.Cluster != home.ID || a.ClusterName != "home" || a.Server != "" || a.ServerName != "" || a.Target() != home.ID {
		t.Errorf("about %+v", a)
	}
	if a.Title != "Pods in a crash loop" || a.Message != "2 pods are in a crash loop: web of shop (2)" || *a.Value != 2 {
		t.Errorf("says %q: %q", a.Title, a.Message)
	}
	d := h.told("firing")[0]
	if d.Notice.Cluster != (store.NoticeCluster{ID: home.ID, Name: "home"}) || d.Notice.Server != (store.NoticeServer{}) {
		t.Errorf("notice: %+v", d.Notice)
	}
	h.restart()
	h.report(home, looping(2, "2 pods are in a crash loop: web of shop (2)"))
	h.want("firing")
	h.report(home, looping(0, ""))
	h.want("resolved")
	if d := h.told("firing", "resolved")[0]; d.Notice.Text != "No pod is in a crash loop" || d.Notice.Cluster.Name != "home" {
		t.Errorf("notice: %+v", d.Notice)
	}
}

func TestAListOfAlertsIsOfOneClusterOrServer(t *testing.T) {
	t.Parallel()
	h := open(t)
	home, away := h.cluster("home"), h.cluster("away")
	h.threshold(store.Threshold{Metric: "kube_findings", Value: 3})
	h.threshold(store.Threshold{Metric: "cpu_percent", Value: 90})
	h.report(home, store.Reading{Metric: "kube_findings", Value: 4})
	h.report(away, store.Reading{Metric: "kube_findings", Value: 5})
	h.cpu(97)
	h.want("firing", "firing", "firing")
	for name, tt := range map[string]struct {
		list store.AlertList
		want string
	}{
		"home":   {store.AlertList{Cluster: home.ID}, "home"},
		"away":   {store.AlertList{Cluster: away.ID}, "away"},
		"server": {store.AlertList{Server: h.server.ID}, "nas"},
	} {
		tt.list.Limit = 10
		p, err := h.t.Alerts(t.Context(), tt.list)
		if err != nil || len(p.Items) != 1 || p.Items[0].ServerName+p.Items[0].ClusterName != tt.want {
			t.Errorf("%s: %+v, %v", name, p.Items, err)
		}
	}
	for _, id := range []string{home.ID, away.ID, h.server.ID} {
		if n := h.OpenCounts(h.t.ID)[id].Warning; n != 1 {
			t.Errorf("%d warnings on %s", n, id)
		}
	}
}

func TestAnAlertEndsWithItsCluster(t *testing.T) {
	t.Parallel()
	h := open(t)
	home := h.cluster("home")
	h.threshold(store.Threshold{Metric: "kube_findings", Value: 3})
	h.report(home, store.Reading{Metric: "kube_findings", Value: 4})
	h.want("firing")
	if err := h.t.DeleteCluster(t.Context(), home.ID, store.AnyRev); err != nil {
		t.Fatal(err)
	}
	h.restart() // even if nobody was told before the appliance stopped
	h.changed()
	a := h.want("resolved")[0]
	if a.Cluster != home.ID || a.Server != "" {
		t.Errorf("about %+v", a)
	}
	line, err := h.t.Timeline(t.Context(), a.ID)
	if err != nil || line[len(line)-1].Text != "Ended: the cluster was removed." {
		t.Errorf("time line: %+v, %v", line, err)
	}
	h.told("firing", "resolved")
}

func TestTagsNameClustersToo(t *testing.T) {
	t.Parallel()
	h := open(t)
	home, away := h.cluster("home", "attic"), h.cluster("away")
	h.threshold(store.Threshold{Metric: "kube_findings", Value: 3, Tag: "attic"})
	h.report(away, store.Reading{Metric: "kube_findings", Value: 4})
	h.want()
	_, err := h.t.CreateSilence(t.Context(), store.Silence{
		ID: store.NewID(), Source: "maintenance", Tag: "attic", Actor: "lea", Starts: h.now(), Ends: h.now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	h.changed()
	h.report(home, store.Reading{Metric: "kube_findings", Value: 4})
	h.want("firing")
	h.told()
}

// What a server alone can be must never be said of a cluster, and the reverse.
func TestBuiltinThresholdsTellServersFromClusters(t *testing.T) {
	t.Parallel()
	h := open(t)
	home := h.cluster("home")
	h.changed() // feeds the rules that events feed with all targets
	h.want()
	for range 4 {
		h.report(home, store.Reading{Metric: "kube_up", Value: 0, Note: "The cluster does not answer: connection refused"})
	}
	a := h.want("firing")[0]
	if a.Title != "Cluster unreachable" || a.Severity != "critical" || a.Message != "The cluster does not answer: connection refused" {
		t.Errorf("says %q: %q", a.Title, a.Message)
	}
	h.report(home, store.Reading{Metric: "kube_up", Value: 1})
	h.want("resolved")
	if d := h.told("firing", "resolved")[0]; d.Notice.Text != "The cluster answers again" {
		t.Errorf("told %q", d.Notice.Text)
	}
}

func TestAClustersFiguresHaveUnits(t *testing.T) {
	t.Parallel()
	h := open(t)
	home := h.cluster("home")
	day := 86400.0
	for range 4 {
		h.report(home,
			store.Reading{Metric: "kube_volume_used_ratio", Value: 0.934, Note: "data of db"},
			store.Reading{Metric: "kube_certificate_left_seconds", Value: 6.4 * day, Note: "the certificate of the API"})
	}
	all := h.want("firing", "firing")
	text := all[0].Message + "\n" + all[1].Message
	for _, want := range []string{"Fullest volume at 93 % (limit 90 %): data of db", "First certificate to end at 6.4 days (at least 14 days): the certificate of the API"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

func TestAClusterThatSaysNothingKeepsItsAlertsOpen(t *testing.T) {
	t.Parallel()
	h := open(t)
	home := h.cluster("home")
	h.threshold(store.Threshold{Metric: "kube_findings", Value: 3})
	h.report(home, store.Reading{Metric: "kube_findings", Value: 4})
	h.pass(80 * time.Second) // within three of its polls
	h.tick()
	if a := h.want("firing")[0]; a.Stale != nil {
		t.Error("stale too early")
	}
	h.pass(20 * time.Second)
	h.tick()
	if a := h.want("firing")[0]; a.Stale == nil {
		t.Error("not stale")
	}
}
