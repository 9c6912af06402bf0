package notify

import (
	"io"
	"net/http"
	"net/url"
	"strings"

	"unity.internal/app/fault"
)

// UserAgent is what receivers see.
const UserAgent = "Unity"

// A Doer sends requests: the guarded client of the appliance.
type Doer interface {
	Do(req *http.Request) (*http.Response, error)
}

// Origin returns scheme, host and port of an address.
func Origin(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Scheme + "://" + u.Host)
}

// Exchange sends req and says whether the answer is a success, or worth another try.
func Exchange(client Doer, req *http.Request) (retry bool, err error) {
	res, err := client.Do(req)
	if err != nil { // an address that must not be reached stays so
		return fault.From(err).Kind != fault.Invalid, err
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection is kept
	if res.StatusCode/100 == 2 {
		return false, nil
	}
	err = ErrRefused("It answered %d %s.", res.StatusCode, http.StatusText(res.StatusCode))
	switch res.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooEarly, http.StatusTooManyRequests:
		return true, err
	}
	return res.StatusCode >= http.StatusInternalServerError, err
}
