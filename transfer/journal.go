package transfer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A Journal remembers, in a folder, the transfers that are not finished: one
// small file for each, replaced in one step. It names files and servers, and
// holds no content and no password.
type Journal struct{ dir string }

// forgetAfter is how long a transfer that nobody goes on with is remembered.
const forgetAfter = 30 * 24 * time.Hour

// OpenJournal uses dir, which is made if need be. What is older than 30 days
// is forgotten.
func OpenJournal(dir string) (*Journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	j := &Journal{dir}
	return j, j.sweep(time.Now().Add(-forgetAfter))
}

func (j *Journal) sweep(before time.Time) error {
	entries, err := os.ReadDir(j.dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || info.ModTime().After(before) {
			continue
		}
		if err := os.Remove(filepath.Join(j.dir, entry.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// A record is one transfer as the journal has it.
type record struct {
	Version int       `json:"version"`
	Upload  bool      `json:"upload"`
	Server  string    `json:"server"`
	Remote  string    `json:"remote"`
	Local   string    `json:"local"`
	Size    int64     `json:"size"`     // of the source
	ModTime time.Time `json:"mod_time"` // of the source
	// Under is the remote name that an upload goes to until it is complete.
	Under     string `json:"under,omitempty"`
	Algorithm string `json:"algorithm"`
	// Parts are what is here of a download, or of an upload what was sent.
	Parts []recordedPart `json:"parts"`
}

const recordVersion = 1

// recordedPart are the bytes First to First+Done-1 of a part that ends at
// Last; Sum is their digest.
type recordedPart struct {
	First int64  `json:"first"`
	Last  int64  `json:"last"` // not included; -1: the end of the file
	Done  int64  `json:"done"`
	Sum   string `json:"sum"`
}

// sameSource reports whether the source is still the one that was recorded.
// Without a time of the source nobody can tell.
func (r *record) sameSource(size int64, modTime time.Time) bool {
	return r != nil && size >= 0 && r.Size == size && !modTime.IsZero() && r.ModTime.Equal(modTime)
}

// entry is a transfer's place in the journal, which is locked. Its methods
// may be called on nil, where there is no journal.
type entry struct {
	journal *Journal
	id      string
	lock    *os.File
}

// open locks the place of the transfer that writes to target; ErrBusy if
// another has it.
func (j *Journal) open(target string) (*entry, error) {
	if j == nil {
		return nil, nil
	}
	id := sha256.Sum256([]byte(target))
	e := &entry{journal: j, id: hex.EncodeToString(id[:16])}
	var err error
	e.lock, err = lockFile(filepath.Join(j.dir, e.id+".lock"))
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	return e, nil
}

// close gives the place back. What is recorded stays.
func (e *entry) close() {
	if e != nil {
		unlockFile(e.lock)
	}
}

func (e *entry) path() string { return filepath.Join(e.journal.dir, e.id+".json") }

// read is what was recorded; nil if nothing, or nothing that can be read.
func (e *entry) read() *record {
	if e == nil {
		return nil
	}
	text, err := os.ReadFile(e.path())
	if err != nil {
		return nil
	}
	r := &record{}
	if json.Unmarshal(text, r) != nil || r.Version != recordVersion || !r.sound() {
		return nil
	}
	return r
}

// sound reports whether the record can be: the parts in order, and within the
// file.
func (r *record) sound() bool {
	at := int64(0)
	for _, p := range r.Parts {
		end := p.Last
		if end < 0 {
			end = r.Size
		}
		if p.First != at || p.Done < 0 || p.First+p.Done > end {
			return false
		}
		at = end
	}
	return len(r.Parts) > 0 && newDigest(r.Algorithm) != nil
}

// write records r, so that a power cut leaves this or what was there before.
func (e *entry) write(r *record) error {
	if e == nil {
		return nil
	}
	r.Version = recordVersion
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	next := strings.TrimSuffix(e.path(), ".json") + ".next"
	f, err := os.OpenFile(next, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return os.Rename(next, e.path())
}

// forget removes what was recorded.
func (e *entry) forget() error {
	if e == nil {
		return nil
	}
	if err := os.Remove(e.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}
