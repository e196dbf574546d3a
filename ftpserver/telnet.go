package ftpserver

// Telnet's bytes (RFC 854).
const (
	se   = 240
	sb   = 250
	will = 251
	wont = 252
	do   = 253
	dont = 254
	iac  = 255

	firstTelnetCommand = 236
)

// telnet takes Telnet's sequences out of a stream of bytes.
type telnet struct {
	phase telnetPhase
	verb  byte // WILL, WONT, DO or DONT, whose option comes next
	sub   int  // bytes of a subnegotiation so far
}

type telnetPhase uint8

const (
	telnetData telnetPhase = iota
	telnetIAC
	telnetOption
	telnetSub
	telnetSubIAC
)

func (t *telnet) idle() bool { return t.phase == telnetData }

// step looks at one byte: is it data, and is an answer due? Every option is
// declined (RFC 1123 §4.1.2.12). An urgent signal may leave an IAC without
// its command byte: an IAC before an ordinary byte is dropped alone.
func (t *telnet) step(c byte) (data byte, keep bool, answer []byte) {
	switch t.phase {
	case telnetIAC:
		return t.command(c)
	case telnetOption:
		t.phase = telnetData
		return 0, false, decline(t.verb, c)
	case telnetSub, telnetSubIAC:
		t.subnegotiation(c)
		return 0, false, nil
	}
	if c == iac {
		t.phase = telnetIAC
		return 0, false, nil
	}
	return c, true, nil
}

func (t *telnet) command(c byte) (data byte, keep bool, answer []byte) {
	t.phase = telnetData
	switch {
	case c == iac || c < firstTelnetCommand:
		return c, true, nil
	case c == sb:
		t.phase, t.sub = telnetSub, 0
	case c >= will:
		t.phase, t.verb = telnetOption, c
	}
	return 0, false, nil
}

func (t *telnet) subnegotiation(c byte) {
	t.sub++
	switch {
	case t.phase == telnetSub && c == iac:
		t.phase = telnetSubIAC
	case t.phase == telnetSubIAC && c == se:
		t.phase, t.sub = telnetData, 0
	case t.phase == telnetSubIAC:
		t.phase = telnetSub
	}
}

func decline(verb, option byte) []byte {
	switch verb {
	case will:
		return []byte{iac, dont, option}
	case do:
		return []byte{iac, wont, option}
	}
	return nil
}
