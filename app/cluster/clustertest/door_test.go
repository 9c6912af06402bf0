package clustertest_test

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"

	"unity.internal/app/cluster/clustertest"
)

// once asks one time only: client-go comes back by itself where it is asked to.
func once(t *testing.T, c *kubernetes.Clientset) error {
	t.Helper()
	return c.CoreV1().RESTClient().Get().AbsPath("/api/v1/namespaces").MaxRetries(0).Do(t.Context()).Error()
}

// anew asks until no connection of before is used any more.
func anew(t *testing.T, c *kubernetes.Clientset, is func(error) bool) {
	t.Helper()
	var err error
	for range 5 {
		if err = once(t, c); is(err) {
			return
		}
	}
	t.Fatal(err)
}

func TestDoorRefuses(t *testing.T) {
	t.Parallel()
	d := clustertest.Shared(t).Door(t)
	c := client(t, d.Kubeconfig())
	for status, is := range map[int]func(error) bool{
		http.StatusUnauthorized: apierrors.IsUnauthorized, http.StatusForbidden: apierrors.IsForbidden,
		http.StatusGone: apierrors.IsResourceExpired, http.StatusTooManyRequests: apierrors.IsTooManyRequests,
		http.StatusServiceUnavailable: apierrors.IsServiceUnavailable,
	} {
		d.Refuse("^GET /api/v1/namespaces$", status)
		if err := once(t, c); !is(err) {
			t.Errorf("%d: %v", status, err)
		}
		if _, err := c.CoreV1().Pods("default").List(t.Context(), metav1.ListOptions{}); err != nil {
			t.Errorf("%d: another path: %v", status, err)
		}
		d.Heal()
		if err := once(t, c); err != nil {
			t.Errorf("after %d: %v", status, err)
		}
	}
	if n := d.Count("/api/v1/namespaces$"); n != 10 {
		t.Error(n)
	}
	if err := once(t, client(t, d.Viewer())); !apierrors.IsForbidden(err) {
		t.Error(err)
	}
}

func TestDoorShutsAndSlows(t *testing.T) {
	t.Parallel()
	d := clustertest.Shared(t).Door(t)
	c := client(t, d.Kubeconfig())
	d.Slow(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		d.Await("/version", 1)
		cancel()
	}()
	if err := c.RESTClient().Get().AbsPath("/version").Do(ctx).Error(); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	d.Heal()
	d.Shut()
	anew(t, c, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) })
	d.Open()
	anew(t, c, func(err error) bool { return err == nil })
}

func TestDoorCutsWatches(t *testing.T) {
	t.Parallel()
	d := clustertest.Shared(t).Door(t)
	c := client(t, d.Kubeconfig())
	watched, err := c.CoreV1().Namespaces().Watch(t.Context(), metav1.ListOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer watched.Stop()
	<-watched.ResultChan()
	if n := d.Underway("watch=true"); n != 1 {
		t.Error(n)
	}
	d.Cut("watch=true")
	late := time.After(10 * time.Second)
	for open := true; open; {
		select {
		case _, open = <-watched.ResultChan():
		case <-late:
			t.Fatal("it lasts")
		}
	}
	if err := once(t, c); err != nil {
		t.Fatal(err)
	}
}

func TestDoorChangesItsAuthority(t *testing.T) {
	t.Parallel()
	d := clustertest.Shared(t).Door(t)
	before := d.Kubeconfig()
	c := client(t, before)
	if err := once(t, c); err != nil {
		t.Fatal(err)
	}
	d.Reissue()
	anew(t, c, func(err error) bool {
		_, unknown := errors.AsType[x509.UnknownAuthorityError](err)
		return unknown
	})
	if err := once(t, client(t, d.Kubeconfig())); err != nil || before == d.Kubeconfig() {
		t.Fatal(err)
	}
}

func TestPlainDoor(t *testing.T) {
	t.Parallel()
	d := clustertest.Shared(t).PlainDoor(t)
	c := client(t, d.Kubeconfig()) // it keeps the token to itself
	if err := once(t, c); err == nil || !strings.Contains(err.Error(), "system:anonymous") {
		t.Fatal(err)
	}
	if _, err := c.Discovery().ServerVersion(); err != nil {
		t.Fatal(err)
	}
}
