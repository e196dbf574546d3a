package screen

import (
	"bytes"
	"testing"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

func TestPrintable(t *testing.T) {
	for _, tt := range []struct{ why, in, want string }{
		{"plain", "a b", "a b"},
		{"other scripts", "żółć 日本", "żółć 日本"},
		{"escape sequences", "\x1b[2J", `\x1b[2J`},
		{"line breaks forge lines", "a\nb\r", `a\nb\r`},
		{"C1 controls", "\u009b2J", `\u009b2J`},
		{"text that runs backwards", "a\u202egpj.exe", `a\u202egpj.exe`},
		{"bytes that are no UTF-8", "a\xff", `a\xff`},
		{"quotes stay", `"a`, `"a`},
	} {
		if got := Printable(tt.in); got != tt.want {
			t.Errorf("%s: %q, want %q", tt.why, got, tt.want)
		}
	}
}

func TestPrint(t *testing.T) {
	at := time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)
	local := at.Local()
	full := ftpclient.Entry{Name: "a<b", Path: "in/a<b", Size: 5, ModTime: at, Precision: time.Second, Perm: "r", Unique: "u", Mode: 0o640, HasMode: true}
	link := ftpclient.Entry{Name: "l", Path: "l", Kind: ftpclient.Link, Size: -1, Target: "\x1bx"}
	dir := ftpclient.Entry{Name: "d", Path: "d", Kind: ftpclient.Dir, Size: 4096, ModTime: at, Precision: time.Minute}
	old := ftpclient.Entry{Name: "o", Path: "o", Size: 0, ModTime: at, Precision: 24 * time.Hour}
	for _, tt := range []struct {
		why  string
		form Form
		e    ftpclient.Entry
		want string
	}{
		{"all that is known", JSON, full, `{"name":"a<b","path":"in/a<b","type":"file","size":5,"modified":"2026-02-03T04:05:06Z","mode":"0640","perm":"r","unique":"u"}` + "\n"},
		{"nothing that is not", JSON, link, `{"name":"l","path":"l","type":"link","target":"\u001bx"}` + "\n"},
		{"the size of a folder means nothing", JSON, dir, `{"name":"d","path":"d","type":"dir","modified":"2026-02-03T04:05:06Z"}` + "\n"},
		{"an empty file has a size", JSON, old, `{"name":"o","path":"o","type":"file","size":0,"modified":"2026-02-03T04:05:06Z"}` + "\n"},
		{"long", Long, full, "-rw-r-----              5  " + local.Format(time.DateTime) + "  label\n"},
		{"a link and where it leads, safely", Long, link, `l?????????              -  -                    label -> \x1bx` + "\n"},
		{"minutes", Long, dir, "d?????????              -  " + local.Format("2006-01-02 15:04") + "     label\n"},
		{"days have no zone", Long, old, "-?????????              0  2026-02-03           label\n"},
		{"short", Short, full, "label\n"},
	} {
		var out bytes.Buffer
		if err := tt.form.Print(&out, tt.e, "label"); err != nil || out.String() != tt.want {
			t.Errorf("%s: %q, %v; want %q", tt.why, out.String(), err, tt.want)
		}
	}
	var out bytes.Buffer
	const want = "path      in/a<b\ntype      file\nsize      5\nmodified  2026-02-03T04:05:06Z\nmode      0640\nperm      r\nunique    u\n"
	if err := PrintDetails(&out, full); err != nil || out.String() != want {
		t.Errorf("%q, %v", out.String(), err)
	}
}
