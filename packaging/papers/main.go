// Command papers writes what has to go with the binary: the licences of all that
// is in it, the list of that (CycloneDX), and Debian's kind of changelog. It runs
// in the folder of the whole product. What it writes depends on the sources and
// its arguments only, never on the time or the machine.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt) //nolint:forbidigo // the program's main
	err := run(ctx, os.Args[1:], os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "papers:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New(`say which:
  papers licenses           write app/license/licenses.txt.zst
  papers licenses check     fail if it is old
  papers sbom BINARY VERSION
  papers changelog VERSION SECONDS   packaging/CHANGELOG.md as Debian's, on standard output`)

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return errUsage
	}
	switch command, args := args[0], args[1:]; {
	case command == "licenses" && len(args) == 0:
		return writeLicenses(ctx)
	case command == "licenses" && len(args) == 1 && args[0] == "check":
		return checkLicenses(ctx)
	case command == "sbom" && len(args) == 2:
		return writeBill(ctx, args[0], args[1], out)
	case command == "changelog" && len(args) == 2:
		return writeChangelog(args[0], args[1], out)
	}
	return errUsage
}
