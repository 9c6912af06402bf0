package dns

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"
)

// hetzner is the API of Hetzner's cloud, version 1: values are added to a set and
// removed from it by actions, which take a moment.
type hetzner struct{ api }

type hetznerRecord struct {
	Value string `json:"value"`
}

type hetznerSet struct {
	TTL     *int            `json:"ttl,omitempty"` // nil: the zone's
	Records []hetznerRecord `json:"records"`
}

type hetznerError struct {
	Message string `json:"message"`
}

type hetznerAction struct {
	Action struct {
		ID     int64         `json:"id"`
		Status string        `json:"status"`
		Error  *hetznerError `json:"error"`
	} `json:"action"`
}

func hetznerWords(body []byte) string {
	var v struct {
		Error hetznerError `json:"error"`
	}
	_ = json.Unmarshal(body, &v) // what is no JSON says nothing
	return v.Error.Message
}

func (h hetzner) zone(ctx context.Context, name string) (zone, error) {
	return climb(ctx, name, func(ctx context.Context, name string) (zone, bool, error) {
		var v struct {
			Zones []struct {
				ID int64 `json:"id"`
			} `json:"zones"`
		}
		err := h.call(ctx, http.MethodGet, "/zones?name="+url.QueryEscape(name), nil, &v)
		if err != nil || len(v.Zones) == 0 {
			return zone{}, false, h.failed(err, true)
		}
		return zone{name: name, id: strconv.FormatInt(v.Zones[0].ID, 10)}, true, nil
	})
}

func (h hetzner) add(ctx context.Context, z zone, name, value string, ttl time.Duration) error {
	set, there, err := h.set(ctx, z, name)
	record := hetznerRecord{quoted(value)}
	if err != nil || slices.Contains(set.Records, record) {
		return err
	}
	if !there {
		seconds := int(ttl.Seconds())
		set.TTL = &seconds
	}
	set.Records = []hetznerRecord{record}
	return h.act(ctx, z, name, "add_records", set) // with the TTL that the set has
}

func (h hetzner) remove(ctx context.Context, z zone, name, value string) (bool, error) {
	set, _, err := h.set(ctx, z, name)
	record := hetznerRecord{quoted(value)}
	if err != nil || !slices.Contains(set.Records, record) {
		return false, err
	}
	return true, h.act(ctx, z, name, "remove_records", hetznerSet{Records: []hetznerRecord{record}})
}

// set returns the values of a name and whether there are any.
func (h hetzner) set(ctx context.Context, z zone, name string) (hetznerSet, bool, error) {
	var v struct {
		Set hetznerSet `json:"rrset"`
	}
	err := h.call(ctx, http.MethodGet, h.path(z, name), nil, &v)
	if missing(err) {
		return hetznerSet{}, false, nil
	}
	return v.Set, err == nil, h.failed(err, false)
}

func (hetzner) path(z zone, name string) string {
	return "/zones/" + z.id + "/rrsets/" + url.PathEscape(z.relative(name)) + "/TXT"
}

// act does something with a set and waits until it is done.
func (h hetzner) act(ctx context.Context, z zone, name, what string, set hetznerSet) error {
	var v hetznerAction
	err := h.call(ctx, http.MethodPost, h.path(z, name)+"/actions/"+what, set, &v)
	for wait := pause / 10; err == nil && v.Action.Status == "running"; wait = min(2*wait, pause) {
		if err = sleep(ctx, wait); err != nil {
			return ErrSilent.Because(err)
		}
		err = h.call(ctx, http.MethodGet, "/actions/"+strconv.FormatInt(v.Action.ID, 10), nil, &v)
	}
	if err == nil && v.Action.Status == "error" {
		words := ""
		if v.Action.Error != nil {
			words = v.Action.Error.Message
		}
		return said(ErrAnswer, h.title, words, h.secret)
	}
	return h.failed(err, false)
}
