// Package web holds the built pages of the product.
package web

import "io/fs"

// FS returns the built pages: index.html, theme.js, icon.svg and assets/, where
// every name carries a hash of its content. Beside a file may lie the same
// compressed, as .br and .gz.
func FS() fs.FS { return files() }
