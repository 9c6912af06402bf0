package auth

import (
	"cmp"
	"slices"
	"sync"

	"unity.internal/app/fault"
	"unity.internal/store"
)

var (
	// ErrPasswordChange says that a user has to choose a password first.
	ErrPasswordChange = fault.New(fault.Forbidden, "auth.password_change_required", "Choose a new password first, on the account page.")
	// ErrSecondFactor says that a tenant lets nobody in without a second proof.
	ErrSecondFactor = fault.New(fault.Forbidden, "auth.second_factor_required", "A second factor is needed here. Set one up on the account page, then sign in with it.")
)

type membership struct {
	tenant store.TenantID
	user   string
}

// A standing is what one user is in one tenant.
type standing struct {
	store.Membership
	may set
}

// Members knows every membership, every administrator and which tenants are
// open, in memory: a change of role holds from the next request on. The zero
// value knows none.
type Members struct {
	mu     sync.RWMutex
	multi  bool
	of     map[membership]standing
	byUser map[string][]store.Membership
	users  map[string]store.User // those who may sign in
	called map[string]string     // the names of all users
	status map[store.TenantID]string
	names  map[store.TenantID]string
	strict map[store.TenantID]bool // tenants that need a second proof
}

// known is everything that Members keeps in memory.
type known struct {
	multi   bool
	members []store.Membership
	users   []store.User
	tenants []store.TenantInfo
	strict  []store.TenantID
}

// load replaces what is known; at start, and after each write of users,
// memberships, tenants or settings.
func (m *Members) load(k known) {
	of, byUser := make(map[membership]standing, len(k.members)), map[string][]store.Membership{}
	users, called := make(map[string]store.User, len(k.users)), make(map[string]string, len(k.users))
	for _, u := range k.users {
		called[u.ID] = u.Username
		if u.Active {
			users[u.ID] = u
		}
	}
	for _, v := range k.members {
		if _, active := users[v.User]; active {
			of[membership{v.Tenant, v.User}] = standing{v, roles[v.Role].with(v.Grants)}
			byUser[v.User] = append(byUser[v.User], v)
		}
	}
	for _, all := range byUser {
		slices.SortFunc(all, func(a, b store.Membership) int { return cmp.Compare(a.Tenant, b.Tenant) })
	}
	status, names := map[store.TenantID]string{store.SystemTenant: "active"}, map[store.TenantID]string{}
	for _, v := range k.tenants {
		status[v.ID], names[v.ID] = v.Status, v.Name
	}
	strict := map[store.TenantID]bool{}
	for _, id := range k.strict {
		strict[id] = true
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.multi, m.of, m.byUser, m.users, m.called, m.status, m.names, m.strict = k.multi, of, byUser, users, called, status, names, strict
}

// MultiTenancy reports whether many tenants share the appliance. While they do
// not, everybody is in the default tenant, and others rest.
func (m *Members) MultiTenancy() bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.multi
}

// open reports whether a tenant can be entered at all. m is locked.
func (m *Members) open(tenant store.TenantID) bool {
	return m.status[tenant] != "" && (m.multi || tenant == store.DefaultTenant || tenant == store.SystemTenant)
}

// May reports whether user holds p in tenant now.
func (m *Members) May(tenant store.TenantID, user string, p Permission) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if !m.open(tenant) {
		return false
	}
	if m.users[user].Admin {
		return administers[p]
	}
	return m.of[membership{tenant, user}].may[p]
}

// In reports whether user belongs to tenant, or may enter it as an administrator.
func (m *Members) In(tenant store.TenantID, user string) bool { return m.May(tenant, user, SignedIn) }

// Admin reports whether user administers the appliance.
func (m *Members) Admin(user string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.users[user].Admin
}

// rank orders users by what they may give to others in tenant; 0 of who is no member.
func (m *Members) rank(tenant store.TenantID, user string) int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if m.users[user].Admin {
		return ranks["owner"]
	}
	return ranks[m.of[membership{tenant, user}].Role]
}

// RoleNow returns what user may give to others in tenant as a role: an
// administrator of the appliance is an owner everywhere.
func (m *Members) RoleNow(tenant store.TenantID, user string) string {
	if m.Admin(user) {
		return "owner"
	}
	return m.Role(tenant, user)
}

// Role returns the role of user in tenant; empty of who has none.
func (m *Members) Role(tenant store.TenantID, user string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.of[membership{tenant, user}].Role
}

// Blocked returns what somebody must do before anything else in tenant.
func (m *Members) Blocked(tenant store.TenantID, who Identity) error {
	m.mu.RLock()
	defer m.mu.RUnlock()
	u := m.users[who.User]
	switch {
	case u.MustChange:
		return ErrPasswordChange
	case m.strict[tenant] && !who.SecondFactor && (who.Key == nil || !u.SecondFactor()):
		return ErrSecondFactor
	}
	return nil
}

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
	return append([]store.Membership{}, m.byUser[user]...)
}

// UserName returns the name of a user, also of one who is switched off.
func (m *Members) UserName(user string) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.called[user]
}

// signsIn reports whether user is there and not switched off.
func (m *Members) signsIn(user string) bool {
	m.mu.RLock()
	defer m.mu.RUnlock()
	_, active := m.users[user]
	return active
}

// TenantName returns the name of a tenant for people.
func (m *Members) TenantName(id store.TenantID) string {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.names[id]
}

// A Place is a tenant that somebody may enter.
type Place struct {
	ID   store.TenantID `json:"id"`
	Name string         `json:"name"`
	Role string         `json:"role" doc:"Empty: as an administrator of the appliance"`
}

// Places returns the open tenants that user may enter, by name.
func (m *Members) Places(user string) []Place {
	m.mu.RLock()
	defer m.mu.RUnlock()
	all := []Place{}
	for id, name := range m.names {
		role := m.of[membership{id, user}].Role
		if m.open(id) && m.status[id] == "active" && (role != "" || m.users[user].Admin) {
			all = append(all, Place{id, name, role})
		}
	}
	slices.SortFunc(all, func(a, b Place) int { return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID)) })
	return all
}

// Home returns where somebody is when a request names no tenant: the default
// tenant, or the first of theirs that is open.
func (m *Members) Home(user string) store.TenantID {
	if m.In(store.DefaultTenant, user) {
		return store.DefaultTenant
	}
	for _, v := range m.Of(user) {
		if m.In(v.Tenant, user) && !m.Suspended(v.Tenant) {
			return v.Tenant
		}
	}
	return store.DefaultTenant
}
