package smtp_test

import (
	"log/slog"
	"mime"
	"net/mail"
	"net/netip"
	"strings"
	"testing"
	"time"

	"unity.internal/app/fault"
	"unity.internal/app/notify"
	"unity.internal/app/notify/smtp"
	"unity.internal/app/outgoing"
	"unity.internal/app/vault/vaulttest"
	"unity.internal/store"
	"unity.internal/store/storetest"
)

func TestALetterGoesToItsReceiverAlone(t *testing.T) {
	t.Parallel()
	s := serve(t, "none")
	st := storetest.Open(t)
	storetest.Tenants(t, st, "acme")
	guard := outgoing.New(outgoing.Options{AllowPrivate: func(netip.Addr) bool { return true }})
	n := notify.New(notify.Options{
		Tenants: st.System().Tenants, Sealer: vaulttest.Open(t, st, "acme"), Now: time.Now, Log: slog.New(slog.DiscardHandler),
		Kinds: []notify.Kind{smtp.Kind(guard.Dial, nil)}, Publish: func(store.TenantID, string, string, int64) {},
	})
	own, acme := st.System().Own(), st.Tenant("acme")
	if sent, err := n.Mail(t.Context(), []store.Tenant{acme, own}, notify.Letter{To: "new@example.org", Title: "Hello"}); sent || err != nil {
		t.Fatal("without a mail channel:", sent, err)
	}
	_, err := n.Create(t.Context(), own, store.Channel{Name: "mail", Type: "smtp", Enabled: true, Config: map[string]any{
		"host": "127.0.0.1", "port": s.port, "tls": "none", "from": "unity@example.org", "to": []any{"lea@example.org"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	evil := "You are invited to Acme\r\nBcc: everybody@example.org\r\n\r\nBuy this"
	if sent, err := n.Mail(t.Context(), []store.Tenant{acme, own}, notify.Letter{To: "new@example.org", Title: evil, Text: "Hello.\r\n.\r\nMAIL FROM:<x>"}); !sent || err != nil {
		t.Fatal(sent, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rcpt) != 1 || s.rcpt[0] != "new@example.org" || len(s.mails) != 1 {
		t.Fatal(s.rcpt, s.mails)
	}
	m, err := mail.ReadMessage(strings.NewReader(s.mails[0]))
	if err != nil {
		t.Fatal(err)
	}
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	if err != nil || m.Header.Get("Bcc") != "" || strings.ContainsAny(subject, "\r\n") || !strings.HasPrefix(subject, "You are invited to Acme Bcc:") {
		t.Fatalf("%v %q, %v", m.Header, subject, err)
	}
	for _, to := range []string{"a@b.org\r\nBcc: c@d.org", "a@b.org, c@d.org", "nobody", "<a@b.org>\r\n", "ä@b.org"} {
		if sent, err := n.Mail(t.Context(), []store.Tenant{own}, notify.Letter{To: to, Title: "x"}); sent || fault.From(err).Kind != fault.Invalid {
			t.Errorf("%q: %v, %v", to, sent, err)
		}
	}
}
