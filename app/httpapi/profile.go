package httpapi

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"strings"
	"text/template"

	"github.com/google/uuid"
)

// profile returns a configuration profile with which iPhones and iPads install a
// root. What names it comes from the root alone, so that a second one replaces the
// first instead of standing beside it.
func profile(ca *x509.Certificate) []byte {
	sum := sha256.Sum256(ca.Raw)
	whole := uuid.NewSHA1(uuid.NameSpaceOID, sum[:])
	var out strings.Builder
	err := profileXML.Execute(&out, map[string]string{
		"Name": ca.Subject.CommonName, "ID": "internal.unity." + hex.EncodeToString(sum[:8]),
		"Whole": strings.ToUpper(whole.String()), "Part": strings.ToUpper(uuid.NewSHA1(whole, []byte("root")).String()),
		"Data": base64.StdEncoding.EncodeToString(ca.Raw),
	})
	if err != nil {
		panic(err) // only strings go into a builder
	}
	return []byte(out.String())
}

var profileXML = template.Must(template.New("profile").Parse(`<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
	<key>PayloadType</key><string>Configuration</string>
	<key>PayloadVersion</key><integer>1</integer>
	<key>PayloadIdentifier</key><string>{{.ID}}</string>
	<key>PayloadUUID</key><string>{{.Whole}}</string>
	<key>PayloadDisplayName</key><string>{{html .Name}}</string>
	<key>PayloadDescription</key><string>Lets this device trust the appliance, for names and addresses of a home network only.</string>
	<key>PayloadContent</key>
	<array>
		<dict>
			<key>PayloadType</key><string>com.apple.security.root</string>
			<key>PayloadVersion</key><integer>1</integer>
			<key>PayloadIdentifier</key><string>{{.ID}}.root</string>
			<key>PayloadUUID</key><string>{{.Part}}</string>
			<key>PayloadDisplayName</key><string>{{html .Name}}</string>
			<key>PayloadCertificateFileName</key><string>unity-ca.crt</string>
			<key>PayloadContent</key>
			<data>{{.Data}}</data>
		</dict>
	</array>
</dict>
</plist>
`))
