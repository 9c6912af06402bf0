package seal_test

import (
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"unity.internal/app/seal"
)

func TestAValueDoesNotLeak(t *testing.T) {
	t.Parallel()
	const marker = "MARKER"
	v := seal.Of([]byte(marker))
	type row struct {
		Shown  seal.Value
		hidden seal.Value
		Ptr    *seal.Value
	}
	for _, x := range []any{v, &v, row{v, v, &v}, []seal.Value{v}, map[string]seal.Value{"k": v}} {
		var out strings.Builder
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			fmt.Fprintf(&out, verb, x)
		}
		slog.New(slog.NewJSONHandler(&out, nil)).Info("m", "x", x)
		slog.New(slog.NewTextHandler(&out, nil)).Info("m", "x", x)
		for _, leak := range []string{marker, hex.EncodeToString([]byte(marker)), "77 65 82", "0x4d, 0x41"} {
			if strings.Contains(out.String(), leak) {
				t.Errorf("%T leaks %q in %s", x, leak, &out)
			}
		}
		if _, err := json.Marshal(x); !errors.Is(err, seal.ErrSealed) {
			t.Errorf("json of %T: %v", x, err)
		}
	}
	if _, err := xml.Marshal(v); !errors.Is(err, seal.ErrSealed) {
		t.Errorf("xml: %v", err)
	}
}
