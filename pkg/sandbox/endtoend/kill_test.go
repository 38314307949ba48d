package endtoend_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/apply/table"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// A story is what the functions are to bring to a good end, killed or not.
type story struct {
	options []option
	make    func(w *world)
	byHand  bool // the last step is a person's, and launches fail until then
	noTrace bool // what was done is taken away again by its end
	rewrite bool // a person replaces a key's policy as a whole
	lasting bool // what is taken away is of no use, and nothing brings it back

	before string // how the accounts stand where Keymend only observed
}

// stories are those of keys of the own account, and of another's, by both halves
// of the procedure or by the one that is missing.
func stories() map[string]story {
	return map[string]story{
		"statements": {make: brokenGroup},
		"grant":      {options: []option{with("OwnKey", "grant")}, make: brokenGroup},
		"two keys": {make: func(w *world) {
			image := w.imageOf(w.snapshot(w.key(rootOnly, enrolled)))
			w.launches(image, volume("/dev/xvda", new(true), w.key(rootOnly, enrolled)))
		}},
		"another account's key":                  {options: []option{with("Accounts", owner)}, make: onboardedOwner},
		"another account's key, which is unseen": {options: []option{with("Accounts", owner)}, make: unseenOwner},
		"another account's image": {options: []option{with("Accounts", owner)}, make: func(w *world) {
			w.onboard()
			key := w.as(owner).key(ownerPolicy(), consented)
			w.defaultKey(w.key(rootOnly, enrolled))
			w.launches(w.sharedImage(w.as(owner).snapshot(key), false))
		}},
		"another account's key, the role made anew": {options: []option{with("Accounts", owner)}, make: anew(onboardedOwner)},
		"a grant, the role made anew":               {options: []option{with("OwnKey", "grant")}, make: anew(brokenGroup)},
		"a role of its own":                         {options: []option{with("DedicatedRoleSuffix", suffix)}, make: brokenGroup},
		"the Spot role":                             {make: func(w *world) { w.configuredGroup("web-prod", w.key(rootOnly, enrolled), new("0.05")) }},
		"a copy, by $Latest":                        {options: copying(), make: followed("$Latest")},
		"a copy, by $Default":                       {options: copying(), make: followed("$Default")},
		"a copy, by a number":                       {options: copying(), make: followed("1"), byHand: true},
		"a copy of a snapshot":                      {options: copying(), make: mapped},
		"a grant, retired": {noTrace: true, rewrite: true, make: func(w *world) {
			key := w.key(rootOnly, stackOwned)
			w.broken("web-prod", key)
			w.box.Advance(time.Hour)
			w.putPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+procedure+",", 1))
			w.fullSweep()
		}},
		"a copy that failed, and was removed": {options: copying(), byHand: true, noTrace: true, rewrite: true, make: func(w *world) {
			followed("$Latest")(w)
			for n := 0; n < 1800 && w.copiesBegun() == 0; n++ {
				w.box.Advance(time.Second)
			}
			for _, key := range w.as(owner).keys() {
				w.as(owner).putPolicy(key, ownerPolicy())
			}
		}},
		"what no event tells of, found by a sweep": {options: []option{sweeping(), switched(silent)}, make: func(w *world) { brokenGroup(w); w.box.Advance(30 * time.Minute) }},
		"a group that Auto Scaling stopped":        {options: resuming(), make: func(w *world) { stopped(w) }},
		"the id of a role that was deleted": {lasting: true, rewrite: true, make: func(w *world) {
			key := w.key(rootOnly, enrolled)
			ours := strings.NewReplacer("Allow service-linked role use of the customer managed key", "KeymendUse",
				"Allow attachment of persistent resources", "KeymendCreateGrant", `"`+role+`"`, `"`+role+`","AROAEXAMPLEGONE123456"`).Replace(procedure)
			must(w.t, w.box.SeedKeyPolicy(key, strings.Replace(rootOnly, `"Statement":[`, `"Statement":[`+ours+",", 1)))
			w.whole(key)
			w.fullSweep()
		}},
		"a policy that can't be edited": {make: func(w *world) {
			key := w.key(rootOnly, enrolled)
			w.deadPrincipal(key)
			w.broken("web-prod", key)
		}},
	}
}

// TestKilled kills the functions' processes at their calls, one after another,
// before the answer arrives and, where that makes a difference, also before AWS
// has seen the call. The next delivery goes on from there, and all ends as if nothing
// had happened. The undo of every intent on record then restores what was there
// before.
func TestKilled(t *testing.T) {
	t.Parallel()
	all := stories()
	told := make(chan []string, len(all))
	t.Cleanup(func() { wantEveryKind(t, told) })
	for name, s := range all {
		t.Run(name, func(t *testing.T) {
			sample(t, 3)
			t.Parallel()
			_, s.before = s.told(t, "observe")
			unharmed := s.unharmed(t)
			told <- unharmed.kinds
			if strings.Contains(unharmed.end, "in service: 2") == s.byHand {
				t.Fatalf("it doesn't end well by itself:\n%s", unharmed.end)
			}
			for _, k := range unharmed.kills(t) {
				t.Run(fmt.Sprintf("call %d, %v", k.call, k.handled), func(t *testing.T) {
					sample(t, 6)
					if got := s.play(t, k); got.end != unharmed.end {
						t.Errorf("killed at call %d of %d (carried out: %v), it ends otherwise (-want +got):\n%s",
							k.call, len(unharmed.operations), k.handled, cmp.Diff(unharmed.end, got.end))
					}
				})
			}
		})
	}
}

// wantEveryKind has every kind of change written in a story, or taking one back, where all
// stories were told.
func wantEveryKind(t *testing.T, told chan []string) {
	t.Helper()
	if len(told) < cap(told) {
		return
	}
	close(told)
	var all []string
	for kinds := range told {
		all = append(all, kinds...)
	}
	for _, kind := range table.Kinds() {
		if !slices.Contains(all, kind.Name) {
			t.Errorf("no story has a step %s", kind.Name)
		}
	}
}

// A kill ends the functions' processes at a call of theirs: after AWS carried it out, or
// before AWS has seen it.
type kill struct {
	call    int // 0 = they live
	handled bool
}

// kills returns every kill after which something else is left in AWS or in the logs than
// after any other. A call that reads leaves nothing. So where it is killed at is the same
// as after the call before, unless a line was logged in between; each invocation logs
// that it begins, and that it ends.
func (t telling) kills(tb testing.TB) []kill {
	tb.Helper()
	if len(t.operations) != len(t.lines) {
		tb.Errorf("%d of %d calls are known", len(t.operations), len(t.lines))
		return nil
	}
	var out []kill
	for i, operation := range t.operations {
		writes, logged := !onlyReads(operation), i == 0 || t.lines[i-1] != t.lines[i]
		if writes && logged {
			out = append(out, kill{i + 1, false})
		}
		if writes || logged {
			out = append(out, kill{i + 1, true})
		}
	}
	return out
}

// functionCalls are the operations of the functions' calls, without those of KMS that
// EC2 makes in the copier's name.
func (w *world) functionCalls() []string {
	var out []string
	for _, c := range w.box.Calls() {
		if strings.Contains(c.Caller, ":assumed-role/keymend-") && c.InvokedBy == "" && !(c.Service == "kms" && strings.Contains(c.Caller, "/keymend-copier/")) {
			out = append(out, c.Operation)
		}
	}
	return out
}

// onlyReads reports whether an operation leaves everything as it was.
func onlyReads(operation string) bool {
	return slices.ContainsFunc([]string{"Describe", "Get", "List", "Lookup", "Filter", "AssumeRole"}, func(verb string) bool { return strings.HasPrefix(operation, verb) })
}

// anew goes on once the group has had time to be healed: its service-linked role
// is deleted and made anew, which leaves a grant to it dead, and it launches anew.
func anew(first func(*world)) func(*world) {
	return func(w *world) {
		first(w)
		w.box.Advance(time.Hour)
		w.want(0)
		w.box.Advance(10 * time.Minute)
		w.recreateRole()
		w.want(2)
	}
}

// A telling is how a story went.
type telling struct {
	operations []string // of the functions' calls
	lines      []int    // that all logs held at each of these calls
	end        string   // how all stands
	kinds      []string // of the steps that were written, and of those that take them back
}

// unharmed tells the story in a test of its own, at whose end its world goes.
func (s story) unharmed(t *testing.T) (out telling) {
	t.Helper()
	t.Run("unharmed", func(t *testing.T) { out = s.play(t, kill{}) })
	return out
}

// play tells the story, with the functions killed at a call.
func (s story) play(t *testing.T, k kill) telling {
	t.Helper()
	w := newWorld(t, append(slices.Clip(s.options), unwatched, with("VerifyReads", "2"))...)
	before := len(w.box.LinesAtCalls())
	if k.call > 0 {
		w.box.KillFunctionsAt(k.call, k.handled)
	}
	s.make(w)
	whole, told := 2*time.Hour, 20*time.Minute
	if s.byHand { // launches fail until a person acts, and each failure is looked at
		whole = time.Hour
	}
	w.box.Advance(told)
	out := telling{operations: w.functionCalls(), lines: w.box.LinesAtCalls()[before:]}
	w.box.Advance(whole - told)
	if !s.byHand { // else what comes then is the same look again and again
		out.operations, out.lines = w.functionCalls(), w.box.LinesAtCalls()[before:]
	}
	out.end, out.kinds = w.standing(), w.kinds()
	if s.noTrace { // by then nothing tells of a copy whose maker was killed
		out.end = out.end[:strings.LastIndexByte(out.end, '\n')]
	}
	w.wantExplained()
	w.undoHere()
	if d := cmp.Diff(s.before, w.asTheyStand()); d != "" && !s.lasting {
		t.Errorf("killed at call %d (carried out: %v), undo leaves something (-before +after):\n%s\n%s", k.call, k.handled, d, w.story())
	}
	return out
}

// standing is how the accounts stand, instances, and which changes are on record
// from beginning to end.
func (w *world) standing() string {
	w.t.Helper()
	// Where others edited between plan and write, no record can claim the write; then
	// one says so, with the undo.
	intents, outcomes := map[string]bool{}, map[string]bool{}
	for _, r := range w.records() {
		switch {
		case r.Phase == record.Intent:
			intents[r.ID] = true
		case r.Phase == record.Result && (r.Outcome == outcome.Fixed || r.Outcome == outcome.Stands || r.Outcome == outcome.Superseded && len(r.Undo) > 0 || intents[r.ID] && ofCopy(r.Outcome)):
			outcomes[r.ID] = true
		}
	}
	return strings.Join(append(w.accountsStand(),
		fmt.Sprintf("copies begun %d times", w.copiesBegun()), fmt.Sprintf("in service: %d", w.inService("web-prod")),
		fmt.Sprintf("changes begun: %d, ended: %d", len(intents), len(outcomes))), "\n")
}

// kinds are those of the steps that were written, and of those that take them back.
func (w *world) kinds() []string {
	w.t.Helper()
	var out []string
	for _, r := range w.records() {
		if r.Phase == record.Result && (r.Outcome == outcome.Fixed || ofCopy(r.Outcome)) {
			for _, step := range slices.Concat(r.Steps, r.Undo) {
				out = append(out, step.Kind())
			}
		}
	}
	return out
}

// accountsStand is how the accounts stand: keys, their policies and grants to
// roles, copies, templates, and the role that the group launches as.
func (w *world) accountsStand() []string {
	w.t.Helper()
	var out []string
	for _, account := range []string{account, owner} {
		them := w.as(account)
		for _, key := range them.keys() {
			out = append(out, them.stands(key)...)
		}
	}
	slices.Sort(out)
	return append(append(out, w.copiesStand()...), fmt.Sprintf("launches as %s, its own is there: %v, stopped: %v", w.launchesAs("web-prod"), w.hasRole(suffix), w.stopped("web-prod") != ""))
}

// keys are those of an account.
func (w *world) keys() []string {
	w.t.Helper()
	found, err := w.kms.ListKeys(w.t.Context(), &kms.ListKeysInput{})
	must(w.t, err)
	var out []string
	for _, k := range found.Keys {
		out = append(out, *k.KeyArn)
	}
	return out
}

// ofCopy reports whether an outcome is the good end of a step to a copy. Where a
// later signal finds it taken, there is a record of it, too, without a beginning.
func ofCopy(o outcome.Outcome) bool {
	return o == outcome.Copying || o == outcome.Moved || o == outcome.HandedOver
}

// stands is how a key stands, without what is made anew in every world.
func (w *world) stands(key string) []string {
	w.t.Helper()
	out := []string{"policy " + plain(w.policy(key))}
	grants, err := w.kms.ListGrants(w.t.Context(), &kms.ListGrantsInput{KeyId: &key})
	must(w.t, err)
	for _, g := range grants.Grants {
		if strings.Contains(*g.GranteePrincipal, ":role/") {
			out = append(out, fmt.Sprint("grant to ", *g.GranteePrincipal, g.Operations))
		}
	}
	return out
}
