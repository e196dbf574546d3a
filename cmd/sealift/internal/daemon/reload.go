package daemon

import (
	"context"
	"errors"

	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
)

// reload puts the configuration into force as it is now. With an error
// nothing changes; the log says what is wrong. The transfer log is opened
// again in any case, for whoever has moved it away.
func (d *daemon) reload() (control.Reloaded, error) {
	d.reloading.Lock()
	defer d.reloading.Unlock()
	notifyReloading()
	defer notifyReady()
	former := d.now.Load()
	if err := former.transfers.Reopen(); err != nil {
		former.log.Error("the transfer log could not be opened again", "error", err.Error())
	}
	r, err := d.replacement(former)
	if err != nil {
		for _, line := range fault.Of(err) {
			former.log.Error("reload refused, nothing changed", "error", line.Problem, "hint", line.Hint)
		}
		return control.Reloaded{}, err
	}
	d.replace(former, r)
	done := control.Reloaded{
		ConfigHash: r.config.Hash(), Changed: r.config.Hash() != former.config.Hash(), Warnings: orEmpty(r.config.Warnings()),
	}
	r.log.Info("reloaded", "config", done.ConfigHash, "changed", done.Changed)
	return done, nil
}

// replacement is what is to come into force; new ports are open already.
func (d *daemon) replacement(former *running) (*running, error) {
	c, err := d.options.load()
	if err != nil {
		return nil, err
	}
	if err := fixed(former.config, c); err != nil {
		return nil, err
	}
	ctx := context.WithoutCancel(former.ctx)
	r, err := d.prepare(ctx, c, newLog(d.options.Log, c.Log), former)
	if err != nil {
		return nil, err
	}
	r.responder = responder(ctx, c, former.responder, r.log)
	r.fetching, err = d.newFetching(c, r.responder, r.security.origin, r.log)
	if err == nil {
		r.ports, err = bind(ctx, listenTCP, c, former.ports)
	}
	if err != nil {
		return nil, errors.Join(err, r.discard(former))
	}
	return r, nil
}

// discard closes what former does not have.
func (r *running) discard(former *running) (err error) {
	r.stop()
	if r.transfers != former.transfers {
		err = r.transfers.Close()
	}
	if r.responder != former.responder {
		err = errors.Join(err, r.responder.Close())
	}
	return err
}

// fixed refuses to change what only a start can.
func fixed(now, next config.Config) error {
	for _, k := range []struct{ key, now, next string }{
		{"data_dir", now.DataDir, next.DataDir},
		{"run_as", now.RunAs, next.RunAs},
	} {
		if k.now != k.next {
			return fault.New(fault.Failed, "restart the server", "%s cannot change while the server runs: it is %q, and would be %q", k.key, k.now, k.next)
		}
	}
	return nil
}

// replace puts r into force. Sessions that run keep their TLS and limits.
func (d *daemon) replace(former, r *running) {
	for _, warning := range r.config.Warnings() {
		r.log.Warn(warning)
	}
	r.tellNames()
	d.fetch(former, r)
	d.now.Store(r)
	d.server.SetConfig(d.serverConfig(r))
	if err := d.backend.SetSettings(r.ctx, r.backendSettings()); err != nil {
		r.log.Error("accounts could not be read again", "error", err.Error())
	}
	d.kickClosed()
	d.kickRevoked()
	for _, p := range r.ports {
		if !has(former.ports, p) {
			d.serve(p)
		}
	}
	closeNew(former.ports, r.ports)
	d.watch(r)
	former.stop()
	if former.transfers != r.transfers {
		if err := former.transfers.Close(); err != nil {
			r.log.Error("the former transfer log", "error", err.Error())
		}
	}
}

func has(ports []port, p port) bool {
	for _, q := range ports {
		if q == p {
			return true
		}
	}
	return false
}

func orEmpty(lines []string) []string {
	if lines == nil {
		return []string{}
	}
	return lines
}
