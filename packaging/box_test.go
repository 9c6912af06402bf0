package packaging_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what should happen at once.
const patience = time.Minute

// base is a small Debian of the release that runs here, with systemd, as a tar in
// the cache of the user: debootstrap takes a minute.
var base = sync.OnceValues(func() (string, error) {
	release, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "", err
	}
	name := regexp.MustCompile(`(?m)^VERSION_CODENAME=(\w+)$`).FindSubmatch(release)
	cache, err := os.UserCacheDir()
	if err != nil || name == nil {
		return "", errors.Join(err, errors.New("no VERSION_CODENAME in /etc/os-release"))
	}
	path := filepath.Join(cache, "unity-tools", fmt.Sprintf("debian-%s.tar", name[1]))
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	dir := filepath.Join(shared, "debian")
	cmd := exec.Command("sh", "-ec", `
		mirror=$(apt-get indextargets --format '$(CREATED_BY) $(CODENAME) $(REPO_URI)' | awk -v name="$1" '$1 == "Packages" && $2 == name {print $3; exit}')
		debootstrap --variant=minbase --include=systemd,init-system-helpers "$1" "$2" "$mirror"
		rm -rf "$2"/var/cache/apt "$2"/var/lib/apt/lists "$2"/usr/share/doc "$2"/usr/share/locale
		echo force-unsafe-io >"$2"/etc/dpkg/dpkg.cfg.d/test
		tar -C "$2" -cf "$3.part" .
		mv "$3.part" "$3"`, "sh", string(name[1]), dir, path)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("debootstrap: %w (apt-get install debootstrap)\n%s", err, out)
	}
	return path, os.RemoveAll(dir)
})

// A box is a Debian in a folder. Booted, systemd is its first process, in namespaces
// of its own, the network among them.
type box struct {
	t    *testing.T
	root string
	pid  int // of systemd; 0: it is not booted
}

// newBox unpacks a Debian that has nothing of ours.
func newBox(t *testing.T) *box {
	t.Helper()
	needRoot(t)
	tar, err := base()
	if err != nil {
		t.Fatal(err)
	}
	b := &box{t: t, root: t.TempDir()}
	output(t, "tar", "-C", b.root, "-xf", tar)
	return b
}

// try runs a command in the box and returns what it printed.
func (b *box) try(args ...string) (string, error) {
	prefix := []string{"chroot", b.root}
	if b.pid != 0 {
		prefix = []string{"nsenter", "-t", strconv.Itoa(b.pid), "-a"}
	}
	args = append(append(prefix, "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"), args...)
	out, err := exec.CommandContext(b.t.Context(), args[0], args[1:]...).CombinedOutput()
	return string(out), err
}

// do runs a command in the box that must succeed.
func (b *box) do(args ...string) string {
	b.t.Helper()
	out, err := b.try(args...)
	if err != nil {
		b.t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out
}

// put copies a file into the box and returns where it is there.
func (b *box) put(path string) string {
	b.t.Helper()
	output(b.t, "cp", path, b.root+"/srv/")
	return "/srv/" + filepath.Base(path)
}

// there reports whether a file is in the box.
func (b *box) there(path string) bool {
	_, err := os.Lstat(b.root + path)
	return err == nil
}

// boot has the box's systemd start as the first process of namespaces, as in a
// container, and waits until it is done.
const boot = `
mount --make-rprivate /
mkdir -p "$2/cgroup"
mount -t cgroup2 cgroup2 "$2/cgroup"
mkdir "$2/cgroup/$3"
echo $$ >"$2/cgroup/$3/cgroup.procs"
exec unshare --mount --pid --ipc --uts --cgroup --net --fork --kill-child sh -euc '
cd "$1"
mount --make-rprivate /
mount --bind . .
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do touch dev/$node; mount --bind /dev/$node dev/$node; done
mkdir dev/pts dev/shm old
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
pivot_root . old
umount -l old
exec env -i container=unity PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --unit=multi-user.target
' sh "$1"
`

func (b *box) boot() {
	b.t.Helper()
	b.do("systemctl", "mask", "getty.target", "console-getty.service")
	outside := b.t.TempDir()
	group := "unity-" + filepath.Base(filepath.Dir(outside)) + "-" + strconv.Itoa(os.Getpid())
	cmd := exec.Command("unshare", "--mount", "sh", "-euc", boot, "sh", b.root, outside, group)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() { _ = cmd.Wait(); close(done) }()
	b.t.Cleanup(func() {
		if b.pid != 0 {
			_ = unix.Kill(b.pid, unix.SIGKILL) // the first process takes all others with it
		} else {
			_ = cmd.Process.Kill()
		}
		<-done
		_ = exec.Command("unshare", "--mount", "sh", "-c", `
			mount -t cgroup2 cgroup2 "$1" && find "$1/$2" -depth -type d -exec rmdir {} +`, "sh", outside, group).Run()
	})
	wait(b.t, "systemd boots", func() bool {
		children, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", cmd.Process.Pid))
		pid, err := strconv.Atoi(strings.TrimSpace(string(children)))
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
		if err != nil || string(name) != "systemd\n" {
			return false
		}
		b.pid = pid
		out, _ := b.try("systemctl", "is-system-running", "--wait")
		return out == "running\n" || out == "degraded\n"
	})
	if out := b.do("systemctl", "list-units", "--failed", "--no-legend"); out != "" {
		b.t.Fatalf("%s\n%s", out, said.Bytes())
	}
}

// wait waits until what should be is so.
func wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatalf("%s: not within %s", what, patience)
		case <-tick.C:
		}
	}
}

// dial connects within the network of a booted box.
func (b *box) dial(ctx context.Context, network, address string) (net.Conn, error) {
	here, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", os.Getpid()))
	if err != nil {
		return nil, err
	}
	defer here.Close()
	there, err := os.Open(fmt.Sprintf("/proc/%d/ns/net", b.pid))
	if err != nil {
		return nil, err
	}
	defer there.Close()
	runtime.LockOSThread()
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return nil, err
	}
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	if back := unix.Setns(int(here.Fd()), unix.CLONE_NEWNET); back != nil {
		return nil, errors.Join(err, back) // the thread stays locked, and ends with who asked
	}
	runtime.UnlockOSThread()
	return conn, err
}
