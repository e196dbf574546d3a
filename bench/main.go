package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
)

// choices are the flags.
type choices struct {
	quick        bool
	rounds       int
	only         string
	dir          string
	json, plot   string
	withoutBound bool
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	var c choices
	flag.BoolVar(&c.quick, "quick", false, "every workload once, small")
	flag.IntVar(&c.rounds, "rounds", 0, "how often each server takes its turn; 0: 5, with --quick 1")
	flag.StringVar(&c.only, "only", "", "workloads that match this `REGEXP`")
	flag.StringVar(&c.dir, "dir", "", "where homes stand; default: /dev/shm, if it is there")
	flag.StringVar(&c.json, "json", "", "write all figures to this `FILE`")
	flag.StringVar(&c.plot, "plot", "", "draw the ratios into this `FILE`, .svg or .png")
	flag.BoolVar(&c.withoutBound, "without-binding", false, "measure Sealift with policy.session_binding = \"off\" as well")
	flag.Parse()
	if err := bench(ctx, c, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func bench(ctx context.Context, c choices, out, progress io.Writer) (err error) {
	only, err := regexp.Compile(c.only)
	if err != nil {
		return err
	}
	dir, err := folder(c.dir)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := prepare(ctx, dir)
	if err != nil {
		return err
	}
	servers, err := startAll(ctx, s, progress)
	defer func() { err = errors.Join(err, stopAll(servers)) }()
	if err == nil && c.withoutBound {
		servers, err = addUnbound(ctx, s, servers)
	}
	if err != nil {
		return err
	}
	n := full
	if c.quick {
		n = quick
	}
	if c.rounds > 0 {
		n.rounds = c.rounds
	}
	return run(ctx, c, workloads(s, n), servers, only, n.rounds, out, progress)
}

func run(ctx context.Context, c choices, all []workload, servers []*server, only *regexp.Regexp, rounds int, out, progress io.Writer) error {
	r := newReport(rounds)
	for _, w := range all {
		if !only.MatchString(w.name) {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		row, err := measureRow(w, servers, rounds, progress)
		if err != nil {
			return err
		}
		r.Rows = append(r.Rows, row)
	}
	if err := r.writeTable(out); err != nil {
		return err
	}
	if c.plot != "" {
		if err := r.writePlot(c.plot); err != nil {
			return err
		}
	}
	if c.json == "" {
		return nil
	}
	f, err := os.Create(c.json)
	if err != nil {
		return err
	}
	return errors.Join(r.writeJSON(f), f.Close())
}

// addUnbound starts Sealift once more, without session binding.
func addUnbound(ctx context.Context, s setting, servers []*server) ([]*server, error) {
	s.extra = map[string]string{"policy.session_binding": `"off"`}
	unbound, err := startSealift(ctx, s, "Sealift without binding")
	if err != nil {
		return servers, err
	}
	return append(servers, unbound), nil
}

// folder is a new one, in memory if there is such a place: a disk would say
// more about itself than about servers.
func folder(parent string) (string, error) {
	if info, err := os.Stat("/dev/shm"); parent == "" && err == nil && info.IsDir() {
		parent = "/dev/shm"
	}
	dir, err := os.MkdirTemp(parent, "sealift-bench-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o755)
}

// prepare makes the certificate and builds the binary.
func prepare(ctx context.Context, dir string) (setting, error) {
	s := setting{dir: dir, binary: filepath.Join(dir, "sealift")}
	build := exec.CommandContext(ctx, "go", "build", "-o", s.binary, "github.com/sealift/sealift/cmd/sealift")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		return s, fmt.Errorf("go build: %w\n%s", err, text)
	}
	var err error
	s.pair, s.roots, err = makePair(dir)
	return s, err
}
