package interop

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

const largest = 20 << 20

// noise does not compress and never repeats; tests take parts of it.
var noise = func() []byte {
	b := make([]byte, largest+1<<20)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}()

// contents are n files of 1 to most bytes, as many small ones as large ones,
// the ends among them.
func contents(n int, most float64) [][]byte {
	random := rand.New(rand.NewPCG(uint64(n), 0))
	all := [][]byte{noise[:1], noise[:int(most)]}
	for len(all) < n {
		size := int(math.Pow(most, random.Float64()))
		from := random.IntN(1 << 20)
		all = append(all, noise[from:from+size])
	}
	return all
}

func uploads() int {
	if long {
		return 200
	}
	return 24
}

// Every upload is whole on the server's disk when Store has returned. Some
// clients lose the ends of small files under TLS 1.3, since they leave session
// tickets unread and the system then resets the connection.
func TestClientUploads(t *testing.T) {
	t.Parallel()
	overRemotes(t, func(t *testing.T, r remote, w way) {
		c := r.dial(t, w)
		for i, content := range contents(uploads(), largest) {
			name := fmt.Sprintf("%d.bin", i)
			if n, err := c.Store(t.Context(), name, 0, bytes.NewReader(content)); err != nil || n != int64(len(content)) {
				t.Fatalf("file %d: %d bytes of %d, %v", i, n, len(content), err)
			}
			holds(t, filepath.Join(r.home, name), content)
			if err := os.Remove(filepath.Join(r.home, name)); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// holds compares a file's content; two differing files of megabytes are told
// by their first difference.
func holds(t *testing.T, file string, want []byte) {
	t.Helper()
	got, err := os.ReadFile(file)
	if err != nil {
		t.Error(err)
		return
	}
	sameContent(t, file, got, want)
}

func sameContent(t *testing.T, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	first := 0
	for first < min(len(got), len(want)) && got[first] == want[first] {
		first++
	}
	t.Errorf("%s has %d bytes and should have %d; the first that differs is %d", what, len(got), len(want), first)
}

func TestClientDownloads(t *testing.T) {
	t.Parallel()
	overRemotes(t, func(t *testing.T, r remote, w way) {
		c := r.dial(t, w)
		for i, content := range contents(uploads(), largest) {
			r.place(t, "f", content)
			sameContent(t, fmt.Sprintf("file %d", i), retrieve(t, c, "f", 0), content)
		}
		for _, offset := range []int64{1, 99_999, 100_000} {
			r.place(t, "f", noise[:100_000])
			sameContent(t, fmt.Sprintf("from %d", offset), retrieve(t, c, "f", offset), noise[offset:100_000])
		}
	})
}

func retrieve(t *testing.T, c *ftpclient.Conn, name string, offset int64) []byte {
	t.Helper()
	r, err := c.Retrieve(t.Context(), name, offset)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err := errors.Join(err, r.Close()); err != nil {
		t.Fatal(err)
	}
	return got
}

// An upload is gone on with where the server's file ends, and appended to.
func TestClientGoesOn(t *testing.T) {
	t.Parallel()
	overRemotes(t, func(t *testing.T, r remote, w way) {
		c := r.dial(t, w)
		content := noise[:1_000_000]
		file := r.place(t, "f", content[:400_001])
		if _, err := c.Store(t.Context(), "f", 400_001, bytes.NewReader(content[400_001:])); err != nil {
			t.Fatal(err)
		}
		holds(t, file, content)
		if _, err := c.Append(t.Context(), "f", bytes.NewReader(noise[1_000_000:1_500_000])); err != nil {
			t.Fatal(err)
		}
		holds(t, file, noise[:1_500_000])
		if _, err := c.Append(t.Context(), "new", bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
		holds(t, filepath.Join(r.home, "new"), content)
	})
}

// What is left in the middle leaves the connection fit for more.
func TestClientGivesUp(t *testing.T) {
	t.Parallel()
	overRemotes(t, func(t *testing.T, r remote, w way) {
		c := r.dial(t, w)
		r.place(t, "f", noise)
		reader, err := c.Retrieve(t.Context(), "f", 0)
		if err != nil {
			t.Fatal(err)
		}
		head := make([]byte, 100_000)
		if _, err := io.ReadFull(reader, head); err != nil {
			t.Fatal(err)
		}
		sameContent(t, "the head", head, noise[:len(head)])
		if err := reader.Close(); err != nil {
			t.Error(err)
		}
		if c.Err() != nil {
			t.Fatalf("the connection is lost: %v", c.Err())
		}
		sameContent(t, "f", retrieve(t, c, "f", int64(len(noise)-1000)), noise[len(noise)-1000:])
	})
}

func TestClientListing(t *testing.T) {
	t.Parallel()
	overRemotes(t, func(t *testing.T, r remote, w way) {
		c := r.dial(t, w)
		if err := c.MakeDir(t.Context(), "many"); err != nil {
			t.Fatal(err)
		}
		want := map[string]int64{}
		for i := range 1000 {
			name := fmt.Sprintf("file %03d ü.txt", i)
			r.place(t, "many/"+name, noise[:i])
			want[name] = int64(i)
		}
		for e, err := range c.List(t.Context(), "many") {
			if err != nil {
				t.Fatal(err)
			}
			size, known := want[e.Name]
			if !known || e.Size != size || e.Kind != ftpclient.File || !e.ModTime.Equal(then.Truncate(e.Precision)) {
				t.Errorf("the listing has %+v; known %v, size %d, changed %v", e, known, size, then)
			}
			delete(want, e.Name)
		}
		if len(want) > 0 {
			t.Errorf("%d are not listed", len(want))
		}
		names := 0
		for _, err := range c.Names(t.Context(), "many") {
			if names++; err != nil {
				t.Fatal(err)
			}
		}
		if names != 1000 {
			t.Errorf("%d names", names)
		}
	})
}

var oddNames = []string{"a b", " led by a blank", "trailed by one ", "ümläut ✓", "-dash", "--", "semi;colon", "per%cent",
	"[brackets]", "a*b?", `back\slash`, `"quoted"`, "it's", "~tilde", "#hash", "100", ".hidden", "a -> b", "né́e"}

// Names that a server cannot do, each for its reason.
var (
	lost = map[string][]string{
		// It takes blanks at the ends for none of the name's, and refuses the
		// backslash with 553.
		"pure-ftpd": {" led by a blank", "trailed by one ", `back\slash`},
	}
	// vsftpd lists no hidden file unless force_dot_files is set, which it is
	// not where Debian installs it.
	unlisted = map[string][]string{"vsftpd": {".hidden"}}
)

func TestClientNames(t *testing.T) {
	t.Parallel()
	overRemotes(t, func(t *testing.T, r remote, w way) {
		c := r.dial(t, w)
		names := without(oddNames, lost[r.name])
		for i, name := range names {
			content := noise[i : i+1000]
			if _, err := c.Store(t.Context(), name, 0, bytes.NewReader(content)); err != nil {
				t.Errorf("%q: %v", name, err)
				continue
			}
			holds(t, filepath.Join(r.home, name), content)
			sameContent(t, name, retrieve(t, c, name, 0), content)
			if e, err := c.Stat(t.Context(), name); err != nil || e.Size != 1000 || e.Name != name {
				t.Errorf("Stat of %q is %+v, %v", name, e, err)
			}
		}
		var listed []string
		for e, err := range c.List(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			listed = append(listed, e.Name)
		}
		slices.Sort(listed)
		if want := without(names, unlisted[r.name]); !slices.Equal(listed, want) {
			t.Errorf("listed are\n%q, want\n%q", listed, want)
		}
		for _, name := range names {
			if err := c.Remove(t.Context(), name); err != nil {
				t.Errorf("%q: %v", name, err)
			}
		}
	})
}

// without is names in order, but for some.
func without(names []string, but []string) []string {
	return slices.DeleteFunc(slices.Sorted(slices.Values(names)), func(name string) bool { return slices.Contains(but, name) })
}

func TestClientManages(t *testing.T) {
	t.Parallel()
	overRemotes(t, func(t *testing.T, r remote, w way) {
		c, ctx := r.dial(t, w), t.Context()
		file := r.place(t, "f", noise[:1000])
		when := time.Date(2020, 2, 29, 23, 59, 58, 0, time.UTC)
		for _, step := range []struct {
			what string
			err  error
		}{
			{"MakeDir", c.MakeDir(ctx, "dir")},
			{"MakeDirAll", c.MakeDirAll(ctx, "dir/a b/ü")},
			{"MakeDirAll of what is there", c.MakeDirAll(ctx, "dir/a b/ü")},
			{"SetModTime", c.SetModTime(ctx, "f", when)},
			{"Rename", c.Rename(ctx, "f", "dir/a b/g")},
			{"RemoveDir", c.RemoveDir(ctx, "dir/a b/ü")},
			{"ChangeDir", c.ChangeDir(ctx, "dir/a b")},
		} {
			if step.err != nil {
				t.Errorf("%s: %v", step.what, step.err)
			}
		}
		absent(t, file)
		absent(t, filepath.Join(r.home, "dir/a b/ü"))
		moved := filepath.Join(r.home, "dir/a b/g")
		holds(t, moved, noise[:1000])
		if info, err := os.Stat(moved); err != nil || !info.ModTime().Equal(when) {
			t.Errorf("on the disk it is %v, %v", info, err)
		}
		e, err := c.Stat(ctx, "g")
		if err != nil || e.Kind != ftpclient.File || e.Size != 1000 || !e.ModTime.Equal(when) {
			t.Errorf("Stat is %+v, %v", e, err)
		}
		if dir, err := c.CurrentDir(ctx); err != nil || dir != "/dir/a b" {
			t.Errorf("the current folder is %q, %v", dir, err)
		}
		refusals(t, c)
	})
}

func refusals(t *testing.T, c *ftpclient.Conn) {
	t.Helper()
	ctx := t.Context()
	if _, err := c.Stat(ctx, "none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Stat of nothing: %v", err)
	}
	_, openErr := c.Retrieve(ctx, "none", 0)
	_, storeErr := c.Store(ctx, "none/f", 0, bytes.NewReader(noise[:100]))
	for _, step := range []struct {
		what string
		err  error
	}{
		{"Retrieve", openErr},
		{"Store into no folder", storeErr},
		{"Remove", c.Remove(ctx, "none")},
		{"RemoveDir", c.RemoveDir(ctx, "none")},
		{"Rename", c.Rename(ctx, "none", "other")},
		{"ChangeDir", c.ChangeDir(ctx, "none")},
	} {
		if reply := (*ftpclient.ReplyError)(nil); !errors.As(step.err, &reply) {
			t.Errorf("%s of nothing: %v", step.what, step.err)
		}
	}
	if err := c.Err(); err != nil {
		t.Errorf("refusals lost the connection: %v", err)
	}
}

// Where a server makes digests, they are those of the content.
func TestClientHashes(t *testing.T) {
	t.Parallel()
	offer := map[string]bool{sealift: true, "proftpd": false, "vsftpd": false, "pure-ftpd": false, "pyftpdlib": false}
	overRemotes(t, func(t *testing.T, r remote, w way) {
		c := r.dial(t, w)
		r.place(t, "f", noise[:1_000_000])
		whole, err := c.Hash(t.Context(), "f", "SHA-256", 0, -1)
		if !offer[r.name] {
			if !errors.Is(err, ftpclient.ErrNotSupported) {
				t.Errorf("%v, %v; the server is thought to make none", whole, err)
			}
			return
		}
		part, partErr := c.Hash(t.Context(), "f", "SHA-256", 1000, 1999)
		if err := errors.Join(err, partErr); err != nil {
			t.Fatal(err)
		}
		for _, test := range []struct {
			got  ftpclient.Hash
			want [32]byte
		}{{whole, sha256.Sum256(noise[:1_000_000])}, {part, sha256.Sum256(noise[1000:2000])}} {
			if !bytes.Equal(test.got.Sum, test.want[:]) {
				t.Errorf("the digest is %x, want %x", test.got.Sum, test.want)
			}
		}
	})
}

// Data connections resume the session of the control connection, which many
// servers demand. crypto/tls does it with tickets alone.
func TestClientResumesSessions(t *testing.T) {
	t.Parallel()
	ticketless := map[string]uint16{"pure-ftpd": tls.VersionTLS13}
	overRemotes(t, func(t *testing.T, r remote, w way) {
		c := r.dial(t, w)
		for range 3 {
			if _, err := c.Store(t.Context(), "f", 0, bytes.NewReader(noise[:1000])); err != nil {
				t.Fatal(err)
			}
			state, ok := c.DataState()
			if !ok || state.Version != w.version {
				t.Fatalf("the data connection is %+v, %v", state, ok)
			}
			if state.DidResume == (ticketless[r.name] == w.version) {
				t.Errorf("the data connection resumes: %v", state.DidResume)
			}
		}
	})
}
