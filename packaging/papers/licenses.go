package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/klauspost/compress/zstd"
)

const licensesFile = "app/license/licenses.txt.zst"

// writeLicenses writes the text of `unity licenses` where the binary takes it from.
func writeLicenses(ctx context.Context) error {
	text, err := licenses(ctx)
	if err != nil {
		return err
	}
	w, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedBestCompression), zstd.WithEncoderConcurrency(1))
	if err != nil {
		return err
	}
	return os.WriteFile(licensesFile, w.EncodeAll(text, nil), 0o644) //nolint:gosec // a source file
}

var errOld = errors.New("the licences in the binary are not those of what is in it: make gen")

// checkLicenses fails if what writeLicenses wrote would differ now.
func checkLicenses(ctx context.Context) error {
	want, err := licenses(ctx)
	if err != nil {
		return err
	}
	packed, err := os.ReadFile(licensesFile)
	if err != nil {
		return err
	}
	r, err := zstd.NewReader(nil)
	if err != nil {
		return err
	}
	defer r.Close()
	got, err := r.DecodeAll(packed, nil)
	if err != nil || !bytes.Equal(got, want) {
		return cmp.Or(err, errOld)
	}
	return nil
}

// licenses returns the licence of Unity, the list of what else is in the binary,
// and each text once, with the names of those that it is for.
func licenses(ctx context.Context) ([]byte, error) {
	own, err := os.ReadFile("LICENSE")
	if err != nil {
		return nil, err
	}
	all, err := works(ctx)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "Unity\nCopyright 2026 The Unity authors\n\n%s\n", clean(own))
	fmt.Fprintf(&out, "%s\n\nThis is in the binary besides, each under its own licence. The texts follow.\n\n", rule)
	owners := map[string][]string{} // by text
	for _, w := range all {
		fmt.Fprintf(&out, "%s  %s\n", w.title(), strings.Join(w.licenses, ", "))
		for _, text := range w.texts {
			if !slices.Contains(owners[text], w.title()) {
				owners[text] = append(owners[text], w.title())
			}
		}
	}
	order := slices.SortedFunc(maps.Keys(owners), func(a, b string) int {
		return cmp.Or(slices.Compare(owners[a], owners[b]), cmp.Compare(a, b))
	})
	for _, text := range order {
		fmt.Fprintf(&out, "\n%s\n%s\n\n%s", rule, strings.Join(owners[text], "\n"), text)
	}
	return out.Bytes(), nil
}

const rule = "================================================================================"

func (w work) title() string { return strings.TrimSpace(w.name + " " + w.version) }
