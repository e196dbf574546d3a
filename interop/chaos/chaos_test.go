package chaos_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/sealift/sealift/interop/chaos"
)

// ends is both ends of a connection through the network.
func ends(t *testing.T, n *chaos.Network) (client, server *net.TCPConn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	conn, err := n.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []net.Conn{conn, accepted} {
		t.Cleanup(func() { c.Close() })
		if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	return conn.(*net.TCPConn), accepted.(*net.TCPConn)
}

func network(t *testing.T, rules chaos.Rules) *chaos.Network {
	t.Helper()
	n := chaos.New(1, rules)
	t.Cleanup(func() { n.Close() })
	return n
}

func random(n int) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// send writes all and ends the stream.
func send(c *net.TCPConn, content []byte) {
	c.Write(content)
	c.CloseWrite()
}

func TestAllPassesBothWays(t *testing.T) {
	n := network(t, chaos.Rules{Delay: time.Millisecond})
	client, server := ends(t, n)
	up, down := random(1<<20), random(2<<20)
	go send(client, up)
	go send(server, down)
	for _, test := range []struct {
		why  string
		at   *net.TCPConn
		want []byte
	}{{"up", server, up}, {"down", client, down}} {
		if got, err := io.ReadAll(test.at); err != nil || !bytes.Equal(got, test.want) {
			t.Errorf("%s: %d bytes of %d, %v", test.why, len(got), len(test.want), err)
		}
	}
	if n.Met() > 0 {
		t.Errorf("faults without being asked for: %s", n)
	}
}

func TestFaults(t *testing.T) {
	const reach = 1 << 20
	for _, test := range []struct {
		fault          chaos.Fault
		client, server error // what each side reads at the end; nil: io.EOF
	}{
		{chaos.Reset, syscall.ECONNRESET, syscall.ECONNRESET},
		{chaos.End, nil, nil},
		{chaos.ResetClient, syscall.ECONNRESET, nil},
		{chaos.ResetServer, nil, syscall.ECONNRESET},
	} {
		t.Run(test.fault.String(), func(t *testing.T) {
			n := network(t, chaos.Rules{Faulty: 1, Reach: reach, Faults: []chaos.Fault{test.fault}})
			client, server := ends(t, n)
			content := random(reach)
			clientWrote, serverWrote := write(client, content), write(server, content)
			atServer, serverErr := read(server, serverWrote, test.server)
			atClient, clientErr := read(client, clientWrote, test.client)
			if !errors.Is(clientErr, test.client) || !errors.Is(serverErr, test.server) {
				t.Errorf("the client sees %v, the server %v; want %v, %v", clientErr, serverErr, test.client, test.server)
			}
			if len(atServer) == reach && len(atClient) == reach {
				t.Error("nothing was lost")
			}
			if !bytes.HasPrefix(content, atServer) || !bytes.HasPrefix(content, atClient) {
				t.Error("what passed is not what was sent")
			}
			if n.Met() != 1 {
				t.Errorf("met: %s", n)
			}
		})
	}
}

func write(c *net.TCPConn, content []byte) <-chan error {
	over := make(chan error, 1)
	go func() {
		_, err := c.Write(content)
		over <- err
	}()
	return over
}

// read reads to the end. A reset is told to a read or to a write, whichever is
// first.
func read(c *net.TCPConn, wrote <-chan error, want error) ([]byte, error) {
	got, err := io.ReadAll(c)
	if err == nil && want != nil {
		err = <-wrote
	}
	return got, err
}

func TestFreeze(t *testing.T) {
	n := network(t, chaos.Rules{Faulty: 1, Reach: 1, Faults: []chaos.Fault{chaos.Freeze}})
	client, server := ends(t, n)
	go client.Write([]byte("some"))
	go server.Write([]byte("some"))
	for _, c := range []*net.TCPConn{client, server} {
		if err := c.SetReadDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
	all := make([]byte, 8)
	for n, err := 0, error(nil); err == nil; n, err = server.Read(all) {
		_ = n
	}
	if _, err := io.ReadAll(client); !isTimeout(err) {
		t.Errorf("the client reads %v, want a timeout", err)
	}
	if err := n.Close(); err != nil {
		t.Error(err)
	}
}

func isTimeout(err error) bool {
	timeout := net.Error(nil)
	return errors.As(err, &timeout) && timeout.Timeout()
}

// A connection that breaks outside of the proxy breaks on its other side too.
func TestResetsPass(t *testing.T) {
	client, server := ends(t, network(t, chaos.Rules{}))
	if err := client.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	client.Close()
	if _, err := io.ReadAll(server); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the server reads %v, want a reset", err)
	}
}

// The same seed ends connections at the same byte.
func TestSeed(t *testing.T) {
	lengths := func() (all []int) {
		n := network(t, chaos.Rules{Faulty: 1, Reach: 1 << 16, Faults: []chaos.Fault{chaos.End}})
		for range 10 {
			client, server := ends(t, n)
			go send(client, random(1<<16))
			up, err := io.ReadAll(server)
			if err != nil {
				t.Error(err)
			}
			all = append(all, len(up))
			server.Close()
		}
		if slices.Max(all) == slices.Min(all) {
			t.Errorf("all alike: %v", all)
		}
		return all
	}
	first, second := lengths(), lengths()
	if !slices.Equal(first, second) {
		t.Errorf("%v, then %v", first, second)
	}
}

func TestClose(t *testing.T) {
	n := network(t, chaos.Rules{})
	client, _ := ends(t, n)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Read(make([]byte, 1)); err == nil || isTimeout(err) {
		t.Errorf("the connection lives on: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := n.DialContext(t.Context(), "tcp", l.Addr().String()); !errors.Is(err, net.ErrClosed) {
		t.Errorf("a closed network dials: %v", err)
	}
}
