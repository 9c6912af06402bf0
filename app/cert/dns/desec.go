package dns

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// desecTTL is the shortest TTL of a zone that does not say.
const desecTTL = time.Hour

// desec is deSEC's API, version 1: all values of a name are one set, which is
// written as a whole.
type desec struct{ api }

type desecSet struct {
	Subname string   `json:"subname"`
	Type    string   `json:"type"`
	TTL     int      `json:"ttl"`
	Records []string `json:"records"`
}

func desecWords(body []byte) string {
	var v struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(body, &v) != nil || v.Detail == "" {
		return string(body) // of a field, under its name
	}
	return v.Detail
}

func (d desec) zone(ctx context.Context, name string) (zone, error) {
	var v []struct {
		Name    string `json:"name"`
		Minimum int    `json:"minimum_ttl"`
	}
	if err := d.call(ctx, http.MethodGet, "/domains/?owns_qname="+url.QueryEscape(name), nil, &v); err != nil {
		return zone{}, d.failed(err, true)
	}
	if len(v) == 0 {
		return zone{}, ErrZone
	}
	z := zone{name: v[0].Name, shortest: desecTTL}
	if v[0].Minimum > 0 {
		z.shortest = time.Duration(v[0].Minimum) * time.Second
	}
	return z, nil
}

func (d desec) add(ctx context.Context, z zone, name, value string, ttl time.Duration) error {
	set, err := d.set(ctx, z, name)
	if err != nil || slices.Contains(set.Records, quoted(value)) {
		return err
	}
	if set.TTL == 0 {
		set.TTL = int(ttl.Seconds())
	}
	set.Records = append(set.Records, quoted(value))
	return d.put(ctx, z, set)
}

func (d desec) remove(ctx context.Context, z zone, name, value string) (bool, error) {
	set, err := d.set(ctx, z, name)
	at := slices.Index(set.Records, quoted(value))
	if err != nil || at < 0 {
		return false, err
	}
	set.Records = slices.Delete(set.Records, at, at+1) // none is left: the set goes
	return true, d.put(ctx, z, set)
}

// set returns the values of a name, none if there are none.
func (d desec) set(ctx context.Context, z zone, name string) (desecSet, error) {
	set := desecSet{Subname: z.relative(name), Type: "TXT"}
	err := d.call(ctx, http.MethodGet, sets(z)+url.PathEscape(set.Subname)+"/TXT/", nil, &set)
	if set.Subname == "@" {
		set.Subname = "" // its name in a set
	}
	if missing(err) {
		return set, nil
	}
	return set, d.failed(err, false)
}

func (d desec) put(ctx context.Context, z zone, set desecSet) error {
	return d.failed(d.call(ctx, http.MethodPut, sets(z), []desecSet{set}, nil), false)
}

func sets(z zone) string { return "/domains/" + url.PathEscape(z.name) + "/rrsets/" }
