package app

import (
	"fmt"
	"io"
	"strings"

	"github.com/alecthomas/kong"
)

// A manCmd prints the manual page, for packages.
type manCmd struct{}

// Run prints the page in the macros of man(7).
func (manCmd) Run(k *kong.Context, t terminal) error {
	number, _ := version()
	m := &manual{out: t.out}
	m.line(`.TH UNITY 1 "" "Unity %s" "Unity"`, roff(number))
	m.line(".SH NAME\nunity \\- %s", roff("the appliance a homelab runs on"))
	m.line(".SH SYNOPSIS\n.B unity\n[\\fIcommand\\fR] [\\fIoptions\\fR]")
	m.line(".SH DESCRIPTION\n%s", roff(k.Model.Help))
	m.line("%s", roff("Every option can be given by an environment variable as well, and for the service in /etc/unity/unity.env."))
	m.line(".SH OPTIONS")
	m.flags(k.Model.Flags)
	m.line(".SH COMMANDS")
	m.commands(k.Model.Node)
	m.line(".SH FILES")
	for _, f := range [][2]string{
		{"/var/lib/unity", "The data directory of the service: the database, the master key, what can be gone back to."},
		{"/etc/unity/unity.env", "What the service is given as its environment, as in UNITY_PUBLIC_URL=https://unity.example.org."},
	} {
		m.line(".TP\n.I %s\n%s", roff(f[0]), roff(f[1]))
	}
	m.line(".SH EXIT STATUS\n%s", roff("0 when it was done, 1 when it was not, with a sentence that says why, and 2 when the arguments are wrong."))
	return m.err
}

// A manual is a page that is being written.
type manual struct {
	out io.Writer
	err error
}

func (m *manual) line(format string, args ...any) {
	if m.err == nil {
		_, m.err = fmt.Fprintf(m.out, format+"\n", args...)
	}
}

// commands writes those below a node that do something.
func (m *manual) commands(n *kong.Node) {
	for _, c := range n.Children {
		if c.Hidden {
			continue
		}
		if !c.Leaf() {
			m.commands(c)
			continue
		}
		m.line(".SS %s", roff(strings.TrimSpace(c.FullPath()+" "+arguments(c))))
		m.line("%s", roff(c.Help))
		for _, p := range c.Positional {
			m.line(".TP\n.I %s\n%s", roff(p.Name), roff(p.Help))
		}
		m.flags(c.Flags)
	}
}

// arguments returns the positional arguments of a command as they are typed.
func arguments(n *kong.Node) string {
	var all []string
	for _, p := range n.Positional {
		all = append(all, p.Summary())
	}
	return strings.Join(all, " ")
}

func (m *manual) flags(all []*kong.Flag) {
	for _, f := range all {
		if f.Hidden {
			continue
		}
		name, help := "--"+f.Name, f.Help
		if !f.IsBool() {
			name += "=" + f.FormatPlaceHolder()
		}
		m.line(".TP\n.B %s", roff(name))
		if len(f.Envs) > 0 {
			help += " ($" + strings.Join(f.Envs, ", $") + ")"
		}
		m.line("%s", roff(help))
	}
}

// roff returns text as it stands in a manual page, one sentence of any length a line.
func roff(text string) string {
	text = strings.NewReplacer(`\`, `\e`, "-", `\-`, "\n", " ").Replace(text)
	if strings.HasPrefix(text, ".") || strings.HasPrefix(text, "'") {
		return `\&` + text
	}
	return text
}
