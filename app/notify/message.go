package notify

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	maxTemplate = 4096
	maxRendered = 64 << 10
)

// words names an event and a severity at the beginning of a title.
var words = map[string]string{
	"resolved": "Resolved", "test": "Test", "critical": "Critical", "warning": "Warning", "info": "Info",
}

// message makes of a delivery what its channel sends.
func (s *Service) message(v store.Channel, d store.Delivery) Message {
	m := Message{Notice: d.Notice}
	m.SentAt = s.Now().UTC().Truncate(time.Millisecond)
	word := words[m.Event]
	if word == "" {
		word = words[m.Alert.Severity]
	}
	m.Title = word + ": " + m.Text
	if name := cmp.Or(m.Server.Name, m.Cluster.Name); name != "" {
		m.Title = word + ": " + name + ": " + m.Text
	}
	if base := s.Base(); base != "" && m.Alert.ID != "" {
		m.URL = base + "/alerts/" + m.Alert.ID
	}
	m.Body = m.usual()
	if v.Template != "" {
		if text, err := render(v.Template, m); err == nil { // what was checked may still meet odd data
			m.Body, m.Custom = text, true
		}
	}
	return m
}

// usual is the text where a channel has no template.
func (m Message) usual() string {
	var b strings.Builder
	b.WriteString(m.Text + "\n\n")
	if m.Server.Name != "" {
		fmt.Fprintf(&b, "Server: %s (%s)\n", m.Server.Name, m.Server.Host)
	}
	if m.Cluster.Name != "" {
		fmt.Fprintf(&b, "Cluster: %s\n", m.Cluster.Name)
	}
	fmt.Fprintf(&b, "Severity: %s\n", m.Alert.Severity)
	fmt.Fprintf(&b, "Since: %s\n", m.Alert.Started.Format("2006-01-02 15:04:05 MST"))
	if m.Alert.Resolved != nil {
		fmt.Fprintf(&b, "Ended: %s\n", m.Alert.Resolved.Format("2006-01-02 15:04:05 MST"))
	}
	if m.URL != "" {
		b.WriteString("\n" + m.URL + "\n")
	}
	return b.String()
}

// allowed are the functions of a template; what formats at will or runs
// unbounded is not among them.
var allowed = []string{"and", "or", "not", "eq", "ne", "lt", "le", "gt", "ge", "len", "index", "print", "println"}

// ErrTemplate says what is wrong with a template.
func ErrTemplate(why string) error {
	f := fault.New(fault.Invalid, "channel.template", "The template does not work: %s", why)
	f.Fields = []fault.Field{{Field: "body.template", Message: why}}
	return f
}

// CheckTemplate returns what is wrong with a template, trying it on a message.
func CheckTemplate(text string) error {
	if text == "" {
		return nil
	}
	now := time.Unix(0, 0).UTC()
	value := 1.0
	_, err := render(text, Message{Notice: store.Notice{
		Event: "test", Alert: store.Alert{Value: &value, Fired: &now, Labels: map[string]string{}},
	}})
	if err != nil {
		return ErrTemplate(strings.TrimPrefix(err.Error(), "template: "))
	}
	return nil
}

func render(text string, m Message) (string, error) {
	if len(text) > maxTemplate {
		return "", fmt.Errorf("it is longer than %d characters", maxTemplate)
	}
	t, err := template.New("message").Option("missingkey=zero").Parse(text)
	if err != nil {
		return "", err
	}
	for _, part := range t.Templates() {
		if err := tame(part.Root); err != nil {
			return "", err
		}
	}
	out := &short{}
	err = t.Execute(out, m)
	return out.String(), err
}

// A short text fails when it grows too long.
type short struct{ strings.Builder }

func (s *short) Write(p []byte) (int, error) {
	if s.Len()+len(p) > maxRendered {
		return 0, io.ErrShortWrite
	}
	return s.Builder.Write(p)
}

var (
	errLoop = errors.New("range, template, define, block, break and continue are not allowed")
	errFunc = errors.New("only these functions are allowed: " + strings.Join(allowed, ", "))
)

// tame refuses what could run for long or make texts without end.
func tame(n parse.Node) error {
	switch n := n.(type) {
	case *parse.ListNode:
		if n == nil {
			return nil
		}
		for _, v := range n.Nodes {
			if err := tame(v); err != nil {
				return err
			}
		}
	case *parse.IfNode:
		return tameBranch(n.BranchNode)
	case *parse.WithNode:
		return tameBranch(n.BranchNode)
	case *parse.ActionNode:
		return tamePipe(n.Pipe)
	case *parse.TextNode, *parse.CommentNode:
	default:
		return errLoop
	}
	return nil
}

func tameBranch(n parse.BranchNode) error {
	return errors.Join(tamePipe(n.Pipe), tame(n.List), tame(n.ElseList))
}

func tamePipe(n *parse.PipeNode) error {
	for _, c := range n.Cmds {
		for _, a := range c.Args {
			switch a := a.(type) {
			case *parse.IdentifierNode:
				if !slices.Contains(allowed, a.Ident) {
					return errFunc
				}
			case *parse.PipeNode:
				if err := tamePipe(a); err != nil {
					return err
				}
			case *parse.ChainNode:
				if p, ok := a.Node.(*parse.PipeNode); ok {
					if err := tamePipe(p); err != nil {
						return err
					}
				}
			}
		}
	}
	return nil
}
