package place

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"sync"
	"syscall"
	"time"

	"github.com/benbjohnson/litestream"
	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// window is how much of a file is asked for at once.
const window = 1 << 20

// sftpServer keeps everything on a server that speaks SFTP.
type sftpServer struct {
	addr, user, root string
	key              ssh.Signer
	hostKey          ssh.PublicKey
	turn             chan struct{} // whoever has it may look at live
	live             *session
}

func newSFTP(u *url.URL, c Config, secret []byte) (*sftpServer, error) {
	key, _ := signer(secret) // check has looked at both
	hostKey, _, _, _, err := ssh.ParseAuthorizedKey([]byte(c.HostKey))
	if err != nil {
		return nil, err
	}
	return &sftpServer{addr: address(u), user: u.User.Username(), root: u.Path, key: key, hostKey: hostKey, turn: make(chan struct{}, 1)}, nil
}

func (s *sftpServer) at(name string) string { return path.Join(s.root, name) }

// do runs f on a session. The session does not survive the end of ctx: SFTP
// has no other way to stop.
func (s *sftpServer) do(ctx context.Context, f func(*session) error) error {
	l, err := s.session(ctx)
	if err != nil {
		return err
	}
	defer l.done()
	stop := context.AfterFunc(ctx, l.close)
	defer stop()
	if err = f(l); err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return errors.Join(ctx.Err(), err)
	}
	return l.blame(err)
}

// session returns the live session, or a new one. The caller says when it is done.
func (s *sftpServer) session(ctx context.Context) (*session, error) {
	ctx, cancel := context.WithTimeout(ctx, patience-connecting)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if s.live != nil && s.live.usable() {
		s.live.busy.Add(1)
		return s.live, nil
	}
	if s.live != nil {
		s.live.close()
		s.live = nil
	}
	l, err := s.connect(ctx)
	if err != nil {
		return nil, err
	}
	l.busy.Add(1)
	s.live = l
	return l, nil
}

func (s *sftpServer) open(ctx context.Context, name string, offset, size int64) (r io.ReadCloser, err error) {
	err = s.do(ctx, func(l *session) error {
		f, err := l.files.Open(s.at(name))
		if err != nil {
			return err
		}
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			return errors.Join(err, f.Close())
		}
		stop := context.AfterFunc(ctx, l.close)
		l.busy.Add(1)
		r = &remoteFile{limit(f, size), l, sync.OnceFunc(func() { stop(); l.done() })}
		if size == 0 || size > window {
			r = readAhead(r)
		}
		return nil
	})
	return r, err
}

// readAhead asks for much at once: a round trip for each 32 KiB would be slow.
func readAhead(r io.ReadCloser) io.ReadCloser {
	return struct {
		io.Reader
		io.Closer
	}{bufio.NewReaderSize(r, window), r}
}

// A remoteFile is an open file of a session.
type remoteFile struct {
	io.ReadCloser
	l    *session
	done func()
}

func (f *remoteFile) Read(b []byte) (int, error) {
	n, err := f.ReadCloser.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = f.l.blame(err)
	}
	return n, err
}

func (f *remoteFile) Close() error {
	defer f.done()
	return f.ReadCloser.Close()
}

func (s *sftpServer) put(ctx context.Context, name string, r io.Reader, at time.Time) (n int64, err error) {
	err = s.do(ctx, func(l *session) error {
		part, size, err := s.write(ctx, l, name, r, at)
		if err != nil {
			return err
		}
		n = size
		if err := l.replace(part, s.at(name)); err != nil {
			return errors.Join(err, l.files.Remove(part))
		}
		return nil
	})
	return n, err
}

// create renames as SFTP itself does it: not over what is there.
func (s *sftpServer) create(ctx context.Context, name string, data []byte) error {
	return s.do(ctx, func(l *session) error {
		if _, err := l.files.Lstat(s.at(name)); err == nil {
			return fs.ErrExist
		}
		part, _, err := s.write(ctx, l, name, bytes.NewReader(data), time.Time{})
		if err != nil {
			return err
		}
		err = l.files.Rename(part, s.at(name))
		if err == nil {
			return nil
		}
		_ = l.files.Remove(part) // Sweep does it later
		if _, there := l.files.Lstat(s.at(name)); there == nil {
			return fs.ErrExist
		}
		return err
	})
}

// write writes a temporary file and returns its path.
func (s *sftpServer) write(ctx context.Context, l *session, name string, r io.Reader, at time.Time) (part string, n int64, err error) {
	part = s.at(name) + "." + rand.Text() + temporary
	f, err := l.files.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	if errors.Is(err, fs.ErrNotExist) {
		if err := l.files.MkdirAll(path.Dir(part)); err != nil {
			return "", 0, err
		}
		f, err = l.files.OpenFile(part, os.O_WRONLY|os.O_CREATE|os.O_EXCL)
	}
	if err != nil {
		return "", 0, l.why(path.Dir(part), err)
	}
	n, err = f.ReadFrom(sized(ctx, r))
	if _, can := l.files.HasExtension("fsync@openssh.com"); can && err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil && !at.IsZero() {
		err = l.files.Chtimes(part, at, at)
	}
	if err != nil {
		err = l.why(path.Dir(part), err)
		_ = l.files.Remove(part) // Sweep does it later
		return "", 0, err
	}
	return part, n, nil
}

// sized tells the client how much will come, so that it sends much at once.
func sized(ctx context.Context, r io.Reader) io.Reader {
	n, ok := sizeOf(r)
	if !ok {
		n = 1 << 62
	}
	return &io.LimitedReader{R: &during{ctx, r}, N: n}
}

// why finds out whether a failure without a reason is for want of room.
func (l *session) why(dir string, err error) error {
	if !isA[*sftp.StatusError](err) {
		return err
	}
	if v, asked := l.files.StatVFS(dir); asked == nil && (v.Bavail*v.Frsize < window || v.Files > 0 && v.Favail == 0) {
		return errors.Join(syscall.ENOSPC, err)
	}
	return err
}

func (s *sftpServer) list(ctx context.Context, dir string) (all []Entry, err error) {
	err = s.do(ctx, func(l *session) error {
		infos, err := l.files.ReadDir(s.at(dir))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		for _, info := range infos {
			all = append(all, entry(info))
		}
		return err
	})
	return all, err
}

func (s *sftpServer) remove(ctx context.Context, name string) error {
	return s.do(ctx, func(l *session) error { return l.files.Remove(s.at(name)) })
}

func (s *sftpServer) sweep(ctx context.Context, dir string) error {
	return sweepTemporary(ctx, s, dir)
}

func (s *sftpServer) keepsTimes() bool { return true }

func (s *sftpServer) ltx(dir string, level int) string { return litestream.LTXLevelDir(dir, level) }

func (s *sftpServer) close() error {
	s.turn <- struct{}{}
	defer func() { <-s.turn }()
	if s.live != nil {
		s.live.close()
		<-s.live.gone
		s.live = nil
	}
	return nil
}
