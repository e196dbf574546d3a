package daemon

import (
	"cmp"
	"context"
	"os"
	"slices"

	sdnotify "github.com/coreos/go-systemd/v22/daemon"

	"github.com/sealift/sealift/certs"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/ftpserver"
)

// Ready is what a server that takes connections says of itself.
type Ready struct {
	Config             config.Config
	Explicit, Implicit []string // addresses
	Fingerprint        string   // SHA-256 of the certificate
	Names              []string // in the certificate
	CAFile             string   // of the server's own CA; "" where a certificate is configured
	Drop               *Drop    // nil if no directory was given
}

// announce says that the server is ready: in the log, to systemd, to whoever
// started it.
func (d *daemon) announce(drop *Drop) {
	r := d.now.Load()
	leaf := r.security.source.Leaf()
	ready := Ready{
		Config: r.config, Explicit: addresses(r.ports, false), Implicit: addresses(r.ports, true),
		Fingerprint: certs.Fingerprint(leaf), Names: leaf.DNSNames, Drop: drop,
	}
	if r.security.own != nil {
		ready.CAFile = r.security.own.CAFile
	}
	r.tellNames()
	if drop == nil && d.hasNobody() {
		r.log.Warn("nobody can log in yet: there is no account", "hint", "sealift user add NAME")
	}
	if d.options.Ready != nil {
		d.options.Ready(ready)
	}
	r.log.Info("ready", "explicit", ready.Explicit, "implicit", ready.Implicit, "fingerprint", ready.Fingerprint,
		"config", r.config.Hash(), "data_dir", r.config.DataDir, "version", d.options.Version)
	notifyReady()
}

func (d *daemon) hasNobody() bool {
	for range d.store.List(context.Background()) {
		return false
	}
	return true
}

// Not every start is by systemd; that a notice did not arrive is no fault.

func notifyReady() { _, _ = sdnotify.SdNotify(false, sdnotify.SdNotifyReady) }

func notifyStopping() { _, _ = sdnotify.SdNotify(false, sdnotify.SdNotifyStopping) }

func notifyReloading() {
	_, _ = sdnotify.SdNotify(false, sdnotify.SdNotifyReloading+"\n"+sdnotify.SdNotifyMonotonicUsec())
}

// controls are a daemon as the control socket sees it.
type controls daemon

func (c *controls) daemon() *daemon { return (*daemon)(c) }

// Status implements control.Server.
func (c *controls) Status() control.Status {
	d := c.daemon()
	r := d.now.Load()
	leaf := r.security.source.Leaf()
	remarks := r.security.source.Remarks()
	fetched, noneFetched := r.fetchingRemarks()
	uncovered := uncoveredNames(r.security.source, r.config)
	sessions := d.server.Sessions()
	st := control.Status{
		Version: d.options.Version, PID: os.Getpid(), Health: "ok", Started: d.started.UTC(),
		DataDir: r.config.DataDir, Config: d.options.File, ConfigHash: r.config.Hash(),
		Explicit: addresses(r.ports, false), Implicit: addresses(r.ports, true),
		Sessions: len(sessions), Panics: d.server.Panics(),
		Certificate: control.Certificate{
			Fingerprint: certs.Fingerprint(leaf), Ends: leaf.NotAfter.UTC(), Origin: r.security.origin, Names: orEmpty(certs.HostNames(leaf)),
		},
		ACME:     r.acmeStatus(),
		Warnings: orEmpty(slices.Concat(remarks, fetched, uncovered, r.namesToKnow(), r.config.Warnings())),
	}
	for _, s := range sessions {
		if s.Verb != "" {
			st.Transfers++
		}
	}
	if len(remarks)+len(uncovered) > 0 || noneFetched {
		st.Health = "degraded"
	}
	return st
}

// Sessions implements control.Server.
func (c *controls) Sessions() []control.Session {
	infos := c.daemon().server.Sessions()
	slices.SortFunc(infos, func(a, b ftpserver.SessionInfo) int {
		return cmp.Or(a.Began.Compare(b.Began), cmp.Compare(a.ID, b.ID))
	})
	all := make([]control.Session, 0, len(infos))
	for _, i := range infos {
		all = append(all, shown(i))
	}
	return all
}

func shown(i ftpserver.SessionInfo) control.Session {
	s := control.Session{
		ID: i.ID, User: i.User, Remote: i.Remote.String(), Began: i.Began.UTC(), Client: i.Client, Implicit: i.Implicit,
		TLS: cmp.Or(i.TLS.Version, "none"), CipherSuite: i.TLS.CipherSuite, KeyExchange: i.TLS.KeyExchange,
		Resumed: i.TLS.Resumed, Certificate: i.TLS.Certificate,
	}
	if i.Verb != "" {
		s.Transfer = &control.Transfer{Verb: i.Verb, Path: i.Path, Bytes: i.Bytes, Since: i.Since.UTC()}
	}
	return s
}

// Kick implements control.Server.
func (c *controls) Kick(id string) bool {
	d := c.daemon()
	kicked := d.server.Kick("The operator ended this session", func(i ftpserver.SessionInfo) bool { return i.ID == id })
	if kicked > 0 {
		d.log().Info("session kicked", "session", id)
	}
	return kicked > 0
}

// Reload implements control.Server.
func (c *controls) Reload() (control.Reloaded, error) { return c.daemon().reload() }

// Refresh implements control.Server.
func (c *controls) Refresh() error { return c.daemon().refresh(context.Background()) }
