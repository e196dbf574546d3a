package probe

import (
	"crypto/sha256"
	"fmt"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

func fileCommands() map[string]func(*visit, string) bool {
	return map[string]func(*visit, string) bool{
		"TYPE": done, "OPTS": done,
		"MKD": (*visit).mkd, "RMD": (*visit).rmd, "DELE": (*visit).dele, "SIZE": (*visit).size,
		"MFMT": (*visit).mfmt, "MDTM": (*visit).mdtm, "MLST": (*visit).mlst, "HASH": (*visit).hash, "REST": (*visit).rest,
		"EPSV": (*visit).epsv, "PASV": (*visit).pasv,
		"PORT": func(v *visit, arg string) bool { return v.address(arg, "PORT") },
		"EPRT": func(v *visit, arg string) bool { return v.address(arg, "EPRT") },
		"STOR": (*visit).stor, "RETR": (*visit).retr, "LIST": (*visit).list, "NLST": (*visit).list, "MLSD": (*visit).mlsd,
	}
}

func done(v *visit, _ string) bool { return v.say("200 OK") }

func (v *visit) mkd(arg string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.dirs[arg], v.written[arg] = true, true
	return v.say(`257 "` + arg + `"`)
}

func (v *visit) rmd(arg string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case v.ill(keepsDirectories), !v.dirs[arg], len(v.under(arg)) > 0:
		return v.say("550 No")
	}
	delete(v.dirs, arg)
	return v.say("250 OK")
}

// under are the names in a directory; mu is held.
func (w *ward) under(dir string) (names []string) {
	for name := range w.files {
		if path.Dir(name) == dir {
			names = append(names, path.Base(name))
		}
	}
	for name := range w.dirs {
		if path.Dir(name) == dir {
			names = append(names, path.Base(name))
		}
	}
	slices.Sort(names)
	return names
}

func (v *visit) dele(arg string) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, there := v.files[arg]; !there {
		return v.say("550 No")
	}
	delete(v.files, arg)
	return v.say("250 OK")
}

func (w *ward) content(name string) ([]byte, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	data, there := w.files[name]
	return data, there
}

func (v *visit) size(arg string) bool {
	data, there := v.content(arg)
	if !there {
		return v.say("550 No")
	}
	return v.say(fmt.Sprintf("213 %d", len(data)))
}

func (v *visit) mfmt(arg string) bool {
	date, name, _ := strings.Cut(arg, " ")
	_, there := v.content(name)
	switch {
	case v.ill(hasNoMFMT) || v.ill(hasOldMDTM):
		return v.say("500 Unknown")
	case !there:
		return v.say("550 No")
	case !v.ill(ignoresMFMT):
		v.setDate(name, date)
	}
	return v.say("213 Modify=" + date + "; " + name)
}

func (w *ward) setDate(name, date string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dates[name] = date
}

func (v *visit) mdtm(arg string) bool {
	date, name, two := strings.Cut(arg, " ")
	if two && v.ill(hasOldMDTM) {
		v.setDate(name, date)
		return v.say("213 OK")
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, there := v.files[arg]; !there {
		return v.say("550 No")
	}
	if date = v.dates[arg]; date == "" {
		date = "20261125120000"
	}
	return v.say("213 " + date)
}

func (v *visit) mlst(string) bool { return v.say("550 No") }

func (v *visit) hash(arg string) bool {
	data, there := v.content(arg)
	switch {
	case v.ill(hasNoHASH):
		return v.say("500 Unknown")
	case !there:
		return v.say("550 No")
	case v.ill(hashesWrongly):
		data = data[1:]
	}
	return v.say(fmt.Sprintf("213 SHA-256 0-%d %x %s", len(data)-1, sha256.Sum256(data), arg))
}

func (v *visit) rest(arg string) bool {
	n := number(arg)
	switch {
	case v.ill(hasNoREST) && n > 0:
		return v.say("502 No")
	case n < 0 && !v.ill(takesAnyREST):
		return v.say("501 No number")
	case !v.ill(ignoresREST):
		v.offset = max(n, 0)
	}
	return v.say("350 OK")
}

func (v *visit) retr(arg string) bool {
	data, there := v.content(arg)
	offset := v.offset
	v.offset = 0
	if !there || offset > len(data) {
		return v.say("550 No")
	}
	if v.ill(changesBytes) && len(data) > 0 {
		data = append([]byte{data[0] + 1}, data[1:]...)
	}
	return v.send(data[offset:])
}

func (v *visit) list(arg string) bool {
	v.mu.Lock()
	names := v.under(arg)
	if arg == "" {
		names = v.under(".")
	}
	v.mu.Unlock()
	if v.ill(cutsListings) && len(names) > 100 {
		names = names[:100]
	}
	var b strings.Builder
	b.WriteString("welcome.txt\r\n")
	if arg != "" {
		b.Reset()
	}
	for _, name := range names {
		if v.ill(dropsUTF8) && len(name) != utf8.RuneCountInString(name) {
			continue
		}
		b.WriteString(name + "\r\n")
	}
	return v.send([]byte(b.String()))
}

func (v *visit) mlsd(string) bool {
	switch {
	case v.ill(hasNoMLSD):
		return v.say("500 Unknown")
	case v.ill(breaksMLSD):
		return v.send([]byte("-rw-r--r-- 1 a b 12 Nov 22 10:15 welcome.txt\r\n"))
	}
	return v.send([]byte("type=file;size=12;modify=20261125120000; welcome.txt\r\n"))
}

// keep is what becomes of an upload.
func (v *visit) keep(name string, offset int, got []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	old := v.files[name]
	if offset > len(old) {
		offset = len(old)
	}
	data := append(slices.Clone(old[:offset]), got...)
	if v.ill(losesTheEnd) && len(data) > 200_000 {
		data = data[:200_000]
	}
	v.files[name], v.written[name] = data, true
}
