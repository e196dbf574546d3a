package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sealift/sealift/cmd/sealift/internal/control"
	"github.com/sealift/sealift/cmd/sealift/internal/fault"
	"github.com/sealift/sealift/config"
	"github.com/sealift/sealift/nearest"
)

// group makes c a command that only leads to others: alone it shows its help,
// with a word that is none of them it says which was meant.
func group(c *cobra.Command) {
	c.Args = cobra.ArbitraryArgs
	c.RunE = func(c *cobra.Command, args []string) error {
		if len(args) == 0 {
			return c.Help()
		}
		var names []string
		for _, sub := range c.Commands() {
			if sub.IsAvailableCommand() {
				names = append(names, sub.Name())
			}
		}
		hint := c.CommandPath() + " --help shows the commands"
		if near := nearest.Word(args[0], names); near != "" {
			hint = fmt.Sprintf("did you mean %q?", c.CommandPath()+" "+near)
		}
		return fault.New(fault.Usage, hint, "unknown command %q", c.CommandPath()+" "+args[0])
	}
}

// args demands a number of arguments; the use line says what they are.
func args(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, given []string) error {
		problem := ""
		switch {
		case len(given) < least:
			problem = "an argument is missing"
		case most >= 0 && len(given) > most:
			problem = fmt.Sprintf("%q is one argument too many", given[most])
		default:
			return nil
		}
		return fault.New(fault.Usage, "usage: "+c.UseLine(), "%s: %s", c.CommandPath(), problem)
	}
}

// place are the flags that say which server is meant.
type place struct {
	h       host
	file    string
	dataDir string
	json    bool
}

// addTo adds the flags to a command.
func (p *place) addTo(c *cobra.Command) {
	c.Flags().StringVar(&p.file, "config", "", "configuration `FILE`")
	c.Flags().StringVar(&p.dataDir, "data-dir", "", "state `DIR`: accounts, certificates, control socket")
	c.Flags().BoolVar(&p.json, "json", false, "print JSON")
}

func (p *place) settings() []config.Setting {
	if p.dataDir == "" {
		return nil
	}
	return []config.Setting{{Key: "data_dir", Value: p.dataDir, Source: "--data-dir"}}
}

func (p *place) load() (config.Config, error) { return config.Load(p.file, p.h.env, p.settings()...) }

// server is the control socket of the server that is meant.
func (p *place) server() (*control.Client, error) {
	c, err := p.load()
	if err != nil {
		return nil, err
	}
	return control.Dial(c.DataDir), nil
}

// listenFlags are those of serve and init that stand for keys.
type listenFlags struct {
	lists map[string]*[]string
	words map[string]*string
}

// flagKeys pairs the flags with their keys, in the order of the help.
var flagKeys = []struct {
	flag, key, about string
	list             bool
}{
	{"listen", "listen.explicit", "explicit FTPS on `ADDR`, \":21\"; may be repeated", true},
	{"implicit", "listen.implicit", "implicit FTPS on `ADDR`, \":990\"; may be repeated", true},
	{"passive-ports", "listen.passive_ports", "ports `A-B` for data connections", false},
	{"public-address", "listen.public_address", "`IP or NAME` that PASV tells clients, behind NAT", false},
	{"cert", "tls.certificate", "PEM `FILE` of the certificate chain", false},
	{"key", "tls.key", "PEM `FILE` of the private key", false},
	{"log-format", "log.format", "`text or json`", false},
	{"log-level", "log.level", "`debug, info, warn or error`", false},
}

func (l *listenFlags) addTo(c *cobra.Command) {
	l.lists, l.words = map[string]*[]string{}, map[string]*string{}
	for _, f := range flagKeys {
		if f.list {
			l.lists[f.flag] = c.Flags().StringArray(f.flag, nil, f.about)
		} else {
			l.words[f.flag] = c.Flags().String(f.flag, "", f.about)
		}
	}
}

// settings are the flags that were given.
func (l *listenFlags) settings(c *cobra.Command) []config.Setting {
	var given []config.Setting
	for _, f := range flagKeys {
		if !c.Flags().Changed(f.flag) {
			continue
		}
		value := ""
		if f.list {
			value = strings.Join(*l.lists[f.flag], ",")
		} else {
			value = *l.words[f.flag]
		}
		given = append(given, config.Setting{Key: f.key, Value: value, Source: "--" + f.flag})
	}
	return given
}
