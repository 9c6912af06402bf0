package cluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	apitypes "k8s.io/apimachinery/pkg/types"
	"unity.internal/app/fault"
	"unity.internal/store"
)

// filePiece is how much of a file is read before it is sent, in bytes.
const filePiece = 64 << 10

// A LogFile reads the logs of a query one container after another, as text.
type LogFile struct {
	service *Service
	tenant  store.Tenant
	query   LogQuery
	left    []LogTarget
	sources []fileSource // of the target that is read now
	lines   *lines
	prefix  string
	done    []func() // lets go of what is open
	close   func()
}

// A fileSource is a container whose lines are still to be read.
type fileSource struct {
	crew *crew
	said LogSource
}

// LogFile prepares to read logs to the end of what there is now.
func (s *Service) LogFile(ctx context.Context, t store.Tenant, q LogQuery) (*LogFile, error) {
	q.Follow = false
	l, err := s.Logs(ctx, t, q)
	if err != nil {
		return nil, err
	}
	l.query.Tail = q.Tail // a file may be long
	f := &LogFile{service: s, tenant: t, query: l.query, left: l.query.Of}
	return f, nil
}

// Next writes the next piece to out, and reports whether there are more. What
// cannot be read is said where its lines would stand.
func (f *LogFile) Next(ctx context.Context, out *bytes.Buffer) (more bool, err error) {
	for out.Len() < filePiece {
		switch {
		case f.lines != nil:
			f.line(out)
		case len(f.sources) > 0:
			f.open(ctx, out)
		case len(f.left) > 0:
			f.find(ctx, out)
		default:
			return false, nil
		}
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
	}
	return true, nil
}

// Close lets go of what is open.
func (f *LogFile) Close() error {
	for _, done := range slices.Backward(f.done) {
		done()
	}
	f.done = nil
	return nil
}

// find finds out which containers the next target has.
func (f *LogFile) find(ctx context.Context, out *bytes.Buffer) {
	_ = f.Close() // of the target before
	target := f.left[0]
	f.left = f.left[1:]
	all, err := f.containers(ctx, target)
	if err != nil {
		fmt.Fprintf(out, "# %s: %s\n", target.Ref, fault.From(reason(err)).Msg)
		return
	}
	f.sources = all
}

// containers returns those of a target, and keeps the way to its cluster open.
func (f *LogFile) containers(ctx context.Context, target LogTarget) (all []fileSource, err error) {
	link, err := f.service.link(ctx, f.tenant, target.Cluster)
	if err != nil {
		return nil, err
	}
	client, done, err := link.apart()
	if err != nil {
		return nil, err
	}
	f.done = append(f.done, done)
	c := &crew{link: link, client: client, target: target, jobs: map[apitypes.UID]bool{}}
	which, err := c.selection(ctx)
	if err != nil {
		return nil, err
	}
	var pods corev1.PodList
	if err := c.ask(which).Do(ctx).Into(&pods); err != nil {
		return nil, err
	}
	for i := range pods.Items {
		pod := &pods.Items[i]
		if which.owner != "" && !c.ofCronJob(ctx, which.owner, pod) {
			continue
		}
		for _, name := range containers(pod, f.query.Container) {
			all = append(all, fileSource{c, LogSource{Namespace: pod.Namespace, Name: pod.Name, Container: name}})
		}
	}
	if len(all) == 0 {
		return nil, ErrGone
	}
	return all, nil
}

// open begins to read the next container.
func (f *LogFile) open(ctx context.Context, out *bytes.Buffer) {
	next := f.sources[0]
	f.sources = f.sources[1:]
	f.prefix = "[" + next.said.Name + " " + next.said.Container + "] "
	stream, err := f.query.request(next.crew.client, next.said, time.Time{}).Stream(ctx)
	if err != nil {
		if ctx.Err() == nil {
			fmt.Fprintf(out, "# %s%s\n", f.prefix, fault.From(reason(err)).Msg)
		}
		return
	}
	f.lines = newLines(stream)
	f.close = sync.OnceFunc(func() { _ = stream.Close() }) // only read from
	f.done = append(f.done, f.close)
}

// line writes one line.
func (f *LogFile) line(out *bytes.Buffer) {
	v, err := f.lines.next()
	if err != nil {
		if !errors.Is(err, io.EOF) {
			fmt.Fprintf(out, "# %sThe connection broke here.\n", f.prefix)
		}
		f.close()
		f.lines = nil
		return
	}
	out.WriteString(f.prefix)
	if f.query.Timestamps {
		out.Write(v.At.AppendFormat(nil, time.RFC3339Nano))
		out.WriteByte(' ')
	}
	out.WriteString(v.Text)
	if v.Cut {
		out.WriteString(" … (cut)")
	}
	out.WriteByte('\n')
}
