package app

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"unity.internal/app/backup"
	"unity.internal/app/backup/kit"
	"unity.internal/app/backup/place"
	"unity.internal/app/fault"
	"unity.internal/app/seal"
	"unity.internal/app/vault"
	"unity.internal/store"
)

// A rescuer restores on a box that nobody set up: asked by the set-up page, or
// by the command line.
type rescuer struct {
	dir     string
	task    backup.Task
	restart func()
	work    chan func(context.Context) // one, for run
}

func newRescuer(dir string, restart func()) *rescuer {
	return &rescuer{dir: dir, restart: restart, work: make(chan func(context.Context), 1)}
}

// run restores what Start was asked for, until ctx ends.
func (r *rescuer) run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case do := <-r.work:
			do(ctx)
		}
	}
}

// An opener is what was given to restore with: where the replica is, and the
// key, which is found out from what is typed and the lock of each instance.
type opener struct {
	where backup.From
	key   func(vault.Lock) (vault.Key, error)
	found vault.Key // what opened the last lock
}

// errNoKey says that nothing was given that opens the vault.
var errNoKey = fault.New(fault.Invalid, "restore.no_key", "Give what opens the vault first: the recovery kit with its passphrase, the text of master.key, or the passphrase of the vault.")

// begin reads what was given, and opens the replica.
func begin(ctx context.Context, ask backup.Ask) (o opener, err error) {
	config, secret := ask.Replica, []byte(ask.Secret)
	switch {
	case ask.Kit != "":
		k, err := kit.Read(ask.Kit, []byte(ask.Passphrase))
		if err != nil {
			return o, err
		}
		o.key = func(vault.Lock) (vault.Key, error) { return vault.KeyOf(k.MasterKey), nil }
		if config.URL == "" && len(k.Replica) > 0 {
			if err := json.Unmarshal(k.Replica, &config); err != nil {
				return o, err
			}
			secret = k.ReplicaSecret
		}
	case ask.Key != "":
		o.key = func(l vault.Lock) (vault.Key, error) { return l.Key(ask.Key) }
	default:
		return o, errNoKey
	}
	if err := config.Validate(); err != nil {
		return o, err
	}
	o.where.Config, o.where.Secret = config, secret
	o.where.Place, err = place.Open(ctx, config, secret)
	return o, err
}

// opens reports whether the key opens the vault of a lock.
func (o *opener) opens(text json.RawMessage) error {
	var lock vault.Lock
	if err := json.Unmarshal(text, &lock); err != nil {
		return vault.ErrWrongKey.Because(err)
	}
	key, err := o.key(lock)
	if err == nil {
		err = lock.Opens(key)
	}
	if err == nil {
		o.found = key
	}
	return err
}

func (o *opener) rescue() backup.Rescue {
	return backup.Rescue{
		Opens: o.opens, Now: time.Now,
		Seal: func(ctx context.Context, y store.System, where string, secret []byte) (seal.Value, error) {
			return vault.SealIn(ctx, y, o.found, where, secret)
		},
		Prove: func(ctx context.Context, path string) error {
			_, err := vault.ProveFile(ctx, path, o.found)
			return err
		},
	}
}

// Find implements httpapi.Rescuer.
func (r *rescuer) Find(ctx context.Context, ask backup.Ask) ([]backup.Copy, error) {
	o, err := begin(ctx, ask)
	if err != nil {
		return nil, err
	}
	defer o.where.Close()
	return o.rescue().Find(ctx, o.where)
}

// State implements httpapi.Rescuer.
func (r *rescuer) State() backup.TaskState { return r.task.State() }

// Start implements httpapi.Rescuer. The restore outlives the request.
func (r *rescuer) Start(ctx context.Context, ask backup.Ask, instance string, to backup.Target) error {
	o, err := begin(ctx, ask)
	if err != nil {
		return err
	}
	if err := r.task.Begin(); err != nil {
		return errors.Join(err, o.where.Close())
	}
	r.work <- func(ctx context.Context) { // it has room: no other is under way
		_, err := o.restore(ctx, r.dir, instance, to, r.task.Progress)
		err = errors.Join(err, o.where.Close())
		r.task.End(err)
		if err == nil {
			r.restart()
		}
	}
	return nil
}

// restore brings an instance back beside what is in the data directory and has
// it take its place at the next start, with the key that opens it.
func (o *opener) restore(ctx context.Context, dir, instance string, to backup.Target, progress func(done, total int64)) (backup.Result, error) {
	all, err := o.rescue().Find(ctx, o.where)
	if err != nil {
		return backup.Result{}, err
	}
	c, err := backup.Choose(all, instance)
	if err == nil {
		err = o.opens(c.Lock) // the key of this one
	}
	if err != nil {
		return backup.Result{}, err
	}
	side := backup.SideFile(dir)
	if err := os.MkdirAll(filepath.Dir(side), 0o700); err != nil {
		return backup.Result{}, err
	}
	v, err := o.rescue().Restore(ctx, o.where, c, to, side, progress)
	if err != nil {
		return v, err
	}
	key, err := o.keep(filepath.Dir(side))
	if err != nil {
		return v, err
	}
	return v, stageWith(dir, side, key, "restore")
}

// keep writes the key beside the restored file and returns where; nowhere if its
// owner types a passphrase at every start.
func (o *opener) keep(dir string) (string, error) {
	path := filepath.Join(dir, vault.KeyFile)
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) { // of a restore that was cut off
		return "", err
	}
	if err := vault.WriteKey(dir, o.found); err != nil || !exists(path) {
		return "", err
	}
	return path, nil
}
