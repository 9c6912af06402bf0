// Command acmetest is Pebble, a certificate authority for tests that speaks ACME.
// It keeps everything in memory, validates at the ports and with the name server
// that it is told, and ends with whoever started it. It speaks plain HTTP: what
// stands before it does TLS.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/letsencrypt/pebble/v2/acme"
	"github.com/letsencrypt/pebble/v2/ca"
	"github.com/letsencrypt/pebble/v2/db"
	"github.com/letsencrypt/pebble/v2/va"
	"github.com/letsencrypt/pebble/v2/wfe"
)

// options are what the command line says. The key of the external account is no
// argument: it is ACME_EAB_KEY.
type options struct {
	resolver, account string
	httpPort, tlsPort int
	life              time.Duration
	strict            bool
}

func main() {
	var o options
	flag.StringVar(&o.resolver, "resolver", "", "name server that is asked, host:port")
	flag.IntVar(&o.httpPort, "http-port", 5002, "port that stands for 80")
	flag.IntVar(&o.tlsPort, "tls-port", 5001, "port that stands for 443")
	flag.StringVar(&o.account, "account", "", "id of an external account; then nobody registers without it")
	flag.DurationVar(&o.life, "life", 0, "how long a certificate is valid; 0 is 90 days")
	flag.BoolVar(&o.strict, "strict", false, "refuse what the protocol is going to refuse")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go func() { _, _ = io.Copy(io.Discard, os.Stdin); stop() }()
	if err := serve(ctx, o, os.Getenv("ACME_EAB_KEY")); err != nil {
		slog.ErrorContext(ctx, "serve", "err", err)
		os.Exit(1)
	}
}

// serve listens until ctx ends. Its first line of output is the address.
func serve(ctx context.Context, o options, key string) error {
	h, err := handler(o, key)
	if err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, ln.Addr())
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer done()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler joins the protocol, Pebble's own management under /management/, and
// the one thing that no client may do: end somebody's account.
func handler(o options, key string) (http.Handler, error) {
	lg := log.New(os.Stderr, "pebble ", log.Lmicroseconds)
	known := db.NewMemoryStore()
	if o.account != "" {
		if err := known.AddExternalAccountKeyByID(o.account, key); err != nil {
			return nil, err
		}
	}
	signer := ca.New(lg, known, "", "ecdsa", 0, 1, map[string]ca.Profile{
		"default": {Description: "What tests ask for", ValidityPeriod: uint64(o.life / time.Second)},
	})
	validator := va.New(lg, o.httpPort, o.tlsPort, o.strict, o.resolver, known)
	front := wfe.New(lg, known, validator, signer, []string{"pebble.letsencrypt.org"}, o.strict, o.account != "", 0, 0)
	mux := http.NewServeMux()
	mux.Handle("/", front.Handler())
	mux.Handle("/management/", http.StripPrefix("/management", front.ManagementHandler()))
	mux.HandleFunc("POST /management/deactivate/{id}", func(w http.ResponseWriter, r *http.Request) {
		account := known.GetAccountByID(r.PathValue("id"))
		if account == nil {
			http.Error(w, "no such account", http.StatusNotFound)
			return
		}
		ended := *account
		ended.Status = acme.StatusDeactivated
		if err := known.UpdateAccountByID(ended.ID, &ended); err != nil {
			http.Error(w, strings.TrimSpace(err.Error()), http.StatusInternalServerError)
		}
	})
	return mux, nil
}
