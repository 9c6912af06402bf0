package app_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"
	"unity.internal/app"
)

// TestNoGoroutineOutlivesRun runs the whole appliance in this process and looks
// for what is left when it has stopped. It is not parallel: others would be seen.
func TestNoGoroutineOutlivesRun(t *testing.T) {
	before := goleak.IgnoreCurrent()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := &app.Config{DataDir: filepath.Join(t.TempDir(), "data"), Serve: app.Serve{HTTP: "127.0.0.1:0", HTTPS: "127.0.0.1:0", TLS: "internal"}}
	a, err := app.New(ctx, c, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		done <- a.Run(ctx, w)
		_ = w.Close() // of a pipe: never fails
	}()
	for lines := bufio.NewScanner(r); lines.Scan(); {
		if strings.Contains(lines.Text(), " https://") {
			cancel()
		}
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	goleak.VerifyNone(t, before,
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.(*workerPool).Start.func2")) // looks every ten seconds whether it may end
}

// TestAPassphraseTakesThePlaceOfTheKeyFile starts an appliance with one, and
// then without: it is locked, and a person opens it.
func TestAPassphraseTakesThePlaceOfTheKeyFile(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	file := filepath.Join(t.TempDir(), "passphrase")
	write(t, file, "open sesame\n")
	p := start(t, dir, "env", "UNITY_PASSPHRASE_FILE="+file)
	p.setUp(p.printed())
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatalf("%v\n%s", err, p.stderr)
	}
	p = start(t, dir)
	var state struct{ Locked bool }
	p.must("GET", "/setup", "", &state)
	if !state.Locked {
		t.Fatal("it opens without the passphrase")
	}
	if status, err := p.call("POST", "/auth/login", `{"username":"lea","password":"`+password+`"}`, nil); err != nil || status != 503 {
		t.Fatalf("signing in to a locked appliance: %d %v", status, err)
	}
	if status, err := p.call("POST", "/unlock", `{"passphrase":"wrong"}`, nil); err != nil || status != 403 {
		t.Fatalf("a wrong passphrase: %d %v", status, err)
	}
	p.must("POST", "/unlock", `{"passphrase":"open sesame"}`, nil)
	p.signIn()
	p.must("PATCH", "/settings", `{"poll_seconds":11}`, nil)
}
