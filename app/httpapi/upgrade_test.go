package httpapi

import (
	"bytes"
	"context"
	"io"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"unity.internal/app/upgrade"
	"unity.internal/store"
)

// settled is the program of a bench, which is never another.
type settled struct{}

func (settled) State(context.Context) (upgrade.Report, error) {
	return upgrade.Report{Version: upgrade.Version{Number: "1.0.0", Schema: 1}}, nil
}

func (settled) Fetch(_ context.Context, _ store.System, address string, _ upgrade.Offer) (store.Job, error) {
	return store.Job{ID: "fetch " + address, State: "queued"}, nil
}

func (settled) Receive(_ context.Context, _ store.System, o upgrade.Offer) (store.Job, error) {
	text, err := io.ReadAll(o.File)
	return store.Job{ID: string(text) + string(o.Signature), State: "queued"}, err
}

func (settled) Back(context.Context, store.System, bool) (store.Job, error) {
	return store.Job{}, upgrade.ErrNoWayBack
}

// TestWhoMayUpgrade: only an administrator of the appliance who proved it anew.
func TestWhoMayUpgrade(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	const fetch = `{"url":"https://unity.test/unity"}`
	b.want(401, "", "GET", "/system/upgrade", "")
	b.want(403, "ann", "GET", "/system/upgrade", "")
	b.want(403, "ann", "POST", "/system/upgrade", fetch)
	b.want(403, "ann", "POST", "/system/upgrade/back", `{}`)
	if got := b.want(200, "root", "GET", "/system/upgrade", ""); got["keys"] == nil || got["last"] != nil {
		t.Error(got)
	}
	b.want(202, "root", "POST", "/system/upgrade", fetch)
	b.want(404, "root", "POST", "/system/upgrade/back", `{}`)
	for user, want := range map[string]string{"ann": "auth.forbidden", "root": "a programthe line\nthe other"} {
		var form bytes.Buffer
		w := multipart.NewWriter(&form)
		_ = w.WriteField("signature", "the line\r\nthe other")
		part, err := w.CreateFormFile("file", "unity")
		if err != nil {
			t.Fatal(err)
		}
		_, _ = part.Write([]byte("a program"))
		_ = w.Close()
		got := b.do(user, http.MethodPost, base+uploadPath, form.String(), "Content-Type: "+w.FormDataContentType())
		if !strings.Contains(strings.ReplaceAll(got.body, `\n`, "\n"), want) {
			t.Errorf("%s: %d %s", user, got.status, got.body)
		}
	}
	for _, op := range []string{"/system/upgrade", "/system/upgrade/back", uploadPath} {
		if b.doc.Paths[base+op].Post.Extensions[stepUpMark] == nil {
			t.Errorf("%s wants no fresh proof", op)
		}
	}
}
