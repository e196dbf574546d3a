package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/ftpclient"
)

// talking is a command that talks to servers: it gets the flags of remote.
func talking(h host, c *cobra.Command, run func(ctx context.Context, r *remote, given []string) error) *cobra.Command {
	r := &remote{h: h}
	r.addTo(c)
	c.RunE = func(c *cobra.Command, given []string) error { return run(c.Context(), r, given) }
	return c
}

// each runs do on each URL, one after the other, until one fails. URLs of one
// server and account that follow each other share a connection.
func (r *remote) each(ctx context.Context, urls []string, do func(*ftpclient.Conn, location) error) error {
	all := make([]location, len(urls))
	for i, raw := range urls {
		var err error
		if all[i], err = parseLocation(raw); err != nil {
			return err
		}
	}
	var c *ftpclient.Conn
	defer func() {
		if c != nil {
			c.Close()
		}
	}()
	for i, to := range all {
		if c != nil && all[i-1].at("") != to.at("") {
			c.Close()
			c = nil
		}
		if c == nil {
			var err error
			if c, err = r.connect(ctx, to); err != nil {
				return err
			}
		}
		if err := do(c, to); err != nil {
			return err
		}
	}
	return nil
}

// tellDone prints, in JSON, what was done with a path; people need no word of
// what went well.
func (r *remote) tellDone(done, path string) error {
	if !r.json {
		return nil
	}
	return printJSON(r.h.stdout, map[string]string{"path": path, "done": done})
}
