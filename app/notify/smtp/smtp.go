// Package smtp mails messages. Every header is built from parsed addresses and
// encoded words, so that no text of an alert can add one. It keeps nothing.
package smtp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"unity.internal/app/fault"
	"unity.internal/app/notify"
)

const stepTime = 10 * time.Second // for each command

// config is what a person enters.
type config struct {
	Host     string   `json:"host"`
	Port     int      `json:"port"`
	TLS      string   `json:"tls"`
	Username string   `json:"username"`
	Password string   `json:"password"`
	From     string   `json:"from"`
	To       []string `json:"to"`
}

// A Dialer connects to a checked address.
type Dialer func(ctx context.Context, network, address string) (net.Conn, error)

// channel is one mail server with sender and receivers.
type channel struct {
	config
	from  *mail.Address
	to    []*mail.Address
	dial  Dialer
	roots *x509.CertPool
}

// Kind returns this way to tell people. dial reaches out; roots are the
// authorities that are believed, nil: the system's.
func Kind(dial Dialer, roots *x509.CertPool) notify.Kind {
	return notify.Kind{
		Type: "smtp", Title: "E-mail",
		Fields: []notify.Setting{
			{Name: "host", Title: "Mail server", Type: "text", Required: true},
			{Name: "port", Title: "Port", Type: "number", Required: true, Default: 587, Help: "587 for STARTTLS, 465 for TLS, 25 for neither."},
			{Name: "tls", Title: "Encryption", Type: "select", Required: true, Options: []string{"starttls", "tls", "none"}, Default: "starttls"},
			{Name: "username", Title: "User name", Type: "text"},
			{Name: "password", Title: "Password", Type: "secret"},
			{Name: "from", Title: "From", Type: "text", Required: true},
			{Name: "to", Title: "To", Type: "list", Required: true},
		},
		Open: func(data []byte) (notify.Channel, error) { return open(dial, roots, data) },
		Home: func(c map[string]any) string {
			return strings.ToLower(fmt.Sprint(c["host"], ":", c["port"], " ", c["tls"]))
		},
	}
}

func open(dial Dialer, roots *x509.CertPool, data []byte) (notify.Channel, error) {
	c := channel{config: config{Port: 587, TLS: "starttls"}, dial: dial, roots: roots}
	if err := notify.Decode(data, &c.config); err != nil {
		return nil, err
	}
	if err := c.check(); err != nil {
		return nil, err
	}
	var err error
	if c.from, err = address(c.From); err != nil {
		return nil, notify.ErrConfig("from", err.Error())
	}
	for _, v := range c.To {
		to, err := address(v)
		if err != nil {
			return nil, notify.ErrConfig("to", err.Error())
		}
		c.to = append(c.to, to)
	}
	return c, nil
}

// check returns what is wrong with what a person entered, but for addresses.
func (c config) check() error {
	switch {
	case c.Host == "" || strings.ContainsAny(c.Host, " /@\r\n\x00"):
		return notify.ErrConfig("host", "enter the name or address of a mail server.")
	case c.Port < 1 || c.Port > 65535:
		return notify.ErrConfig("port", "it lies between 1 and 65535.")
	case c.TLS != "starttls" && c.TLS != "tls" && c.TLS != "none":
		return notify.ErrConfig("tls", "choose starttls, tls or none.")
	case strings.ContainsAny(c.Username+c.Password, "\r\n\x00"):
		return notify.ErrConfig("password", "user name and password are one line each.")
	case len(c.To) == 0 || len(c.To) > 50:
		return notify.ErrConfig("to", "enter 1 to 50 receivers.")
	}
	return nil
}

var errAddress = errors.New("this is no mail address: it must be like lea@example.org")

// address parses one address; what is not plain ASCII few servers take.
func address(text string) (*mail.Address, error) {
	a, err := mail.ParseAddress(text)
	if err != nil {
		return nil, errAddress
	}
	for _, c := range a.Address {
		if c <= ' ' || c > '~' {
			return nil, errAddress
		}
	}
	return a, nil
}

var (
	errPlain    = fault.New(fault.Invalid, "smtp.plain_password", "The password would cross the network in the clear. Choose STARTTLS or TLS.")
	errStartTLS = fault.New(fault.Invalid, "smtp.no_starttls", "The mail server does not offer STARTTLS. Choose TLS or none.")
	errLogin    = fault.New(fault.Invalid, "smtp.login", "The mail server refuses the user name or the password. Correct them.")
	errTLS      = fault.New(fault.Unavailable, "outgoing.tls", "The mail server's certificate cannot be verified. Check the host name, and that the certificate is valid and of a known authority.")
	errTalk     = fault.New(fault.Unavailable, "smtp.broken", "The mail server stopped answering in the middle. Check that this is a mail server, and the encryption it wants.")
)

// Send implements notify.Channel.
func (c channel) Send(ctx context.Context, m notify.Message) (retry bool, err error) {
	conn, err := c.dial(ctx, "tcp", net.JoinHostPort(c.Host, strconv.Itoa(c.Port)))
	if err != nil {
		return fault.From(err).Kind != fault.Invalid, err
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends what the protocol waits for
	defer stop()
	defer func() { _ = conn.Close() }()
	client, err := c.greet(conn)
	if err != nil {
		return c.failed(err)
	}
	if err := c.login(client, conn); err != nil {
		return c.failed(err)
	}
	to := make([]string, len(c.to))
	for i, a := range c.to {
		to[i] = a.Address
	}
	if err := client.SendMail(c.from.Address, to, strings.NewReader(c.compose(m))); err != nil {
		return c.failed(err)
	}
	_ = client.Quit() // it has the message; how it says goodbye does not matter
	return false, nil
}

// greet begins the protocol, encrypted as the person chose: never less.
func (c channel) greet(conn net.Conn) (client *smtp.Client, err error) {
	if err := conn.SetDeadline(time.Now().Add(stepTime)); err != nil {
		return nil, err
	}
	secure := &tls.Config{ServerName: c.Host, RootCAs: c.roots, MinVersion: tls.VersionTLS12}
	switch c.TLS {
	case "tls":
		client = smtp.NewClient(tls.Client(conn, secure))
	case "starttls":
		client, err = smtp.NewClientStartTLS(conn, secure)
	default:
		client = smtp.NewClient(conn)
	}
	if err != nil {
		return nil, err
	}
	client.CommandTimeout, client.SubmissionTimeout = stepTime, stepTime
	return client, client.Hello("localhost")
}

func (c channel) login(client *smtp.Client, conn net.Conn) error {
	if c.Username == "" {
		return nil
	}
	if c.TLS == "none" && !near(conn.RemoteAddr()) {
		return errPlain
	}
	how := sasl.NewPlainClient("", c.Username, c.Password)
	if !client.SupportsAuth(sasl.Plain) && client.SupportsAuth(sasl.Login) {
		how = sasl.NewLoginClient(c.Username, c.Password)
	}
	if err := client.Auth(how); err != nil {
		if e, ok := errors.AsType[*smtp.SMTPError](err); ok && e.Temporary() {
			return err
		}
		return errLogin.Because(err)
	}
	return nil
}

// near reports whether an address is of this box or this network.
func near(a net.Addr) bool {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return false
	}
	ip := at.Addr().Unmap()
	return ip.IsLoopback() || ip.IsPrivate()
}

// failed says what an error of the protocol means.
func (c channel) failed(err error) (retry bool, _ error) {
	if f, ok := errors.AsType[*fault.Error](err); ok {
		return f.Kind == fault.Unavailable, f
	}
	if e, ok := errors.AsType[*smtp.SMTPError](err); ok {
		return e.Temporary(), notify.ErrRefused("The mail server refuses: %d %s", e.Code, oneLine(e.Message))
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true, errTLS
	}
	if strings.Contains(err.Error(), "STARTTLS") {
		return false, errStartTLS
	}
	return true, errTalk.Because(err)
}

func oneLine(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	return strings.ToValidUTF8(text[:min(len(text), 300)], "")
}
