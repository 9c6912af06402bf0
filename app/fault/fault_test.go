package fault_test

import (
	"errors"
	"fmt"
	"testing"

	"unity.internal/app/fault"
)

var errTaken = fault.New(fault.Conflict, "server.name_taken", "That name is taken.")

func TestIs(t *testing.T) {
	err := fmt.Errorf("create server: %w", errTaken.Because(errors.New("UNIQUE")))
	if !errors.Is(err, errTaken) {
		t.Fatal("wrapped copy does not match its sentinel")
	}
	if got := fault.From(errors.New("boom")).Kind; got != fault.Internal {
		t.Fatalf("Kind = %v", got)
	}
}
