package backup

import (
	"context"
	"encoding/json"

	"unity.internal/app/backup/place"
	"unity.internal/store"
)

// Where returns the place of the replica, which may be none, and what opens it:
// what the command line names, or else what row says.
func Where(ctx context.Context, row store.Backup, fixed *Fixed, sealer Sealer) (c place.Config, secret []byte, err error) {
	if fixed != nil {
		return fixed.Config, fixed.Secret, nil
	}
	if err = json.Unmarshal(row.Replica, &c); err == nil && c.URL != "" && row.ReplicaSecret.Ciphertext() != nil {
		secret, err = sealer.Open(ctx, store.SystemTenant, replicaSecret, row.ReplicaSecret)
	}
	return c, secret, err
}
