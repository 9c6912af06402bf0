package clustertest

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/watch"
)

// patience is how long a wait lasts on a machine that does much else.
const patience = time.Minute

// Pod makes a pod with one container, c, and waits until it has a phase other
// than pending. The pod says what is different: annotations, containers.
func (p *Plane) Pod(tb testing.TB, pod corev1.Pod) *corev1.Pod {
	tb.Helper()
	if len(pod.Spec.Containers) == 0 {
		pod.Spec.Containers = []corev1.Container{{Name: "c", Image: "registry.test/app:1"}}
	}
	made, err := p.client.CoreV1().Pods(pod.Namespace).Create(tb.Context(), &pod, metav1.CreateOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	return p.AwaitPod(tb, made.Namespace, made.Name, func(pod *corev1.Pod) bool { return pod.Status.Phase != corev1.PodPending })
}

// AwaitPod waits until a pod is as it should be, and returns it.
func (p *Plane) AwaitPod(tb testing.TB, namespace, name string, is func(*corev1.Pod) bool) *corev1.Pod {
	tb.Helper()
	watched, err := p.client.CoreV1().Pods(namespace).Watch(tb.Context(), named(name))
	if err != nil {
		tb.Fatal(err)
	}
	return Await(tb, watched, is)
}

// AwaitNode waits until a node is as it should be, and returns it.
func (p *Plane) AwaitNode(tb testing.TB, name string, is func(*corev1.Node) bool) *corev1.Node {
	tb.Helper()
	watched, err := p.client.CoreV1().Nodes().Watch(tb.Context(), named(name))
	if err != nil {
		tb.Fatal(err)
	}
	return Await(tb, watched, is)
}

func named(name string) metav1.ListOptions {
	return metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector(metav1.ObjectNameField, name).String()}
}

// Await returns the first object of a watch that is as it should be, and ends
// the watch. It fails the test after a minute.
func Await[T any](tb testing.TB, watched watch.Interface, is func(T) bool) T {
	tb.Helper()
	defer watched.Stop()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	var last any
	for {
		select {
		case e, open := <-watched.ResultChan():
			if !open {
				tb.Fatalf("the watch ended; last seen: %+v", last)
			}
			last = e.Object
			if v, ok := e.Object.(T); ok && e.Type != watch.Deleted && is(v) {
				return v
			}
		case <-ctx.Done():
			tb.Fatalf("it does not come; last seen: %+v", last)
		}
	}
}
