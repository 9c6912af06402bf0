package app

import (
	"testing"
	"time"

	"unity.internal/app/event"
)

func TestAlertsHearOfAClusterWhenItIsAnother(t *testing.T) {
	t.Parallel()
	s := newSink(&App{bus: event.New("boot", time.Now)})
	for i, tt := range []struct {
		kind string
		rev  int64
		want bool
	}{
		{"clusters", 1, true},
		{"clusters", 1, false},
		{"clusters", 2, true},
		{"clusters", 2, false},
		{"clusters", 0, true}, // it is gone
		{"servers", 2, true},
		{"servers", 2, true},
	} {
		s.publish("acme", tt.kind, tt.kind, tt.rev)
		if got := s.take()["acme"]; got != tt.want {
			t.Errorf("%d: %v", i, got)
		}
	}
}
