package smtp_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"mime"
	"net"
	"net/http/httptest"
	"net/mail"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	mta "github.com/emersion/go-smtp"
	"unity.internal/app/fault"
	"unity.internal/app/notify"
	"unity.internal/app/notify/smtp"
	"unity.internal/app/outgoing"
	"unity.internal/store"
)

// A server is a real mail server that keeps what it got.
type server struct {
	mu    sync.Mutex
	mails []string
	rcpt  []string
	from  string
	user  string
	fail  *mta.SMTPError // what it says to a receiver
	port  int
	roots *x509.CertPool
}

type session struct{ s *server }

func (s *session) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != "unity" || password != "geheim" {
			return mta.ErrAuthFailed
		}
		s.s.mu.Lock()
		defer s.s.mu.Unlock()
		s.s.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *mta.MailOptions) error { s.s.from = from; return nil }

func (s *session) Rcpt(to string, _ *mta.RcptOptions) error {
	if s.s.fail != nil {
		return s.s.fail
	}
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	s.s.rcpt = append(s.s.rcpt, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	s.s.mu.Lock()
	defer s.s.mu.Unlock()
	s.s.mails = append(s.s.mails, string(text))
	return err
}

func (*session) Reset()        {}
func (*session) Logout() error { return nil }

// serve starts a mail server: encrypted from the start, after STARTTLS, or never.
func serve(t *testing.T, how string) *server {
	t.Helper()
	s := &server{roots: x509.NewCertPool()}
	web := httptest.NewUnstartedServer(nil) // for its certificate, which is good for 127.0.0.1
	web.StartTLS()
	t.Cleanup(web.Close)
	s.roots.AddCert(web.Certificate())
	m := mta.NewServer(mta.BackendFunc(func(*mta.Conn) (mta.Session, error) { return &session{s: s}, nil }))
	m.Domain, m.AllowInsecureAuth, m.ReadTimeout, m.WriteTimeout = "mail.example", true, 10*time.Second, 10*time.Second
	secure := &tls.Config{Certificates: web.TLS.Certificates}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s.port = l.Addr().(*net.TCPAddr).Port
	switch how {
	case "tls":
		l = tls.NewListener(l, secure)
	case "starttls":
		m.TLSConfig = secure
	}
	go func() { _ = m.Serve(l) }()
	t.Cleanup(func() { _ = m.Close() })
	return s
}

func (s *server) channel(t *testing.T, change map[string]any) notify.Channel {
	t.Helper()
	c := map[string]any{"host": "127.0.0.1", "port": s.port, "tls": "starttls", "from": "Unity <unity@example.org>", "to": []string{"lea@example.org", "tom@example.org"}}
	maps.Copy(c, change)
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	guard := outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }})
	out, err := smtp.Kind(guard.Dial, s.roots).Open(data)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func message(text string) notify.Message {
	return notify.Message{
		Notice: store.Notice{Event: "firing", Text: text, Key: "d1", Alert: store.Alert{ID: "a1", Severity: "critical"}, SentAt: time.Unix(1e9, 0).UTC()},
		Title:  "Critical: nas: " + text, Body: text + "\n\nDas Gerät glüht.\n",
	}
}

func TestMailArrivesInEveryEncryption(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"starttls", "tls", "none"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			s := serve(t, how)
			c := s.channel(t, map[string]any{"tls": how, "username": "unity", "password": "geheim"})
			if retry, err := c.Send(t.Context(), message("Temperature at 91 °C")); err != nil || retry {
				t.Fatal(retry, err)
			}
			if s.user != "unity" || s.from != "unity@example.org" || strings.Join(s.rcpt, " ") != "lea@example.org tom@example.org" {
				t.Errorf("user %q, from %q, to %v", s.user, s.from, s.rcpt)
			}
			m, err := mail.ReadMessage(strings.NewReader(s.mails[0]))
			if err != nil {
				t.Fatal(err)
			}
			subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
			if err != nil || subject != "Critical: nas: Temperature at 91 °C" {
				t.Errorf("subject = %q, %v", subject, err)
			}
			if m.Header.Get("Message-ID") != "<d1@example.org>" || m.Header.Get("Date") == "" || m.Header.Get("References") != "<a1@example.org>" {
				t.Errorf("header: %v", m.Header)
			}
			body, err := io.ReadAll(m.Body)
			if err != nil || !bytes.Contains(body, []byte("Das Ger=C3=A4t")) {
				t.Errorf("body = %s, %v", body, err)
			}
		})
	}
}

func TestNoTextAddsAHeader(t *testing.T) {
	t.Parallel()
	s := serve(t, "starttls")
	for _, evil := range []string{"x\r\nBcc: eve@example.org", "x\nBcc: eve@example.org\n\nhello", "ü\r\nBcc: eve@example.org", "x\rBcc: e", strings.Repeat("ä", 300) + "\nBcc: e"} {
		m := message("x")
		m.Title = evil
		if _, err := s.channel(t, nil).Send(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range s.mails {
		m, err := mail.ReadMessage(strings.NewReader(text))
		if err != nil || m.Header.Get("Bcc") != "" || len(m.Header) != 11 {
			t.Errorf("header: %v, %v", m.Header, err)
		}
	}
	if strings.Contains(strings.Join(s.rcpt, " "), "eve") {
		t.Error("eve got it")
	}
}

func TestWhatAMailServerRefusesIsSaid(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		serve  string
		change map[string]any
		fail   *mta.SMTPError
		retry  bool
		msg    string
	}{
		"wrong password":    {"starttls", map[string]any{"username": "unity", "password": "falsch"}, nil, false, "refuses the user name or the password"},
		"no starttls":       {"none", nil, nil, false, "does not offer STARTTLS"},
		"unknown authority": {"starttls", map[string]any{"host": "localhost"}, nil, true, "certificate cannot be verified"},
		"no such user":      {"starttls", nil, &mta.SMTPError{Code: 550, EnhancedCode: mta.EnhancedCode{5, 1, 1}, Message: "no such user"}, false, "refuses: 550 no such user"},
		"greylisted":        {"starttls", nil, &mta.SMTPError{Code: 451, EnhancedCode: mta.EnhancedCode{4, 7, 1}, Message: "later"}, true, "refuses: 451 later"},
		"no TLS there":      {"none", map[string]any{"tls": "tls"}, nil, true, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tt.serve)
			s.fail = tt.fail
			retry, err := s.channel(t, tt.change).Send(t.Context(), message("x"))
			if f := fault.From(err); err == nil || f.Kind == fault.Internal || retry != tt.retry || !strings.Contains(f.Msg, tt.msg) {
				t.Errorf("retry %t, err %v: %s", retry, err, f.Msg)
			}
			if err != nil && strings.Contains(err.Error(), "falsch") {
				t.Error("the password shows")
			}
		})
	}
}

func TestAMetadataAddressIsNoMailServer(t *testing.T) {
	t.Parallel()
	s := &server{port: 25}
	if retry, err := s.channel(t, map[string]any{"host": "169.254.169.254"}).Send(t.Context(), message("x")); retry || !errors.Is(err, outgoing.ErrBlocked) {
		t.Errorf("retry %t, err %v", retry, err)
	}
}
