package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// shells runs commands in containers.
type shells struct{ *sim }

// ExecInContainer runs a command, or a shell that reads its commands from in.
func (s shells) ExecInContainer(ctx context.Context, pod, _, _ string, cmd []string, in io.Reader, out, errs io.WriteCloser, tty bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	p := find[corev1.Pod](s.pods, pod)
	if p == nil {
		return fmt.Errorf("pod %q does not exist", pod)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sh := &shell{ctx: ctx, pod: p, in: in, out: out, errs: errs, tty: tty}
	if errs == nil {
		sh.errs = out
	}
	isShell := strings.HasSuffix(cmd[0], "sh")
	if isShell && !hasShell(p, path.Base(cmd[0])) {
		return fmt.Errorf("OCI runtime exec failed: exec failed: unable to start container process: exec: %q: executable file not found in $PATH: unknown", cmd[0])
	}
	if resize != nil {
		go sh.resized(resize)
	}
	if isShell {
		sh.shell(cmd)
	} else {
		sh.run(strings.Join(cmd, " "))
	}
	if sh.code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", sh.code), Code: sh.code}
	}
	return nil
}

// hasShell says whether a pod's images have a shell.
func hasShell(p *corev1.Pod, name string) bool {
	has, ok := p.Annotations[annShells]
	if !ok {
		has = "sh bash"
	}
	return slices.Contains(strings.Fields(has), name)
}

// shell runs a script, if it does not exec another shell, and else what it reads.
func (sh *shell) shell(cmd []string) {
	switch i := slices.Index(cmd, "-c"); {
	case i > 0 && i+1 < len(cmd) && !strings.Contains(cmd[i+1], "exec "):
		sh.run(cmd[i+1])
	case sh.in == nil:
	case sh.tty:
		sh.terminal()
	default:
		for lines := bufio.NewScanner(sh.in); !sh.ended && lines.Scan(); {
			sh.run(lines.Text())
		}
	}
}

// shell is one that knows few commands.
type shell struct {
	ctx  context.Context
	pod  *corev1.Pod
	in   io.Reader
	keys chan byte
	tty  bool

	mu        sync.Mutex
	out, errs io.Writer
	size      string

	code  int
	ended bool
}

func (sh *shell) say(w io.Writer, text string) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.tty {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	_, _ = io.WriteString(w, text)
}

// resized says each new size of the terminal.
func (sh *shell) resized(sizes <-chan remotecommand.TerminalSize) {
	for {
		select {
		case <-sh.ctx.Done():
			return
		case s, open := <-sizes:
			if !open {
				return
			}
			sh.mu.Lock()
			sh.size = fmt.Sprintf("size %dx%d\n", s.Width, s.Height)
			text := sh.size
			sh.mu.Unlock()
			sh.say(sh.out, text)
		}
	}
}

// read hands on one key after the other.
func (sh *shell) read() {
	defer close(sh.keys)
	for keys := bufio.NewReader(sh.in); ; {
		k, err := keys.ReadByte()
		if err != nil {
			return
		}
		select {
		case sh.keys <- k:
		case <-sh.ctx.Done():
			return
		}
	}
}

// terminal reads keys, echoes them, and runs each line.
func (sh *shell) terminal() {
	sh.keys = make(chan byte)
	go sh.read()
	const prompt = "$ "
	sh.say(sh.out, prompt)
	var line []byte
	for k := range sh.keys {
		switch {
		case k == '\r' || k == '\n':
			sh.say(sh.out, "\n")
			sh.run(string(line))
			line = nil
		case k == 3: // Ctrl-C
			sh.say(sh.out, "^C\n")
			line = nil
		case k == 4 && len(line) == 0: // Ctrl-D
			return
		case k == 127 || k == '\b':
			if len(line) > 0 {
				line = line[:len(line)-1]
				sh.say(sh.out, "\b \b")
			}
			continue
		default:
			line = append(line, k)
			sh.say(sh.out, string([]byte{k}))
			continue
		}
		if sh.ended {
			return
		}
		sh.say(sh.out, prompt)
	}
}

// run runs commands with semicolons between them.
func (sh *shell) run(line string) {
	for one := range strings.SplitSeq(line, ";") {
		name, rest, _ := strings.Cut(strings.TrimSpace(one), " ")
		if sh.ended || name == "" {
			continue
		}
		sh.command(name, strings.TrimSpace(rest))
	}
}

// command runs one; what it ends with is the code of the shell.
func (sh *shell) command(name, rest string) {
	n, _ := strconv.Atoi(rest)
	sh.code = 0
	switch name {
	case "exit":
		sh.code, sh.ended = n, true
	case "echo":
		sh.say(sh.out, strings.Trim(rest, `"'`)+"\n")
	case "err": // says it on standard error
		sh.say(sh.errs, rest+"\n")
	case "hostname":
		sh.say(sh.out, sh.pod.Name+"\n")
	case "size":
		sh.mu.Lock()
		size := sh.size
		sh.mu.Unlock()
		sh.say(sh.out, size)
	case "lines": // says so many
		for i := 0; i < n && sh.ctx.Err() == nil; i++ {
			sh.say(sh.out, fmt.Sprintf("line %d\n", i))
		}
	case "cat":
		if sh.in != nil && !sh.tty {
			_, _ = io.Copy(sh.out, sh.in)
		}
	case "sleep":
		sh.code = sh.sleep(time.Duration(n) * time.Second)
	default:
		sh.say(sh.errs, "sh: "+name+": not found\n")
		sh.code = 127
	}
}

// sleep waits, unless Ctrl-C comes.
func (sh *shell) sleep(d time.Duration) int {
	wait := time.NewTimer(d)
	defer wait.Stop()
	for {
		select {
		case <-wait.C:
			return 0
		case <-sh.ctx.Done():
			return 1
		case k, open := <-sh.keys:
			if !open || k == 3 {
				sh.say(sh.out, "^C\n")
				return 130
			}
		}
	}
}
