package app_test

import (
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"unity.internal/app/upgrade"
)

// TestWhatIsAnsweredDuringATrialIsKept writes while a version is tried that then
// fails: with the schema of before, its database stays; with a newer one, the copy
// of before is back, and what was written lies beside it.
func TestWhatIsAnsweredDuringATrialIsKept(t *testing.T) {
	t.Parallel()
	for program, kept := range map[string]bool{"falls": true, "crashes": false} {
		t.Run(program, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.env = append(h.env, "UNITY_UPGRADE_WATCH=6s")
			p := h.start()
			p.setUp(p.printed())
			done := make(chan string, 1)
			file := h.offer(t, program)
			go func() {
				out, _ := h.run("upgrade", file)
				done <- out
			}()
			during := func() bool {
				var v struct{ Version string }
				status, err := p.call("GET", "/system", "", &v)
				return err == nil && status == 200 && v.Version == recipes[program].version
			}
			p.until("tried", during)
			if !p.row("during") {
				t.Fatal("it is not acknowledged")
			}
			if got := p.problem("POST", "/system/upgrade", `{"url":"https://127.0.0.1:1/x"}`); got != "auth.step_up" && got != "upgrade.running" {
				t.Error(got)
			}
			out := <-done
			p.until("back", func() bool {
				var v struct{ Version string }
				status, err := p.call("GET", "/system", "", &v)
				return err == nil && status == 200 && v.Version == "1.0.0"
			})
			if got := slices.Contains(p.thresholds(), "during"); got != kept {
				t.Errorf("what was written is there: %v, want %v\n%s", got, kept, out)
			}
			last := p.report().Last
			if !kept {
				_, name, ok := strings.Cut(strings.Join(last.Happened, " "), "kept as the checkpoint ")
				name, _, _ = strings.Cut(name, ".db")
				text, err := os.ReadFile(filepath.Join(h.dir, "checkpoints", name+".db"))
				if !ok || err != nil || !strings.Contains(string(text), "during") || !strings.Contains(out, "What was written from ") {
					t.Errorf("%v\n%q\n%s", err, last.Happened, out)
				}
			}
			must(t, p.end(syscall.SIGTERM))
		})
	}
}

// TestKilledAtAnyMomentOfAnUpgrade kills everything at once, in each phase, and
// starts the installed program: version and data are whole, and what was answered
// before is there.
func TestKilledAtAnyMomentOfAnUpgrade(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.env = append(h.env, "UNITY_UPGRADE_WATCH=500ms")
	file := h.offer(t, "migrated")
	ended := map[string]int{}
	order := []string{"", upgrade.Staged, upgrade.Trial, upgrade.Ready, upgrade.Good, upgrade.Done}
	for round, phase := range []string{"", upgrade.Staged, upgrade.Trial, upgrade.Ready, upgrade.Good, upgrade.Done, upgrade.Trial, upgrade.Ready, upgrade.Done, upgrade.Trial} {
		h.dir = filepath.Join(t.TempDir(), "data")
		serve := []string{"serve", "--http", freeAddress(t), "--https", "", "--rate-limit", "0"}
		p := follow(t, h.command(serve...))
		p.setUp(p.printed())
		if !p.row("before") {
			t.Fatal("it is not acknowledged")
		}
		token := p.token
		ask := h.command("upgrade", file)
		must(t, ask.Start())
		late := time.After(patience)
		for seen := false; !seen; {
			select {
			case <-late:
				t.Fatalf("phase %s never comes\n%s", phase, p.stderr)
			case <-time.After(time.Millisecond):
			}
			last, err := upgrade.Load(h.dir)
			must(t, err)
			seen = phase == "" || last != nil && slices.Index(order, last.Phase) >= slices.Index(order, phase) // a busy machine may miss a short one
		}
		<-time.After(time.Duration(rand.IntN(1+round*10)) * time.Millisecond) // the moment differs, nothing is waited for
		for range 3 {                                                         // what is just being started, too
			killAll(t, h.dir)
		}
		_ = ask.Wait()
		p = follow(t, h.command(serve...))
		p.token = token
		var last *upgrade.Attempt
		p.until("an end", func() bool {
			var err error
			last, err = upgrade.Load(h.dir)
			return err == nil && !last.Running()
		})
		want := "1.0.0"
		if last != nil && last.Phase == upgrade.Done {
			want = "1.2.0"
		}
		p.until(want+" serves", func() bool {
			var v struct{ Version string }
			status, err := p.call("GET", "/system", "", &v)
			return err == nil && status == 200 && v.Version == want
		})
		if !slices.Contains(p.thresholds(), "before") || !p.row("after") {
			t.Errorf("killed in phase %q: %v", phase, p.thresholds())
		}
		if out, err := h.run("doctor"); err != nil {
			t.Errorf("killed in phase %q: %v\n%s", phase, err, out)
		}
		must(t, p.end(syscall.SIGTERM))
		if rest := processesOf(t, h.dir); len(rest) != 0 {
			t.Errorf("these still run: %v", rest)
		}
		ended[want]++
	}
	if ended["1.0.0"] < 2 || ended["1.2.0"] < 2 {
		t.Errorf("the kills came too early or too late: %v", ended)
	}
	t.Log(ended)
}

// killAll ends every process that names a data directory, as a power cut does.
func killAll(t *testing.T, dir string) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	for _, path := range lines {
		text, err := os.ReadFile(path)
		if err != nil || !strings.Contains(string(text), dir+"\x00") && !strings.HasSuffix(string(text), dir) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		must(t, err)
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}

// freeAddress returns a loopback address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer ln.Close()
	return ln.Addr().String()
}

// TestTheProgramOfTheDataDirectory starts the installed program beside others.
func TestTheProgramOfTheDataDirectory(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	place := func(name string) string {
		path := filepath.Join(h.dir, "program", "unity")
		must(t, os.MkdirAll(filepath.Dir(path), 0o700))
		must(t, os.RemoveAll(path))
		duplicate(t, built(t, name), path)
		return path
	}
	first := true
	serves := func(want string) string {
		t.Helper()
		p := h.start()
		defer func() { must(t, p.end(syscall.SIGTERM)) }()
		if first {
			p.setUp(p.printed())
		} else {
			p.signIn()
		}
		first = false
		if v := p.served(); v != want {
			t.Errorf("version %s serves, want %s\n%s", v, want, p.stderr)
		}
		return p.stderr.String()
	}
	path := place("new")
	if log := serves("1.0.0"); !strings.Contains(log, "is not executed") || !strings.Contains(log, "upgrade.unsigned") && !strings.Contains(log, "has no signature") {
		t.Errorf("an unsigned one: %s", log)
	}
	h.sign(t, path)
	serves("1.1.0")
	newRelease(t).sign(t, path)
	serves("1.0.0")
	h.sign(t, path)
	text, err := os.ReadFile(path)
	must(t, err)
	text[len(text)-1] ^= 1
	must(t, os.WriteFile(path, text, 0o700))
	if log := serves("1.0.0"); !strings.Contains(log, "upgrade.bad_signature") {
		t.Errorf("a tampered one: %s", log)
	}
	place("new")
	h.sign(t, path)
	duplicate(t, built(t, "falls"), h.path+".new") // a package installs a newer one
	must(t, os.Rename(h.path+".new", h.path))
	if log := serves("1.2.3"); strings.Count(log, "is not older than the one in the data directory") != 1 {
		t.Errorf("an older one: %s", log)
	}
	place("migrated") // what a command finds may be newer than the command knows
	h.sign(t, path)
	duplicate(t, built(t, "old"), h.path+".new")
	must(t, os.Rename(h.path+".new", h.path))
	serves("1.2.0")
	if out, err := h.run("doctor"); err != nil || !strings.Contains(out, "schema 9001") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestAnUpgradeWithoutAServerIsTriedByTheNextStart verifies a program while nothing
// runs, over a migration, and goes back over it.
func TestAnUpgradeWithoutAServerIsTriedByTheNextStart(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	serve := []string{"serve", "--http", freeAddress(t), "--https", "", "--rate-limit", "0"}
	p := follow(t, h.command(serve...))
	p.setUp(p.printed())
	p.row("before")
	token := p.token
	must(t, p.end(syscall.SIGTERM))
	out, err := h.run("upgrade", h.offer(t, "migrated"))
	if err != nil || !strings.Contains(out, "Its next start tries version 1.2.0") {
		t.Fatalf("%v\n%s", err, out)
	}
	if out, err := h.run("upgrade", "--back", "--yes"); err == nil || !strings.Contains(out, "upgrade.running") {
		t.Errorf("what the next start is to try is forgotten: %v\n%s", err, out)
	}
	serving := func(want string) {
		t.Helper()
		p.token = token
		p.until(want+" serves", func() bool {
			var v struct{ Version string }
			status, err := p.call("GET", "/system", "", &v)
			last, err2 := upgrade.Load(h.dir)
			return err == nil && err2 == nil && status == 200 && v.Version == want && !last.Running()
		})
	}
	p = follow(t, h.command(serve...))
	serving("1.2.0")
	if !p.row("later") {
		t.Error("it takes no rows")
	}
	back := p.report().Back
	if back == nil || !back.Loses || back.To.Number != "1.0.0" {
		t.Fatalf("%+v", back)
	}
	p.must("POST", "/auth/step-up", `{"password":"`+password+`"}`, nil)
	if got := p.problem("POST", "/system/upgrade/back", `{}`); got != "upgrade.back_loses" {
		t.Error(got)
	}
	if out, err := h.run("upgrade", "--back"); err == nil || !strings.Contains(out, "upgrade.not_confirmed") {
		t.Errorf("%v\n%s", err, out)
	}
	out, err = h.run("upgrade", "--back", "--yes")
	if err != nil || !strings.Contains(out, "cannot open the database as it is") || !strings.Contains(out, "Version 1.0.0 serves again.") {
		t.Fatalf("%v\n%s\n%s", err, out, p.stderr)
	}
	serving("1.0.0")
	if all := p.thresholds(); !slices.Contains(all, "before") || slices.Contains(all, "later") {
		t.Errorf("%v", all)
	}
	must(t, p.end(syscall.SIGTERM))
	kept, err := filepath.Glob(filepath.Join(h.dir, "checkpoints", "*9001*"))
	if err != nil || len(kept) != 1 {
		t.Errorf("what was left is not kept: %v %v", kept, err)
	}
	if out, err := h.run("upgrade", "--status"); err != nil || !strings.Contains(out, "from 1.2.0 to 1.0.0 (done)") {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestAProgramWithoutRoomIsRefused offers a program to a data directory on a disk
// that is too small for it.
func TestAProgramWithoutRoomIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	disk := t.TempDir()
	space := []string{"unshare", "-m"}
	if os.Geteuid() != 0 {
		space = []string{"unshare", "-rm"}
	}
	script := `mount -t tmpfs -o size="$3" tmpfs "$0" && mkdir -m 700 "$0/data" && UNITY_RELEASE_KEY="$4" "$1" upgrade "$2" --data-dir "$0/data"; code=$?; find "$0" -name 'next*'; exit $code`
	file := h.offer(t, "new")
	try := func(size int) (string, error) {
		return tool(t, append(space, "sh", "-c", script, disk, h.path, file, strconv.Itoa(size), h.pub)...)
	}
	if text, err := try(80 << 20); err == nil || !strings.Contains(text, "upgrade.disk_full") || strings.Contains(text, "next") {
		t.Errorf("%v\n%s", err, text)
	}
	if text, err := try(300 << 20); err != nil {
		t.Errorf("%v\n%s", err, text)
	}
}

// TestStoppedDuringATrial asks the process to stop while it tries a program that
// does not want to: the second signal ends both at once, and the next start has the
// version of before.
func TestStoppedDuringATrial(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	h.env = append(h.env, "UNITY_UPGRADE_START=60s")
	p := h.start()
	p.setUp(p.printed())
	ask := h.command("upgrade", h.offer(t, "hangs"))
	must(t, ask.Start())
	p.until("tried", func() bool {
		last, err := upgrade.Load(h.dir)
		return err == nil && last != nil && last.Phase == upgrade.Trial && len(processesOf(t, h.dir)) > 2
	})
	began := time.Now()
	must(t, p.cmd.Process.Signal(syscall.SIGTERM))
	again := time.NewTicker(200 * time.Millisecond)
	defer again.Stop()
	for ended := false; !ended; {
		select {
		case err := <-p.done:
			must(t, err)
			ended = true
		case <-again.C:
			_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	_ = ask.Process.Kill()
	_ = ask.Wait()
	if rest := processesOf(t, h.dir); len(rest) != 0 {
		t.Errorf("these still run: %v", rest)
	}
	token := p.token
	p = h.start()
	p.token = token
	p.serves("1.0.0")
	if last := p.report().Last; last == nil || last.Code != "upgrade.cut_off" {
		t.Errorf("%+v", last)
	}
	must(t, p.end(syscall.SIGTERM))
}

// TestRootTriesOnlyWhatIsRootsAlone leaves an upgrade to a start as root, in a file
// that others may write to: they could name any program in it.
func TestRootTriesOnlyWhatIsRootsAlone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.start()
	p.setUp(p.printed())
	token := p.token
	must(t, p.end(syscall.SIGTERM))
	if out, err := h.run("upgrade", h.offer(t, "new")); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	root := func() *process {
		cmd := h.command("serve", "--http", "127.0.0.1:0", "--https", "", "--rate-limit", "0")
		if os.Geteuid() != 0 {
			unshare, err := exec.LookPath("unshare")
			must(t, err)
			cmd.Path, cmd.Args = unshare, append([]string{unshare, "-r"}, cmd.Args...)
		}
		p := follow(t, cmd)
		p.token = token
		return p
	}
	state := filepath.Join(h.dir, upgrade.StateFile)
	must(t, os.Chmod(state, 0o666))
	p = root()
	if v, log := p.served(), p.stderr.String(); v != "1.0.0" || !strings.Contains(log, "upgrade.not_roots") {
		t.Errorf("version %s serves\n%s", v, log)
	}
	if r := p.report(); r.Last == nil || r.Last.Phase != upgrade.Staged || r.Blocked == nil {
		t.Errorf("%+v", r)
	}
	must(t, p.end(syscall.SIGTERM))
	must(t, os.Chmod(state, 0o600))
	p = root()
	p.serves("1.1.0")
	must(t, p.end(syscall.SIGTERM))
}
