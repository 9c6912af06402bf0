// Package webhook hands messages to an HTTP address as JSON, signed if the
// channel has a secret. It keeps nothing.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"

	"golang.org/x/net/http/httpguts"
	"unity.internal/app/notify"
)

// config is what a person enters.
type config struct {
	URL     string            `json:"url"`
	Secret  string            `json:"secret"`
	Headers map[string]string `json:"headers"`
}

// channel is one address.
type channel struct {
	config
	client notify.Doer
}

// Kind returns this way to tell people; client reaches out.
func Kind(client notify.Doer) notify.Kind {
	return notify.Kind{
		Type: "webhook", Title: "Webhook",
		Fields: []notify.Setting{
			{Name: "url", Title: "URL", Type: "url", Required: true, Help: "Gets a POST with JSON for every alert that fires or ends."},
			{Name: "secret", Title: "Signing secret", Type: "secret", Help: "The body is signed with it, in X-Unity-Signature: sha256=…"},
			{Name: "headers", Title: "Headers", Type: "secrets", Help: "Sent with every request, like Authorization."},
		},
		Open: func(data []byte) (notify.Channel, error) { return open(client, data) },
		Home: func(c map[string]any) string { return notify.Origin(fmt.Sprint(c["url"])) },
	}
}

// ours are the headers that a channel may not set: they frame the request.
var ours = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Te", "Trailer", "Upgrade", "Expect", "X-Unity-Signature", "Idempotency-Key"}

func open(client notify.Doer, data []byte) (notify.Channel, error) {
	var c config
	if err := notify.Decode(data, &c); err != nil {
		return nil, err
	}
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" {
		return nil, notify.ErrConfig("url", "it must begin with http:// or https:// and name a host.")
	}
	for name, v := range c.Headers {
		if !httpguts.ValidHeaderFieldName(name) || !httpguts.ValidHeaderFieldValue(v) {
			return nil, notify.ErrConfig("headers", "a header has a name of letters, digits and -, and a value of one line.")
		}
		if slices.Contains(ours, textproto.CanonicalMIMEHeaderKey(name)) {
			return nil, notify.ErrConfig("headers", "this header cannot be set: "+name+".")
		}
	}
	return channel{c, client}, nil
}

// Send implements notify.Channel.
func (c channel) Send(ctx context.Context, m notify.Message) (retry bool, err error) {
	body, kind := []byte(m.Body), "text/plain; charset=utf-8"
	if !m.Custom {
		if body, err = json.Marshal(m.Notice); err != nil {
			return false, fmt.Errorf("write a webhook: %w", err)
		}
	}
	if json.Valid(body) {
		kind = "application/json"
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(body))
	if err != nil {
		return false, notify.ErrConfig("url", "it is not an address.")
	}
	req.Header.Set("User-Agent", notify.UserAgent)
	req.Header.Set("Content-Type", kind)
	for name, v := range c.Headers {
		req.Header.Set(name, v)
	}
	req.Header.Set("Idempotency-Key", m.Key)
	if c.Secret != "" {
		mac := hmac.New(sha256.New, []byte(c.Secret))
		mac.Write(body)
		req.Header.Set("X-Unity-Signature", "sha256="+hex.EncodeToString(mac.Sum(nil)))
	}
	return notify.Exchange(c.client, req)
}
