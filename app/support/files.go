package support

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// A Folder is what lies in the data directory.
type Folder struct {
	Mode       string   `json:"mode"`
	Own        bool     `json:"owned_by_this_user"`
	FileSystem string   `json:"file_system,omitempty"`
	ReadOnly   bool     `json:"read_only,omitempty"`
	Free       uint64   `json:"free_bytes"`
	Size       uint64   `json:"size_bytes"`
	Inodes     uint64   `json:"free_inodes"`
	Files      []Stored `json:"files"`
	// Of what is not ours there may be anything: only how much there is.
	Others     int   `json:"other_files"`
	OtherBytes int64 `json:"other_bytes"`
}

// A Stored is one file of ours.
type Stored struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"`
	Mode  string `json:"mode"`
	Own   bool   `json:"owned_by_this_user"`
	At    string `json:"changed"`
}

// FolderAt returns what lies at dir; names are the patterns of files that are ours.
func FolderAt(dir string, names []string) (d Folder, err error) {
	info, err := os.Stat(dir)
	if err != nil {
		return d, err
	}
	d.Mode, d.Own, d.Files = info.Mode().String(), owned(info), []Stored{}
	var s unix.Statfs_t
	if unix.Statfs(dir, &s) == nil {
		d.Free, d.Size, d.Inodes = s.Bavail*uint64(s.Bsize), s.Blocks*uint64(s.Bsize), s.Ffree //nolint:gosec // a size of blocks is more than nothing
	}
	d.FileSystem, d.ReadOnly = mounted(dir)
	err = filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) { // it is gone by now
			return nil
		}
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(dir, path) // below it
		if !slices.ContainsFunc(names, func(n string) bool { ok, _ := filepath.Match(n, rel); return ok }) {
			d.Others++
			d.OtherBytes += info.Size()
			return nil
		}
		d.Files = append(d.Files, Stored{rel, info.Size(), info.Mode().String(), owned(info), info.ModTime().UTC().Format("2006-01-02T15:04:05Z")})
		return nil
	})
	return d, err
}

func owned(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}

// mounted returns the kind of the file system that dir is on.
func mounted(dir string) (kind string, readOnly bool) {
	table, _ := os.ReadFile("/proc/self/mountinfo") // not on every system
	longest := ""
	for line := range strings.Lines(string(table)) {
		before, after, _ := strings.Cut(line, " - ")
		f, g := strings.Fields(before), strings.Fields(after)
		if len(f) < 6 || len(g) < 1 || len(f[4]) < len(longest) {
			continue
		}
		if at := f[4]; dir == at || strings.HasPrefix(dir, strings.TrimSuffix(at, "/")+"/") {
			longest, kind, readOnly = at, g[0], slices.Contains(strings.Split(f[5], ","), "ro")
		}
	}
	return kind, readOnly
}

// A Database is what the head of its file says, without opening it.
type Database struct {
	Bytes    int64  `json:"bytes"`
	Log      int64  `json:"log_bytes"`
	Sound    bool   `json:"begins_like_a_database"`
	PageSize int    `json:"page_size,omitempty"`
	Pages    uint32 `json:"pages,omitempty"`
	Free     uint32 `json:"free_pages,omitempty"`
	Changes  uint32 `json:"change_counter,omitempty"`
	Opened   bool   `json:"opened"`
	Schema   int64  `json:"schema_of_this_version"`
	Why      string `json:"error,omitempty"`
}

// DatabaseAt reads the head of the file at path.
func DatabaseAt(path string) (d Database, err error) {
	if info, err := os.Stat(path + "-wal"); err == nil {
		d.Log = info.Size()
	}
	f, err := os.Open(path) //nolint:gosec // the database itself
	if err != nil {
		return d, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return d, err
	}
	d.Bytes = info.Size()
	head := make([]byte, 100)
	if _, err := io.ReadFull(f, head); err != nil {
		return d, fmt.Errorf("read the head of the database: %w", err)
	}
	if d.Sound = string(head[:16]) == "SQLite format 3\x00"; !d.Sound {
		return d, nil
	}
	if d.PageSize = int(binary.BigEndian.Uint16(head[16:])); d.PageSize == 1 {
		d.PageSize = math.MaxUint16 + 1
	}
	d.Changes, d.Pages, d.Free = binary.BigEndian.Uint32(head[24:]), binary.BigEndian.Uint32(head[28:]), binary.BigEndian.Uint32(head[36:])
	return d, nil
}
