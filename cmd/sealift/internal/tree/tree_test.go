package tree

import (
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

// server has these files, folders end in "/".
func server(t *testing.T, o ftpservertest.Options, names ...string) *ftpclient.Conn {
	t.Helper()
	s := ftpservertest.Start(t, o)
	dial := func() *ftpclient.Conn {
		c, err := ftpclient.Dial(t.Context(), s.Addr, ftpclient.Options{
			TLS: &tls.Config{RootCAs: s.ClientTLS().RootCAs}, User: s.User, Password: s.Password,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		return c
	}
	c := dial()
	for _, name := range names {
		var err error
		if dir, isDir := strings.CutSuffix(name, "/"); isDir {
			err = c.MakeDirAll(t.Context(), dir)
		} else {
			_, err = c.Store(t.Context(), name, 0, strings.NewReader("x"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func paths(t *testing.T, c *ftpclient.Conn, root string) (all []string) {
	t.Helper()
	for e, err := range Walk(t.Context(), c, root) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Path)
	}
	return all
}

func TestWalk(t *testing.T) {
	c := server(t, ftpservertest.Options{}, "b/", "b/z/", "b/z/1", "b/a", "c", "a")
	want := []string{"a", "b", "b/a", "b/z", "b/z/1", "c"}
	if got := paths(t, c, ""); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := paths(t, c, "b"); !slices.Equal(got, []string{"b/a", "b/z", "b/z/1"}) {
		t.Errorf("%q", got)
	}
	for e, err := range Walk(t.Context(), c, "") {
		if err != nil || e.Path != "a" {
			t.Error(e, err)
		}
		break // the connection can be used afterwards
	}
	for _, err := range Walk(t.Context(), c, "none") {
		if fault.CodeOf(Explain(t.Context(), c, "none", err)) != fault.NotFound {
			t.Error(err)
		}
	}
}

func TestExpand(t *testing.T) {
	c := server(t, ftpservertest.Options{}, "d/", "d/a.csv", "d/b.csv", "d/.c.csv", "d/x[1]", "d/x1")
	for _, tt := range []struct {
		why, dir, pattern, literal string
		want                       []string
	}{
		{"sorted", "d", "*.csv", "*.csv", []string{"d/a.csv", "d/b.csv"}},
		{"hidden ones by a pattern that is", "d", ".*", ".*", []string{"d/.c.csv"}},
		{"what is called so is meant too", "d", "x[1]", "x[1]", []string{"d/x1", "d/x[1]"}},
		{"the current folder", "", "?", "?", []string{"d"}},
	} {
		found, err := Expand(t.Context(), c, tt.dir, tt.pattern, tt.literal)
		var got []string
		for _, e := range found {
			got = append(got, e.Path)
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: %q, %v; want %q", tt.why, got, err, tt.want)
		}
	}
	for why, dir := range map[string]string{"nothing fits": "d", "no such folder": "none"} {
		if _, err := Expand(t.Context(), c, dir, "*.none", "*.none"); fault.CodeOf(err) != fault.NotFound {
			t.Errorf("%s: %v", why, err)
		}
	}
}

func TestRemove(t *testing.T) {
	c := server(t, ftpservertest.Options{}, "d/e/f/", "d/e/1", "d/2", "keep")
	quiet := func(string) error { return nil }
	for _, tt := range []struct {
		why, name string
		all       bool
		code      fault.Code
	}{
		{"a folder without -r", "d", false, fault.Failed},
		{"nothing", "none", false, fault.NotFound},
		{"nothing, with all that is in it", "none", true, fault.NotFound},
	} {
		if err := Remove(t.Context(), c, tt.name, tt.all, quiet); fault.CodeOf(err) != tt.code {
			t.Errorf("%s: %v", tt.why, err)
		}
	}
	if got := paths(t, c, ""); len(got) != 6 {
		t.Fatalf("something is gone: %q", got)
	}
	var told []string
	err := Remove(t.Context(), c, "d", true, func(name string) error {
		told = append(told, name)
		return nil
	})
	if want := []string{"d/2", "d/e/1", "d/e/f", "d/e", "d"}; err != nil || !slices.Equal(told, want) {
		t.Errorf("%q, %v; want %q", told, err, want)
	}
	if got := paths(t, c, ""); !slices.Equal(got, []string{"keep"}) {
		t.Errorf("%q is left", got)
	}
	stop := errors.New("stop")
	if err := Remove(t.Context(), c, "keep", false, func(string) error { return stop }); err != stop {
		t.Error(err)
	}
}

func TestMove(t *testing.T) {
	c := server(t, ftpservertest.Options{}, "d/", "a", "b")
	for _, tt := range []struct{ why, from, to, want string }{
		{"another name", "a", "c", "c"},
		{"into a folder", "b", "d", "d/b"},
		{"into one that says so", "c", "d/", "d/c"},
		{"from there", "d/b", "/x", "/x"},
	} {
		if got, err := Move(t.Context(), c, tt.from, tt.to); err != nil || got != tt.want {
			t.Errorf("%s: %s, %v", tt.why, got, err)
		}
	}
	if _, err := Move(t.Context(), c, "none", "y"); fault.CodeOf(err) != fault.NotFound {
		t.Error(err)
	}
	if got := paths(t, c, ""); !slices.Equal(got, []string{"d", "d/c", "x"}) {
		t.Errorf("%q", got)
	}
}

// What is there and refused is not "not there".
func TestExplainKeepsRefusals(t *testing.T) {
	c := server(t, ftpservertest.Options{Perm: ftpserver.PermList | ftpserver.PermRead | ftpserver.PermWrite}, "a")
	err := Explain(t.Context(), c, "a", c.Remove(t.Context(), "a"))
	if refusal, ok := errors.AsType[*ftpclient.ReplyError](err); !ok || refusal.Reply.Code != ftp.CodeUnavailable || fault.CodeOf(err) != fault.Refused {
		t.Errorf("%v, exit code %d", err, fault.CodeOf(err))
	}
	if err := Explain(t.Context(), c, "a", nil); err != nil {
		t.Error(err)
	}
}
