package place_test

import (
	"net"
	"net/url"
	"os"
	"strconv"
	"testing"

	"unity.internal/app/remote/sshdtest"
)

func hostOf(address string) string { u, _ := url.Parse(address); return u.Host }

func userOf(address string) string { u, _ := url.Parse(address); return u.User.Username() }

func at(d *sshdtest.Server) string { return net.JoinHostPort(d.Host, strconv.FormatInt(d.Port, 10)) }

// Litestream's own client for S3 does not start with it.
func TestMain(m *testing.M) {
	_ = os.Unsetenv("AWS_CA_BUNDLE") // it cannot fail
	os.Exit(m.Run())
}
