// Package upgrade takes in new versions of the program: it verifies them, keeps
// them in the data directory and writes down what became of each. Whatever is
// executed was signed by a trusted key, or is byte for byte what the owner of the
// data directory pinned. It knows nothing of the appliance that runs: trials are
// the work of the process that holds the data directory.
package upgrade

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	// StateFile is where Save keeps an attempt, below the data directory.
	StateFile = "upgrade.json"
	programs  = "program" // the directory
)

// The phases of an upgrade. What a stop of the machine leaves of one is taken up
// by the next start.
const (
	Staged = "staged" // verified and kept; the trial comes next
	Trial  = "trial"  // the new program was started
	Ready  = "ready"  // it serves, and is watched
	Good   = "good"   // it passed, and takes its place
	Done   = "done"
	Failed = "failed"
)

// A Version is a program as one knows it before it serves.
type Version struct {
	Number string `json:"version"`
	Schema int64  `json:"schema" doc:"Of the database that it works with"`
	Commit string `json:"commit,omitempty"`
}

// An Attempt is the last upgrade: how far it is, or what became of it.
type Attempt struct {
	ID         string     `json:"id"`
	Phase      string     `json:"phase" enum:"staged,trial,ready,good,done,failed"`
	Back       bool       `json:"back" doc:"It goes back to an earlier version"`
	From       Version    `json:"from"`
	To         Version    `json:"to"`
	Signer     string     `json:"signer,omitempty" doc:"The id of the key that signed it; empty: its checksum was pinned"`
	Comment    string     `json:"comment,omitempty" doc:"What the signature says of the file"`
	Checkpoint string     `json:"checkpoint,omitempty" doc:"The copy of the database from before"`
	Exact      bool       `json:"checkpoint_exact" doc:"Nothing was written between the copy and the trial"`
	Copied     *time.Time `json:"checkpoint_at,omitempty"`
	Started    time.Time  `json:"started_at"`
	Ready      *time.Time `json:"ready_at,omitempty" doc:"When the new version began to answer"`
	Ended      *time.Time `json:"ended_at,omitempty"`
	Code       string     `json:"code,omitempty" doc:"Why it failed, for programs"`
	Happened   []string   `json:"happened" nullable:"false" doc:"What happened, in sentences"`
	Log        []string   `json:"log" nullable:"false" doc:"The last lines that a failed version wrote"`

	Actor    string   `json:"actor,omitempty"`    // who asked
	Address  string   `json:"address,omitempty"`  // from where
	Recorded bool     `json:"recorded,omitempty"` // the audit knows
	Unwell   []string `json:"unwell,omitempty"`   // what was not well before: no reason to refuse
	Watched  bool     `json:"watched,omitempty"`  // it was served before, so Unwell is known
	Exec     string   `json:"exec,omitempty"`     // the program on trial: one of the data directory, or the path of the installed one
	Before   int      `json:"before,omitempty"`   // how many sentences stand in its job
	Data     string   `json:"data,omitempty"`     // the checkpoint that an earlier version needs
}

// Running reports whether the upgrade has not come to its end.
func (s *Attempt) Running() bool { return s != nil && s.Phase != Done && s.Phase != Failed }

// Say adds a sentence to what happened.
func (s *Attempt) Say(format string, args ...any) {
	s.Happened = append(s.Happened, fmt.Sprintf(format, args...))
}

// End says how it ended. A code means that it failed.
func (s *Attempt) End(code string) {
	now := time.Now().UTC()
	s.Ended, s.Code, s.Phase = &now, code, Done
	if code != "" {
		s.Phase = Failed
	}
}

// Load returns the last upgrade on a data directory, or nil.
func Load(dir string) (*Attempt, error) {
	text, err := os.ReadFile(filepath.Join(dir, StateFile)) //nolint:gosec // in the data directory
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // nothing is the usual answer
	}
	s := &Attempt{}
	if err == nil {
		err = json.Unmarshal(text, s)
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", StateFile, err)
	}
	return s, nil
}

// Save has the state on the disk when it returns.
func (s *Attempt) Save(dir string) error {
	if s.Happened == nil {
		s.Happened = []string{}
	}
	if s.Log == nil {
		s.Log = []string{}
	}
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return write(filepath.Join(dir, StateFile), text, 0o600)
}

// write replaces a file as a whole, on the disk.
func write(path string, text []byte, mode fs.FileMode) error {
	part := path + ".tmp"
	if err := os.WriteFile(part, text, mode); err != nil {
		return full(err)
	}
	if err := settle(part); err != nil {
		return full(err)
	}
	if err := os.Rename(part, path); err != nil {
		return err
	}
	return settle(filepath.Dir(path))
}

// settle has a file, or the names in a directory, written to the disk.
func settle(path string) error {
	f, err := os.Open(path) //nolint:gosec // a path of ours
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// A Report is what people may know of programs and upgrades.
type Report struct {
	Version    Version  `json:"version" doc:"What runs"`
	Program    string   `json:"program" doc:"The file that runs"`
	Where      string   `json:"where" enum:"path,data_dir" doc:"Whether it was installed, or lies in the data directory"`
	Installed  string   `json:"installed" doc:"The file that was installed"`
	Keys       Keys     `json:"keys" nullable:"false" doc:"Whose signatures are trusted"`
	KeyProblem string   `json:"key_problem,omitempty" doc:"Why a pinned key is not trusted"`
	Blocked    *Reason  `json:"blocked,omitempty" doc:"Why no upgrade can be done here; without it, it can"`
	Last       *Attempt `json:"last,omitempty" doc:"The last upgrade"`
	Back       *Back    `json:"back,omitempty" doc:"The earlier version that can serve again"`
	Newer      *Notice  `json:"newer,omitempty" doc:"A newer version that was published, if notices are wanted"`
	Notice     string   `json:"notice_problem,omitempty" doc:"Why notices cannot be read"`
}

// A Reason says why something cannot be done.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"message"`
}

// A Back is what it means to go back.
type Back struct {
	To         Version    `json:"version"`
	Loses      bool       `json:"loses_data" doc:"It cannot open the database as it is"`
	Checkpoint string     `json:"checkpoint,omitempty" doc:"What the database would be then"`
	Since      *time.Time `json:"since,omitempty" doc:"What was written since would not be in it"`
	Text       string     `json:"message"`
}
