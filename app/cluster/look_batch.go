package cluster

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// A ScheduleBlock is when a CronJob runs.
type ScheduleBlock struct {
	Cron    string      `json:"cron"`
	Words   string      `json:"words" doc:"The same as a sentence; empty if it is too special"`
	Zone    string      `json:"zone,omitempty" doc:"Of time; the cluster's own if empty"`
	Next    []time.Time `json:"next" nullable:"false"`
	Suspend bool        `json:"suspended"`
}

// A RunLine is one job of a CronJob.
type RunLine struct {
	Ref
	Phase    string     `json:"phase" enum:"running,succeeded,failed,suspended"`
	Started  *time.Time `json:"started_at" nullable:"true"`
	Finished *time.Time `json:"finished_at" nullable:"true"`
	Reason   string     `json:"reason,omitempty"`
}

const (
	nextRuns = 5
	maxRuns  = 20
)

func lookCronJob(ctx context.Context, v *viewer) error {
	c, err := decode[batchv1.CronJob](v.raw)
	if err != nil {
		return err
	}
	b := schedule(c.Spec.Schedule, or(c.Spec.TimeZone, ""), v.now)
	b.Suspend = or(c.Spec.Suspend, false)
	v.out.Schedule = &b
	v.fact("Schedule", strings.TrimSuffix(c.Spec.Schedule+" ("+b.Words+")", " ()"))
	v.fact("Time zone", b.Zone)
	if b.Suspend {
		v.bad("Suspended", "No new jobs are started")
		b.Next = []time.Time{}
	} else if len(b.Next) > 0 {
		v.moment("Next run", b.Next[0])
	}
	v.moment("Last run", or(c.Status.LastScheduleTime, metav1.Time{}).Time)
	v.moment("Last success", or(c.Status.LastSuccessfulTime, metav1.Time{}).Time)
	for _, a := range c.Status.Active {
		v.other("Running", "jobs.batch", a.Namespace, a.Name)
	}
	v.fact("While one still runs", map[batchv1.ConcurrencyPolicy]string{
		batchv1.AllowConcurrent: "another one may start", batchv1.ForbidConcurrent: "the next one is left out", batchv1.ReplaceConcurrent: "it is replaced by the next one",
	}[c.Spec.ConcurrencyPolicy])
	v.fact("Kept", fmt.Sprintf("%d that succeeded, %d that failed", or(c.Spec.SuccessfulJobsHistoryLimit, 3), or(c.Spec.FailedJobsHistoryLimit, 1)))
	v.template(c.Spec.JobTemplate.Spec.Template)
	v.runs(ctx, c)
	return nil
}

// runs lists the jobs of a CronJob.
func (v *viewer) runs(ctx context.Context, c batchv1.CronJob) {
	jobs, err := listOf[batchv1.Job](ctx, v, "jobs.batch", c.Namespace, "", "")
	v.beside("Jobs", err)
	for _, j := range jobs {
		if !slices.ContainsFunc(j.OwnerReferences, func(o metav1.OwnerReference) bool { return o.UID == c.UID }) {
			continue
		}
		phase, why, finished := jobPhase(j)
		line := RunLine{Ref: Ref{"jobs.batch", j.Namespace, j.Name}, Phase: phase, Reason: why, Finished: finished}
		if j.Status.StartTime != nil {
			line.Started = instant(*j.Status.StartTime)
		}
		v.out.Runs = append(v.out.Runs, line)
	}
	slices.SortFunc(v.out.Runs, func(a, b RunLine) int { return or(b.Started, v.now).Compare(or(a.Started, v.now)) })
	v.out.Runs = v.out.Runs[:min(len(v.out.Runs), maxRuns)]
}

// jobPhase says in one word how a job is, and why and when it ended.
func jobPhase(j batchv1.Job) (phase, why string, finished *time.Time) {
	for _, c := range j.Status.Conditions {
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobComplete:
			return "succeeded", "", instant(c.LastTransitionTime)
		case batchv1.JobFailed:
			return "failed", c.Message, instant(c.LastTransitionTime)
		case batchv1.JobSuspended:
			phase = "suspended"
		case batchv1.JobFailureTarget, batchv1.JobSuccessCriteriaMet:
		}
	}
	if phase == "" {
		phase = "running"
	}
	return phase, "", nil
}

func lookJob(_ context.Context, v *viewer) error {
	j, err := decode[batchv1.Job](v.raw)
	if err != nil {
		return err
	}
	s := j.Status
	want := or(j.Spec.Completions, or(j.Spec.Parallelism, 1))
	v.out.Workload = workloadBlock(want, s.Succeeded, s.Succeeded, s.Active, "", j.Spec.Selector, j.Spec.Template)
	phase, why, finished := jobPhase(j)
	if phase == "failed" {
		v.bad("Failed", why)
	} else {
		v.fact("State", phase)
	}
	v.fact("Pods", fmt.Sprintf("%d of %d succeeded, %d running, %d failed", s.Succeeded, want, s.Active, s.Failed))
	if s.StartTime != nil {
		v.moment("Started", s.StartTime.Time)
		if finished != nil {
			v.moment("Finished", *finished)
			v.fact("Took", finished.Sub(s.StartTime.Time).String())
		}
	}
	v.fact("Tried again", fmt.Sprintf("at most %d times", or(j.Spec.BackoffLimit, 6)))
	if d := j.Spec.ActiveDeadlineSeconds; d != nil {
		v.fact("Time limit", (time.Duration(*d) * time.Second).String())
	}
	if d := j.Spec.TTLSecondsAfterFinished; d != nil {
		v.fact("Deleted", (time.Duration(*d)*time.Second).String()+" after it ends")
	}
	v.template(j.Spec.Template)
	return nil
}

// schedule says when a cron expression comes next.
func schedule(text, zone string, now time.Time) ScheduleBlock {
	b := ScheduleBlock{Cron: text, Zone: zone, Next: []time.Time{}, Words: words(text)}
	from := now.UTC()
	if zone != "" {
		at, err := time.LoadLocation(zone)
		if err != nil {
			return b
		}
		from = now.In(at)
	}
	s, err := cron.ParseStandard(text)
	if err != nil {
		return b
	}
	for range nextRuns {
		if from = s.Next(from); from.IsZero() {
			break // the 30th of February
		}
		b.Next = append(b.Next, from.UTC())
	}
	return b
}

// days and months are the names that a cron expression may use; numbers count from zero.
var (
	days   = []string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"}
	months = []string{"", "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"}
	macros = map[string]string{
		"@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *", "@monthly": "0 0 1 * *", "@weekly": "0 0 * * 0", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@hourly": "0 * * * *",
	}
)

// words writes a cron expression as a phrase, where that is plainer than the
// expression; else it is empty.
func words(text string) string {
	text = strings.TrimSpace(text)
	if every, ok := strings.CutPrefix(text, "@every "); ok {
		return "every " + every
	}
	if plain := macros[text]; plain != "" {
		text = plain
	}
	f := strings.Fields(text)
	if len(f) != 5 {
		return ""
	}
	when := clock(f[0], f[1])
	day := onDays(f[2], f[3], f[4])
	if when == "" || day == "?" {
		return ""
	}
	return strings.TrimSpace(when + " " + day)
}

// clock says at what time minutes and hours are.
func clock(minute, hour string) string {
	n, isMinute := whole(minute, 59)
	h, isHour := whole(hour, 23)
	step, stepped := strings.CutPrefix(minute, "*/")
	hours, hourStep := strings.CutPrefix(hour, "*/")
	if hour == "*" {
		switch {
		case minute == "*":
			return "every minute"
		case stepped:
			return "every " + step + " minutes"
		case isMinute && n == 0:
			return "every hour"
		case isMinute:
			return fmt.Sprintf("every hour at minute %d", n)
		}
		return ""
	}
	switch {
	case isMinute && hourStep:
		return fmt.Sprintf("every %s hours at minute %d", hours, n)
	case isMinute && isHour:
		return fmt.Sprintf("at %02d:%02d", h, n)
	}
	return ""
}

// onDays says on which days; "?" if there is no short way to.
func onDays(day, month, week string) string {
	text := ""
	n, isDay := whole(day, 31)
	switch {
	case day == "*" && week == "*":
	case day == "*":
		if text = weekdays(week); text == "" {
			return "?"
		}
	case isDay && week == "*":
		text = fmt.Sprintf("on day %d of the month", n)
	default:
		return "?"
	}
	if month == "*" {
		return text
	}
	m, isMonth := whole(month, 12)
	if !isMonth || m == 0 {
		return "?"
	}
	return strings.TrimSpace(text + " in " + months[m])
}

// weekdays names days of the week: 1-5, 0, MON,FRI.
func weekdays(text string) string {
	name := func(s string) string {
		if n, ok := whole(s, 7); ok {
			return days[n]
		}
		for _, d := range days {
			if strings.EqualFold(d[:3], s) {
				return d
			}
		}
		return ""
	}
	if from, to, ok := strings.Cut(text, "-"); ok {
		if name(from) == "" || name(to) == "" {
			return ""
		}
		return "from " + name(from) + " to " + name(to)
	}
	parts := strings.Split(text, ",")
	for i, p := range parts {
		if parts[i] = name(p); parts[i] == "" {
			return ""
		}
	}
	return "on " + strings.Join(parts, ", ")
}

// whole returns a number from zero to most.
func whole(text string, most int) (int, bool) {
	if text == "" || len(text) > 2 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n := int(text[0] - '0')
	if len(text) == 2 {
		n = n*10 + int(text[1]-'0')
	}
	return n, n <= most
}
