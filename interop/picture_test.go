//go:build unix

package interop

import (
	"encoding/xml"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/sealift/sealift/interop/peers"
	"github.com/sealift/sealift/interop/peers/peertest"
	"github.com/sealift/sealift/probe"
)

var draw = flag.Bool("draw", false, "write docs/doctor.svg anew")

const pictureFile = "../docs/doctor.svg"

// inPicture are the probes that the picture shows: as many as fit.
var inPicture = []string{"software", "auth", "plain-login", "auth-injection", "tls-versions", "post-quantum",
	"data-race", "round-trip", "truncated-upload", "abor"}

// TestPicture: docs/doctor.svg shows what the doctor says of vsftpd today.
// -draw makes it so.
func TestPicture(t *testing.T) {
	text := fmt.Sprintf("$ sealift doctor alice@localhost   # %d of its %d probes\n\n", len(inPicture), len(probe.Probes())) + reportForPicture(t)
	if *draw {
		if err := os.WriteFile(pictureFile, []byte(terminal(text)), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	shown, err := os.ReadFile(pictureFile)
	if err != nil {
		t.Fatal(err)
	}
	got, want := withoutNumbers(textOf(t, shown)), withoutNumbers(withoutColors(text))
	if got != want {
		t.Errorf("docs/doctor.svg shows\n%s\nnow the doctor says\n%s\ngo test ./interop -run TestPicture -draw makes it anew", got, want)
	}
}

func reportForPicture(t *testing.T) string {
	t.Helper()
	s := peertest.Start(t, peers.VsFTPd, peers.Options{RequireReuse: true})
	o := doctorOptions(t, s)
	var b strings.Builder
	text := probe.Text{W: &b, Color: true, Width: 96}
	o.Host, o.Only, o.Each = "localhost", inPicture, text.Finding
	r, err := probe.Examine(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if err := text.End(r); err != nil {
		t.Fatal(err)
	}
	return strings.TrimRight(b.String(), "\n")
}

// Measures of the picture, in units of SVG.
const (
	charWidth, lineHeight = 8.4, 20.0
	margin, titleHeight   = 20.0, 40.0
)

// fills are the colours of the escape sequences that probe.Text uses.
var fills = map[string]string{
	"": "#d4d8e0", "1": "#ffffff", "2": "#7f8896", "32": "#6fcf7f", "36": "#62c4d6", "1;33": "#f2c14e", "1;31": "#ff7b72",
}

var escapes = regexp.MustCompile("\x1b\\[([0-9;]*)m")

func withoutColors(text string) string { return escapes.ReplaceAllString(text, "") }

// terminal draws text with escape sequences as a terminal shows it.
func terminal(text string) string {
	lines := strings.Split(text, "\n")
	columns := 0
	for _, line := range lines {
		columns = max(columns, utf8.RuneCountInString(withoutColors(line)))
	}
	width, height := float64(columns)*charWidth+2*margin, float64(len(lines))*lineHeight+titleHeight+margin
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %.0f %.0f" width="%.0f" height="%.0f" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace" font-size="14">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%.0f" height="%.0f" rx="8" fill="#1b1f27"/>`+"\n", width, height)
	for i, color := range []string{"#ff5f57", "#febc2e", "#28c840"} {
		fmt.Fprintf(&b, `<circle cx="%d" cy="18" r="6" fill="%s"/>`+"\n", 22+20*i, color)
	}
	for i, line := range lines {
		fmt.Fprintf(&b, `<text y="%.0f">%s</text>`+"\n", titleHeight+float64(i+1)*lineHeight-6, spans(line))
	}
	return b.String() + "</svg>\n"
}

// spans are the parts of a line, each at its column.
func spans(line string) string {
	var b strings.Builder
	column, fill := 0, fills[""]
	put := func(part string) {
		if part == "" {
			return
		}
		n := utf8.RuneCountInString(part)
		fmt.Fprintf(&b, `<tspan x="%.1f" textLength="%.1f" fill="%s" xml:space="preserve">`, margin+float64(column)*charWidth, float64(n)*charWidth, fill)
		xml.EscapeText(&b, []byte(part))
		b.WriteString("</tspan>")
		column += n
	}
	for line != "" {
		at := escapes.FindStringSubmatchIndex(line)
		if at == nil {
			put(line)
			break
		}
		put(line[:at[0]])
		fill = fills[strings.TrimPrefix(line[at[2]:at[3]], "0")]
		line = line[at[1]:]
	}
	return b.String()
}

// textOf is what a picture shows.
func textOf(t *testing.T, picture []byte) string {
	t.Helper()
	var b strings.Builder
	d := xml.NewDecoder(strings.NewReader(string(picture)))
	inText := false
	for {
		token, err := d.Token()
		if err == io.EOF {
			return strings.TrimRight(b.String(), "\n")
		}
		if err != nil {
			t.Fatal(err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			inText = inText || token.Name.Local == "text"
		case xml.EndElement:
			if token.Name.Local == "text" {
				inText = false
				b.WriteByte('\n')
			}
		case xml.CharData:
			if inText {
				b.Write(token)
			}
		}
	}
}

var numbers = regexp.MustCompile(`\d+(\.\d+)*|sealift-doctor-[0-9a-f]+|\s+`)

// withoutNumbers leaves out what differs from run to run: ports, times, and
// where a line breaks because of them.
func withoutNumbers(text string) string {
	return numbers.ReplaceAllStringFunc(text, func(found string) string {
		if strings.TrimSpace(found) == "" {
			return " "
		}
		return "#"
	})
}
