package httpapi

import "unity.internal/app/vault"

// domains adds the domain packages to the parts, each over the bench's store.
func (b *bench) domains(_ *vault.Vault) {}
