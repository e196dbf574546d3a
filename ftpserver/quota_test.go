package ftpserver

import (
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/mem"
)

// ledger is a storage.Meter with limits; 0 is none.
type ledger struct {
	mu                 sync.Mutex
	bytes, files       int64
	maxBytes, maxFiles int64
	most               int64 // files at any time
}

func (l *ledger) Add(bytes, files int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	over := func(now, add, most int64) bool { return add > 0 && most > 0 && now+add > most }
	if over(l.bytes, bytes, l.maxBytes) || over(l.files, files, l.maxFiles) {
		return storage.ErrQuota
	}
	l.bytes, l.files = l.bytes+bytes, l.files+files
	l.most = max(l.most, l.files)
	return nil
}

func (l *ledger) usage() Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	return Usage{Bytes: l.bytes, Files: l.files, MaxBytes: l.maxBytes, MaxFiles: l.maxFiles}
}

// metered is an account with a quota.
func metered(l *ledger) (Grant, *mem.FS) {
	files := mem.New(mem.Options{Owner: "alice", Meter: l})
	return Grant{Files: files, Perm: PermAll, Usage: l.usage}, files
}

// balanced demands that the ledger says what the tree holds.
func balanced(t *testing.T, l *ledger, files *mem.FS) {
	t.Helper()
	bytes, names := files.Usage()
	if u := l.usage(); u.Bytes != bytes || u.Files != names {
		t.Errorf("the ledger says %d bytes in %d files, the tree holds %d in %d", u.Bytes, u.Files, bytes, names)
	}
}

// security.md F8: of 50 uploads at once against a quota of 10 files, 10 are
// stored. The places are taken before 150, so that no upload is cut later.
func TestQuotaOfFilesUnderManyUploads(t *testing.T) {
	t.Parallel()
	const uploads, places = 50, 10
	l := &ledger{maxFiles: places}
	grant, files := metered(l)
	addr := startServer(t, grants{"alice": grant}, Config{Policy: openPolicy})
	codes := make(chan ftp.Code, uploads)
	var all sync.WaitGroup
	for i := range uploads {
		p := loginPeer(t, addr, "alice")
		data := p.passive()
		all.Go(func() { codes <- p.upload(data, fmt.Sprintf("STOR f%d", i)) })
	}
	all.Wait()
	close(codes)
	count := map[ftp.Code]int{}
	for code := range codes {
		count[code]++
	}
	if want := map[ftp.Code]int{226: places, 552: uploads - places}; !maps.Equal(count, want) {
		t.Errorf("replies %v, want %v", count, want)
	}
	if l.most > places {
		t.Errorf("%d files at a time, want at most %d", l.most, places)
	}
	balanced(t, l, files)
}

// upload is a whole upload to a port that was asked for, in a goroutine. What
// fails is the code 0; a reply that does not come ends the goroutine, and fails
// the test.
func (p *peer) upload(addr, line string) ftp.Code {
	if _, err := io.WriteString(p.conn, line+"\r\n"); err != nil {
		return 0
	}
	if first := p.read(); first.Code != ftp.CodeOpening {
		return first.Code
	}
	data, err := net.Dial("tcp", addr)
	if err != nil {
		return 0
	}
	if _, err := io.WriteString(data, "content"); err != nil {
		return 0
	}
	data.Close()
	return p.read().Code
}

// protocol.md §7.7: bytes are counted while they come; what is too much
// leaves nothing behind, and gives all back.
func TestQuotaOfBytes(t *testing.T) {
	t.Parallel()
	l := &ledger{maxBytes: 100}
	grant, files := metered(l)
	p := loginPeer(t, startServer(t, grants{"alice": grant}, Config{Policy: openPolicy}), "alice")
	for _, step := range []struct {
		why  string
		line string
		size int
		code ftp.Code
		left string
	}{
		{"what fits is stored", "STOR a", 60, 226, "40"},
		{"one byte too many", "STOR b", 41, 552, "40"},
		{"the rest is for the taking", "STOR b", 40, 226, "0"},
		{"not a byte more", "STOR c", 1, 552, "0"},
		{"an empty file has no bytes", "STOR c", 0, 226, "0"},
		{"nor to the end of a file", "APPE a", 1, 552, "0"},
		{"the old file counts until the new one is published", "STOR a", 1, 552, "0"},
		{"deleting gives back", "DELE b", 0, 250, "40"},
		{"then a file can be replaced", "STOR a", 40, 226, "60"},
	} {
		got, _ := p.attemptWith(step.line, step.size)
		if got.Code != step.code {
			t.Errorf("%s: %s with %d bytes: got %v, want %d", step.why, step.line, step.size, got, step.code)
		}
		if left := p.want(213, "AVBL"); left != step.left {
			t.Errorf("%s: AVBL says %s, want %s", step.why, left, step.left)
		}
		balanced(t, l, files)
	}
}

func (p *peer) attemptWith(line string, size int) (ftp.Reply, []byte) {
	if isTransfer(line) {
		return p.transfer(line, []byte(strings.Repeat("x", size)))
	}
	return p.do(line), nil
}

// protocol.md §1.2, §7.7: ALLO reserves; the reservation is given back on any
// end.
func TestALLOReserves(t *testing.T) {
	t.Parallel()
	l := &ledger{maxBytes: 100}
	grant, files := metered(l)
	p := loginPeer(t, startServer(t, grants{"alice": grant}, Config{Policy: openPolicy}), "alice")
	p.want(552, "ALLO 101")
	p.want(200, "ALLO 100")
	data, first := p.begin("STOR a")
	if first.Code != 150 {
		t.Fatal(first)
	}
	if u := l.usage(); u.Bytes != 100 {
		t.Errorf("%d bytes are reserved, want 100", u.Bytes)
	}
	if _, err := io.WriteString(data, "short"); err != nil {
		t.Fatal(err)
	}
	data.Close()
	p.await(226)
	if left := p.want(213, "AVBL"); left != "95" {
		t.Errorf("AVBL says %s, want 95", left)
	}
	p.want(200, "ALLO 95")
	if _, r := p.begin("STOR b"); r.Code != 150 {
		t.Fatal(r)
	}
	p.want(426, "ABOR")
	p.await(226)
	if left := p.want(213, "AVBL"); left != "95" {
		t.Errorf("behind ABOR AVBL says %s, want 95", left)
	}
	balanced(t, l, files)
}

// protocol.md §7.7: an unfinished upload counts until it is deleted.
func TestQuotaCountsUnfinishedUploads(t *testing.T) {
	t.Parallel()
	l := &ledger{maxBytes: 100}
	grant, files := metered(l)
	p := loginPeer(t, startServer(t, grants{"alice": grant}, Config{Policy: openPolicy}), "alice")
	data, first := p.begin("STOR a")
	if first.Code != 150 {
		t.Fatal(first)
	}
	if _, err := io.WriteString(data, strings.Repeat("x", 70)); err != nil {
		t.Fatal(err)
	}
	p.arrived("70 bytes so far")
	p.want(426, "ABOR")
	p.await(226)
	if left := p.want(213, "AVBL"); left != "30" {
		t.Errorf("AVBL says %s, want 30", left)
	}
	balanced(t, l, files)
	p.want(250, "DELE a")
	if left := p.want(213, "AVBL"); left != "100" {
		t.Errorf("behind DELE AVBL says %s, want 100", left)
	}
	balanced(t, l, files)
}

// arrived asks STAT until the bytes that were sent have come.
func (p *peer) arrived(text string) {
	p.t.Helper()
	for !slices.ContainsFunc(strings.Split(p.want(211, "STAT"), "\n"), func(line string) bool { return strings.Contains(line, text) }) {
	}
}

// SITE QUOTA says it in words.
func TestQuotaInWords(t *testing.T) {
	t.Parallel()
	grant, _ := metered(&ledger{maxBytes: 100, maxFiles: 0})
	p := loginPeer(t, startServer(t, grants{"alice": grant}, Config{Policy: openPolicy}), "alice")
	p.transfer("STOR a", []byte("hello"))
	if got, want := p.want(200, "SITE QUOTA"), "5 bytes of 100 in 1 files of any number"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
