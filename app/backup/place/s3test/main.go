// Command s3test is a real S3 server for tests: signatures, conditional and
// multipart uploads, over a directory. Its buckets are the directory's own
// directories. It ends with whoever started it.
package main

import (
	"context"
	"flag"
	"io"
	"log/slog"
	"os"
	"os/signal"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"
	"github.com/versity/versitygw/embedgw"
)

// options are what the command line says. The secret is no argument: it is S3_SECRET.
type options struct {
	listen, dir, sidecar, access, cert, key string
	readonly, attached                      bool
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:7070", "address to listen on")
	flag.StringVar(&o.dir, "dir", "", "directory of the buckets")
	flag.StringVar(&o.sidecar, "sidecar", "", "directory of what is known about the objects")
	flag.StringVar(&o.access, "access", "unity", "id of the only key")
	flag.StringVar(&o.cert, "cert", "", "certificate, for TLS")
	flag.StringVar(&o.key, "key", "", "key of the certificate")
	flag.BoolVar(&o.readonly, "readonly", false, "refuse to write")
	flag.BoolVar(&o.attached, "attached", false, "end when standard input ends")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.attached {
		go func() { _, _ = io.Copy(io.Discard, os.Stdin); stop() }()
	}
	if err := serve(ctx, o, os.Getenv("S3_SECRET")); err != nil {
		slog.ErrorContext(ctx, "serve", "err", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context, o options, secret string) error {
	known, err := meta.NewSideCar(o.sidecar)
	if err != nil {
		return err
	}
	objects, err := posix.New(o.dir, known, posix.PosixOpts{SideCarDir: o.sidecar, Concurrency: 64})
	if err != nil {
		return err
	}
	return embedgw.RunVersityGW(ctx, objects, &embedgw.Config{
		RootUserAccess: o.access, RootUserSecret: secret, Region: "us-east-1", Ports: []string{o.listen},
		MaxConnections: 1000, MaxRequests: 1000, MultipartMaxParts: 10_000, CertFile: o.cert, KeyFile: o.key,
		Readonly: o.readonly, KeepAlive: true, Quiet: true,
	})
}
