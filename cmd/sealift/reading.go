package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/cmd/sealift/internal/tree"
	"github.com/sealift/sealift/ftp"
	"github.com/sealift/sealift/ftpclient"
	"github.com/sealift/sealift/nearest"
)

func newCat(h host) *cobra.Command {
	c := &cobra.Command{
		Use: "cat URL…", Short: "Print files of a server", Args: args(1, -1),
		Long:    "Cat writes the files to stdout, byte for byte. What does not come whole is an error.",
		Example: "  sealift cat ftpes://alice@ftp.example.com/in/a.csv | wc -l",
	}
	return talking(h, c, func(ctx context.Context, r *remote, given []string) error {
		return r.each(ctx, given, func(c *ftpclient.Conn, to location) error {
			return copyFile(ctx, h.stdout, c, to.path)
		})
	})
}

// copyFile writes a file of a server to w.
func copyFile(ctx context.Context, w io.Writer, c *ftpclient.Conn, name string) error {
	f, err := c.Retrieve(ctx, name, 0)
	if err != nil {
		return tree.Explain(ctx, c, name, err)
	}
	_, err = io.Copy(w, f)
	return errors.Join(err, f.Close())
}

// digestNamed reads "sha256", "SHA-256" and the like.
func digestNamed(word string) (ftp.Digest, error) {
	if d, ok := ftp.DigestNamed(word); ok {
		return d, nil
	}
	var valid []string
	for _, d := range ftp.Digests {
		valid = append(valid, strings.ToLower(strings.ReplaceAll(d.Name, "-", "")))
	}
	return ftp.Digest{}, &fault.Error{Code: fault.Usage, Problem: "--algorithm", Err: &nearest.Unknown{What: "algorithm", Word: word, Valid: valid}}
}

func newHash(h host) *cobra.Command {
	algorithm, download := "sha256", false
	c := &cobra.Command{
		Use: "hash URL…", Short: "Print digests of files of a server", Args: args(1, -1),
		Long: `Hash prints a digest of each file, and its path, as sha256sum does. The server
computes it (HASH, XSHA256 and the like). One that cannot is an error, unless
--download allows to get the whole file and compute it here.`,
		Example: "  sealift hash ftpes://alice@ftp.example.com/in/a.csv",
	}
	c.Flags().StringVar(&algorithm, "algorithm", algorithm, "`sha256`, sha512, sha1, md5 or crc32")
	c.Flags().BoolVar(&download, "download", false, "where the server cannot, get the file and compute it here")
	return talking(h, c, func(ctx context.Context, r *remote, given []string) error {
		digest, err := digestNamed(algorithm)
		if err != nil {
			return err
		}
		return r.each(ctx, given, func(c *ftpclient.Conn, to location) error {
			return r.hash(ctx, c, to.path, digest, download)
		})
	})
}

// hashed is a digest in JSON.
type hashed struct {
	Path      string `json:"path"`
	Algorithm string `json:"algorithm"`
	Hash      string `json:"hash"`
	Computed  string `json:"computed"` // by the "server", or "here"
}

func (r *remote) hash(ctx context.Context, c *ftpclient.Conn, name string, d ftp.Digest, download bool) error {
	done := hashed{Path: name, Algorithm: d.Name, Computed: "server"}
	remote, err := c.Hash(ctx, name, d.Name, 0, -1)
	sum := remote.Sum
	if errors.Is(err, ftpclient.ErrNotSupported) {
		if !download {
			return cannotHash(c, d.Name)
		}
		done.Computed = "here"
		local := d.New()
		err = copyFile(ctx, local, c, name)
		sum = local.Sum(nil)
	}
	if err != nil {
		return tree.Explain(ctx, c, name, err)
	}
	done.Hash = hex.EncodeToString(sum)
	if r.json {
		return printJSON(r.h.stdout, done)
	}
	_, err = fmt.Fprintf(r.h.stdout, "%s  %s\n", done.Hash, printable(name))
	return err
}

func cannotHash(c *ftpclient.Conn, algorithm string) error {
	hint := "--download gets the file and computes it here"
	if offered := c.Features().Hashes; len(offered) > 0 {
		hint += "; the server offers --algorithm " + strings.Join(offered, ", ")
	}
	return fault.New(fault.Failed, hint, "the server computes no %s", algorithm)
}
