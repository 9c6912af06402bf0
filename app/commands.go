package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
	"unity.internal/app/auth"
	"unity.internal/app/fault"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// A terminal is where a command reads and writes.
type terminal struct {
	in       io.Reader
	out, err io.Writer
}

// Main parses arguments, runs the command and returns the exit code.
func Main(ctx context.Context, args []string, in io.Reader, out, errOut io.Writer) int {
	unix.Umask(0o077) // what it writes is its own
	var c Config
	p, err := parser(&c)
	if err != nil {
		panic(err) // the tags of Config are wrong
	}
	p.Stdout, p.Stderr = out, errOut
	k, err := p.Parse(args)
	if err != nil {
		fmt.Fprintln(errOut, "unity:", err)
		return 2
	}
	k.BindTo(ctx, (*context.Context)(nil))
	err = k.Run(&c, terminal{in, out, errOut})
	if errors.Is(err, store.ErrNewer) { // what wrote it may lie in the data directory
		err = errors.Join(err, c.newest(ctx, newLog(errOut, "warn")))
	}
	if err != nil {
		f := failed(err)
		fmt.Fprintf(errOut, "unity: %s (%s)\n", f.Msg, f.Code)
		return 1
	}
	return 0
}

// Run serves until ctx ends.
func (s *Serve) Run(ctx context.Context, c *Config, t terminal) error {
	if s.Demo {
		return s.demo(ctx, c, t)
	}
	log := newLog(t.err, s.LogLevel)
	if err := c.newest(ctx, log); err != nil {
		return err
	}
	return c.serve(ctx, log, t.out, func(*App) {})
}

// version returns the version of this binary, and the commit it was built from.
func version() (v, commit string) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return cmp.Or(number, "unknown"), ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = s.Value
		}
	}
	return strings.TrimPrefix(cmp.Or(number, info.Main.Version), "v"), commit
}

type versionCmd struct{}

// Run prints the version, the commit and the schema.
func (versionCmd) Run(t terminal) error {
	release, commit := version()
	_, err := fmt.Fprintf(t.out, "unity %s\ncommit %s\nschema %d\n", release, commit, store.SchemaVersion())
	return err
}

// open takes the data directory for one command and opens what is in it.
func open(ctx context.Context, dir string) (control, func() error, error) {
	if !exists(filepath.Join(dir, databaseFile)) && !exists(filepath.Join(dir, swapFile)) {
		return control{}, nil, fault.New(fault.NotFound, "data_dir.empty", "There is no database in %s. Choose another with --data-dir.", dir)
	}
	held, err := lock(dir)
	if err != nil {
		return control{}, nil, err
	}
	if _, err := swap(ctx, dir); err != nil {
		return control{}, nil, errors.Join(err, held.Close())
	}
	v := &vault.Vault{}
	s, err := store.Open(ctx, filepath.Join(dir, databaseFile), store.WithSigner(v.Sign), store.WithCheckpoints(filepath.Join(dir, checkpoints)))
	if err != nil {
		return control{}, nil, errors.Join(err, held.Close())
	}
	done := func() error { return errors.Join(s.Close(ctx), held.Close()) }
	if err := v.Attach(ctx, s, vault.Source{Dir: dir, Credentials: os.Getenv("CREDENTIALS_DIRECTORY")}); err != nil {
		return control{}, nil, errors.Join(err, done())
	}
	a := auth.New(s, v)
	if err := a.Reload(ctx); err != nil {
		return control{}, nil, errors.Join(err, done())
	}
	c := control{
		dir: dir, store: s, vault: v, auth: a, setup: auth.NewSetupToken(dir), added: func(context.Context, store.TenantID) {},
		keys:     &keys{dir: dir, store: s, vault: v}, // nobody else seals: no grace
		deletion: &deletion{store: s, forget: v.Forget, changed: func(context.Context, store.TenantID) {}},
		urls:     func() []string { return []string{unasked} },

		transfers: newTransfers(dir, v),
		kits:      newKits(s, v, nil),
	}
	return c, done, nil
}

// ask has an order done by the server that holds the data directory, or here.
func (c *Config) ask(ctx context.Context, o order, out any) error {
	if err := become(c.DataDir); err != nil {
		return err
	}
	here, done, err := open(ctx, c.DataDir)
	if errors.Is(err, errHeld) {
		return dialControl(c.DataDir).ask(ctx, o, out)
	}
	if err != nil {
		return err
	}
	v, err := here.do(ctx, o)
	if err == nil {
		err = assign(v, out)
	}
	return errors.Join(err, done())
}

type migrateCmd struct{}

// Run migrates the database, which serve does as well.
func (migrateCmd) Run(ctx context.Context, c *Config, t terminal) error {
	if err := become(c.DataDir); err != nil {
		return err
	}
	_, done, err := open(ctx, c.DataDir)
	if err != nil {
		return err
	}
	if err := done(); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "The database is at schema %d.\n", store.SchemaVersion())
	return err
}

type userCmd struct {
	List  userListCmd     `cmd:"" help:"List users."`
	Open  userUnlockCmd   `cmd:"" name:"unlock" help:"Forget the failed sign-ins of a user."`
	Reset userPasswordCmd `cmd:"" name:"reset-password" help:"Set a new password, read from the terminal or from standard input."`
	Link  userLinkCmd     `cmd:"" name:"sign-in-link" help:"Print a link that signs a user in once, whatever else is switched off: the way back in."`
}

type userListCmd struct{}

// Run prints users.
func (userListCmd) Run(ctx context.Context, c *Config, t terminal) error {
	var all []store.User
	if err := c.ask(ctx, order{Command: "users"}, &all); err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tADMINISTRATOR\tACTIVE\tCREATED")
	for _, u := range all {
		fmt.Fprintf(w, "%s\t%t\t%t\t%s\n", u.Username, u.Admin, u.Active, u.Created.Format("2006-01-02"))
	}
	return w.Flush()
}

type userUnlockCmd struct {
	Name string `arg:"" help:"The user's name."`
}

// Run unlocks a user.
func (u userUnlockCmd) Run(ctx context.Context, c *Config, t terminal) error {
	var user store.User
	if err := c.ask(ctx, order{Command: "user-unlock", Name: u.Name}, &user); err != nil {
		return err
	}
	_, err := fmt.Fprintf(t.out, "%s can sign in again.\n", user.Username)
	return err
}

type userPasswordCmd struct {
	Name string `arg:"" help:"The user's name."`
}

// Run sets a password.
func (u userPasswordCmd) Run(ctx context.Context, c *Config, t terminal) error {
	password, err := readPassword(t, "New password: ")
	if err != nil {
		return err
	}
	var user store.User
	if err := c.ask(ctx, order{Command: "user-password", Name: u.Name, Password: password}, &user); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "The password of %s is set, and every session of theirs has ended.\n", user.Username)
	return err
}

type userLinkCmd struct {
	Name string `arg:"" help:"The user's name."`
}

// Run prints a link that signs in.
func (u userLinkCmd) Run(ctx context.Context, c *Config, t terminal) error {
	var urls []string
	if err := c.ask(ctx, order{Command: "user-link", Name: u.Name}, &urls); err != nil {
		return err
	}
	fmt.Fprintln(t.err, "One of these signs in once, within ten minutes. No password and no second factor is asked for:")
	_, err := fmt.Fprintln(t.out, strings.Join(urls, "\n"))
	return err
}

// readPassword reads one line without showing it.
func readPassword(t terminal, prompt string) (string, error) {
	if f, ok := t.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(t.err, prompt)
		text, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(t.err)
		return string(text), err
	}
	text, err := io.ReadAll(io.LimitReader(t.in, 4096))
	return strings.TrimRight(string(text), "\r\n"), err
}

type tenantCmd struct {
	Create   tenantCreateCmd   `cmd:"" help:"Create a tenant."`
	List     tenantListCmd     `cmd:"" help:"List tenants."`
	Suspend  tenantSuspendCmd  `cmd:"" help:"Close a tenant: nobody gets in, and its background work stops."`
	Activate tenantActivateCmd `cmd:"" help:"Open a suspended tenant again."`
	Delete   tenantDeleteCmd   `cmd:"" help:"Delete a tenant and all it has, for ever."`
	Export   tenantExportCmd   `cmd:"" help:"Write all that a tenant has to one encrypted file, secrets among it."`
	Import   tenantImportCmd   `cmd:"" help:"Make a tenant of a file that export wrote, or end an import that was cut off."`
}

type tenantCreateCmd struct {
	ID   string `arg:"" help:"A slug: a-z, 0-9 and -."`
	Name string `arg:"" optional:"" help:"A name for people."`
}

// Run creates a tenant.
func (v tenantCreateCmd) Run(ctx context.Context, c *Config, t terminal) error {
	return c.tenant(ctx, t, order{Command: "tenant-create", ID: v.ID, Name: v.Name})
}

type tenantSuspendCmd struct {
	ID string `arg:"" help:"The tenant's id."`
}

// Run suspends a tenant.
func (v tenantSuspendCmd) Run(ctx context.Context, c *Config, t terminal) error {
	return c.tenant(ctx, t, order{Command: "tenant-suspend", ID: v.ID})
}

type tenantActivateCmd struct {
	ID string `arg:"" help:"The tenant's id."`
}

// Run activates a tenant.
func (v tenantActivateCmd) Run(ctx context.Context, c *Config, t terminal) error {
	return c.tenant(ctx, t, order{Command: "tenant-activate", ID: v.ID})
}

// tenant has an order on a tenant done and prints what the tenant is then.
func (c *Config) tenant(ctx context.Context, t terminal, o order) error {
	var v store.TenantInfo
	if err := c.ask(ctx, o, &v); err != nil {
		return err
	}
	_, err := fmt.Fprintf(t.out, "%s (%s) is %s.\n", v.ID, v.Name, v.Status)
	return err
}

type tenantListCmd struct{}

// Run prints tenants.
func (tenantListCmd) Run(ctx context.Context, c *Config, t terminal) error {
	var all []store.TenantInfo
	if err := c.ask(ctx, order{Command: "tenants"}, &all); err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tNAME\tSTATUS\tCREATED")
	for _, v := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", v.ID, v.Name, v.Status, v.Created.Format("2006-01-02"))
	}
	return w.Flush()
}

type setupCmd struct{}

// Run prints the set-up addresses.
func (setupCmd) Run(ctx context.Context, c *Config, t terminal) error {
	var urls []string
	if err := c.ask(ctx, order{Command: "setup-url"}, &urls); err != nil {
		return err
	}
	_, err := fmt.Fprintln(t.out, strings.Join(urls, "\n"))
	return err
}
