package dns

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Codes of errors.
const (
	cloudflareHeaders   = 6003 // what it cannot take for a token, above all
	cloudflareExists    = 81057
	cloudflareIdentical = 81058
)

// cloudflare is Cloudflare's API, version 4: each value is a record of its own.
type cloudflare struct{ api }

// cloudflareErrors is what every answer has.
type cloudflareErrors struct {
	Errors []cloudflareError `json:"errors"`
}

type cloudflareError struct {
	Code    int               `json:"code"`
	Message string            `json:"message"`
	Chain   []cloudflareError `json:"error_chain"`
}

type cloudflareRecord struct {
	ID      string `json:"id,omitempty"`
	Type    string `json:"type"`
	Name    string `json:"name"`
	Content string `json:"content"`
	TTL     int    `json:"ttl,omitempty"`
}

func cloudflareWords(body []byte) string {
	var v cloudflareErrors
	_ = json.Unmarshal(body, &v) // what is no JSON says nothing
	var all []string
	for _, e := range v.Errors {
		all = append(all, e.Message)
		for _, c := range e.Chain {
			all = append(all, c.Message)
		}
	}
	return strings.Join(all, " ")
}

func (c cloudflare) zone(ctx context.Context, name string) (zone, error) {
	return climb(ctx, name, func(ctx context.Context, name string) (zone, bool, error) {
		var v struct {
			Result []struct {
				ID string `json:"id"`
			} `json:"result"`
		}
		err := c.call(ctx, http.MethodGet, "/zones?name="+url.QueryEscape(name), nil, &v)
		if coded(err, cloudflareHeaders) {
			return zone{}, false, ErrToken
		}
		if err != nil || len(v.Result) == 0 {
			return zone{}, false, c.failed(err, true)
		}
		return zone{name: name, id: v.Result[0].ID}, true, nil
	})
}

func (c cloudflare) add(ctx context.Context, z zone, name, value string, ttl time.Duration) error {
	r := cloudflareRecord{Type: "TXT", Name: name, Content: quoted(value), TTL: int(ttl.Seconds())}
	err := c.call(ctx, http.MethodPost, records(z), r, nil)
	if coded(err, cloudflareExists, cloudflareIdentical) {
		return nil
	}
	return c.failed(err, false)
}

func (c cloudflare) remove(ctx context.Context, z zone, name, value string) (bool, error) {
	var v struct {
		Result []cloudflareRecord `json:"result"`
	}
	if err := c.call(ctx, http.MethodGet, records(z)+"?type=TXT&per_page=100&name="+url.QueryEscape(name), nil, &v); err != nil {
		return false, c.failed(err, false)
	}
	for _, r := range v.Result {
		if r.Content != value && r.Content != quoted(value) {
			continue
		}
		err := c.call(ctx, http.MethodDelete, records(z)+"/"+url.PathEscape(r.ID), nil, nil)
		if missing(err) {
			return false, nil // somebody was faster
		}
		return err == nil, c.failed(err, false)
	}
	return false, nil
}

func records(z zone) string { return "/zones/" + url.PathEscape(z.id) + "/dns_records" }

// coded reports whether a refusal has one of these codes.
func coded(err error, codes ...int) bool {
	r, ok := errors.AsType[*refusal](err)
	var v cloudflareErrors
	return ok && json.Unmarshal(r.body, &v) == nil &&
		slices.ContainsFunc(v.Errors, func(e cloudflareError) bool { return slices.Contains(codes, e.Code) })
}
