// Unity is the appliance a homelab runs on: one binary that watches servers,
// raises alerts that can be trusted and keeps its state in one file.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"unity.internal/app"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := app.Main(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
