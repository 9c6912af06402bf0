package auth

import (
	"slices"
	"sync"

	"unity.internal/store"
)

// A Permission is what a caller must hold to use a route.
type Permission string

// The permissions: the thing, a dot, the verb. Public is held by everybody, Self by whoever is
// signed in, for what is their own; the System ones by system administrators.
const (
	Public        Permission = "public"
	Self          Permission = "self"
	ServersRead   Permission = "servers.read"
	ServersWrite  Permission = "servers.write"
	MetricsRead   Permission = "metrics.read"
	AlertsRead    Permission = "alerts.read"
	AlertsWrite   Permission = "alerts.write"
	ChannelsRead  Permission = "channels.read"
	ChannelsWrite Permission = "channels.write"
	SettingsRead  Permission = "settings.read"
	SettingsWrite Permission = "settings.write"
	AuditRead     Permission = "audit.read"
	JobsRead      Permission = "jobs.read"
	JobsWrite     Permission = "jobs.write"
	EventsRead    Permission = "events.read"
	SystemRead    Permission = "system.read"
	SystemWrite   Permission = "system.write"
)

var (
	viewer = []Permission{Self, ServersRead, MetricsRead, AlertsRead, ChannelsRead, SettingsRead, JobsRead, EventsRead, SystemRead}
	member = append(slices.Clip(viewer), ServersWrite, AlertsWrite, JobsWrite)
	admin  = append(slices.Clip(member), ChannelsWrite, SettingsWrite, AuditRead)
)

// roles is the one table of what a role may do.
var roles = map[string][]Permission{
	"viewer": viewer,
	"member": member,
	"admin":  admin,
	"owner":  admin,
}

// administrator is what a system administrator may do beside their roles; in
// every tenant, as the appliance is theirs.
var administrator = append(slices.Clip(admin), SystemWrite)

// Known reports whether somebody can hold p.
func Known(p Permission) bool { return p == Public || slices.Contains(administrator, p) }

type membership struct {
	tenant store.TenantID
	user   string
}

// Members knows every membership, every administrator and which tenants are
// open, in memory: a change of role holds from the next request on. The zero
// value knows none.
type Members struct {
	mu     sync.RWMutex
	role   map[membership]string
	admins map[string]bool
	status map[store.TenantID]string
}

// Load replaces what is known; at start, and after each write of users,
// memberships or tenants.
func (m *Members) Load(all []store.Membership, users []store.User, tenants []store.TenantInfo) {
	role := make(map[membership]string, len(all))
	active := make(map[string]bool, len(users))
	admins := map[string]bool{}
	for _, u := range users {
		active[u.ID] = u.Active
		if u.Active && u.Admin {
			admins[u.ID] = true
		}
	}
	for _, v := range all {
		if active[v.User] {
			role[membership{v.Tenant, v.User}] = v.Role
		}
	}
	status := map[store.TenantID]string{store.SystemTenant: "active"}
	for _, v := range tenants {
		status[v.ID] = v.Status
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.role, m.admins, m.status = role, admins, status
}

// May reports whether user holds p in tenant now.
func (m *Members) May(tenant store.TenantID, user string, p Permission) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.admins[user] {
		return m.status[tenant] != "" && slices.Contains(administrator, p)
	}
	return slices.Contains(roles[m.role[membership{tenant, user}]], p)
}

// In reports whether user belongs to tenant, or may enter it as an administrator.
func (m *Members) In(tenant store.TenantID, user string) bool { return m.May(tenant, user, Self) }

// Suspended reports whether a tenant is closed.
func (m *Members) Suspended(tenant store.TenantID) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.status[tenant] == "suspended" || m.status[tenant] == "deleting"
}

// Permissions returns what user may do in tenant now.
func (m *Members) Permissions(tenant store.TenantID, user string) []Permission {
	all := []Permission{}
	for _, p := range administrator {
		if m.May(tenant, user, p) {
			all = append(all, p)
		}
	}
	return all
}

// Of returns the memberships of user, by tenant.
func (m *Members) Of(user string) []store.Membership {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := []store.Membership{}
	for k, role := range m.role {
		if k.user == user {
			all = append(all, store.Membership{Tenant: k.tenant, User: user, Role: role})
		}
	}
	slices.SortFunc(all, func(a, b store.Membership) int {
		if a.Tenant < b.Tenant {
			return -1
		}
		return 1
	})
	return all
}
