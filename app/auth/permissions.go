package auth

import (
	"slices"
)

// A Permission is what a caller must hold to use a route.
type Permission string

// The permissions: the thing, a dot, the verb. Public is held by everybody,
// SignedIn by every person and every key, Self by whoever is signed in, in person,
// for what is their own.
const (
	Public        Permission = "public"
	SignedIn      Permission = "signed_in"
	Self          Permission = "self"
	ServersRead   Permission = "servers.read"
	ServersWrite  Permission = "servers.write"
	ClustersRead  Permission = "clusters.read"
	ClustersWrite Permission = "clusters.write"
	ClustersApply Permission = "clusters.apply"
	PodsExec      Permission = "pods.exec"
	MetricsRead   Permission = "metrics.read"
	AlertsRead    Permission = "alerts.read"
	AlertsWrite   Permission = "alerts.write"
	ChannelsRead  Permission = "channels.read"
	ChannelsWrite Permission = "channels.write"
	SettingsRead  Permission = "settings.read"
	SettingsWrite Permission = "settings.write"
	MembersRead   Permission = "members.read"
	MembersWrite  Permission = "members.write"
	UsageRead     Permission = "usage.read"
	TenantExport  Permission = "tenant.export"
	TenantDelete  Permission = "tenant.delete"
	AuditRead     Permission = "audit.read"
	JobsRead      Permission = "jobs.read"
	JobsWrite     Permission = "jobs.write"
	EventsRead    Permission = "events.read"
	SystemRead    Permission = "system.read"
	BackupRead    Permission = "backup.read"
	// Those of system administrators.
	TenantsRead    Permission = "tenants.read"
	TenantsWrite   Permission = "tenants.write"
	UsersRead      Permission = "users.read"
	UsersWrite     Permission = "users.write"
	ProvidersWrite Permission = "providers.write"
	VaultWrite     Permission = "vault.write"
	SystemWrite    Permission = "system.write"
	BackupWrite    Permission = "backup.write"
	TLSWrite       Permission = "tls.write"
)

var (
	viewer = []Permission{
		SignedIn, Self, ServersRead, ClustersRead, MetricsRead, AlertsRead, ChannelsRead, SettingsRead, MembersRead, UsageRead, JobsRead, EventsRead, SystemRead,
	}
	member = append(slices.Clip(viewer), ServersWrite, AlertsWrite, JobsWrite)
	admin  = append(slices.Clip(member), ClustersWrite, ClustersApply, PodsExec, ChannelsWrite, SettingsWrite, AuditRead, MembersWrite, BackupRead)
	owner  = append(slices.Clip(admin), TenantExport, TenantDelete)
)

// roles is the one table of what a role may do.
var roles = map[string]set{"viewer": setOf(viewer), "member": setOf(member), "admin": setOf(admin), "owner": setOf(owner)}

// ranks orders roles: nobody gives what is above their own.
var ranks = map[string]int{"viewer": 1, "member": 2, "admin": 3, "owner": 4}

// ofSystem is what only system administrators may do.
var ofSystem = []Permission{TenantsRead, TenantsWrite, UsersRead, UsersWrite, ProvidersWrite, VaultWrite, SystemWrite, BackupWrite, TLSWrite}

// administrator is what a system administrator may do beside their roles; in
// every tenant, as the appliance is theirs.
var (
	administrator = append(slices.Clip(owner), ofSystem...)
	administers   = setOf(administrator)
)

// Grantable are the permissions that a person may get one by one.
func Grantable() []Permission {
	return []Permission{ClustersApply, PodsExec, ChannelsWrite, SettingsWrite, AuditRead}
}

// Known reports whether somebody can hold p.
func Known(p Permission) bool { return p == Public || administers[p] }

// OfSystem reports whether only system administrators hold p.
func OfSystem(p Permission) bool { return slices.Contains(ofSystem, p) }

// A set answers whether it holds a permission.
type set map[Permission]bool

func setOf(all []Permission) set {
	s := make(set, len(all))
	for _, p := range all {
		s[p] = true
	}
	return s
}

// with returns s and what was granted beyond it.
func (s set) with(grants []string) set {
	if len(grants) == 0 {
		return s
	}
	more := make(set, len(s)+len(grants))
	for p := range s {
		more[p] = true
	}
	for _, g := range grants {
		if p := Permission(g); slices.Contains(Grantable(), p) {
			more[p] = true
		}
	}
	return more
}
