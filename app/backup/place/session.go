package place

import (
	"context"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"github.com/pkg/sftp"
	"golang.org/x/crypto/ssh"
)

// idle is how old the last use of a session may be. A conn ends by itself
// soon after that, and must not do so just when it is used again.
const idle = silence / 2

// A session is a connection to an SFTP server.
type session struct {
	files *sftp.Client
	shell *ssh.Client
	gone  chan struct{} // closed when the connection ended
	ended error         // why; after gone
	busy  atomic.Int64  // how many use it now
	used  atomic.Int64  // when somebody did last, in unix nanoseconds
}

// connect signs in and starts SFTP.
func (s *sftpServer) connect(ctx context.Context) (*session, error) {
	c, err := shake(ctx, s.addr, &ssh.ClientConfig{
		User: s.user, Auth: []ssh.AuthMethod{ssh.PublicKeys(s.key)},
		HostKeyCallback:   func(_ string, _ net.Addr, k ssh.PublicKey) error { return s.verify(k) },
		HostKeyAlgorithms: preferred(s.hostKey),
	})
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	files, err := sftp.NewClient(c, sftp.UseConcurrentWrites(true))
	if err != nil {
		_ = c.Close() // it failed already
		return nil, errors.Join(errNoSFTP, ctx.Err(), err)
	}
	l := &session{files: files, shell: c, gone: make(chan struct{})}
	go func() {
		l.ended = c.Wait()
		close(l.gone)
	}()
	return l, nil
}

// shake makes an SSH connection within the time for connecting.
func shake(ctx context.Context, addr string, config *ssh.ClientConfig) (*ssh.Client, error) {
	c, err := dial(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connecting)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	seen, verify := false, config.HostKeyCallback
	var strange error
	config.HostKeyCallback = func(host string, from net.Addr, k ssh.PublicKey) error {
		seen, strange = true, verify(host, from, k)
		return strange
	}
	config.ClientVersion = "SSH-2.0-Unity"
	client, channels, requests, err := ssh.NewClientConn(c, addr, config)
	switch {
	case err == nil:
		return ssh.NewClient(client, channels, requests), nil
	case ctx.Err() != nil:
		err = errors.Join(ctx.Err(), err)
	case strange != nil:
		err = strange
	case !seen:
		err = errors.Join(errNoSSH, err)
	case !broken(err):
		err = errors.Join(errDenied, err)
	}
	_ = c.Close() // it failed already
	return nil, err
}

// usable reports whether a session will survive its next use.
func (l *session) usable() bool {
	select {
	case <-l.gone:
		return false
	default:
		return l.busy.Load() > 0 || time.Since(time.Unix(0, l.used.Load())) < idle
	}
}

// done ends one use of a session.
func (l *session) done() {
	l.used.Store(time.Now().UnixNano())
	l.busy.Add(-1)
}

func (l *session) close() { _ = l.shell.Close() }

// blame adds to an error why the connection ended, and ends one that is of no use.
func (l *session) blame(err error) error {
	if !errors.Is(err, sftp.ErrSSHFxConnectionLost) && !broken(err) {
		return err
	}
	l.close()
	<-l.gone
	return errors.Join(net.ErrClosed, l.ended, err)
}

// replace renames a file over another, in one step where the server can.
func (l *session) replace(from, to string) error {
	if _, can := l.files.HasExtension("posix-rename@openssh.com"); can {
		return l.files.PosixRename(from, to)
	}
	if err := l.files.Rename(from, to); err == nil {
		return nil
	}
	_ = l.files.Remove(to) // the next line says if that failed
	return l.files.Rename(from, to)
}
