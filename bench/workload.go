package main

import (
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/sealift/sealift/bench/load"
)

// A workload is one row of the table.
type workload struct {
	name string
	// unit of the figure that counts: lower is better in all of them.
	unit string
	// must is the most that the ratio to the best peer may be; 0: not said.
	must float64
	// prepare makes what run needs, once for each server, unmeasured.
	prepare func(s *server) error
	// amount is how much work there is, in what the unit divides by.
	amount float64
	// options are those of the sessions, as many as that, which are logged in
	// before the measurement begins.
	options  func(s *server) load.Options
	sessions int
	// run does the part of one session. nil: the memory of the sessions is
	// what is measured.
	run func(l *load.Session, s *server, i int) error
	// skip names servers that cannot do it, with the reason.
	skip map[string]string
}

// scale is how much of everything.
type scale struct {
	bulk    int64 // bytes of a large file
	files   int   // small files of a run
	logins  int
	idle    []int // sessions
	entries int   // of a listing
	noops   int   // round trips of a session
	rounds  int
}

var (
	quick = scale{bulk: 8 << 20, files: 16, logins: 8, idle: []int{20}, entries: 500, noops: 50, rounds: 1}
	full  = scale{bulk: 1 << 30, files: 400, logins: 200, idle: []int{1000}, entries: 100_000, noops: 2000, rounds: 5}
)

const (
	smallFile = 4 << 10
	gib       = 1 << 30
)

type channel struct {
	name    string
	version uint16
	clear   bool
}

var channels = []channel{
	{"TLS 1.3", tls.VersionTLS13, false},
	{"TLS 1.2", tls.VersionTLS12, false},
	{"PROT C", tls.VersionTLS13, true},
}

// workloads are all rows, in the order of the table.
func workloads(c setting, n scale) []workload {
	var all []workload
	for _, ch := range channels {
		for _, sessions := range []int{1, 4} {
			all = append(all, bulk(c, n, ch, sessions, false), bulk(c, n, ch, sessions, true))
		}
	}
	for _, ch := range channels[:2] {
		for _, sessions := range []int{1, 8} {
			all = append(all, small(c, n, ch, sessions, true), small(c, n, ch, sessions, false))
		}
	}
	all = append(all, login(c, n, true), login(c, n, false))
	for _, verb := range []string{"MLSD", "LIST", "NLST"} {
		all = append(all, listing(c, n, verb))
	}
	all = append(all, noop(c, n))
	for _, k := range n.idle {
		all = append(all, idle(c, k))
	}
	return all
}

// bulk moves one large file in each session at a time.
func bulk(c setting, n scale, ch channel, sessions int, up bool) workload {
	size := n.bulk / int64(sessions)
	name := func(i int) string { return fmt.Sprintf("bulk-%d-%d", sessions, i) }
	w := workload{name: fmt.Sprintf("%s, %s, %s", direction(up), ch.name, plural(sessions, "session")), unit: "CPU-s/GiB"}
	if w.must = 0.92; up {
		w.must = 1.0
	}
	if ch.clear {
		w.must = 0 // no target is set
	}
	w.amount = float64(size*int64(sessions)) / gib
	w.sessions, w.options = sessions, optionsOf(c, ch)
	w.prepare = func(s *server) error {
		for i := range sessions {
			if err := makeFile(filepath.Join(s.home, name(i)), size); err != nil {
				return err
			}
		}
		return nil
	}
	w.run = func(l *load.Session, s *server, i int) error {
		if !up {
			return l.Retrieve(name(i), size)
		}
		return errors.Join(l.Store("up-"+name(i), size), sizeIs(filepath.Join(s.home, "up-"+name(i)), size))
	}
	return w
}

// small moves many small files in each session, one after the other.
func small(c setting, n scale, ch channel, sessions int, up bool) workload {
	each := max(1, n.files/sessions)
	w := workload{name: fmt.Sprintf("4 KiB files, %s, %s, %s", direction(up), ch.name, plural(sessions, "session")), unit: "CPU-ms/file"}
	if w.must = 0.9; ch.version == tls.VersionTLS12 {
		w.must = 1.2
	}
	w.amount = float64(each*sessions) / 1000
	w.sessions, w.options = sessions, optionsOf(c, ch)
	w.prepare = func(s *server) error { return makeFile(filepath.Join(s.home, "small"), smallFile) }
	w.run = func(l *load.Session, s *server, i int) error {
		for k := range each {
			if err := smallOne(l, s, up, fmt.Sprintf("up-%d-%d", i, k%50)); err != nil {
				return err
			}
		}
		return nil
	}
	return w
}

func smallOne(l *load.Session, s *server, up bool, name string) error {
	if !up {
		return l.Retrieve("small", smallFile)
	}
	return errors.Join(l.Store(name, smallFile), sizeIs(filepath.Join(s.home, name), smallFile))
}

// login logs in and out, one after the other, with and without the work that
// Sealift puts into the password's hash.
func login(c setting, n scale, hash bool) workload {
	w := workload{name: "login, TLS 1.3, ECDSA P-256, password hash as shipped", unit: "CPU-ms/login"}
	if !hash {
		w.name, w.must = "login, TLS 1.3, ECDSA P-256, without the password hash", 1.0
	}
	w.amount = float64(n.logins) / 1000
	w.sessions, w.options = 1, optionsOf(c, channels[0])
	w.run = func(_ *load.Session, s *server, _ int) error {
		o := w.options(s)
		if !hash && s.hashes {
			o.User = quickUser
		}
		for range n.logins {
			l, err := load.Dial(o)
			if err != nil {
				return err
			}
			if err := l.Close(); err != nil {
				return err
			}
		}
		return nil
	}
	return w
}

// listing lists one large folder.
func listing(c setting, n scale, verb string) workload {
	w := workload{name: fmt.Sprintf("%s of %d entries", verb, n.entries), unit: "CPU-µs/entry", must: 1.5}
	if verb == "MLSD" {
		w.skip = map[string]string{"vsftpd": "has no MLSD"}
	}
	w.amount = float64(n.entries) / 1e6
	w.sessions, w.options = 1, optionsOf(c, channels[0])
	w.prepare = func(s *server) error { return makeMany(filepath.Join(s.home, "many"), n.entries) }
	w.run = func(l *load.Session, _ *server, _ int) error {
		got, err := l.List(verb, "many")
		if err == nil && got != n.entries {
			err = fmt.Errorf("%s shows %d of %d entries", verb, got, n.entries)
		}
		return err
	}
	return w
}

// noop is the round trip of a command that does nothing.
func noop(c setting, n scale) workload {
	const sessions = 8
	return workload{
		name: "NOOP, 8 sessions", unit: "CPU-µs/round trip", must: 1.0,
		amount: float64(sessions*n.noops) / 1e6, sessions: sessions, options: optionsOf(c, channels[0]),
		run: func(l *load.Session, _ *server, _ int) error {
			for range n.noops {
				if err := l.Noop(); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// idle keeps sessions that are logged in and do nothing.
func idle(c setting, k int) workload {
	return workload{
		name: fmt.Sprintf("memory of an idle session, of %d", k), unit: "KiB",
		amount: float64(k) * 1024, sessions: k, options: optionsOf(c, channels[0]),
	}
}

func optionsOf(c setting, ch channel) func(*server) load.Options {
	return func(s *server) load.Options { return s.options(c, ch.version, ch.clear) }
}

// dialAll logs in as often as the workload needs, a few at a time.
func (w workload) dialAll(s *server) ([]*load.Session, error) {
	all := make([]*load.Session, w.sessions)
	err := sideBySide(min(w.sessions, 4), func(first int) error {
		for i := first; i < w.sessions; i += 4 {
			l, err := load.Dial(w.options(s))
			if err != nil {
				return err
			}
			all[i] = l
		}
		return nil
	})
	if err != nil {
		drop(all)
	}
	return all, err
}

func drop(all []*load.Session) {
	for _, l := range all {
		if l != nil {
			l.Drop()
		}
	}
}

// sideBySide calls f n times, all at once.
func sideBySide(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func direction(up bool) string {
	if up {
		return "upload"
	}
	return "download"
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func makeFile(name string, size int64) error {
	block := make([]byte, 1<<20)
	for i := range block {
		block[i] = byte(i * 7)
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	defer f.Close()
	for size > 0 {
		n, err := f.Write(block[:min(size, int64(len(block)))])
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}

func makeMany(dir string, n int) error {
	if err := os.Mkdir(dir, 0o755); err != nil {
		if os.IsExist(err) {
			return nil
		}
		return err
	}
	for i := range n {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("file-%07d.dat", i)), nil, 0o644); err != nil {
			return err
		}
	}
	return nil
}

func sizeIs(name string, want int64) error {
	info, err := os.Stat(name)
	if err == nil && info.Size() != want {
		err = fmt.Errorf("%s has %d bytes on disk, not %d", name, info.Size(), want)
	}
	return err
}
