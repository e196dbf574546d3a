// Package daemon is the server while it runs: its start, what it does by the
// clock, reloading, and its end.
package daemon

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/sealift/sealift/account"
	"github.com/sealift/sealift/account/sqlstore"
	"github.com/sealift/sealift/acme"
	"github.com/sealift/sealift/cmd/sealift/internal/backend"
	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/cmd/sealift/internal/xferlog"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/ftpserver"
)

// DatabaseName is the name of the account database in the data directory.
const DatabaseName = "sealift.db"

// grace is how long transfers may go on after SIGTERM.
const grace = 120 * time.Second

// Options are what a server is started with.
type Options struct {
	File     string // sealift.toml, "" if there is none
	Settings []config.Setting
	Env      []string
	Version  string
	Log      io.Writer
	// Dir, if set, is served as the root of the account DropUser, which is
	// made if there is none.
	Dir string
	// Ready is called once the server takes connections.
	Ready func(Ready)
}

func (o Options) load() (config.Config, error) { return config.Load(o.File, o.Env, o.Settings...) }

// daemon is one running server.
type daemon struct {
	options Options
	started time.Time
	store   *sqlstore.Store
	hasher  *account.Hasher
	backend *backend.Backend
	server  *ftpserver.Server
	failed  chan error      // a port that cannot be listened on any more
	ctx     context.Context // until the end

	reloading sync.Mutex
	now       atomic.Pointer[running]
}

// running is what one configuration has brought into force.
type running struct {
	config    config.Config
	log       *slog.Logger
	ports     []port
	security  *security
	public    *public
	transfers *xferlog.Log
	responder *acme.Responder // nil where no CA comes to a port
	fetching  *fetching       // nil where no CA is asked
	ctx       context.Context
	stop      context.CancelFunc // ends what watches files
}

func (d *daemon) log() *slog.Logger { return d.now.Load().log }

// Run serves until a signal says to end: the first SIGTERM or SIGINT lets
// transfers end, the second cuts them; SIGHUP reloads. The error is about the
// start, or a port that was lost.
func Run(ctx context.Context, o Options, signals <-chan os.Signal) error {
	d := &daemon{options: o, started: time.Now(), failed: make(chan error, 1)}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	d.ctx = ctx
	drop, err := d.start(ctx)
	if err != nil {
		return err
	}
	defer d.store.Close()
	answering, err := control.Listen(ctx, d.now.Load().config.DataDir)
	if err != nil {
		closeNew(d.now.Load().ports, nil)
		return err
	}
	controlCtx, stopControl := context.WithCancel(ctx)
	defer stopControl()
	go control.Serve(controlCtx, answering, (*controls)(d))
	for _, p := range d.now.Load().ports {
		d.serve(p)
	}
	d.keepUp(ctx)
	d.announce(drop)
	err = d.obey(signals)
	stopControl()
	return errors.Join(err, d.drain(signals))
}

// start does all that can fail, in the order in which rights are given up.
func (d *daemon) start(ctx context.Context) (*Drop, error) {
	c, err := d.options.load()
	if err != nil {
		return nil, err
	}
	log := newLog(d.options.Log, c.Log)
	for _, warning := range c.Warnings() {
		log.Warn(warning)
	}
	if err := prepareDataDir(ctx, c.DataDir); err != nil {
		return nil, err
	}
	checkFiles(log)
	ports, err := bind(ctx, listenTCP, c, nil)
	if err != nil {
		return nil, err
	}
	answering := responder(ctx, c, nil, log)
	drop, err := d.open(ctx, c, log, ports, answering)
	if err != nil {
		closeNew(ports, nil)
		err = errors.Join(err, answering.Close())
	}
	return drop, err
}

// open becomes run_as and opens the state.
func (d *daemon) open(ctx context.Context, c config.Config, log *slog.Logger, ports []port, answering *acme.Responder) (*Drop, error) {
	if err := dropPrivileges(c, log); err != nil {
		return nil, err
	}
	r, err := d.prepare(ctx, c, log, nil)
	if err != nil {
		return nil, err
	}
	r.ports, r.responder = ports, answering
	if r.fetching, err = d.newFetching(c, answering, r.security.origin, log); err != nil {
		return nil, err
	}
	if d.store, err = sqlstore.Open(ctx, filepath.Join(c.DataDir, DatabaseName)); err != nil {
		return nil, dataError(err)
	}
	d.hasher = account.NewHasher(account.DefaultParameters)
	drop, err := d.dropAccount(ctx)
	if err != nil {
		return nil, errors.Join(err, d.store.Close())
	}
	d.now.Store(r)
	d.backend = backend.New(d.store, d.hasher, r.backendSettings())
	d.server = ftpserver.New(d.backend, d.serverConfig(r))
	return drop, nil
}

// prepareDataDir makes the directory, for its owner alone, and refuses one
// that another server uses.
func prepareDataDir(ctx context.Context, dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return dataError(err)
	}
	return control.CheckFree(ctx, dir)
}

func dataError(err error) error {
	hint := ""
	if errors.Is(err, os.ErrPermission) {
		hint = "run this as the user that owns the data directory, or name another with --data-dir"
	}
	return &fault.Error{Code: fault.Failed, Problem: "the data directory cannot be used", Hint: hint, Err: err}
}

// prepare loads what a configuration names; nothing is in force yet.
func (d *daemon) prepare(ctx context.Context, c config.Config, log *slog.Logger, former *running) (*running, error) {
	r := &running{config: c, log: log, public: newPublic(c.Listen.PublicAddress)}
	var err error
	if r.security, err = loadSecurity(c, log); err != nil {
		return nil, err
	}
	switch {
	case c.Log.TransferLog == "":
	case former != nil && former.transfers.Path() == c.Log.TransferLog:
		r.transfers = former.transfers
	default:
		if r.transfers, err = xferlog.Open(c.Log.TransferLog); err != nil {
			return nil, &fault.Error{Code: fault.Failed, Problem: "log.transfer_log", Err: err}
		}
	}
	r.ctx, r.stop = context.WithCancel(ctx)
	return r, nil
}

func (r *running) backendSettings() backend.Settings {
	return backend.Settings{Config: r.config, Revoked: r.security.isRevoked, Log: r.log}
}

func (d *daemon) serverConfig(r *running) ftpserver.Config {
	security := r.security.config.Clone()
	security.VerifyConnection = d.verify
	return ftpserver.Config{
		TLS:           security,
		Policy:        r.config.Policy,
		Limits:        r.config.ServerLimits(),
		PassivePorts:  r.config.Listen.PassivePorts,
		PublicAddress: r.public.answer,
		Log:           r.log,
		Transferred:   d.transferred,
	}
}

// transferred writes the transfer log. A full disk does not stop the server.
func (d *daemon) transferred(t ftpserver.Transfer) {
	r := d.now.Load()
	if err := r.transfers.Add(t); err != nil {
		r.log.Error("a transfer is not in the transfer log", "error", err.Error())
	}
}

// serve takes connections on p until it is closed.
func (d *daemon) serve(p port) {
	from := func() []netip.Prefix { return d.now.Load().config.Listen.ProxyProtocolFrom }
	l := behindProxies(p.listener, from, d.log)
	take := d.server.Serve
	if p.key.implicit {
		take = d.server.ServeImplicit
	}
	go func() {
		err := take(l)
		if errors.Is(err, ftpserver.ErrServerClosed) || !d.listensOn(p) {
			return
		}
		select {
		case d.failed <- &fault.Error{Code: fault.Failed, Problem: "lost the port " + p.key.address, Err: err}:
		default:
		}
	}()
}

// listensOn tells whether the configuration in force wants the port.
func (d *daemon) listensOn(p port) bool {
	for _, q := range d.now.Load().ports {
		if q == p {
			return true
		}
	}
	return false
}

// obey returns when the server is to end.
func (d *daemon) obey(signals <-chan os.Signal) error {
	for {
		select {
		case err := <-d.failed:
			return err
		case s := <-signals:
			if s != syscall.SIGHUP {
				d.log().Info("ending: transfers may finish", "signal", s.String(), "grace", grace.String())
				return nil
			}
			// What is wrong stands in the log.
			_, _ = d.reload()
		}
	}
}

// drain ends the server: idle sessions at once, transfers when they are
// through, all that is left after the grace or at a second signal.
func (d *daemon) drain(signals <-chan os.Signal) error {
	notifyStopping()
	ctx, cut := context.WithTimeout(context.Background(), grace)
	defer cut()
	over := make(chan struct{})
	go func() {
		for {
			select {
			case s := <-signals:
				if s != syscall.SIGHUP {
					d.log().Warn("ending at once: transfers are cut", "signal", s.String())
					cut()
				}
			case <-over:
				return
			}
		}
	}()
	if err := d.server.Shutdown(ctx); err != nil {
		d.log().Warn("some transfers were cut")
	}
	close(over)
	r := d.now.Load()
	r.stop()
	r.fetching.end()
	d.log().Info("ended")
	return errors.Join(d.backend.Close(), r.transfers.Close(), r.responder.Close())
}
