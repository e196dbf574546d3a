package transfer

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// A Memory knows which files were uploaded to servers that do not keep the
// times of files, so that they are not sent again: size and time of the source
// when it was sent. It has a file for each folder, and holds no content.
type Memory struct {
	dir string
	mu  sync.Mutex
}

// OpenMemory uses dir, which is made if need be.
func OpenMemory(dir string) (*Memory, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	return &Memory{dir: dir}, nil
}

// remembered is a line of the file of a folder.
type remembered struct {
	Name    string    `json:"name"`
	Size    int64     `json:"size"`
	ModTime time.Time `json:"mod_time"`
}

// path is the file for a folder of the server into which one of here goes.
func (m *Memory) path(server, here, there string) string {
	sum := sha256.Sum256([]byte(strings.Join([]string{server, here, there}, "\x00")))
	return filepath.Join(m.dir, hex.EncodeToString(sum[:16])+".sent")
}

// load is what is known of a folder, by name.
func (m *Memory) load(file string) map[string]remembered {
	known := map[string]remembered{}
	f, err := os.Open(file)
	if err != nil {
		return known // what is not known is sent again
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r remembered
		if json.Unmarshal(lines.Bytes(), &r) == nil {
			known[r.Name] = r
		}
	}
	return known
}

// add remembers one upload.
func (m *Memory) add(file string, r remembered) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	f, err := os.OpenFile(file, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(append(text, '\n'))
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
