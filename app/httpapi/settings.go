package httpapi

import (
	"context"
	"errors"
	"net/http"
	"net/netip"
	"net/url"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/cert"
	"unity.internal/app/fault"
	"unity.internal/store"
)

func (m mux) settings() {
	handle(m, auth.SettingsRead, route("getSettings", http.MethodGet, "/settings"), getSettings)
	handle(m, auth.SettingsWrite, route("updateSettings", http.MethodPatch, "/settings"), m.updateSettings)
	handle(m, auth.SystemWrite, route("getSystemSettings", http.MethodGet, "/system/settings"), m.getSystemSettings)
	handle(m, auth.SystemWrite, route("updateSystemSettings", http.MethodPatch, "/system/settings"), m.updateSystemSettings)
}

func getSettings(ctx context.Context, c Caller, _ *struct{}) (*versioned[store.Settings], error) {
	v, err := c.Tenant.Settings(ctx)
	return tagged(v, v.Rev, err)
}

// errOwnFactor keeps people from locking themselves out.
var errOwnFactor = fault.New(fault.Conflict, "settings.own_second_factor", "You would lock yourself out. Set up a second factor of your own first, and sign in with it.")

type settingsIn struct {
	IfMatch
	Body struct {
		PollSeconds      Opt[int64]  `json:"poll_seconds,omitzero" minimum:"1" maximum:"86400"`
		SnapshotMinutes  Opt[int64]  `json:"snapshot_minutes,omitzero" minimum:"1" maximum:"10080"`
		RawRetentionDays Opt[int64]  `json:"raw_retention_days,omitzero" minimum:"1" maximum:"3650"`
		RawRetention     Opt[int64]  `json:"raw_retention_bytes,omitzero" minimum:"16777216"`
		TimeZone         Opt[string] `json:"time_zone,omitzero" maxLength:"64"`
		SecondFactor     Opt[bool]   `json:"require_second_factor,omitzero"`
		KeepAudit        Opt[int64]  `json:"audit_retention_days,omitzero" minimum:"0" maximum:"36500"`
	}
}

func (m mux) updateSettings(ctx context.Context, c Caller, in *settingsIn) (*versioned[store.Settings], error) {
	v, err := c.Tenant.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if v.Rev, err = in.rev(); err != nil {
		return nil, err
	}
	b := in.Body
	b.PollSeconds.into(&v.PollSeconds)
	b.SnapshotMinutes.into(&v.SnapshotMinutes)
	b.RawRetentionDays.into(&v.RawRetentionDays)
	b.RawRetention.into(&v.RawRetention)
	b.TimeZone.into(&v.TimeZone)
	b.SecondFactor.into(&v.SecondFactor)
	if b.SecondFactor.value && !c.SecondFactor {
		return nil, errOwnFactor
	}
	b.KeepAudit.into(&v.KeepAudit)
	if err := checkKeepAudit(v.KeepAudit); err != nil {
		return nil, err
	}
	if _, err := time.LoadLocation(v.TimeZone); err != nil {
		return nil, field("body.time_zone", "settings.time_zone", "There is no such time zone. Use a name like Europe/Berlin.")
	}
	v, err = c.Tenant.UpdateSettings(ctx, v)
	if err == nil {
		m.Bus.Publish(c.Tenant.ID, "settings", string(c.Tenant.ID), v.Rev)
		m.Changed(ctx, c.Tenant.ID)
	}
	return tagged(v, v.Rev, err)
}

// checkKeepAudit refuses to keep an audit so shortly that it is none.
func checkKeepAudit(days int64) error {
	if days > 0 && days < 30 {
		return field("body.audit_retention_days", "settings.audit_retention", "The audit is kept for 30 days at least. Use 0 to keep it for ever.")
	}
	return nil
}

// field is a fault of one field of a request.
func field(name, code, msg string) error {
	e := fault.New(fault.Invalid, code, "%s", msg)
	e.Fields = []fault.Field{{Field: name, Message: msg}}
	return e
}

func (m mux) getSystemSettings(ctx context.Context, _ Caller, _ *struct{}) (*versioned[store.SystemSettings], error) {
	v, err := m.System.Settings(ctx)
	return tagged(v, v.Rev, err)
}

type systemSettingsIn struct {
	IfMatch
	Body struct {
		PublicURL        Opt[string]   `json:"public_url,omitzero" maxLength:"200"`
		PublicNames      Opt[[]string] `json:"public_names,omitzero" maxItems:"20"`
		TrustedProxies   Opt[[]string] `json:"trusted_proxies,omitzero" maxItems:"20"`
		AllowedNetworks  Opt[[]string] `json:"allowed_networks,omitzero" maxItems:"50"`
		HeartbeatURL     Opt[string]   `json:"heartbeat_url,omitzero" maxLength:"500"`
		HeartbeatSeconds Opt[int64]    `json:"heartbeat_seconds,omitzero" minimum:"10" maximum:"86400"`
		UpdateURL        Opt[string]   `json:"update_url,omitzero" maxLength:"500"`
		MultiTenancy     Opt[bool]     `json:"multi_tenancy,omitzero"`
		MDNS             Opt[bool]     `json:"mdns,omitzero"`
		PasswordSignIn   Opt[bool]     `json:"password_sign_in,omitzero"`
		KeepAudit        Opt[int64]    `json:"audit_retention_days,omitzero" minimum:"0" maximum:"36500"`
	}
}

func (m mux) updateSystemSettings(ctx context.Context, c Caller, in *systemSettingsIn) (*versioned[store.SystemSettings], error) {
	v, err := m.System.Settings(ctx)
	if err != nil {
		return nil, err
	}
	if v.Rev, err = in.rev(); err != nil {
		return nil, err
	}
	b := in.Body
	b.PublicURL.into(&v.PublicURL)
	if b.PublicNames.set {
		if v.PublicNames, err = hostNames(b.PublicNames.value); err != nil {
			return nil, err
		}
	}
	b.TrustedProxies.into(&v.TrustedProxies)
	b.AllowedNetworks.into(&v.AllowedNetworks)
	b.HeartbeatURL.into(&v.HeartbeatURL)
	b.HeartbeatSeconds.into(&v.HeartbeatSeconds)
	b.UpdateURL.into(&v.UpdateURL)
	b.MultiTenancy.into(&v.MultiTenancy)
	b.MDNS.into(&v.MDNS)
	b.PasswordSignIn.into(&v.PasswordSignIn)
	if b.PasswordSignIn.set && !v.PasswordSignIn {
		if err := m.Auth.OtherWay(ctx, c.Identity); err != nil {
			return nil, err
		}
	}
	b.KeepAudit.into(&v.KeepAudit)
	if err := checkSystemSettings(v); err != nil {
		return nil, err
	}
	v, err = m.storeSystemSettings(ctx, c, v)
	return tagged(v, v.Rev, err)
}

// storeSystemSettings stores what c chose for the appliance, and tells of it.
func (m mux) storeSystemSettings(ctx context.Context, c Caller, v store.SystemSettings) (store.SystemSettings, error) {
	v, err := m.System.By(c.User, c.From.Address).UpdateSettings(ctx, v)
	if err == nil {
		m.Bus.Publish(store.SystemTenant, "settings", string(store.SystemTenant), v.Rev)
		m.Bus.Publish(c.Tenant.ID, "settings", string(c.Tenant.ID), v.Rev)
		m.Bus.Publish(c.Tenant.ID, "auth", c.User, v.Rev)
		m.Changed(ctx, store.SystemTenant)
	}
	return v, err
}

// hostNames returns names as certificates have them.
func hostNames(texts []string) (all []string, err error) {
	all = []string{}
	for _, text := range texts {
		name, err := cert.CheckName(text)
		if err != nil {
			return nil, field("body.public_names", "settings.public_name", text+" is no name of a host. A name is like unity.example.org, or *.example.org for all below it.")
		}
		all = append(all, name)
	}
	return all, nil
}

func checkSystemSettings(v store.SystemSettings) error {
	if !webURL(v.PublicURL) || v.PublicURL != "" && v.PublicURL[len(v.PublicURL)-1] == '/' {
		return field("body.public_url", "settings.public_url", "The public URL is like https://unity.example.org, without a path or a slash at its end.")
	}
	if !webURL(v.HeartbeatURL) {
		return field("body.heartbeat_url", "settings.heartbeat_url", "The heartbeat URL begins with https:// or http://.")
	}
	if !webURL(v.UpdateURL) {
		return field("body.update_url", "settings.update_url", "The address for notices of new versions begins with https://.")
	}
	return errors.Join(checkNetworks("body.trusted_proxies", "settings.trusted_proxy", v.TrustedProxies),
		checkNetworks("body.allowed_networks", "settings.allowed_network", v.AllowedNetworks), checkKeepAudit(v.KeepAudit))
}

func checkNetworks(name, code string, all []string) error {
	for _, p := range all {
		if _, err := netip.ParsePrefix(p); err == nil {
			continue
		}
		if _, err := netip.ParseAddr(p); err != nil {
			return field(name, code, p+" is neither an address nor a network like 10.0.0.0/24.")
		}
	}
	return nil
}

// webURL reports whether text is empty or a URL of the web.
func webURL(text string) bool {
	u, err := url.Parse(text)
	return text == "" || err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" && u.User == nil
}
