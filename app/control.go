package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/backup/transfer"
	"unity.internal/app/fault"
	"unity.internal/app/httpapi"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// A control does what the command line asks of an appliance: in the process
// that serves, through its socket, or in the command's own process.
type control struct {
	dir   string
	store *store.Store
	vault *vault.Vault
	auth  *auth.Service
	setup *auth.SetupToken
	urls  func() []string
	added func(context.Context, store.TenantID) // a tenant was made or changed

	keys      *keys
	deletion  *deletion
	transfers *transfers
	kits      *kits
	bundles   *bundles
	upgrade   *upgrader                            // nil: no appliance runs
	health    func(context.Context) httpapi.Health // of one that runs
}

// An order is one command with what it needs; unused fields are empty.
type order struct {
	Command  string `json:"command"`
	Name     string `json:"name,omitempty"`
	ID       string `json:"id,omitempty"`
	Password string `json:"password,omitempty"`
	Master   bool   `json:"master,omitempty"`
	// Of an upgrade.
	URL      string `json:"url,omitempty"`
	SHA256   string `json:"sha256,omitempty"`
	Seal     []byte `json:"signature,omitempty"`
	Unsigned bool   `json:"unsigned,omitempty"`
	Older    bool   `json:"allow_older,omitempty"`
	Lose     bool   `json:"lose_data,omitempty"`
	// Of an export and an import.
	To   transfer.To   `json:"to,omitzero"`
	From transfer.From `json:"from,omitzero"`
}

// commands are what the socket takes.
var commands = map[string]func(control, context.Context, order) (any, error){
	"users":          control.users,
	"user-unlock":    control.userUnlock,
	"user-password":  control.userPassword,
	"user-link":      control.userLink,
	"tenants":        control.tenants,
	"tenant-create":  control.tenantCreate,
	"tenant-suspend": func(c control, ctx context.Context, o order) (any, error) { return c.tenantStatus(ctx, o, "suspended") },
	"tenant-activate": func(c control, ctx context.Context, o order) (any, error) {
		return c.tenantStatus(ctx, o, "active")
	},
	"tenant-contents": control.tenantContents,
	"tenant-delete":   control.tenantDelete,
	"vault":           control.vaultState,
	"vault-rotate":    control.vaultRotate,
	"job":             control.job,
	"kit":             control.kit,
	"setup-url":       control.setupURL,
	"urls":            func(c control, _ context.Context, _ order) (any, error) { return c.urls(), nil },
	"doctor":          control.doctor,
	"upgrade":         control.upgradeFrom,
	"upgrade-back":    control.upgradeBack,
	"upgrade-state":   control.upgradeState,
}

func (c control) do(ctx context.Context, o order) (any, error) {
	run, ok := commands[o.Command]
	if !ok {
		return nil, fault.New(fault.NotFound, "command.unknown", "The appliance that runs does not know this command. Update it first.")
	}
	return run(c, ctx, o)
}

func (c control) users(ctx context.Context, _ order) (any, error) {
	return c.store.System().Users(ctx)
}

func (c control) user(ctx context.Context, name string) (store.User, error) {
	u, err := c.store.System().UserByName(ctx, auth.NameKey(name))
	if errors.Is(err, store.ErrNotFound) {
		return u, fault.New(fault.NotFound, "user.unknown", "There is no user called %s. List them with: unity user list", name)
	}
	return u, err
}

func (c control) userUnlock(ctx context.Context, o order) (any, error) {
	u, err := c.user(ctx, o.Name)
	if err != nil {
		return nil, err
	}
	c.auth.Unlock(u.Username)
	return u, c.store.System().Own().Record(ctx, store.Audit{Action: "users.unlock", Thing: u.ID, Result: "done"})
}

func (c control) userPassword(ctx context.Context, o order) (any, error) {
	u, err := c.user(ctx, o.Name)
	if err != nil {
		return nil, err
	}
	if err := c.auth.SetPassword(ctx, c.store.System(), u, o.Password, ""); err != nil {
		return nil, err
	}
	c.auth.Unlock(u.Username)
	return u, nil
}

func (c control) userLink(ctx context.Context, o order) (any, error) {
	u, err := c.user(ctx, o.Name)
	if err != nil {
		return nil, err
	}
	token, _, err := c.auth.Link(ctx, c.store.System(), u.ID, store.LinkSignIn)
	if err != nil {
		return nil, err
	}
	urls := c.urls()
	for i, at := range urls {
		urls[i] = at + "/sign-in/link#token=" + token
	}
	return urls, nil
}

func (c control) tenants(ctx context.Context, _ order) (any, error) {
	return c.store.System().AllTenants(ctx)
}

func (c control) tenantCreate(ctx context.Context, o order) (any, error) {
	id := store.TenantID(o.ID)
	if o.Name == "" {
		o.Name = o.ID
	}
	if err := c.store.System().CreateTenant(ctx, id, o.Name); err != nil {
		return nil, err
	}
	if err := c.vault.AddTenant(ctx, id); err != nil {
		return nil, err
	}
	return c.tenant(ctx, id)
}

func (c control) tenantStatus(ctx context.Context, o order, status string) (any, error) {
	id := store.TenantID(o.ID)
	if err := c.store.System().SetTenantStatus(ctx, id, status); err != nil {
		return nil, err
	}
	return c.tenant(ctx, id)
}

// tenant tells every part that a tenant changed, and returns it.
func (c control) tenant(ctx context.Context, id store.TenantID) (any, error) {
	if err := c.auth.Reload(ctx); err != nil {
		return nil, err
	}
	c.added(ctx, id)
	return c.store.System().TenantInfo(ctx, id)
}

func (c control) tenantContents(ctx context.Context, o order) (any, error) {
	return c.store.System().Contents(ctx, store.TenantID(o.ID))
}

func (c control) tenantDelete(ctx context.Context, o order) (any, error) {
	return c.deletion.Delete(ctx, c.store.System(), store.TenantID(o.ID))
}

func (c control) vaultState(ctx context.Context, _ order) (any, error) {
	return c.vault.State(ctx)
}

func (c control) vaultRotate(ctx context.Context, o order) (any, error) {
	return c.keys.Rotate(ctx, c.store.System(), vault.Ask{Master: o.Master, Tenant: store.TenantID(o.ID), Passphrase: []byte(o.Password)})
}

// job returns one of the appliance's own jobs.
func (c control) job(ctx context.Context, o order) (any, error) {
	return c.store.System().Own().Job(ctx, o.ID)
}

// errSetup says that there is nothing left to set up.
var errSetup = fault.New(fault.Conflict, "setup.done", "This appliance is set up already: somebody can sign in. A forgotten password is replaced with: unity user reset-password NAME")

func (c control) setupURL(ctx context.Context, _ order) (any, error) {
	there, err := c.store.System().HasUsers(ctx)
	if err == nil && there {
		err = errSetup
	}
	if err != nil {
		return nil, err
	}
	token, err := c.setup.Make()
	if err != nil {
		return nil, err
	}
	urls := c.urls()
	for i, u := range urls {
		urls[i] = u + "/setup?token=" + token
	}
	return urls, nil
}

// listenControl serves commands on the socket in the data directory until ctx ends.
func (c control) listen(ctx context.Context) error {
	path := filepath.Join(c.dir, socketFile)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // the lock says that nobody listens there
		return err
	}
	ln, err := (&net.ListenConfig{}).Listen(ctx, "unix", path)
	if err != nil {
		return fmt.Errorf("listen on the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return errors.Join(err, ln.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /order", c.serveOrder)
	mux.HandleFunc("GET /backup", c.serveBackup)
	mux.HandleFunc("GET /support", c.serveSupport)
	mux.HandleFunc("POST /export", c.serveExport)
	mux.HandleFunc("POST /import", serveFile(c.importIn))
	mux.HandleFunc("POST /upgrade", serveFile(c.upgradeIn))
	mux.HandleFunc("GET /readyz", c.serveHealth)
	s := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, BaseContext: func(net.Listener) context.Context { return ctx }}
	stopped := context.AfterFunc(ctx, func() { _ = s.Close() }) // its orders end with ctx
	defer stopped()
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// A failure is what a command that could not be done answers.
type failure struct {
	Code string `json:"code"`
	Msg  string `json:"message"`
}

func (c control) serveOrder(w http.ResponseWriter, r *http.Request) {
	var o order
	err := json.NewDecoder(r.Body).Decode(&o)
	var out any
	if err == nil {
		out, err = c.do(r.Context(), o)
	}
	answer(w, out, err)
}

// failed returns what a person may read. An internal fault keeps its cause: who
// uses the socket owns the appliance.
func failed(err error) failure {
	f := fault.From(err)
	if f.Kind == fault.Internal {
		return failure{f.Code, f.Error()}
	}
	return failure{f.Code, f.Msg}
}

// serveFile takes an order on its first line, and hands the file behind that to do.
func serveFile(do func(ctx context.Context, o order, in io.Reader) (any, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var o order
		d := json.NewDecoder(r.Body)
		err := d.Decode(&o)
		var out any
		if err == nil {
			rest := io.MultiReader(d.Buffered(), r.Body)
			if _, err = io.ReadFull(rest, make([]byte, 1)); err == nil { // the end of the line
				out, err = do(r.Context(), o, rest)
			}
		}
		answer(w, out, err)
	}
}

// answer says what an order brought, or why it could not be done.
func answer(w http.ResponseWriter, out any, err error) {
	if err != nil {
		w.WriteHeader(http.StatusConflict)
		out = failed(err)
	}
	_ = json.NewEncoder(w).Encode(out) // who asked is gone otherwise
}

func (c control) serveBackup(w http.ResponseWriter, r *http.Request) {
	if err := c.copyTo(r.Context(), w); err != nil {
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(failed(err)) // who asked is gone otherwise
	}
}

// copyTo writes a consistent copy of the database.
func (c control) copyTo(ctx context.Context, w io.Writer) error {
	path := filepath.Join(c.dir, "backup-"+store.NewID()+".tmp")
	defer os.Remove(path)
	if err := c.store.Copy(ctx, path); err != nil {
		return err
	}
	f, err := os.Open(path) //nolint:gosec // a path of ours
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = io.Copy(w, f)
	return err
}

// remote is the control of another process, through its socket.
type remoteControl struct{ http http.Client }

func dialControl(dir string) remoteControl {
	path := filepath.Join(dir, socketFile)
	return remoteControl{http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", path)
		},
		DisableKeepAlives: true, // who asks again dials again, and nothing stays open on either side
	}}}
}

// ask sends one order and reads its answer into out.
func (r remoteControl) ask(ctx context.Context, o order, out any) error {
	text, err := json.Marshal(o) //nolint:gosec // the socket is the owner's own
	if err != nil {
		return err
	}
	return r.send(ctx, http.MethodPost, "/order", bytes.NewReader(text), func(body io.Reader) error { return json.NewDecoder(body).Decode(out) })
}

// hand sends one order with the file that it needs, and reads the job that goes on
// with it.
func (r remoteControl) hand(ctx context.Context, path string, o order, in io.Reader) (j store.Job, err error) {
	text, err := json.Marshal(o) //nolint:gosec // the socket is the owner's own
	if err != nil {
		return j, err
	}
	body := io.MultiReader(bytes.NewReader(append(text, '\n')), in)
	err = r.send(ctx, http.MethodPost, path, body, func(body io.Reader) error { return json.NewDecoder(body).Decode(&j) })
	return j, err
}

// backup copies the database to w.
func (r remoteControl) backup(ctx context.Context, w io.Writer) error {
	return r.send(ctx, http.MethodGet, "/backup", nil, func(body io.Reader) error {
		_, err := io.Copy(w, body)
		return err
	})
}

func (r remoteControl) send(ctx context.Context, method, path string, body io.Reader, read func(io.Reader) error) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://unity"+path, body)
	if err != nil {
		return err
	}
	res, err := r.http.Do(req)
	if err != nil {
		return fmt.Errorf("ask the appliance that runs: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		var f failure
		if err := json.NewDecoder(res.Body).Decode(&f); err != nil {
			return err
		}
		return fault.New(fault.Conflict, f.Code, "%s", f.Msg)
	}
	return read(res.Body)
}
