package event_test

import (
	"testing"
	"time"

	"unity.internal/app/event"
	"unity.internal/store"
)

func TestAReaderHearsItsTenantOnly(t *testing.T) {
	t.Parallel()
	b := event.New("boot", time.Now)
	r, _, _ := b.Read("acme", "")
	defer r.Close()
	b.Publish("globex", "servers", "theirs", 1)
	b.Publish("acme", "servers", "ours", 2)
	if e := <-r.C; e.ID != "ours" || b.Name(e) != "boot-1" {
		t.Fatal(e)
	}
}

func TestAReaderResumesOrIsReset(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	b := event.New("boot", func() time.Time { return now })
	start := b.Now("acme")
	b.Publish("acme", "servers", "a", 1)
	b.Samples("acme", store.Batch{Server: "a"})
	b.Publish("acme", "alerts", "b", 1)
	r, missed, reset := b.Read("acme", start)
	r.Close()
	if reset || len(missed) != 2 || missed[1].ID != "b" {
		t.Fatal(missed, reset)
	}
	for _, unknown := range []string{"other-1", "boot-99", "boot-x", "nonsense"} {
		r, _, reset := b.Read("acme", unknown)
		r.Close()
		if !reset {
			t.Errorf("%s resumes", unknown)
		}
	}
	now = now.Add(6 * time.Minute)
	b.Publish("acme", "alerts", "c", 1) // what is older than five minutes goes
	r, _, reset = b.Read("acme", start)
	r.Close()
	if !reset {
		t.Error("resumes from before the ring")
	}
}

func TestASlowReaderIsClosed(t *testing.T) {
	t.Parallel()
	b := event.New("boot", time.Now)
	r, _, _ := b.Read("acme", "")
	defer r.Close()
	n := 0
	for range 1000 {
		b.Publish("acme", "servers", "a", 1)
	}
	for range r.C {
		n++
	}
	if n == 0 || n >= 1000 {
		t.Fatalf("%d events before the end", n)
	}
}
