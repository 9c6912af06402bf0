package cluster

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	maxTargets = 20
	maxSources = 200 // containers that one reader may follow
	maxTail    = 10000
	batchEvery = 50 * time.Millisecond
	firstWait  = time.Second // for the others, so that what was said before now comes in order
)

// The faults of asking for logs.
var (
	errTargets   = fault.New(fault.Invalid, "logs.target", "Say whose logs you want as cluster|kind|namespace|name, for at most 20 objects.")
	errNoPods    = fault.New(fault.Invalid, "logs.no_pods", "Objects of this kind have no pods of their own. Choose a pod or a workload.")
	errContainer = fault.New(fault.NotFound, "logs.no_container", "No container has that name. Choose another one, or all.")
	errMany      = fault.New(fault.Limited, "logs.too_many", "There are more than 200 containers. Only these are shown; choose fewer objects, or one container.")
)

// A LogTarget is whose logs are wanted: a pod, or what has pods.
type LogTarget struct {
	Cluster string
	Ref
}

// ParseLogTarget reads cluster|kind|namespace|name.
func ParseLogTarget(text string) (LogTarget, error) {
	p := strings.Split(text, "|")
	if len(p) != 4 || slices.Contains(p, "") {
		return LogTarget{}, errTargets
	}
	return LogTarget{p[0], Ref{Kind: p[1], Namespace: p[2], Name: p[3]}}, nil
}

// A LogQuery says which lines of whom are wanted.
type LogQuery struct {
	Of         []LogTarget
	Container  string        // empty: all, those that begin and those that were added included
	Follow     bool          // and go on; pods that come join, those that end leave
	Previous   bool          // of the container before the last restart
	Since      time.Duration // zero: as long as there is anything
	Tail       int           // lines of each container before now; negative: all
	Timestamps bool          // in a download; a reader has them always
}

// A LogLine is what a container said.
type LogLine struct {
	Source int       `json:"s" doc:"The index of a source"`
	At     time.Time `json:"t"`
	Text   string    `json:"m"`
	Cut    bool      `json:"cut,omitempty" doc:"It was longer than 256 kB"`
}

// A LogSource is a container whose lines are read, or what could not be asked for
// its pods. It is said again when its state changes.
type LogSource struct {
	Index     int    `json:"s"`
	Cluster   string `json:"cluster"`
	Kind      string `json:"kind" doc:"pods, or the kind of what could not be read"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Container string `json:"container,omitempty"`
	State     string `json:"state" enum:"open,waiting,broken,ended,failed" doc:"broken: it is tried again from where it broke"`
	Code      string `json:"code,omitempty"`
	Reason    string `json:"reason,omitempty" doc:"Why it has no lines, as a sentence"`
}

// The states of a source.
const (
	logOpen    = "open"
	logWaiting = "waiting"
	logBroken  = "broken"
	logEnded   = "ended"
	logFailed  = "failed"
)

// A LogBatch is what came since the one before.
type LogBatch struct {
	Sources []LogSource `json:"sources,omitempty" doc:"New ones, and those whose state changed"`
	Lines   []LogLine   `json:"lines,omitempty" doc:"By time, as far as they came together"`
	Dropped int         `json:"dropped,omitempty" doc:"Lines that were not read fast enough, from before these"`
	Ended   bool        `json:"ended,omitempty" doc:"Nothing more comes"`
}

// Logs reads what containers say. Make one with Service.Logs.
type Logs struct {
	service *Service
	tenant  store.Tenant
	query   LogQuery
	backlog *backlog
	awaited sync.WaitGroup // targets and their first sources, until each has answered

	mu      sync.Mutex
	said    []LogSource // states that were not sent yet
	indexes int
	known   map[string]*voice // by cluster, pod and container
	full    bool
}

// Logs prepares to read logs. What cannot be read of it is said while it runs.
func (s *Service) Logs(ctx context.Context, t store.Tenant, q LogQuery) (*Logs, error) {
	if len(q.Of) == 0 || len(q.Of) > maxTargets {
		return nil, errTargets
	}
	for _, of := range q.Of {
		if _, err := t.Cluster(ctx, of.Cluster); err != nil {
			return nil, err
		}
	}
	q.Tail, q.Follow = min(q.Tail, maxTail), q.Follow && !q.Previous // what ended goes on no more
	return &Logs{service: s, tenant: t, query: q, backlog: newBacklog(), known: map[string]*voice{}}, nil
}

// Run reads until everything has ended, send fails or ctx ends, and waits for all
// that it began.
func (l *Logs) Run(ctx context.Context, send func(LogBatch) error) error {
	ctx, end := context.WithCancel(ctx)
	var work sync.WaitGroup
	settled, ended := make(chan struct{}), make(chan struct{})
	l.awaited.Add(len(l.query.Of))
	work.Go(func() {
		l.awaited.Wait()
		close(settled)
	})
	work.Go(func() {
		l.collect(ctx)
		close(ended)
	})
	err := l.deliver(ctx, send, settled, ended)
	end()
	work.Wait()
	return err
}

// collect reads every target until none has more.
func (l *Logs) collect(ctx context.Context) {
	of := map[string][]LogTarget{}
	for _, target := range l.query.Of {
		of[target.Cluster] = append(of[target.Cluster], target)
	}
	var clusters sync.WaitGroup
	for id, targets := range of {
		clusters.Go(func() { l.collectOf(ctx, id, targets) })
	}
	clusters.Wait()
}

// collectOf reads the targets in one cluster, over a connection of its own.
func (l *Logs) collectOf(ctx context.Context, id string, targets []LogTarget) {
	link, err := l.service.link(ctx, l.tenant, id)
	var client *rest.RESTClient
	if err == nil {
		var done func()
		if client, done, err = link.apart(); err == nil {
			defer done()
		}
	}
	var all sync.WaitGroup
	for _, target := range targets {
		if err != nil {
			l.fail(target, err)
			l.awaited.Done()
			continue
		}
		all.Go(func() { (&crew{logs: l, link: link, client: client, target: target}).run(ctx) })
	}
	all.Wait()
}

// deliver sends what came, at most every 50 ms as long as nobody is behind.
func (l *Logs) deliver(ctx context.Context, send func(LogBatch) error, settled, ended <-chan struct{}) error { //nolint:cyclop // what it waits for, in order
	first := time.NewTimer(firstWait)
	defer first.Stop()
	select {
	case <-settled:
	case <-first.C:
	case <-ctx.Done():
		return ctx.Err()
	}
	pause := time.NewTimer(batchEvery)
	defer pause.Stop()
	for over := false; ; {
		select {
		case <-pause.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		for more := true; more; {
			var batch LogBatch
			if batch, more = l.batch(); over && !more {
				batch.Ended = true
			} else if batch.empty() {
				break
			}
			if err := send(batch); err != nil {
				return err
			}
		}
		if over {
			return nil
		}
		select {
		case <-l.backlog.news:
		case <-ended:
			over = true
		case <-ctx.Done():
			return ctx.Err()
		}
		pause.Reset(batchEvery)
	}
}

func (b LogBatch) empty() bool { return len(b.Sources) == 0 && len(b.Lines) == 0 && b.Dropped == 0 }

// batch takes what came. States of sources are taken after the lines, so that an
// end never comes before the last line, and are sent before them, so that no line
// comes before its source.
func (l *Logs) batch() (b LogBatch, more bool) {
	b.Lines, b.Dropped, more = l.backlog.take()
	slices.SortStableFunc(b.Lines, func(x, y LogLine) int { return x.At.Compare(y.At) })
	l.mu.Lock()
	b.Sources, l.said = l.said, nil
	l.mu.Unlock()
	return b, more
}

// say tells the reader of a source's state.
func (l *Logs) say(v LogSource) {
	l.mu.Lock()
	l.said = append(l.said, v)
	l.mu.Unlock()
	l.backlog.wake()
}

// fail says that a target, or one of its pods, cannot be read.
func (l *Logs) fail(of LogTarget, err error) {
	f := fault.From(err)
	l.mu.Lock()
	v := LogSource{
		Index: l.indexes, Cluster: of.Cluster, Kind: of.Kind, Namespace: of.Namespace, Name: of.Name,
		State: logFailed, Code: f.Code, Reason: f.Msg,
	}
	l.indexes++
	l.mu.Unlock()
	l.say(v)
}
