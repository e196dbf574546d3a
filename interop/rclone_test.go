package interop

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// rclone is a Go client: all its connections share one cache of TLS sessions,
// each used once, so parallel transfers come unresumed now and then. It has no
// active mode and does not continue uploads.
type rclone struct {
	client
	target
}

func findRclone(t *testing.T, g target) rclone {
	c := rclone{find(t, "rclone"), g}
	obscured := c.run(t, g.password, "obscure", "-")
	host := g.host
	if g.ipv6 {
		host = "[" + host + "]"
	}
	c.env = []string{
		"SSL_CERT_FILE=" + g.ca(), // --ca-cert is for HTTP
		"RCLONE_CONFIG=" + filepath.Join(c.home, "none"),
		"RCLONE_CONFIG_SERVER_TYPE=ftp",
		"RCLONE_CONFIG_SERVER_HOST=" + host,
		"RCLONE_CONFIG_SERVER_PORT=" + g.port,
		"RCLONE_CONFIG_SERVER_USER=" + g.account.name,
		"RCLONE_CONFIG_SERVER_PASS=" + obscured[:len(obscured)-1],
		fmt.Sprintf("RCLONE_CONFIG_SERVER_TLS=%t", g.implicit),
		fmt.Sprintf("RCLONE_CONFIG_SERVER_EXPLICIT_TLS=%t", !g.implicit),
		fmt.Sprintf("RCLONE_CONFIG_SERVER_DISABLE_TLS13=%t", g.tls == "1.2"),
		"RCLONE_LOG_LEVEL=ERROR",
		"RCLONE_RETRIES=1",
		"RCLONE_LOW_LEVEL_RETRIES=1",
	}
	return c
}

func TestRclone(t *testing.T) {
	t.Parallel()
	overLinks(t, standard, passive, func(t *testing.T, g target) {
		c := findRclone(t, g)
		dir := t.TempDir()
		file := makeFile(t, filepath.Join(dir, "sent.bin"), 1<<20)
		got := filepath.Join(dir, "got.bin")
		stored := filepath.Join(g.home, "in", "new", "a b.bin")

		c.run(t, "", "copyto", file, "server:in/new/a b.bin")
		same(t, file, stored)
		shows(t, c.run(t, "", "lsjson", "server:in/new"), "a b.bin", "1048576", "2021-03-04T05:06:07")
		c.run(t, "", "copyto", "server:in/new/a b.bin", got)
		same(t, file, got)
		tail := c.run(t, "", "cat", "--offset", "1000000", "server:in/new/a b.bin")
		if whole, err := os.ReadFile(file); err != nil || tail != string(whole[1_000_000:]) {
			t.Errorf("from byte 1000000 on came %d other bytes (%v)", len(tail), err)
		}

		c.run(t, "", "moveto", "server:in/new/a b.bin", "server:moved.bin")
		same(t, file, filepath.Join(g.home, "moved.bin"))
		absent(t, stored)
		c.run(t, "", "deletefile", "server:moved.bin")
		absent(t, filepath.Join(g.home, "moved.bin"))
		c.run(t, "", "mkdir", "server:gone")
		c.run(t, "", "rmdir", "server:gone")
		absent(t, filepath.Join(g.home, "gone"))
	})
}

func TestRcloneEightAtATime(t *testing.T) {
	t.Parallel()
	overLinks(t, standard, func(l link) bool { return !l.active && !l.ipv6 }, func(t *testing.T, g target) {
		c := findRclone(t, g)
		dir, back := t.TempDir(), t.TempDir()
		for i := range 64 {
			makeFile(t, filepath.Join(dir, fmt.Sprintf("%d.bin", i)), 20_000)
		}
		c.run(t, "", "copy", "--transfers", "8", dir, "server:many")
		sameTree(t, dir, filepath.Join(g.home, "many"))
		c.run(t, "", "copy", "--transfers", "8", "server:many", back)
		sameTree(t, dir, back)
	})
}

func TestRcloneCopiesATree(t *testing.T) {
	for _, version := range []string{"1.3", "1.2"} {
		t.Run("TLS"+version, func(t *testing.T) {
			g := standard.over(t, link{tls: version})
			c := findRclone(t, g)
			for _, src := range sourceTrees(t) {
				back := t.TempDir()
				c.run(t, "", "copy", "--transfers", "4", src, "server:tree")
				sameTree(t, src, filepath.Join(g.home, "tree"))
				c.run(t, "", "copy", "--transfers", "4", "server:tree", back)
				sameTree(t, src, back)
				c.run(t, "", "purge", "server:tree")
				absent(t, filepath.Join(g.home, "tree"))
			}
		})
	}
}
