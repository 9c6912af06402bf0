package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
)

const (
	pageSize    = 500             // objects a page of a first list
	askAgain    = 2 * time.Minute // after the credential was refused a kind
	protobuf    = "application/vnd.kubernetes.protobuf"
	anyEncoding = protobuf + ",application/json"
	shortWatch  = 4 * time.Minute // API servers end a watch after five to ten minutes; what ends sooner was cut
	maxEvents   = 5000            // of Kubernetes' own events that are kept, the newest
)

// A parcel carries a compact object through a reflector of client-go, which asks
// for the version and the name of what it carries and for nothing else.
type parcel struct {
	metav1.TypeMeta
	metav1.ObjectMeta
	object *Object
}

// DeepCopyObject implements runtime.Object.
func (p *parcel) DeepCopyObject() runtime.Object { c := *p; return &c }

// parcels is a list of them.
type parcels struct {
	metav1.TypeMeta
	metav1.ListMeta
	Items []runtime.Object
}

// DeepCopyObject implements runtime.Object.
func (p *parcels) DeepCopyObject() runtime.Object { c := *p; return &c }

// A follower keeps one table up to date. It is what a reflector lists and
// watches with, and where the reflector puts what it gets.
type follower struct {
	member *member
	table  *table
	from   source
	read   func(runtime.Object) *Object
	again  time.Time // not to be listed before
	opened time.Time // when it was watched last
}

// A source lists and watches the objects of one kind.
type source interface {
	list(ctx context.Context, o metav1.ListOptions) (runtime.Object, error)
	watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error)
}

// typed is the source of kinds that are read whole.
type typed struct {
	client *rest.RESTClient
	kind   Kind
	empty  func() runtime.Object // a list to decode into
}

func (s typed) list(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	into := s.empty()
	err := s.client.Get().AbsPath(s.kind.path("", "")...).VersionedParams(&o, parameters).Do(ctx).Into(into)
	return into, err
}

func (s typed) watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	o.Watch = true
	return s.client.Get().AbsPath(s.kind.path("", "")...).VersionedParams(&o, parameters).Watch(ctx)
}

// named is the source of all other kinds: their metadata.
type named struct{ client metadata.Getter }

func (s named) list(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	return s.client.List(ctx, o)
}

func (s named) watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	return s.client.Watch(ctx, o)
}

// sourceOf returns where the objects of a kind come from, and how they are read.
func (l *link) sourceOf(k Kind) (source, func(runtime.Object) *Object, error) {
	c := rest.CopyConfig(l.config)
	c.ContentType, c.AcceptContentTypes = protobuf, anyEncoding
	if r, ok := readers[k.Name]; ok && types.Recognizes(k.GVK()) {
		gv := k.GVK().GroupVersion()
		c.GroupVersion, c.NegotiatedSerializer = &gv, codecs.WithoutConversion()
		client, err := rest.UnversionedRESTClientForConfigAndClient(c, l.http)
		empty := func() runtime.Object {
			list, err := types.New(gv.WithKind(k.Kind + "List"))
			if err != nil {
				panic(fmt.Sprintf("a list of %s: %v", k.Kind, err)) // every type in the scheme has one
			}
			return list
		}
		return typed{client, k, empty}, r, err
	}
	client, err := metadata.NewForConfigAndClient(metadata.ConfigFor(l.config), l.http)
	if err != nil {
		return nil, nil, err
	}
	return named{client.Resource(k.GVR())}, readMetadata, nil
}

// follow keeps a table up to date until ctx ends.
func (f *follower) follow(ctx context.Context) {
	var silent klog.Logger // what fails is heard where it is asked for, and shown
	r := cache.NewReflectorWithOptions(f, nil, f, cache.ReflectorOptions{
		Logger: &silent, Name: f.table.kind.Name, TypeDescription: f.table.kind.Kind, Backoff: &wait.Backoff{
			Duration: backOff, Factor: 2, Jitter: 1, Steps: 6, Cap: backOffMax,
		},
	})
	r.RunWithContext(klog.NewContext(ctx, silent))
}

// IsWatchListSemanticsUnSupported tells client-go to list some kinds page by
// page: of events the newest are kept only, and streaming would hold them all.
func (f *follower) IsWatchListSemanticsUnSupported() bool { return f.table.cap > 0 }

// ListWithContext implements cache.ListerWatcherWithContext: page by page, each
// made compact before the next is asked for.
func (f *follower) ListWithContext(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	if err := f.await(ctx); err != nil {
		return nil, err
	}
	all := &parcels{}
	o.ResourceVersion, o.ResourceVersionMatch, o.Limit, o.Continue = "", "", pageSize, ""
	for {
		list, err := f.from.list(ctx, o)
		if apierrors.IsResourceExpired(err) && o.Continue != "" { // it took so long that its pages are gone
			o.Limit, o.Continue, all.Items = 0, "", nil
			continue
		}
		if err != nil {
			return nil, f.failed(ctx, err)
		}
		err = meta.EachListItem(list, func(v runtime.Object) error {
			all.Items = append(all.Items, f.wrap(v))
			return nil
		})
		m, err2 := meta.ListAccessor(list)
		if err := errors.Join(err, err2); err != nil {
			return nil, err
		}
		if f.table.cap > 0 && len(all.Items) > 2*f.table.cap {
			all.Items = keepNewest(all.Items, f.table.cap)
		}
		if o.Continue = m.GetContinue(); o.Continue == "" {
			all.ResourceVersion = m.GetResourceVersion()
			return all, nil
		}
	}
}

// List implements cache.ListerWatcher, which client-go asks for by type only.
func (f *follower) List(metav1.ListOptions) (runtime.Object, error) { return nil, errNoContextGiven }

// Watch implements cache.ListerWatcher, which client-go asks for by type only.
func (f *follower) Watch(metav1.ListOptions) (watch.Interface, error) { return nil, errNoContextGiven }

var errNoContextGiven = errors.New("called without a context")

// WatchWithContext implements cache.ListerWatcherWithContext.
func (f *follower) WatchWithContext(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	if err := f.await(ctx); err != nil {
		return nil, err
	}
	if !f.opened.IsZero() && time.Since(f.opened) < shortWatch {
		f.member.doubt()
	}
	f.opened = time.Now()
	w, err := f.from.watch(ctx, o)
	if err != nil {
		return nil, f.failed(ctx, err)
	}
	if o.SendInitialEvents == nil {
		f.member.heard(f.table, tableSynced, "")
	}
	return watch.Filter(w, func(e watch.Event) (watch.Event, bool) {
		if e.Type == watch.Error {
			return e, true
		}
		e.Object = f.wrap(e.Object)
		return e, true
	}), nil
}

// await waits while the cluster does not answer, or has refused the kind just now.
func (f *follower) await(ctx context.Context) error {
	if err := f.member.reachable(ctx); err != nil {
		return err
	}
	left := time.Until(f.again)
	if left <= 0 {
		return nil
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// failed takes in why the kind cannot be listed or watched.
func (f *follower) failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return err
	}
	switch {
	case apierrors.IsForbidden(err):
		f.again = time.Now().Add(askAgain)
		f.member.heard(f.table, tableForbidden, "The credential may not list and watch them.")
	case apierrors.IsNotFound(err), apierrors.IsMethodNotSupported(err):
		f.again = time.Now().Add(askAgain)
		f.member.heard(f.table, tableFailed, "The cluster does not serve them any more.")
		f.member.relearn()
	case apierrors.IsUnauthorized(err):
		f.member.heard(f.table, tableSyncing, ErrUnauthorized.Msg)
		f.member.doubt()
	case apierrors.IsResourceExpired(err), apierrors.IsGone(err): // listed anew at once
	default:
		f.member.heard(f.table, tableSyncing, message(err))
		f.member.doubt()
	}
	return err
}

// wrap makes an object compact. What is no object goes on as it is.
func (f *follower) wrap(v runtime.Object) runtime.Object {
	m, err := meta.Accessor(v)
	if err != nil {
		return v
	}
	p := &parcel{ObjectMeta: metav1.ObjectMeta{Name: m.GetName(), Namespace: m.GetNamespace(), ResourceVersion: m.GetResourceVersion()}}
	if m.GetName() == "" { // a bookmark: its annotation ends the first list
		p.Annotations = m.GetAnnotations()
		return p
	}
	p.object = f.read(v)
	if p.object.Owner != nil {
		p.object.Owner.Kind = f.member.kindNamed(p.object.Owner.Kind)
	}
	p.Name, p.Namespace = p.object.Name, p.object.Namespace
	return p
}

// Add implements cache.ReflectorStore.
func (f *follower) Add(v any) error { return f.Update(v) }

// Update implements cache.ReflectorStore.
func (f *follower) Update(v any) error {
	if p, ok := v.(*parcel); ok && p.object != nil {
		f.member.reached(p.ResourceVersion)
		f.table.put(p.object)
	}
	return nil
}

// Delete implements cache.ReflectorStore.
func (f *follower) Delete(v any) error {
	if p, ok := v.(*parcel); ok && p.object != nil {
		f.table.drop(p.object.key())
	}
	return nil
}

// Replace implements cache.ReflectorStore: the first list, and every one after a
// watch was too old.
func (f *follower) Replace(all []any, version string) error {
	f.member.reached(version)
	objects := make([]*Object, 0, len(all))
	for _, v := range all {
		if p, ok := v.(*parcel); ok && p.object != nil {
			objects = append(objects, p.object)
		}
	}
	f.table.replace(objects)
	f.member.heard(f.table, tableSynced, "")
	return nil
}

// Resync implements cache.ReflectorStore; nothing is queued here.
func (f *follower) Resync() error { return nil }

func keepNewest(items []runtime.Object, n int) []runtime.Object {
	objects := make([]*Object, 0, len(items))
	at := make(map[*Object]runtime.Object, len(items))
	for _, v := range items {
		if p, ok := v.(*parcel); ok && p.object != nil {
			objects = append(objects, p.object)
			at[p.object] = p
		}
	}
	kept := make([]runtime.Object, 0, n)
	for _, o := range newest(objects, n) {
		kept = append(kept, at[o])
	}
	return kept
}
