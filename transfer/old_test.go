package transfer

import (
	"bufio"
	"context"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
	"github.com/sealift/sealift/storage"
	"github.com/sealift/sealift/storage/mem"
)

// What older servers do not have.
var (
	noDigests  = []string{"HASH", "RANG", "XSHA256", "XSHA512", "XSHA1", "XMD5", "XCRC", "MD5"}
	noTimes    = []string{"MFMT", "MFF", "SITE"}
	noListings = []string{"MLST", "MLSD"}
	noCommit   = []string{"CSID"} // nothing tells that it is a Sealift
)

// newOldRig is a server that lacks commands, and does not hide what is not
// complete: as most are. It speaks in clear, so that the commands can be
// hidden on the way.
func newOldRig(t *testing.T, lacks ...[]string) *rig {
	t.Helper()
	files := mem.New(mem.Options{Owner: "user"})
	r := newRig(t, ftpservertest.Options{
		Files:  openFS{files},
		Config: ftpserver.Config{Policy: ftpserver.Policy{UnprotectedCommands: true, UnprotectedData: true}},
	})
	r.files = files
	r.wire.hidden = slices.Concat(append(lacks, noCommit)...)
	r.clear = true
	return r
}

// openFS shows what came of uploads that broke.
type openFS struct{ *mem.FS }

func (o openFS) Create(ctx context.Context, p storage.Path, m storage.Mode) (storage.Writer, error) {
	w, err := o.FS.Create(ctx, p, m)
	if err != nil {
		return nil, err
	}
	return openWriter{w}, nil
}

type openWriter struct{ storage.Writer }

func (w openWriter) Suspend() error { return w.Commit() }

// clearOptions are for a server in clear.
func (r *rig) clearOptions() ftpclient.Options {
	return ftpclient.Options{
		Security: ftpclient.Plaintext, User: r.server.User, Password: r.server.Password, DialContext: r.wire.dial,
	}
}

// narrow is a control connection on which some commands are not known.
type narrow struct {
	net.Conn
	lines  *bufio.Reader
	rest   string
	hidden []string
}

func newNarrow(c net.Conn, hidden []string) *narrow {
	return &narrow{Conn: c, lines: bufio.NewReader(c), hidden: hidden}
}

func (n *narrow) hides(line string) bool {
	word, _, _ := strings.Cut(strings.TrimSpace(line), " ")
	return slices.Contains(n.hidden, word)
}

// Write gets one command at a time.
func (n *narrow) Write(p []byte) (int, error) {
	if n.hides(string(p)) {
		_, err := n.Conn.Write([]byte("XNONE\r\n"))
		return len(p), err
	}
	return n.Conn.Write(p)
}

func (n *narrow) Read(p []byte) (int, error) {
	for n.rest == "" {
		line, err := n.lines.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if !strings.HasPrefix(line, " ") || !n.hides(line) {
			n.rest = line
		}
	}
	m := copy(p, n.rest)
	n.rest = n.rest[m:]
	return m, nil
}
