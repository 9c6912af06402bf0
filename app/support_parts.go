package app

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"unity.internal/app/cert"
	"unity.internal/app/fault"
	"unity.internal/app/httpapi"
	"unity.internal/app/support"
	"unity.internal/app/upgrade"
	"unity.internal/store"
)

// errShut says that a part needs the database.
var errShut = fault.New(fault.Unavailable, "support.shut", "The database is not open; see database.json.")

// errNotRunning says that only an appliance that runs could tell.
var errNotRunning = fault.New(fault.Unavailable, "support.not_running", "The appliance does not run, or does not answer.")

// ourFiles are the patterns of the files in a data directory that are ours: no
// name among them is the owner's.
var ourFiles = []string{
	databaseFile, databaseFile + "-wal", databaseFile + "-shm", "master.key", "master.key.new", lockFile, socketFile, "setup-token",
	swapFile, swapFile + unsettled, checkpoints + "/unity-schema-*.db", checkpoints + "/unity-schema-*.db-wal", checkpoints + "/unity-schema-*.db.part",
	"backup-*.tmp", "transfer-*.tmp", "upgrade.json", "upgrade.json.tmp",
	"program/unity*", "program/next*", "program/previous*",
}

// parts are the files of a bundle, in the order in which they are read.
func (h *bundles) parts() []support.Part {
	return []support.Part{
		{Name: "about.json", About: "Which version runs, what it was built of, and on what kind of machine.", Ours: true, Make: h.about},
		{Name: "health.json", About: "What /readyz says: whether requests are served, and what is not well.", Make: h.running(h.healthNow)},
		{Name: "doctor.json", About: "What unity doctor found just now, one line each.", Make: h.doctor},
		{Name: "database.json", About: "What the head of the database's file says, and whether it opens.", Make: h.database},
		{Name: "files.json", About: "The data directory: its disk, and the sizes of our files in it.", Ours: true, Make: h.files},
		{Name: "flags.json", About: "Which flags are not at their default, and which variables are set; values only where they are nobody's.", Ours: true, Make: h.running(h.flags)},
		{Name: "settings.json", About: "The settings of the appliance; of lists and addresses, how many.", Ours: true, Make: h.opened(h.settings)},
		{Name: "replica.json", About: "How the replica and the restores for trial are.", Make: h.opened(h.replica)},
		{Name: "certificates.json", About: "The certificates, by kind and end.", Ours: true, Make: h.opened(h.certificates)},
		{Name: "attempts.json", About: "How it went when certificates were asked for last.", Make: h.opened(h.attempts)},
		{Name: "upgrade.json", About: "What became of the last upgrade, and what a version said that did not stay.", Make: h.upgrade},
		{Name: "counts.json", About: "How many rows each table has.", Ours: true, Make: h.opened(h.counts)},
		{Name: "metrics.txt", About: "What /metrics says.", Ours: true, Make: h.running(h.figures)},
		{Name: "listeners.json", About: "Where the appliance listens.", Ours: true, Make: h.running(func(context.Context) (any, error) { return support.Listeners() })},
		{Name: "heap.json", About: "How its memory is used.", Ours: true, Make: h.running(func(context.Context) (any, error) { return support.ThisHeap(), nil })},
		{Name: "goroutines.txt", About: "Where each of its goroutines stands.", Ours: true, Make: h.running(func(context.Context) (any, error) { return support.Goroutines() })},
		{Name: "log.txt", About: "The last lines of the log, one JSON each; of an appliance that does not run, from the journal of systemd.", Make: h.lately},
	}
}

// running is a part that only an appliance that runs has.
func (h *bundles) running(do func(context.Context) (any, error)) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) {
		if h.app == nil {
			return nil, errNotRunning
		}
		return do(ctx)
	}
}

// opened is a part that needs the database.
func (h *bundles) opened(do func(context.Context) (any, error)) func(context.Context) (any, error) {
	return func(ctx context.Context) (any, error) {
		if !h.open() {
			return nil, errShut
		}
		return do(ctx)
	}
}

func (h *bundles) about(context.Context) (any, error) {
	number, commit := version()
	v := struct {
		Version string          `json:"version"`
		Commit  string          `json:"commit"`
		Schema  int64           `json:"schema"`
		Started *time.Time      `json:"started_at,omitempty"`
		Uptime  string          `json:"uptime,omitempty"`
		Machine support.Machine `json:"machine"`
		Build   support.Build   `json:"build"`
	}{Version: number, Commit: commit, Schema: store.SchemaVersion(), Machine: support.ThisMachine(), Build: support.ThisBuild()}
	if h.app != nil {
		at := h.app.started.UTC().Truncate(time.Second)
		v.Started, v.Uptime = &at, time.Since(at).Truncate(time.Second).String()
	}
	return v, nil
}

func (h *bundles) healthNow(context.Context) (any, error) {
	v := h.app.health.now()
	return map[string]any{"ready": v.Ready, "degraded": v.Degraded}, nil
}

func (h *bundles) figures(context.Context) (any, error) {
	return httpapi.Figures(h.app.health.now(), h.app.started), nil
}

// doctor returns what it finds, with or without a database.
func (h *bundles) doctor(ctx context.Context) (any, error) {
	if !h.open() {
		return []finding{h.control.permissions(), h.control.space(), {false, "database", h.shut.Error()}}, nil
	}
	return h.control.doctor(ctx, order{})
}

func (h *bundles) lately(context.Context) (any, error) {
	if h.app == nil {
		lines, err := h.journal()
		if !h.open() {
			return support.Strange(lines), err
		}
		return support.Lines(lines), err
	}
	lines := lately(h.app.log)
	if len(lines) == 0 {
		return nil, fault.New(fault.NotFound, "support.no_log", "Nothing was logged since the start.")
	}
	return support.Lines(lines), nil
}

func (h *bundles) database(context.Context) (any, error) {
	d, err := support.DatabaseAt(filepath.Join(h.config.DataDir, databaseFile))
	d.Opened, d.Schema = h.open(), store.SchemaVersion()
	return d, errors.Join(h.shut, err)
}

func (h *bundles) files(context.Context) (any, error) {
	return support.FolderAt(h.config.DataDir, ourFiles)
}

// settings are chosen field by field: a new one is not shown before somebody says
// that it may be.
func (h *bundles) settings(ctx context.Context) (any, error) {
	v, err := h.control.store.System().Settings(ctx)
	if err != nil {
		return nil, err
	}
	row, err := h.control.store.System().Backup(ctx)
	if err != nil {
		return nil, err
	}
	tls, err := h.control.store.System().TLS(ctx)
	return map[string]any{
		"mdns": v.MDNS, "has_update_url": v.UpdateURL != "",
		"tls_mode": tls.Mode, "tls_from_files": tls.CertificateFile != "", "acme_challenge": tls.ACME.Challenge, "acme_agreed": tls.ACME.Agreed,
		"acme_dns_provider": tls.ACME.DNS.Provider, "acme_has_email": tls.ACME.Email != "", "acme_has_eab": tls.ACME.EABKeyID != "",
		"acme_has_staging": tls.ACME.Staging != "", "acme_has_roots": tls.ACME.Roots != "", "acme_has_resolver": tls.ACME.Resolver != "",
		"rev": v.Rev, "has_public_url": v.PublicURL != "", "public_names": len(v.PublicNames), "trusted_proxies": len(v.TrustedProxies),
		"allowed_networks": len(v.AllowedNetworks), "has_heartbeat": v.HeartbeatURL != "", "heartbeat_seconds": v.HeartbeatSeconds,
		"multi_tenancy": v.MultiTenancy, "password_sign_in": v.PasswordSignIn, "audit_retention_days": v.KeepAudit,
		"replica_retention_days": row.RetentionDays, "drill_days": row.DrillDays, "copy_days": row.TargetDays, "copies_kept": row.TargetKeep,
		"held": row.Held != nil, "restored": row.Restored != nil, "has_kit": row.Kit != nil,
	}, err
}

func (h *bundles) replica(ctx context.Context) (any, error) {
	out := map[string]any{}
	if h.app != nil {
		v := h.app.backup.Status()
		out["kind"], out["state"], out["since"], out["synced_at"], out["lag_seconds"] = schemeOf(v.URL), v.State, v.Since, v.Synced, v.Lag
		out["local_position"], out["remote_position"], out["fixed"], out["code"] = v.Local, v.Remote, v.Fixed, v.Code
	}
	last, passed, err := h.control.store.System().LastDrills(ctx)
	if last != nil {
		out["last_drill_passed"], out["last_drill_at"], out["last_drill_code"] = last.Passed, last.At, last.Code
	}
	if passed != nil {
		out["last_passed_at"] = passed.At
	}
	return out, err
}

// schemeOf returns the kind of a place.
func schemeOf(place string) string {
	if u, err := url.Parse(place); err == nil {
		return u.Scheme
	}
	return ""
}

func (h *bundles) certificates(ctx context.Context) (any, error) {
	return support.Certificates(ctx, cert.NewStorage(h.control.store.System(), h.control.vault))
}

// attempts are those of the names that certificates were asked for.
func (h *bundles) attempts(ctx context.Context) (any, error) {
	type attempt struct {
		Name string `json:"name"`
		store.TLSAttempt
	}
	all, err := h.control.store.System().TLSAttempts(ctx)
	out := []attempt{}
	for _, name := range slices.Sorted(maps.Keys(all)) {
		out = append(out, attempt{name, all[name]})
	}
	return out, err
}

// upgrade is what is written down of the last one. Of what the version printed,
// only its log is shown, as of a journal.
func (h *bundles) upgrade(context.Context) (any, error) {
	v, err := upgrade.Load(h.config.DataDir)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return map[string]any{"phase": "none"}, nil
	}
	return map[string]any{
		"phase": v.Phase, "back": v.Back, "from": v.From, "to": v.To, "started_at": v.Started, "ready_at": v.Ready, "ended_at": v.Ended, "code": v.Code,
		"signed": v.Signer != "", "checkpoint": v.Checkpoint != "", "checkpoint_exact": v.Exact, "unwell": v.Unwell, "happened": v.Happened,
		"log": logged(strings.Join(v.Log, "\n")),
	}, nil
}

// counts of a large database may take longer than there is time: what was counted
// until then is shown.
func (h *bundles) counts(ctx context.Context) (any, error) {
	return h.control.store.System().Counts(ctx)
}
