package ftpserver

import (
	"context"
	"errors"
	"net/netip"
	"strings"

	"github.com/sealift/sealift/ftp"
)

const firstUserPort = 1024 // no connection is made to a lower one (RFC 2577 §3)

// typ sets the representation of data (RFC 959 §3.1.1).
func (s *session) typ(_ context.Context, arg string) (ftp.Reply, error) {
	switch strings.ToUpper(strings.Join(strings.Fields(arg), " ")) {
	case "A", "A N", "A T":
		s.ascii, s.state.Converts = true, !s.grant.ASCIIOff
		return ftp.Reply{Code: ftp.CodeOK, Text: "Lines of text from now on"}, nil
	case "I", "L 8":
		s.ascii, s.state.Converts = false, false
		return ftp.Reply{Code: ftp.CodeOK, Text: "Plain bytes from now on"}, nil
	}
	return ftp.Reply{Code: ftp.CodeBadParameter, Text: "TYPE is A, I or L 8 here"}, nil
}

// mode sets the transmission mode (RFC 959 §3.4); Z is that of
// draft-preston-ftpext-deflate.
func (s *session) mode(_ context.Context, arg string) (ftp.Reply, error) {
	switch mode := strings.ToUpper(arg); {
	case mode == "S":
		s.state.Deflates = false
	case mode == "Z" && s.policy.Compression:
		s.state.Deflates = true
	default:
		return ftp.Replyf(ftp.CodeBadParameter, "MODE is %s here", strings.Join(s.modes(), " or ")), nil
	}
	return ftp.Replyf(ftp.CodeOK, "MODE %s", strings.ToUpper(arg)), nil
}

func (s *session) modes() []string {
	if s.policy.Compression {
		return []string{"S", "Z"}
	}
	return []string{"S"}
}

func featMode(s *session) string {
	if !s.policy.Compression {
		return ""
	}
	return "MODE Z"
}

func (s *session) stru(_ context.Context, arg string) (ftp.Reply, error) {
	if !strings.EqualFold(arg, "F") {
		return ftp.Reply{Code: ftp.CodeBadParameter, Text: "STRU is F here"}, nil
	}
	return ftp.Reply{Code: ftp.CodeOK, Text: "STRU F"}, nil
}

// pasv opens a port for the next transfer (RFC 959 §4.1.2).
func (s *session) pasv(context.Context, string) (ftp.Reply, error) {
	if s.state.IPv6 {
		return ftp.Reply{Code: ftp.CodeRefused, Text: "PASV has IPv4 addresses alone: use EPSV"}, nil
	}
	port, refusal := s.listen()
	if !refusal.IsZero() {
		return refusal, nil
	}
	told := s.cfg.PublicAddress(s.remote.Addr()).Unmap()
	if !told.Is4() {
		told = s.local.Addr()
	}
	return ftp.Replyf(ftp.CodePassive, "Entering Passive Mode (%s)", ftp.FormatHostPort(netip.AddrPortFrom(told, port))), nil
}

// epsv is the same for both address families (RFC 2428 §3).
func (s *session) epsv(_ context.Context, arg string) (ftp.Reply, error) {
	ours := "1"
	if s.state.IPv6 {
		ours = "2"
	}
	switch strings.ToUpper(arg) {
	case "", ours:
	case "ALL":
		s.state.EPSVAll = true
		return ftp.Reply{Code: ftp.CodeOK, Text: "Only EPSV from now on"}, nil
	case "1", "2":
		return ftp.Replyf(ftp.CodeDataTLS, "Network protocol not supported, use (%s)", ours), nil
	default:
		return familyReply(arg), nil
	}
	port, refusal := s.listen()
	if !refusal.IsZero() {
		return refusal, nil
	}
	return ftp.Replyf(ftp.CodeExtendedPassive, "Entering Extended Passive Mode (|||%d|)", port), nil
}

func familyReply(arg string) ftp.Reply {
	if _, err := ftp.ParseNumber(arg); err != nil {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "EPSV takes 1, 2 or ALL"}
	}
	return ftp.Reply{Code: ftp.CodeDataTLS, Text: "Network protocol not supported, use (1,2)"}
}

// listen makes a passive route.
func (s *session) listen() (port uint16, refusal ftp.Reply) {
	s.dropRoute()
	r, port, err := passive(s.local.Addr(), s.remote.Addr(), s.cfg.PassivePorts, s.cfg.Limits.PassiveTimeout)
	if err != nil {
		s.cfg.Log.Warn("no passive port", append(s.logFields(), "error", err.Error())...)
		return 0, ftp.Reply{Code: ftp.CodeNoData, Text: "No passive port is free; try again in a moment"}
	}
	s.setRoute(r)
	return port, ftp.Reply{}
}

// port takes the client's data port (RFC 959 §4.1.2).
func (s *session) port(_ context.Context, arg string) (ftp.Reply, error) {
	to, err := ftp.ParseHostPort(arg)
	if err != nil {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "PORT needs h1,h2,h3,h4,p1,p2"}, nil
	}
	return s.dialLater(to), nil
}

// eprt is the same for both address families (RFC 2428 §2).
func (s *session) eprt(_ context.Context, arg string) (ftp.Reply, error) {
	family, to, err := ftp.ParseExtended(arg)
	switch {
	case errors.Is(err, ftp.ErrFamily) && family != ftp.FamilyIPv4 && family != ftp.FamilyIPv6:
		return ftp.Reply{Code: ftp.CodeDataTLS, Text: "Network protocol not supported, use (1,2)"}, nil
	case err != nil:
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "EPRT needs |1|address|port| or |2|address|port|"}, nil
	}
	return s.dialLater(to), nil
}

// dialLater makes an active route, to the client itself and no third party
// (RFC 2577 §3). lftp sends :: for its own IPv6 address: the unspecified
// address means the client's.
func (s *session) dialLater(to netip.AddrPort) ftp.Reply {
	if to.Addr().IsUnspecified() {
		to = netip.AddrPortFrom(s.remote.Addr(), to.Port())
	}
	if to.Addr() != s.remote.Addr() || to.Port() < firstUserPort {
		return ftp.Reply{Code: ftp.CodeBadParameter, Text: "Data goes to your own address and a port from 1024 on"}
	}
	s.setRoute(active(s.local.Addr(), to, s.cfg.Limits.AcceptTimeout))
	return ftp.Reply{Code: ftp.CodeOK, Text: "The next transfer connects there"}
}

// rest sets where the next transfer begins (RFC 3659 §5).
func (s *session) rest(_ context.Context, arg string) (ftp.Reply, error) {
	n, err := ftp.ParseNumber(arg)
	if err != nil {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "REST needs a number of bytes"}, nil
	}
	s.state = s.state.withoutOffset()
	s.state.Offset = n
	return ftp.Replyf(ftp.CodePending, "The next transfer begins at byte %d", n), nil
}

// rang sets which bytes the next RETR or HASH takes (draft-bryan-ftp-range).
func (s *session) rang(_ context.Context, arg string) (ftp.Reply, error) {
	first, last, err := ftp.ParseRange(arg)
	if err != nil {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "RANG needs the first byte and the last"}, nil
	}
	s.state = s.state.withoutOffset()
	switch {
	case first == 1 && last == 0:
		return ftp.Reply{Code: ftp.CodePending, Text: "The next transfer is whole"}, nil
	case first > last:
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "The first byte comes behind the last"}, nil
	case s.state.Converts:
		return ftp.Reply{Code: ftp.CodeWrongState, Text: "RANG needs TYPE I"}, nil
	}
	s.state.Ranged, s.state.First, s.state.Last = true, first, last
	return ftp.Replyf(ftp.CodePending, "The next RETR or HASH takes bytes %d to %d", first, last), nil
}

// allo notes how large the next upload will be (RFC 959 §4.1.3), and says
// early that it cannot be.
func (s *session) allo(_ context.Context, arg string) (ftp.Reply, error) {
	fields := strings.Fields(arg)
	if len(fields) != 1 && (len(fields) != 3 || !strings.EqualFold(fields[1], "R")) {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "ALLO needs a number of bytes"}, nil
	}
	n, err := ftp.ParseNumber(fields[0])
	if err == nil && len(fields) == 3 {
		_, err = ftp.ParseNumber(fields[2])
	}
	if err != nil {
		return ftp.Reply{Code: ftp.CodeBadArgument, Text: "ALLO needs a number of bytes"}, nil
	}
	if s.grant.Usage != nil {
		if left := s.grant.Usage().left(); left >= 0 && n > left {
			return ftp.Replyf(ftp.CodeQuota, "Only %d bytes are left of your quota", left), nil
		}
	}
	s.expect = n
	return ftp.Reply{Code: ftp.CodeOK, Text: "Noted"}, nil
}

// abor when nothing runs: an unused port is closed (RFC 959 §4.1.3). While a
// transfer runs, attend answers it.
func (s *session) abor(context.Context, string) (ftp.Reply, error) {
	if s.route != nil && !s.route.single {
		s.dropRoute()
	}
	return ftp.Reply{Code: ftp.CodeDone, Text: "Nothing to abort"}, nil
}
