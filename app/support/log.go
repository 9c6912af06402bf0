package support

import (
	"encoding/json"
	"regexp"
	"strings"
)

// literal is a string in JSON; the colon behind it says that it is a key.
var literal = regexp.MustCompile(`"(?:[^"\\]|\\.)*"(\s*:)?`)

// plain are the keys whose values are words of ours.
var plain = map[string]bool{"time": true, "level": true, "msg": true, "part": true, "code": true, "request_id": true, "what": true, "state": true}

// Log returns lines with other names in their values.
func (h *Hider) Log(lines Lines) string {
	var out strings.Builder
	for _, line := range lines {
		if !json.Valid([]byte(line)) {
			whole, _ := json.Marshal(line) // it is none of the log's: all of it is a value
			line = string(whole)
		}
		out.WriteString(h.line(line) + "\n")
	}
	return out.String()
}

// line hides the values of JSON. The messages of certificates are another
// project's, and may hold anything.
func (h *Hider) line(line string) string {
	foreign := strings.Contains(line, `"part":"cert"`)
	key := ""
	return literal.ReplaceAllStringFunc(line, func(text string) string {
		if strings.HasSuffix(text, ":") {
			key = strings.Trim(strings.TrimRight(text, ": "), `"`)
			return text
		}
		if plain[key] && (key != "msg" || !foreign) {
			return text
		}
		var value string
		if json.Unmarshal([]byte(text), &value) != nil {
			return `""` // it is valid, so this does not happen
		}
		hidden, _ := json.Marshal(h.value(value)) // of a string: never fails
		return string(hidden)
	})
}

// value hides one value. Who does not know the names shows only what is ours.
func (h *Hider) value(text string) string {
	if !h.blind {
		return h.Text(text)
	}
	return "… " + strings.Join(ours.FindAllString(text, -1), " … ")
}

// ours are the words of errors that say what went wrong, and with nothing of whom.
var ours = regexp.MustCompile(`(?i)database disk image is malformed|file is not a database|disk I/O error|database is locked|database or disk is full|` +
	`no space left on device|permission denied|read-only file system|operation not permitted|no such file or directory|too many open files|` +
	`cannot allocate memory|connection refused|connection reset by peer|no route to host|network is unreachable|no such host|i/o timeout|` +
	`context deadline exceeded|context canceled|broken pipe|certificate signed by unknown authority|certificate has expired|address already in use|` +
	`\b(?:alert|audit|auth|backup|cert|channel|database|disk|drill|job|place|replica|restore|server|settings|store|tenant|tls|transfer|vault)\.[a-z_]+\b`)
