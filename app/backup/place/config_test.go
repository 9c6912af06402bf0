package place_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"unity.internal/app/backup/place"
	"unity.internal/app/backup/place/placetest"
	"unity.internal/app/fault"
)

func fieldsOf(tb testing.TB, err error) (fields []string) {
	tb.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if err != nil && (!ok || f.Kind != fault.Invalid || f.Code != "replica.invalid") {
		tb.Errorf("%v is no invalid", err)
	}
	if ok {
		for _, field := range f.Fields {
			if field.Message == "" || !strings.HasSuffix(field.Message, ".") {
				tb.Errorf("%s: %q", field.Field, field.Message)
			}
			fields = append(fields, field.Field)
		}
	}
	slices.Sort(fields)
	return fields
}

func TestAPlaceThatCannotWorkIsRefused(t *testing.T) {
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	_, key := placetest.Key(t)
	at := func(url string) place.Config { return place.Config{URL: url} }
	sftp := func(url string) place.Config { return place.Config{URL: url, HostKey: key} }
	s3 := func(url, endpoint string) place.Config { return place.Config{URL: url, Endpoint: endpoint} }
	url, endpoint, none := []string{"url"}, []string{"endpoint"}, []string(nil)
	for name, tt := range map[string]struct {
		c    place.Config
		want []string
	}{
		"file":                    {at("file:///srv/backup"), none},
		"file, blanks and ü":      {at("file:///srv/my backup/ü"), none},
		"file, escaped":           {at("file:///srv/my%20backup/50%25"), none},
		"file, relative":          {at("file://srv/backup"), url},
		"file, relative too":      {at("file:srv/backup"), url},
		"file, the root":          {at("file:///"), url},
		"file, out of it":         {at("file:///srv/../etc"), url},
		"file, out of it escaped": {at("file:///srv/%2e%2e/etc"), url},
		"file, a user":            {at("file://ada@/srv"), url},
		"nothing":                 {at(""), url},
		"a path":                  {at("/srv/backup"), url},
		"another scheme":          {at("gs://bucket/x"), url},
		"http":                    {at("https://host/x"), url},
		"a blank before":          {at(" file:///srv/backup"), url},
		"a line end":              {at("file:///srv/backup\n"), url},
		"a control character":     {at("file:///srv/ba\x01ckup"), url},
		"an escaped one":          {at("file:///srv/ba%00ckup"), url},
		"a query":                 {at("s3://bucket/x?endpoint=y"), url},
		"a fragment":              {at("file:///srv/backup#1"), url},
		"a bare %":                {at("file:///srv/100%"), url},
		"s3":                      {s3("s3://bucket/x", "https://s3.example.com"), none},
		"s3 without prefix":       {s3("s3://bucket", "s3.example.com:9000"), none},
		"s3 at Amazon":            {place.Config{URL: "s3://bucket/x", Region: "eu-central-1"}, none},
		"s3, no region":           {at("s3://bucket/x"), []string{"region"}},
		"s3, keys in it":          {s3("s3://id:key@bucket/x", "h"), url},
		"s3, a port":              {s3("s3://bucket:9000/x", "h"), url},
		"s3, no bucket":           {s3("s3:///x", "h"), url},
		"s3, a path":              {s3("s3://bucket/x", "https://h/path"), endpoint},
		"s3, a password":          {s3("s3://bucket/x", "https://a:b@h"), endpoint},
		"s3, another scheme":      {s3("s3://bucket/x", "ftp://h"), endpoint},
		"s3, blanks": {
			place.Config{URL: "s3://bucket/x", Endpoint: "h", Region: "eu 1", AccessKey: "a\n"},
			[]string{"access_key", "region"},
		},
		"sftp":                   {sftp("sftp://ada@nas/srv/backup"), none},
		"sftp, a port, IPv6":     {sftp("sftp://ada@[::1]:2222/srv"), none},
		"sftp, no host key":      {at("sftp://ada@nas/srv"), []string{"host_key"}},
		"sftp, a blank host key": {place.Config{URL: "sftp://ada@nas/srv", HostKey: " \n"}, []string{"host_key"}},
		"sftp, no key at all":    {place.Config{URL: "sftp://ada@nas/srv", HostKey: "SHA256:abc"}, []string{"host_key"}},
		"sftp, two keys":         {place.Config{URL: "sftp://ada@nas/srv", HostKey: key + "\n" + key}, []string{"host_key"}},
		"sftp, another type":     {place.Config{URL: "sftp://ada@nas/srv", HostKey: "ssh-dss AAAAB3NzaC1kc3MAAACB"}, []string{"host_key"}},
		"sftp, no user":          {sftp("sftp://nas/srv"), url},
		"sftp, a password":       {sftp("sftp://ada:secret@nas/srv"), url},
		"sftp, no path":          {sftp("sftp://ada@nas"), url},
		"sftp, no host":          {sftp("sftp://ada@/srv"), url},
		"webdav":                 {place.Config{URL: "webdav://nas:8080/a b", Username: "ada"}, none},
		"webdavs, its root":      {place.Config{URL: "webdavs://nas", Username: "ada"}, none},
		"webdav, a user":         {at("webdav://ada@nas/x"), url},
		"webdav, no host":        {at("webdav:///x"), url},
		"webdav, a control user": {place.Config{URL: "webdav://nas/x", Username: "a\nb"}, []string{"username"}},
		"what belongs elsewhere": {
			place.Config{URL: "file:///srv", Endpoint: "h", Region: "r", AccessKey: "a", HostKey: key, Username: "u"},
			[]string{"access_key", "endpoint", "host_key", "region", "username"},
		},
	} {
		if d := cmp.Diff(tt.want, fieldsOf(t, tt.c.Validate())); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestASecretThatCannotWorkIsRefused(t *testing.T) {
	t.Parallel()
	key, public := placetest.Key(t)
	s3 := place.Config{URL: "s3://bucket/x", Endpoint: "h"}
	named := s3
	named.AccessKey = "id"
	sftp := place.Config{URL: "sftp://ada@nas/srv", HostKey: public}
	locked := "-----BEGIN OPENSSH PRIVATE KEY-----\n" +
		"b3BlbnNzaC1rZXktdjEAAAAACmFlczI1Ni1jdHIAAAAGYmNyeXB0AAAAGAAAABA="
	for name, tt := range map[string]struct {
		c      place.Config
		secret string
		ok     bool
	}{
		"s3, from outside":       {s3, "", true},
		"s3, both":               {named, "secret", true},
		"s3, only the id":        {named, "", false},
		"s3, only the key":       {s3, "secret", false},
		"sftp, a key":            {sftp, string(key), true},
		"sftp, none":             {sftp, " \n", false},
		"sftp, the public one":   {sftp, public, false},
		"sftp, half of one":      {sftp, string(key[:100]), false},
		"sftp, a broken one":     {sftp, locked, false},
		"webdav, nobody":         {place.Config{URL: "webdav://nas/x"}, "", true},
		"webdav, only the word":  {place.Config{URL: "webdav://nas/x"}, "secret", false},
		"webdav, an empty word":  {place.Config{URL: "webdav://nas/x", Username: "ada"}, "", true},
		"webdav, a user and all": {place.Config{URL: "webdav://nas/x", Username: "ada"}, "secret", true},
	} {
		p, err := place.Open(t.Context(), tt.c, []byte(tt.secret))
		if err == nil {
			err = p.Close()
		}
		if fields := fieldsOf(t, err); (err == nil) != tt.ok || !tt.ok && !slices.Equal(fields, []string{"secret"}) {
			t.Errorf("%s: %v %v", name, err, fields)
		}
	}
}

func TestAKeyWithAPassphraseIsRefusedInWords(t *testing.T) {
	t.Parallel()
	_, public := placetest.Key(t)
	_, err := place.Open(t.Context(), place.Config{URL: "sftp://ada@nas/srv", HostKey: public}, placetest.LockedKey(t))
	if f := fault.From(err); len(f.Fields) != 1 || !strings.Contains(f.Fields[0].Message, "passphrase") {
		t.Fatal(err, f.Fields)
	}
}

func TestOnePlaceHasOneForm(t *testing.T) {
	t.Parallel()
	_, key := placetest.Key(t)
	for name, tt := range map[string][2]place.Config{
		"file":    {{URL: "FILE:///srv//my backup/./ü/"}, {URL: "file:///srv/my%20backup/%C3%BC"}},
		"escaped": {{URL: "file:///srv/%6dy%20backup"}, {URL: "file:///srv/my%20backup"}},
		"s3": {
			{URL: "s3://bucket/", Endpoint: "S3.example.com/"},
			{URL: "s3://bucket", Endpoint: "https://s3.example.com"},
		},
		"s3 at an address": {
			{URL: "s3://bucket/x/", Endpoint: "http://192.168.1.5:9000"},
			{URL: "s3://bucket/x", Endpoint: "http://192.168.1.5:9000", PathStyle: true},
		},
		"sftp": {
			{URL: "sftp://Ada@NAS:22/srv/", HostKey: " " + key + " ada@nas\n"},
			{URL: "sftp://Ada@nas/srv", HostKey: key},
		},
		"webdav":  {{URL: "webdav://nas:80/"}, {URL: "webdav://nas"}},
		"webdavs": {{URL: "webdavs://nas:443/x"}, {URL: "webdavs://nas/x"}},
		"no URL":  {{URL: "what?"}, {URL: "what?"}},
	} {
		got := tt[0].Clean()
		if d := cmp.Diff(tt[1], got); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if again := got.Clean(); again != got {
			t.Errorf("%s: %v becomes %v", name, got, again)
		}
	}
}
