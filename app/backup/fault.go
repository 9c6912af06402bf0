package backup

import (
	"errors"

	"github.com/benbjohnson/litestream"
	"unity.internal/app/backup/place"
	"unity.internal/app/fault"
)

var (
	errLocal    = fault.New(fault.Unavailable, "replica.local_state", "What this box knows of its replica was lost or damaged. It is repaired by itself: the next copy is of the whole database.")
	errFull     = fault.New(fault.Unavailable, "disk.full", "The appliance's disk is full, so nothing can be copied from it. Free some space: it goes on by itself.")
	errNoMoment = fault.New(fault.NotFound, "restore.no_moment", "The replica holds nothing of that moment. Choose another one.")
)

// explain says in words what Litestream or a place failed with. What is a fault
// already stays as it is.
func explain(err error) error {
	if _, ok := errors.AsType[*fault.Error](err); ok || err == nil {
		return err
	}
	if bad, ok := errors.AsType[*litestream.LTXError](err); ok && bad.IsAutoRecoverable() {
		return errLocal.Because(err)
	}
	switch {
	case errors.Is(err, litestream.ErrDiskFull):
		return errFull.Because(err)
	case errors.Is(err, litestream.ErrTxNotAvailable), errors.Is(err, litestream.ErrNoSnapshots):
		return errNoMoment.Because(err)
	}
	return place.Explain(err)
}
