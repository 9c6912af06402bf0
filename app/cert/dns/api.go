package dns

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"unity.internal/app/fault"
)

const (
	maxAnswer = 1 << 20
	tries     = 5
	pause     = time.Second // before the next try, if the provider names none
)

// A service is a provider's API.
type service struct {
	title, scheme, base string
	// words finds what an error answer says.
	words func(body []byte) string
}

var services = map[string]service{
	Cloudflare: {"Cloudflare", "Bearer", "https://api.cloudflare.com/client/v4", cloudflareWords},
	DeSEC:      {"deSEC", "Token", "https://desec.io/api/v1", desecWords},
	Hetzner:    {"Hetzner", "Bearer", "https://api.hetzner.cloud/v1", hetznerWords},
}

// An api asks a provider in JSON.
type api struct {
	service
	secret func() string
	out    Client
}

func newAPI(c Config, secret func() string, out Client) api {
	a := api{services[c.Provider], secret, out}
	a.base = strings.TrimSuffix(cmp.Or(c.API, a.base), "/")
	return a
}

// A refusal is an answer that is not the one that was asked for.
type refusal struct {
	status int
	body   []byte
}

func (r *refusal) Error() string { return "dns: the provider answered " + strconv.Itoa(r.status) }

// call sends a request and reads the answer into result, which may be nil. It
// waits as long as the provider wants to be left alone, if there is the time, and
// returns a refusal for any answer but 2xx.
func (a api) call(ctx context.Context, method, path string, body, result any) error {
	for try := 1; ; try++ {
		status, wait, answer, err := a.send(ctx, method, path, body)
		if err != nil {
			return err
		}
		if status/100 == 2 {
			return a.read(answer, result)
		}
		busy := status == http.StatusTooManyRequests || status == http.StatusConflict || status == http.StatusLocked
		if !busy {
			return &refusal{status, answer}
		}
		if end, ok := ctx.Deadline(); try == tries || ok && time.Until(end) < wait {
			return a.busy(status, wait, answer)
		}
		if err := sleep(ctx, wait); err != nil {
			return a.busy(status, wait, answer).Because(err)
		}
	}
}

// busy is the fault of a provider that does not take the request for now.
func (a api) busy(status int, wait time.Duration, answer []byte) *fault.Error {
	if status != http.StatusTooManyRequests {
		return said(ErrAnswer, a.title, a.words(answer), a.secret)
	}
	f := *said(ErrLimited, a.title, a.words(answer), a.secret)
	f.RetryAfter = wait
	return &f
}

// send sends a request once. wait is how long to leave the provider alone.
func (a api) send(ctx context.Context, method, path string, body any) (status int, wait time.Duration, answer []byte, err error) {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return 0, 0, nil, err
		}
		content = bytes.NewReader(text)
	}
	req, err := http.NewRequestWithContext(ctx, method, a.base+path, content)
	if err != nil {
		return 0, 0, nil, err
	}
	req.Header.Set("Authorization", a.scheme+" "+a.secret())
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := a.out.Do(req)
	if err != nil && ctx.Err() != nil {
		return 0, 0, nil, silent(ctx, err)
	}
	if err != nil {
		return 0, 0, nil, err
	}
	defer func() { _ = res.Body.Close() }()
	answer, err = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return 0, 0, nil, ErrAnswer.Because(err)
	}
	return res.StatusCode, retryAfter(res.Header.Get("Retry-After")), answer, nil
}

// retryAfter reads what RFC 9110 allows: seconds, or a date.
func retryAfter(header string) time.Duration {
	if s, err := strconv.Atoi(header); err == nil && s > 0 {
		return time.Duration(s) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(time.Until(at), pause)
	}
	return pause
}

func (a api) read(answer []byte, result any) error {
	if result == nil {
		return nil
	}
	if err := json.Unmarshal(answer, result); err != nil {
		return said(ErrAnswer, a.title, string(answer), a.secret).Because(err)
	}
	return nil
}

// failed says in words why a request was refused. While a zone is looked for, not
// being let in is the token's fault, later it is that of its rights.
func (a api) failed(err error, looking bool) error {
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return err
	}
	f := ErrAnswer
	switch {
	case r.status == http.StatusUnauthorized, looking && r.status == http.StatusForbidden:
		f = ErrToken
	case r.status == http.StatusForbidden:
		f = ErrRights
	case r.status == http.StatusNotFound:
		f = ErrZone
	}
	return said(f, a.title, a.words(r.body), a.secret)
}

// missing reports whether an answer was that there is no such thing.
func missing(err error) bool {
	r, ok := errors.AsType[*refusal](err)
	return ok && r.status == http.StatusNotFound
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
