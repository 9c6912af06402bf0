//go:build !dev

package web

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// files serves what was built into the binary.
func files() fs.FS {
	sub, err := fs.Sub(dist, "dist")
	if err != nil {
		panic(err) // "dist" is a valid path, and that is all Sub checks.
	}
	return sub
}
