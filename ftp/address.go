package ftp

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// Errors of a data address.
var (
	// ErrAddress: not an address in the form that the command or reply has (501).
	ErrAddress = errors.New("ftp: malformed data address")
	// ErrFamily: an address family that is not 1 or 2, or an address that is
	// not of the family named with it (RFC 2428 §2: 522).
	ErrFamily = errors.New("ftp: address family not supported")
)

// Address family numbers of RFC 2428 §2.
const (
	FamilyIPv4 = 1
	FamilyIPv6 = 2
)

// ParseHostPort reads the argument of PORT, h1,h2,h3,h4,p1,p2: six decimal
// numbers of one to three digits, 0 to 255 each (RFC 959 §5.3.2). Spaces are
// allowed at both ends only. Port 0 is not refused. Every other form is
// ErrAddress.
func ParseHostPort(arg string) (netip.AddrPort, error) {
	arg = strings.Trim(arg, " ")
	a, n := scanHostPort(arg, false)
	if n == 0 || n != len(arg) {
		return netip.AddrPort{}, ErrAddress
	}
	return a, nil
}

// FormatHostPort is the inverse of ParseHostPort: "127,0,0,1,195,80". An
// IPv4-mapped IPv6 address counts as IPv4; an address that is not IPv4 has no
// such form, and the result is "".
func FormatHostPort(a netip.AddrPort) string {
	addr := a.Addr().Unmap()
	if !addr.Is4() {
		return ""
	}
	b := make([]byte, 0, len("255,255,255,255,255,255"))
	for _, octet := range addr.As4() {
		b = append(strconv.AppendUint(b, uint64(octet), 10), ',')
	}
	b = append(strconv.AppendUint(b, uint64(a.Port()>>8), 10), ',')
	return string(strconv.AppendUint(b, uint64(a.Port()&0xff), 10))
}

// ParsePassive reads the text of a 227 reply. Servers surround the address
// with parentheses, with other text, or with nothing, so the first six
// numbers parted by commas count (RFC 1123 §4.1.2.6); spaces may follow a
// comma. No such numbers, or port 0, is ErrAddress.
func ParsePassive(text string) (netip.AddrPort, error) {
	for i := 0; i < len(text); i++ {
		if !isDigit(text[i]) || i > 0 && isDigit(text[i-1]) {
			continue
		}
		a, n := scanHostPort(text[i:], true)
		if n > 0 && (i+n == len(text) || !isDigit(text[i+n])) && a.Port() != 0 {
			return a, nil
		}
	}
	return netip.AddrPort{}, ErrAddress
}

// scanHostPort reads h1,h2,h3,h4,p1,p2 at the start of s and returns the
// number of bytes it took, 0 if s does not start so.
func scanHostPort(s string, spaces bool) (netip.AddrPort, int) {
	var v [6]byte
	at := 0
	for i := range v {
		if i > 0 {
			if at == len(s) || s[at] != ',' {
				return netip.AddrPort{}, 0
			}
			at++
			for spaces && at < len(s) && s[at] == ' ' {
				at++
			}
		}
		octet, n := scanOctet(s[at:])
		if n == 0 {
			return netip.AddrPort{}, 0
		}
		v[i] = octet
		at += n
	}
	port := uint16(v[4])<<8 | uint16(v[5])
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte(v[:4])), port), at
}

func scanOctet(s string) (octet byte, n int) {
	value := 0
	for n < len(s) && n < 3 && isDigit(s[n]) {
		value = value*10 + int(s[n]-'0')
		n++
	}
	if value > 255 {
		return 0, 0
	}
	return byte(value), n
}

// ParseExtended reads the argument of EPRT, |family|address|port|, with any
// delimiter of the range 33–126 (RFC 2428 §2). Spaces are allowed at both
// ends only. An IPv4-mapped IPv6 address under family 2 stays mapped, and
// port 0 is not refused.
//
// ErrFamily comes with the family that was named. All else that is malformed
// is ErrAddress, an IPv6 zone too.
func ParseExtended(arg string) (family int, a netip.AddrPort, err error) {
	fields, ok := extendedFields(strings.Trim(arg, " "))
	if !ok {
		return 0, a, ErrAddress
	}
	f, err := parseDigits(fields[0], 16)
	if err != nil {
		return 0, a, ErrAddress
	}
	family = int(f)
	port, err := parseDigits(fields[2], 16)
	if err != nil {
		return family, a, ErrAddress
	}
	if family != FamilyIPv4 && family != FamilyIPv6 {
		return family, a, ErrFamily
	}
	addr, err := netip.ParseAddr(fields[1])
	if err != nil || addr.Zone() != "" {
		return family, a, ErrAddress
	}
	if addr.Is4() != (family == FamilyIPv4) {
		return family, a, ErrFamily
	}
	return family, netip.AddrPortFrom(addr, uint16(port)), nil
}

// FormatExtended is the inverse of ParseExtended: "|1|127.0.0.1|50000|".
func FormatExtended(a netip.AddrPort) string {
	family := FamilyIPv6
	if a.Addr().Is4() {
		family = FamilyIPv4
	}
	addr := a.Addr().WithZone("")
	return "|" + strconv.Itoa(family) + "|" + addr.String() + "|" + strconv.Itoa(int(a.Port())) + "|"
}

func extendedFields(s string) (fields [3]string, ok bool) {
	if s == "" || s[0] < 33 || s[0] > 126 {
		return fields, false
	}
	delimiter, rest := s[:1], s[1:]
	for i := range fields {
		fields[i], rest, ok = strings.Cut(rest, delimiter)
		if !ok {
			return fields, false
		}
	}
	return fields, rest == ""
}

// ParseExtendedPassive reads the text of a 229 reply, "… (|||port|)", with
// any delimiter of the range 33–126 (RFC 2428 §3). Where nothing of that form
// stands behind a parenthesis, it may stand anywhere, with a delimiter that
// is no letter or digit. Both fields before the port must be empty, as the
// RFC demands. No such port, or port 0, is ErrAddress.
func ParseExtendedPassive(text string) (port uint16, err error) {
	for i := range len(text) {
		if text[i] != '(' {
			continue
		}
		if port, ok := scanExtendedPort(text[i+1:]); ok {
			return port, nil
		}
	}
	for i := range len(text) {
		if isAlphanumeric(text[i]) {
			continue
		}
		if port, ok := scanExtendedPort(text[i:]); ok {
			return port, nil
		}
	}
	return 0, ErrAddress
}

// scanExtendedPort reads dddportd at the start of s.
func scanExtendedPort(s string) (port uint16, ok bool) {
	if len(s) < 5 || s[0] < 33 || s[0] > 126 || s[1] != s[0] || s[2] != s[0] {
		return 0, false
	}
	end := strings.IndexByte(s[3:min(len(s), 3+6)], s[0])
	if end < 0 {
		return 0, false
	}
	n, err := parseDigits(s[3:3+end], 16)
	return uint16(n), err == nil && n != 0
}
