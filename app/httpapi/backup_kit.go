package httpapi

import (
	"context"
	"time"

	"github.com/skip2/go-qrcode"
	"unity.internal/app/fault"
)

// A KitFile is a recovery kit: what is kept, and what a page shows beside it.
type KitFile struct {
	FileName string    `json:"file_name" example:"unity-kit-nas-2026-11-24.txt"`
	Text     string    `json:"text" doc:"The whole file"`
	Block    string    `json:"block" doc:"The part of it that a program reads: everything secret, sealed with the passphrase"`
	QR       []byte    `json:"qr_png,omitempty" doc:"The same as a picture, if it fits into one"`
	Host     string    `json:"host"`
	Instance string    `json:"instance"`
	Replica  string    `json:"replica,omitempty" doc:"Where the replica is; without one, the kit needs a copy of the database"`
	Made     time.Time `json:"made_at"`
}

type kitIn struct {
	Body struct {
		Passphrase string `json:"passphrase" minLength:"1" maxLength:"1024" writeOnly:"true" doc:"What opens the kit; it is kept nowhere"`
	}
}

// unstored is an answer that no cache may keep.
type unstored[T any] struct {
	CacheControl string `header:"Cache-Control"`
	Body         T
}

// errKitInsecure says that a kit does not cross a network in the clear.
var errKitInsecure = fault.New(fault.Forbidden, "kit.insecure", "Over plain HTTP a recovery kit is made on this box itself only. Use the https address, or run there: unity kit FILE")

const (
	// dot is how many pixels one dot of a QR code is wide: it stays sharp on paper.
	dot = 4
	// mostQR is how long a text may be so that a phone still reads its code from
	// paper: 149 dots on nine centimetres.
	mostQR = 2000
)

func (m mux) makeKit(ctx context.Context, c Caller, in *kitIn) (*unstored[KitFile], error) {
	if secure(ctx, true) != nil {
		return nil, errKitInsecure
	}
	v, err := m.Kit(ctx, m.System.By(c.User, c.From.Address), []byte(in.Body.Passphrase))
	if err != nil {
		return nil, err
	}
	v.QR, err = picture(v.Block)
	return &unstored[KitFile]{"no-store", v}, err
}

// picture returns a text as a QR code, or nothing if it is too long for one.
func picture(text string) ([]byte, error) {
	if len(text) > mostQR {
		return nil, nil
	}
	return qrcode.Encode(text, qrcode.Low, -dot)
}
