package clustertest_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/portforward"
	"k8s.io/client-go/tools/remotecommand"
	"k8s.io/client-go/transport/spdy"
	utilexec "k8s.io/client-go/util/exec"

	"unity.internal/app/cluster/clustertest"
)

// annotated returns a pod to make.
func annotated(ns, name string, ann map[string]string) corev1.Pod {
	return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name, Annotations: ann}}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	ns := p.Namespace(t)
	p.Pod(t, annotated(ns, "still", map[string]string{"sim.test/log-past": "1000", "sim.test/log-rate": "0", "sim.test/log-size": "100", "sim.test/restarts": "2", "sim.test/log-previous": "3"}))
	p.Pod(t, annotated(ns, "crash", map[string]string{"sim.test/crash": "true"}))
	p.Pod(t, annotated(ns, "fresh", nil))
	read := func(pod string, o corev1.PodLogOptions) (lines []string, err error) {
		text, err := p.Client().CoreV1().Pods(ns).GetLogs(pod, &o).DoRaw(t.Context())
		for l := range strings.Lines(string(text)) {
			lines = append(lines, strings.TrimSuffix(l, "\n"))
		}
		return lines, err
	}
	for _, tt := range []struct {
		name, pod   string
		o           corev1.PodLogOptions
		count       int
		first, last string
	}{
		{"all", "still", corev1.PodLogOptions{}, 1000, " line 0 x", " line 999 x"},
		{"tail", "still", corev1.PodLogOptions{TailLines: new(int64(5))}, 5, " line 995 x", " line 999 x"},
		{"limit", "still", corev1.PodLogOptions{LimitBytes: new(int64(202))}, 2, " line 0 x", " line 1 x"},
		{"previous", "still", corev1.PodLogOptions{Previous: true}, 3, "] previous line 0 x", "] previous line 2 x"},
		{"crashed", "crash", corev1.PodLogOptions{}, 10, " line 0", " line 9"},
		{"timestamps", "still", corev1.PodLogOptions{Timestamps: true, TailLines: new(int64(1))}, 1, "Z " + ns, " line 999 x"},
	} {
		lines, err := read(tt.pod, tt.o)
		if err != nil || len(lines) != tt.count || !strings.Contains(lines[0], tt.first) || !strings.Contains(lines[len(lines)-1], tt.last) {
			t.Errorf("%s: %d lines, %v", tt.name, len(lines), err)
		}
	}
	if lines, _ := read("still", corev1.PodLogOptions{TailLines: new(int64(1))}); len(lines[0]) != 100 {
		t.Error(len(lines[0]))
	}
	stamped, _ := read("still", corev1.PodLogOptions{Timestamps: true, TailLines: new(int64(7))})
	at, err := time.Parse(time.RFC3339Nano, strings.Fields(stamped[0])[0])
	if err != nil {
		t.Fatal(err)
	}
	if since, err := read("still", corev1.PodLogOptions{SinceTime: &metav1.Time{Time: at}}); err != nil || len(since) != 7 {
		t.Error(len(since), err)
	}
	if since, err := read("still", corev1.PodLogOptions{SinceSeconds: new(int64(500))}); err != nil || len(since) < 300 || len(since) > 500 {
		t.Error(len(since), err)
	}
	if _, err := read("fresh", corev1.PodLogOptions{Previous: true}); !apierrors.IsBadRequest(err) {
		t.Error(err)
	}
}

// TestFollowLosesNothing: 50 pods together say 10,000 lines a second.
func TestFollowLosesNothing(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	ns := p.Namespace(t)
	const pods, lines = 50, 600
	failed := make(chan error, pods)
	var began time.Time
	for i := range pods {
		p.Pod(t, annotated(ns, fmt.Sprintf("p%d", i), map[string]string{"sim.test/log-rate": "200"}))
	}
	began = time.Now()
	for i := range pods {
		go func() {
			stream, err := p.Client().CoreV1().Pods(ns).GetLogs(fmt.Sprintf("p%d", i), &corev1.PodLogOptions{Follow: true, TailLines: new(int64(0))}).Stream(t.Context())
			if err != nil {
				failed <- err
				return
			}
			defer stream.Close()
			have, next := 0, -1
			for s := bufio.NewScanner(stream); have < lines && s.Scan(); have++ {
				var n int
				if _, err := fmt.Sscanf(s.Text()[strings.LastIndex(s.Text(), "]"):], "] line %d", &n); err != nil || next >= 0 && n != next {
					failed <- fmt.Errorf("%q instead of line %d", s.Text(), next)
					return
				}
				next = n + 1
			}
			if have < lines {
				err = fmt.Errorf("%d lines", have)
			}
			failed <- err
		}()
	}
	for range pods {
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took > 15*time.Second {
		t.Fatalf("%d lines in %s", pods*lines, took)
	}
}

func TestFollowEndsWithThePod(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	ns := p.Namespace(t)
	p.Pod(t, annotated(ns, "one", nil))
	stream, err := p.Client().CoreV1().Pods(ns).GetLogs("one", &corev1.PodLogOptions{Follow: true}).Stream(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	if err := p.Client().CoreV1().Pods(ns).Delete(t.Context(), "one", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(stream); err != nil || !strings.Contains(string(text), "line 9\n") {
		t.Fatal(err, string(text))
	}
}

// execute runs a command through a door, by WebSocket or by SPDY.
func execute(t *testing.T, text string, spdy bool, ns, pod string, o corev1.PodExecOptions, streams remotecommand.StreamOptions) error {
	t.Helper()
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	at := client(t, text).CoreV1().RESTClient().Post().Namespace(ns).Resource("pods").Name(pod).SubResource("exec").VersionedParams(&o, scheme.ParameterCodec).URL()
	var run remotecommand.Executor
	if spdy {
		run, err = remotecommand.NewSPDYExecutor(config, http.MethodPost, at)
	} else {
		run, err = remotecommand.NewWebSocketExecutor(config, http.MethodGet, at.String())
	}
	if err != nil {
		t.Fatal(err)
	}
	return run.StreamWithContext(t.Context(), streams)
}

func TestExec(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	d, ns := p.Door(t), p.Namespace(t)
	p.Pod(t, annotated(ns, "one", map[string]string{"sim.test/shells": "sh"}))
	for _, old := range []bool{false, true} {
		var out, errs bytes.Buffer
		o := corev1.PodExecOptions{Container: "c", Command: []string{"sh"}, Stdin: true, Stdout: true, Stderr: true}
		err := execute(t, d.Kubeconfig(), old, ns, "one", o, remotecommand.StreamOptions{Stdin: strings.NewReader("echo hi\nerr oh\nexit 3\n"), Stdout: &out, Stderr: &errs})
		if exit, ok := errors.AsType[utilexec.CodeExitError](err); !ok || exit.Code != 3 || out.String() != "hi\n" || errs.String() != "oh\n" {
			t.Errorf("spdy %v: %v, %q, %q", old, err, out.String(), errs.String())
		}
		o = corev1.PodExecOptions{Container: "c", Command: []string{"bash"}, Stdout: true}
		if err := execute(t, d.Kubeconfig(), old, ns, "one", o, remotecommand.StreamOptions{Stdout: &out}); err == nil || !strings.Contains(err.Error(), "executable file not found") {
			t.Errorf("spdy %v: %v", old, err)
		}
	}
	if d.Count("^POST .*/exec") != 2 || d.Count("^GET .*/exec") != 2 {
		t.Error("not by both ways")
	}
}

// sizes is a terminal that is resized when somebody says so.
type sizes chan remotecommand.TerminalSize

func (s sizes) Next() *remotecommand.TerminalSize {
	if v, ok := <-s; ok {
		return &v
	}
	return nil
}

func TestTerminal(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	ns := p.Namespace(t)
	p.Pod(t, annotated(ns, "one", nil))
	for _, old := range []bool{false, true} {
		keys, typing := io.Pipe()
		screen, out := io.Pipe()
		size := make(sizes, 1)
		size <- remotecommand.TerminalSize{Width: 80, Height: 24}
		done := make(chan error, 1)
		go func() {
			o := corev1.PodExecOptions{Container: "c", Command: []string{"sh"}, Stdin: true, Stdout: true, TTY: true}
			done <- execute(t, p.Kubeconfig(), old, ns, "one", o, remotecommand.StreamOptions{Stdin: keys, Stdout: out, Tty: true, TerminalSizeQueue: size})
			_ = out.Close()
		}()
		seen := ""
		await := func(text string) {
			t.Helper()
			for b := make([]byte, 256); !strings.Contains(seen, text); {
				n, err := screen.Read(b)
				if err != nil {
					t.Fatalf("spdy %v: %v instead of %q: %q", old, err, text, seen)
				}
				seen += string(b[:n])
			}
			_, seen, _ = strings.Cut(seen, text)
		}
		await("size 80x24\r\n")
		size <- remotecommand.TerminalSize{Width: 132, Height: 50}
		await("size 132x50\r\n")
		_, _ = io.WriteString(typing, "hostname\r")
		await("hostname\r\none\r\n$ ")
		_, _ = io.WriteString(typing, "sleep 3600\r")
		await("sleep 3600\r\n")
		_, _ = io.WriteString(typing, "\x03")
		await("^C\r\n$ ")
		_, _ = io.WriteString(typing, "exit 7\r")
		await("exit 7\r\n")
		go func() { _, _ = io.Copy(io.Discard, screen) }()
		if exit, ok := errors.AsType[utilexec.CodeExitError](<-done); !ok || exit.Code != 7 {
			t.Errorf("spdy %v: %v", old, exit)
		}
		close(size)
		_ = typing.Close()
	}
}

func TestPortForward(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	d, ns := p.Door(t), p.Namespace(t)
	pod := annotated(ns, "web", nil)
	pod.Spec.Containers = []corev1.Container{{Name: "c", Image: "i", Ports: []corev1.ContainerPort{{ContainerPort: 3000}}}}
	p.Pod(t, pod)
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(d.Kubeconfig()))
	if err != nil {
		t.Fatal(err)
	}
	at := client(t, d.Kubeconfig()).CoreV1().RESTClient().Post().Namespace(ns).Resource("pods").Name("web").SubResource("portforward").URL()
	for _, old := range []bool{false, true} {
		dialer, err := portforward.NewSPDYOverWebsocketDialer(at, config)
		if err != nil {
			t.Fatal(err)
		}
		if old {
			transport, upgrader, err := spdy.RoundTripperFor(config)
			if err != nil {
				t.Fatal(err)
			}
			dialer = spdy.NewDialer(upgrader, &http.Client{Transport: transport}, http.MethodPost, at)
		}
		stop, ready := make(chan struct{}), make(chan struct{})
		fw, err := portforward.NewOnAddresses(dialer, []string{"127.0.0.1"}, []string{"0:3000", "0:1"}, stop, ready, io.Discard, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error, 1)
		go func() { done <- fw.ForwardPorts() }()
		select {
		case <-ready:
		case err := <-done:
			t.Fatal(err)
		}
		ports, err := fw.GetPorts()
		if err != nil {
			t.Fatal(err)
		}
		visit(t, fmt.Sprintf("127.0.0.1:%d", ports[0].Local))
		if res, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", ports[1].Local)); err == nil {
			_ = res.Body.Close()
			t.Error("a port that nobody listens on answers")
		}
		close(stop)
		<-done
	}
}

// visit looks at the site of the pod web.
func visit(t *testing.T, at string) {
	t.Helper()
	c := &http.Client{Transport: &http.Transport{}}
	defer c.CloseIdleConnections()
	get := func(path string) string {
		t.Helper()
		res, err := c.Get("http://" + at + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if text := get("/"); !strings.Contains(text, `href="/top"`) || !strings.Contains(text, "<title>web</title>") {
		t.Error(text)
	}
	var said struct{ Pod, Path, Query string }
	if err := json.Unmarshal([]byte(get("/deep/page?a=b")), &said); err != nil || said.Pod != "web" || said.Path != "/deep/page" || said.Query != "a=b" {
		t.Error(err, said)
	}
	if n := len(get("/bytes/3000000")); n != 3_000_000 {
		t.Error(n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+at+"/stream", nil)
	res, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	events := bufio.NewScanner(res.Body)
	for n := 0; n < 3; {
		if !events.Scan() {
			t.Fatal(events.Err())
		}
		if events.Text() == fmt.Sprintf("data: web %d", n) {
			n++
		}
	}
	ws, res, err := websocket.DefaultDialer.DialContext(ctx, "ws://"+at+"/socket", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	defer ws.Close()
	if err := ws.WriteMessage(websocket.TextMessage, []byte("over")); err != nil {
		t.Fatal(err)
	}
	if _, text, err := ws.ReadMessage(); err != nil || string(text) != "over" {
		t.Error(err, string(text))
	}
}

func TestWhatAnnotationsDo(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	ns := p.Namespace(t)
	p.Pod(t, annotated(ns, "one", nil))
	annotate := func(key, value string) {
		t.Helper()
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, key, value)
		if _, err := p.Client().CoreV1().Pods(ns).Patch(t.Context(), "one", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	waits := func(reason string) func(*corev1.Pod) bool {
		return func(p *corev1.Pod) bool {
			w := p.Status.ContainerStatuses[0].State.Waiting
			return reason == "" && w == nil || w != nil && w.Reason == reason
		}
	}
	annotate("sim.test/crash", "true")
	if pod := p.AwaitPod(t, ns, "one", waits("CrashLoopBackOff")); pod.Status.ContainerStatuses[0].RestartCount != 5 || pod.Status.ContainerStatuses[0].Ready {
		t.Error(pod.Status)
	}
	annotate("sim.test/crash", "")
	p.AwaitPod(t, ns, "one", waits(""))
	annotate("sim.test/waiting", "ImagePullBackOff")
	p.AwaitPod(t, ns, "one", waits("ImagePullBackOff"))
	annotate("sim.test/waiting", "")
	p.AwaitPod(t, ns, "one", waits(""))
	annotate("sim.test/phase", "Failed")
	p.AwaitPod(t, ns, "one", func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodFailed })
}

func TestNodesReportPressure(t *testing.T) {
	t.Parallel()
	p := clustertest.Start(t, "-nodes", "1", "-with", "sim", "-emulate", "1.34") // a second one, and older
	if v, err := p.Client().Discovery().ServerVersion(); err != nil || v.EmulationMinor != "34" {
		t.Fatal(v, err)
	}
	annotate := func(key, value string) {
		t.Helper()
		patch := fmt.Appendf(nil, `{"metadata":{"annotations":{%q:%q}}}`, key, value)
		if _, err := p.Client().CoreV1().Nodes().Patch(t.Context(), "sim-0000", types.MergePatchType, patch, metav1.PatchOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	has := func(kind corev1.NodeConditionType, status corev1.ConditionStatus) {
		t.Helper()
		p.AwaitNode(t, "sim-0000", func(n *corev1.Node) bool {
			for _, c := range n.Status.Conditions {
				if c.Type == kind && c.Status == status {
					return true
				}
			}
			return false
		})
	}
	has(corev1.NodeReady, "True")
	annotate("sim.test/pressure", "memory,disk")
	has(corev1.NodeMemoryPressure, "True")
	has(corev1.NodeDiskPressure, "True")
	has(corev1.NodePIDPressure, "False")
	annotate("sim.test/pressure", "")
	has(corev1.NodeDiskPressure, "False")
	annotate("sim.test/ready", "false")
	has(corev1.NodeReady, "False")

	node, err := p.Client().CoreV1().Nodes().Get(t.Context(), "sim-0000", metav1.GetOptions{})
	if err != nil {
		t.Fatal(err)
	}
	p.Wipe(t)
	again, err := p.Client().CoreV1().Nodes().Get(t.Context(), "sim-0000", metav1.GetOptions{})
	if err != nil || again.UID == node.UID {
		t.Fatal(err)
	}
}

// TestFilledPodsAreRealOnes: controllers take what was written into etcd for their own.
func TestFilledPodsAreRealOnes(t *testing.T) {
	t.Parallel()
	p := clustertest.Start(t, "-nodes", "2", "-pods", "150")
	pods, err := p.Client().CoreV1().Pods("").List(t.Context(), metav1.ListOptions{FieldSelector: "status.phase=Running"})
	if err != nil || len(pods.Items) != 150 {
		t.Fatal(len(pods.Items), err)
	}
	all := p.Client().AppsV1().Deployments("load-00")
	if _, err := all.Patch(t.Context(), "svc-01", types.MergePatchType, []byte(`{"spec":{"replicas":51}}`), metav1.PatchOptions{}); err != nil {
		t.Fatal(err)
	}
	watched, err := all.Watch(t.Context(), metav1.ListOptions{FieldSelector: "metadata.name=svc-01"})
	if err != nil {
		t.Fatal(err)
	}
	clustertest.Await(t, watched, func(d *appsv1.Deployment) bool { return d.Status.AvailableReplicas == 51 })
	if sets, err := p.Client().AppsV1().ReplicaSets("").List(t.Context(), metav1.ListOptions{}); err != nil || len(sets.Items) != 2 {
		t.Error(len(sets.Items), err)
	}
	for _, one := range pods.Items { // none was replaced
		if now, err := p.Client().CoreV1().Pods("load-00").Get(t.Context(), one.Name, metav1.GetOptions{}); err != nil || now.UID != one.UID {
			t.Fatal(err)
		}
	}
}

func TestVolumes(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	ns := p.Namespace(t)
	claims := p.Client().CoreV1().PersistentVolumeClaims(ns)
	if _, err := claims.Create(t.Context(), &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "data"},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}},
		},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	pod := annotated(ns, "one", map[string]string{"sim.test/volume-used": "0.95"})
	pod.Spec.Containers = []corev1.Container{{Name: "c", Image: "i"}}
	pod.Spec.Volumes = []corev1.Volume{{Name: "v", VolumeSource: corev1.VolumeSource{PersistentVolumeClaim: &corev1.PersistentVolumeClaimVolumeSource{ClaimName: "data"}}}}
	made := p.Pod(t, pod)
	claim, err := claims.Get(t.Context(), "data", metav1.GetOptions{})
	if err != nil || claim.Status.Phase != corev1.ClaimBound {
		t.Fatal(claim, err)
	}
	text, err := p.Client().CoreV1().RESTClient().Get().AbsPath("/api/v1/nodes/" + made.Spec.NodeName + "/proxy/stats/summary").DoRaw(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var summary struct {
		Pods []struct {
			PodRef struct{ Namespace string }
			Volume []struct {
				CapacityBytes, UsedBytes float64
				PVCRef                   struct{ Name string }
			}
		}
	}
	if err := json.Unmarshal(text, &summary); err != nil {
		t.Fatal(err)
	}
	for _, one := range summary.Pods {
		if one.PodRef.Namespace == ns {
			if v := one.Volume[0]; v.PVCRef.Name != "data" || v.CapacityBytes != 10<<30 || v.UsedBytes < 0.94*v.CapacityBytes {
				t.Error(v)
			}
			return
		}
	}
	t.Error("the pod is not in the summary")
}

func TestEviction(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	ns := p.Namespace(t)
	labels := map[string]string{"app": "a"}
	if _, err := p.Client().AppsV1().Deployments(ns).Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Name: "a"},
		Spec: appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "i"}}},
		}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	budgets := p.Client().PolicyV1().PodDisruptionBudgets(ns)
	if _, err := budgets.Create(t.Context(), &policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: "a"},
		Spec:       policyv1.PodDisruptionBudgetSpec{MinAvailable: new(intstr.FromInt32(1)), Selector: &metav1.LabelSelector{MatchLabels: labels}},
	}, metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	watched, err := budgets.Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	clustertest.Await(t, watched, func(b *policyv1.PodDisruptionBudget) bool { return b.Status.CurrentHealthy == 1 })
	pods, err := p.Client().CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
	if err != nil || len(pods.Items) != 1 {
		t.Fatal(len(pods.Items), err)
	}
	err = p.Client().PolicyV1().Evictions(ns).Evict(t.Context(), &policyv1.Eviction{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: pods.Items[0].Name}})
	if !apierrors.IsTooManyRequests(err) {
		t.Fatal(err)
	}
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	ns := p.Namespace(t)
	p.Pod(t, annotated(ns, "one", map[string]string{"sim.test/cpu": "250m"}))
	text, err := p.Client().RESTClient().Get().AbsPath("/apis/metrics.k8s.io/v1beta1/namespaces/" + ns + "/pods").DoRaw(t.Context())
	if err != nil || !strings.Contains(string(text), `"cpu":"250m"`) {
		t.Fatal(err, string(text))
	}
}
