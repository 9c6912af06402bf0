package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// journal is the log of a container. When each line was written follows from
// its number, so that nothing is kept, and a reader knows what it has missed.
type journal struct {
	words   string
	text    string
	size    int
	past    int64         // lines from before start
	start   time.Time     // of the container
	step    time.Duration // from one line to the next
	growing bool
}

// journalOf returns the log of a container, of the one before if previous.
func journalOf(p *corev1.Pod, container string, previous bool) (journal, error) {
	j := journal{words: fmt.Sprintf("%s/%s[%s] line", p.Namespace, p.Name, container), text: p.Annotations[annText], size: int(number(p, annSize, 0)), step: time.Second}
	all := slices.Concat(p.Status.ContainerStatuses, p.Status.InitContainerStatuses)
	i := slices.IndexFunc(all, func(c corev1.ContainerStatus) bool { return c.Name == container })
	if i < 0 {
		return j, fmt.Errorf("container %q in pod %q is not available", container, p.Name)
	}
	j.past = int64(number(p, annPast, 10))
	status := all[i]
	last := status.LastTerminationState.Terminated
	switch now := status.State; {
	case previous && last == nil:
		return j, fmt.Errorf("previous terminated container %q in pod %q not found", container, p.Name)
	case previous:
		j.words = strings.Replace(j.words, "] line", "] previous line", 1)
		j.past, j.start = int64(number(p, annPrevious, 10)), last.FinishedAt.Time
	case now.Running != nil:
		j.start = now.Running.StartedAt.Time
		if rate := number(p, annRate, 1); rate > 0 {
			j.growing, j.step = true, time.Duration(float64(time.Second)/rate)
		}
	case now.Terminated != nil:
		j.start = now.Terminated.StartedAt.Time
	case last != nil:
		j.start = last.StartedAt.Time
	default:
		return j, fmt.Errorf("container %q in pod %q is waiting to start: %s", container, p.Name, isWaiting(p))
	}
	return j, nil
}

// at returns when a line was written.
func (j journal) at(n int64) time.Time { return j.start.Add(time.Duration(n-j.past) * j.step) }

// count returns how many lines there are.
func (j journal) count(now time.Time) int64 {
	if !j.growing || now.Before(j.start) {
		return j.past
	}
	return j.past + int64(now.Sub(j.start)/j.step) + 1
}

// first returns the first line that a reader wants.
func (j journal) first(o *corev1.PodLogOptions, now time.Time) int64 {
	var n int64
	since := time.Time{}
	if o.SinceTime != nil {
		since = o.SinceTime.Time
	} else if o.SinceSeconds != nil {
		since = now.Add(-time.Duration(*o.SinceSeconds) * time.Second)
	}
	if !since.IsZero() {
		n = max(0, j.past+int64(math.Ceil(float64(since.Sub(j.start))/float64(j.step))))
	}
	if o.TailLines != nil {
		n = max(n, j.count(now)-*o.TailLines)
	}
	return n
}

// write writes lines from one to before another.
func (j journal) write(w io.Writer, from, to int64, timestamps bool) error {
	for n := from; n < to; n++ {
		stamp := ""
		if timestamps {
			stamp = j.at(n).UTC().Format("2006-01-02T15:04:05.000000000Z07:00 ")
		}
		line := fmt.Sprintf("%s %d", j.words, n)
		if j.text != "" {
			line += " " + j.text
		}
		if more := j.size - len(line); more > 1 {
			line += " " + strings.Repeat("x", more-1)
		}
		if _, err := io.WriteString(w, stamp+line+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// wanted returns the options of a request. The API server has seen to it that they are valid.
func wanted(r *http.Request) corev1.PodLogOptions {
	number := func(name string) *int64 {
		if n, err := strconv.ParseInt(r.FormValue(name), 10, 64); err == nil {
			return &n
		}
		return nil
	}
	o := corev1.PodLogOptions{
		Follow: r.FormValue("follow") == "true", Previous: r.FormValue("previous") == "true", Timestamps: r.FormValue("timestamps") == "true",
		SinceSeconds: number("sinceSeconds"), TailLines: number("tailLines"), LimitBytes: number("limitBytes"),
	}
	if at, err := time.Parse(time.RFC3339Nano, r.FormValue("sinceTime")); err == nil {
		o.SinceTime = &metav1.Time{Time: at}
	}
	return o
}

// logs answers with the log of a container, as a kubelet does.
func (s *sim) logs(w http.ResponseWriter, r *http.Request) {
	o := wanted(r)
	p := find[corev1.Pod](s.pods, key(r))
	if p == nil {
		http.Error(w, fmt.Sprintf("pod %q does not exist", r.PathValue("pod")), http.StatusNotFound)
		return
	}
	j, err := journalOf(p, r.PathValue("container"), o.Previous)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.follow(w, r, p, j, o)
}

// follow writes what is there, and, if asked to, what comes until the container ends.
func (s *sim) follow(w http.ResponseWriter, r *http.Request, p *corev1.Pod, j journal, o corev1.PodLogOptions) {
	out := &limited{w: w, left: math.MaxInt64}
	if o.LimitBytes != nil {
		out.left = *o.LimitBytes
	}
	buf := bufio.NewWriterSize(out, 64<<10)
	flush := http.NewResponseController(w)
	next := j.first(&o, time.Now())
	for {
		upTo := j.count(time.Now())
		err := j.write(buf, next, upTo, o.Timestamps)
		if err = errors.Join(err, buf.Flush()); err != nil || flush.Flush() != nil || !o.Follow || !j.growing {
			return
		}
		next = max(next, upTo)
		wait := time.NewTimer(max(time.Until(j.at(next)), 50*time.Millisecond))
		select {
		case <-wait.C:
		case <-r.Context().Done():
			wait.Stop()
			return
		}
		if now := find[corev1.Pod](s.pods, key(r)); now == nil || now.UID != p.UID || now.Status.Phase != corev1.PodRunning {
			_ = j.write(buf, next, j.count(time.Now()), o.Timestamps)
			_ = buf.Flush()
			return
		}
	}
}

// limited passes so many bytes on, and then says that it is at its end.
type limited struct {
	w    io.Writer
	left int64
}

func (l *limited) Write(b []byte) (int, error) {
	fits := min(int64(len(b)), l.left)
	n, err := l.w.Write(b[:fits])
	l.left -= int64(n)
	if err == nil && n < len(b) {
		err = io.EOF
	}
	return n, err
}
