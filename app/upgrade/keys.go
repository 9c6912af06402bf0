package upgrade

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"aead.dev/minisign"
)

// Keys are those whose signatures are trusted.
type Keys []Trust

// A Trust is one of them.
type Trust struct {
	ID   string `json:"id" doc:"As minisign prints it"`
	From string `json:"from" doc:"built-in, or the file that pins it"`
	key  minisign.PublicKey
}

// Trusted returns the key that was compiled in, if any, and those that a file
// pins. A file that others than root and who runs this may write pins nothing:
// whoever may choose the key chooses the program.
func Trusted(builtIn, file string) (all Keys, err error) {
	if builtIn != "" {
		if all, err = parse(builtIn, "built-in"); err != nil {
			return nil, fmt.Errorf("the key of this program: %w", err)
		}
	}
	if file == "" {
		return all, nil
	}
	pinned, err := pins(file)
	return append(all, pinned...), err
}

// pins returns the keys of a file; none, if there is no file.
func pins(file string) (Keys, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o022 != 0 || ok && owner.Uid != 0 && int(owner.Uid) != os.Geteuid() {
		return nil, fmt.Errorf("%s is not trusted: others than root may write it; make it root's with chown root and chmod 644", file)
	}
	text, err := os.ReadFile(file) //nolint:gosec // the operator's own file
	if err != nil {
		return nil, err
	}
	pinned, err := parse(string(text), file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return pinned, nil
}

// parse returns the keys of a text, a line each; what minisign writes above one
// is a comment.
func parse(text, from string) (all Keys, err error) {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") || strings.HasPrefix(line, "untrusted comment:") {
			continue
		}
		k := Trust{From: from}
		if err := k.key.UnmarshalText([]byte(line)); err != nil {
			return nil, fmt.Errorf("a line is no public key of minisign: %w", err)
		}
		k.ID = fmt.Sprintf("%016X", k.key.ID())
		all = append(all, k)
	}
	return all, nil
}

// A Seal is who signed a file, and what they say of it.
type Seal struct {
	Signer  string
	Comment string
}

// verify reads a file to its end and checks its signature.
func (all Keys) verify(in io.Reader, signature []byte) (s Seal, err error) {
	if len(signature) == 0 {
		return s, ErrUnsigned
	}
	var sig minisign.Signature
	if err := sig.UnmarshalText(signature); err != nil {
		return s, ErrSignature.Because(err)
	}
	if sig.Algorithm != minisign.HashEdDSA {
		return s, ErrSignature.Because(errors.New("the file was not hashed before it was signed"))
	}
	known := false
	read := minisign.NewReader(in)
	if _, err := io.Copy(io.Discard, read); err != nil {
		return s, err
	}
	for _, k := range all {
		if k.key.ID() != sig.KeyID {
			continue
		}
		known = true
		if read.Verify(k.key, signature) {
			return Seal{k.ID, sig.TrustedComment}, nil
		}
	}
	if !known {
		return s, ErrForeign
	}
	return s, ErrSignature
}
