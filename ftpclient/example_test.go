package ftpclient_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/ftpserver/ftpservertest"
)

// example is a server for the examples, with the files report.txt and
// photos/one.jpg.
func example() (address string, o ftpclient.Options, end func()) {
	var t exampleTest
	s := ftpservertest.Start(&t, ftpservertest.Options{})
	o = options(s)
	c, err := ftpclient.Dial(context.Background(), s.Addr, o)
	if err == nil {
		defer c.Close()
		err = c.MakeDir(context.Background(), "photos")
	}
	if err != nil {
		log.Fatal(err)
	}
	for name, content := range map[string]string{"report.txt": "All is well.", "photos/one.jpg": "light"} {
		if _, err := c.Store(context.Background(), name, 0, strings.NewReader(content)); err != nil {
			log.Fatal(err)
		}
	}
	return s.Addr, o, t.end
}

// exampleTest stands in for a test where there is none.
type exampleTest struct {
	testing.TB
	cleanups []func()
}

func (t *exampleTest) Helper()          {}
func (t *exampleTest) Fatal(all ...any) { log.Fatal(all...) }
func (t *exampleTest) Error(all ...any) { log.Print(all...) }
func (t *exampleTest) Cleanup(f func()) { t.cleanups = append(t.cleanups, f) }
func (t *exampleTest) end() {
	for _, f := range t.cleanups {
		f()
	}
}

func Example() {
	address, options, end := example()
	defer end()
	ctx := context.Background()

	c, err := ftpclient.Dial(ctx, address, options)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	sent, err := c.Store(ctx, "letter.txt", 0, strings.NewReader("Dear server,"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("sent", sent)

	r, err := c.Retrieve(ctx, "report.txt", 0)
	if err != nil {
		log.Fatal(err)
	}
	defer r.Close()
	if _, err := io.Copy(os.Stdout, r); err != nil {
		log.Fatal(err)
	}
	// Output:
	// sent 12
	// All is well.
}

func ExampleConn_Walk() {
	address, options, end := example()
	defer end()
	ctx := context.Background()
	c, err := ftpclient.Dial(ctx, address, options)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	for e, err := range c.Walk(ctx, "") {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(e.Kind, e.Path)
	}
	// Unordered output:
	// dir photos
	// file photos/one.jpg
	// file report.txt
}

// A download that broke goes on where it stopped.
func ExampleInterruptedError() {
	address, options, end := example()
	defer end()
	ctx := context.Background()
	c, err := ftpclient.Dial(ctx, address, options)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	var content strings.Builder
	for {
		r, err := c.Retrieve(ctx, "report.txt", int64(content.Len()))
		if err != nil {
			log.Fatal(err)
		}
		_, err = io.Copy(&content, r)
		r.Close()
		if _, interrupted := errors.AsType[*ftpclient.InterruptedError](err); !interrupted {
			fmt.Println(content.String(), err)
			return
		}
	}
	// Output: All is well. <nil>
}

func ExampleConn_FS() {
	address, options, end := example()
	defer end()
	ctx := context.Background()
	c, err := ftpclient.Dial(ctx, address, options)
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close()

	photos, err := fs.Glob(c.FS(ctx), "photos/*.jpg")
	fmt.Println(photos, err)
	// Output: [photos/one.jpg] <nil>
}

func ExamplePool() {
	address, options, end := example()
	defer end()
	ctx := context.Background()
	pool := ftpclient.NewPool(address, options, 4)
	defer pool.Close()

	var work sync.WaitGroup
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		work.Go(func() {
			c, err := pool.Get(ctx)
			if err != nil {
				log.Fatal(err)
			}
			_, err = c.Store(ctx, name, 0, strings.NewReader("content of "+name))
			pool.Put(c, err)
			if err != nil {
				log.Fatal(err)
			}
		})
	}
	work.Wait()
	fmt.Println("all six are there, over", pool.Limit(), "connections at most")
	// Output: all six are there, over 4 connections at most
}
