package app_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"unity.internal/app"
	"unity.internal/app/upgrade"
)

// A house is a data directory with the program that was installed for it.
type house struct {
	t    *testing.T
	dir  string
	path string // of the installed program
	env  []string
	release
}

func newHouse(t *testing.T) *house {
	t.Helper()
	h := &house{t: t, dir: filepath.Join(t.TempDir(), "data"), path: filepath.Join(t.TempDir(), "unity"), release: newRelease(t)}
	duplicate(t, built(t, "old"), h.path)
	h.env = []string{"UNITY_RELEASE_KEY=" + h.pub, "UNITY_UPGRADE_WATCH=1s", "UNITY_UPGRADE_START=10s"}
	return h
}

func (h *house) command(args ...string) *exec.Cmd {
	cmd := exec.CommandContext(h.t.Context(), h.path, append(args, "--data-dir", h.dir)...)
	cmd.Env = append(os.Environ(), h.env...)
	return cmd
}

// start serves until it says that it is ready.
func (h *house) start() *process {
	h.t.Helper()
	return follow(h.t, h.command("serve", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0", "--rate-limit", "0"))
}

// run runs one command of the installed program.
func (h *house) run(args ...string) (string, error) {
	h.t.Helper()
	text, err := h.command(args...).CombinedOutput()
	return string(text), err
}

// served returns which version answers, and on which schema.
func (p *process) served() string {
	p.t.Helper()
	var v struct{ Version string }
	p.must("GET", "/system", "", &v)
	return v.Version
}

func (p *process) report() (r upgrade.Report) {
	p.t.Helper()
	p.must("GET", "/system/upgrade", "", &r)
	return r
}

// hammers is how many swing at once.
const hammers = 3

// under runs do while hammers swing, and checks that nobody was refused and no wait
// was longer than a second. A kill cuts off what is being answered: one request of
// each at most.
func under(t *testing.T, base string, kill bool, do func()) {
	t.Helper()
	var k app.Hammer
	ctx, enough := context.WithCancel(t.Context())
	defer enough()
	var wg sync.WaitGroup
	for range hammers {
		wg.Go(func() { k.Swing(ctx, base) })
	}
	began := time.Now()
	do()
	enough()
	wg.Wait()
	cut := 0
	if kill {
		cut = hammers
	}
	well, refused, others := k.Tally()
	longest := k.Longest(began)
	if refused > 0 || len(others) > cut || longest > time.Second || well < 50 {
		t.Errorf("%d answers, %d refused, %v, the longest wait was %v", well, refused, others, longest)
	}
	t.Logf("%d answers, the longest wait was %v", well, longest)
}

// TestUpgradeUnderLoad upgrades an appliance that is asked all the time, starts the
// installed program anew, and goes back.
func TestUpgradeUnderLoad(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.start()
	p.setUp(p.printed())
	file := h.offer(t, "new")
	pid := p.cmd.Process.Pid
	under(t, p.base, false, func() {
		out, err := h.run("upgrade", file)
		if err != nil || !strings.Contains(out, "Version 1.1.0 started, was well, and serves now.") {
			t.Fatalf("%v\n%s\n%s", err, out, p.stderr)
		}
		p.until("the new version serves", func() bool {
			var v struct{ Version string }
			status, err := p.call("GET", "/system", "", &v)
			return err == nil && status == 200 && v.Version == "1.1.0"
		})
	})
	if err := p.cmd.Process.Signal(syscall.Signal(0)); err != nil || p.cmd.Process.Pid != pid {
		t.Errorf("the process is another: %v", err)
	}
	r := p.report()
	if r.Where != "data_dir" || r.Last == nil || r.Last.Phase != upgrade.Done || r.Last.Signer == "" || r.Blocked != nil ||
		r.Back == nil || r.Back.To.Number != "1.0.0" || r.Back.Loses || len(r.Keys) != 1 {
		t.Errorf("%+v", r)
	}
	p.until("audited", func() bool {
		var text []byte
		p.must("GET", "/audit?tenant=system", "", &text)
		return strings.Contains(string(text), "system.upgrade_end")
	})
	must(t, p.end(syscall.SIGTERM))

	token := p.token
	p = h.start() // the installed one is older, and lets the other go on
	p.token = token
	if v := p.served(); v != "1.1.0" {
		t.Errorf("version %s serves\n%s", v, p.stderr)
	}
	under(t, p.base, false, func() {
		out, err := h.run("upgrade", "--back", "--yes")
		if err != nil || !strings.Contains(out, "Version 1.0.0 serves again.") {
			t.Fatalf("%v\n%s\n%s", err, out, p.stderr)
		}
		p.until("the old version serves", func() bool {
			var v struct{ Version string }
			status, err := p.call("GET", "/system", "", &v)
			return err == nil && status == 200 && v.Version == "1.0.0"
		})
	})
	if r := p.report(); r.Where != "path" || r.Back != nil {
		t.Errorf("%+v", r)
	}
	must(t, p.end(syscall.SIGTERM))
	if _, err := os.Stat(filepath.Join(h.dir, "program", "unity")); err == nil {
		t.Error("the newer program is still there")
	}
}

// row writes one row and returns whether it was acknowledged.
func (p *process) row(name string) bool {
	status, err := p.threshold(name)
	return err == nil && status == 201
}

// refused is what every offer that is no good has in common: it is refused with a
// code of its own, nothing is changed, and nothing of it stays.
func (h *house) refused(p *process, want string, args ...string) {
	h.t.Helper()
	out, err := h.run(append([]string{"upgrade"}, args...)...)
	if err == nil || !strings.Contains(out, want) {
		h.t.Errorf("%v: %v, want %s\n%s", args, err, want, out)
	}
	for _, name := range []string{"next", "next.minisig", "next.sha256", "next.new", "unity"} {
		if _, err := os.Lstat(filepath.Join(h.dir, "program", name)); err == nil {
			h.t.Errorf("%s: %s stays", want, name)
		}
	}
	if v := p.served(); v != "1.0.0" {
		h.t.Errorf("%s: version %s serves", want, v)
	}
}

// TestBadProgramsAreRefused offers what must not be taken.
func TestBadProgramsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	p := h.start()
	p.setUp(p.printed())
	text := filepath.Join(t.TempDir(), "unity")
	write(t, text, strings.Repeat("no program ", 1000))
	h.sign(t, text)
	h.refused(p, "upgrade.no_program", text)
	h.refused(p, "upgrade.architecture", h.offer(t, "foreign"))
	h.refused(p, "upgrade.older", h.offer(t, "older"))
	h.refused(p, "upgrade.no_version", h.offer(t, "silent"))
	h.refused(p, "upgrade.schema_older", h.offer(t, "backward"))
	h.refused(p, "upgrade.same", h.offer(t, "old"))

	good := h.offer(t, "new")
	whole, err := os.ReadFile(good)
	must(t, err)
	whole[len(whole)/2] ^= 1
	write(t, good, string(whole))
	h.refused(p, "upgrade.bad_signature", good)
	write(t, good+".minisig", "no signature\n")
	h.refused(p, "upgrade.bad_signature", good)
	must(t, os.Remove(good+".minisig"))
	h.refused(p, "upgrade.unsigned", good)
	h.refused(p, "upgrade.no_checksum", "--unsigned", good)
	h.refused(p, "upgrade.checksum", "--unsigned", "--sha256", strings.Repeat("0", 64), good)
	whole[len(whole)/2] ^= 1
	write(t, good, string(whole))
	newRelease(t).sign(t, good)
	h.refused(p, "upgrade.foreign_key", good)
	h.sign(t, good)
	write(t, filepath.Join(filepath.Dir(good), "SHA256SUMS"), strings.Repeat("0", 64)+"  "+filepath.Base(good)+"\n")
	h.refused(p, "upgrade.checksum", good)
	huge := filepath.Join(t.TempDir(), "huge")
	write(t, huge, "")
	must(t, os.Truncate(huge, 201<<20))
	h.refused(p, "upgrade.too_large", huge)

	must(t, os.Remove(filepath.Join(filepath.Dir(good), "SHA256SUMS")))
	kept := filepath.Join(h.dir, "checkpoints")
	must(t, os.RemoveAll(kept))
	write(t, kept, "no directory\n") // so that the database cannot be copied
	h.refused(p, "job.failed", good)
	must(t, os.Remove(kept))

	if r := p.report(); r.Last != nil || r.Blocked != nil {
		t.Errorf("%+v", r)
	}
	must(t, p.end(syscall.SIGTERM))

	h.env = nil // no key is pinned
	p = h.start()
	p.signIn()
	h.refused(p, "upgrade.no_key", h.offer(t, "new"))
	p.must("POST", "/auth/step-up", `{"password":"`+password+`"}`, nil)
	if got := p.problem("POST", "/system/upgrade", `{"url":"https://127.0.0.1:1/unity"}`); got != "upgrade.no_key" {
		t.Error(got)
	}
	must(t, p.end(syscall.SIGTERM))
}

// TestTrialsThatFail has programs fail in every way that they can. Each time the
// version of before serves, nobody was refused, and no process stays.
func TestTrialsThatFail(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		program, code, happened string
		args                    []string
	}{
		{program: "exits", code: "upgrade.ended", happened: "exit status 7"},
		{program: "hangs", code: "upgrade.not_ready", happened: "It was not ready in time."},
		{program: "unwell", code: "upgrade.unwell", happened: "it cannot be written"},
		{program: "unmigrate", code: "upgrade.ended", happened: "does not stay"},
		{program: "crashes", code: "upgrade.ended", happened: "exit status 3"},
		{program: "older", code: "upgrade.ended", args: []string{"--allow-older"}},
	} {
		t.Run(tt.program, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t)
			h.env = append(h.env, "UNITY_UPGRADE_START=3s", "UNITY_UPGRADE_WATCH=6s")
			p := h.start()
			p.setUp(p.printed())
			if !p.row("before") {
				t.Fatal("it is not acknowledged")
			}
			file := h.offer(t, tt.program)
			out, err := h.run(append([]string{"upgrade", file}, tt.args...)...)
			if err == nil || !strings.Contains(out, "Version 1.0.0 serves, as before.") || !strings.Contains(out, tt.happened) {
				t.Fatalf("%v\n%s", err, out)
			}
			p.until("the old version serves", func() bool {
				var v struct{ Version string }
				status, err := p.call("GET", "/system", "", &v)
				return err == nil && status == 200 && v.Version == "1.0.0"
			})
			r := p.report()
			if r.Last == nil || r.Last.Phase != upgrade.Failed || r.Last.Code != tt.code || r.Where != "path" || r.Blocked != nil {
				t.Errorf("%+v %+v", r, r.Last)
			}
			if strings.Contains(strings.Join(r.Last.Log, ""), "secret") {
				t.Errorf("a set-up address is kept: %q", r.Last.Log)
			}
			if !slices.Contains(p.thresholds(), "before") || !p.row("after") {
				t.Errorf("the data: %v", p.thresholds())
			}
			if rest := processesOf(t, h.dir); len(rest) != 1 {
				t.Errorf("these run: %v", rest)
			}
			must(t, p.end(syscall.SIGTERM))
			if rest := processesOf(t, h.dir); len(rest) != 0 {
				t.Errorf("these still run: %v", rest)
			}
			if out, err := h.run("doctor"); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
}

// processesOf returns the processes that name a data directory.
func processesOf(t *testing.T, dir string) (all []string) {
	t.Helper()
	lines, err := filepath.Glob("/proc/[0-9]*/cmdline")
	must(t, err)
	for _, path := range lines {
		if text, err := os.ReadFile(path); err == nil && strings.Contains(string(text), dir+"\x00") {
			all = append(all, strings.ReplaceAll(string(text), "\x00", " "))
		}
	}
	return all
}
