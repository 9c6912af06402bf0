package httpapi

import (
	"context"
	"io"
	"net/http"
	"strings"

	"unity.internal/app/auth"
	"unity.internal/app/upgrade"
	"unity.internal/store"
)

const uploadPath = "/system/upgrade/upload"

// An Upgrader replaces the program that serves. Each of its jobs ends when the
// other version is about to be started; what became of it is in State.
type Upgrader interface {
	State(ctx context.Context) (upgrade.Report, error)
	// Fetch downloads a program; Receive takes one that arrives.
	Fetch(ctx context.Context, y store.System, address string, o upgrade.Offer) (store.Job, error)
	Receive(ctx context.Context, y store.System, o upgrade.Offer) (store.Job, error)
	// Back goes back to the earlier version. lose: to its data, too, if it needs them.
	Back(ctx context.Context, y store.System, lose bool) (store.Job, error)
}

func (m mux) upgrades() {
	handle(m, auth.SystemWrite, route("getUpgrade", http.MethodGet, "/system/upgrade"), m.getUpgrade)
	fetch := accepted("startUpgrade", "/system/upgrade")
	fetch.Description = "Downloads a program, verifies it by the signature beside it, tries it and keeps it if it is well. Else everything is as before."
	handle(m, auth.SystemWrite, stepUp(fetch), m.startUpgrade)
	in := accepted("uploadUpgrade", uploadPath)
	in.Description = "As startUpgrade, with a program or its archive as the last field of the form."
	upload(m, auth.SystemWrite, stepUp(in), m.uploadUpgrade)
	handle(m, auth.SystemWrite, stepUp(accepted("goBack", "/system/upgrade/back")), m.goBack)
}

func (m mux) getUpgrade(ctx context.Context, _ Caller, _ *struct{}) (*body[upgrade.Report], error) {
	r, err := m.Upgrade.State(ctx)
	if r.Keys == nil {
		r.Keys = upgrade.Keys{}
	}
	return &body[upgrade.Report]{r}, err
}

type upgradeIn struct {
	Body struct {
		URL    string `json:"url" minLength:"1" maxLength:"2000" doc:"Of the program, or of the archive it is published in; .minisig is added for its signature"`
		SHA256 string `json:"sha256,omitempty" maxLength:"64" doc:"The checksum that it must have"`
		Older  bool   `json:"allow_older,omitempty" doc:"It may be older than what runs"`
	}
}

func (m mux) startUpgrade(ctx context.Context, c Caller, in *upgradeIn) (*body[store.Job], error) {
	o := upgrade.Offer{SHA256: in.Body.SHA256, Older: in.Body.Older}
	j, err := m.Upgrade.Fetch(ctx, m.System.By(c.User, c.From.Address), in.Body.URL, o)
	return &body[store.Job]{j}, err
}

type upgradeUpload struct {
	Signature string `json:"signature,omitempty" doc:"The text of the file that ends with .minisig"`
	SHA256    string `json:"sha256,omitempty" doc:"The checksum that the file must have"`
	Older     string `json:"allow_older,omitempty" enum:"true,false" doc:"It may be older than what runs"`
}

func (m mux) uploadUpgrade(ctx context.Context, c Caller, in upgradeUpload, f io.Reader) (*store.Job, error) {
	o := upgrade.Offer{File: f, Signature: []byte(strings.ReplaceAll(in.Signature, "\r\n", "\n")), SHA256: in.SHA256, Older: in.Older == "true"}
	j, err := m.Upgrade.Receive(ctx, m.System.By(c.User, c.From.Address), o)
	return &j, err
}

type backIn struct {
	Body struct {
		Lose bool `json:"lose_data,omitempty" doc:"The database may become what it was before the upgrade, if the earlier version needs that"`
	}
}

func (m mux) goBack(ctx context.Context, c Caller, in *backIn) (*body[store.Job], error) {
	j, err := m.Upgrade.Back(ctx, m.System.By(c.User, c.From.Address), in.Body.Lose)
	return &body[store.Job]{j}, err
}
