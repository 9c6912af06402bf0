// Command image writes the container image: an OCI layout in a tar, one image for
// each machine, from scratch, so that nothing is in it but the binary and what that
// reads. No engine is needed, and the same binaries give the same bytes.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) //nolint:forbidigo // the program's main
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "image:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("say: image VERSION SECONDS OUT FOLDER…, each folder called …-amd64, …-arm64 or …-arm, with unity, sbom.cdx.json and copyright")

func run(ctx context.Context, args []string) (err error) {
	if len(args) < 4 {
		return errUsage
	}
	second, err := strconv.ParseInt(args[1], 10, 64)
	if err != nil {
		return fmt.Errorf("%q is no time: %w", args[1], err)
	}
	root, err := exec.CommandContext(ctx, "go", "env", "GOROOT").Output()
	if err != nil {
		return fmt.Errorf("go env: %w", err)
	}
	f, err := os.Create(args[2]) //nolint:gosec // whoever types the command names it
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	i := image{
		version: args[0], created: time.Unix(second, 0).UTC(),
		zones: filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"),
	}
	return i.write(f, args[3:])
}
