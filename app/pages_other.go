//go:build !linux

package app

// forgetPages does nothing where the kernel is not asked in Linux's way.
func forgetPages() error { return nil }
