package vault_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"unity.internal/app/vault"
	"unity.internal/store/storetest"
)

func TestALockProvesAPassphraseAndNoFileIsWritten(t *testing.T) {
	t.Parallel()
	l := vault.Lock{Instance: "i", Salt: bytes.Repeat([]byte{1}, 16), Proof: []byte("damaged")}
	k := l.PassphraseKey([]byte("harbour lantern 42"))
	if err := l.Opens(k); !errors.Is(err, vault.ErrWrongKey) || l.Wants() != "passphrase" {
		t.Fatal(err, l.Wants())
	}
	dir := t.TempDir()
	if err := vault.WriteKey(dir, k); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(dir); len(left) != 0 {
		t.Fatal(left)
	}
}

func TestAKeyIsWrittenOverNoOtherAndNeverPrints(t *testing.T) {
	t.Parallel()
	dir, text := t.TempDir(), base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	k, err := vault.ParseKey([]byte(" " + text + "\r\n"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the same one may be there
		if err := vault.WriteKey(dir, k); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(filepath.Join(dir, vault.KeyFile))
	if err != nil || string(got) != text+"\n" {
		t.Fatal(err, "another text")
	}
	other, err := vault.ParseKey([]byte(base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{8}, 32))))
	if err != nil {
		t.Fatal(err)
	}
	if err := vault.WriteKey(dir, other); !errors.Is(err, vault.ErrKeyExists) {
		t.Fatal(err)
	}
	if s := fmt.Sprintf("%v %+v %#v %s %x", k, k, k, k, k); s != "[key] [key] [key] [key] [key]" {
		t.Error(s)
	}
	if _, err := json.Marshal(k); err == nil {
		t.Error("it marshals")
	}
	if _, err := vault.ParseKey([]byte(text[:20])); !errors.Is(err, vault.ErrWrongKey) {
		t.Error(err)
	}
}

func TestALockOpensForItsOwnKeyAlone(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t)
	dir := t.TempDir()
	v := attach(t, s, vault.Source{Dir: dir})
	text, err := os.ReadFile(filepath.Join(dir, vault.KeyFile))
	if err != nil {
		t.Fatal(err)
	}
	k, err := vault.ParseKey(text)
	if err != nil {
		t.Fatal(err)
	}
	l, err := v.Lock(t.Context())
	if err != nil || l.Wants() != "file" || l.Opens(k) != nil {
		t.Fatal(err, l.Wants(), l.Opens(k))
	}
	l.Instance += "x"
	if err := l.Opens(k); !errors.Is(err, vault.ErrWrongKey) {
		t.Fatal(err)
	}
	if err := l.Opens(vault.Key{}); !errors.Is(err, vault.ErrWrongKey) {
		t.Fatal(err)
	}
}
