package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"

	"unity.internal/app/seal"
	"unity.internal/store/internal/sq"
)

// Settings are what a tenant may choose. What a row does not say is the default.
type Settings struct {
	Rev              int64  `json:"rev"`
	PollSeconds      int64  `json:"poll_seconds" doc:"How often new servers are asked, in seconds" minimum:"1" maximum:"86400"`
	SnapshotMinutes  int64  `json:"snapshot_minutes" doc:"How often new servers get a snapshot, in minutes" minimum:"1" maximum:"10080"`
	RawRetentionDays int64  `json:"raw_retention_days" doc:"How long samples are kept, in days" minimum:"1" maximum:"3650"`
	RawRetention     int64  `json:"raw_retention_bytes" doc:"How much samples may take; the oldest go first" minimum:"16777216"`
	TimeZone         string `json:"time_zone" doc:"An IANA name; empty: the browser's" maxLength:"64"`
	SecondFactor     bool   `json:"require_second_factor" doc:"Members need a second proof beside the password"`
	KeepAudit        int64  `json:"audit_retention_days" doc:"How long the audit is kept, in days, 30 at least; 0: for ever" minimum:"0" maximum:"36500"`
}

// SystemSettings are what a system administrator chooses for the appliance.
type SystemSettings struct {
	Rev              int64    `json:"rev"`
	PublicURL        string   `json:"public_url" doc:"The base of links in mails; empty: the LAN address" maxLength:"200"`
	PublicNames      []string `json:"public_names" doc:"Further host names that this appliance answers to" maxItems:"20" nullable:"false"`
	TrustedProxies   []string `json:"trusted_proxies" doc:"Addresses whose X-Forwarded-For is believed" maxItems:"20" nullable:"false"`
	AllowedNetworks  []string `json:"allowed_networks" doc:"Private addresses that tenants' channels may reach, while many share the appliance" maxItems:"50" nullable:"false"`
	HeartbeatURL     string   `json:"heartbeat_url" doc:"Asked regularly, so that an outside service notices when the appliance is gone" maxLength:"500"`
	HeartbeatSeconds int64    `json:"heartbeat_seconds" minimum:"10" maximum:"86400"`
	UpdateURL        string   `json:"update_url" doc:"Where signed notices of new versions are published, asked once a day; empty: nobody is asked" maxLength:"500"`
	MultiTenancy     bool     `json:"multi_tenancy" doc:"Many tenants share this appliance"`
	MDNS             bool     `json:"mdns" doc:"Answer to unity.local on the local network, or to unity-2.local and on where that is taken"`
	PasswordSignIn   bool     `json:"password_sign_in" doc:"A password signs in; without it only passkeys and identity providers do"`
	KeepAudit        int64    `json:"audit_retention_days" doc:"How long the appliance's own audit is kept, in days, 30 at least; 0: for ever" minimum:"0" maximum:"36500"`
}

// defaults of both: 10 s, 30 min, 7 days or 2 GiB, a minute between heartbeats.
func defaultSettings() Settings {
	return Settings{Rev: 1, PollSeconds: 10, SnapshotMinutes: 30, RawRetentionDays: 7, RawRetention: 2 << 30}
}

func defaultSystemSettings() SystemSettings {
	return SystemSettings{Rev: 1, PublicNames: []string{}, TrustedProxies: []string{}, AllowedNetworks: []string{}, HeartbeatSeconds: 60, MDNS: true, PasswordSignIn: true}
}

type settingsRow struct {
	rev  int64
	data string
}

func scanSettings(r sq.Row) (v settingsRow, err error) {
	err = r.Scan(&v.rev, &v.data)
	return v, err
}

// readSettings lays the stored row over into, which holds the defaults.
func (t Tenant) readSettings(ctx context.Context, into any) (rev int64, err error) {
	v, err := sq.One(ctx, t.db, scanSettings, `SELECT rev, data FROM settings WHERE tenant_id = @tenant`)
	if errors.Is(err, sql.ErrNoRows) {
		return 1, nil
	}
	if err != nil {
		return 0, known(err)
	}
	return v.rev, json.Unmarshal([]byte(v.data), into)
}

// writeSettings stores v if the revision is still rev. defaults are what the
// stored ones are laid over, for the audit.
func (t Tenant) writeSettings(ctx context.Context, rev int64, defaults, v any) error {
	return t.changeWith(ctx, "settings.update", string(t.ID), &diff{defaults, v}, func(t Tenant) error {
		current, err := t.readSettings(ctx, defaults)
		if err != nil {
			return err
		}
		if rev != AnyRev && rev != current {
			return ErrStale
		}
		return t.putSettings(ctx, v, 1)
	})
}

// putSettings merges v into the row, so that one kind of settings keeps another's
// fields. step is added to the revision: 0 for what nobody edits.
func (t Tenant) putSettings(ctx context.Context, v any, step int64) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return sq.Exec(ctx, t.db, `INSERT INTO settings (tenant_id, rev, data) VALUES (@tenant, 1 + @step, @data)
		ON CONFLICT (tenant_id) DO UPDATE SET rev = rev + @step, data = json_patch(data, excluded.data)`,
		sql.Named("data", string(text)), sql.Named("step", step))
}

// Settings returns what the tenant chose.
func (t Tenant) Settings(ctx context.Context) (Settings, error) {
	v := defaultSettings()
	rev, err := t.readSettings(ctx, &v)
	v.Rev = rev
	return v, err
}

// UpdateSettings stores v if the revision is still v.Rev.
func (t Tenant) UpdateSettings(ctx context.Context, v Settings) (Settings, error) {
	before := defaultSettings()
	if err := t.writeSettings(ctx, v.Rev, &before, v); err != nil {
		return v, err
	}
	return t.Settings(ctx)
}

// Settings returns what is chosen for the appliance.
func (y System) Settings(ctx context.Context) (SystemSettings, error) {
	v := defaultSystemSettings()
	rev, err := y.own.readSettings(ctx, &v)
	v.Rev = rev
	return v, err
}

// SecondFactorTenants returns the tenants whose members need a second proof.
func (y System) SecondFactorTenants(ctx context.Context) ([]TenantID, error) {
	all, err := sq.Many(ctx, y.db(), func(r sq.Row) (id TenantID, err error) {
		err = r.Scan(&id)
		return id, err
	}, `SELECT tenant_id FROM settings WHERE json_extract(data, '$.require_second_factor')`)
	return all, known(err)
}

// UpdateSettings stores v if the revision is still v.Rev.
func (y System) UpdateSettings(ctx context.Context, v SystemSettings) (SystemSettings, error) {
	before := defaultSystemSettings()
	if err := y.own.writeSettings(ctx, v.Rev, &before, v); err != nil {
		return v, err
	}
	return y.Settings(ctx)
}

// An SSHKey is the key pair with which the appliance signs in to a tenant's servers.
type SSHKey struct {
	Public  string // one authorized_keys line without options
	Private seal.Value
}

type sshKeyRow struct {
	Public  string `json:"ssh_public_key,omitempty"`
	Private []byte `json:"ssh_private_key,omitempty"` // sealed
}

// SSHKey returns the tenant's key pair, or ErrNotFound before it was made.
func (t Tenant) SSHKey(ctx context.Context) (SSHKey, error) {
	var row sshKeyRow
	if _, err := t.readSettings(ctx, &row); err != nil {
		return SSHKey{}, err
	}
	if row.Public == "" {
		return SSHKey{}, ErrNotFound
	}
	return SSHKey{row.Public, seal.Of(row.Private)}, nil
}

// SetSSHKey stores the tenant's key pair if it has none yet, and returns the one it has.
func (t Tenant) SetSSHKey(ctx context.Context, public string, private seal.Value) (key SSHKey, err error) {
	err = t.Tx(ctx, func(t Tenant) error {
		key, err = t.SSHKey(ctx)
		if !errors.Is(err, ErrNotFound) {
			return err
		}
		key = SSHKey{public, private}
		return t.change(ctx, "servers.key", string(t.ID), func(t Tenant) error {
			return t.putSettings(ctx, sshKeyRow{public, private.Ciphertext()}, 0)
		})
	})
	return key, err
}
