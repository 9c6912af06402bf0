package app_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// asShell returns a folder with the product as the command unity, and the script of a shell.
func asShell(t *testing.T, shell string) (dir, script string) {
	t.Helper()
	dir = t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "unity"), "#!/bin/sh\nUNITY_TEST_PROCESS=1 exec "+self+" \"$@\"\n")
	if err := os.Chmod(filepath.Join(dir, "unity"), 0o700); err != nil {
		t.Fatal(err)
	}
	text, err := run(t, "", "completions", shell)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	script = filepath.Join(dir, "completion")
	write(t, script, text)
	return dir, script
}

// TestShellsComplete types half of a command in each shell and reads what it offers.
func TestShellsComplete(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ typed, want string }{
		{"unity ten", "tenant"},
		{"unity tenant ex", "export"},
		{"unity serve --log-level wa", "warn"},
		{"unity api PA", "PATCH"},
		{"unity --http", "--http --https"},
		{"unity serve --data-dir x --trusted", "--trusted-proxy"},
	} {
		for _, shell := range []struct {
			name  string
			check string // of the syntax
			ask   func(script, typed string) []string
		}{
			{"bash", "-n", func(script, typed string) []string {
				return []string{"-c", `source "$0"; COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _unity; printf '%s\n' "${COMPREPLY[@]}"`, script, typed}
			}},
			{"zsh", "-n", func(script, typed string) []string {
				return []string{"-fc", `compdef() { :; }; _describe() { print -rl -- ${found%%:*}; }; _files() { :; }; source "$1"; words=(${(z)2}); CURRENT=${#words}; _unity`, "zsh", script, typed}
			}},
			{"fish", "--no-execute", func(script, typed string) []string {
				return []string{"--no-config", "-c", `source $argv[1]; complete -C $argv[2] | cut -f1`, script, typed}
			}},
		} {
			dir, script := asShell(t, shell.name)
			if out, err := tool(t, shell.name, shell.check, script); err != nil {
				t.Fatalf("%s: %v %s (apt-get install %s)", shell.name, err, out, shell.name)
			}
			cmd := exec.CommandContext(t.Context(), shell.name, shell.ask(script, c.typed)...)
			cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "HOME="+dir)
			out, err := cmd.CombinedOutput()
			got := strings.Fields(string(out))
			slices.Sort(got)
			if err != nil || strings.Join(slices.Compact(got), " ") != c.want {
				t.Errorf("%s, %q: %v, %q, want %q", shell.name, c.typed, err, out, c.want)
			}
		}
	}
	if out, err := run(t, "", "completions", "tcsh"); err == nil {
		t.Errorf("a shell that is not known: %q", out)
	}
}

// TestManual has the manual page read by mandoc, and looks for every command in it.
func TestManual(t *testing.T) {
	t.Parallel()
	text, err := run(t, "", "man")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	page := filepath.Join(t.TempDir(), "unity.1")
	write(t, page, strings.Replace(text, `.TH UNITY 1 ""`, `.TH UNITY 1 2026-11-24`, 1)) // packages know their date
	if out, err := tool(t, "mandoc", "-T", "lint", "-W", "warning", page); err != nil {
		t.Errorf("%v (apt-get install mandoc)\n%s", err, out)
	}
	for _, want := range []string{"unity user sign\\-in\\-link <name>", "UNITY_HTTPS", "/etc/unity/unity.env"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in the page", want)
		}
	}
	for _, hidden := range []string{"unity man", "unity complete"} {
		if strings.Contains(text, hidden) {
			t.Errorf("%s is in the page", hidden)
		}
	}
}

// TestLicenses prints what is in the binary.
func TestLicenses(t *testing.T) {
	t.Parallel()
	text, err := run(t, "", "licenses")
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	for _, want := range []string{"Apache License", "github.com/gofiber/fiber/v2 v", "\nstd  BSD-3-Clause", "react 1", "OFL-1.1", "Mozilla Public License"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in it", want)
		}
	}
}
