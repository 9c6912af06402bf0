package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"unity.internal/app/fault"
	"unity.internal/store"
)

type rollbackCmd struct {
	List bool   `help:"List the checkpoints, newest first, and change nothing."`
	To   string `help:"Go back to this checkpoint instead of the newest." placeholder:"NAME"`
	Yes  bool   `help:"Do not ask."`
}

var (
	errNoCheckpoint  = fault.New(fault.NotFound, "rollback.nothing", "There is no checkpoint to go back to. Checkpoints are made before migrations and restores; list them with: unity rollback --list")
	errNotRolledBack = fault.New(fault.Conflict, "rollback.not_confirmed", "Nothing was changed. Type the schema to go back to to confirm, or give --yes.")
	errBadCheckpoint = fault.New(fault.Invalid, "rollback.damaged", "The checkpoint is damaged, and nothing was changed. Choose another with --to; list them with: unity rollback --list")
)

// Run goes back to a checkpoint. What is there now becomes one itself, so that
// going back can be taken back.
func (r rollbackCmd) Run(ctx context.Context, c *Config, t terminal) error {
	if _, err := os.Stat(c.DataDir); err != nil {
		return errNoCheckpoint.Because(err)
	}
	if err := become(c.DataDir); err != nil {
		return err
	}
	kept := filepath.Join(c.DataDir, checkpoints)
	if r.List {
		return listCheckpoints(kept, t)
	}
	held, err := lock(c.DataDir)
	if err != nil {
		return err
	}
	defer held.Close()
	if _, err := swap(ctx, c.DataDir); err != nil { // one that was cut off
		return err
	}
	to, err := r.choose(ctx, kept)
	if err != nil {
		return err
	}
	fmt.Fprintf(t.err, "The database becomes what it was at %s, before %s. What was written since is kept as a checkpoint of its own.\n", to.Taken.Format(minute), article(to.Reason))
	if !r.Yes && !confirmed(t, strconv.FormatInt(to.Schema, 10), "go back to that schema") {
		return errNotRolledBack
	}
	if err := stage(c.DataDir, filepath.Join(kept, to.Name), "rollback"); err != nil {
		return err
	}
	if _, err := swap(ctx, c.DataDir); err != nil {
		return err
	}
	return errors.Join(told(c.DataDir, to.Schema, t), store.PruneCheckpoints(kept))
}

// choose returns the checkpoint to go back to, which is sound. The newest is not
// what an earlier rollback kept: going back twice goes further back.
func (r rollbackCmd) choose(ctx context.Context, kept string) (to store.Checkpoint, err error) {
	all, err := store.Checkpoints(kept)
	if err != nil {
		return to, err
	}
	i := slices.IndexFunc(all, func(v store.Checkpoint) bool { return v.Name == r.To || r.To == "" && v.Reason != "rollback" })
	if i < 0 {
		return to, errNoCheckpoint
	}
	to = all[i]
	to.Schema, err = store.Verify(ctx, filepath.Join(kept, to.Name))
	switch {
	case err != nil || to.Schema == 0:
		return to, errBadCheckpoint.Because(err)
	case to.Schema > store.SchemaVersion():
		return to, store.ErrNewer
	}
	return to, nil
}

// told says what the database is now, and which binary to start on it.
func told(dir string, schema int64, t terminal) error {
	_, err := fmt.Fprintf(t.out, "The database is at schema %d now.\n", schema)
	if schema < store.SchemaVersion() {
		release, _ := version()
		_, err2 := fmt.Fprintf(t.out, "This binary (%s) would bring it to schema %d again as soon as it serves: start the version of Unity that wrote it.\n", release, store.SchemaVersion())
		err = errors.Join(err, err2)
	}
	_, err2 := fmt.Fprintf(t.out, "Start it with: unity serve --data-dir %s\n", dir)
	return errors.Join(err, err2)
}

func listCheckpoints(kept string, t terminal) error {
	all, err := store.Checkpoints(kept)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(t.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tTAKEN\tBEFORE\tSCHEMA\tMB")
	for _, v := range all {
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%.1f\n", v.Name, v.Taken.Format(minute), v.Reason, v.Schema, float64(v.Bytes)/1e6)
	}
	return w.Flush()
}

// article puts a word into a sentence.
func article(word string) string {
	if strings.HasPrefix(word, "u") {
		return "an " + word
	}
	return "a " + word
}
