package httpapi

import (
	"context"
	"errors"
	"sync"
	"time"

	"unity.internal/store"
)

const (
	span      = 61               // minutes that an hour touches
	quotaTime = 10 * time.Second // how long a quota is believed
)

// limited counts a request to a tenant, or refuses it. The hourly quota is of
// programs, not of people who look at a page, and nobody uses up another's.
func (m mux) limited(ctx context.Context, tenant store.TenantID, user string, program bool) error {
	err := m.limits.tenant(string(tenant))
	if err == nil && program && m.Auth.In(tenant, user) {
		err = m.limits.calls.take(ctx, m.Tenant(tenant))
	}
	return err
}

// calls counts what programs ask in the last hour, by tenant.
type calls struct {
	now func() time.Time
	mu  sync.Mutex
	all map[store.TenantID]*hour
}

func newCalls() *calls { return &calls{now: time.Now, all: map[store.TenantID]*hour{}} }

// An hour is what one tenant's programs asked, minute by minute in a ring.
type hour struct {
	minutes [span]int64
	newest  int64 // minute since 1970
	limit   *int64
	until   time.Time // when the limit is read anew
}

// take counts one call of a tenant, or refuses it.
func (c *calls) take(ctx context.Context, t store.Tenant) error {
	now := c.now()
	c.mu.Lock()
	h := c.all[t.ID]
	fresh := h != nil && now.Before(h.until)
	c.mu.Unlock()
	var limit *int64
	if !fresh {
		q, err := t.Quota(ctx)
		if errors.Is(err, store.ErrNotFound) {
			return nil // there is no such tenant: the caller will hear
		}
		if err != nil {
			return err
		}
		limit = q.APICallsHour
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if h = c.all[t.ID]; h == nil {
		h = &hour{}
		c.all[t.ID] = h
	}
	if !fresh {
		h.limit, h.until = limit, now.Add(quotaTime)
	}
	return h.take(now)
}

func (h *hour) take(now time.Time) error {
	h.turn(now)
	if h.limit != nil && h.sum() >= *h.limit {
		e := store.OverQuota(store.QuotaAPICalls, *h.limit)
		e.RetryAfter = h.wait(now)
		return e
	}
	h.minutes[h.newest%span]++
	return nil
}

// turn moves the ring to now.
func (h *hour) turn(now time.Time) {
	minute := now.Unix() / 60
	for h.newest = max(h.newest, minute-span); h.newest < minute; {
		h.newest++
		h.minutes[h.newest%span] = 0
	}
}

func (h *hour) sum() (n int64) {
	for _, v := range h.minutes {
		n += v
	}
	return n
}

// wait returns how long it takes until the oldest calls are forgotten.
func (h *hour) wait(now time.Time) time.Duration {
	for m := h.newest - span + 1; m <= h.newest; m++ {
		if m >= 0 && h.minutes[m%span] > 0 {
			return time.Unix((m+span)*60, 0).Sub(now)
		}
	}
	return time.Hour // the limit is none at all
}

// used returns how many calls a tenant's programs made in the last hour.
func (c *calls) used(tenant store.TenantID) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	h := c.all[tenant]
	if h == nil {
		return 0
	}
	h.turn(c.now())
	return h.sum()
}

func (c *calls) forget(tenant store.TenantID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, tenant)
}
