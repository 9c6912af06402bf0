package app

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"unity.internal/app/upgrade"
	"unity.internal/store"
)

// What the linker of a release says, as in -X unity.internal/app.number=1.2.3: its
// version, and the key that signs those that follow. A plain build has neither.
var (
	number     string
	releaseKey string
)

// ownVersion returns this program as an upgrade knows it.
func ownVersion() upgrade.Version {
	n, commit := version()
	return upgrade.Version{Number: n, Commit: commit, Schema: store.SchemaVersion()}
}

// shelf returns the programs of the data directory. An error says why a key that
// somebody pinned is not trusted.
func (c *Config) shelf() (upgrade.Shelf, error) {
	keys, err := upgrade.Trusted(releaseKey, c.ReleaseKey)
	return upgrade.Shelf{Dir: c.DataDir, Keys: keys}, err
}

// installed returns the program that was installed: the one on the PATH, whatever
// runs now.
func installed() string {
	self, _ := os.Executable() // shown, or executed in vain
	return cmp.Or(os.Getenv(programVariable), self)
}

// fromDataDir reports whether a program of the data directory runs.
func fromDataDir(dir string) bool {
	self, err := os.Executable()
	return err == nil && inDataDir(dir, self)
}

func inDataDir(dir, path string) bool {
	inside, err := filepath.EvalSymlinks(dir)
	return err == nil && strings.HasPrefix(path, filepath.Join(inside, "program")+string(filepath.Separator))
}

// newest has the program of the data directory go on in place of this one, if it
// is newer and vouched for. What is damaged or signed by nobody is never executed.
// Root executes nothing that another user may have put there.
func (c *Config) newest(ctx context.Context, log *slog.Logger) error {
	if os.Getenv(programVariable) != "" {
		return nil // it was decided already
	}
	s, err := c.shelf()
	if err != nil {
		log.WarnContext(ctx, "a release key is not trusted", "err", err)
	}
	if !s.Has(upgrade.Current) {
		return nil
	}
	path := s.Path(upgrade.Current)
	if !c.mayExecute(filepath.Dir(path), path) {
		log.WarnContext(ctx, "root does not execute what another user may have put into the data directory", "program", path)
		return nil
	}
	own := ownVersion().Number
	newer, v, err := s.Newer(ctx, own)
	switch {
	case err != nil:
		log.WarnContext(ctx, "the program in the data directory is not executed: it is not vouched for, or damaged; this one serves", "program", path, "version", own, "err", err)
		return nil
	case newer == "":
		log.InfoContext(ctx, "this program is not older than the one in the data directory, and serves", "version", own, "there", v.Number)
		return nil
	}
	log.InfoContext(ctx, "the newer program of the data directory goes on", "program", newer, "version", v.Number, "this", own)
	return replaceProcess(newer)
}

// mayExecute reports whether who runs this may execute what lies in the data
// directory, or what a file there names: root only what nobody else can have put
// there.
func (c *Config) mayExecute(below ...string) bool {
	return os.Geteuid() != 0 || ownedBy(0, c.DataDir, below...)
}

// ownedBy reports whether nobody but a user may write to any of the paths. Who may
// write to a directory may put another file in place after its owner was looked at,
// so the directories come first, and a link is not followed below the first.
func ownedBy(uid uint32, dir string, below ...string) bool {
	look := os.Stat
	for _, path := range append([]string{dir}, below...) {
		info, err := look(path)
		if err != nil {
			return false
		}
		owner, ok := info.Sys().(*syscall.Stat_t)
		if !ok || owner.Uid != uid || info.Mode().Perm()&0o022 != 0 || info.Mode()&os.ModeSymlink != 0 {
			return false
		}
		look = os.Lstat
	}
	return true
}

// replaceProcess executes another program in place of this one, with the same
// arguments. It returns only if that fails.
func replaceProcess(path string, variables ...string) error {
	env := append(os.Environ(), variables...)
	if os.Getenv(programVariable) == "" {
		env = append(env, programVariable+"="+installed())
	}
	err := syscall.Exec(path, os.Args, env) //nolint:gosec // it was verified
	return fmt.Errorf("execute %s: %w", path, err)
}
