package ftpclient_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/ftpserver"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

// limited is a server that takes so many connections from an address.
func limited(t *testing.T, sessions int) *ftpservertest.Server {
	t.Helper()
	return ftpservertest.Start(t, ftpservertest.Options{
		Config: ftpserver.Config{Limits: ftpserver.Limits{SessionsPerAddress: sessions}},
	})
}

func pool(t *testing.T, address string, o ftpclient.Options, most int) *ftpclient.Pool {
	t.Helper()
	p := ftpclient.NewPool(address, o, most)
	t.Cleanup(func() { p.Close() })
	return p
}

// Many goroutines, fewer connections, and a server that wants fewer still:
// all get their turn.
func TestPoolLearnsTheLimit(t *testing.T) {
	t.Parallel()
	s := limited(t, 3)
	p := pool(t, s.Addr, options(s), 8)
	var work sync.WaitGroup
	for i := range 20 {
		work.Go(func() {
			c, err := p.Get(t.Context())
			if err != nil {
				t.Error(err)
				return
			}
			store(t, c, strconv.Itoa(i), []byte("x"))
			p.Put(c, nil)
		})
	}
	work.Wait()
	if p.Limit() > 3 {
		t.Errorf("limit %d", p.Limit())
	}
}

func TestPoolKeepsConnections(t *testing.T) {
	t.Parallel()
	s := ftpservertest.Start(t, ftpservertest.Options{})
	p := pool(t, s.Addr, options(s), 2)
	first, err := p.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := first.MakeDir(t.Context(), "d"); err != nil {
		t.Fatal(err)
	}
	if err := first.ChangeDir(t.Context(), "d"); err != nil {
		t.Fatal(err)
	}
	p.Put(first, nil)
	second, err := p.Get(t.Context())
	if err != nil || second != first {
		t.Fatalf("not the same connection, %v", err)
	}
	usable(t, second) // in the first folder again
	p.Put(second, errors.New("of the caller's own"))
	third, err := p.Get(t.Context())
	if err != nil || third != first {
		t.Fatalf("an error of the caller's cost a connection, %v", err)
	}
	p.Put(third, nil)
}

// A connection that broke, or is in the middle of something, is replaced; who
// waits is not forgotten.
func TestPoolReplaces(t *testing.T) {
	t.Parallel()
	s := limited(t, 1)
	p := pool(t, s.Addr, options(s), 1)
	for _, test := range []struct {
		why   string
		spoil func(c *ftpclient.Conn) error
	}{
		{"closed", func(c *ftpclient.Conn) error { return c.Close() }},
		{"in a download", func(c *ftpclient.Conn) error {
			_, err := c.Retrieve(t.Context(), "f", 0)
			return err
		}},
		{"an error that says so", func(c *ftpclient.Conn) error { return ftpclient.ErrTimeout }},
	} {
		c, err := p.Get(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", test.why, err)
		}
		store(t, c, "f", random(5<<20))
		next := make(chan error)
		go func() {
			c, err := p.Get(t.Context())
			if err == nil {
				_, err = c.CurrentDir(t.Context())
			}
			p.Put(c, err)
			next <- err
		}()
		p.Put(c, test.spoil(c))
		if err := <-next; err != nil {
			t.Errorf("%s: the one who waited: %v", test.why, err)
		}
	}
}

// Where nobody can be waited for, the server's refusal is the answer.
func TestPoolWithoutAnyConnection(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		why  string
		play func(s *session)
	}{
		{"421 at the greeting", func(s *session) { s.say("421 too many connections") }},
		{"530 at the login", func(s *session) {
			s.greet()
			s.hear("USER", "530 Sorry, the maximum number of clients is reached")
		}},
		{"wrong password", func(s *session) {
			s.greet()
			s.hear("USER", "331 pw")
			s.hear("PASS", "530 wrong")
		}},
	} {
		f := startFake(t, test.play)
		p := pool(t, f.addr, f.options(), 3)
		var work sync.WaitGroup
		for range 5 {
			work.Go(func() {
				if c, err := p.Get(t.Context()); !sameKind(err, new(ftpclient.ReplyError)) {
					t.Errorf("%s: %v, %v", test.why, c, err)
				}
			})
		}
		work.Wait()
	}
}

// 530 in such words is a limit where there are other connections.
func TestPoolLimitAtLogin(t *testing.T) {
	t.Parallel()
	var logins atomic.Int32
	f := startFake(t, func(s *session) {
		s.greet()
		if logins.Add(1) > 2 {
			s.hear("USER", "530 Too many connections for this user")
			return
		}
		s.enter("")
		s.hear("QUIT", "221 bye")
	})
	p := pool(t, f.addr, f.options(), 5)
	ctx, cancel := context.WithCancel(t.Context())
	var held []*ftpclient.Conn
	for range 2 {
		c, err := p.Get(ctx)
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, c)
	}
	third := make(chan error)
	go func() {
		_, err := p.Get(ctx)
		third <- err
	}()
	for p.Limit() != 2 {
		select {
		case err := <-third:
			t.Fatalf("the third: %v", err)
		default:
		}
	}
	cancel()
	if err := <-third; !errors.Is(err, context.Canceled) {
		t.Errorf("who waited too long: %v", err)
	}
	for _, c := range held {
		p.Put(c, nil)
	}
}

func TestPoolClose(t *testing.T) {
	t.Parallel()
	s := ftpservertest.Start(t, ftpservertest.Options{})
	p := pool(t, s.Addr, options(s), 1)
	c, err := p.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	waits := make(chan error)
	go func() {
		_, err := p.Get(t.Context())
		waits <- err
	}()
	p.Close()
	if err := <-waits; !errors.Is(err, ftpclient.ErrPoolClosed) {
		t.Errorf("who waits: %v", err)
	}
	usable(t, c) // who has one may end what he does
	p.Put(c, nil)
	if _, err := p.Get(t.Context()); !errors.Is(err, ftpclient.ErrPoolClosed) {
		t.Errorf("Get: %v", err)
	}
	p.Put(nil, io.EOF)
}
