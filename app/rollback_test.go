package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"unity.internal/store"
	"unity.internal/store/storetest"
)

// TestRollback goes back over a migration, takes that back, and is refused
// whatever it cannot do whole.
func TestRollback(t *testing.T) {
	t.Parallel()
	before, now := store.SchemaVersion()-1, store.SchemaVersion()
	dir := filepath.Join(t.TempDir(), "data")
	live, kept := filepath.Join(dir, "unity.db"), filepath.Join(dir, "checkpoints")
	do := func(want string, ok bool, args ...string) {
		t.Helper()
		out, err := run(t, "", append(args, "--data-dir", dir)...)
		if (err == nil) != ok || !strings.Contains(out, want) {
			t.Fatalf("%v: %v\n%s", args, err, out)
		}
	}
	at := func(want int64) {
		t.Helper()
		if schema, err := store.Verify(t.Context(), live); err != nil || schema != want {
			t.Fatalf("it is at schema %d: %v", schema, err)
		}
	}
	do("rollback.nothing", false, "rollback", "--yes")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(storetest.Older(t, before), live); err != nil {
		t.Fatal(err)
	}
	do("rollback.nothing", false, "rollback", "--yes")
	do(fmt.Sprint("at schema ", now), true, "migrate")
	do("migration", true, "rollback", "--list")
	p := start(t, dir)
	do("data_dir.locked", false, "rollback", "--yes")
	if err := p.end(syscall.SIGKILL); err == nil { // what it wrote stands in the log
		t.Fatal("it ended well")
	}
	do("rollback.not_confirmed", false, "rollback")
	at(now)

	all, err := store.Checkpoints(kept)
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	path := filepath.Join(kept, all[0].Name)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	write(t, path, string(whole[:len(whole)/2]))
	do("rollback.damaged", false, "rollback", "--yes")
	at(now)
	write(t, path, string(whole))

	do(fmt.Sprintf("at schema %d now.\nThis binary", before), true, "rollback", "--yes")
	at(before)
	do("rollback.nothing", false, "rollback", "--yes") // not to what it just left
	at(before)
	all, err = store.Checkpoints(kept)
	if err != nil || len(all) != 1 || all[0].Reason != "rollback" || all[0].Schema != now {
		t.Fatal(all, err)
	}
	do(fmt.Sprintf("at schema %d now.\nStart it", now), true, "rollback", "--yes", "--to", all[0].Name)
	at(now)
	start(t, dir).must("GET", "/setup", "", nil)
}

// TestKilledWhileItSwaps kills starts that have to put another database in place,
// at any moment, and then lets one live.
func TestKilledWhileItSwaps(t *testing.T) {
	t.Parallel()
	p, dir := newAppliance(t)
	side := filepath.Join(dir, "restored.db")
	if out, err := run(t, "", "backup", side, "--data-dir", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := run(t, "", "tenant", "create", "late", "--data-dir", dir); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if err := p.end(syscall.SIGKILL); err == nil {
		t.Fatal("it ended well")
	}
	write(t, filepath.Join(dir, "swap.json"), `{"side":"restored.db","reason":"restore","at":"2026-11-24T10:00:00Z"}`)
	for i := range 40 {
		cmd := command(t, "serve", "--data-dir", dir, "--http", "127.0.0.1:0", "--https", "")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		<-time.After(time.Duration(i) * time.Millisecond) // the moment differs, nothing is waited for
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	}
	p = start(t, dir)
	p.signIn()
	if err := p.end(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, "", "tenant", "list", "--data-dir", dir)
	if err != nil || strings.Contains(out, "late") {
		t.Errorf("it is the old one: %v\n%s", err, out)
	}
	if out, err := run(t, "", "doctor", "--data-dir", dir); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	all, err := store.Checkpoints(filepath.Join(dir, "checkpoints"))
	if err != nil || len(all) != 1 || all[0].Reason != "restore" {
		t.Fatal(all, err)
	}
	copied := filepath.Join(t.TempDir(), "unity.db")
	text, err := os.ReadFile(filepath.Join(dir, "checkpoints", all[0].Name))
	if err != nil {
		t.Fatal(err)
	}
	write(t, copied, string(text))
	s, err := store.Open(t.Context(), copied)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close(t.Context())
	if _, err := s.System().TenantInfo(t.Context(), "late"); err != nil {
		t.Errorf("what was only in the log of the old one is lost: %v", err)
	}
}

// TestAMigrationWithoutRoomForItsCheckpointIsRefused migrates on a disk that is
// too small for a second copy, and gives it room then.
func TestAMigrationWithoutRoomForItsCheckpointIsRefused(t *testing.T) {
	t.Parallel()
	before := store.SchemaVersion() - 1
	disk, out := t.TempDir(), filepath.Join(t.TempDir(), "after.db")
	space := []string{"unshare", "-m"}
	if os.Geteuid() != 0 {
		space = []string{"unshare", "-rm"}
	}
	self := command(t)
	script := `mount -t tmpfs -o size="$4" tmpfs "$0" && cp "$1" "$0/unity.db" && UNITY_TEST_PROCESS=1 "$2" migrate --data-dir "$0"; code=$?; cp "$0/unity.db" "$3"; exit $code`
	old := storetest.Older(t, before)
	info, err := os.Stat(old)
	if err != nil {
		t.Fatal(err)
	}
	try := func(size int64) (string, error) {
		return tool(t, append(space, "sh", "-c", script, disk, old, self.Path, out, strconv.FormatInt(size, 10))...)
	}
	text, err := try(info.Size() * 3 / 2)
	if err == nil || !strings.Contains(text, "checkpoint.no_room") || !strings.Contains(text, "Free some space") {
		t.Fatalf("%v\n%s", err, text)
	}
	if schema, err := store.Verify(t.Context(), out); err != nil || schema != before {
		t.Errorf("it is at schema %d: %v", schema, err)
	}
	if text, err := try(info.Size() * 30); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if schema, err := store.Verify(t.Context(), out); err != nil || schema != store.SchemaVersion() {
		t.Errorf("with room it is at schema %d: %v", schema, err)
	}
}
