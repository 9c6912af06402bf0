package vault

import (
	"context"

	"unity.internal/store"
)

// NextFile is where a new master key waits.
const NextFile = nextFile

// RotateMasterUpTo does the first steps of RotateMaster, as if the process were
// killed after them: 1 makes the key, 2 wraps everything by it.
func (v *Vault) RotateMasterUpTo(ctx context.Context, y store.System, steps int) error {
	row, err := y.Vault(ctx)
	if err != nil {
		return err
	}
	key, err := v.nextKey(&row, nil)
	if err != nil || steps < 2 {
		return err
	}
	return v.rewrap(ctx, y, row, key)
}
