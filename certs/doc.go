// Package certs makes, keeps, loads and checks the keys and certificates of a
// server. It opens no connection.
//
// Ensure makes a private CA and a server certificate at the first start.
// Source serves a certificate to TLS handshakes and reloads it when its files
// change. LoadPool and OpenRevoked say which client certificates count.
package certs

// A FileError says which file cannot be used, why, and what to do about it.
type FileError struct {
	File    string
	Problem string
	Hint    string // what to do, "" if there is nothing to say
	Err     error  // the cause, nil if the Problem is all there is
}

func (e *FileError) Error() string { return e.File + ": " + e.Problem }

// Unwrap is the cause.
func (e *FileError) Unwrap() error { return e.Err }
