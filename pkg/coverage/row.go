package coverage

import (
	"cmp"

	"keymend/infra/cdkcontext"

	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"keymend/pkg/arn"
	"keymend/pkg/blueprint"
	"keymend/pkg/quote"
)

// A Row is what stands in an account and Region. What isn't known is left out, and there
// is a hole that says why.
type Row struct {
	Account string `json:"account"`
	Name    string `json:"name,omitempty"`
	State   string `json:"state"` // of the account; in one that isn't ACTIVE nothing is looked at
	Wave    string `json:"wave"`  // canary, main
	Region  string `json:"region"`

	RolesStack string `json:"rolesStack,omitempty"` // status of the StackSets' instances; none
	RulesStack string `json:"rulesStack,omitempty"`
	Roles      string `json:"roles,omitempty"`    // as in 3/3: those that are as they shall be
	Template   string `json:"template,omitempty"` // that the reader is of
	Rules      string `json:"rules,omitempty"`    // as in 11/11
	Lost       *int   `json:"lost,omitempty"`     // events that couldn't be sent within a day
	Trail      string `json:"trail,omitempty"`
	Switch     string `json:"switch,omitempty"` // the account owner's; all but "on" stops
	Mode       string `json:"mode,omitempty"`   // the wave's

	LastEvent *time.Time `json:"lastEvent,omitempty"` // recorded within a day
	LastLook  *time.Time `json:"lastLook,omitempty"`
	Open      *int       `json:"openFindings,omitempty"`
	Version   string     `json:"version,omitempty"` // of the Keymend that recorded it

	Holes []Hole `json:"holes"`
}

const (
	reader    = "keymend-reader"
	switchOf  = "/keymend/switch"
	noneThere = "none"
)

// Row holds facts to what is expected.
func (e *Expected) Row(f Facts) Row {
	r := Row{Account: f.Account.ID, Name: f.Account.Name, State: f.Account.State, Wave: cdkcontext.Wave{Name: f.Account.Wave}.Label(), Region: f.Region, Holes: []Hole{}}
	if f.Account.State != Active {
		return r
	}
	j := judge{e, f, &r}
	r.RolesStack = j.stack("roles", f.Roles)
	r.RulesStack = j.stack("regions", f.Rules)
	j.heard()
	if f.Members.Problem != "" {
		j.unread(f.Members.Problem, f.Members.Refused)
		return r
	}
	j.roles()
	j.rules()
	j.lost()
	j.trail()
	j.parameters()
	return r
}

type judge struct {
	*Expected
	f   Facts
	row *Row
}

// hole adds one. Its commands are what mends it, in order.
func (j judge) hole(c cause, says string, run ...quote.Task) {
	j.row.Holes = append(j.row.Holes, Hole{Cause: string(c), Says: says, Run: run})
}

// unread adds that something isn't known.
func (j judge) unread(problem string, refused bool) {
	if refused {
		j.hole(refusedRead, problem, j.asDeployed()...)
		return
	}
	j.hole(unread, problem, quote.Task{Account: j.asks.Account, Command: j.asks.Again})
}

// stack judges the instance of one of the wave's StackSets.
func (j judge) stack(what string, a Answer[Instance]) string {
	set, i := j.wave(j.f.Account.Wave).StackSet(what), a.Is
	switch {
	case a.Problem != "":
		j.unread(set+": "+a.Problem, false)
		return ""
	case i.NoSet:
		j.hole(stackMissing, "there is no StackSet "+set, j.deployed())
		return noneThere
	case i.Status == "":
		j.hole(stackMissing, "the StackSet "+set+" has no stack here", j.instances("create", set))
		return noneThere
	case i.Status == "INOPERABLE":
		j.hole(stackBroken, "the stack of "+set+" is INOPERABLE: "+i.Reason, j.anew(set, i)...)
	case i.Status != "CURRENT":
		j.hole(stackBehind, strings.TrimSuffix("the stack of "+set+" is "+i.Status+": "+i.Reason, ": "), j.instances("update", set))
	}
	j.given(set, map[string]blueprint.Template{"roles": j.Expected.roles, "regions": j.Expected.region}[what], i)
	return i.Status
}

// given holds what a StackSet was deployed with to the settings.
func (j judge) given(set string, of blueprint.Template, i Instance) {
	var others []string
	values := j.scope(j.f.Account, j.f.Region, of).Values
	for _, name := range slices.Sorted(maps.Keys(of.Parameters)) {
		if i.Given[name] != values[name] {
			others = append(others, fmt.Sprintf("%s=%q, not %q", name, i.Given[name], values[name]))
		}
	}
	if others != nil {
		j.hole(setOther, "the StackSet "+set+" was deployed with "+strings.Join(others, "; "), j.deployed())
	}
}

func (j judge) heard() {
	h := j.f.Heard.Is
	if j.f.Heard.Problem != "" {
		j.unread("the hub's records: "+j.f.Heard.Problem, false)
		return
	}
	j.row.Open, j.row.Version = new(h.Open), h.Version
	if !h.Event.IsZero() {
		j.row.LastEvent = new(h.Event)
	}
	if !h.Look.IsZero() {
		j.row.LastLook = new(h.Look)
	}
}

// roles are held by their tag, which changes with any of the template that they are of,
// by whom they trust, and by what bounds them.
func (j judge) roles() {
	want, _ := j.members(j.f.Account)                                                  // Expect has tried it
	j.row.Template = cmp.Or(strings.Clone(j.f.Members.Is[reader].Template), noneThere) // a part of an answer would keep all of it
	whole := 0
	for _, name := range slices.Sorted(maps.Keys(want)) {
		is, there := j.f.Members.Is[name]
		switch {
		case !there:
			j.hole(roleMissing, "there is no role "+name, j.asDeployed()...)
		case is.Template != want[name].Template:
			j.hole(roleOther, fmt.Sprintf("the role %s is of the template %s, not %s", name, cmp.Or(is.Template, noneThere), want[name].Template), j.deployed())
		case !blueprint.Alike(is.Trust, want[name].Trust):
			j.hole(roleTrust, "the role "+name+" trusts others than it shall", j.asDeployed()...)
		case is.Boundary != want[name].Boundary:
			j.hole(roleOther, fmt.Sprintf("the role %s has the permissions boundary %s, not %s", name, cmp.Or(is.Boundary, noneThere), cmp.Or(want[name].Boundary, noneThere)), j.asDeployed()...)
		default:
			whole++
		}
	}
	home := j.organization.Regions[0] // in every Region's row the same
	for _, name := range slices.Sorted(maps.Keys(j.f.Members.Is)) {
		if _, wanted := want[name]; !wanted {
			j.hole(roleSurplus, "there is a role "+name+", which the settings don't ask for", j.without(home, name)...)
		}
	}
	j.row.Roles = fmt.Sprintf("%d/%d", whole, len(want))
}

// without takes a role away. One that the StackSet was asked for before goes with the next
// deployment; another, somebody made by hand.
func (j judge) without(home, role string) []quote.Task {
	if slices.ContainsFunc(j.row.Holes, func(h Hole) bool { return h.Cause == string(setOther) }) {
		return []quote.Task{j.deployed()}
	}
	return []quote.Task{j.aws(home, "iam", "delete-role-policy", "--role-name", role, "--policy-name", "keymend"), j.aws(home, "iam", "delete-role", "--role-name", role)}
}

// rules are held by what they match, and where they send it. Other rules whose names
// begin like Keymend's are somebody else's.
func (j judge) rules() {
	if j.f.Matched.Problem != "" {
		j.unread("rules: "+j.f.Matched.Problem, j.f.Matched.Refused)
		return
	}
	wants, _ := j.Expected.rules(j.f.Account, j.f.Region) // Expect has tried it
	whole := 0
	for _, want := range wants {
		i := slices.IndexFunc(j.f.Matched.Is, func(r blueprint.Rule) bool { return r.Name == want.Name })
		before := len(j.row.Holes)
		if i < 0 {
			j.hole(ruleMissing, "there is no rule "+want.Name, j.byHand(j.putRule(want), j.putTargets(want))...)
		} else {
			j.rule(want, j.f.Matched.Is[i])
		}
		if len(j.row.Holes) == before {
			whole++
		}
	}
	j.row.Rules = fmt.Sprintf("%d/%d", whole, len(wants))
}

func (j judge) rule(want, is blueprint.Rule) {
	if !blueprint.Same(is.Pattern, want.Pattern) {
		j.hole(ruleOther, "the rule "+want.Name+" matches something else", j.byHand(j.putRule(want))...)
	}
	if is.State != want.State {
		j.hole(ruleOff, "the rule "+want.Name+" is "+is.State, j.aws(j.f.Region, "events", "enable-rule", "--name", want.Name))
	}
	var others []string
	whole := 0
	for _, t := range is.Targets {
		switch {
		case slices.Contains(want.Targets, t):
			whole++
		case !slices.ContainsFunc(want.Targets, func(w blueprint.Target) bool { return w.ID == t.ID }):
			others = append(others, t.ID)
		}
	}
	if whole < len(want.Targets) {
		j.hole(ruleTarget, "the rule "+want.Name+" doesn't send to the hub", j.byHand(j.putTargets(want))...)
	}
	if len(others) > 0 {
		j.hole(ruleTarget, "the rule "+want.Name+" sends elsewhere, too", j.aws(j.f.Region, append([]string{"events", "remove-targets", "--rule", want.Name, "--ids"}, others...)...))
	}
}

func (j judge) lost() {
	if j.f.Lost.Problem != "" {
		j.unread("events that weren't sent: "+j.f.Lost.Problem, j.f.Lost.Refused)
		return
	}
	j.row.Lost = new(j.f.Lost.Is) // not a pointer into the facts, which are many
	if j.f.Lost.Is > 0 {
		j.hole(eventsLost, fmt.Sprintf("%d events couldn't be sent to the hub within a day", j.f.Lost.Is), j.hub())
	}
}

func (j judge) trail() {
	if j.f.Trails.Problem != "" {
		j.unread("trails: "+j.f.Trails.Problem, j.f.Trails.Refused)
		return
	}
	t, state := j.f.Trail()
	j.row.Trail = string(state)
	switch state {
	case "":
		j.unread("the trail "+t.ARN+": "+t.Logging.Problem+t.Selectors.Problem, t.Logging.Refused || t.Selectors.Refused)
	case LogsNone:
		j.hole(noTrail, "there is no trail: API calls become no events", j.newTrail()...)
	case LogsStopped:
		j.hole(noTrail, "the trail "+t.ARN+" doesn't log", j.as(arn.Account(t.ARN), t.Mends()...))
	case LogsPart:
		j.hole(noTrail, "the trail "+t.ARN+" leaves out writes, or those of KMS", j.as(arn.Account(t.ARN), t.Mends()...))
	}
}

// parameters: what the owner set the switch to is the owner's word, and no hole.
func (j judge) parameters() {
	wants, _ := j.Expected.parameters(j.f.Account, j.f.Region) // Expect has tried it
	for _, name := range slices.Sorted(maps.Keys(wants)) {
		want, a := wants[name], j.f.Parameters[name]
		switch {
		case a.Problem != "":
			j.unread("parameter "+name+": "+a.Problem, a.Refused)
		case a.Is == "":
			j.hole(noParameter, "there is no parameter "+name+": the hub writes nothing here", j.put(name, want))
		case name == switchOf:
			j.row.Switch = strings.Clone(a.Is)
		default:
			j.row.Mode = modeOf(a.Is)
			if a.Is != want && !blueprint.Same(a.Is, want) {
				j.hole(otherWave, "the parameter "+name+" is "+a.Is+", not "+want, j.byHand(j.put(name, want))...)
			}
		}
	}
}

// modeOf reads the mode of a wave's parameter.
func modeOf(value string) string {
	var wave struct{ Mode string }
	if json.Unmarshal([]byte(value), &wave) != nil {
		return value
	}
	return wave.Mode
}
