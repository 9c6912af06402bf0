package store

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"unity.internal/store/internal/sq"
)

// An Alert is one crossing of one threshold by one series.
type Alert struct {
	ID           string            `json:"id"`
	Rev          int64             `json:"rev"`
	Key          string            `json:"-"` // threshold|target|labels: at most one alert of a key is open
	Threshold    string            `json:"threshold_id"`
	Server       string            `json:"server_id" doc:"Empty: it is about a cluster, or about the appliance itself"`
	ServerName   string            `json:"server_name"`
	Cluster      string            `json:"cluster_id" doc:"Empty: it is not about a cluster"`
	ClusterName  string            `json:"cluster_name"`
	Title        string            `json:"title"`
	Message      string            `json:"message" doc:"A sentence for people"`
	Severity     string            `json:"severity" enum:"info,warning,critical"`
	State        string            `json:"state" enum:"pending,firing,resolved"`
	Value        *float64          `json:"value" nullable:"true"`
	Labels       map[string]string `json:"labels"`
	Started      time.Time         `json:"started_at"`
	Fired        *time.Time        `json:"fired_at" nullable:"true"`
	Resolved     *time.Time        `json:"resolved_at" nullable:"true"`
	Stale        *time.Time        `json:"stale_since" nullable:"true" doc:"Since when no value came"`
	Acknowledged *time.Time        `json:"acknowledged_at" nullable:"true"`
	AckBy        string            `json:"acknowledged_by"`
	Snoozed      *time.Time        `json:"snoozed_until" nullable:"true"`
}

// Target returns the id of what the alert is about: a server, a cluster, or
// nothing of the appliance itself.
func (v Alert) Target() string { return cmp.Or(v.Server, v.Cluster) }

// ofCluster begins what the column server_id holds of an alert about a cluster.
// It says so even when the cluster is gone.
const ofCluster = "clusters/"

// The states of an alert.
const (
	AlertPending  = "pending"
	AlertFiring   = "firing"
	AlertResolved = "resolved"
)

// An AlertEvent is one line of an alert's time line.
type AlertEvent struct {
	At    time.Time `json:"at"`
	Kind  string    `json:"kind"`
	Actor string    `json:"actor" doc:"Who did it; empty: the appliance"`
	Text  string    `json:"text"`
}

// The kinds of alert events on which the store itself decides.
const (
	EventSilenced = "silenced" // nobody was told
	EventSnoozed  = "snoozed"
	EventReleased = "released" // a silence ended: told after all
	EventClosed   = "closed"   // resolved by hand
	EventCleared  = "cleared"  // the value is back after that
	EventTold     = "told"
	EventUntold   = "untold" // a delivery failed for good
)

// An AlertChange is one transition of one alert, with all that belongs to it.
type AlertChange struct {
	Alert  Alert // as it shall be; a new one has no Rev
	Drop   bool  // a pending alert that never fired is forgotten
	Keep   bool  // only its time line grows
	Events []AlertEvent
	Notify *Notify // nil: nobody is told
}

// A Notify says who is told of a change.
type Notify struct {
	In       TenantID // whose channels: the tenant's own, or those that speak for it
	Channels []string // nil: every enabled one
	Notice   Notice
}

const alertCols = `id, rev, key, threshold_id, server_id,
	coalesce((SELECT s.name FROM servers s WHERE s.tenant_id = @tenant AND s.id = alerts.server_id), ''),
	coalesce((SELECT c.name FROM clusters c WHERE c.tenant_id = @tenant AND c.id = substr(alerts.server_id, 10)), ''),
	title, message, severity, state, value, labels, started_at, fired_at, resolved_at, stale_since, acknowledged_at, acknowledged_by,
	(SELECT max(z.ends_at) FROM silences z WHERE z.tenant_id = @tenant AND z.source = 'snooze'
		AND z.alert_id = alerts.id AND z.ends_at > @now)`

func scanAlert(r sq.Row) (v Alert, err error) {
	var labels string
	var started int64
	var fired, resolved, stale, acknowledged, snoozed *int64
	err = r.Scan(&v.ID, &v.Rev, &v.Key, &v.Threshold, &v.Server, &v.ServerName, &v.ClusterName, &v.Title, &v.Message, &v.Severity, &v.State,
		&v.Value, &labels, &started, &fired, &resolved, &stale, &acknowledged, &v.AckBy, &snoozed)
	if err == nil {
		err = json.Unmarshal([]byte(labels), &v.Labels)
	}
	if id, ok := strings.CutPrefix(v.Server, ofCluster); ok {
		v.Server, v.Cluster = "", id
	}
	v.Started, v.Fired, v.Resolved = time.UnixMilli(started).UTC(), moment(fired), moment(resolved)
	v.Stale, v.Acknowledged, v.Snoozed = moment(stale), moment(acknowledged), moment(snoozed)
	return v, err
}

// AlertList says which alerts are asked for.
type AlertList struct {
	List
	State    string // open, pending, firing, resolved, all
	Severity string // empty: any
	Server   string // empty: any
	Cluster  string // empty: any; asked for if there is no Server
}

// The list queries, newest first: of one state, of one server or cluster, of all.
const (
	alertsOfState = `SELECT ` + alertCols + ` FROM alerts
		WHERE tenant_id = @tenant AND state = @state AND (started_at, id) < (@key, @id)
		AND (@severity = '' OR severity = @severity) AND (message LIKE @like ESCAPE '\' OR title LIKE @like ESCAPE '\')
		ORDER BY started_at DESC, id DESC LIMIT @limit`
	alertsOfServer = `SELECT ` + alertCols + ` FROM alerts
		WHERE tenant_id = @tenant AND server_id = @server AND (started_at, id) < (@key, @id) AND (@state = '' OR state = @state)
		AND (@severity = '' OR severity = @severity) AND (message LIKE @like ESCAPE '\' OR title LIKE @like ESCAPE '\')
		ORDER BY started_at DESC, id DESC LIMIT @limit`
	alertsNewest = `SELECT ` + alertCols + ` FROM alerts
		WHERE tenant_id = @tenant AND (started_at, id) < (@key, @id)
		AND (@severity = '' OR severity = @severity) AND (message LIKE @like ESCAPE '\' OR title LIKE @like ESCAPE '\')
		ORDER BY started_at DESC, id DESC LIMIT @limit`
)

// Alerts returns one page of the alerts, newest first. Those of more tenants
// join the list: the appliance's own, where everybody may see them.
func (t Tenant) Alerts(ctx context.Context, l AlertList, more ...Tenant) (Page[Alert], error) {
	states := []string{l.State}
	switch l.State {
	case "open":
		states = []string{AlertPending, AlertFiring}
	case "all", "":
		states = []string{""}
	}
	return page(l.List, maxTime, func(args ...any) ([]Alert, error) {
		all := []Alert{}
		for _, of := range append([]Tenant{t}, more...) {
			for _, state := range states {
				part, err := of.alerts(ctx, l, state, args)
				if err != nil {
					return nil, err
				}
				all = append(all, part...)
			}
		}
		slices.SortFunc(all, func(a, b Alert) int { return cmp.Or(b.Started.Compare(a.Started), cmp.Compare(b.ID, a.ID)) })
		return all[:min(len(all), l.Limit+1)], nil
	}, func(v Alert) cursor[int64] { return cursor[int64]{v.Started.UnixMilli(), v.ID} })
}

func (t Tenant) alerts(ctx context.Context, l AlertList, state string, args []any) ([]Alert, error) {
	target := l.Server
	if target == "" && l.Cluster != "" {
		target = ofCluster + l.Cluster
	}
	args = append(slices.Clip(args), sql.Named("state", state), sql.Named("server", target),
		sql.Named("severity", l.Severity), t.current())
	switch {
	case target != "":
		return sq.Many(ctx, t.db, scanAlert, alertsOfServer, args...)
	case state != "":
		return sq.Many(ctx, t.db, scanAlert, alertsOfState, args...)
	}
	return sq.Many(ctx, t.db, scanAlert, alertsNewest, args...)
}

// Alert returns one alert, or ErrNotFound.
func (t Tenant) Alert(ctx context.Context, id string) (Alert, error) {
	v, err := sq.One(ctx, t.db, scanAlert, `SELECT `+alertCols+` FROM alerts
		WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id), t.current())
	return v, known(err)
}

// Timeline returns what happened to an alert, the newest last.
func (t Tenant) Timeline(ctx context.Context, alert string) ([]AlertEvent, error) {
	all, err := sq.Many(ctx, t.db, func(r sq.Row) (v AlertEvent, err error) {
		var at int64
		err = r.Scan(&at, &v.Kind, &v.Actor, &v.Text)
		v.At = time.UnixMilli(at).UTC()
		return v, err
	}, `SELECT at, kind, actor, text FROM alert_events
		WHERE tenant_id = @tenant AND alert_id = @alert ORDER BY at, id`, sql.Named("alert", alert))
	return all, known(err)
}

// An OpenAlert is an alert that is not resolved. Owed says that nobody was told
// of it yet, because a silence held it back.
type OpenAlert struct {
	Alert
	Owed bool
}

// OpenAlerts returns every alert that is not resolved, for evaluation.
func (t Tenant) OpenAlerts(ctx context.Context) ([]OpenAlert, error) {
	all, err := sq.Many(ctx, t.db, scanAlert, `SELECT `+alertCols+` FROM alerts
		WHERE tenant_id = @tenant AND state IN ('pending', 'firing')`, t.current())
	if err != nil {
		return nil, known(err)
	}
	open := make([]OpenAlert, len(all))
	for i, v := range all {
		owed, err := sq.One(ctx, t.db, scanNumber, `SELECT coalesce((SELECT kind <> 'released' FROM alert_events
			WHERE tenant_id = @tenant AND alert_id = @alert AND kind IN ('silenced', 'snoozed', 'released')
			ORDER BY at DESC, id DESC LIMIT 1), 0)`, sql.Named("alert", v.ID))
		if err != nil {
			return nil, known(err)
		}
		open[i] = OpenAlert{v, owed == 1}
	}
	return open, nil
}

// heldFor is how long an alert that a person resolved keeps its series quiet
// while the value stays where it was.
const heldFor = 30 * 24 * time.Hour

// HeldAlerts returns, by key, the alerts that a person resolved and whose value
// did not come back since: they do not open again before it does.
func (t Tenant) HeldAlerts(ctx context.Context) (map[string]Alert, error) {
	all, err := sq.Many(ctx, t.db, scanAlert, `SELECT `+alertCols+` FROM alerts
		WHERE tenant_id = @tenant AND state = 'resolved' AND started_at > @since
		AND EXISTS (SELECT 1 FROM alert_events e WHERE e.tenant_id = @tenant AND e.alert_id = alerts.id AND e.kind = 'closed')
		AND NOT EXISTS (SELECT 1 FROM alert_events e WHERE e.tenant_id = @tenant AND e.alert_id = alerts.id AND e.kind = 'cleared')`,
		t.current(), sql.Named("since", t.store.Now().Add(-heldFor).UnixMilli()))
	held := make(map[string]Alert, len(all))
	for _, v := range all {
		held[v.Key] = v
	}
	return held, known(err)
}

// ChangeAlerts writes transitions with their time lines and deliveries in one
// transaction and returns the alerts as stored, in order. action is what the
// audit calls it if a person did it; empty, the appliance did.
func (t Tenant) ChangeAlerts(ctx context.Context, action string, changes []AlertChange) (out []Alert, err error) {
	err = t.Tx(ctx, func(t Tenant) error {
		for _, c := range changes {
			v, err := t.changeAlert(ctx, c)
			if err != nil {
				return err
			}
			out = append(out, v)
			if action == "" {
				continue
			}
			if err := t.record(ctx, Audit{Action: action, Thing: v.ID, Result: "done"}); err != nil {
				return err
			}
		}
		return nil
	})
	return out, err
}

func (t Tenant) changeAlert(ctx context.Context, c AlertChange) (v Alert, err error) {
	switch {
	case c.Drop:
		return c.Alert, some(sq.Exec(ctx, t.db, `DELETE FROM alerts WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", c.Alert.ID)))
	case c.Keep:
		v = c.Alert
	default:
		v, err = t.putAlert(ctx, c.Alert)
	}
	if err != nil {
		return v, err
	}
	for _, e := range c.Events {
		if err := t.addAlertEvent(ctx, v.ID, e); err != nil {
			return v, err
		}
	}
	if c.Notify != nil {
		c.Notify.Notice.Alert = v
		return v, t.in(c.Notify.In).queue(ctx, *c.Notify)
	}
	return v, nil
}

// in returns another tenant in the same transaction, for what one says for the other.
func (t Tenant) in(id TenantID) Tenant {
	t.ID, t.db = id, t.db.System().Tenant(string(id))
	return t
}

// putAlert stores v, new or changed, and returns it as stored.
func (t Tenant) putAlert(ctx context.Context, v Alert) (Alert, error) {
	labels, err := json.Marshal(v.Labels)
	if err != nil {
		return v, err
	}
	target := v.Server
	if v.Cluster != "" {
		target = ofCluster + v.Cluster
	}
	err = sq.Exec(ctx, t.db, `INSERT INTO alerts (tenant_id, id, key, threshold_id, server_id, title, message, severity, state,
		value, labels, started_at, fired_at, resolved_at, stale_since, acknowledged_at, acknowledged_by)
		VALUES (@tenant, @id, @key, @threshold, @server, @title, @message, @severity, @state,
		@value, @labels, @started, @fired, @resolved, @stale, @acknowledged, @by)
		ON CONFLICT (tenant_id, id) DO UPDATE SET rev = rev + 1, title = @title, message = @message, severity = @severity,
		state = @state, value = @value, fired_at = @fired, resolved_at = @resolved, stale_since = @stale,
		acknowledged_at = @acknowledged, acknowledged_by = @by`,
		sql.Named("id", v.ID), sql.Named("key", v.Key), sql.Named("threshold", v.Threshold), sql.Named("server", target),
		sql.Named("title", v.Title), sql.Named("message", v.Message), sql.Named("severity", v.Severity), sql.Named("state", v.State),
		sql.Named("value", v.Value), sql.Named("labels", string(labels)), sql.Named("started", v.Started.UnixMilli()),
		sql.Named("fired", millis(v.Fired)), sql.Named("resolved", millis(v.Resolved)), sql.Named("stale", millis(v.Stale)),
		sql.Named("acknowledged", millis(v.Acknowledged)), sql.Named("by", v.AckBy))
	if err != nil {
		return v, err
	}
	return t.Alert(ctx, v.ID)
}

// addAlertEvent adds a line to the time line of an alert, if the tenant has it.
func (t Tenant) addAlertEvent(ctx context.Context, alert string, e AlertEvent) error {
	return some(sq.Exec(ctx, t.db, `INSERT INTO alert_events (tenant_id, id, alert_id, at, kind, actor, text)
		SELECT tenant_id, @event, id, @at, @kind, @actor, @text FROM alerts WHERE tenant_id = @tenant AND id = @alert`,
		sql.Named("event", NewID()), sql.Named("alert", alert), sql.Named("at", e.At.UnixMilli()),
		sql.Named("kind", e.Kind), sql.Named("actor", e.Actor), sql.Named("text", e.Text)))
}
