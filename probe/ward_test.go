package probe

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sealift/sealift/ftp"
)

// fault is a way in which a ward is ill.
type fault int

const (
	_ fault = iota
	tellsVersion
	refusesAUTH
	takesPlainLogin
	needsNoPassword
	takesAnyAUTH
	takesAUTHTwice
	runsBehindAUTH
	takesPBSZInClear
	takesAnyPROT
	answersHTTP
	cutsLongLines
	refusesLogin
	claimsXCRC
	hasNoFEAT
	hasNoMLSD
	breaksMLSD
	tellsNoDates
	takesAnyREST
	forgetsEPSVAll
	hasNoEPSV
	hidesPorts
	takesAnyFamily
	tellsWrongAddress
	countsPorts
	takesStrangers
	comesNever
	hasNoActive
	connectsAnywhere
	connectsToLowPorts
	sendsClear
	checksClearEarly
	takesSmallPForClear
	takesUnresumed
	hasOtherDataCertificate
	sendsNoCloseNotify
	changesBytes
	takesCutUploads
	keepsCutUploads
	emptiesFirst
	answers226ToReset
	losesTheEnd
	hasNoREST
	ignoresREST
	hasNoMFMT
	hasOldMDTM
	ignoresMFMT
	hasNoHASH
	hashesWrongly
	refusesUTF8
	dropsUTF8
	cutsListings
	holdsNOOP
	refusesNOOP
	ignoresABOR
	answersABOROnce
	keepsDirectories
	dropsAfterLogin
	failsFirstLogin
	impatient // no fault: it bears no silence
)

// ward is a small FTPS server with faults of choice. Without any it is one
// that the doctor has nothing to say about.
type ward struct {
	t       testing.TB
	faults  map[fault]bool
	tls     *tls.Config
	addr    netip.AddrPort
	mu      sync.Mutex
	files   map[string][]byte
	dirs    map[string]bool
	dates   map[string]string
	port    uint16 // the last one of countsPorts
	logins  int
	limit   time.Duration   // of silence
	written map[string]bool // every name that was ever there
}

func newWard(t testing.TB, cfg *tls.Config, faults ...fault) *ward {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &ward{t: t, tls: cfg, faults: map[fault]bool{}, files: map[string][]byte{}, dirs: map[string]bool{}, dates: map[string]string{},
		written: map[string]bool{}, limit: 20 * time.Second, addr: l.Addr().(*net.TCPAddr).AddrPort()}
	for _, f := range faults {
		w.faults[f] = true
	}
	if w.ill(impatient) {
		w.limit = 100 * time.Millisecond
	}
	var sessions sync.WaitGroup
	t.Cleanup(func() { l.Close(); sessions.Wait() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			sessions.Go(func() { w.serve(c) })
		}
	}()
	return w
}

func (w *ward) ill(f fault) bool { return w.faults[f] }

// visit is one control connection.
type visit struct {
	*ward
	raw, conn net.Conn
	in        *bufio.Reader
	cfg       *tls.Config // nil in clear
	user      string
	in230     bool
	pbsz      bool
	private   bool
	epsvAll   bool
	offset    int
	listener  net.Listener
	active    netip.AddrPort
	early     bool // protection when the port was asked for
	busy      chan struct{}
	cancel    func()
}

func (w *ward) serve(c net.Conn) {
	v := &visit{ward: w, raw: c, conn: c, in: bufio.NewReader(c)}
	defer v.end()
	greeting := "220 Welcome"
	if w.ill(tellsVersion) {
		greeting = "220 (vsFTPd 3.0.3)"
	}
	v.say(greeting)
	for {
		c.SetReadDeadline(time.Now().Add(w.limit))
		line, err := v.in.ReadString('\n')
		if err != nil {
			return
		}
		if !v.do(strings.TrimRight(line, "\r\n")) {
			return
		}
	}
}

func (v *visit) end() {
	v.drop()
	v.raw.Close()
	if v.cancel != nil {
		v.cancel()
		<-v.busy
	}
}

func (v *visit) drop() {
	if v.listener != nil {
		v.listener.Close()
	}
	v.listener, v.active = nil, netip.AddrPort{}
}

func (v *visit) say(lines ...string) bool {
	v.conn.SetWriteDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprint(v.conn, strings.Join(lines, "\r\n")+"\r\n")
	return true
}

// do answers one line; false ends the connection.
func (v *visit) do(line string) bool {
	if len(line) > 4096 {
		if !v.ill(cutsLongLines) {
			return v.say("500 Too long")
		}
		for range len(line) / 2048 {
			v.say("500 Unknown")
		}
		return true
	}
	verb, arg, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	if slices.Contains([]string{"POST", "GET"}, verb) && !v.ill(answersHTTP) {
		v.say("421 No")
		return false
	}
	if v.busy != nil {
		return v.during(line, verb)
	}
	if h := beforeLogin[verb]; h != nil {
		return h(v, arg)
	}
	if !v.in230 {
		return v.say("530 Log in first")
	}
	if h := afterLogin[verb]; h != nil {
		return h(v, arg)
	}
	return v.say("500 Unknown")
}

// The commands; filled by init, since some lead to others.
var beforeLogin, afterLogin map[string]func(*visit, string) bool

func init() {
	beforeLogin, afterLogin = accessCommands(), fileCommands()
}

func accessCommands() map[string]func(*visit, string) bool {
	return map[string]func(*visit, string) bool{
		"AUTH": (*visit).auth, "PBSZ": (*visit).pbsz0, "PROT": (*visit).prot, "USER": (*visit).name, "PASS": (*visit).pass,
		"FEAT": (*visit).feat,
		"SYST": func(v *visit, _ string) bool { return v.say("215 UNIX Type: L8") },
		"NOOP": func(v *visit, _ string) bool { return v.say("200 OK") },
		"QUIT": func(v *visit, _ string) bool { v.say("221 Bye"); return false },
	}
}

func (v *visit) auth(arg string) bool {
	known := slices.Contains([]string{"TLS", "SSL", "TLS-C"}, arg)
	switch {
	case v.ill(refusesAUTH):
		return v.say("502 No TLS")
	case v.cfg != nil && v.ill(takesAUTHTwice):
		return v.say("234 Again")
	case v.cfg != nil:
		return v.say("503 In TLS already")
	case !known && !v.ill(takesAnyAUTH):
		return v.say("504 Unknown mechanism")
	case v.in.Buffered() > 0 && !v.ill(runsBehindAUTH):
		v.say("421 Nothing may follow AUTH")
		return false
	}
	v.say("234 Go")
	behind, _ := v.in.Peek(v.in.Buffered())
	if !v.handshake() {
		return false
	}
	if len(behind) > 0 {
		line, _, _ := strings.Cut(string(behind), "\r\n")
		return v.do(line)
	}
	return true
}

func (v *visit) handshake() bool {
	v.raw.SetDeadline(time.Now().Add(v.limit))
	v.cfg = v.config()
	conn := tls.Server(v.raw, v.cfg)
	if conn.Handshake() != nil {
		return false
	}
	v.conn, v.in = conn, bufio.NewReader(conn)
	v.user, v.in230, v.pbsz, v.private = "", false, false, false
	return true
}

func (v *visit) pbsz0(string) bool {
	if v.cfg == nil && !v.ill(takesPBSZInClear) {
		return v.say("503 AUTH first")
	}
	v.pbsz = true
	return v.say("200 PBSZ=0")
}

func (v *visit) prot(arg string) bool {
	switch {
	case v.cfg == nil || !v.pbsz:
		return v.say("503 PBSZ first")
	case arg == "p" && v.ill(takesSmallPForClear):
		v.private = false
	case arg == "P" || arg == "p":
		v.private = true
	case v.ill(takesAnyPROT):
	case arg == "C" && (v.ill(sendsClear) || v.ill(checksClearEarly)):
		v.private = false
	case arg == "C":
		return v.say("534 P alone")
	case arg == "S" || arg == "E":
		return v.say("536 No")
	default:
		return v.say("504 Unknown level")
	}
	return v.say("200 OK")
}

func (v *visit) name(arg string) bool {
	switch {
	case v.cfg == nil && v.ill(needsNoPassword):
		return v.say("230 In")
	case v.cfg == nil && !v.ill(takesPlainLogin):
		return v.say("530 TLS first")
	}
	v.user = arg
	return v.say("331 Password")
}

func (v *visit) pass(arg string) bool {
	v.mu.Lock()
	v.logins++
	first := v.logins == 1
	v.mu.Unlock()
	switch {
	case first && v.ill(failsFirstLogin):
		return false
	case v.ill(refusesLogin) || v.user != "user" || arg != "secret":
		return v.say("530 No")
	}
	v.in230 = true
	v.say("230 In")
	return !v.ill(dropsAfterLogin)
}

func (v *visit) feat(string) bool {
	if v.ill(hasNoFEAT) {
		return v.say("211 None")
	}
	facts := "type*;size*;modify*;"
	if v.ill(tellsNoDates) {
		facts = "type*;size*;"
	}
	lines := []string{"211-Features:", " EPSV", " EPRT", " MDTM", " MFMT", " SIZE", " UTF8", " PBSZ", " PROT", " REST STREAM", " MLST " + facts}
	if v.ill(claimsXCRC) {
		lines = append(lines, " XCRC")
	}
	return v.say(append(lines, "211 End")...)
}

// during answers what comes in a transfer.
func (v *visit) during(line, verb string) bool {
	switch {
	case verb == "NOOP" && v.ill(refusesNOOP):
		return v.say("500 Busy")
	case verb == "NOOP" && !v.ill(holdsNOOP):
		return v.say("200 OK")
	case verb == "ABOR" && !v.ill(ignoresABOR):
		v.cancel()
		<-v.busy
		v.busy, v.cancel = nil, nil
		if v.ill(answersABOROnce) {
			return true
		}
		return v.say("226 Aborted")
	}
	<-v.busy
	v.busy, v.cancel = nil, nil
	if verb == "ABOR" {
		return true
	}
	return v.do(line)
}

func (v *visit) address(arg, verb string) bool {
	var to netip.AddrPort
	var err error
	if verb == "PORT" {
		to, err = ftp.ParseHostPort(arg)
	} else {
		_, to, err = ftp.ParseExtended(arg)
	}
	switch {
	case err != nil:
		return v.say("501 What?")
	case v.epsvAll && !v.ill(forgetsEPSVAll):
		return v.say("501 EPSV ALL was given")
	case v.ill(hasNoActive):
		return v.say("502 Off")
	case to.Addr() != netip.MustParseAddr("127.0.0.1") && !v.ill(connectsAnywhere):
		return v.say("504 Not yours")
	case to.Port() < 1024 && !v.ill(connectsToLowPorts):
		return v.say("504 Too low")
	}
	v.drop()
	v.active = to
	return v.say("200 OK")
}

// left are the names that are still there, and whether there ever were any.
func (w *ward) left() (names []string, ever bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Concat(slices.Collect(maps.Keys(w.files)), slices.Collect(maps.Keys(w.dirs))), len(w.written) > 0
}

var errGone = errors.New("the transfer was given up")

func number(text string) int {
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
