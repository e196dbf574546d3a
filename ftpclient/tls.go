package ftpclient

import (
	"bytes"
	"crypto/tls"
	"errors"
	"strings"
)

// controlConfig is the configuration of the control connection's handshake,
// and what those of the data connections are made from.
func controlConfig(o Options, host string) (*tls.Config, error) {
	pins, err := parsePins(o.Pins)
	if err != nil {
		return nil, err
	}
	config := o.TLS.Clone()
	if config == nil {
		config = new(tls.Config)
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	if o.TLS != nil && o.TLS.MinVersion != 0 {
		config.MinVersion = o.TLS.MinVersion // a caller may ask for old TLS
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = strings.Cut(host, "%")
	}
	if config.NextProtos == nil {
		config.NextProtos = []string{"ftp"}
	}
	switch {
	case len(pins) > 0:
		verifyBy(config, pins.verify)
	case o.Verify != nil:
		verifyBy(config, o.Verify)
	case config.VerifyConnection != nil:
		config.VerifyConnection = untrusted(config.VerifyConnection)
	}
	return config, nil
}

// verifyBy makes check decide in place of chain and host name. A
// VerifyConnection of the caller's is asked too.
func verifyBy(config *tls.Config, check func(tls.ConnectionState) error) {
	too := config.VerifyConnection
	config.InsecureSkipVerify = true
	config.VerifyConnection = untrusted(func(cs tls.ConnectionState) error {
		if err := check(cs); err != nil || too == nil {
			return err
		}
		return too(cs)
	})
}

// untrusted makes the errors of a check CertificateErrors.
func untrusted(check func(tls.ConnectionState) error) func(tls.ConnectionState) error {
	return func(cs tls.ConnectionState) error {
		if err := check(cs); err != nil {
			return &CertificateError{Chain: cs.PeerCertificates, Err: err}
		}
		return nil
	}
}

// private reports whether data connections are protected.
func (c *Conn) private() bool { return c.tls != nil && !c.o.ClearData }

// dataConfig is for one data connection: it resumes a session of the control
// connection, or shows the certificate that was verified there.
func (c *Conn) dataConfig(cache *dataCache) *tls.Config {
	control := c.tls.ConnectionState()
	config := c.config.Clone()
	config.InsecureSkipVerify = true // the certificate below has been verified
	config.VerifyPeerCertificate = nil
	config.VerifyConnection = sameCertificate(control)
	config.ClientSessionCache = cache
	config.DynamicRecordSizingDisabled = true
	if config.CurvePreferences == nil && c.sessions.any() {
		config.CurvePreferences = dataCurves(control.CurveID)
	}
	return config
}

var errOtherCertificate = errors.New("it is not that of the control connection")

func sameCertificate(control tls.ConnectionState) func(tls.ConnectionState) error {
	return func(cs tls.ConnectionState) error {
		if len(cs.PeerCertificates) == 0 || len(control.PeerCertificates) == 0 ||
			!bytes.Equal(cs.PeerCertificates[0].Raw, control.PeerCertificates[0].Raw) {
			return &CertificateError{Data: true, Chain: cs.PeerCertificates, Err: errOtherCertificate}
		}
		return nil
	}
}

// dataCurves are the key exchanges that a data connection offers. The one
// that the control connection came to spares servers that know few of them a
// second hello. A resumed session keeps the secrecy that a hybrid exchange
// gave the first, so that the data connection does with a quick one.
func dataCurves(control tls.CurveID) []tls.CurveID {
	switch control {
	case tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521:
		return []tls.CurveID{control}
	case tls.X25519MLKEM768, tls.SecP256r1MLKEM768, tls.SecP384r1MLKEM1024:
		return []tls.CurveID{tls.X25519, tls.CurveP256, tls.CurveP384, tls.CurveP521}
	}
	return nil
}
