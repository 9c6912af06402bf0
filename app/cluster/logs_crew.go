package cluster

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	apitypes "k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/rest"
	"unity.internal/app/fault"
)

const (
	kindPods     = "pods"
	kindJobs     = "jobs.batch"
	kindCronJobs = "cronjobs.batch"
	backoffFirst = time.Second
	backoffLast  = 15 * time.Second
)

// pods are the core kind; every cluster has it.
var podKind = Kind{Name: kindPods, Version: "v1", Resource: kindPods, Kind: "Pod", Namespaced: true}

// A crew reads the pods of one target: those that are there and, if it follows,
// those that come.
type crew struct {
	logs    *Logs
	link    *link
	client  *rest.RESTClient
	target  LogTarget
	sources sync.WaitGroup
	jobs    map[apitypes.UID]bool // whether a job is one of the cron job's
	mine    map[apitypes.UID][]*voice
	begun   bool // it has, or had, something to read
	settled bool // its first pods are known
}

// A selection says which pods of a namespace are a target's.
type selection struct {
	labels, fields string
	owner          apitypes.UID // the cron job, whose jobs have the pods
}

// run reads until none has more, or ctx ends.
func (c *crew) run(ctx context.Context) {
	c.jobs, c.mine = map[apitypes.UID]bool{}, map[apitypes.UID][]*voice{}
	defer c.sources.Wait()
	defer c.settle()
	var which *selection
	for pause := backoffFirst; ; pause = min(2*pause, backoffLast) {
		var err error
		if which == nil {
			which, err = c.selection(ctx)
		}
		var version string
		if err == nil {
			version, err = c.list(ctx, which)
		}
		c.settle()
		if err == nil && c.logs.query.Follow {
			pause = backoffFirst
			err = c.watch(ctx, which, version)
		}
		if ctx.Err() != nil || c.over(err) || !linger(ctx, pause, nil) {
			return
		}
	}
}

// settle says that the pods which are there are known.
func (c *crew) settle() {
	if !c.settled {
		c.settled = true
		c.logs.awaited.Done()
	}
}

// over reports whether nothing more is to be found out of which pods there are,
// and says so if that is because of err.
func (c *crew) over(err error) bool {
	if err == nil {
		return !c.logs.query.Follow
	}
	f := fault.From(reason(err))
	if c.logs.query.Follow && f.Kind == fault.Unavailable {
		return false
	}
	if !c.begun || !errors.Is(f, ErrGone) { // else each source says that it ended
		c.logs.fail(c.target, f)
	}
	return true
}

// linger waits for a while, or until wake. It returns false when ctx ended.
func linger(ctx context.Context, d time.Duration, wake <-chan struct{}) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-wake:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// selection reads from the live object which pods are its own.
func (c *crew) selection(ctx context.Context) (*selection, error) {
	if c.target.Kind == kindPods {
		return &selection{fields: fields.OneTermEqualSelector("metadata.name", c.target.Name).String()}, nil
	}
	kind, err := c.link.kind(ctx, c.target.Kind)
	if err != nil {
		return nil, err
	}
	text, err := c.link.get(kind, c.target.Namespace, c.target.Name).Do(ctx).Raw()
	if err != nil {
		return nil, reason(err)
	}
	var object struct {
		Metadata struct {
			UID apitypes.UID `json:"uid"`
		} `json:"metadata"`
		Spec struct {
			Selector json.RawMessage `json:"selector"`
		} `json:"spec"`
	}
	if err := json.Unmarshal(text, &object); err != nil {
		return nil, errNoPods.Because(err)
	}
	if c.target.Kind == kindCronJobs {
		return &selection{labels: "job-name", owner: object.Metadata.UID}, nil
	}
	found, err := podSelector(object.Spec.Selector)
	if err != nil || found.Empty() {
		return nil, errNoPods.Because(err)
	}
	return &selection{labels: found.String()}, nil
}

// podSelector reads what workloads have, and the plain map of services.
func podSelector(text json.RawMessage) (labels.Selector, error) {
	var plain map[string]string
	if json.Unmarshal(text, &plain) == nil {
		return labels.ValidatedSelectorFromSet(plain)
	}
	var full metav1.LabelSelector
	if err := json.Unmarshal(text, &full); err != nil {
		return nil, err
	}
	return metav1.LabelSelectorAsSelector(&full)
}

// ask begins a request for the pods of a selection.
func (c *crew) ask(which *selection) *rest.Request {
	r := c.client.Get().AbsPath(podKind.path(c.target.Namespace, "")...)
	if which.labels != "" {
		r.Param("labelSelector", which.labels)
	}
	if which.fields != "" {
		r.Param("fieldSelector", which.fields)
	}
	return r
}

// list takes the pods that are there.
func (c *crew) list(ctx context.Context, which *selection) (version string, err error) {
	var pods corev1.PodList
	if err := c.ask(which).Do(ctx).Into(&pods); err != nil {
		return "", err
	}
	if c.target.Kind == kindPods && len(pods.Items) == 0 {
		return "", ErrGone
	}
	slices.SortFunc(pods.Items, func(a, b corev1.Pod) int { return a.CreationTimestamp.Compare(b.CreationTimestamp.Time) })
	there := map[apitypes.UID]bool{}
	for i := range pods.Items {
		there[pods.Items[i].UID] = true
		c.see(ctx, which, &pods.Items[i])
	}
	if !c.begun && len(pods.Items) > 0 && c.logs.query.Container != "" {
		return "", errContainer
	}
	for uid := range c.mine {
		if !there[uid] {
			c.lose(uid)
		}
	}
	return pods.ResourceVersion, nil
}

// watch takes pods that come and change, until the cluster ends it.
func (c *crew) watch(ctx context.Context, which *selection, version string) error {
	w, err := c.ask(which).Param("watch", "true").Param("allowWatchBookmarks", "true").Param("resourceVersion", version).Watch(ctx)
	if err != nil {
		return err
	}
	defer w.Stop()
	for event := range w.ResultChan() {
		pod, ok := event.Object.(*corev1.Pod)
		switch {
		case event.Type == watch.Error:
			err := apierrors.FromObject(event.Object)
			if apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
				return nil // what came since is listed
			}
			return err
		case !ok, event.Type == watch.Bookmark:
		case event.Type == watch.Deleted:
			c.lose(pod.UID)
			if c.target.Kind == kindPods {
				return ErrGone
			}
		default:
			c.see(ctx, which, pod)
		}
	}
	return nil
}

// see begins to read the containers of a pod that are not read yet, and wakes
// those that wait for a change.
func (c *crew) see(ctx context.Context, which *selection, pod *corev1.Pod) {
	if which.owner != "" && !c.ofCronJob(ctx, which.owner, pod) {
		return
	}
	for _, name := range containers(pod, c.logs.query.Container) {
		s, ok := c.logs.claim(c, pod, name)
		if !ok {
			c.logs.fail(c.target, errMany)
		}
		if s == nil {
			continue
		}
		if c.begun = true; !c.settled {
			c.logs.awaited.Add(1)
			s.answered = sync.OnceFunc(c.logs.awaited.Done)
		}
		c.mine[pod.UID] = append(c.mine[pod.UID], s)
		c.sources.Go(func() { s.run(ctx) })
	}
	for _, s := range c.mine[pod.UID] {
		s.finished.Store(finished(pod, s.said.Container))
		s.wake()
	}
}

// lose says that a pod is gone: what is left of its lines is read.
func (c *crew) lose(uid apitypes.UID) {
	for _, s := range c.mine[uid] {
		s.finished.Store(true)
		s.wake()
	}
	delete(c.mine, uid)
}

// ofCronJob reports whether the job that owns a pod is one of a cron job's.
func (c *crew) ofCronJob(ctx context.Context, cron apitypes.UID, pod *corev1.Pod) bool {
	owner := metav1.GetControllerOf(pod)
	if owner == nil || owner.Kind != "Job" {
		return false
	}
	ours, asked := c.jobs[owner.UID]
	if asked {
		return ours
	}
	kind, err := c.link.kind(ctx, kindJobs)
	if err != nil {
		return false
	}
	text, err := c.link.get(kind, pod.Namespace, owner.Name).Do(ctx).Raw()
	var job metav1.PartialObjectMetadata
	if err != nil || json.Unmarshal(text, &job) != nil {
		return false
	}
	by := metav1.GetControllerOf(&job)
	c.jobs[owner.UID] = by != nil && by.UID == cron
	return c.jobs[owner.UID]
}

// containers returns the names of a pod's containers in the order in which they
// run, or the one that is asked for.
func containers(pod *corev1.Pod, only string) (names []string) {
	for _, c := range pod.Spec.InitContainers {
		names = append(names, c.Name)
	}
	for _, c := range pod.Spec.Containers {
		names = append(names, c.Name)
	}
	for _, c := range pod.Spec.EphemeralContainers {
		names = append(names, c.Name)
	}
	if only == "" {
		return names
	}
	return slices.DeleteFunc(names, func(name string) bool { return name != only })
}

// finished reports whether a container of a pod will not run again.
func finished(pod *corev1.Pod, name string) bool {
	if pod.Status.Phase == corev1.PodSucceeded || pod.Status.Phase == corev1.PodFailed {
		return true
	}
	init := slices.ContainsFunc(pod.Status.InitContainerStatuses, func(s corev1.ContainerStatus) bool { return s.Name == name })
	for _, s := range slices.Concat(pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses, pod.Status.EphemeralContainerStatuses) {
		if ended := s.State.Terminated; s.Name == name && ended != nil {
			once := pod.Spec.RestartPolicy == corev1.RestartPolicyNever || slices.ContainsFunc(pod.Spec.EphemeralContainers, func(e corev1.EphemeralContainer) bool { return e.Name == name })
			return once || ended.ExitCode == 0 && (init || pod.Spec.RestartPolicy == corev1.RestartPolicyOnFailure)
		}
	}
	return false
}
