package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"unity.internal/app/backup/transfer"
	"unity.internal/store"
)

// moving is a bench whose exports are larger than one piece, and whose imports
// keep what arrived.
func moving(tb testing.TB, got *[]byte, change ...func(*Parts)) *bench {
	tb.Helper()
	return newBench(tb, append(change, func(p *Parts) {
		p.ExportTenant = func(_ context.Context, y store.System, id store.TenantID, to transfer.To) (io.ReadCloser, error) {
			text := fmt.Sprintf("%s %s %v %s ", id, y.Own().Actor(), to.Keys, to.Passphrase)
			return io.NopCloser(strings.NewReader(strings.Repeat(text, 40_000))), nil
		}
		p.ImportTenant = func(_ context.Context, _ store.System, in io.Reader, from transfer.From, told func()) (store.Job, error) {
			all, err := io.ReadAll(in)
			*got = all
			told()
			return store.Job{ID: "j", Kind: "tenants.import", Thing: string(from.As), Title: from.Passphrase}, err
		}
	})...)
}

func TestWhoMayExport(t *testing.T) {
	t.Parallel()
	b := moving(t, new([]byte))
	const body = `{"passphrase":"harbour lantern 42"}`
	for _, c := range []struct {
		who, tenant string
		status      int
		code        string
	}{
		{"", "acme", 401, "auth.required"},
		{"vic", "acme", 403, "auth.forbidden"},
		{"gus", "acme", 404, "not_found"},
		{"ann", "globex", 404, "not_found"},
	} {
		got := b.do(c.who, http.MethodPost, "/api/v1/tenants/"+c.tenant+"/export", body)
		if got.status != c.status || !strings.Contains(got.body, c.code) {
			t.Errorf("%s exports %s: %d %s, want %d %s", c.who, c.tenant, got.status, got.body, c.status, c.code)
		}
	}
	for _, who := range []string{"ann", "root"} {
		got := b.do(who, http.MethodPost, "/api/v1/tenants/acme/export", body)
		name := "unity-acme-" + time.Now().UTC().Format("2006-01-02") + ".age"
		want := strings.Repeat("acme "+who+" [] harbour lantern 42 ", 40_000)
		if got.status != http.StatusOK || got.body != want || !strings.Contains(got.header.Get("Content-Disposition"), name) || got.header.Get("Content-Type") != ageMedia {
			t.Errorf("%s: %d, %d bytes, %v", who, got.status, len(got.body), got.header)
		}
	}
}

// parcel returns a body whose last field is the file that pieces are of, and what
// it is. It comes piece by piece, as each is asked for.
func parcel(pieces io.Reader) (io.Reader, string) {
	const head = "--b\r\nContent-Disposition: form-data; name=\"as\"\r\n\r\nhome\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"passphrase\"\r\n\r\nharbour lantern 42\r\n" +
		"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.age\"\r\n\r\n"
	return io.MultiReader(strings.NewReader(head), pieces, strings.NewReader("\r\n--b--\r\n")), "multipart/form-data; boundary=b"
}

func (b *bench) upload(who string, body io.Reader, kind string) (answer, error) {
	b.tb.Helper()
	req, err := http.NewRequestWithContext(b.tb.Context(), http.MethodPost, origin+"/api/v1/tenants/import", io.NopCloser(body))
	if err != nil {
		b.tb.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Origin", origin)
	if who != "" {
		req.AddCookie(&http.Cookie{Name: plainCookie, Value: b.cookie(who)})
	}
	res, err := b.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return answer{res.StatusCode, res.Header, string(text)}, err
}

func TestWhoMayImport(t *testing.T) {
	t.Parallel()
	var arrived []byte
	b := moving(t, &arrived)
	for who, status := range map[string]int{"": 401, "vic": 403, "ann": 403, "root": 202} {
		body, kind := parcel(strings.NewReader("the file"))
		got, err := b.upload(who, body, kind)
		if err != nil || got.status != status {
			t.Errorf("%q: %d %s %v", who, got.status, got.body, err)
		}
	}
	if string(arrived) != "the file" {
		t.Errorf("%q", arrived)
	}
}

// steps yields a piece at each tick.
type steps struct {
	pieces int
	tick   <-chan time.Time
}

func (s *steps) Read(p []byte) (int, error) {
	if s.pieces == 0 {
		return 0, io.EOF
	}
	s.pieces--
	<-s.tick
	return copy(p, "piece"), nil
}

// TestAnUploadMayTakeItsTime sends a file for longer than a request may take to
// arrive, and one that is larger than a body may be.
func TestAnUploadMayTakeItsTime(t *testing.T) {
	t.Parallel()
	var arrived []byte
	b := moving(t, &arrived, func(p *Parts) { p.Limits.Arrival = 3 * time.Second })
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	body, kind := parcel(&steps{8, tick.C})
	got, err := b.upload("root", body, kind)
	if err != nil || got.status != http.StatusAccepted || string(arrived) != strings.Repeat("piece", 8) || !strings.Contains(got.body, `"home"`) {
		t.Errorf("slow: %d %s %v %q", got.status, got.body, err, arrived)
	}
	large := bytes.Repeat([]byte("0123456789abcdef"), maxBody/4)
	body, kind = parcel(bytes.NewReader(large))
	got, err = b.upload("root", body, kind)
	if err != nil || got.status != http.StatusAccepted || !bytes.Equal(arrived, large) {
		t.Errorf("large: %d %s %v, %d bytes", got.status, got.body, err, len(arrived))
	}
	if got := b.do("root", "GET", "/api/v1/auth/me", ""); got.status != http.StatusOK {
		t.Error(got)
	}
}

func TestABadUploadIsRefused(t *testing.T) {
	t.Parallel()
	b := moving(t, new([]byte))
	whole, kind := parcel(strings.NewReader("the file"))
	text, err := io.ReadAll(whole)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Replace(string(text), "harbour", strings.Repeat("x", maxField), 1)
	for name, bad := range map[string]struct{ body, kind, code string }{
		"nothing":           {"", kind, "upload."},
		"no boundary":       {string(text), "multipart/form-data", "upload.no_form"},
		"another boundary":  {string(text), "multipart/form-data; boundary=c", "upload."},
		"cut off":           {string(text[:len(text)-20]), kind, "upload.cut_off"},
		"a long field":      {long, kind, "upload.bad_field"},
		"a field behind it": {strings.Replace(string(text), "--b--", "--b\r\nContent-Disposition: form-data; name=\"as\"\r\n\r\nx\r\n--b--", 1), kind, "upload.bad_field"},
		"a form of another": {"as=home", "application/x-www-form-urlencoded", "request.unsupported_media_type"},
		"JSON":              {"{}", "application/json", "upload.no_form"},
	} {
		got, err := b.upload("root", strings.NewReader(bad.body), bad.kind)
		if err != nil || got.status < 400 || got.status >= 500 || !strings.Contains(got.body, bad.code) {
			t.Errorf("%s: %d %s %v", name, got.status, got.body, err)
		}
	}
	for _, path := range []string{"/auth/login", "/servers"} {
		got := b.do("root", http.MethodPost, "/api/v1"+path, string(text), "Content-Type: "+kind)
		if got.status != http.StatusUnsupportedMediaType {
			t.Errorf("%s takes a form: %d", path, got.status)
		}
	}
}
