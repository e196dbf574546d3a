// Package control is how the other commands speak to a running server: JSON
// over HTTP, on a socket in the data directory that only its owner can open.
package control

import "time"

// SocketName is the socket's name in the data directory.
const SocketName = "control.sock"

// Status is how the server is.
type Status struct {
	Version    string    `json:"version"`
	PID        int       `json:"pid"`
	Health     string    `json:"health"` // "ok" or "degraded"
	Started    time.Time `json:"started"`
	DataDir    string    `json:"data_dir"`
	Config     string    `json:"config,omitempty"` // file name
	ConfigHash string    `json:"config_hash"`
	Explicit   []string  `json:"explicit"`
	Implicit   []string  `json:"implicit"`
	Sessions   int       `json:"sessions"`
	Transfers  int       `json:"transfers"`
	// Panics is how many sessions ended by a fault of the program.
	Panics      int64       `json:"panics"`
	Certificate Certificate `json:"certificate"`
	ACME        *ACME       `json:"acme,omitempty"` // nil where no CA is asked
	Warnings    []string    `json:"warnings"`
}

// ACME is how it stands with the certificate of a CA.
type ACME struct {
	Hosts    []string  `json:"hosts"`
	Ordering bool      `json:"ordering"` // the CA is being asked now
	Next     time.Time `json:"next"`     // renewal, or next try
	Failures int       `json:"failures"` // in a row
	Problem  string    `json:"problem,omitempty"`
	Hint     string    `json:"hint,omitempty"`
}

// Origin is where the certificate comes from.
type Origin string

// The origins, the first that there is counts.
const (
	Configured Origin = "configured" // tls.certificate
	Installed  Origin = "installed"  // sealift cert install
	Fetched    Origin = "acme"       // from a CA that speaks ACME
	Own        Origin = "own"        // made at the first start
)

// Certificate is the one that the server shows.
type Certificate struct {
	Fingerprint string    `json:"fingerprint"` // SHA-256
	Ends        time.Time `json:"ends"`
	Origin      Origin    `json:"origin"`
	Names       []string  `json:"names"`
}

// Session is one control connection. Client and Path are the peer's words.
type Session struct {
	ID          string    `json:"id"`
	User        string    `json:"user,omitempty"`
	Remote      string    `json:"remote"`
	Began       time.Time `json:"began"`
	Client      string    `json:"client,omitempty"`
	Implicit    bool      `json:"implicit"`
	TLS         string    `json:"tls"` // "none" in clear
	CipherSuite string    `json:"cipher_suite,omitempty"`
	KeyExchange string    `json:"key_exchange,omitempty"`
	Resumed     bool      `json:"resumed"`
	Certificate string    `json:"certificate,omitempty"`
	Transfer    *Transfer `json:"transfer,omitempty"`
}

// Transfer is what a session does.
type Transfer struct {
	Verb  string    `json:"verb"`
	Path  string    `json:"path"`
	Bytes int64     `json:"bytes"`
	Since time.Time `json:"since"`
}

// Reloaded is what a reload did.
type Reloaded struct {
	ConfigHash string   `json:"config_hash"`
	Changed    bool     `json:"changed"`
	Warnings   []string `json:"warnings"`
}

// A Server is what can be asked.
type Server interface {
	Status() Status
	Sessions() []Session
	// Kick ends the session of that ID, if there is one.
	Kick(id string) bool
	Reload() (Reloaded, error)
	// Refresh reads the accounts again.
	Refresh() error
}
