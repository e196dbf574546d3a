package shell

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestHistory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a", "history")
	h, err := OpenHistory(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"ls", "ls", "", " ls -R", "quote PASS sesame", "site pswd sesame x", "open ftpes://a:sesame@h", "open ftpes://a@h/x:y@z", "cat compass",
	} {
		h.Add(line)
	}
	want := []string{"ls", "open ftpes://a@h/x:y@z", "cat compass"}
	if !slices.Equal(h.lines, want) || h.Err() != nil {
		t.Errorf("%q, %v; want %q", h.lines, h.Err(), want)
	}
	again, err := OpenHistory(file)
	if err != nil || !slices.Equal(again.lines, want) {
		t.Errorf("%q, %v; want %q", again.lines, err, want)
	}
	if again.Len() != 3 || again.At(0) != "cat compass" || again.At(2) != "ls" {
		t.Error("the last line comes first")
	}
}

func TestHistoryIsBounded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "history")
	var b strings.Builder
	for i := range 2*maxLines + 1 {
		fmt.Fprintf(&b, "line %d\n", i)
	}
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		h, err := OpenHistory(file)
		if err != nil || h.Len() != maxLines || h.At(0) != fmt.Sprintf("line %d", 2*maxLines) {
			t.Fatalf("%d lines, %v", h.Len(), err)
		}
	}
}

func TestHistoryThatCannotBeKept(t *testing.T) {
	h, err := OpenHistory("")
	if err != nil {
		t.Fatal(err)
	}
	if h.Add("ls"); h.Err() != nil || h.Len() != 1 {
		t.Errorf("without a file it is kept in memory: %v", h.Err())
	}
	dir := t.TempDir()
	h = &History{file: filepath.Join(dir, "file", "history")}
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if h.Add("ls"); h.Err() == nil || h.Len() != 1 {
		t.Error("an error of writing is not told, or loses the line")
	}
}

func TestHistoryFile(t *testing.T) {
	for _, tt := range []struct {
		why  string
		env  map[string]string
		want string
	}{
		{"XDG", map[string]string{"XDG_STATE_HOME": "/x", "HOME": "/h"}, "/x/sealift/history"},
		{"home", map[string]string{"HOME": "/h"}, "/h/.local/state/sealift/history"},
		{"none", nil, ""},
	} {
		if got := HistoryFile(func(name string) string { return tt.env[name] }); got != filepath.FromSlash(tt.want) {
			t.Errorf("%s: %s", tt.why, got)
		}
	}
}
