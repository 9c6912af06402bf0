package backup

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"unity.internal/app/backup/place"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/store"
)

// A Rescue brings an appliance back on a box that has none: first it asks for
// what opens the vault, then it shows what a replica holds, then it restores.
type Rescue struct {
	// Prove fails if the key does not open the vault of the file at path.
	Prove func(ctx context.Context, path string) error
	// Opens fails if the key does not open the vault that lock belongs to.
	Opens func(lock json.RawMessage) error
	// Seal seals a secret of the appliance in the restored database.
	Seal func(ctx context.Context, y store.System, where string, secret []byte) (seal.Value, error)
	Now  func() time.Time
}

var (
	errNothing = fault.New(fault.NotFound, "restore.empty", "There is no replica of Unity at this place. Check the address: it is what --replica names, without the instance.")
	errChoose  = fault.New(fault.Conflict, "restore.choose", "The replica holds more than one instance. Name the one to restore.")
	errUnknown = fault.New(fault.NotFound, "restore.no_instance", "The replica holds no instance of that name. List what is there first.")
)

// Find returns what a replica holds that the key opens. It fails with what keeps
// the key from opening when there is something, but nothing that it opens.
func (r Rescue) Find(ctx context.Context, where place.Place) ([]Copy, error) {
	all, err := Look(ctx, where)
	if err != nil {
		return nil, err
	}
	if len(all) == 0 {
		return nil, errNothing
	}
	opened := []Copy{}
	for _, c := range all {
		if wrong := r.Opens(c.Lock); wrong != nil {
			err = wrong
			continue
		}
		opened = append(opened, c)
	}
	if len(opened) > 0 {
		err = nil
	}
	return opened, err
}

// Choose returns the copy of an instance; without a name, the only one there is.
func Choose(all []Copy, instance string) (Copy, error) {
	if instance == "" && len(all) == 1 {
		return all[0], nil
	}
	for _, c := range all {
		if c.Instance == instance {
			return c, nil
		}
	}
	if instance == "" {
		return Copy{}, errChoose
	}
	return Copy{}, errUnknown
}

// Restore brings a copy back to a file that is ready to be the database: proved
// with the key, at this version's schema, without sessions, as another instance,
// and with everything held that speaks to the world.
func (r Rescue) Restore(ctx context.Context, from From, c Copy, to Target, path string, progress func(done, total int64)) (v Result, err error) {
	for _, suffix := range []string{"", "-wal", "-shm", ".tmp"} { // of one that was cut off
		if err := os.Remove(path + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			return v, err
		}
	}
	if v, err = Restore(ctx, from.Place, c.Instance, to, path, progress); err != nil {
		return v, err
	}
	of := store.Restored{At: r.Now().UTC(), Instance: c.Instance, Moment: v.Moment, Position: v.Position}
	err = store.Upgrade(ctx, path)
	if err == nil {
		err = r.Prove(ctx, path)
	}
	if err == nil {
		err = store.Prepare(ctx, path, func(ctx context.Context, y store.System) error {
			return errors.Join(y.Restored(ctx, of), r.goOn(ctx, y, from))
		})
	}
	if err != nil {
		return v, errors.Join(err, os.Remove(path))
	}
	return v, nil
}

// From is where something is restored from.
type From struct {
	place.Place
	Config place.Config
	Secret []byte
}

// goOn has a restored appliance replicate to where it came from, unless its own
// settings name a place: the next box may die, too.
func (r Rescue) goOn(ctx context.Context, y store.System, from From) error {
	row, err := y.Backup(ctx)
	var set place.Config
	if err == nil {
		err = json.Unmarshal(row.Replica, &set)
	}
	if err != nil || set.URL != "" {
		return err
	}
	if row.Replica, err = json.Marshal(from.Config.Clean()); err != nil { //nolint:gosec // the id of a key is no secret
		return err
	}
	if len(from.Secret) > 0 {
		if row.ReplicaSecret, err = r.Seal(ctx, y, replicaSecret, from.Secret); err != nil {
			return err
		}
	}
	return y.KeepBackup(ctx, row)
}

// An Ask is what a person gives to restore on a box that has nothing.
type Ask struct {
	Replica    place.Config
	Secret     string
	Key        string // the text of master.key, or the passphrase of the vault
	Kit        string // a recovery kit in place of all three
	Passphrase string // of the kit
}

// A Task is a restore that goes on while nobody can sign in: set-up shows it.
type Task struct {
	mu    sync.Mutex
	state TaskState
}

// A TaskState says how far a restore is.
type TaskState struct {
	State string `json:"state" enum:"none,running,failed,restarting"`
	Done  int64  `json:"done_bytes"`
	Total int64  `json:"total_bytes"`
	Code  string `json:"code,omitempty"`
	Error string `json:"error,omitempty" doc:"What went wrong, and what to do"`
}

// State returns how far it is.
func (t *Task) State() TaskState {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state.State == "" {
		return TaskState{State: "none"}
	}
	return t.state
}

// Begin marks it as running; it fails while one runs.
func (t *Task) Begin() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.state.State == "running" || t.state.State == "restarting" {
		return errBusy
	}
	t.state = TaskState{State: "running"}
	return nil
}

// Progress notes how far it is.
func (t *Task) Progress(done, total int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.Done, t.state.Total = done, total
}

// End notes how it ended.
func (t *Task) End(err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.state.State = "restarting"
	if err != nil {
		f := fault.From(explain(err))
		t.state.State, t.state.Code, t.state.Error = "failed", f.Code, f.Msg
	}
}

// SideFile is where a database is restored to before it takes its place.
func SideFile(dir string) string { return filepath.Join(dir, "restores", "restored.db") }
