package smtp

import (
	"mime"
	"mime/quotedprintable"
	"strings"

	"unity.internal/app/notify"
)

// compose returns the whole mail: headers, then a plain text.
func (c channel) compose(m notify.Message) string {
	var b strings.Builder
	header := func(name, value string) { b.WriteString(name + ": " + value + "\r\n") }
	_, domain, _ := strings.Cut(c.from.Address, "@")
	to := make([]string, len(c.to))
	for i, a := range c.to {
		to[i] = a.String()
	}
	header("From", c.from.String())
	header("To", strings.Join(to, ",\r\n "))
	header("Subject", subject(m.Title))
	header("Date", m.SentAt.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	header("Message-ID", "<"+m.Key+"@"+domain+">") // the same in every attempt
	if m.Alert.ID != "" {
		header("References", "<"+m.Alert.ID+"@"+domain+">") // one thread an alert
	}
	header("Auto-Submitted", "auto-generated")
	header("X-Unity-Delivery", m.Key)
	header("MIME-Version", "1.0")
	header("Content-Type", "text/plain; charset=utf-8")
	header("Content-Transfer-Encoding", "quoted-printable")
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(strings.ReplaceAll(m.Body, "\r\n", "\n"))) // a Builder takes everything
	_ = q.Close()
	return b.String()
}

// subject returns a title as one header line: control characters are gone, and
// what is not ASCII is encoded in words.
func subject(title string) string {
	title = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, title)
	return strings.ReplaceAll(mime.QEncoding.Encode("utf-8", strings.Join(strings.Fields(title), " ")), "?= =?", "?=\r\n =?")
}
