package httpapi

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
	"unity.internal/app/fault"
)

const (
	uploadWait = 30 * time.Second // for the next piece of an upload
	maxField   = 16 << 10         // bytes of a field beside the file
	formMedia  = "multipart/form-data"
	fileField  = "file"
)

var (
	errForm   = fault.New(fault.Invalid, "upload.no_form", "Send a form (multipart/form-data) with the file as its last field.")
	errFields = fault.New(fault.Invalid, "upload.bad_field", "The form has a field that is not known here, or one that is too long.")
	errNoFile = fault.New(fault.Invalid, "upload.no_file", "The form has no file. Choose one and send it again.")
	errUpload = fault.New(fault.Invalid, "upload.cut_off", "The upload was cut off. Send it again.")
)

// upload registers a route that takes a form whose last field is a file of any
// size, which is read while it arrives. In has the fields before it as strings.
// Like flow it is raw Fiber, because huma keeps a whole body in memory.
func upload[In, Out any](m mux, need auth.Permission, op huma.Operation, take func(context.Context, Caller, In, io.Reader) (*Out, error)) {
	schemas := m.api.OpenAPI().Components.Schemas
	form := huma.SchemaFromType(schemas, reflect.TypeFor[In]())
	form.Properties[fileField] = &huma.Schema{Type: huma.TypeString, Format: "binary"}
	form.Required = []string{fileField}
	op.Security = []map[string][]string{{"session": {string(need)}}}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{formMedia: {Schema: form}}}
	op.Responses = map[string]*huma.Response{"202": {
		Description: http.StatusText(op.DefaultStatus),
		Content:     map[string]*huma.MediaType{"application/json": {Schema: schemas.Schema(reflect.TypeFor[Out](), true, "")}},
	}}
	m.api.OpenAPI().AddOperation(&op)
	m.app.Add(op.Method, strings.NewReplacer("{", ":", "}", "").Replace(op.Path), func(c *fiber.Ctx) error {
		ctx := c.UserContext()
		caller, err := m.callerFor(ctx, need, op)
		if err != nil {
			return err
		}
		var in In
		parts, part, err := fieldsOf(c, reflect.ValueOf(&in).Elem())
		if err != nil {
			return err
		}
		out, err := take(ctx, caller, in, arriving{part})
		if err != nil {
			return err
		}
		if _, err := parts.NextPart(); !errors.Is(err, io.EOF) {
			return errFields.Because(err)
		}
		return c.Status(op.DefaultStatus).JSON(out)
	})
}

// fieldsOf reads the fields of a form up to its file, which it returns.
func fieldsOf(c *fiber.Ctx, into reflect.Value) (*multipart.Reader, *multipart.Part, error) {
	media, params, err := mime.ParseMediaType(c.Get("Content-Type"))
	body := c.Context().RequestBodyStream()
	if err != nil || media != formMedia || params["boundary"] == "" || body == nil {
		return nil, nil, errForm.Because(err)
	}
	parts := multipart.NewReader(patient{body, c.Context().Conn()}, params["boundary"])
	for {
		part, err := parts.NextPart()
		switch {
		case errors.Is(err, io.EOF):
			return nil, nil, errNoFile
		case err != nil:
			return nil, nil, errUpload.Because(err)
		case part.FormName() == fileField:
			return parts, part, nil
		}
		text, err := io.ReadAll(io.LimitReader(part, maxField+1))
		if err != nil {
			return nil, nil, errUpload.Because(err)
		}
		field := into.FieldByNameFunc(func(name string) bool {
			f, _ := into.Type().FieldByName(name)
			return f.Tag.Get("json") == part.FormName()+",omitempty"
		})
		if !field.IsValid() || len(text) > maxField {
			return nil, nil, errFields
		}
		field.SetString(string(text))
	}
}

// patient gives each piece of a body its own time, where fasthttp has one for all.
type patient struct {
	body io.Reader
	conn net.Conn
}

// Read implements io.Reader.
func (p patient) Read(b []byte) (int, error) {
	if err := p.conn.SetReadDeadline(time.Now().Add(uploadWait)); err != nil {
		return 0, err
	}
	return p.body.Read(b)
}

// arriving is a file whose end is said by its form: all else is cut off.
type arriving struct{ io.Reader }

// Read implements io.Reader.
func (a arriving) Read(b []byte) (int, error) {
	n, err := a.Reader.Read(b)
	if err != nil && !errors.Is(err, io.EOF) {
		err = errUpload.Because(err)
	}
	return n, err
}
