// Command manifesttest judges what we hand out with the code of those who define it:
//
//	manifesttest kubernetes FOLDER   builds a kustomization, reads every object strictly, prints them as JSON lines
//	manifesttest sbom SCHEMAS FILE   validates a bill of materials against the schema of CycloneDX
//
// It is a module of its own, so that none of it is in the product's.
package main

import (
	"errors"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "manifesttest:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("say: manifesttest kubernetes FOLDER, or: manifesttest sbom SCHEMAS FILE")

func run(args []string) error {
	switch {
	case len(args) == 2 && args[0] == "kubernetes":
		return kubernetes(args[1], os.Stdout)
	case len(args) == 3 && args[0] == "sbom":
		return bill(args[1], args[2])
	}
	return errUsage
}
