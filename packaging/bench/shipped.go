package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
)

// shipped are the packages of the binary that is there, for the machine that this is.
func shipped(ctx context.Context) (figures []figure, err error) {
	dir, err := os.MkdirTemp("", "unity-bench-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	from, to := filepath.Join(dir, "bin"), filepath.Join(dir, "packages")
	program, err := filepath.Abs(binary)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(from, 0o700); err != nil {
		return nil, err
	}
	if err := os.Symlink(program, filepath.Join(from, "unity-"+runtime.GOARCH)); err != nil {
		return nil, err
	}
	if out, err := exec.CommandContext(ctx, "packaging/package.sh", from, to).CombinedOutput(); err != nil { //nolint:gosec // a script of ours
		return nil, fmt.Errorf("%w: %s", err, out)
	}
	for _, p := range []struct{ kind, name string }{
		{".deb", "the deb"}, {".rpm", "the rpm"}, {".tar.gz", "the tarball"}, {"_oci.tar", "the container image"},
	} {
		found, err := filepath.Glob(to + "/*" + p.kind)
		if err != nil {
			return figures, err
		}
		if len(found) != 1 {
			return figures, fmt.Errorf("%s: %v", p.kind, found)
		}
		info, err := os.Stat(found[0])
		if err != nil {
			return figures, err
		}
		figures = append(figures, figure{name: p.name, value: float64(info.Size()) / 1e6, unit: "MB", limit: 25})
	}
	return figures, nil
}
