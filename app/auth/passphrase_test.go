package auth_test

import (
	"strings"
	"testing"

	"unity.internal/app/auth"
	"unity.internal/app/fault"
)

func TestAPassphraseThatIsGuessedFirstIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"harbour lantern 42":        "",
		"grüne brücke":              "",
		"":                          "passphrase.short",
		"nine char":                 "passphrase.short",
		"äöüäöüäöü":                 "passphrase.short", // nine letters in 18 bytes
		"password1234":              "passphrase.common",
		"PassWord1234":              "passphrase.common",
		"1234567890":                "passphrase.common",
		"aaaaaaaaaaaaaaaa":          "passphrase.common",
		"qwertyuiop":                "passphrase.common",
		strings.Repeat("xyza", 300): "passphrase.long",
		"harbour lantern \xff":      "passphrase.long",
	} {
		err := auth.CheckPassphrase(text)
		if got := ""; err != nil {
			if got = fault.From(err).Code; got != want || len(fault.From(err).Fields) != 1 {
				t.Errorf("%q: %v", text, err)
			}
		} else if want != got {
			t.Errorf("%q is taken", text)
		}
	}
}
