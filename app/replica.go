package app

import (
	"context"
	"encoding/json"
	"os"
	"time"

	"unity.internal/app/backup"
	"unity.internal/app/backup/place"
	"unity.internal/app/httpapi"
	"unity.internal/app/job"
	"unity.internal/store"
)

// Replica is a place that flags name. What a person chooses on the page takes
// the same words.
type Replica struct {
	URL        string `name:"replica" help:"Where the database is replicated to: file:///DIR, s3://BUCKET/DIR, sftp://USER@HOST/DIR, webdav://HOST/DIR or webdavs://; a setting, too." env:"UNITY_REPLICA"`
	SecretFile string `name:"replica-secret-file" help:"A file with what opens it: the S3 secret key, the SFTP private key, the WebDAV password." env:"UNITY_REPLICA_SECRET_FILE" type:"path"`
	Endpoint   string `name:"replica-endpoint" help:"S3: the address of a compatible store." env:"UNITY_REPLICA_ENDPOINT"`
	Region     string `name:"replica-region" help:"S3: the region." env:"UNITY_REPLICA_REGION"`
	PathStyle  bool   `name:"replica-path-style" help:"S3: the bucket is in the path, as most compatible stores want it." env:"UNITY_REPLICA_PATH_STYLE"`
	AccessKey  string `name:"replica-access-key" help:"S3: the id of the key; without it, what AWS_ACCESS_KEY_ID and its like say." env:"UNITY_REPLICA_ACCESS_KEY"`
	HostKey    string `name:"replica-host-key" help:"SFTP: the host key, as in ssh-ed25519 AAAA…; required." env:"UNITY_REPLICA_HOST_KEY"`
	Username   string `name:"replica-username" help:"WebDAV: the user." env:"UNITY_REPLICA_USERNAME"`
}

// fixed returns the place that the flags name, or nil.
func (r Replica) fixed() (*backup.Fixed, error) {
	if r.URL == "" {
		return nil, nil //nolint:nilnil // none is named
	}
	v := &backup.Fixed{Config: place.Config{
		URL: r.URL, Endpoint: r.Endpoint, Region: r.Region, PathStyle: r.PathStyle, AccessKey: r.AccessKey, HostKey: r.HostKey, Username: r.Username,
	}}
	if err := v.Config.Validate(); err != nil {
		return nil, err
	}
	if r.SecretFile == "" {
		return v, nil
	}
	var err error
	v.Secret, err = os.ReadFile(r.SecretFile)
	return v, err
}

// replicate builds what keeps the replica.
func (a *App) replicate(ctx context.Context) error {
	fixed, err := a.config.Serve.fixed()
	if err != nil {
		return err
	}
	release, _ := version()
	host, _ := os.Hostname() // for people
	a.backup = backup.New(backup.Options{
		Store: a.store, Dir: a.config.DataDir, Fixed: fixed, Sealer: a.vault, Host: host, Version: release, Now: time.Now,
		Publish: a.bus.Publish, Log: a.log.With("part", "backup"),
		Lock: func(ctx context.Context) (json.RawMessage, error) {
			lock, err := a.vault.Lock(ctx)
			if err != nil {
				return nil, err
			}
			return json.Marshal(lock)
		},
		Prove: a.vault.Prove,
		Start: func(ctx context.Context, y store.System, kind, title string, work func(context.Context, backup.Progress) error) (store.Job, error) {
			return a.jobs.Start(ctx, y.Own(), job.Spec{Kind: kind, Title: title}, func(ctx context.Context, p *job.Progress) error { return work(ctx, p) })
		},
		Stage: func(path string) error { return stage(a.config.DataDir, path, "restore") },
	})
	return a.learnHeld(ctx)
}

// learnHeld learns whether a restore holds what speaks to the world.
func (a *App) learnHeld(ctx context.Context) error {
	row, err := a.store.System().Backup(ctx)
	if err == nil {
		a.silent.Store(row.Held != nil)
	}
	return err
}

// speaking returns the tenants whose messages go out: none while they are held.
func (a *App) speaking(ctx context.Context) ([]store.Tenant, error) {
	if a.silent.Load() {
		return nil, nil
	}
	return a.store.System().Tenants(ctx)
}

// gauges are the figures of the replica, for /metrics.
func (a *App) replicaGauges(ctx context.Context) []httpapi.Gauge {
	v := a.backup.Status()
	if v.State == backup.Off {
		return nil
	}
	up := 0.0
	if v.State == backup.Following {
		up = 1
	}
	all := []httpapi.Gauge{
		{Name: "unity_replica_up", Help: "Whether the replica follows the database", Value: up},
		{Name: "unity_replica_lag_seconds", Help: "How long ago everything committed was in the replica", Value: v.Lag},
	}
	if _, passed, err := a.store.System().LastDrills(ctx); err == nil && passed != nil {
		all = append(all, httpapi.Gauge{Name: "unity_drill_last_success_timestamp_seconds", Help: "When a restore was tried last and went well", Value: float64(passed.At.Unix())})
	}
	return all
}
