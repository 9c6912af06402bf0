package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/httpapi"
)

// healthTime is how long an appliance may take to say how it is.
const healthTime = 5 * time.Second

// A healthCmd asks an appliance how it is, as /readyz does: for containers, scripts
// and monitors, which look at the exit code.
type healthCmd struct {
	URL string `name:"url" help:"Ask the appliance at this address, not the one on the data directory."`
	CA  string `name:"ca" help:"A file with the authority that signed the appliance's certificate." env:"UNITY_CA" type:"path"`
}

// errNotReady says that an appliance runs and cannot serve.
var errNotReady = fault.New(fault.Unavailable, "health.not_ready", "The appliance runs, but it cannot serve requests. Its log says why, and so does: unity doctor")

// Run prints how the appliance is, and fails if it serves nobody.
func (h healthCmd) Run(ctx context.Context, c *Config, t terminal) error {
	ctx, cancel := context.WithTimeout(ctx, healthTime)
	defer cancel()
	ask := func(ctx context.Context) (httpapi.Health, error) { return healthHere(ctx, c.DataDir) }
	if h.URL != "" {
		ask = h.there
	}
	v, err := ask(ctx)
	if err != nil {
		return err
	}
	text := "The appliance serves, and all of it is well."
	if len(v.Degraded) > 0 {
		text = "The appliance serves, but not all of it is well:\n  " + strings.Join(v.Degraded, "\n  ")
	}
	if !v.Ready {
		text = strings.Join(v.Degraded, "\n")
		err = errNotReady
	}
	if text != "" {
		fmt.Fprintln(t.out, text)
	}
	return err
}

// healthHere asks the appliance that runs on a data directory, through its socket.
func healthHere(ctx context.Context, dir string) (v httpapi.Health, err error) {
	v, err = dialControl(dir).health(ctx)
	if _, told := errors.AsType[*fault.Error](err); err == nil || told {
		return v, err
	}
	if errors.Is(err, fs.ErrPermission) {
		return v, fault.New(fault.Forbidden, "health.forbidden", "The appliance in %s answers only its own user. Ask as that user or as root.", dir)
	}
	return v, fault.New(fault.Unavailable, "health.silent", "No appliance answers in %s. Start it, or choose another with --data-dir or --url.", dir).Because(err)
}

// there asks the appliance at an address.
func (h healthCmd) there(ctx context.Context) (v httpapi.Health, err error) {
	base, err := appliance(h.URL)
	if err != nil {
		return v, err
	}
	client, err := apiCmd{CA: h.CA}.client()
	if err != nil {
		return v, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/readyz", nil)
	if err != nil {
		return v, err
	}
	res, err := client.Do(req)
	if err != nil {
		return v, unreached(req.URL.Host, err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&v); err != nil || res.StatusCode != http.StatusOK && res.StatusCode != http.StatusServiceUnavailable {
		return v, fault.New(fault.Conflict, "cli.no_appliance", "%s answers %s, which no appliance says. Look at --url.", req.URL.Host, res.Status)
	}
	return v, nil
}

// serveHealth says how the appliance is, to who uses its socket. Versions speak it
// with one another, so it stays as it is.
func (c control) serveHealth(w http.ResponseWriter, r *http.Request) {
	v := c.health(r.Context())
	_ = json.NewEncoder(w).Encode(map[string]any{"ready": v.Ready, "degraded": v.Degraded}) // who asked is gone otherwise
}

// health asks how the appliance is.
func (r remoteControl) health(ctx context.Context) (v httpapi.Health, err error) {
	err = r.send(ctx, http.MethodGet, "/readyz", nil, func(body io.Reader) error { return json.NewDecoder(body).Decode(&v) })
	return v, err
}
