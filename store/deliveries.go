package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"unity.internal/store/internal/sq"
)

// A Delivery is one message to one channel: a row of the outbox, and its history.
type Delivery struct {
	ID          string            `json:"id"`
	Channel     string            `json:"channel_id"`
	ChannelName string            `json:"channel_name"`
	Alert       string            `json:"alert_id"`
	Event       string            `json:"event" enum:"firing,resolved,test"`
	State       string            `json:"state" enum:"queued,sent,failed"`
	Attempts    []DeliveryAttempt `json:"attempts" nullable:"false"`
	Next        time.Time         `json:"next_at"`
	Created     time.Time         `json:"created_at"`
	Sent        *time.Time        `json:"sent_at" nullable:"true"`
	Notice      Notice            `json:"-"`
}

// A DeliveryAttempt is one try to hand a message over.
type DeliveryAttempt struct {
	At      time.Time `json:"at"`
	OK      bool      `json:"ok"`
	Message string    `json:"message"`
}

// The states of a delivery.
const (
	DeliveryQueued = "queued"
	DeliverySent   = "sent"
	DeliveryFailed = "failed"
)

// A Notice is what a delivery says; as JSON it is the body of a webhook.
type Notice struct {
	Event   string        `json:"event"` // firing, resolved, test
	Text    string        `json:"text"`  // the sentence of this event
	Alert   Alert         `json:"alert"`
	Server  NoticeServer  `json:"server"`
	Cluster NoticeCluster `json:"cluster"`
	Tenant  TenantID      `json:"tenant"`
	Key     string        `json:"dedup_key"` // the delivery's id: equal for every attempt
	SentAt  time.Time     `json:"sent_at"`
}

// A NoticeCluster says which cluster a notice is about, if it is about one.
type NoticeCluster struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// A NoticeServer says which machine a notice is about, if it is about one.
type NoticeServer struct {
	ID   string `json:"id"`
	Name string `json:"name"`
	Host string `json:"host"`
}

const deliveryCols = "id, channel_id, channel_name, alert_id, event, payload, state, attempts, next_at, created_at, sent_at"

func scanDelivery(r sq.Row) (v Delivery, err error) {
	var payload, attempts string
	var next, created int64
	var sent *int64
	err = r.Scan(&v.ID, &v.Channel, &v.ChannelName, &v.Alert, &v.Event, &payload, &v.State, &attempts, &next, &created, &sent)
	if err == nil {
		err = json.Unmarshal([]byte(attempts), &v.Attempts)
	}
	if err == nil {
		err = json.Unmarshal([]byte(payload), &v.Notice)
	}
	v.Next, v.Created, v.Sent = time.UnixMilli(next).UTC(), time.UnixMilli(created).UTC(), moment(sent)
	return v, err
}

const deliveriesNewest = `SELECT ` + deliveryCols + ` FROM deliveries
	WHERE tenant_id = @tenant AND (created_at, id) < (@key, @id) AND channel_name LIKE @like ESCAPE '\'
	AND (@state = '' OR state = @state) AND (@channel = '' OR channel_id = @channel)
	ORDER BY created_at DESC, id DESC LIMIT @limit`

// Deliveries returns one page of the deliveries, newest first; of one state and
// one channel, if they are not empty.
func (t Tenant) Deliveries(ctx context.Context, l List, state, channel string) (Page[Delivery], error) {
	return page(l, maxTime, func(args ...any) ([]Delivery, error) {
		return sq.Many(ctx, t.db, scanDelivery, deliveriesNewest,
			append(args, sql.Named("state", state), sql.Named("channel", channel))...)
	}, func(v Delivery) cursor[int64] { return cursor[int64]{v.Created.UnixMilli(), v.ID} })
}

// Delivery returns one delivery, or ErrNotFound.
func (t Tenant) Delivery(ctx context.Context, id string) (Delivery, error) {
	v, err := sq.One(ctx, t.db, scanDelivery, `SELECT `+deliveryCols+` FROM deliveries
		WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", id))
	return v, known(err)
}

// DeliveriesOf returns the deliveries of one alert, the newest last.
func (t Tenant) DeliveriesOf(ctx context.Context, alert string) ([]Delivery, error) {
	all, err := sq.Many(ctx, t.db, scanDelivery, `SELECT `+deliveryCols+` FROM deliveries
		WHERE tenant_id = @tenant AND alert_id = @alert ORDER BY created_at`, sql.Named("alert", alert))
	return all, known(err)
}

// queue adds one delivery for every channel that hears of n.
func (t Tenant) queue(ctx context.Context, n Notify) error {
	channels, err := t.hearing(ctx, n.Channels)
	if err != nil {
		return err
	}
	for _, c := range channels {
		now := t.store.Now()
		v := Delivery{
			ID: NewID(), Channel: c.ID, ChannelName: c.Name, Alert: n.Notice.Alert.ID, Event: n.Notice.Event,
			State: DeliveryQueued, Attempts: []DeliveryAttempt{}, Next: now, Notice: n.Notice,
		}
		v.Notice.Key = v.ID
		if err := t.addDelivery(ctx, v); err != nil {
			return err
		}
	}
	return nil
}

func (t Tenant) addDelivery(ctx context.Context, v Delivery) error {
	payload, err := json.Marshal(v.Notice)
	if err != nil {
		return err
	}
	attempts, err := json.Marshal(v.Attempts)
	if err != nil {
		return err
	}
	return sq.Exec(ctx, t.db, `INSERT INTO deliveries (tenant_id, id, channel_id, channel_name, alert_id, event, payload, state,
		attempts, next_at, created_at, sent_at)
		VALUES (@tenant, @id, @channel, @name, @alert, @event, @payload, @state, @attempts, @next, @now, @sent)`,
		sql.Named("id", v.ID), sql.Named("channel", v.Channel), sql.Named("name", v.ChannelName), sql.Named("alert", v.Alert),
		sql.Named("event", v.Event), sql.Named("payload", string(payload)), sql.Named("state", v.State),
		sql.Named("attempts", string(attempts)), sql.Named("next", v.Next.UnixMilli()), t.current(), sql.Named("sent", millis(v.Sent)))
}

// AddTest keeps the result of a test message, which a person waited for.
func (t Tenant) AddTest(ctx context.Context, v Delivery) (out Delivery, err error) {
	err = t.change(ctx, "channels.test", v.Channel, func(t Tenant) error {
		if err := t.addDelivery(ctx, v); err != nil {
			return err
		}
		out, err = t.Delivery(ctx, v.ID)
		return err
	})
	return out, err
}

// NextDeliveries returns, for each channel, when its next delivery is due.
func (t Tenant) NextDeliveries(ctx context.Context) (map[string]time.Time, error) {
	type due struct {
		channel string
		at      int64
	}
	all, err := sq.Many(ctx, t.db, func(r sq.Row) (v due, err error) {
		err = r.Scan(&v.channel, &v.at)
		return v, err
	}, `SELECT channel_id, min(next_at) FROM deliveries WHERE tenant_id = @tenant AND state = 'queued' GROUP BY channel_id`)
	next := make(map[string]time.Time, len(all))
	for _, v := range all {
		next[v.channel] = time.UnixMilli(v.at).UTC()
	}
	return next, known(err)
}

// QueuedFor returns the deliveries that wait for a channel, oldest first.
func (t Tenant) QueuedFor(ctx context.Context, channel string) ([]Delivery, error) {
	all, err := sq.Many(ctx, t.db, scanDelivery, `SELECT `+deliveryCols+` FROM deliveries
		WHERE tenant_id = @tenant AND state = 'queued' AND channel_id = @channel ORDER BY created_at, id`, sql.Named("channel", channel))
	return all, known(err)
}

// Attempted keeps what became of a delivery: v as it shall be. The alert's time
// line says when somebody was told, or will not be.
func (t Tenant) Attempted(ctx context.Context, v Delivery, line *AlertEvent) error {
	attempts, err := json.Marshal(v.Attempts)
	if err != nil {
		return err
	}
	return t.Tx(ctx, func(t Tenant) error {
		err := sq.Exec(ctx, t.db, `UPDATE deliveries SET state = @state, attempts = @attempts, next_at = @next, sent_at = @sent
			WHERE tenant_id = @tenant AND id = @id`, sql.Named("id", v.ID), sql.Named("state", v.State),
			sql.Named("attempts", string(attempts)), sql.Named("next", v.Next.UnixMilli()), sql.Named("sent", millis(v.Sent)))
		if err != nil || line == nil {
			return err
		}
		return t.in(v.Notice.Tenant).addAlertEvent(ctx, v.Alert, *line)
	})
}
