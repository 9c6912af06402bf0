//go:build !linux

package server

// physical reports whether a device stands behind an interface.
func physical(string) bool { return true }
