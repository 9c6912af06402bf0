package app

import "unity.internal/app/license"

type licensesCmd struct{}

// Run prints licences.
func (licensesCmd) Run(t terminal) error { return license.Write(t.out) }
