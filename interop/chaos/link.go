package chaos

import (
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// lingering is how long an end that was told that the stream is over may send
// what nobody wants.
const lingering = 5 * time.Second

// link is one connection through the network.
type link struct {
	network        *Network
	client, server *net.TCPConn
	once           sync.Once
	dead           chan struct{} // closed by a fault: what comes is dropped
	over           chan struct{} // closed by close
	closing        sync.Once
}

// strike ends the connection in the middle.
func (l *link) strike(f Fault) {
	l.once.Do(func() {
		l.network.count(f)
		close(l.dead)
		if f == Freeze {
			<-l.over
			return
		}
		end(l.client, f == Reset || f == ResetClient)
		end(l.server, f == Reset || f == ResetServer)
	})
}

// end resets the connection, or ends its stream. Then what the other side
// sends is read on: closing with bytes unread would reset it.
func end(c *net.TCPConn, reset bool) {
	if reset {
		c.SetLinger(0)
		c.Close()
		return
	}
	c.CloseWrite()
	c.SetReadDeadline(time.Now().Add(lingering))
}

func (l *link) close() {
	l.closing.Do(func() {
		close(l.over)
		l.client.Close()
		l.server.Close()
	})
}

// direction is one half of a link.
type direction struct {
	link     *link
	from, to *net.TCPConn
	delay    time.Duration
	random   *rand.Rand
	fault    Fault
	left     int64 // bytes until fault comes
}

// carry moves bytes until from ends, which it passes on. Where they cannot be
// passed it drops them.
func (d *direction) carry() {
	buffer := make([]byte, 64<<10)
	passing := true
	for {
		n, err := d.from.Read(buffer)
		if passing && n > 0 {
			passing = d.pass(buffer[:n])
		}
		switch {
		case errors.Is(err, io.EOF):
			d.to.CloseWrite()
			return
		case err != nil && d.isDead():
			return
		case err != nil:
			end(d.to, true)
			return
		}
	}
}

// pass sends the bytes on in pieces, up to the fault if there is one. It is
// false if nothing more can pass.
func (d *direction) pass(b []byte) bool {
	for len(b) > 0 {
		piece := b[:1+d.random.IntN(len(b))]
		if d.fault != None && int64(len(piece)) >= d.left {
			piece = piece[:d.left]
		}
		if !d.wait() {
			return false
		}
		if _, err := d.to.Write(piece); err != nil {
			d.refused()
			return false
		}
		b = b[len(piece):]
		if d.fault == None {
			continue
		}
		if d.left -= int64(len(piece)); d.left == 0 {
			d.link.strike(d.fault)
			return false
		}
	}
	return true
}

// refused tells a server that the client is gone. A client is not told that the
// server is: it still shall get what the server sent last.
func (d *direction) refused() {
	if d.from == d.link.server && !d.isDead() {
		end(d.from, true)
	}
}

func (d *direction) isDead() bool {
	select {
	case <-d.link.dead:
		return true
	default:
		return false
	}
}

// wait is false if nothing passes any more. One piece in eight is late.
func (d *direction) wait() bool {
	if d.isDead() {
		return false
	}
	if d.delay == 0 || d.random.IntN(8) > 0 {
		return true
	}
	timer := time.NewTimer(time.Duration(d.random.Int64N(int64(d.delay))))
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-d.link.dead:
	case <-d.link.over:
	}
	return false
}
