package main

import (
	"bytes"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// Every command that docs/client.md prints is there, with its flags and
// arguments. That they do what the page says is what the scripts test.
func TestClientPage(t *testing.T) {
	page, err := os.ReadFile("../../docs/client.md")
	if err != nil {
		t.Fatal(err)
	}
	lines := regexp.MustCompile(`(?m)^    (?:.*[|=…] )?sealift (.+)$`).FindAllStringSubmatch(string(page), -1)
	if len(lines) < 35 {
		t.Errorf("only %d commands were found", len(lines))
	}
	for _, line := range lines {
		root := newRoot(host{os.Stdin, io.Discard, &bytes.Buffer{}, nil})
		c, rest, err := root.Find(pageWords(line[1]))
		if err == nil {
			err = c.ParseFlags(rest)
		}
		if err == nil {
			err = c.ValidateArgs(c.Flags().Args())
		}
		if err != nil || c == root {
			t.Errorf("%s: %v", line[0], err)
		}
	}
	for _, flag := range regexp.MustCompile("`--([a-z-]+)").FindAllStringSubmatch(string(page), -1) {
		if !isFlag(flag[1]) {
			t.Errorf("no command has --%s", flag[1])
		}
	}
}

// pageWords takes a command of the page to pieces; comments and what a pipe
// leads to are not its own.
func pageWords(line string) (words []string) {
	for _, word := range regexp.MustCompile(`'[^']*'|"[^"]*"|\S+`).FindAllString(line, -1) {
		if word == "|" || word == "#" {
			break
		}
		words = append(words, strings.Trim(word, `'"`))
	}
	return words
}

func isFlag(name string) (found bool) {
	for _, c := range newRoot(host{os.Stdin, io.Discard, io.Discard, nil}).Commands() {
		found = found || c.Flags().Lookup(name) != nil
	}
	return found
}
