package cluster

import (
	"strconv"
	"strings"
)

// A fieldTest compares one field of an object.
type fieldTest struct {
	of    func(*Object) string // texts
	num   func(*Object) int64  // numbers; nil: it is a text
	op    string               // = != > <
	value string
	limit int64
}

// texts and numbers are the fields that a filter may name.
var (
	texts = map[string]func(*Object) string{
		"name": func(o *Object) string { return o.Name }, "namespace": func(o *Object) string { return o.Namespace },
		"status": func(o *Object) string { return o.Status.String() }, "phase": func(o *Object) string { return o.Phase },
		"node": func(o *Object) string { return o.Node }, "reason": func(o *Object) string { return o.Reason },
		"uid": func(o *Object) string { return o.UID }, "owner": ownerName, "owner_uid": ownerUID,
	}
	numbers = map[string]func(*Object) int64{
		"ready": func(o *Object) int64 { return int64(o.Ready) }, "want": func(o *Object) int64 { return int64(o.Want) },
		"restarts": func(o *Object) int64 { return int64(o.Restarts) },
		"created":  func(o *Object) int64 { return o.Created },
	}
)

func ownerName(o *Object) string {
	if o.Owner == nil {
		return ""
	}
	return o.Owner.Name
}

func ownerUID(o *Object) string {
	if o.Owner == nil {
		return ""
	}
	return o.Owner.UID
}

// parseFields reads status=critical,node!=a,restarts>3.
func parseFields(text string) ([]fieldTest, error) {
	var all []fieldTest
	for part := range strings.SplitSeq(text, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		at := strings.IndexAny(part, "=!<>")
		if at <= 0 {
			return nil, errFields
		}
		name, rest := strings.TrimSpace(part[:at]), part[at:]
		t := fieldTest{op: rest[:1]}
		switch {
		case strings.HasPrefix(rest, "!="), strings.HasPrefix(rest, "=="):
			t.op, t.value = rest[:2], rest[2:]
		case t.op == "!":
			return nil, errFields
		default:
			t.value = rest[1:]
		}
		t.value = strings.TrimSpace(t.value)
		if t.num = numbers[name]; t.num != nil {
			n, err := strconv.ParseInt(t.value, 10, 64)
			if err != nil {
				return nil, errFields.Because(err)
			}
			t.limit = n
		} else if t.of = texts[name]; t.of == nil || t.op == "<" || t.op == ">" {
			return nil, errFields
		}
		all = append(all, t)
	}
	return all, nil
}

func (t fieldTest) holds(o *Object) bool {
	if t.num == nil {
		same := t.of(o) == t.value
		return same == (t.op != "!=")
	}
	n := t.num(o)
	switch t.op {
	case ">":
		return n > t.limit
	case "<":
		return n < t.limit
	case "!=":
		return n != t.limit
	}
	return n == t.limit
}
