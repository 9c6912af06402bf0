package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gofiber/fiber/v2"
	"unity.internal/app/auth"
	"unity.internal/app/backup/transfer"
	"unity.internal/app/fault"
	"unity.internal/store"
)

const (
	importPath = "/tenants/import"
	ageMedia   = "application/age-encryption" // what an export is to a browser
)

func (m mux) transfers() {
	in := accepted("importTenant", importPath)
	in.Description = "Makes a tenant of a file that an export wrote, or ends an import of it that was cut off. The file is the last field of the form."
	upload(m, auth.TenantsWrite, stepUp(in), m.importTenant)

	out := action("exportTenant", "/tenants/{id}/export")
	out.Description = "All that the tenant has, its secrets among it, as one encrypted file for who has the passphrase or an identity of a recipient."
	out.Parameters = []*huma.Param{{Name: "id", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}}
	schema := m.api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[tenantExportIn](), true, "")
	out.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: schema}}}
	download(m, auth.TenantExport, stepUp(out), ageMedia, "The encrypted file", m.exportTenant)
}

type tenantExportIn struct {
	Recipients []string `json:"recipients,omitempty" maxItems:"20" nullable:"false" doc:"age recipients (age1…), in place of a passphrase"`
	Passphrase string   `json:"passphrase,omitempty" maxLength:"1024" writeOnly:"true" doc:"12 characters or more"`
}

// errBody says that a body is not what the document says.
var errBody = fault.New(fault.Invalid, "request.bad_body", "The body is not the JSON that the API describes at /api/docs.")

// bodyOf reads the JSON of a request that huma does not read.
func bodyOf(c *fiber.Ctx, into any) error {
	body := c.Context().RequestBodyStream()
	if body == nil {
		return errBody
	}
	d := json.NewDecoder(io.LimitReader(body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return errBody.Because(err)
	}
	return nil
}

func (m mux) exportTenant(ctx context.Context, c Caller, r *fiber.Ctx) (file, error) {
	id, err := m.ownTenant(c, r.Params("id"))
	if err != nil {
		return file{}, err
	}
	var in tenantExportIn
	if err := bodyOf(r, &in); err != nil {
		return file{}, err
	}
	if err := secure(ctx, in.Passphrase != ""); err != nil {
		return file{}, err
	}
	f, err := m.ExportTenant(ctx, m.System.By(c.User, c.From.Address), id, transfer.To{Keys: in.Recipients, Passphrase: in.Passphrase})
	if err != nil {
		return file{}, err
	}
	name := "unity-" + string(id) + "-" + time.Now().UTC().Format("2006-01-02") + ".age"
	return file{name: name, from: f, next: func(_ context.Context, out *bytes.Buffer) (bool, error) {
		_, err := io.CopyN(out, f, 256<<10)
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		return true, err
	}}, nil
}

// secure refuses a secret that anybody on the way could have read.
func secure(ctx context.Context, secret bool) error {
	if from := clientOf(ctx); secret && !from.secure && !from.loopback {
		return errInsecure
	}
	return nil
}

type tenantImportIn struct {
	As         string `json:"as,omitempty" maxLength:"49" doc:"The id of the tenant here; empty: the one it had"`
	Identity   string `json:"identity,omitempty" writeOnly:"true" doc:"The age identity that opens the file, in place of a passphrase"`
	Passphrase string `json:"passphrase,omitempty" writeOnly:"true"`
}

func (m mux) importTenant(ctx context.Context, c Caller, in tenantImportIn, f io.Reader) (*store.Job, error) {
	if err := secure(ctx, in.Passphrase+in.Identity != ""); err != nil {
		return nil, err
	}
	from := transfer.From{Keys: in.Identity, Passphrase: in.Passphrase, As: store.TenantID(in.As)}
	j, err := m.ImportTenant(ctx, m.System.By(c.User, c.From.Address), f, from, func() {
		m.Bus.Publish(c.Tenant.ID, "tenants", "", 0)
	})
	return &j, err
}
