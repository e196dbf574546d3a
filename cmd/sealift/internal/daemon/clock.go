package daemon

import (
	"context"
	"errors"
	"time"

	"github.com/sealift/sealift/ftpserver"
)

// What the server does by the clock.
const (
	pollInterval  = time.Second
	tidyInterval  = time.Minute
	sweepInterval = time.Hour
	ensureEvery   = 24 * time.Hour
)

// keepUp starts what goes on until ctx is done.
func (d *daemon) keepUp(ctx context.Context) {
	r := d.now.Load()
	d.watch(r)
	r.fetching.start(ctx, nil)
	go d.follow(ctx)
	go d.followLists(ctx)
	go d.regularly(ctx, sweepInterval, true, d.sweep)
	go d.regularly(ctx, tidyInterval, false, d.tidy)
	go d.regularly(ctx, ensureEvery, false, d.renewOwn)
}

// watch follows the files of r while it is in force.
func (d *daemon) watch(r *running) {
	r.security.watch(r.ctx)
	go r.public.watch(r.ctx, r.log)
}

func (d *daemon) regularly(ctx context.Context, interval time.Duration, atOnce bool, do func(context.Context)) {
	if atOnce {
		do(ctx)
	}
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			do(ctx)
		}
	}
}

// follow notices changes of accounts by others than this process, and
// accounts whose time is over.
func (d *daemon) follow(ctx context.Context) {
	known, err := d.store.Version(ctx)
	away := err != nil
	d.regularly(ctx, pollInterval, false, func(ctx context.Context) {
		version, err := d.store.Version(ctx)
		if err != nil {
			if !away && ctx.Err() == nil {
				d.log().Error("the account database does not answer", "error", err.Error())
			}
			away = true
			return
		}
		if version != known || away {
			away = d.refresh(ctx) != nil
		}
		known = version
		d.kickClosed()
	})
}

// followLists ends sessions when a list of revoked certificates has changed.
func (d *daemon) followLists(ctx context.Context) {
	known := int64(0)
	d.regularly(ctx, pollInterval, false, func(context.Context) {
		if loads := d.now.Load().security.loads(); loads != known {
			known = loads
			d.endRevoked()
		}
	})
}

// refresh makes what is in the account database effective.
func (d *daemon) refresh(ctx context.Context) error {
	err := d.backend.Refresh(ctx)
	if err != nil && ctx.Err() == nil {
		d.log().Error("accounts could not be read again", "error", err.Error())
	}
	d.kickClosed()
	d.kickRevoked()
	return err
}

// kickClosed ends the sessions of accounts that are closed.
func (d *daemon) kickClosed() {
	if !d.backend.AnyClosed() {
		return
	}
	d.server.Kick("This account may not log in any more", func(i ftpserver.SessionInfo) bool {
		return i.User != "" && d.backend.Closed(i.User)
	})
}

func (d *daemon) sweep(ctx context.Context) {
	if err := d.backend.Sweep(ctx); err != nil && !errors.Is(err, context.Canceled) {
		d.log().Error("interrupted uploads could not all be removed", "error", err.Error())
	}
}

func (d *daemon) tidy(context.Context) {
	busy := map[string]bool{}
	for _, i := range d.server.Sessions() {
		busy[i.User] = true
	}
	if err := d.backend.Tidy(func(user string) bool { return busy[user] }); err != nil {
		d.log().Error("directories could not be closed", "error", err.Error())
	}
}

// renewOwn renews the server's own certificate, which its Source takes up, and
// the list of the client certificates that were revoked.
func (d *daemon) renewOwn(context.Context) {
	r := d.now.Load()
	renewCRL(r.config, r.log)
	if r.security.own == nil {
		return
	}
	own, err := ensureOwn(r.config)
	if err != nil {
		r.log.Error("the certificate could not be renewed", "error", err.Error())
		return
	}
	if own.Change != "" {
		r.log.Info(own.Change, "file", own.CertFile)
	}
}
