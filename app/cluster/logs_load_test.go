package cluster

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"unity.internal/app/cluster/clustertest"
)

// loud makes pods that say many lines a second, and returns their names.
func loud(tb testing.TB, p *clustertest.Plane, namespace string, pods, rate int) []string {
	tb.Helper()
	var names []string
	for n := range pods {
		names = append(names, fmt.Sprintf("loud-%d", n))
		pod := rated(namespace, names[n], map[string]string{"sim.test/log-rate": strconv.Itoa(rate), "sim.test/log-size": "150"})
		pod.Labels = map[string]string{"app": "loud"}
		p.Pod(tb, pod)
	}
	return names
}

// heap returns what is in use after what is not was let go.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapInuse + m.StackInuse
}

// TestFiftyLoudPodsAreFollowedWithoutLoss follows 50 pods that say 10,000 lines a second.
func TestFiftyLoudPodsAreFollowedWithoutLoss(t *testing.T) {
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	id := b.register("one", p.Kubeconfig())
	loud(t, p, ns, 50, 200)
	_, err := p.Client().CoreV1().Services(ns).Create(t.Context(), &corev1.Service{
		ObjectMeta: metav1.ObjectMeta{Name: "loud"}, Spec: corev1.ServiceSpec{Selector: map[string]string{"app": "loud"}, Ports: []corev1.ServicePort{{Port: 80}}},
	}, metav1.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
	logs, err := b.service.Logs(t.Context(), b.acme, LogQuery{Of: []LogTarget{of(id, "services", ns, "loud")}, Follow: true, Tail: 0})
	if err != nil {
		t.Fatal(err)
	}
	const want = 50_000
	before, most := heap(), uint64(0)
	last, lines, batches := map[int]int{}, 0, 0
	var begun time.Time
	err = logs.Run(t.Context(), func(v LogBatch) error {
		for _, l := range v.Lines {
			_, text, _ := strings.Cut(l.Text, " line ")
			text, _, _ = strings.Cut(text, " ")
			n, err := strconv.Atoi(text)
			if had, seen := last[l.Source]; err != nil || seen && n != had+1 {
				return fmt.Errorf("line %d of %d after %d: %w", n, l.Source, had, err)
			}
			last[l.Source] = n
		}
		if v.Dropped > 0 {
			return fmt.Errorf("%d lines were dropped", v.Dropped)
		}
		if len(last) < 50 {
			return nil
		}
		if begun.IsZero() {
			begun = time.Now()
		}
		if batches++; batches%20 == 0 {
			most = max(most, heap())
		}
		if lines += len(v.Lines); lines >= want {
			return errEnough
		}
		return nil
	})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	most = max(most, before)
	t.Logf("%.0f lines/s in %d batches, %d MB more", want/time.Since(begun).Seconds(), batches, (most-before)>>20)
	if most-before > 60<<20 {
		t.Errorf("%d MB more than before", (most-before)>>20)
	}
}

var errEnough = errors.New("enough")

// TestFiftyReadersThatDoNotRead holds 50 streams open whose browsers read nothing.
func TestFiftyReadersThatDoNotRead(t *testing.T) {
	p := clustertest.Shared(t)
	b, ns := newStation(t), p.Namespace(t)
	id := b.register("one", p.Kubeconfig())
	names := loud(t, p, ns, 2, 1000)
	before := heap()
	ctx, end := context.WithCancel(t.Context())
	var all sync.WaitGroup
	for range 50 {
		logs, err := b.service.Logs(ctx, b.acme, LogQuery{Of: []LogTarget{of(id, "pods", ns, names[0]), of(id, "pods", ns, names[1])}, Follow: true, Tail: 0})
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			_ = logs.Run(ctx, func(LogBatch) error { <-ctx.Done(); return ctx.Err() })
		})
	}
	wait := time.NewTimer(4 * time.Second)
	defer wait.Stop()
	<-wait.C
	grown := heap() - before
	end()
	all.Wait()
	t.Logf("%d MB", grown>>20)
	if most := uint64(50*(backlogSize+2<<20) + 32<<20); grown > most {
		t.Errorf("%d MB, more than the rings of all may have", grown>>20)
	}
}
