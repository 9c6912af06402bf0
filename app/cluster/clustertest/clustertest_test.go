package clustertest_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"

	"unity.internal/app/cluster/clustertest"
)

// client returns one that a kubeconfig makes.
func client(t *testing.T, text string) *kubernetes.Clientset {
	t.Helper()
	config, err := clientcmd.RESTConfigFromKubeConfig([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	config.QPS = -1
	return kubernetes.NewForConfigOrDie(config)
}

func TestPodsRunAndTheViewerSeesNone(t *testing.T) {
	t.Parallel()
	p := clustertest.Shared(t)
	ns := p.Namespace(t)
	pod := p.Pod(t, corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "one"}})
	if pod.Status.Phase != corev1.PodRunning || pod.Spec.NodeName == "" || pod.Status.PodIP == "" {
		t.Fatalf("%+v", pod.Status)
	}
	if v, err := discovery.NewDiscoveryClientForConfigOrDie(p.Config()).ServerVersion(); err != nil || v.Minor != "37" {
		t.Fatal(v, err)
	}
	for text, may := range map[string]bool{p.Kubeconfig(): true, p.Viewer(): false} {
		_, err := client(t, text).CoreV1().Pods(ns).List(t.Context(), metav1.ListOptions{})
		if may && err != nil || !may && !apierrors.IsForbidden(err) {
			t.Fatal(may, err)
		}
	}
}

// TestVersions: what is tested against must be what the product speaks.
func TestVersions(t *testing.T) {
	t.Parallel()
	var versions []string
	for _, dir := range []string{"../../..", "../kubetest"} {
		text, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(`\n\t(k8s.io/client-go v\S+)`).FindSubmatch(text)
		if found == nil {
			t.Fatalf("%s names no client-go", dir)
		}
		versions = append(versions, string(found[1]))
	}
	if versions[0] != versions[1] {
		t.Fatal(versions)
	}
}
