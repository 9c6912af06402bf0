package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"unity.internal/app/seal"
)

// A diff is the detail of an audit row: what a thing was before a change and
// what it is after it, by the names of its JSON. It is marshalled when the
// change was made, so the change itself may fill it. Without a before,
// everything was set; without an after, everything is gone.
type diff struct{ before, after any }

// A keeper of secrets names them, because its JSON leaves them out.
type keeper interface{ secrets() map[string]seal.Value }

// bookkeeping are fields that nobody chose, so the audit leaves them out.
var bookkeeping = []string{
	"id", "rev", "tenant_id", "user_id", "created_at", "actor", "state", "state_since", "reason", "last_seen", "skew_ms", "facts", "host_key", "seen_at", "used_at",
}

// masked stands for a secret, as it does in the config of a channel.
const masked = "********"

// A part is one field as the audit shows it, and what tells it from another.
type part struct {
	text json.RawMessage
	same []byte
}

// MarshalJSON returns {"changes": {field: [before, after]}} with the name of the
// thing, {"set": {field: value}} or {"was": {field: value}}.
func (d *diff) MarshalJSON() ([]byte, error) {
	before, err := partsOf(d.before)
	after, err2 := partsOf(d.after)
	if err := errors.Join(err, err2); err != nil {
		return nil, err
	}
	switch {
	case d.before == nil:
		return json.Marshal(map[string]any{"set": filled(after)})
	case d.after == nil:
		return json.Marshal(map[string]any{"was": filled(before)})
	}
	changes := map[string][2]json.RawMessage{}
	for _, name := range slices.Concat(slices.Collect(maps.Keys(before)), slices.Collect(maps.Keys(after))) {
		if b, a := before[name], after[name]; !bytes.Equal(b.same, a.same) {
			changes[name] = [2]json.RawMessage{b.text, a.text}
		}
	}
	return json.Marshal(struct {
		Name    json.RawMessage               `json:"name,omitempty"`
		Changes map[string][2]json.RawMessage `json:"changes"`
	}{after["name"].text, changes})
}

// partsOf returns the fields of v; those of an object in it as object.field.
func partsOf(v any) (map[string]part, error) {
	all := map[string]part{}
	if v == nil {
		return all, nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	if err := flatten(all, "", text); err != nil {
		return nil, err
	}
	if k, ok := v.(keeper); ok {
		for name, secret := range k.secrets() {
			if sealed := secret.Ciphertext(); len(sealed) > 0 {
				all[name] = part{json.RawMessage(`"` + masked + `"`), sealed}
			}
		}
	}
	return all, nil
}

func flatten(all map[string]part, prefix string, object []byte) error {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return err
	}
	for name, text := range fields {
		if prefix == "" && slices.Contains(bookkeeping, name) {
			continue
		}
		if strings.HasPrefix(string(text), "{") {
			if err := flatten(all, prefix+name+".", text); err != nil {
				return err
			}
			continue
		}
		all[prefix+name] = part{text, text}
	}
	return nil
}

// filled returns the fields that say something.
func filled(all map[string]part) map[string]json.RawMessage {
	out := map[string]json.RawMessage{}
	for name, p := range all {
		if text := string(p.text); text != `""` && text != "null" && text != "[]" {
			out[name] = p.text
		}
	}
	return out
}
