package auth

import (
	"crypto/subtle"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"unity.internal/app/fault"
)

// SetupFile is the name of the set-up token in the data directory.
const SetupFile = "setup-token"

// ErrSetupToken says that a set-up token is not the one that was printed.
var ErrSetupToken = fault.New(fault.Forbidden, "setup.invalid_token", "That is not the set-up token of this appliance. Print it with: unity setup-url")

// A SetupToken lets its holder make the first user. It lives in a file that
// only the appliance may read, until it is used.
type SetupToken struct {
	mu   sync.Mutex
	path string
}

// NewSetupToken returns the token kept in dir.
func NewSetupToken(dir string) *SetupToken { return &SetupToken{path: filepath.Join(dir, SetupFile)} }

// Make returns the token, making it if there is none.
func (s *SetupToken) Make() (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text, err := os.ReadFile(s.path); !errors.Is(err, fs.ErrNotExist) {
		return strings.TrimSpace(string(text)), err
	}
	token, _ := newToken()
	return token, os.WriteFile(s.path, []byte(token+"\n"), 0o600)
}

// Check fails with ErrSetupToken unless token is the one in the file.
func (s *SetupToken) Check(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	text, err := os.ReadFile(s.path)
	if errors.Is(err, fs.ErrNotExist) {
		return ErrSetupToken
	}
	if err != nil {
		return err
	}
	if subtle.ConstantTimeCompare([]byte(strings.TrimSpace(string(text))), []byte(token)) != 1 {
		return ErrSetupToken
	}
	return nil
}

// Remove ends the token: after its use, and at a start with users.
func (s *SetupToken) Remove() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Remove(s.path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
