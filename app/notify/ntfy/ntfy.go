// Package ntfy publishes messages to a topic of an ntfy server. It keeps nothing.
package ntfy

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"unity.internal/app/notify"
)

const (
	public   = "https://ntfy.sh"
	maxTitle = 250 // bytes, as ntfy takes them
	maxText  = 4000
)

// config is what a person enters. Priority 0 follows the severity.
type config struct {
	Server   string `json:"server"`
	Topic    string `json:"topic"`
	Token    string `json:"token"`
	Priority int    `json:"priority"`
}

// channel is one topic.
type channel struct {
	config
	client notify.Doer
}

var topic = regexp.MustCompile(`^[-_A-Za-z0-9]{1,64}$`)

// Kind returns this way to tell people; client reaches out.
func Kind(client notify.Doer) notify.Kind {
	return notify.Kind{
		Type: "ntfy", Title: "ntfy",
		Fields: []notify.Setting{
			{Name: "server", Title: "Server", Type: "url", Required: true, Default: public},
			{Name: "topic", Title: "Topic", Type: "text", Required: true, Help: "Who knows the topic of a public server can read it: choose one that nobody guesses."},
			{Name: "token", Title: "Access token", Type: "secret"},
			{Name: "priority", Title: "Priority", Type: "number", Default: 0, Help: "1 to 5; 0 follows the severity."},
		},
		Open: func(data []byte) (notify.Channel, error) { return open(client, data) },
		Home: func(c map[string]any) string { return notify.Origin(fmt.Sprint(c["server"])) },
	}
}

func open(client notify.Doer, data []byte) (notify.Channel, error) {
	c := config{Server: public}
	if err := notify.Decode(data, &c); err != nil {
		return nil, err
	}
	u, err := url.Parse(c.Server)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil:
		return nil, notify.ErrConfig("server", "it must begin with http:// or https:// and name a host.")
	case !topic.MatchString(c.Topic):
		return nil, notify.ErrConfig("topic", "a topic has 1 to 64 letters, digits, - and _.")
	case strings.ContainsAny(c.Token, "\r\n\x00 "):
		return nil, notify.ErrConfig("token", "a token is one word.")
	case c.Priority < 0 || c.Priority > 5:
		return nil, notify.ErrConfig("priority", "it lies between 1 and 5, or is 0.")
	}
	c.Server = strings.TrimRight(c.Server, "/") + "/"
	return channel{c, client}, nil
}

// An article is what ntfy takes.
type article struct {
	Topic    string   `json:"topic"`
	Title    string   `json:"title"`
	Message  string   `json:"message"`
	Priority int      `json:"priority"`
	Tags     []string `json:"tags"`
	Click    string   `json:"click,omitempty"`
}

// Send implements notify.Channel.
func (c channel) Send(ctx context.Context, m notify.Message) (retry bool, err error) {
	a := article{Topic: c.Topic, Title: cut(m.Title, maxTitle), Message: cut(m.Body, maxText), Priority: c.Priority, Click: m.URL}
	priority, tag := urgency(m)
	a.Tags = []string{tag}
	if a.Priority == 0 {
		a.Priority = priority
	}
	body, err := json.Marshal(a)
	if err != nil {
		return false, fmt.Errorf("write an article: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.Server, bytes.NewReader(body))
	if err != nil {
		return false, notify.ErrConfig("server", "it is not an address.")
	}
	req.Header.Set("User-Agent", notify.UserAgent)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Idempotency-Key", m.Key)
	if c.Token != "" {
		req.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return notify.Exchange(c.client, req)
}

// urgency says how loud a message is, and which sign it gets.
func urgency(m notify.Message) (priority int, tag string) {
	switch {
	case m.Event == "resolved":
		return 3, "white_check_mark"
	case m.Event == "test":
		return 3, "wave"
	case m.Alert.Severity == "critical":
		return 5, "rotating_light"
	case m.Alert.Severity == "warning":
		return 4, "warning"
	}
	return 3, "information_source"
}

// cut shortens a text to so many bytes, between characters.
func cut(text string, limit int) string {
	if len(text) <= limit {
		return text
	}
	return strings.ToValidUTF8(text[:limit-3], "") + "…"
}
