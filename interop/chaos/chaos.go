// Package chaos is a bad network for tests. Its DialContext leads each
// connection through a proxy on loopback that delays what passes, splits it
// anew, and may end the connection in the middle, in the ways in which networks
// and boxes in them do. It knows nothing of what passes.
package chaos

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// A Fault is a way in which a connection ends in the middle.
type Fault int

const (
	None Fault = iota
	// Reset: both ends see a reset.
	Reset
	// End: both ends see the regular end of the TCP stream, as if the other
	// had closed it.
	End
	// ResetClient and ResetServer: this end sees a reset, the other one the
	// regular end.
	ResetClient
	ResetServer
	// Freeze: nothing passes any more, and nobody is told.
	Freeze
	faults
)

func (f Fault) String() string {
	return []string{"none", "reset", "end", "reset of the client", "reset of the server", "freeze"}[f]
}

// Rules say how bad the network is. The zero value is a good one.
type Rules struct {
	// Delay is the longest that one piece waits.
	Delay time.Duration
	// Faulty is the share of connections, from 0 to 1, that end in the middle.
	Faulty float64
	// Reach is the number of bytes, in one direction, before which a faulty
	// connection ends. Small numbers are as likely as large ones: half of them
	// are less than the square root. A connection that moves less survives.
	Reach int64
	// Faults are those that may come; nil is all but Freeze.
	Faults []Fault
}

// A Network makes connections. All its chance comes from a seed, but which
// connection is the next is up to those who dial.
type Network struct {
	rules Rules

	mu     sync.Mutex
	random *rand.Rand
	met    map[Fault]int
	open   map[*link]bool
	closed bool
	work   sync.WaitGroup
}

// New makes a network that behaves the same for the same seed and dials.
func New(seed uint64, rules Rules) *Network {
	if rules.Faults == nil {
		rules.Faults = []Fault{Reset, End, ResetClient, ResetServer}
	}
	return &Network{
		rules: rules, random: rand.New(rand.NewPCG(seed, 0)), met: map[Fault]int{}, open: map[*link]bool{},
	}
}

// DialContext connects to address through the network. What it returns is a
// *net.TCPConn whose RemoteAddr is on 127.0.0.1.
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	server, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	outer, inner, err := pair(ctx)
	if err != nil {
		return nil, errors.Join(err, server.Close())
	}
	l := n.link(inner, server.(*net.TCPConn))
	if l == nil {
		return nil, errors.Join(net.ErrClosed, outer.Close(), inner.Close(), server.Close())
	}
	return outer, nil
}

// pair is the two ends of one TCP connection.
func pair(ctx context.Context) (outer, inner *net.TCPConn, err error) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, nil, err
	}
	defer l.Close()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", l.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	for {
		inner, err = l.AcceptTCP()
		if err != nil {
			return nil, nil, errors.Join(err, conn.Close())
		}
		if inner.RemoteAddr().String() == conn.LocalAddr().String() {
			return conn.(*net.TCPConn), inner, nil
		}
		inner.Close() // somebody else's
	}
}

// link starts the proxy between two connections; nil if the network is closed.
func (n *Network) link(client, server *net.TCPConn) *link {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	l := &link{network: n, client: client, server: server, dead: make(chan struct{}), over: make(chan struct{})}
	up := &direction{link: l, from: client, to: server, delay: n.rules.Delay, random: n.child(), fault: None}
	down := &direction{link: l, from: server, to: client, delay: n.rules.Delay, random: n.child(), fault: None}
	if n.random.Float64() < n.rules.Faulty {
		bad := []*direction{up, down}[n.random.IntN(2)]
		bad.fault = n.rules.Faults[n.random.IntN(len(n.rules.Faults))]
		bad.left = int64(math.Pow(float64(n.rules.Reach), n.random.Float64()))
	}
	n.open[l] = true
	n.work.Go(func() {
		var both sync.WaitGroup
		both.Go(up.carry)
		both.Go(down.carry)
		both.Wait()
		l.close()
		n.forget(l)
	})
	return l
}

func (n *Network) forget(l *link) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.open, l)
}

func (n *Network) count(f Fault) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.met[f]++
}

func (n *Network) child() *rand.Rand {
	return rand.New(rand.NewPCG(n.random.Uint64(), n.random.Uint64()))
}

// Met is how many connections ended by a fault.
func (n *Network) Met() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	total := 0
	for _, times := range n.met {
		total += times
	}
	return total
}

func (n *Network) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	text := ""
	for f := range faults {
		if n.met[f] > 0 {
			text += fmt.Sprintf("%s %d, ", f, n.met[f])
		}
	}
	return text + fmt.Sprintf("open %d", len(n.open))
}

// Close cuts every connection that is left and refuses new ones.
func (n *Network) Close() error {
	n.mu.Lock()
	n.closed = true
	for l := range n.open {
		l.close()
	}
	n.mu.Unlock()
	n.work.Wait()
	return nil
}
