package server

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"

	"unity.internal/app/fault"
	"unity.internal/app/remote"
	"unity.internal/store"
)

// maxImport bounds how many servers one import may bring.
const maxImport = 1000

// An Imported is what became of one line. It never repeats a secret.
type Imported struct {
	Line     int      `json:"line"`
	Name     string   `json:"name"`
	Host     string   `json:"host"`
	Port     int64    `json:"port"`
	Username string   `json:"username"`
	Auth     string   `json:"auth"`
	Tags     []string `json:"tags" nullable:"false"`
	OK       bool     `json:"ok"`
	Message  string   `json:"message"`
	ID       string   `json:"id,omitempty"`
	password string
}

var (
	errImportFormat = fault.New(fault.Invalid, "import.format", "An import is ssh_config or csv.")
	errImportText   = fault.New(fault.Invalid, "import.unreadable", "That could not be read. Check that the whole file was pasted, and its format.")
	errImportHeader = fault.New(fault.Invalid, "import.header", "The first line names the columns: name,host,port,username,auth,password,tags. name and host are needed.")
	errImportEmpty  = fault.New(fault.Invalid, "import.empty", "There is no server in it.")
	errImportLong   = fault.New(fault.Invalid, "import.too_long", "One import brings at most 1000 servers. Cut it in parts.")
)

// Import creates the servers that text names; with dry it only says what would
// happen. A line that cannot be taken does not hold up the others.
func (s *Service) Import(ctx context.Context, t store.Tenant, format, text string, dry bool) ([]Imported, error) {
	var all []Imported
	var err error
	switch format {
	case "ssh_config":
		all, err = readSSHConfig(text)
	case "csv":
		all, err = readCSV(text)
	default:
		err = errImportFormat
	}
	switch {
	case err != nil:
		return nil, err
	case len(all) == 0:
		return nil, errImportEmpty
	case len(all) > maxImport:
		return nil, errImportLong
	}
	stored, err := t.AllServers(ctx)
	if err != nil {
		return nil, err
	}
	taken := map[string]bool{}
	for _, v := range stored {
		taken[v.Name] = true
	}
	for i := range all {
		added := int64(len(taken) - len(stored))
		if err := s.importOne(ctx, t, &all[i], taken, added, dry); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// importOne fails only where the rest would fail too.
func (s *Service) importOne(ctx context.Context, t store.Tenant, n *Imported, taken map[string]bool, added int64, dry bool) error {
	if n.Message != "" {
		return nil // it was refused as it was read
	}
	v := store.Server{Name: n.Name, Host: n.Host, Port: n.Port, Username: n.Username, Auth: n.Auth, Tags: n.Tags}
	c := Credentials{}
	if n.password != "" {
		c.Password = &n.password
	}
	err := s.complete(ctx, t, &v)
	if err == nil {
		err = importable(v, n.password, taken)
	}
	if err == nil && dry {
		err = t.Fits(ctx, store.QuotaServers, added+1)
	}
	if err == nil && !dry {
		v, err = s.Create(ctx, t, v, c, "")
		n.ID = v.ID
	}
	n.Name, n.Host, n.Port, n.Username, n.Auth, n.Tags = v.Name, v.Host, v.Port, v.Username, v.Auth, tidy(v.Tags)
	if err != nil {
		n.ID = ""
		f := fault.From(err)
		if f.Kind == fault.Internal || f.Kind == fault.Unavailable {
			return err
		}
		n.Message = f.Msg
		return nil
	}
	taken[v.Name] = true
	n.OK, n.Message = true, "Added. Its host key is shown once it answers."
	if dry {
		n.Message = "Will be added."
	}
	return nil
}

// importable refuses what only an import may bring.
func importable(v store.Server, password string, taken map[string]bool) error {
	switch {
	case v.Auth == local:
		return invalid("auth", "server.auth_invalid", "The ways to sign in are password, key and agent.")
	case taken[v.Name]:
		return store.ErrServerName
	case v.Auth == remote.ByPassword && password == "":
		return errNoPassword
	}
	return nil
}

// readSSHConfig takes each name of each Host line with the HostName, User and
// Port that hold for it. Patterns name no machine.
func readSSHConfig(text string) (all []Imported, err error) {
	defer func() { // the parser panics on some of what it does not understand
		if recover() != nil {
			all, err = nil, errImportText
		}
	}()
	text = plain(text)
	c, err := ssh_config.DecodeBytes([]byte(text))
	if err != nil {
		return nil, errImportText.Because(err)
	}
	seen := map[string]bool{}
	for i, name := range hostLines(text) {
		for alias := range strings.FieldsSeq(name) {
			alias = strings.Trim(alias, `"`)
			if alias == "*" || alias == "" || seen[alias] || len(all) > maxImport {
				continue
			}
			seen[alias] = true
			n := Imported{Line: i + 1, Name: alias, Auth: remote.ByKey, Tags: []string{}}
			if strings.ContainsAny(alias, "*?!") {
				n.Message = "Skipped: a pattern names no machine."
				all = append(all, n)
				continue
			}
			get := func(key string) string { v, _ := c.Get(alias, key); return v } // what it cannot say is not said
			n.Host, n.Username = orElse(get("HostName"), alias), orElse(get("User"), "root")
			n.Host = strings.ReplaceAll(n.Host, "%h", alias)
			n.Port = portOf(get("Port"))
			all = append(all, n)
		}
	}
	return all, nil
}

// plain returns text without what reaches beyond it, line by line: an Include
// would read the appliance's files, and a Match asks about its user.
func plain(text string) string {
	var b strings.Builder
	matching := false
	for line := range strings.Lines(text) {
		switch key, _ := directive(line); key {
		case "match":
			matching = true
		case "host":
			matching = false
		}
		if key, _ := directive(line); matching || key == "include" {
			line = "\n"
		}
		b.WriteString(line)
	}
	return b.String()
}

// directive cuts a line into its key, in lower case, and the rest.
func directive(line string) (key, rest string) {
	line, _, _ = strings.Cut(strings.TrimSpace(line), "#")
	i := strings.IndexAny(line, " \t=")
	if i < 0 {
		return strings.ToLower(line), ""
	}
	return strings.ToLower(line[:i]), strings.Trim(line[i:], " \t=")
}

// hostLines yields what stands behind Host, by the index of its line.
func hostLines(text string) func(yield func(int, string) bool) {
	return func(yield func(int, string) bool) {
		i := -1
		for line := range strings.Lines(text) {
			i++
			if key, rest := directive(line); key == "host" && !yield(i, rest) {
				return
			}
		}
	}
}

// portOf returns 22 for nothing and 0, which is refused, for what is no port.
func portOf(text string) int64 {
	if text == "" {
		return 22
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n <= 0 {
		return -1
	}
	return n
}

// readCSV takes a line a server, under a first line that names the columns.
func readCSV(text string) (all []Imported, err error) {
	text = strings.TrimPrefix(text, "\ufeff")
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord, r.TrimLeadingSpace = -1, true
	if head, _, _ := strings.Cut(text, "\n"); strings.Count(head, ";") > strings.Count(head, ",") {
		r.Comma = ';'
	}
	header, err := r.Read()
	if err != nil {
		return nil, errImportHeader.Because(err)
	}
	at := map[string]int{}
	for i, h := range header {
		at[strings.ToLower(strings.TrimSpace(h))] = i + 1
	}
	if at["name"] == 0 || at["host"] == 0 {
		return nil, errImportHeader
	}
	for len(all) <= maxImport {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errImportText.Because(err)
		}
		line, _ := r.FieldPos(0)
		all = append(all, csvRow(row, at, line))
	}
	return all, nil
}

func csvRow(row []string, at map[string]int, line int) Imported {
	get := func(name string) string {
		if i := at[name]; i > 0 && i <= len(row) {
			return strings.TrimSpace(row[i-1])
		}
		return ""
	}
	n := Imported{
		Line: line, Name: get("name"), Host: get("host"), Port: portOf(get("port")),
		Username: orElse(get("username"), "root"), Auth: strings.ToLower(get("auth")), Tags: []string{}, password: get("password"),
	}
	if n.Auth == "" {
		n.Auth = remote.ByKey
		if n.password != "" {
			n.Auth = remote.ByPassword
		}
	}
	n.Tags = tidy(strings.FieldsFunc(get("tags"), func(r rune) bool { return r == ',' || r == ';' || r == '|' || r == ' ' }))
	return n
}
