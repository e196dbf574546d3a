package screen

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/sealift/sealift/ftpclient"
)

// Form is how entries are shown.
type Form int

const (
	Short Form = iota // the path
	Long              // kind and mode, size, time, path
	JSON              // an object
)

// An object is an entry in JSON. What the server does not tell is left out.
type object struct {
	Name     string `json:"name"`
	Path     string `json:"path"`
	Type     string `json:"type"` // file, dir, link, other
	Size     *int64 `json:"size,omitempty"`
	Modified string `json:"modified,omitempty"` // RFC 3339, UTC
	Mode     string `json:"mode,omitempty"`     // octal
	Target   string `json:"target,omitempty"`
	Perm     string `json:"perm,omitempty"` // RFC 3659 §7.5.5
	Unique   string `json:"unique,omitempty"`
}

func objectOf(e ftpclient.Entry) object {
	o := object{Name: e.Name, Path: e.Path, Type: e.Kind.String(), Target: e.Target, Perm: e.Perm, Unique: e.Unique}
	if e.Size >= 0 && e.Kind == ftpclient.File {
		o.Size = &e.Size
	}
	if !e.ModTime.IsZero() {
		o.Modified = e.ModTime.UTC().Format(time.RFC3339)
	}
	if e.HasMode {
		o.Mode = fmt.Sprintf("%04o", e.Mode.Perm())
	}
	return o
}

// Print shows an entry on one line. label is what it is called there, in JSON
// its path is shown.
func (f Form) Print(w io.Writer, e ftpclient.Entry, label string) error {
	var err error
	switch f {
	case JSON:
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(objectOf(e))
	case Long:
		_, err = fmt.Fprintf(w, "%s %14s  %-19s  %s\n", mode(e), length(e), when(e), labelled(e, label))
	default:
		_, err = fmt.Fprintln(w, Printable(label))
	}
	return err
}

func labelled(e ftpclient.Entry, label string) string {
	if e.Target != "" {
		label += " -> " + e.Target
	}
	return Printable(label)
}

var kinds = map[ftpclient.Kind]string{ftpclient.File: "-", ftpclient.Dir: "d", ftpclient.Link: "l", ftpclient.Other: "?"}

// mode is "drwxr-xr-x", and "d?????????" where only the kind is known.
func mode(e ftpclient.Entry) string {
	if !e.HasMode {
		return kinds[e.Kind] + "?????????"
	}
	return kinds[e.Kind] + e.Mode.Perm().String()[1:]
}

func length(e ftpclient.Entry) string {
	if e.Size < 0 || e.Kind != ftpclient.File {
		return "-"
	}
	return strconv.FormatInt(e.Size, 10)
}

// when is in local time, as exact as the server tells it.
func when(e ftpclient.Entry) string {
	switch {
	case e.ModTime.IsZero():
		return "-"
	case e.Precision >= 24*time.Hour:
		return e.ModTime.UTC().Format(time.DateOnly)
	case e.Precision >= time.Minute:
		return e.ModTime.Local().Format("2006-01-02 15:04")
	}
	return e.ModTime.Local().Format(time.DateTime)
}

// PrintDetails shows an entry on several lines.
func PrintDetails(w io.Writer, e ftpclient.Entry) error {
	o := objectOf(e)
	size := ""
	if o.Size != nil {
		size = strconv.FormatInt(*o.Size, 10)
	}
	for _, line := range [][2]string{
		{"path", o.Path}, {"type", o.Type}, {"size", size}, {"modified", o.Modified},
		{"mode", o.Mode}, {"target", o.Target}, {"perm", o.Perm}, {"unique", o.Unique},
	} {
		if line[1] == "" {
			continue
		}
		if _, err := fmt.Fprintf(w, "%-9s %s\n", line[0], Printable(line[1])); err != nil {
			return err
		}
	}
	return nil
}
