package app

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/coreos/go-systemd/v22/activation"
	"golang.org/x/sys/unix"
	"unity.internal/app/vault"
)

// How one program hands over to the next. These words are spoken between
// versions, so they stay as they are.
const (
	fdsVariable     = "UNITY_FDS"     // open files, as in lock=3:http=4:https=5:key=6
	programVariable = "UNITY_PROGRAM" // the program that was installed, where one of the data directory runs
	trialVariable   = "UNITY_TRIAL"   // set: this is a trial
	lockName        = "lock"
	keyName         = "key"
)

// sockets are the names of the listening sockets, here and in FileDescriptorName=
// of systemd, and the flags that they stand for.
var sockets = map[string]string{"http": "--http", "https": "--https"}

// inherit takes what an earlier program of ours handed over: the lock and the
// sockets, so that nobody is refused, and the key of the vault, which came through
// a pipe. There is nothing usually.
func (h *hold) inherit(dir string) error {
	text := os.Getenv(fdsVariable)
	h.trial = os.Getenv(trialVariable) != ""
	if err := errors.Join(os.Unsetenv(fdsVariable), os.Unsetenv(trialVariable)); err != nil { // what is started from here has other files
		return err
	}
	if text == "" {
		return nil
	}
	for part := range strings.SplitSeq(text, ":") {
		name, number, _ := strings.Cut(part, "=")
		fd, err := strconv.Atoi(number)
		if err != nil || fd < 3 {
			return fmt.Errorf("%s holds %q", fdsVariable, part)
		}
		unix.CloseOnExec(fd)
		if err := h.accept(dir, name, os.NewFile(uintptr(fd), name)); err != nil {
			return fmt.Errorf("take over %s: %w", name, err)
		}
	}
	return nil
}

// accept takes one file that was handed over.
func (h *hold) accept(dir, name string, f *os.File) error {
	switch name {
	case lockName:
		info, err := f.Stat()
		if err != nil {
			return err
		}
		now, err := os.Stat(filepath.Join(dir, lockFile))
		if err != nil || !os.SameFile(info, now) {
			return errors.Join(errors.New("it is the lock of another data directory"), err, f.Close())
		}
		h.lock = f
		return nil
	case keyName:
		raw, err := io.ReadAll(io.LimitReader(f, 64))
		h.key = vault.KeyOf(raw)
		return errors.Join(err, f.Close())
	}
	if flag := sockets[name]; flag != "" {
		return h.adopt(flag, f)
	}
	return f.Close() // of a later version
}

// adopt makes an open socket the one of a flag.
func (h *hold) adopt(flag string, f *os.File) error {
	defer f.Close()
	ln, err := net.FileListener(f)
	if err != nil {
		return err
	}
	tcp, ok := ln.(*net.TCPListener)
	if !ok || h.sockets[flag] != nil {
		return errors.Join(fmt.Errorf("%s is no socket for %s", f.Name(), flag), ln.Close())
	}
	h.sockets[flag] = tcp
	return nil
}

// activated takes the sockets that systemd listens on for us, so that a start, or
// one after a crash, refuses nobody. They are known by FileDescriptorName=; of one
// unit with two, the first is for HTTPS.
func (h *hold) activated() error {
	files := activation.Files(true)
	byOrder := []string{"--https", "--http"}
	for i, f := range files {
		flag := sockets[f.Name()]
		if flag == "" && i < len(byOrder) {
			flag = byOrder[i]
		}
		if flag == "" {
			continue
		}
		if err := h.adopt(flag, f); err != nil {
			return fmt.Errorf("take the socket %s of systemd: %w", f.Name(), err)
		}
	}
	return nil
}

// A parcel is what one program hands over to the next.
type parcel struct {
	names []string
	files []*os.File
	own   []*os.File // those that are only for this
}

// pack gathers what the next program needs. The key goes through a pipe: no
// environment, argument or file ever holds it.
func (h *hold) pack() (p parcel, err error) {
	p.add(lockName, h.lock)
	for name, flag := range sockets {
		if h.sockets[flag] == nil {
			continue
		}
		f, err := h.sockets[flag].File()
		if err != nil {
			return p, errors.Join(err, p.Close())
		}
		p.add(name, f)
		p.own = append(p.own, f)
	}
	raw := h.key.Expose()
	if raw == nil {
		return p, nil
	}
	r, w, err := os.Pipe()
	if err != nil {
		return p, errors.Join(err, p.Close())
	}
	p.add(keyName, r)
	p.own = append(p.own, r)
	_, err = w.Write(raw) // a pipe has room for it
	clear(raw)
	if err := errors.Join(err, w.Close()); err != nil {
		return p, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *parcel) add(name string, f *os.File) {
	p.names, p.files = append(p.names, name), append(p.files, f)
}

// Close closes what was made for the parcel.
func (p *parcel) Close() (err error) {
	for _, f := range p.own {
		err = errors.Join(err, f.Close())
	}
	return err
}

// label names the files of a parcel by their numbers in the next program.
func (p *parcel) label(number func(i int) int) string {
	var text strings.Builder
	for i, name := range p.names {
		if i > 0 {
			text.WriteByte(':')
		}
		fmt.Fprintf(&text, "%s=%d", name, number(i))
	}
	return fdsVariable + "=" + text.String()
}

// become replaces this process by another program, which goes on with its lock and
// its sockets under the same number: systemd, or a shell, sees no end. It returns
// only if that fails.
func (h *hold) become(path string) error {
	p, err := h.pack()
	if err != nil {
		return err
	}
	numbers := make([]int, len(p.files))
	for i, f := range p.files {
		numbers[i] = int(f.Fd())
		if _, err := unix.FcntlInt(f.Fd(), unix.F_SETFD, 0); err != nil {
			return errors.Join(fmt.Errorf("hand over %s: %w", p.names[i], err), p.Close())
		}
	}
	err = replaceProcess(path, p.label(func(i int) int { return numbers[i] }))
	unix.CloseOnExec(int(h.lock.Fd()))
	return errors.Join(err, p.Close())
}
