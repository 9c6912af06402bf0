package app

import (
	"context"
	"fmt"
	"os"
	"reflect"
	"slices"
)

// A given is a flag or a variable of the environment that somebody set.
type given struct {
	Name  string `json:"name"`
	Value string `json:"value,omitempty"` // only of those that are nobody's
}

// Whose values may be shown: of flags, those that are words, numbers or switches
// of ours; of the environment, what the Go runtime and systemd read.
var (
	shownFlags = []string{"tls", "multi-tenancy", "rate-limit", "demo", "replica-path-style", "log-level", "upgrade-start", "upgrade-watch"}
	shownEnv   = []string{"GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GODEBUG", "GOTRACEBACK", "LANG", "LISTEN_FDS", "WATCHDOG_USEC"}
	namedEnv   = []string{
		"STATE_DIRECTORY", "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "INVOCATION_ID", "JOURNAL_STREAM", "KUBERNETES_SERVICE_HOST", "TZ",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "SSH_AUTH_SOCK", "XDG_DATA_HOME",
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_CA_BUNDLE",
	}
)

// flags returns which flags are not at their default, whoever set them, and which
// variables of the environment are set that we, systemd or a library read.
func (h *bundles) flags(context.Context) (any, error) {
	p, err := parser(h.config)
	if err != nil {
		return nil, err
	}
	out := map[string][]given{"flags": {}, "environment": {}}
	variables := slices.Concat(shownEnv, namedEnv)
	for _, node := range p.Model.Children {
		if node.Name != "serve" {
			continue
		}
		for _, f := range slices.Concat(p.Model.Flags, node.Flags) {
			variables = append(variables, f.Envs...)
			if now := f.Target; !ofDefault(now, f.Default) && f.Name != "help" {
				out["flags"] = append(out["flags"], shown(f.Name, fmt.Sprint(now.Interface()), shownFlags))
			}
		}
	}
	slices.Sort(variables)
	for _, name := range slices.Compact(variables) {
		if value, set := os.LookupEnv(name); set {
			out["environment"] = append(out["environment"], shown(name, value, shownEnv))
		}
	}
	return out, nil
}

func shown(name, value string, values []string) given {
	if slices.Contains(values, name) {
		return given{name, value}
	}
	return given{Name: name}
}

// ofDefault reports whether a flag has the value that it has when nobody sets it.
func ofDefault(now reflect.Value, text string) bool {
	return now.IsZero() && text == "" || fmt.Sprint(now.Interface()) == text
}
