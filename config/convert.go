package config

import (
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/tlsprofile"
)

// TLSOptions are what tlsprofile.New is asked for.
func (c Config) TLSOptions() tlsprofile.Options {
	return tlsprofile.Options{
		Profile:      c.TLS.Profile,
		MinVersion:   c.TLS.MinVersion,
		MaxVersion:   c.TLS.MaxVersion,
		CipherSuites: c.TLS.CipherSuites,
	}
}

// ServerLimits are the limits of a Server. Those without a key stay zero,
// which means ftpserver's default.
func (c Config) ServerLimits() ftpserver.Limits {
	return ftpserver.Limits{
		Sessions:           c.Limits.Sessions,
		SessionsPerAddress: c.Limits.SessionsPerAddress,
		SessionsPerUser:    c.Limits.SessionsPerUser,
		LoginAttempts:      c.Limits.LoginAttempts,
		IdleTimeout:        c.Limits.IdleTimeout,
		LoginTimeout:       c.Limits.LoginTimeout,
		HandshakeTimeout:   c.Limits.HandshakeTimeout,
		StallTimeout:       c.Limits.StallTimeout,
		UploadRate:         c.Limits.UploadRate,
		DownloadRate:       c.Limits.DownloadRate,
	}
}
