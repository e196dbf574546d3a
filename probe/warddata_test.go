package probe

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/sealift/sealift/ftp"
)

// config is the TLS of one session: its tickets carry its name, so that a
// data connection can be told to be its own.
func (v *visit) config() *tls.Config {
	cfg, id := v.tls.Clone(), []byte(rand.Text())
	if cfg.SessionTicketsDisabled {
		return cfg
	}
	cfg.SetSessionTicketKeys([][32]byte{wardKey})
	cfg.WrapSession = func(cs tls.ConnectionState, ss *tls.SessionState) ([]byte, error) {
		ss.Extra = append(ss.Extra, id)
		return cfg.EncryptTicket(cs, ss)
	}
	cfg.UnwrapSession = func(identity []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		ss, err := cfg.DecryptTicket(identity, cs)
		if ss == nil || err != nil {
			return nil, nil
		}
		if v.user != "" && !slices.ContainsFunc(ss.Extra, func(e []byte) bool { return string(e) == string(id) }) {
			return nil, nil // a data connection with somebody else's ticket
		}
		return ss, nil
	}
	return cfg
}

var wardKey = [32]byte([]byte("a key that is no secret in tests"))

func (v *visit) listen() error {
	v.drop()
	v.early = v.private
	if !v.ill(countsPorts) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		v.listener = l
		return err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for {
		if v.port++; v.port < 20000 || v.port > 31000 {
			v.port = 20000 + uint16(v.addr.Port()%10000)
		}
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", v.port))
		if err == nil {
			v.listener = l
			return nil
		}
	}
}

func (v *visit) toldPort() uint16 {
	port := v.listener.Addr().(*net.TCPAddr).AddrPort().Port()
	if v.ill(hidesPorts) {
		v.listener.Close()
	}
	return port
}

func (v *visit) epsv(arg string) bool {
	switch {
	case v.ill(hasNoEPSV):
		return v.say("500 Unknown")
	case arg == "ALL":
		v.epsvAll = true
		return v.say("200 OK")
	case arg != "" && arg != "1" && !v.ill(takesAnyFamily):
		return v.say("522 Use (1)")
	}
	if err := v.listen(); err != nil {
		return v.say("425 No port")
	}
	return v.say(fmt.Sprintf("229 Passive (|||%d|)", v.toldPort()))
}

func (v *visit) pasv(string) bool {
	if v.epsvAll && !v.ill(forgetsEPSVAll) {
		return v.say("501 EPSV ALL was given")
	}
	if err := v.listen(); err != nil {
		return v.say("425 No port")
	}
	a := netip.MustParseAddr("127.0.0.1")
	if v.ill(tellsWrongAddress) {
		a = netip.MustParseAddr("127.0.0.9")
	}
	return v.say("227 Passive (" + ftp.FormatHostPort(netip.AddrPortFrom(a, v.toldPort())) + ")")
}

// transferring takes the route and starts a transfer beside the commands.
func (v *visit) transferring(run func(context.Context, net.Conn, *endWatch) string) bool {
	if v.listener == nil && !v.active.IsValid() {
		return v.say("425 No data address")
	}
	private := v.private
	if v.ill(checksClearEarly) && !v.early {
		return v.say("521 PROT P first")
	}
	if !private && !v.ill(sendsClear) && !v.ill(checksClearEarly) && !v.ill(takesSmallPForClear) {
		return v.say("521 PROT P first")
	}
	v.say("150 Here it comes")
	l, active, cfg := v.listener, v.active, v.cfg
	v.listener, v.active = nil, netip.AddrPort{}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	v.busy, v.cancel = ended, cancel
	go func() {
		defer close(ended)
		defer cancel()
		conn, watch, err := v.connect(ctx, l, active, private, cfg)
		if err != nil {
			v.say("425 No connection")
			return
		}
		stop := context.AfterFunc(ctx, func() { watch.Close() })
		defer stop()
		reply := run(ctx, conn, watch)
		if ctx.Err() != nil {
			reply = "426 Aborted"
		}
		watch.Close()
		v.say(reply)
	}()
	return v.quickly(ended)
}

// quickly waits for a transfer that ends at once, so that commands come when
// it has ended; an upload that goes on is left to itself.
func (v *visit) quickly(ended chan struct{}) bool {
	for {
		v.raw.SetReadDeadline(time.Now().Add(5 * time.Millisecond))
		_, err := v.in.Peek(1)
		select {
		case <-ended:
			v.busy, v.cancel = nil, nil
			return true
		default:
		}
		if err == nil {
			return true
		}
		var late net.Error
		if !errors.As(err, &late) || !late.Timeout() {
			return false
		}
	}
}

func (v *visit) connect(ctx context.Context, l net.Listener, active netip.AddrPort, private bool, cfg *tls.Config) (net.Conn, *endWatch, error) {
	if l == nil {
		if v.ill(comesNever) {
			<-ctx.Done()
			return nil, nil, errGone
		}
		raw, err := net.Dial("tcp", active.String())
		if err != nil {
			return nil, nil, err
		}
		return v.protect(raw, private, cfg)
	}
	defer l.Close()
	l.(*net.TCPListener).SetDeadline(time.Now().Add(3 * time.Second))
	stop := context.AfterFunc(ctx, func() { l.Close() })
	defer stop()
	for {
		raw, err := l.Accept()
		if err != nil {
			return nil, nil, err
		}
		if addressOf(raw.RemoteAddr()) != addressOf(v.raw.RemoteAddr()) && !v.ill(takesStrangers) {
			raw.Close()
			continue
		}
		if conn, watch, err := v.protect(raw, private, cfg); err == nil {
			return conn, watch, nil
		}
		raw.Close()
	}
}

func (v *visit) protect(raw net.Conn, private bool, cfg *tls.Config) (net.Conn, *endWatch, error) {
	raw.SetDeadline(time.Now().Add(5 * time.Second))
	watch := &endWatch{Conn: raw}
	if !private {
		return watch, watch, nil
	}
	if v.ill(hasOtherDataCertificate) {
		cfg = certified(v.t, nil)
	}
	conn := tls.Server(watch, cfg)
	if err := conn.Handshake(); err != nil {
		return nil, nil, err
	}
	if !conn.ConnectionState().DidResume && !v.ill(takesUnresumed) && !v.ill(hasOtherDataCertificate) && !cfg.SessionTicketsDisabled {
		return nil, nil, errors.New("not resumed")
	}
	return conn, watch, nil
}

func (v *visit) send(data []byte) bool {
	return v.transferring(func(_ context.Context, conn net.Conn, watch *endWatch) string {
		if _, err := conn.Write(data); err != nil {
			return "426 Cut"
		}
		if c, secure := conn.(*tls.Conn); secure && !v.ill(sendsNoCloseNotify) {
			c.CloseWrite()
		}
		watch.Conn.(*net.TCPConn).CloseWrite()
		watch.SetReadDeadline(time.Now().Add(time.Second))
		io.Copy(io.Discard, watch.Conn)
		return "226 Done"
	})
}

func (v *visit) stor(name string) bool {
	offset := v.offset
	v.offset = 0
	if v.ill(refusesUTF8) && slices.ContainsFunc([]byte(name), func(b byte) bool { return b > 127 }) {
		return v.say("553 No")
	}
	if v.ill(emptiesFirst) && offset == 0 {
		v.keep(name, 0, nil)
	}
	return v.transferring(func(ctx context.Context, conn net.Conn, watch *endWatch) string {
		got, err := io.ReadAll(conn)
		cut := err != nil || watch.ended.Load() && v.private
		switch {
		case cut && ctx.Err() != nil:
			return "426 Aborted"
		case err != nil && v.ill(answers226ToReset):
			return "226 Done"
		case cut && err == nil && v.ill(takesCutUploads):
		case cut && (v.ill(keepsCutUploads) || v.ill(emptiesFirst)):
			v.keep(name, offset, got)
			return "426 Cut"
		case cut:
			return "426 Cut"
		}
		v.keep(name, offset, got)
		if c, secure := conn.(*tls.Conn); secure {
			c.CloseWrite()
		}
		return "226 Done"
	})
}
