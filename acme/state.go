package acme

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/sealift/sealift/certs"
)

// stateName is a file in the directory of a Keeper.
const stateName = "state.json"

// state is what outlasts a restart: a server that is started again and again
// must not ask a CA each time.
type state struct {
	Asked    string    `json:"asked"`          // for what: see asked
	From     string    `json:"from,omitempty"` // directory of the CA that the certificate is from
	Tried    time.Time `json:"tried,omitzero"`
	Failures int       `json:"failures,omitempty"`
	Retry    time.Time `json:"retry,omitzero"` // not before
	Host     string    `json:"host,omitempty"`
	Problem  string    `json:"problem,omitempty"`
	Hint     string    `json:"hint,omitempty"`
}

func (s state) failure() *Error {
	if s.Failures == 0 {
		return nil
	}
	return &Error{Host: s.Host, Problem: s.Problem, Hint: s.Hint}
}

// asked stands for all that may be the reason of a failure. Where it is
// another, the failures before do not count.
func (k *Keeper) asked() string {
	o := k.o
	kind := []string{o.Directory, string(o.Challenge), o.Email, o.EABKeyID, o.EABKey}
	switch solver := o.Solver.(type) {
	case Hook:
		kind = append(kind, solver...)
	case *Responder:
		kind = append(kind, solver.address)
	}
	if o.AcceptTerms {
		kind = append(kind, "terms")
	}
	sum := sha256.Sum256([]byte(strings.Join(append(kind, o.Hosts...), "\n")))
	return hex.EncodeToString(sum[:8])
}

// readState reads what an earlier run has left. A file that is damaged is as
// none: all that it holds is found out again.
func (k *Keeper) readState() error {
	data, err := os.ReadFile(filepath.Join(k.o.Dir, stateName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var former state
	if err := json.Unmarshal(data, &former); err != nil {
		k.o.Log.Warn("the state of ACME is damaged; it is made anew", "file", filepath.Join(k.o.Dir, stateName), "error", err.Error())
		return nil
	}
	if former.Asked != k.asked() {
		former = state{From: former.From}
	}
	k.state = former
	return nil
}

func (k *Keeper) writeState() error {
	data, err := json.MarshalIndent(k.state, "", "  ")
	if err != nil {
		return err
	}
	return certs.Save(true, certs.File{Name: filepath.Join(k.o.Dir, stateName), Data: append(data, '\n'), Secret: true})
}
