// Command providertest is a real OpenID Connect provider for tests: code flow
// with PKCE, signed tokens, userinfo, end of session. It asks for a user name
// only, keeps everything in memory, and ends with whoever started it.
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"fmt"
	"html/template"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/zitadel/oidc/v3/pkg/op"
)

// options are what the command line says.
type options struct {
	listen, client, secret string
	redirects, signedOut   list
	users                  list
	lean, attached         bool
}

// A list is a flag that may stand more than once.
type list []string

func (l *list) String() string     { return strings.Join(*l, " ") }
func (l *list) Set(v string) error { *l = append(*l, v); return nil }

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:0", "address to listen on; the issuer is http:// and it")
	flag.StringVar(&o.client, "client", "unity", "id of the only client")
	flag.StringVar(&o.secret, "secret", "", "its secret; none makes it a public client")
	flag.Var(&o.redirects, "redirect", "where it may send people back to; * stands for anything but /")
	flag.Var(&o.signedOut, "signed-out", "where people may go after they signed out, likewise")
	flag.Var(&o.users, "user", "name:email:verified:group,group; verified is true or false")
	flag.BoolVar(&o.lean, "lean", false, "tell profile and e-mail at the userinfo endpoint only")
	flag.BoolVar(&o.attached, "attached", false, "end when standard input ends")
	flag.Parse()
	if len(o.redirects) == 0 {
		o.redirects = list{"http://*/sign-in/callback", "https://*/sign-in/callback"}
	}
	if len(o.signedOut) == 0 {
		o.signedOut = list{"http://*/sign-in", "https://*/sign-in"}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if o.attached {
		go func() { _, _ = io.Copy(io.Discard, os.Stdin); stop() }()
	}
	if err := serve(ctx, o); err != nil {
		slog.ErrorContext(ctx, "serve", "err", err)
		os.Exit(1)
	}
}

// serve listens until ctx ends. Its first line of output is the issuer.
func serve(ctx context.Context, o options) error {
	users, err := parseUsers(o.users)
	if err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", o.listen)
	if err != nil {
		return err
	}
	issuer := "http://" + ln.Addr().String()
	s, err := newStorage(o, users)
	if err != nil {
		return err
	}
	h, err := handler(issuer, s)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stdout, issuer)
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second}
	done := context.AfterFunc(ctx, func() { _ = server.Close() })
	defer done()
	if err := server.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler joins the protocol and the page that asks who one is.
func handler(issuer string, s *storage) (http.Handler, error) {
	config := &op.Config{
		CodeMethodS256: true, AuthMethodPost: true, DefaultLogoutRedirectURI: "/signed-out",
		SupportedScopes: []string{"openid", "profile", "email", "groups"},
	}
	if _, err := rand.Read(config.CryptoKey[:]); err != nil {
		return nil, err
	}
	provider, err := op.NewProvider(config, s, op.StaticIssuer(issuer), op.WithAllowInsecure())
	if err != nil {
		return nil, err
	}
	back := op.AuthCallbackURL(provider)
	within := op.NewIssuerInterceptor(provider.IssuerFromRequest)
	mux := http.NewServeMux()
	mux.Handle("/", provider)
	mux.HandleFunc("GET /signed-out", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "Signed out.") })
	mux.HandleFunc("GET /login", func(w http.ResponseWriter, r *http.Request) { ask(w, r.FormValue("id"), "") })
	mux.HandleFunc("POST /login", within.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, name := r.PostFormValue("id"), r.PostFormValue("username")
		if err := s.signIn(id, name); err != nil {
			ask(w, id, err.Error())
			return
		}
		http.Redirect(w, r, back(r.Context(), id), http.StatusFound)
	}))
	return mux, nil
}

var page = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="en"><title>Provider</title>
<h1>Test provider</h1>
<form method="post" action="/login">
<input type="hidden" name="id" value="{{.ID}}">
<label>User name <input name="username" autocomplete="off" autofocus></label>
<button>Sign in</button>
{{with .Problem}}<p role="alert">{{.}}</p>{{end}}
</form></html>`))

func ask(w http.ResponseWriter, id, problem string) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_ = page.Execute(w, struct{ ID, Problem string }{id, problem})
}
