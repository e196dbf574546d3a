package ftpserver

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var loopback = netip.MustParseAddr("127.0.0.1")

// freeRange is a range of ports of which all were free a moment ago.
func freeRange(t testing.TB, size uint16) PortRange {
	t.Helper()
	for first := uint16(20_000); first < 32_000; first += size {
		r := PortRange{first, first + size - 1}
		if taken, _ := takeAll(r); len(taken) == int(size) {
			closeAll(taken)
			return r
		} else {
			closeAll(taken)
		}
	}
	t.Skip("no range of free ports was found")
	return PortRange{}
}

func takeAll(r PortRange) (taken []net.Listener, err error) {
	for range int(r.Last-r.First) + 1 {
		l, err := listen(loopback, r)
		if err != nil {
			return taken, err
		}
		taken = append(taken, l)
	}
	return taken, nil
}

func closeAll(all []net.Listener) {
	for _, l := range all {
		l.Close()
	}
}

func portOf(l net.Listener) int { return int(addrPort(l.Addr()).Port()) }

func TestPassivePortsOfARange(t *testing.T) {
	r := freeRange(t, 7)
	taken, err := takeAll(r)
	defer closeAll(taken)
	if err != nil {
		t.Fatalf("after %d of 7 ports: %v", len(taken), err)
	}
	var ports []int
	for _, l := range taken {
		ports = append(ports, portOf(l))
	}
	slices.Sort(ports)
	for i, port := range ports {
		if port != int(r.First)+i {
			t.Fatalf("the range %v gave the ports %v", r, ports)
		}
	}
	if _, err := listen(loopback, r); !errors.Is(err, errPortsTaken) {
		t.Errorf("with all ports taken: %v", err)
	}
	taken[3].Close()
	l, err := listen(loopback, r)
	if err != nil {
		t.Fatalf("with one port free: %v", err)
	}
	defer l.Close()
	if portOf(l) != portOf(taken[3]) {
		t.Errorf("the free port is %d, got %d", portOf(taken[3]), portOf(l))
	}
}

func TestStrideVisitsEveryPortOnce(t *testing.T) {
	t.Parallel()
	for size := 1; size < 1500; size++ {
		step, seen := stride(size), make([]bool, size)
		for i := range size {
			seen[i*step%size] = true
		}
		if slices.Contains(seen, false) {
			t.Fatalf("steps of %d leave out some of %d ports", step, size)
		}
		if size > 8 && (step == 1 || step == size-1) {
			t.Errorf("of %d ports the next one tried is the neighbour", size)
		}
	}
}

// Who knows one port does not know the next: no constant step is right more
// often than one time in a hundred (RFC 2577 §8, security.md P2).
func TestPassivePortsAreNotGuessed(t *testing.T) {
	const tries = 1000
	for _, test := range []struct {
		why   string
		ports PortRange
	}{
		{"a range", freeRange(t, 1000)},
		{"any port", PortRange{}},
	} {
		if test.ports == (PortRange{}) && runtime.GOOS != "linux" {
			continue // the system chooses, and not every one at random
		}
		steps, last := map[int]int{}, 0
		for range tries {
			l, err := listen(loopback, test.ports)
			if err != nil {
				t.Fatal(err)
			}
			port := portOf(l)
			l.Close()
			if size := int(test.ports.Last) - int(test.ports.First) + 1; test.ports != (PortRange{}) {
				steps[(port-last+size)%size]++
			} else {
				steps[port-last]++
			}
			last = port
		}
		for step, n := range steps {
			if n >= tries/100 {
				t.Errorf("%s: the next port is the last one %+d in %d of %d cases", test.why, step, n, tries)
			}
		}
	}
}

func TestPassiveRoute(t *testing.T) {
	r, port, err := passive(loopback, loopback, PortRange{}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	addr := netip.AddrPortFrom(loopback, port).String()
	stranger := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
	other, err := stranger.Dial("tcp", addr)
	if err != nil {
		t.Skipf("no second address on loopback: %v", err)
	}
	defer other.Close()
	other.SetDeadline(time.Now().Add(patience))
	ours, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	got, err := r.next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer got.Close()
	if got.RemoteAddr().String() != ours.LocalAddr().String() {
		t.Errorf("the connection is that of %v, want %v", got.RemoteAddr(), ours.LocalAddr())
	}
	if b, err := io.ReadAll(other); len(b) != 0 || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a stranger got %q, %v", b, err)
	}
	r.drop()
	r.drop()
	if conn, err := net.Dial("tcp", addr); err == nil {
		conn.Close()
		t.Error("the port is open behind drop")
	}
	if _, err := r.next(t.Context()); !errors.Is(err, errNobody) {
		t.Errorf("next behind drop: %v", err)
	}
}

func TestPassiveRouteEndsWithItsContext(t *testing.T) {
	r, _, err := passive(loopback, loopback, PortRange{}, time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	defer r.drop()
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := r.next(ctx)
		ended <- err
	}()
	cancel(errAborted)
	if err := <-ended; !errors.Is(err, errAborted) {
		t.Errorf("next ended with %v", err)
	}
}

// A port that nobody uses is closed after a while (security.md P2).
func TestPassivePortIsClosedWhenUnused(t *testing.T) {
	r, port, err := passive(loopback, loopback, PortRange{}, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	defer r.drop()
	until(t, "the port is closed", func() bool {
		conn, err := net.Dial("tcp", netip.AddrPortFrom(loopback, port).String())
		if err == nil {
			conn.Close()
		}
		return err != nil
	})
}

// until waits for what must come to be.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come true that %s", what)
		}
	}
}

func TestActiveRoute(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	r := active(loopback, addrPort(l.Addr()), time.Minute)
	conn, err := r.next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	conn.Close()
	if _, err := r.next(t.Context()); !errors.Is(err, errRouteUsed) {
		t.Errorf("the second connection: %v", err)
	}
	r.drop()
	taken := addrPort(l.Addr())
	l.Close()
	if _, err := active(loopback, taken, time.Minute).next(t.Context()); !errors.Is(err, errBadAddress) {
		t.Errorf("a port where nobody listens: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errAborted)
	if _, err := active(loopback, taken, time.Minute).next(ctx); !errors.Is(err, errAborted) {
		t.Errorf("a transfer that was aborted: %v", err)
	}
}

// reading tells when a read of conn ends.
func reading(conn net.Conn) chan error {
	ended := make(chan error, 1)
	go func() {
		_, err := conn.Read(make([]byte, 1))
		ended <- err
	}()
	return ended
}

func TestAlarm(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer ours.Close()
		defer theirs.Close()
		a := &alarm{conn: ours}
		awake := func(ended chan error) bool {
			synctest.Wait()
			select {
			case <-ended:
				return true
			default:
				return false
			}
		}
		a.set(time.Now().Add(time.Minute))
		waits := reading(ours)
		if awake(waits) {
			t.Fatal("a wait ended before its time")
		}
		<-time.After(time.Minute)
		if !awake(waits) {
			t.Fatal("a wait did not end at its time")
		}
		a.transferBegins()
		waits = reading(ours)
		if a.end("over"); awake(waits) {
			t.Fatal("end did not wait for the transfer")
		}
		if a.transferEnds(); !awake(waits) {
			t.Fatal("the transfer's end did not wake the session")
		}
		if a.end("again"); a.reason() != "over" {
			t.Errorf("the reason is %q, want the first", a.reason())
		}
		a.set(time.Now().Add(time.Hour))
		if !awake(reading(ours)) {
			t.Error("a session that is to end waits for a command")
		}
	})
}

// Whatever comes at the same moment, a session that is to end does not sleep.
func TestAlarmRace(t *testing.T) {
	t.Parallel()
	for range 200 {
		ours, theirs := net.Pipe()
		a := &alarm{conn: ours}
		var others sync.WaitGroup
		for range 3 {
			others.Go(func() { a.end("over") })
		}
		others.Go(func() { a.transferEnds() })
		a.transferBegins()
		others.Wait()
		a.transferEnds()
		a.set(time.Now().Add(time.Hour))
		select {
		case <-reading(ours):
		case <-time.After(patience):
			t.Fatal("the session sleeps")
		}
		if a.reason() != "over" {
			t.Fatal("the reason was lost")
		}
		theirs.Close()
	}
}
