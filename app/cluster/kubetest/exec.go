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
	has, ok := p.Annotations[annShells]
	if !ok {
		has = "sh bash"
	}
	isShell := strings.HasSuffix(cmd[0], "sh")
	if name := path.Base(cmd[0]); isShell && !slices.Contains(strings.Fields(has), name) {
		return fmt.Errorf("OCI runtime exec failed: exec failed: unable to start container process: exec: %q: executable file not found in $PATH: unknown", cmd[0])
	}
	if resize != nil {
		go sh.resized(resize)
	}
	switch i := slices.Index(cmd, "-c"); {
	case !isShell:
		sh.run(strings.Join(cmd, " "))
	case i > 0 && i+1 < len(cmd) && !strings.Contains(cmd[i+1], "exec "):
		sh.run(cmd[i+1])
	case in == nil:
	case tty:
		sh.terminal()
	default:
		for lines := bufio.NewScanner(in); !sh.ended && lines.Scan(); {
			sh.run(lines.Text())
		}
	}
	if sh.code != 0 {
		return utilexec.CodeExitError{Err: fmt.Errorf("command terminated with exit code %d", sh.code), Code: sh.code}
	}
	return nil
}

// shell is one that knows few commands.
type shell struct {
	ctx  context.Context //nolint:containedctx // it is what a shell lasts
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

// terminal reads keys, echoes them, and runs each line.
func (sh *shell) terminal() {
	sh.keys = make(chan byte)
	go func() {
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
	}()
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

func (sh *shell) command(name, rest string) {
	n, _ := strconv.Atoi(rest)
	code := 0
	switch name {
	case "exit":
		sh.code, sh.ended = n, true
		return
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
		for i := range n {
			sh.say(sh.out, fmt.Sprintf("line %d\n", i))
			if sh.ctx.Err() != nil {
				return
			}
		}
	case "cat":
		if sh.in != nil && !sh.tty {
			_, _ = io.Copy(sh.out, sh.in)
		}
	case "sleep":
		code = sh.sleep(time.Duration(n) * time.Second)
	default:
		sh.say(sh.errs, "sh: "+name+": not found\n")
		code = 127
	}
	sh.code = code
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
