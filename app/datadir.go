package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
	"unity.internal/app/fault"
)

// The files of a data directory, beside the master key and the set-up token.
const (
	databaseFile = "unity.db"
	lockFile     = "unity.lock"
	socketFile   = "unity.sock"
	checkpoints  = "checkpoints"
)

// errHeld says that another process holds the data directory.
var errHeld = fault.New(fault.Conflict, "data_dir.locked", "Another Unity runs on this data directory. Stop it first, or choose another with --data-dir.")

// prepare makes the data directory, readable by its owner only.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the data directory: %w", err)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return os.Chmod(dir, 0o700) //nolint:gosec // a directory needs its x
	}
	return nil
}

// lock takes the data directory for this process, until the file is closed.
func lock(dir string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, lockFile), os.O_CREATE|os.O_RDWR, 0o600) //nolint:gosec // in the data directory
	if err != nil {
		return nil, fmt.Errorf("open the lock: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(errHeld.Because(err), f.Close())
	}
	return f, nil
}

// become makes a command that root runs act as the owner of the data directory,
// so that no file in it ends up with root.
func become(dir string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	info, err := os.Stat(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	if err := unix.Setgroups(nil); err != nil {
		return err
	}
	if err := unix.Setgid(int(owner.Gid)); err != nil {
		return err
	}
	return unix.Setuid(int(owner.Uid))
}

// newFile makes a file that must not exist and has fill write it. It comes before
// root becomes the owner of the data directory, so that it may stand anywhere. Of
// one that could not be filled nothing stays; subject begins the code of the fault.
func newFile(path, subject string, fill func(io.Writer) error) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600) //nolint:gosec // whoever types the command names it
	if errors.Is(err, fs.ErrExist) {
		return fault.New(fault.Conflict, subject+".exists", "%s exists already. Choose another name.", path)
	}
	if err != nil {
		return fault.New(fault.Conflict, subject+".unwritable", "%s cannot be written: %v. Choose another place.", path, unwrapped(err)).Because(err)
	}
	if err := errors.Join(fill(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}

// free returns how many bytes may still be written below dir.
func free(dir string) int64 {
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) != nil {
		return -1
	}
	return int64(s.Bavail) * int64(s.Bsize) //nolint:gosec,unconvert // far below 2^63 on any disk; 32 bits have another type
}
