package endtoend_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox"
)

// answerStale: the write goes well, and KMS shows what was there a minute before.
const answerStale = "stale"

// A disturbance has the first call of each operation that changes something go wrong,
// and an administrator edit the keys' policies before its answer is out.
type disturbance struct {
	*world
	answer string
	caller string
	alone  bool                // nobody edits
	edits  map[string][]string // by key, the Sids of what was added
	hit    []string            // operations
}

// disturb begins one, of calls by whom has caller in its ARN.
func (w *world) disturb(answer, caller string, alone bool) *disturbance {
	w.t.Helper()
	d := &disturbance{world: w, answer: answer, caller: caller, alone: alone, edits: map[string][]string{}}
	d.begin()
	return d
}

// begin has the operations that weren't hit yet go wrong.
func (d *disturbance) begin() {
	var rules []sandbox.Fault
	for service, operations := range map[string][]string{
		"kms": {"PutKeyPolicy", "CreateGrant", "RetireGrant", "RevokeGrant"}, "iam": {"CreateServiceLinkedRole", "DeleteServiceLinkedRole"},
		"autoscaling": {"UpdateAutoScalingGroup", "ResumeProcesses", "SuspendProcesses"},
		"ec2":         {"CopyImage", "CopySnapshot", "CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "DeleteLaunchTemplateVersions", "DeregisterImage", "DeleteSnapshot"},
	} {
		for _, operation := range operations {
			if slices.Contains(d.hit, operation) {
				continue
			}
			f := sandbox.Fault{Caller: d.caller, Service: service, Operation: operation, Times: 1, Answer: d.answer, Then: func() { d.edit(operation) }}
			if d.answer == answerStale {
				f.Answer, f.Delay = "", 1
			}
			rules = append(rules, f)
		}
	}
	if d.answer == answerStale {
		for _, operation := range []string{"GetKeyPolicy", "ListGrants"} {
			rules = append(rules, sandbox.Fault{Caller: d.caller, Service: "kms", Operation: operation, Behind: sandbox.Span(time.Minute)})
		}
	}
	must(d.t, d.box.SetFaults(rules...))
}

// edit adds a statement to the keys' policies, which no fault hits. Where reads are
// stale, only to those that Keymend wrote to: an edit that no read shows is lost to
// whoever edits next, and KMS has nothing against it.
func (d *disturbance) edit(operation string) {
	d.hit = append(d.hit, operation)
	must(d.t, d.box.SetFaults())
	defer d.begin()
	if d.alone {
		return
	}
	for _, who := range []string{account, owner} {
		them := d.as(who)
		for _, key := range them.keys() {
			policy := them.policy(key)
			if d.answer == answerStale && !strings.Contains(policy, "Keymend") && len(them.ourGrants(key)) == 0 {
				continue
			}
			sid := "Theirs" + operation
			statement := strings.NewReplacer("Theirs", sid, account, who).Replace(theirs)
			edited := strings.Replace(policy, "[ {", "[ "+statement+", {", 1)
			if _, err := them.kms.PutKeyPolicy(d.t.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: &edited}); err == nil {
				d.edits[key] = append(d.edits[key], sid) // else the policy is one that can't be edited
			}
		}
	}
}

// ends the disturbance: each edit is there, once, and goes by the hand that made it.
func (d *disturbance) ends() {
	d.t.Helper()
	must(d.t, d.box.SetFaults())
	for _, who := range []string{account, owner} {
		them := d.as(who)
		for _, key := range them.keys() {
			policy := them.policy(key)
			for _, sid := range d.edits[key] {
				if n := strings.Count(policy, `"`+sid+`"`); n != 1 {
					d.t.Errorf("%s stands %d times in %s:\n%s", sid, n, key, policy)
				}
				policy = regexp.MustCompile(`\{[^{}]*"`+sid+`"[^{}]*\{[^{}]*\}[^{}]*\}, `).ReplaceAllString(policy, "")
			}
			if len(d.edits[key]) > 0 {
				them.putPolicy(key, policy)
			}
		}
	}
	clear(d.edits)
}

// TestDisturbed: in every story, every call of the functions that changes something is
// throttled, fails, isn't answered, or isn't shown for a minute, and the keys' policies
// are edited at the same time. All ends as if nothing had gone wrong, no edit is lost,
// and the undo, disturbed in the same way, leaves nothing of Keymend's.
func TestDisturbed(t *testing.T) {
	t.Parallel()
	for name, s := range stories() {
		t.Run(name, func(t *testing.T) {
			sample(t, 3)
			t.Parallel()
			_, s.before = s.told(t, "observe")
			undisturbed := s.unharmed(t)
			for _, answer := range []string{sandbox.AnswerThrottled, sandbox.AnswerFailed, sandbox.AnswerFailedAfter, sandbox.AnswerLost, answerStale} {
				t.Run(answer, func(t *testing.T) {
					sample(t, 3)
					s.disturbed(t, answer, undisturbed.end)
				})
			}
		})
	}
}

func (s story) disturbed(t *testing.T, answer, want string) {
	t.Helper()
	options := append(slices.Clip(s.options), unwatched, with("VerifyReads", "2"))
	if answer == answerStale {
		options = append(options, sweeping()) // what isn't proven is taken up by a sweep
	}
	w := newWorld(t, options...)
	d := w.disturb(answer, ":assumed-role/keymend-", s.rewrite)
	s.make(w)
	w.box.Advance(time.Hour)
	if !s.byHand {
		w.box.Advance(time.Hour)
	}
	d.ends()
	got := w.standing()
	if s.noTrace {
		got = got[:strings.LastIndexByte(got, '\n')]
	} else if answer == answerStale { // what isn't shown isn't proven, and isn't said to be
		got, want = got[:strings.LastIndexByte(got, '\n')], want[:strings.LastIndexByte(want, '\n')]
	}
	if got != want || len(d.hit) == 0 {
		t.Errorf("%v hit; it ends otherwise (-want +got):\n%s\n%v", d.hit, cmp.Diff(want, got), w.story())
	}
	w.wantExplained()
	if answer != answerStale { // simulated time stands still in an undo
		d = w.disturb(answer, "", false)
	}
	w.undoHere()
	d.ends()
	if diff := cmp.Diff(s.before, w.asTheyStand()); diff != "" && !s.lasting {
		t.Errorf("undo, %v hit, leaves something (-before +after):\n%s\n%v", d.hit, diff, w.story())
	}
}
