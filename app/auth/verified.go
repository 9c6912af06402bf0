package auth

import (
	"crypto/sha256"
	"sync"
	"time"
)

// maxVerified is how many tokens are remembered; then all are forgotten.
const maxVerified = 1000

// verified remembers tokens whose signature was good, by their SHA-256: what is
// signed cannot become wrong, only old. Whether the session lives is asked anew.
type verified struct {
	mu    sync.RWMutex
	known map[[32]byte]claims
}

// of returns the claims of a token that was verified and has not expired.
func (v *verified) of(token string, now time.Time) (claims, bool) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	c, ok := v.known[sha256.Sum256([]byte(token))]
	return c, ok && now.Before(c.ExpiresAt.Time)
}

func (v *verified) add(token string, c claims) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.known == nil || len(v.known) >= maxVerified {
		v.known = map[[32]byte]claims{}
	}
	v.known[sha256.Sum256([]byte(token))] = c
}
