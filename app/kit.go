package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"unity.internal/app/auth"
	"unity.internal/app/backup"
	"unity.internal/app/backup/kit"
	"unity.internal/app/httpapi"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// kits makes recovery kits.
type kits struct {
	store *store.Store
	vault *vault.Vault
	fixed *backup.Fixed // the replica that the command line names
	turn  sync.Mutex    // one at a time: each takes 128 MiB for a moment
}

func newKits(s *store.Store, v *vault.Vault, fixed *backup.Fixed) *kits {
	return &kits{store: s, vault: v, fixed: fixed}
}

// make returns a kit of the present key and the present replica, once it is
// noted that there is one.
func (k *kits) make(ctx context.Context, y store.System, passphrase []byte) (v httpapi.KitFile, err error) {
	if err := auth.CheckPassphrase(string(passphrase)); err != nil {
		return v, err
	}
	made, err := k.gather(ctx)
	if err != nil {
		return v, err
	}
	text, err := k.seal(made, passphrase)
	if err != nil {
		return v, err
	}
	return httpapi.KitFile{
		FileName: "unity-kit-" + plain(made.Host) + made.Made.Format("2006-01-02") + ".txt", Text: text, Block: kit.Block(text),
		Host: made.Host, Instance: made.Instance, Replica: made.URL, Made: made.Made,
	}, y.KitMade(ctx)
}

// gather collects what a kit holds.
func (k *kits) gather(ctx context.Context) (v kit.Kit, err error) {
	key, err := k.vault.Master()
	if err != nil {
		return v, err
	}
	row, err := k.store.System().Backup(ctx)
	if err != nil {
		return v, err
	}
	v = kit.Kit{Instance: row.Instance, Made: time.Now().UTC().Truncate(time.Second), MasterKey: key.Expose()}
	v.Host, _ = os.Hostname() // for people
	where, secret, err := backup.Where(ctx, row, k.fixed, k.vault)
	if err != nil || where.URL == "" {
		return v, err
	}
	v.URL, v.ReplicaSecret = where.URL, secret
	v.Replica, err = json.Marshal(where) //nolint:gosec // the id of a key is no secret
	return v, err
}

func (k *kits) seal(v kit.Kit, passphrase []byte) (string, error) {
	k.turn.Lock()
	defer k.turn.Unlock()
	defer debug.FreeOSMemory() // an idle appliance has a third of what this took
	return v.Write(passphrase)
}

// plain returns what of a host name may stand in the name of a file, and a dash.
func plain(host string) string {
	host = strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, host)
	if host == "" {
		return ""
	}
	return host + "-"
}

func (c control) kit(ctx context.Context, o order) (any, error) {
	return c.kits.make(ctx, c.store.System(), []byte(o.Password))
}

type kitCmd struct {
	File    string `arg:"" optional:"" help:"The file to write; it must not exist. Without one, the kit is printed." type:"path"`
	Replica `embed:""`
}

// Run writes a recovery kit. An appliance that runs knows its replica; for one
// that does not, the flags may name it.
func (k kitCmd) Run(ctx context.Context, c *Config, t terminal) (err error) {
	passphrase, err := newPassphrase(t)
	if err == nil {
		err = auth.CheckPassphrase(passphrase)
	}
	if err != nil {
		return err
	}
	fixed, err := k.fixed()
	if err != nil {
		return err
	}
	text := func(w io.Writer) error {
		v, err := c.kit(ctx, fixed, passphrase)
		if err != nil {
			return err
		}
		_, err = io.WriteString(w, v.Text)
		return err
	}
	if k.File == "" {
		return text(t.out)
	}
	if err := newFile(k.File, "kit", text); err != nil {
		return err
	}
	_, err = fmt.Fprintf(t.out, "The recovery kit is in %s. Keep it away from this box, and the passphrase away from it.\n", k.File)
	return err
}

// kit has a kit made by the server that holds the data directory, or here.
func (c *Config) kit(ctx context.Context, fixed *backup.Fixed, passphrase string) (v httpapi.KitFile, err error) {
	if err := become(c.DataDir); err != nil {
		return v, err
	}
	here, done, err := open(ctx, c.DataDir)
	if errors.Is(err, errHeld) {
		err = dialControl(c.DataDir).ask(ctx, order{Command: "kit", Password: passphrase}, &v)
		return v, err
	}
	if err != nil {
		return v, err
	}
	here.kits.fixed = fixed
	v, err = here.kits.make(ctx, here.store.System(), []byte(passphrase))
	return v, errors.Join(err, done())
}
