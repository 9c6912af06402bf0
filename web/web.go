// Package web holds the built pages of the product.
package web

import (
	_ "embed" // Tokens
	"io/fs"
)

// Tokens is the CSS of the colours and sizes of every page, for those that are not
// built here: they must look the same.
//
//go:embed src/styles/tokens.css
var Tokens string

// FS returns the built pages: index.html, theme.js, icon.svg and assets/, where
// every name carries a hash of its content. Beside a file may lie the same
// compressed, as .br and .gz.
func FS() fs.FS { return files() }
