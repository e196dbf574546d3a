package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/term"

	"github.com/sealift/sealift/cmd/sealift/internal/screen"
)

// Script carries out the lines of r, up to the first that fails.
func (s *Shell) Script(ctx context.Context, r io.Reader, name string) error {
	lines := bufio.NewScanner(r)
	for number := 1; lines.Scan(); number++ {
		quit, err := s.Do(ctx, strings.TrimSuffix(lines.Text(), "\r"))
		switch {
		case err != nil && name != "":
			return fmt.Errorf("%s:%d: %w", name, number, err)
		case err != nil || quit:
			return err
		}
	}
	return lines.Err()
}

// A Console is the terminal of Interact.
type Console struct {
	io.ReadWriter
	// Raw makes the terminal give keys as they are typed, until restore.
	Raw func() (restore func() error, err error)
	// Size is its width and height.
	Size func() (width, height int, err error)
	// Command runs one command: what interrupts it does not end the shell.
	Command func(run func(context.Context) error) error
	// Complain shows an error.
	Complain func(error)
	History  *History
}

// Interact reads lines from a person until the last one.
func (s *Shell) Interact(c Console) error {
	s.patient = true
	s.history = c.History
	t := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{&keys{r: c.ReadWriter}, c.ReadWriter}, "")
	t.History = c.History
	t.AutoCompleteCallback = func(line string, pos int, key rune) (string, int, bool) {
		if key != '\t' {
			return "", 0, false
		}
		return s.tab(t, line, pos)
	}
	for {
		line, err := s.read(c, t)
		if errors.Is(err, io.EOF) {
			_, err = fmt.Fprintln(c)
			return err
		}
		if err != nil {
			return err
		}
		quit := false
		err = c.Command(func(ctx context.Context) error {
			var err error
			quit, err = s.Do(ctx, line)
			return err
		})
		if err != nil {
			c.Complain(err)
		}
		if quit {
			return nil
		}
	}
}

// read takes a line; the terminal is raw meanwhile.
func (s *Shell) read(c Console, t *term.Terminal) (line string, err error) {
	restore, err := c.Raw()
	if err != nil {
		return "", err
	}
	if width, height, err := c.Size(); err == nil && width > 0 {
		if err := t.SetSize(width, height); err != nil {
			return "", errors.Join(err, restore())
		}
	}
	t.SetPrompt(s.prompt())
	line, err = t.ReadLine()
	if errors.Is(err, term.ErrPasteIndicator) {
		err = nil
	}
	return line, errors.Join(err, restore())
}

func (s *Shell) prompt() string {
	if s.session == nil {
		return "sealift> "
	}
	return screen.Printable(s.session.Name+":"+s.cwd) + "> "
}

// tab completes. What could follow is shown above the line.
func (s *Shell) tab(t *term.Terminal, line string, pos int) (string, int, bool) {
	completed, at, choices := s.Complete(context.Background(), line, pos)
	if len(choices) > 0 {
		var b strings.Builder
		for _, name := range choices {
			b.WriteString(screen.Printable(name) + "\n")
		}
		// A terminal that cannot be written to ends the shell at its next line.
		_, _ = io.WriteString(t, b.String())
	}
	return completed, at, true
}

// keys turns Ctrl-C, which the line editor takes for the end, into what
// empties the line: Ctrl-E Ctrl-U.
type keys struct {
	r       io.Reader
	pending []byte
}

func (k *keys) Read(p []byte) (int, error) {
	if len(k.pending) == 0 {
		typed := make([]byte, max(1, len(p)/2))
		n, err := k.r.Read(typed)
		if err != nil && n == 0 {
			return 0, err
		}
		for _, c := range typed[:n] {
			if c == 3 {
				k.pending = append(k.pending, 5, 21)
			} else {
				k.pending = append(k.pending, c)
			}
		}
	}
	n := copy(p, k.pending)
	k.pending = k.pending[n:]
	return n, nil
}
