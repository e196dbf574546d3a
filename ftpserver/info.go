package ftpserver

import (
	"crypto/tls"
	"crypto/x509"
	"net/netip"
	"sync"
	"time"
)

// SessionInfo is what one session is and does at a moment.
type SessionInfo struct {
	ID       string
	User     string // "" before the login
	Remote   netip.AddrPort
	Began    time.Time
	Client   string // what CLNT said; from the peer, not to be trusted
	Implicit bool
	// TLS describes the control connection; zero in clear, but for Peer.
	TLS TLSInfo
	// Verb, Path, Bytes and Since describe the transfer that runs; Verb is ""
	// if none does.
	Verb  string
	Path  string
	Bytes int64
	Since time.Time
}

// TLSInfo is what a handshake agreed on. Names are those of IANA and of
// crypto/tls.
type TLSInfo struct {
	Version     string // "TLS 1.3"
	CipherSuite string
	// KeyExchange is the group: "X25519MLKEM768" is one that a quantum
	// computer does not break. "" where there was none: RSA key exchange, and
	// TLS 1.2 resumed.
	KeyExchange string
	Resumed     bool
	Certificate string // subject of the client's; "" if none
	// Peer is the client's certificate, also after CCC; nil if none.
	Peer *x509.Certificate
}

// String is what STAT shows: "TLS 1.3, TLS_AES_128_GCM_SHA256,
// X25519MLKEM768".
func (t TLSInfo) String() string {
	if t.KeyExchange == "" {
		return t.Version + ", " + t.CipherSuite
	}
	return t.Version + ", " + t.CipherSuite + ", " + t.KeyExchange
}

// info is what others may see of a session.
type info struct {
	mu      sync.Mutex
	shown   SessionInfo
	running *transfer
}

func (i *info) set(change func(*SessionInfo)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	change(&i.shown)
}

func (i *info) setRunning(t *transfer) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.running = t
}

func (s *session) snapshot() SessionInfo {
	s.info.mu.Lock()
	defer s.info.mu.Unlock()
	shown := s.info.shown
	if t := s.info.running; t != nil {
		shown.Verb, shown.Path, shown.Since, shown.Bytes = t.verb, string(t.path), t.began, t.moved.Load()
	}
	return shown
}

func (s *session) publishTLS() {
	var shown TLSInfo
	if s.tls != nil {
		shown = tlsInfo(s.tls.ConnectionState())
	}
	shown.Peer = s.peer
	s.info.set(func(i *SessionInfo) { i.TLS = shown })
}

func tlsInfo(cs tls.ConnectionState) TLSInfo {
	shown := TLSInfo{
		Version:     tls.VersionName(cs.Version),
		CipherSuite: tls.CipherSuiteName(cs.CipherSuite),
		Resumed:     cs.DidResume,
	}
	if cs.CurveID != 0 {
		shown.KeyExchange = cs.CurveID.String()
	}
	if len(cs.PeerCertificates) > 0 {
		shown.Certificate = cs.PeerCertificates[0].Subject.String()
	}
	return shown
}

// logFields say which session a line of the log is about.
func (s *session) logFields() []any {
	fields := []any{"session", s.id, "remote", s.remote.String()}
	if s.user != "" {
		fields = append(fields, "user", s.user)
	}
	return fields
}
