package ftpserver

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/storage"
)

// Ends of a transfer that come from the outside.
var (
	errAborted    = errors.New("ftpserver: ABOR")
	errGone       = errors.New("ftpserver: the control connection is gone")
	errKicked     = errors.New("ftpserver: the session was ended")
	errNobody     = errors.New("ftpserver: no data connection came")
	errUnbound    = errors.New("ftpserver: the data connection does not resume the session")
	errTruncated  = errors.New("ftpserver: the data connection ended without close_notify")
	errDataTLS    = errors.New("ftpserver: the TLS handshake of the data connection failed")
	errBadAddress = errors.New("ftpserver: the address cannot be reached")
)

// cutError is a failure of the data connection, not of the storage.
type cutError struct{ error }

func (e cutError) Unwrap() error { return e.error }

// body is the payload of a transfer.
type body interface {
	// opening is the text of the 150.
	opening(level Protection) string
	// carry moves the bytes, to the authenticated end. Failures of the
	// connection are cutErrors.
	carry(ctx context.Context, t *transfer, c dataConn) error
	// close ends the body, for better or worse, after the data connection
	// was closed. What it returns takes the place of err.
	close(err error) error
	// done is the text of the 226.
	done(t *transfer) string
}

// transfer is one use of a data connection. It knows all that it needs: the
// route, the protection level and the TLS configuration were taken together
// when it began, and what the session does meanwhile does not change them.
type transfer struct {
	verb   string
	path   storage.Path
	offset int64
	began  time.Time
	level  Protection
	route  *route
	body   body
	limits Limits
	rate   int64
	ascii  bool
	// deflate is zlib's level in MODE Z, 0 in stream mode.
	deflate int
	open    func(context.Context) (dataConn, error)
	moved   atomic.Int64
	phase   atomic.Int32
	cancel  context.CancelCauseFunc
	result  chan error
	over    chan struct{} // closed when run has ended
	facts   dataFacts
}

// dataFacts are what the log says about a data connection.
type dataFacts struct {
	resumed bool
	missed  bool // it resumes no session, where one that does was waited for
}

// The phases of a transfer: ABOR wins while it runs, and comes too late once
// all bytes are in and the commit has begun.
const (
	phaseRunning int32 = iota
	phaseAborted
	phaseFinishing
)

// finishing marks that all bytes are there; false if ABOR came first.
func (t *transfer) finishing() bool {
	t.phase.CompareAndSwap(phaseRunning, phaseFinishing)
	return t.phase.Load() == phaseFinishing
}

// abort ends the transfer. If it is as good as done, no more than the wait for
// the peer's end is cut short.
func (t *transfer) abort(why error) {
	t.phase.CompareAndSwap(phaseRunning, phaseAborted)
	t.cancel(why)
}

// transfer runs one transfer to its end: 150, the data connection, and the
// last reply. Route, level and TLS configuration are taken here, together,
// and the policy is asked about exactly that level.
func (s *session) transfer(ctx context.Context, t *transfer) (ftp.Reply, error) {
	if refusal := s.policy.refuseData(s.state); !refusal.IsZero() {
		return refusal, t.body.close(refusal)
	}
	if s.route == nil {
		return replyNoRoute, t.body.close(replyNoRoute)
	}
	t.route, t.level, t.limits, t.began = s.route, s.state.Protection, s.cfg.Limits, time.Now()
	s.route, s.state.HasRoute = nil, false
	if s.state.Deflates && s.policy.Compression {
		t.deflate = s.deflate
	}
	t.open = s.opener(t)
	t.result, t.over = make(chan error, 1), make(chan struct{})
	ctx, t.cancel = context.WithCancelCause(ctx)
	defer t.cancel(nil)
	if err := s.alarm.transferBegins(); err != nil {
		t.route.drop()
		return ftp.Reply{}, t.body.close(err)
	}
	s.reply(ftp.Reply{Code: ftp.CodeOpening, Text: t.body.opening(t.level)})
	s.running, s.state.Busy = t, true
	s.info.setRunning(t)
	go s.run(ctx, t)
	last := s.attend(t)
	s.running, s.state.Busy = nil, false
	s.info.setRunning(nil)
	return last, nil
}

// run carries the transfer, in a goroutine of its own.
func (s *session) run(ctx context.Context, t *transfer) {
	var err error
	defer func() {
		if fault := recover(); fault != nil {
			s.srv.panics.Add(1)
			s.cfg.Log.Error("panic", "session", s.id, "fault", fault, "stack", string(debug.Stack()))
			err = errors.New("ftpserver: panic in a transfer")
		}
		s.alarm.transferEnds()
		t.result <- err
		close(t.over)
	}()
	err = t.carry(ctx)
}

// carry opens the data connection, moves the bytes and closes both ends.
func (t *transfer) carry(ctx context.Context) (err error) {
	defer t.route.drop()
	finished := false
	var c dataConn
	defer func() {
		if finished {
			return
		}
		if c != nil {
			c.Release()
		}
		t.body.close(errors.New("ftpserver: panic in a transfer"))
	}()
	c, err = t.open(ctx)
	t.route.drop() // a port is closed on use
	if err == nil {
		if t.deflate > 0 {
			c = &deflated{dataConn: c, level: t.deflate}
		}
		t.facts = c.facts()
		stop := context.AfterFunc(ctx, c.cut)
		err = t.body.carry(ctx, t, c)
		if err == nil && !t.finishing() {
			err = errAborted
		}
		stop()
		c.Release()
	}
	if cause := context.Cause(ctx); err != nil && cause != nil {
		err = cause
	}
	finished = true
	return t.body.close(err)
}

// attend watches the control connection while the transfer runs: ABOR, STAT
// and NOOP are answered at once (RFC 959 §4.1.3, protocol.md §2); any other
// command waits, and so does all behind it. It returns the transfer's last
// reply, or that of the ABOR behind it.
func (s *session) attend(t *transfer) ftp.Reply {
	for {
		line, err := s.lines.next()
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return s.ended(t, <-t.result)
		case errors.Is(err, errLineTooLong):
			s.reply(s.unreadable(err))
			continue
		case errors.Is(err, errFlood):
			t.abort(errGone)
			s.reply(s.ended(t, <-t.result))
			return s.unreadable(err)
		case err != nil:
			t.abort(errGone)
			s.over = true
			return s.ended(t, <-t.result)
		}
		cmd, err := ftp.ParseCommand(line)
		switch c := commands[cmd.Verb]; {
		case err != nil:
			s.reply(s.unreadable(err))
		case cmd.Verb == "ABOR":
			t.abort(errAborted)
			s.reply(s.ended(t, <-t.result))
			return ftp.Reply{Code: ftp.CodeDone, Text: "Nothing runs any more"}
		case c != nil && c.needs.has(duringTransfer) && s.plain(c, cmd):
			s.reply(s.carryOut(c, cmd))
		default:
			s.waiting = &cmd
			return s.ended(t, <-t.result)
		}
	}
}

// plain reports whether the command does not touch files: STAT with a path
// waits for its turn.
func (s *session) plain(c *command, cmd ftp.Command) bool {
	return c.args != argOptPath || cmd.Arg == ""
}

// ended logs the transfer and makes its last reply.
func (s *session) ended(t *transfer, err error) ftp.Reply {
	reply := ftp.Reply{Code: ftp.CodeDone}
	if err == nil {
		reply.Text = t.body.done(t)
	} else {
		reply = transferReply(err, t)
	}
	if t.facts.missed {
		s.noteMiss()
	}
	if reply.Code == ftp.CodeLocalError {
		s.cfg.Log.Error("transfer failed", append(s.logFields(), "path", string(t.path), "error", err.Error())...)
	}
	s.logTransfer(t, reply)
	return reply
}

// transferReply is the last reply of a transfer that failed after its 150.
func transferReply(err error, t *transfer) ftp.Reply {
	var cut cutError
	var reply ftp.Reply
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case errors.As(err, &reply):
		return reply
	case is(errNobody):
		return ftp.Reply{Code: ftp.CodeNoData, Text: "No data connection came in time"}
	case is(errBadAddress):
		return ftp.Reply{Code: ftp.CodeNoData, Text: "Your data port cannot be reached; try EPSV"}
	case is(errUnbound):
		return ftp.Reply{Code: ftp.CodeDataTLS, Text: "The data connection must resume the TLS session of the control connection"}
	case is(errDataTLS):
		return ftp.Reply{Code: ftp.CodeDataTLS, Text: "The TLS handshake of the data connection failed"}
	case is(errAborted):
		return ftp.Reply{Code: ftp.CodeCut, Text: "Transfer aborted"}
	case is(errKicked), is(errGone):
		return ftp.Reply{Code: ftp.CodeCut, Text: "Transfer cut: the session ends"}
	case is(errTruncated):
		return ftp.Reply{Code: ftp.CodeCut, Text: "The data connection ended without close_notify: nothing was stored"}
	case is(os.ErrDeadlineExceeded):
		return ftp.Replyf(ftp.CodeCut, "No byte moved for %v", t.limits.StallTimeout)
	case is(errInflates):
		return ftp.Reply{Code: ftp.CodeQuota, Text: "The upload inflates more than 1000 times; nothing was stored"}
	case errors.As(err, &cut):
		return ftp.Reply{Code: ftp.CodeCut, Text: "The data connection broke"}
	case is(storage.ErrQuota):
		return ftp.Reply{Code: ftp.CodeQuota, Text: "Quota exceeded; nothing was stored"}
	case is(storage.ErrNoSpace):
		return ftp.Reply{Code: ftp.CodeLocalError, Text: "The disk is full; nothing was stored"}
	case is(fs.ErrExist):
		return ftp.Reply{Code: ftp.CodeLocalError, Text: "A file of that name has come to stand there; nothing was stored"}
	case is(fs.ErrNotExist):
		return ftp.Reply{Code: ftp.CodeLocalError, Text: "The directory is gone"}
	}
	return ftp.Reply{Code: ftp.CodeLocalError, Text: "Local error; the server's log says more"}
}

// opener is how this transfer comes to its data connection.
func (s *session) opener(t *transfer) func(context.Context) (dataConn, error) {
	if t.level == ProtClear {
		return func(ctx context.Context) (dataConn, error) { return openClear(ctx, t) }
	}
	o := &candidates{
		route: t.route, limits: t.limits, binding: s.policy.Binding, missed: s.missed,
		certificate: s.certificate(), config: s.dataTLS(),
		acceptTruncated: s.policy.AcceptMissingCloseNotify,
	}
	return o.open
}

// openClear takes the first connection that comes from the right address.
func openClear(ctx context.Context, t *transfer) (dataConn, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, t.limits.AcceptTimeout, errNobody)
	defer cancel()
	conn, err := t.route.next(ctx)
	if err != nil {
		return nil, err
	}
	return &clearConn{newWire(conn, &t.limits)}, nil
}

// noteMiss says once per session that its client does not resume.
func (s *session) noteMiss() {
	if !s.missed {
		s.missed = true
		s.srv.event(s, "unbound data connection", "client", s.client,
			"hint", "the client does not resume the TLS session; session_binding = \"require\" would refuse it")
	}
}
