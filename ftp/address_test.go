package ftp

import (
	"errors"
	"net/netip"
	"strings"
	"testing"
)

func TestParseHostPort(t *testing.T) {
	for _, c := range []struct{ why, arg, want string }{
		{"the common form", "127,0,0,1,195,80", "127.0.0.1:50000"},
		{"all bytes can be 255", "255,255,255,255,255,255", "255.255.255.255:65535"},
		{"port 0 is the caller's question", "10,0,0,1,0,0", "10.0.0.1:0"},
		{"decimal, not octal", "010,0,0,008,004,001", "10.0.0.8:1025"},
		{"spaces at the ends (959 §5.3)", "  127,0,0,1,4,1 ", "127.0.0.1:1025"},
		{"a space inside", "127,0,0,1, 4,1", ""},
		{"256 is no byte", "256,0,0,1,4,1", ""},
		{"nor as part of the port", "127,0,0,1,256,1", ""},
		{"four digits are none", "0127,0,0,1,4,1", ""},
		{"a sign is no digit", "127,0,0,1,+4,1", ""},
		{"five numbers", "127,0,0,1,4", ""},
		{"seven numbers", "127,0,0,1,4,1,1", ""},
		{"a missing number", "127,0,,1,4,1", ""},
		{"a comma too many", "127,0,0,1,4,1,", ""},
		{"points are not commas", "127.0.0.1.4.1", ""},
		{"parentheses belong to 227", "(127,0,0,1,4,1)", ""},
		{"digits of other scripts", "127,0,0,1,4,١", ""},
		{"nothing", "", ""},
	} {
		got, err := ParseHostPort(c.arg)
		checkAddress(t, c.why, c.arg, got, err, c.want)
	}
}

func checkAddress(t *testing.T, why, arg string, got netip.AddrPort, err error, want string) {
	t.Helper()
	if want == "" {
		if !errors.Is(err, ErrAddress) || got != (netip.AddrPort{}) {
			t.Errorf("%s: %q gives %v, %v; want ErrAddress", why, arg, got, err)
		}
		return
	}
	if err != nil || got.String() != want {
		t.Errorf("%s: %q gives %v, %v; want %s", why, arg, got, err, want)
	}
}

func TestFormatHostPort(t *testing.T) {
	for _, c := range []struct{ why, addr, want string }{
		{"the common form", "127.0.0.1:50000", "127,0,0,1,195,80"},
		{"the smallest", "0.0.0.0:0", "0,0,0,0,0,0"},
		{"the longest", "255.255.255.255:65535", "255,255,255,255,255,255"},
		{"a mapped address is IPv4", "[::ffff:10.0.0.1]:1025", "10,0,0,1,4,1"},
		{"IPv6 has no such form", "[::1]:1025", ""},
	} {
		if got := FormatHostPort(netip.MustParseAddrPort(c.addr)); got != c.want {
			t.Errorf("%s: %s gives %q, want %q", c.why, c.addr, got, c.want)
		}
	}
	if got := FormatHostPort(netip.AddrPort{}); got != "" {
		t.Errorf("no address gives %q", got)
	}
}

func TestParseExtended(t *testing.T) {
	for _, c := range []struct {
		why, arg string
		family   int
		want     string
		err      error
	}{
		{"the RFC's first example", "|1|132.235.1.2|6275|", 1, "132.235.1.2:6275", nil},
		{"the RFC's second example", "|2|1080::8:800:200C:417A|5282|", 2, "[1080::8:800:200c:417a]:5282", nil},
		{"any delimiter of 33–126", "!1!10.0.0.1!1025!", 1, "10.0.0.1:1025", nil},
		{"the last delimiter", "~2~::1~1025~", 2, "[::1]:1025", nil},
		{"even a digit", "91910.0.0.1910259", 1, "10.0.0.1:1025", nil},
		{"spaces at the ends", " |1|10.0.0.1|1025| ", 1, "10.0.0.1:1025", nil},
		{"a mapped address stays what it is", "|2|::ffff:10.0.0.1|1025|", 2, "[::ffff:10.0.0.1]:1025", nil},
		{"port 0 is the caller's question", "|1|10.0.0.1|0|", 1, "10.0.0.1:0", nil},
		{"an unknown family is named", "|3|x|1025|", 3, "", ErrFamily},
		{"family 0 is not known", "|0|10.0.0.1|1025|", 0, "", ErrFamily},
		{"IPv6 under 1", "|1|::1|1025|", 1, "", ErrFamily},
		{"IPv4 under 2", "|2|10.0.0.1|1025|", 2, "", ErrFamily},
		{"a zone means nothing to a peer", "|2|fe80::1%eth0|1025|", 2, "", ErrAddress},
		{"a name is no address", "|1|localhost|1025|", 1, "", ErrAddress},
		{"an octal-looking address", "|1|010.0.0.1|1025|", 1, "", ErrAddress},
		{"a short address", "|1|10.1|1025|", 1, "", ErrAddress},
		{"brackets belong to URLs", "|2|[::1]|1025|", 2, "", ErrAddress},
		{"no address", "|1||1025|", 1, "", ErrAddress},
		{"a port too high", "|1|10.0.0.1|65536|", 1, "", ErrAddress},
		{"a port with a sign", "|1|10.0.0.1|+1025|", 1, "", ErrAddress},
		{"no port", "|1|10.0.0.1||", 1, "", ErrAddress},
		{"a family that is no number", "|x|10.0.0.1|1025|", 0, "", ErrAddress},
		{"a family past 16 bits", "|65536|10.0.0.1|1025|", 0, "", ErrAddress},
		{"no last delimiter", "|1|10.0.0.1|1025", 0, "", ErrAddress},
		{"text behind the last", "|1|10.0.0.1|1025|x", 0, "", ErrAddress},
		{"a field too many", "|1|10.0.0.1|1025||", 0, "", ErrAddress},
		{"the delimiter is in the address", ".1.10.0.0.1.1025.", 0, "", ErrAddress},
		{"a delimiter below 33", "\t1\t10.0.0.1\t1025\t", 0, "", ErrAddress},
		{"a delimiter above 126", "\x7f1\x7f10.0.0.1\x7f1025\x7f", 0, "", ErrAddress},
		{"nothing", "", 0, "", ErrAddress},
	} {
		family, got, err := ParseExtended(c.arg)
		if family != c.family || !errors.Is(err, c.err) {
			t.Errorf("%s: %q gives family %d, %v; want %d, %v", c.why, c.arg, family, err, c.family, c.err)
			continue
		}
		if c.err == nil && got.String() != c.want || c.err != nil && got.IsValid() {
			t.Errorf("%s: %q gives %v, want %q", c.why, c.arg, got, c.want)
		}
	}
}

func TestFormatExtended(t *testing.T) {
	for _, c := range []struct{ why, addr, want string }{
		{"IPv4", "127.0.0.1:50000", "|1|127.0.0.1|50000|"},
		{"IPv6", "[::1]:50000", "|2|::1|50000|"},
		{"a zone is ours alone", "[fe80::1%eth0]:50000", "|2|fe80::1|50000|"},
	} {
		if got := FormatExtended(netip.MustParseAddrPort(c.addr)); got != c.want {
			t.Errorf("%s: %s gives %q, want %q", c.why, c.addr, got, c.want)
		}
	}
}

func TestParsePassive(t *testing.T) {
	for _, c := range []struct{ why, text, want string }{
		{"the form of 959", "Entering Passive Mode (127,0,0,1,195,80).", "127.0.0.1:50000"},
		{"no parentheses (1123 §4.1.2.6)", "Entering Passive Mode 127,0,0,1,195,80", "127.0.0.1:50000"},
		{"the form of old BSD", "Entering Passive Mode =127,0,0,1,195,80", "127.0.0.1:50000"},
		{"nothing else", "127,0,0,1,195,80", "127.0.0.1:50000"},
		{"spaces behind the commas", "(127, 0, 0, 1, 195, 80)", "127.0.0.1:50000"},
		{"other numbers first", "Mode 2, 3 of 1,2 (127,0,0,1,195,80)", "127.0.0.1:50000"},
		{"a number too large does not end the search", "(999,0,0,1,195,80) 127,0,0,1,195,80", "127.0.0.1:50000"},
		{"a search never starts inside a number", "(1127,0,0,1,195,80)", ""},
		{"nor ends inside one", "(127,0,0,1,195,801)", ""},
		{"port 0 can not be called", "(127,0,0,1,0,0)", ""},
		{"five numbers", "(127,0,0,1,195)", ""},
		{"spaces before commas are no known form", "(127 ,0 ,0 ,1 ,195 ,80)", ""},
		{"nothing", "", ""},
	} {
		got, err := ParsePassive(c.text)
		checkAddress(t, c.why, c.text, got, err, c.want)
	}
}

func TestParseExtendedPassive(t *testing.T) {
	for _, c := range []struct {
		why, text string
		want      uint16 // 0: ErrAddress
	}{
		{"the RFC's example", "Entering Extended Passive Mode (|||6446|)", 6446},
		{"another delimiter", "Entering Extended Passive Mode (!!!65535!)", 65535},
		{"a digit as delimiter", "Mode (99912349)", 1234},
		{"text behind it", "Mode (|||6446|). Go on", 6446},
		{"no parentheses", "Entering Extended Passive Mode |||6446|", 6446},
		{"a parenthesis in the text", "Mode (extended) (|||6446|)", 6446},
		{"the parenthesis wins", "a...1234. (|||6446|)", 6446},
		{"a field before the port", "Mode (|1||6446|)", 0},
		{"a host before the port", "Mode (||10.0.0.1|6446|)", 0},
		{"letters and digits delimit nothing in the open", "Mode aaa6446a 11164461", 0},
		{"port 0 can not be called", "Mode (|||0|)", 0},
		{"a port too high", "Mode (|||65536|)", 0},
		{"a sign", "Mode (|||+644|)", 0},
		{"no last delimiter", "Mode (|||6446)", 0},
		{"two kinds of delimiters", "Mode (|!|6446|)", 0},
		{"spaces delimit nothing", "Mode    6446 ", 0},
		{"cut short", "Mode (|||", 0},
		{"nothing", "", 0},
	} {
		got, err := ParseExtendedPassive(c.text)
		if got != c.want || (err == nil) != (c.want != 0) || err != nil && !errors.Is(err, ErrAddress) {
			t.Errorf("%s: %q gives %d, %v; want %d", c.why, c.text, got, err, c.want)
		}
	}
}

func FuzzParseHostPort(f *testing.F) {
	for _, arg := range []string{"127,0,0,1,195,80", " 010,0,0,8,4,1", "256,0,0,1,4,1", "1,2,3,4,5", "+1,2,3,4,5,6"} {
		f.Add(arg)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		a, err := ParseHostPort(arg)
		if err != nil {
			return
		}
		if again, err := ParseHostPort(FormatHostPort(a)); again != a || err != nil {
			t.Errorf("%q gives %v, and that %v, %v", arg, a, again, err)
		}
		if p, err := ParsePassive("(" + arg + ")"); a.Port() != 0 && !strings.Contains(arg, " ") && (p != a || err != nil) {
			t.Errorf("%q is %v in PORT, and %v, %v in 227", arg, a, p, err)
		}
	})
}

func FuzzParseExtended(f *testing.F) {
	for _, arg := range []string{"|1|132.235.1.2|6275|", "!2!::1!5282!", "|3|x|1|", "|2|fe80::1%a|1|", ".1.1.2.3.4.5."} {
		f.Add(arg)
	}
	f.Fuzz(func(t *testing.T, arg string) {
		family, a, err := ParseExtended(arg)
		if err != nil {
			if a.IsValid() {
				t.Errorf("%q is %v and gives an address", arg, err)
			}
			return
		}
		again, b, err := ParseExtended(FormatExtended(a))
		if again != family || a != b || err != nil {
			t.Errorf("%q gives %d %v, and that %d %v, %v", arg, family, a, again, b, err)
		}
	})
}

func FuzzParsePassive(f *testing.F) {
	for _, text := range []string{"Mode (127,0,0,1,195,80).", "=1,2,3,4,5,6", "1, 2, 3, 4, 5, 6", "1,2,3,4,5,6,7", "9999,1,1,1,1,1"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := ParsePassive(text)
		if err != nil {
			return
		}
		if !a.Addr().Is4() || a.Port() == 0 {
			t.Errorf("%q gives %v", text, a)
		}
		if again, err := ParsePassive(FormatHostPort(a)); again != a || err != nil {
			t.Errorf("%q gives %v, and that %v, %v", text, a, again, err)
		}
	})
}

func FuzzParseExtendedPassive(f *testing.F) {
	for _, text := range []string{"Mode (|||6446|)", "(99912349)", "|||1|", "(|1||6446|)", "(((|||5|"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		port, err := ParseExtendedPassive(text)
		if (err == nil) != (port != 0) {
			t.Errorf("%q gives %d, %v", text, port, err)
		}
	})
}
