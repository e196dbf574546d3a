package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"syscall"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
)

// A Client asks the server of one data directory.
type Client struct {
	dir  string
	http http.Client
}

// Dial is a Client; the connection is made when something is asked.
func Dial(dir string) *Client {
	c := &Client{dir: dir}
	c.http.Transport = &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "unix", filepath.Join(dir, SocketName))
		},
	}
	return c
}

// Status is how the server is.
func (c *Client) Status(ctx context.Context) (st Status, err error) {
	return st, c.ask(ctx, http.MethodGet, "/status", &st)
}

// Sessions are those that run.
func (c *Client) Sessions(ctx context.Context) (all []Session, err error) {
	return all, c.ask(ctx, http.MethodGet, "/sessions", &all)
}

// Kick ends a session and tells whether there was one of that ID.
func (c *Client) Kick(ctx context.Context, id string) (found bool, err error) {
	return found, c.ask(ctx, http.MethodPost, "/kick?id="+url.QueryEscape(id), &found)
}

// Reload makes the server read its configuration again. What is wrong with
// that is a fault.Lines.
func (c *Client) Reload(ctx context.Context) (done Reloaded, err error) {
	return done, c.ask(ctx, http.MethodPost, "/reload", &done)
}

// Refresh makes the server read its accounts again.
func (c *Client) Refresh(ctx context.Context) error {
	var done bool
	return c.ask(ctx, http.MethodPost, "/refresh", &done)
}

func (c *Client) ask(ctx context.Context, method, path string, into any) error {
	request, err := http.NewRequestWithContext(ctx, method, "http://sealift"+path, nil)
	if err != nil {
		return err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return c.unreachable(err)
	}
	defer response.Body.Close()
	from := json.NewDecoder(response.Body)
	switch response.StatusCode {
	case http.StatusOK:
		return from.Decode(into)
	case http.StatusUnprocessableEntity:
		var wrong fault.Lines
		if err := from.Decode(&wrong); err != nil {
			return err
		}
		return wrong
	}
	return fmt.Errorf("the server answered %s", response.Status)
}

func (c *Client) unreachable(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fault.New(fault.NotConnected, "start it with sealift serve, or name its directory with --data-dir or --config", "no server runs on %s", c.dir)
	case errors.Is(err, fs.ErrPermission):
		return fault.New(fault.NotConnected, "run this as the user that the server runs as, or as root", "%s: permission denied", filepath.Join(c.dir, SocketName))
	}
	return &fault.Error{Code: fault.NotConnected, Problem: "the server on " + c.dir + " does not answer", Err: err}
}
