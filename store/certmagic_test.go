package store_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestCertKeys(t *testing.T) {
	t.Parallel()
	y, ctx := storetest.Open(t).System(), t.Context()
	for _, key := range []string{"a", "a/b", "a/b/c", "ab/c", "a%/c", "z"} {
		for _, value := range []string{"first", "of " + key} {
			if err := y.PutCert(ctx, key, []byte(value)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if v, err := y.Cert(ctx, "a/b"); err != nil || string(v.Sealed) != "of a/b" || v.Modified.IsZero() {
		t.Errorf("got %q at %v, %v", v.Sealed, v.Modified, err)
	}
	if _, err := y.Cert(ctx, "ab"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a folder has the value of %v", err)
	}
	for path, want := range map[string][]string{
		"":    {"a", "a%/c", "a/b", "a/b/c", "ab/c", "z"},
		"a":   {"a/b", "a/b/c"},
		"a/b": {"a/b/c"},
		"b":   {},
	} {
		got, err := y.CertKeys(ctx, path)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("below %q: %v, %v", path, got, err)
		}
	}
	for range 2 { // nothing left to delete is no error
		if err := y.DeleteCerts(ctx, "a"); err != nil {
			t.Error(err)
		}
	}
	if got, err := y.CertKeys(ctx, ""); err != nil || !cmp.Equal(got, []string{"a%/c", "ab/c", "z"}) {
		t.Errorf("left: %v, %v", got, err)
	}
}
