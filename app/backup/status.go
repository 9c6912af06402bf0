package backup

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/superfly/ltx"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	tellEvery  = 15 * time.Second
	lagLimit   = time.Minute        // a replica that is further behind is a fault
	drillGrace = 2 * 24 * time.Hour // a drill may be late for so long: the box was off
)

// The states of a replica.
const (
	Off       = "off"
	Beginning = "beginning" // its first copy is under way
	Following = "following"
	Failing   = "failing"
)

// state is what is known of the replica, by trying.
type state struct {
	mu  sync.Mutex
	now func() time.Time
	known
}

// known is what a state holds of one replica.
type known struct {
	is       string
	url      string
	instance string
	position uint64
	proved   time.Time // everything committed until then is in the replica
	began    time.Time // of this state
	told     time.Time // when open pages heard of it last
	err      error
	since    time.Time // of err
	failures int
}

func (s *state) off() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.known = known{is: Off}
}

func (s *state) begin(p plan) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.is != Following && s.is != Failing {
		s.is, s.began = Beginning, s.now()
	}
	s.url, s.instance = p.config.Clean().URL, p.row.Instance
}

// synced notes that everything committed before at is in the replica. Again: it
// was not following before; tell: open pages have not heard of it for a while.
func (s *state) synced(at time.Time, position uint64) (again, tell bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	again = s.is != Following
	if again {
		s.began = at
	}
	if tell = again || at.Sub(s.told).Abs() >= tellEvery; tell {
		s.told = at
	}
	s.is, s.proved, s.position, s.err, s.failures = Following, at, position, nil, 0
	return again, tell
}

// fail notes what went wrong; true: it is another fault than before.
func (s *state) fail(err error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := s.err == nil || fault.From(s.err).Code != fault.From(err).Code
	if fresh {
		s.since = s.now()
	}
	if s.is != Failing {
		s.is, s.began = Failing, s.now()
	}
	s.err = err
	s.failures++
	return fresh
}

func (s *state) last() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// pause returns how long to wait before the next try.
func (s *state) pause() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return min(retryLast, retryFirst<<min(s.failures, 5))
}

// A Status says how the replica is.
type Status struct {
	State    string     `json:"state" enum:"off,beginning,following,failing"`
	Since    *time.Time `json:"since" nullable:"true" doc:"Since when it is in that state"`
	URL      string     `json:"url" doc:"Where the replica is"`
	Fixed    bool       `json:"fixed" doc:"The command line names it"`
	Instance string     `json:"instance" doc:"The directory in it that this appliance writes to"`
	Local    string     `json:"local_position" doc:"The newest transaction copied from the log"`
	Remote   string     `json:"remote_position" doc:"The newest transaction that the replica holds"`
	Synced   *time.Time `json:"synced_at" nullable:"true" doc:"Everything committed until then is in the replica"`
	Lag      float64    `json:"lag_seconds" doc:"How long ago that is"`
	Code     string     `json:"code,omitempty" doc:"What is wrong, for programs"`
	Error    string     `json:"error,omitempty" doc:"What is wrong, and what to do"`
	Failed   *time.Time `json:"failing_since" nullable:"true"`
}

// Status returns how the replica is, without asking it.
func (s *Service) Status() Status {
	v := s.state.status()
	v.Fixed = s.Fixed != nil
	s.mu.Lock()
	f := s.follower
	s.mu.Unlock()
	if f != nil {
		if pos, err := f.db.Pos(); err == nil {
			v.Local = pos.TXID.String()
		}
		v.Remote = f.db.Replica.Pos().TXID.String()
	}
	return v
}

func (s *state) status() Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := Status{State: s.is, URL: s.url, Instance: s.instance, Remote: ltx.TXID(s.position).String(), Local: ltx.TXID(s.position).String()}
	if v.State == "" {
		v.State = Off
	}
	if !s.began.IsZero() {
		began := s.began
		v.Since = &began
	}
	if !s.proved.IsZero() {
		at := s.proved.UTC()
		v.Synced, v.Lag = &at, max(0, s.now().Sub(s.proved).Seconds())
	}
	if s.err != nil {
		f, since := fault.From(s.err), s.since
		v.Code, v.Error, v.Failed = f.Code, f.Msg, &since
		if f.Kind == fault.Internal {
			v.Error = "Something unexpected went wrong with the replica; the log has the cause. It is tried again."
		}
	}
	return v
}

// Unwell returns what is wrong with the replica and its drills, each in a sentence
// that names no place: tenants read it, too.
func (s *Service) Unwell(ctx context.Context) []string {
	var all []string
	v := s.Status()
	switch behind := time.Duration(v.Lag * float64(time.Second)); {
	case v.State == Failing && v.Failed != nil && s.Now().Sub(*v.Failed) > lagLimit/6:
		all = append(all, "replica: it does not follow ("+v.Code+"); the backup page says what to do")
	case v.State == Following && behind > lagLimit:
		all = append(all, "replica: it is more than a minute behind")
	}
	row, err := s.Store.System().Backup(ctx)
	if err != nil {
		return all
	}
	if row.Held != nil {
		all = append(all, "restored: alerts and schedules are held since the restore; release them when everything is as it should be")
	}
	if v.State == Off {
		return all
	}
	if why := s.drillUnwell(ctx, row); why != "" {
		all = append(all, "drill: "+why)
	}
	return all
}

// drillUnwell says in a sentence what is wrong with the drills.
func (s *Service) drillUnwell(ctx context.Context, row store.Backup) string {
	last, passed, err := s.Store.System().LastDrills(ctx)
	if err != nil || row.DrillDays == 0 {
		return ""
	}
	if last != nil && !last.Passed {
		return "the last restore for trial failed (" + last.Code + "); the backup page says what to do"
	}
	due := time.Duration(row.DrillDays)*day + drillGrace
	if passed != nil && s.Now().Sub(passed.At) > due {
		return "no restore for trial succeeded for " + strconv.Itoa(int(s.Now().Sub(passed.At)/day)) + " days"
	}
	return ""
}
