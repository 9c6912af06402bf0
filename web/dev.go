//go:build dev

package web

import (
	"io/fs"
	"os"
)

// files serves what lies on the disk, so that a new build is seen without a new binary.
func files() fs.FS { return os.DirFS("web/dist") }
