package endtoend_test

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"

	"keymend/pkg/outcome"
	"keymend/pkg/sandbox"
)

// A position is a switch of the sandbox that is turned: what AWS may do, where no source
// settles it.
type position struct {
	turn    func(*sandbox.Switches)
	stopped bool // Auto Scaling stops a group that isn't healed before, and doesn't say that it was Auto Scaling
}

// positions has each switch that docs/unknowns.md names by the member of sandbox.Switches,
// turned the other way than the sandbox has it by itself. The first is of roles that are
// new, which they are once.
func positions() (order []string, all map[string]position) {
	const soon = 2 * time.Minute
	all = map[string]position{
		"PolicyDelay": {turn: func(s *sandbox.Switches) {
			s.PolicyDelay, s.GrantDelay, s.GroupDelay, s.LaunchDelay = soon, soon, soon, soon
		}},
		"none":                  {turn: func(*sandbox.Switches) {}},
		"OldFailureText":        {turn: func(s *sandbox.Switches) { s.OldFailureText = true }},
		"InstanceViaService":    {turn: func(s *sandbox.Switches) { s.InstanceViaService = true }},
		"SameKeyAnew":           {turn: func(s *sandbox.Switches) { s.SameKeyAnew = true }},
		"SnapshotsInUse":        {turn: func(s *sandbox.Switches) { s.SnapshotsInUse = 1 }},
		"DenialNamesKey":        {turn: func(s *sandbox.Switches) { s.DenialNamesKey = false }},
		"DenialNamesForeignKey": {turn: func(s *sandbox.Switches) { s.DenialNamesForeignKey = true }},
		"TagDelay":              {turn: func(s *sandbox.Switches) { s.TagDelay = 5*time.Minute - time.Second }},
		"RetryDelays":           {turn: func(s *sandbox.Switches) { s.RetryDelays = []time.Duration{10 * time.Minute} }},
		"CancelledEmitsEvent":   {turn: func(s *sandbox.Switches) { s.CancelledEmitsEvent = !s.CancelledEmitsEvent }},
		"SuspendAfter":          {turn: func(s *sandbox.Switches) { s.SuspendAfter = time.Minute }},
		"SuspensionReason":      {turn: func(s *sandbox.Switches) { s.SuspendAfter, s.SuspensionReason = time.Minute, "Too many failures" }, stopped: true},
	}
	for _, with := range []string{"GrantDelay", "GroupDelay", "LaunchDelay"} {
		all[with] = position{turn: func(*sandbox.Switches) {}} // with PolicyDelay
	}
	order = slices.Sorted(maps.Keys(all))
	order = append([]string{"PolicyDelay"}, slices.DeleteFunc(order, func(name string) bool { return strings.HasSuffix(name, "Delay") && name != "TagDelay" })...)
	return order, all
}

// TestEveryPositionIsTried: whoever adds a switch says what turns it.
func TestEveryPositionIsTried(t *testing.T) {
	t.Parallel()
	_, all := positions()
	// Both kinds of account are there, and have tests; how members come to be deployed bears on no group.
	others := []string{"NoCapacity", "Organizations", "TrailLogs", "StackSetARNAccount"}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[sandbox.Switches]()) {
		if _, ok := all[f.Name]; !f.Anonymous && !ok && !slices.Contains(others, f.Name) {
			t.Errorf("no position of %s", f.Name)
		}
	}
}

// TestHealsInEveryPosition: in each position of each switch, groups are healed, and it is
// told once what came of that: without any event, within two recent sweeps, and what would
// fail next by a full one; with every event within minutes, and what somebody closes before
// a launch fails for it.
func TestHealsInEveryPosition(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		option   []option
		switches func(*sandbox.Switches)
		opens    time.Duration // a failing group's key
		finds    time.Duration // what would fail
	}{
		"no event":    {option: []option{sweeping()}, switches: silent, opens: 30 * time.Minute, finds: 6*time.Hour + 20*time.Minute},
		"every event": {option: []option{sweeping(), drifting()}, switches: func(*sandbox.Switches) {}, opens: 10 * time.Minute, finds: 10 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBorder(t, true, append(tc.option, with("MaxChangesAnHour", "1000"), with("MaxChangesAnHourInAll", "1000"), with("ResumeSuspended", "10"), unwatched)...)
			order, all := positions()
			for i, name := range order {
				if i > 0 && !among(t.Name()+name, 6) {
					continue
				}
				s := sandbox.DefaultSwitches()
				tc.switches(&s)
				all[name].turn(&s)
				b.box.SetSwitches(s)
				b.position(name, all[name].stopped, tc.opens, tc.finds)
				if t.Failed() {
					t.FailNow()
				}
			}
		})
	}
}

// position plays what happens to an own key, to another account's, and to a key that
// somebody closes while its group is whole.
func (b *border) position(name string, stopped bool, opens, finds time.Duration) {
	b.t.Helper()
	own, foreign, closed := b.key(rootOnly, nil), b.there.key(ownerPolicy(), consented), b.key(byAdmin0(), enrolled)
	b.tagKey(own, enrolled) // as late as it shows
	keys := map[string]string{"own-" + name: own, "foreign-" + name: foreign}
	for group, key := range keys {
		b.broken(group, key)
	}
	b.broken("closed-"+name, closed)
	b.box.Advance(opens)
	if !b.opens(b.policy(own), role) || len(b.grants(foreign)) != 1 {
		b.t.Errorf("%s: open: %v, %d grants", name, b.opens(b.policy(own), role), len(b.grants(foreign)))
	}
	b.box.Advance(40 * time.Minute) // the groups' own next tries, and the looks at what came of it
	for group := range keys {
		if why := b.stopped(group); why != "" && !stopped {
			b.t.Errorf("%s: stopped: %s", group, why)
		} else if why != "" { // Keymend doesn't take it for Auto Scaling's: a person resumes it
			b.wantOutcome(group, outcome.Suspended)
			_, err := b.asg.ResumeProcesses(b.t.Context(), &autoscaling.ResumeProcessesInput{AutoScalingGroupName: &group, ScalingProcesses: []string{"Launch"}})
			must(b.t, err)
		}
	}
	b.putPolicy(closed, rootOnly)
	b.box.Advance(finds)
	if !b.opens(b.policy(closed), role) {
		b.t.Errorf("%s: what was closed isn't open", name)
	}
	told := map[string]map[string]int{} // by the group and the remediation
	for _, r := range b.records() {
		if told[r.Group] == nil {
			told[r.Group] = map[string]int{}
		}
		if r.Outcome == outcome.Recovered {
			told[r.Group][r.RemediationID]++
		}
	}
	keys["closed-"+name] = closed
	for group := range keys {
		n, once := b.inService(group), len(told[group]) > 0
		for _, times := range told[group] {
			once = once && times == 1
		}
		if n != 2 || !once {
			b.t.Errorf("%s: %d in service, told that it recovered: %v", group, n, told[group])
		}
		_, err := b.asg.DeleteAutoScalingGroup(b.t.Context(), &autoscaling.DeleteAutoScalingGroupInput{AutoScalingGroupName: &group, ForceDelete: new(true)})
		must(b.t, err)
	}
	b.box.Advance(10 * time.Minute)
}
