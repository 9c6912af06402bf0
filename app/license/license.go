// Package license holds the licences of all that is in the binary, which its own
// asks for as well as theirs. The text is made by packaging/papers (make gen)
// from the modules and the packages of the pages, and is never written by hand.
package license

import (
	"bytes"
	_ "embed"
	"io"

	"github.com/klauspost/compress/zstd"
)

//go:embed licenses.txt.zst
var packed []byte

// Write writes the licence of Unity, what else is in the binary, and the licences of that.
func Write(w io.Writer) error {
	r, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer r.Close()
	_, err = io.Copy(w, r)
	return err
}
