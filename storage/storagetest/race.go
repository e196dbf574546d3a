package storagetest

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sealift/sealift/storage"
)

var raceTests = []test{
	{"writers and readers of one name see whole files only", raceOneName},
	{"everything at once leaves the Meter right", raceEverything},
}

// racing is how long a race runs.
const racing = 300 * time.Millisecond

// race runs the functions, each again and again, at the same time.
func race(functions ...func(round int)) {
	end := time.Now().Add(racing)
	var wg sync.WaitGroup
	for _, f := range functions {
		wg.Go(func() {
			for round := 0; time.Now().Before(end); round++ {
				f(round)
			}
		})
	}
	wg.Wait()
}

func raceOneName(s *suite) {
	versions := []string{"", strings.Repeat("a", 70_000), strings.Repeat("b", 30_000), strings.Repeat("c", 100)}
	s.put("f", "")
	write := func(data string) func(int) {
		return func(int) {
			w, err := s.fs.Create(s.ctx(), s.path("f"), all(storage.Mode{}))
			for piece := range slices.Chunk([]byte(data), 1000) {
				if err == nil {
					_, err = w.Write(piece)
				}
			}
			if err == nil {
				err = w.Commit()
			}
			if err != nil {
				s.Errorf("upload: %v", err)
			}
		}
	}
	read := func(int) {
		data, err := s.read("f", 0)
		if err != nil || !slices.Contains(versions, data) {
			s.Errorf("read %d bytes, %q, %v", len(data), shorten(data), err)
		}
	}
	race(write(versions[1]), write(versions[2]), write(versions[3]), read, read)
	s.lists("", "f")
}

// raceEverything lets each of several clients of both accounts do, in turn, all
// that can be done to a few names; of the errors only the kind is looked at.
func raceEverything(s *suite) {
	var clients []func(int)
	for i := range 6 {
		client := s
		if i%3 == 2 {
			client = s.as(s.other)
		}
		clients = append(clients, func(round int) {
			name := fmt.Sprint("f", (round*7+i)%2)
			if i%3 == 2 {
				name = fmt.Sprint("g", round%2)
			}
			if err := client.anything(name, round*5+i); err != nil && !expected(err) {
				s.Errorf("%s: %v", name, err)
			}
		})
	}
	race(clients...)
	for name := range 2 {
		s.emptied(fmt.Sprint("f", name))
		s.as(s.other).emptied(fmt.Sprint("g", name))
	}
	s.metered("all removed", 0, 0)
}

// anything does the n-th of some things to name.
func (s *suite) anything(name string, n int) error {
	switch n % 11 {
	case 0, 1:
		return s.upload(name, storage.Mode{Append: true}, storage.Writer.Commit)
	case 2, 3:
		return s.upload(name, storage.Mode{Offset: 4}, storage.Writer.Commit)
	case 4, 5:
		return s.upload(name, storage.Mode{Allow: storage.AllowNew}, storage.Writer.Commit)
	case 6:
		return s.upload(name, storage.Mode{}, storage.Writer.Abort)
	case 7:
		return s.upload(name, storage.Mode{Append: true}, storage.Writer.Suspend)
	case 8:
		return s.rename(name, name[:1]+"0", n%2 == 0)
	case 9:
		return s.remove(name, storage.File)
	}
	return s.upload(name, storage.Mode{}, storage.Writer.Suspend)
}

func (s *suite) upload(name string, m storage.Mode, end func(storage.Writer) error) error {
	w, err := s.fs.Create(s.ctx(), s.path(name), all(m))
	if err != nil {
		return err
	}
	_, err = w.Write([]byte("data"))
	return errors.Join(err, end(w))
}

func expected(err error) bool {
	var unfinished *storage.UnfinishedError
	return errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, storage.ErrBusy) ||
		errors.Is(err, storage.ErrOffset) || errors.As(err, &unfinished)
}

// emptied removes what stands under name.
func (s *suite) emptied(name string) {
	s.Helper()
	if err := s.remove(name, storage.File); err != nil {
		s.is(err, fs.ErrNotExist)
	}
}
