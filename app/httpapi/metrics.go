package httpapi

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/app/metric"
)

const (
	chartPoints = 600     // of a series, if the caller names no step
	mostPoints  = 200_000 // of an answer
	mostNames   = 50
	chartSpan   = time.Hour
)

// chartSteps are the steps that a chart may get without naming one.
var chartSteps = []time.Duration{
	time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 15 * time.Second, 30 * time.Second,
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
}

var (
	errMetricsTime  = fault.New(fault.Invalid, "metrics.invalid_time", "A time is not understood. Send RFC 3339, as in 2026-01-31T12:00:00Z, or milliseconds since 1970.")
	errMetricsRange = fault.New(fault.Invalid, "metrics.invalid_range", "The time ends before it begins. Send a later «to» or an earlier «from».")
	errMetricsStep  = fault.New(fault.Invalid, "metrics.invalid_step", "The step is not understood. Send seconds, or a duration as in 1m30s; 0 asks for every sample.")
	errMetricsNames = fault.New(fault.Invalid, "metrics.too_many_names", "One request may name %d metrics. Ask for fewer at a time.", mostNames)
)

// samples registers what reads them; /metrics itself is the appliance's own, for Prometheus.
func (m mux) samples() {
	handle(m, auth.MetricsRead, route("getServerMetrics", http.MethodGet, "/servers/{id}/metrics"), m.getServerMetrics)
}

// metricsOf is which samples are asked for.
type metricsOf struct {
	ID
	Names []string `query:"names,explode" doc:"Metrics, with commas between them or repeated; none: all" maxItems:"50"`
	From  string   `query:"from" doc:"RFC 3339 or milliseconds; an hour before «to» if absent" maxLength:"40"`
	To    string   `query:"to" doc:"RFC 3339 or milliseconds; now if absent" maxLength:"40"`
	Step  string   `query:"step" doc:"Seconds or a duration between points; 0: every sample; absent: at most 600 points a series" maxLength:"20"`
	Rate  bool     `query:"rate" doc:"The change per second, for counters"`
}

// metricSeries is one series of the answer.
type metricSeries struct {
	Metric string            `json:"metric"`
	Labels map[string]string `json:"labels"`
	Points [][2]float64      `json:"points" doc:"Unix milliseconds and value; a step without samples has none" nullable:"false"`
}

// serverMetrics is the answer.
type serverMetrics struct {
	Series  []metricSeries `json:"series" nullable:"false"`
	Step    float64        `json:"step_seconds" doc:"0: every sample"`
	Warming bool           `json:"warming" doc:"The newest hours may be missing: the appliance has just started and still reads its journal"`
}

func (m mux) getServerMetrics(ctx context.Context, c Caller, in *metricsOf) (*body[serverMetrics], error) {
	if _, err := c.Tenant.Server(ctx, in.ID.ID); err != nil { // another tenant's is not found
		return nil, err
	}
	return m.samplesOf(ctx, c, in)
}

// samplesOf returns the samples of a server or a cluster.
func (m mux) samplesOf(ctx context.Context, c Caller, in *metricsOf) (*body[serverMetrics], error) {
	q, err := in.query(time.Now())
	if err != nil {
		return nil, err
	}
	all, warming, err := m.Metrics.Range(ctx, c.Tenant, q)
	if err != nil {
		return nil, err
	}
	out := serverMetrics{Series: make([]metricSeries, len(all)), Step: q.Step.Seconds(), Warming: warming}
	for i, s := range all {
		out.Series[i] = metricSeries{s.Metric, s.Labels.Map(), pairs(s.Points)}
	}
	return &body[serverMetrics]{out}, nil
}

// pairs leaves out what JSON has no word for: NaN and infinities.
func pairs(points []metric.Point) [][2]float64 {
	out := make([][2]float64, 0, len(points))
	for _, p := range points {
		if !math.IsNaN(p.Value) && !math.IsInf(p.Value, 0) {
			out = append(out, [2]float64{float64(p.At), p.Value})
		}
	}
	return out
}

// query returns what in asks for, at the time now.
func (in *metricsOf) query(now time.Time) (q metric.Query, err error) {
	q = metric.Query{Server: in.ID.ID, Rate: in.Rate, Most: mostPoints}
	for _, names := range in.Names {
		for name := range strings.SplitSeq(names, ",") {
			if name = strings.TrimSpace(name); name != "" {
				q.Names = append(q.Names, name)
			}
		}
	}
	if len(q.Names) > mostNames {
		return q, errMetricsNames
	}
	if q.To, err = instant(in.To, now); err != nil {
		return q, err
	}
	if q.From, err = instant(in.From, q.To.Add(-chartSpan)); err != nil {
		return q, err
	}
	if q.To.Before(q.From) {
		return q, errMetricsRange
	}
	q.Step, err = stepOf(in.Step, q.To.Sub(q.From))
	return q, err
}

// instant reads a time; absent stands for nothing.
func instant(text string, absent time.Time) (time.Time, error) {
	if text == "" {
		return absent, nil
	}
	if ms, err := strconv.ParseInt(text, 10, 64); err == nil {
		if ms < 0 || ms > 1<<46 { // the year 4199
			return absent, errMetricsTime
		}
		return time.UnixMilli(ms), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || at.Year() < 1970 || at.Year() > 4000 {
		return absent, errMetricsTime
	}
	return at, nil
}

// stepOf reads a step, or chooses one for a span.
func stepOf(text string, span time.Duration) (time.Duration, error) {
	if text == "" {
		for _, step := range chartSteps {
			if span <= step*chartPoints {
				return step, nil
			}
		}
		return 24 * time.Hour, nil
	}
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second, nil
	}
	step, err := time.ParseDuration(text)
	if err != nil || step < 0 || step > 0 && step < time.Millisecond {
		return 0, errMetricsStep
	}
	return step, nil
}
