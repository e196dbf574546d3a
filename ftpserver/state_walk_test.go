package ftpserver

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/sealift/sealift/ftp"
)

// world is what a walk through the states supposes: the policy before the
// login and that of the account, which holds from the login on.
type world struct {
	why             string
	server, account Policy
}

// in is the policy in force in a state.
func (w world) in(st State) Policy {
	if st.Login == LoggedIn {
		return w.account
	}
	return w.server
}

// worlds are all combinations of what refuse looks at: an account may be held
// to more than the server, or to less.
func worlds() []world {
	var all []world
	for bits := range 1 << 4 {
		server := Policy{
			UnprotectedCommands: bits&1 != 0, UnprotectedData: bits&2 != 0, CCC: bits&4 != 0, KeepLogin: bits&8 != 0,
			CertificateLogin: true,
		}
		all = append(all,
			world{fmt.Sprintf("everybody: %+v", server), server, server},
			world{fmt.Sprintf("strict account on: %+v", server), server, server.Tighten(Policy{NoActive: true})},
			world{fmt.Sprintf("free account on: %+v", server), server,
				Policy{UnprotectedCommands: true, UnprotectedData: true, CCC: true, KeepLogin: true}})
	}
	return slices.CompactFunc(all, func(a, b world) bool { return a.server == b.server && a.account == b.account })
}

// rows are the rows of the table and those of SITE.
func rows() map[string]*command {
	all := maps.Clone(commands)
	for word, c := range siteCommands {
		all["SITE "+word] = c
	}
	return all
}

// someArg is an argument of the shape that a row wants.
func someArg(a args) string {
	switch a {
	case argWords, argPath:
		return "x"
	}
	return ""
}

func someCommand(verb string) ftp.Command {
	return ftp.Command{Verb: verb, Arg: someArg(commands[verb].args)}
}

// next is the model of the handlers: every state in which a command that
// refuse has let through may leave the session, and the one in which a
// refused command does.
func (w world) next(st State, c *command, cmd ftp.Command) []State {
	p := w.in(st)
	refusal := p.refuse(st, c, cmd)
	if !refusal.IsZero() {
		st.Renaming, st.Copying = false, false
		if c.needs.has(opensData) && refusal.Code != ftp.CodeDataUnprotected {
			st = st.withoutOffset()
		}
		return []State{st}
	}
	st.Renaming, st.Copying = false, false
	if c.needs.has(opensData) {
		refused := st.withoutOffset() // before the 150: the way to connect stays
		carried := refused
		carried.HasRoute = false
		return []State{refused, carried}
	}
	if effect := effects[cmd.Verb]; effect != nil {
		return effect(w, p, st)
	}
	return []State{st}
}

type effect func(w world, p Policy, st State) []State

// effects are the moves of the session state machine, and no others.
var effects = map[string]effect{
	"AUTH": func(w world, p Policy, st State) []State {
		next := st.afterAuth(p.KeepLogin)
		return append([]State{next}, w.entries(next)...)
	},
	"PBSZ": func(_ world, _ Policy, st State) []State { st.PBSZ = true; return []State{st} },
	"PROT": func(_ world, p Policy, st State) []State {
		all := []State{st}
		for _, level := range []Protection{ProtClear, ProtPrivate} {
			if refusal := p.refuseProt(level); refusal.IsZero() {
				st.Protection = level
				all = append(all, st)
			}
		}
		return all
	},
	"CCC": func(_ world, _ Policy, st State) []State {
		st.Security, st.Cleared = Clear, true
		return []State{st}
	},
	"REIN": func(_ world, _ Policy, st State) []State {
		if st.Implicit {
			return []State{st}
		}
		return []State{st.afterRein()}
	},
	"USER": func(w world, _ Policy, st State) []State {
		out := st.loggedOut()
		named := out
		named.Login = Named
		return append([]State{out, named}, w.entries(out)...)
	},
	"PASS": func(w world, _ Policy, st State) []State {
		if st.Login == LoggedIn {
			return []State{st}
		}
		wrong := st
		wrong.Login = LoggedOut
		return append([]State{wrong}, w.entries(st)...)
	},
	"HOST": func(_ world, _ Policy, st State) []State { return []State{st.loggedOut()} },
	"TYPE": func(_ world, _ Policy, st State) []State {
		ascii, image := st, st
		ascii.Converts, image.Converts = true, false
		return []State{ascii, image}
	},
	"EPSV": func(_ world, _ Policy, st State) []State {
		all := st
		all.EPSVAll, st.HasRoute = true, true
		return []State{all, st}
	},
	"PASV": withRoute, "PORT": withRoute, "EPRT": withRoute,
	"ABOR": func(_ world, _ Policy, st State) []State {
		closed := st
		closed.HasRoute = false
		return []State{st, closed}
	},
	"REST": func(_ world, _ Policy, st State) []State {
		st = st.withoutOffset()
		st.Offset = 7
		return []State{st}
	},
	"RANG": func(_ world, _ Policy, st State) []State {
		st = st.withoutOffset()
		ranged := st
		ranged.Ranged, ranged.First, ranged.Last = true, 2, 5
		if st.Converts {
			return []State{st}
		}
		return []State{st, ranged}
	},
	"HASH": func(_ world, _ Policy, st State) []State { return []State{st.withoutRange()} },
	"RNFR": func(_ world, _ Policy, st State) []State {
		failed := st
		st.Renaming = true
		return []State{failed, st}
	},
	"SITE": func(_ world, _ Policy, st State) []State {
		other := st
		st.Copying = true
		return []State{other, st}
	},
}

func withRoute(_ world, _ Policy, st State) []State {
	lost := st
	lost.HasRoute, st.HasRoute = false, true
	return []State{lost, st}
}

// entries are the states of a login, where the account's policy lets it in.
func (w world) entries(st State) []State {
	if w.account.refuseGrant(st, false) != nil {
		return nil
	}
	var all []State
	for _, perm := range []Perm{PermAll, PermReadOnly} {
		all = append(all, st.loggedIn(perm))
	}
	return all
}

// reachable walks breadth-first through all states, from both kinds of
// listener, and names for each the way that led there.
func (w world) reachable() map[State]string {
	from := map[State]string{}
	var queue []State
	for _, implicit := range []bool{false, true} {
		st := newState(implicit, false)
		st.CCCElsewhere = w.server.CCC
		from[st] = "connect"
		queue = append(queue, st)
	}
	verbs := slices.Sorted(maps.Keys(commands))
	for ; len(queue) > 0; queue = queue[1:] {
		for _, verb := range verbs {
			for _, next := range w.next(queue[0], commands[verb], someCommand(verb)) {
				if _, seen := from[next]; !seen {
					from[next] = from[queue[0]] + ", " + verb
					queue = append(queue, next)
				}
			}
		}
	}
	return from
}

// law is what must hold of every row in every state that can be reached.
type law struct {
	why   string
	holds func(p Policy, st State, c *command, refusal ftp.Reply) bool
}

func passed(r ftp.Reply) bool { return r.IsZero() }

var laws = []law{
	{"no file travels in clear where that is forbidden (law 1)", func(p Policy, st State, c *command, r ftp.Reply) bool {
		return !passed(r) || !c.needs.has(opensData) || st.Protection == ProtPrivate || p.UnprotectedData
	}},
	{"refuseData forbids what refuse forbids: it is asked again when the transfer starts", func(p Policy, st State, c *command, r ftp.Reply) bool {
		again := p.refuseData(st)
		return !c.needs.has(opensData) || !passed(r) || passed(again)
	}},
	{"a row that needs a login never runs without one", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !passed(r) || !c.needs.has(needLogin) || st.Login == LoggedIn
	}},
	{"a login never travels in clear where that is forbidden, not even after CCC", func(p Policy, st State, c *command, r ftp.Reply) bool {
		return !c.needs.has(carriesLogin) || st.Security == Secure || p.UnprotectedCommands || r == replyNeedTLS
	}},
	{"PBSZ and PROT need TLS", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !c.needs.has(needTLS) || st.Security == Secure || r.Code == ftp.CodeBadSequence
	}},
	{"PROT comes behind PBSZ", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !c.needs.has(needPBSZ) || st.PBSZ || r.Code == ftp.CodeBadSequence
	}},
	{"AUTH starts from clear, and not behind CCC", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !c.needs.has(startsTLS) || passed(r) == (st.Security == Clear && !st.Cleared)
	}},
	{"CCC needs TLS, a login and the policy", func(p Policy, st State, c *command, r ftp.Reply) bool {
		return !c.needs.has(endsTLS) || passed(r) == (st.Security == Secure && !st.Implicit && st.Login == LoggedIn && p.CCC)
	}},
	{"behind EPSV ALL there is EPSV alone (RFC 2428 §4)", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !c.needs.has(needNoEPSVAll) || !st.EPSVAll || !passed(r)
	}},
	{"active mode can be switched off", func(p Policy, _ State, c *command, r ftp.Reply) bool {
		return !c.needs.has(dialsOut) || !p.NoActive || !passed(r)
	}},
	{"RNTO comes just behind RNFR", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !c.needs.has(needRenaming) || st.Renaming || !passed(r)
	}},
	{"CPTO comes just behind CPFR", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !c.needs.has(needCopying) || st.Copying || !passed(r)
	}},
	{"PASS comes behind USER", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !c.needs.has(needNamed) || st.Login != LoggedOut || !passed(r)
	}},
	{"HOST comes before the login", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !c.needs.has(needLoggedOut) || st.Login != LoggedIn || r.Code == ftp.CodeBadSequence
	}},
	{"the account has one of the row's rights", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !passed(r) || c.perm == 0 || st.Perm&c.perm != 0
	}},
	{"a transfer has a way to connect", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !passed(r) || !c.needs.has(opensData) || st.HasRoute
	}},
	{"no upload takes a RANG", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !passed(r) || !c.needs.has(uploads) || !st.Ranged
	}},
	{"no offset under a converting TYPE A", func(_ Policy, st State, c *command, r ftp.Reply) bool {
		return !passed(r) || !c.needs.has(usesOffset) || !st.Converts || st.Offset == 0 && !st.Ranged
	}},
	{"what is refused on purpose never runs", func(_ Policy, _ State, c *command, r ftp.Reply) bool {
		return c.refused.IsZero() || r == c.refused
	}},
	{"every row that runs has a handler", func(_ Policy, _ State, c *command, r ftp.Reply) bool {
		return !passed(r) || c.run != nil
	}},
	{"a refusal is permanent, but for the missing route", func(_ Policy, _ State, _ *command, r ftp.Reply) bool {
		return passed(r) || r.Code/100 == 5 || r == replyNoRoute
	}},
	{"in clear, where that is forbidden, a stranger learns nothing (protocol.md §3, 1)", func(p Policy, st State, c *command, r ftp.Reply) bool {
		if p.UnprotectedCommands || st.Security == Secure || st.Cleared || c.needs.has(answersInClear) || !c.refused.IsZero() {
			return true
		}
		if c.needs.has(carriesLogin) || c.needs.has(needLogin) {
			return r.Code == ftp.CodeNotLoggedIn
		}
		return r.Code == ftp.CodePolicy
	}},
}

// stateLaws are what must hold of every state that can be reached.
var stateLaws = []struct {
	why   string
	holds func(p Policy, st State) bool
}{
	{"nobody is logged in in clear where TLS is demanded, except behind CCC", func(p Policy, st State) bool {
		return st.Login != LoggedIn || st.Security == Secure || p.UnprotectedCommands || st.Cleared
	}},
	{"nobody came to CCC whose policy forbids it", func(p Policy, st State) bool {
		return !st.Cleared || st.Login != LoggedIn || p.CCC || p.UnprotectedCommands
	}},
	{"an implicit listener's connection is never in clear", func(_ Policy, st State) bool {
		return !st.Implicit || st.Security == Secure
	}},
	{"data is private without PROT on an implicit listener alone", func(_ Policy, st State) bool {
		return st.Protection == ProtClear || st.PBSZ
	}},
	{"rights come and go with the login", func(_ Policy, st State) bool {
		return (st.Login == LoggedIn) == (st.Perm != 0)
	}},
	{"an offset, a range and half a rename belong to a login", func(_ Policy, st State) bool {
		return st.Login == LoggedIn || st.Offset == 0 && !st.Ranged && !st.Renaming && !st.Copying
	}},
	{"an offset and a range exclude each other", func(_ Policy, st State) bool {
		return st.Offset == 0 || !st.Ranged
	}},
	{"who is logged in does not hear that AUTH ended the login", func(_ Policy, st State) bool {
		return !st.AuthEnded || st.Login != LoggedIn
	}},
}

func TestEveryStateTimesEveryRow(t *testing.T) {
	t.Parallel()
	ways := map[State]string{}
	for _, w := range worlds() {
		for st, way := range w.reachable() {
			ways[st] = way
			for _, l := range stateLaws {
				if p := w.in(st); !l.holds(p, st) {
					t.Fatalf("%s\nin %s\nby %s\nat %+v", l.why, w.why, way, st)
				}
			}
		}
	}
	// The laws hold in every state whatever the policy: a Grant may bring
	// another one at any time (Grant.Renew). CCC and active mode concern
	// different rows: one bit is enough for both.
	table := rows()
	for bits := range 1 << 3 {
		p := Policy{UnprotectedCommands: bits&1 != 0, UnprotectedData: bits&2 != 0, CCC: bits&4 != 0, NoActive: bits&4 != 0}
		t.Run(fmt.Sprintf("%+v", p), func(t *testing.T) {
			t.Parallel()
			for st, way := range ways {
				for verb, c := range table {
					obey(t, p, st, way, verb, c)
				}
			}
		})
	}
}

func obey(t *testing.T, p Policy, st State, way, verb string, c *command) {
	refusal := p.refuse(st, c, ftp.Command{Verb: verb, Arg: someArg(c.args)})
	for i := range laws {
		if !laws[i].holds(p, st, c, refusal) {
			t.Fatalf("%s\nby %s, %s\nat %+v\nrefusal %q", laws[i].why, way, verb, st, refusal.Error())
		}
	}
}

// The walk is worth something only if it gets around.
func TestWalkGetsAround(t *testing.T) {
	t.Parallel()
	open := Policy{UnprotectedCommands: true, UnprotectedData: true, CCC: true, KeepLogin: true}
	seen := world{"", open, open}.reachable()
	for _, st := range []State{
		{Security: Clear, Login: LoggedIn, Perm: PermAll, HasRoute: true, Offset: 7, CCCElsewhere: true},
		{Security: Secure, Login: LoggedIn, Perm: PermAll, PBSZ: true, Protection: ProtPrivate, HasRoute: true, Renaming: true, Converts: true, CCCElsewhere: true},
		{Security: Clear, Cleared: true, Login: LoggedIn, Perm: PermReadOnly, PBSZ: true, EPSVAll: true, Ranged: true, First: 2, Last: 5, CCCElsewhere: true},
		{Security: Secure, Implicit: true, Login: Named, PBSZ: true, Protection: ProtClear, Converts: true, CCCElsewhere: true},
	} {
		if _, ok := seen[st]; !ok {
			t.Errorf("the walk does not reach %+v", st)
		}
	}
	strict := world{}.reachable()
	for st := range strict {
		if st.Security == Clear && st.Login != LoggedOut {
			t.Fatalf("under the zero policy clear and %v meet at %+v", st.Login, st)
		}
	}
}

// EPSV ALL is never taken back, whatever comes (RFC 2428 §4; ProFTPD #2255).
func TestEPSVAllIsForGood(t *testing.T) {
	t.Parallel()
	open := Policy{UnprotectedCommands: true, UnprotectedData: true, CCC: true, KeepLogin: true}
	w := world{"", open, open}
	for st, way := range w.reachable() {
		if !st.EPSVAll {
			continue
		}
		for verb, c := range commands {
			for _, next := range w.next(st, c, someCommand(verb)) {
				if !next.EPSVAll {
					t.Fatalf("%s, %s takes EPSV ALL back", way, verb)
				}
			}
		}
	}
}

// What an argument must look like stands in the row, and holds in every state.
func TestArgumentsAreChecked(t *testing.T) {
	t.Parallel()
	open, table := Policy{UnprotectedCommands: true, UnprotectedData: true, CCC: true}, rows()
	for st := range (world{"", open, open}).reachable() {
		for verb, c := range table {
			switch c.args {
			case argWords, argPath:
				if r := open.refuse(st, c, ftp.Command{Verb: verb}); r.IsZero() {
					t.Fatalf("%s without an argument runs at %+v", verb, st)
				}
			case argNone:
				if r := open.refuse(st, c, ftp.Command{Verb: verb, Arg: "x"}); r.IsZero() {
					t.Fatalf("%s with an argument runs at %+v", verb, st)
				}
			}
		}
	}
}
