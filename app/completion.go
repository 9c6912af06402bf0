package app

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// A completionsCmd prints what makes a shell ask this binary for the words that may
// come next, so that what a shell knows is never older than the program.
type completionsCmd struct {
	Shell string `arg:"" help:"bash, zsh or fish." enum:"bash,zsh,fish"`
}

var completions = map[string]string{
	"bash": `# bash completion of unity
_unity() {
  local IFS=$'\n'
  COMPREPLY=($(unity complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null | cut -f1))
}
complete -o default -o nosort -F _unity unity
`,
	"zsh": `#compdef unity
_unity() {
  local -a found
  found=(${(f)"$(unity complete -- "${(@)words[2,CURRENT]}" 2>/dev/null | sed 's/:/\\:/g; s/\t/:/')"})
  if (( ${#found} )); then _describe unity found; else _files; fi
}
if [ "$funcstack[1]" = _unity ]; then _unity; else compdef _unity unity; fi
`,
	"fish": `# fish completion of unity
function __unity
    unity complete -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null
end
complete -c unity -a '(__unity)'
`,
}

// Run prints the script of a shell.
func (c completionsCmd) Run(t terminal) error {
	_, err := fmt.Fprint(t.out, completions[c.Shell])
	return err
}

type completeCmd struct {
	Words []string `arg:"" optional:"" passthrough:"" help:"What is typed, the last word perhaps half."`
}

// Run prints the words that may take the place of the last one, a line each, with
// a tab and what it means. Where a file is meant it prints none.
func (c completeCmd) Run(k *kong.Context, t terminal) error {
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	for _, v := range after(k.Model.Node, words[:len(words)-1]).candidates(last) {
		if strings.HasPrefix(v.word, last) {
			fmt.Fprintf(t.out, "%s\t%s\n", v.word, v.help)
		}
	}
	return nil
}

// A typed is where the words that were typed lead to.
type typed struct {
	node   *kong.Node
	option *kong.Value // whose value comes next
	given  int         // positional arguments
}

// after returns where words lead to.
func after(root *kong.Node, words []string) typed {
	p := typed{node: root}
	for _, word := range words {
		switch {
		case p.option != nil:
			p.option = nil
		case strings.HasPrefix(word, "--"):
			for _, f := range p.flags() {
				if "--"+f.Name == word && !f.IsBool() {
					p.option = f.Value
				}
			}
		default:
			i := slices.IndexFunc(p.node.Children, func(n *kong.Node) bool { return n.Name == word })
			if i < 0 {
				p.given++
				continue
			}
			p.node = p.node.Children[i]
		}
	}
	return p
}

// flags returns those that a command takes, its own first, then those of all above it.
func (p typed) flags() (all []*kong.Flag) {
	if p.node.DefaultCmd != nil {
		all = append(all, p.node.DefaultCmd.Flags...)
	}
	for n := p.node; n != nil; n = n.Parent {
		all = append(all, n.Flags...)
	}
	return slices.DeleteFunc(all, func(f *kong.Flag) bool { return f.Hidden })
}

// A candidate is a word that may come next.
type candidate struct{ word, help string }

func (p typed) candidates(last string) (all []candidate) {
	if p.option != nil {
		return choices(p.option)
	}
	if strings.HasPrefix(last, "-") {
		for _, f := range p.flags() {
			all = append(all, candidate{"--" + f.Name, f.Help})
		}
		return all
	}
	for _, n := range p.node.Children {
		if !n.Hidden {
			all = append(all, candidate{n.Name, n.Help})
		}
	}
	if p.given < len(p.node.Positional) {
		all = append(all, choices(p.node.Positional[p.given])...)
	}
	return all
}

// choices returns what a value may be, if that is a list.
func choices(v *kong.Value) (all []candidate) {
	if v.Enum == "" {
		return nil
	}
	for _, word := range slices.Sorted(maps.Keys(v.EnumMap())) {
		all = append(all, candidate{word: word})
	}
	return all
}
