package placetest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"unity.internal/app/backup/place"
	"unity.internal/app/builttest"
	"unity.internal/app/remote/sshdtest"
)

// S3 starts an S3 server with one bucket. With a directory it keeps the objects there.
func S3(tb testing.TB, in ...string) *Server {
	tb.Helper()
	return s3(tb, "http", nil, in)
}

// S3S starts an S3 server with TLS, whose certificate only CA makes trusted.
func S3S(tb testing.TB) *Server {
	tb.Helper()
	cert, key, ca := certificate(tb)
	s := s3(tb, "https", []string{"-cert", cert, "-key", key}, nil)
	s.CA = ca
	return s
}

func s3(tb testing.TB, scheme string, flags, in []string) *Server {
	tb.Helper()
	root := tb.TempDir()
	if len(in) > 0 {
		root = in[0]
	}
	buckets, known := filepath.Join(root, "buckets"), filepath.Join(root, "known")
	for _, dir := range []string{filepath.Join(buckets, "backup"), known} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			tb.Fatal(err)
		}
	}
	g := &gateway{tb: tb, buckets: buckets, known: known, flags: flags}
	l := newLine(tb, g.start(false))
	return &Server{
		Config: place.Config{URL: "s3://backup/unity ü", Endpoint: scheme + "://" + l.addr, PathStyle: true, AccessKey: "unity"}.Clean(),
		Secret: []byte(g.secret()), Wrong: []byte("another secret"), Dir: filepath.Join(buckets, "backup", "unity ü"), line: l,
		mode:  func(readOnly bool) { l.move(g.start(readOnly)) },
		stuff: filler(tb, root),
	}
}

// A gateway is the program in s3test.
type gateway struct {
	tb             testing.TB
	buckets, known string
	flags          []string
	stop           func()
}

func (g *gateway) secret() string { return "the secret of the store" }

// start starts the program anew and returns its address.
func (g *gateway) start(readOnly bool) string {
	g.tb.Helper()
	if g.stop != nil {
		g.stop()
	}
	addr := net.JoinHostPort("127.0.0.1", strconv.FormatInt(sshdtest.FreePort(g.tb), 10))
	args := append([]string{"-attached", "-listen", addr, "-dir", g.buckets, "-sidecar", g.known, fmt.Sprintf("-readonly=%v", readOnly)}, g.flags...)
	cmd := exec.Command(builttest.Path(g.tb, "app/backup/place/s3test"), args...) //nolint:gosec,noctx // it is our own, and ends with its standard input
	cmd.Env = append(os.Environ(), "S3_SECRET="+g.secret())
	cmd.Stderr = g.tb.Output()
	stdin, err := cmd.StdinPipe() // it ends when this process does, however that ends
	if err != nil {
		g.tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		g.tb.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // it is killed
		close(ended)
	}()
	first := g.stop == nil
	g.stop = func() {
		_ = stdin.Close()
		_ = cmd.Process.Kill() // as a crash would, and at once
		<-ended
	}
	if first {
		g.tb.Cleanup(func() { g.stop() })
	}
	g.await(addr, ended)
	return addr
}

// await returns when somebody listens.
func (g *gateway) await(addr string, ended <-chan struct{}) {
	g.tb.Helper()
	end := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		c, err := net.Dial("tcp", addr) //nolint:noctx // it ends with the test
		if err == nil {
			_ = c.Close()
			return
		}
		select {
		case <-tick.C:
		case <-ended:
			g.tb.Fatal("the S3 server ended")
		case <-end:
			g.tb.Fatal("the S3 server does not listen")
		}
	}
}
