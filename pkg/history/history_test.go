package history_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/change"
	"keymend/pkg/history"
	"keymend/pkg/kind/copies"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/statements"
	"keymend/pkg/outcome"
	"keymend/pkg/record"
)

// The newest record tells the state.
func TestStates(t *testing.T) {
	t.Parallel()
	for story, want := range map[string]outcome.State{
		"finding/sent":                                                outcome.StateProposed,
		"finding/fixable":                                             outcome.StateProposed,
		"finding/sent outcome/observed":                               outcome.StateProposed, // the mode is another by then
		"finding/sent outcome/proposed":                               outcome.StateProposed, // the switch
		"finding/sent intent/":                                        outcome.StateIntended,
		"finding/sent intent/ intent/":                                outcome.StateIntended,
		"finding/sent intent/ outcome/unproven":                       outcome.StateWritten,
		"finding/sent intent/ outcome/copying":                        outcome.StateWritten,
		"finding/sent intent/ outcome/handed-over":                    outcome.StateWritten,
		"intent/ outcome/fixed intent/ outcome/partly-undone":         outcome.StateWritten,
		"finding/sent intent/ outcome/fixed":                          outcome.StateProven,
		"intent/ outcome/fixed":                                       outcome.StateProven, // from a terminal
		"finding/sent intent/ intent/ outcome/fixed":                  outcome.StateProven,
		"finding/sent intent/ outcome/stands":                         outcome.StateProven,
		"finding/sent intent/ outcome/moved":                          outcome.StateProven,
		"finding/sent intent/ outcome/fixed proof/in-service":         outcome.StateInService,
		"finding/sent intent/ proof/in-service":                       outcome.StateInService,
		"finding/sent intent/ outcome/fixed intent/ outcome/undone":   outcome.StateUndone,
		"finding/sent outcome/superseded":                             outcome.StateSuperseded,
		"finding/sent intent/ outcome/superseded":                     outcome.StateSuperseded,
		"finding/failed":                                              outcome.StateStuck, // it couldn't be sent
		"finding/sent intent/ outcome/failed":                         outcome.StateStuck,
		"finding/sent outcome/refused":                                outcome.StateStuck,
		"finding/sent outcome/no-fix":                                 outcome.StateStuck,
		"finding/sent outcome/not-permitted":                          outcome.StateStuck,
		"finding/sent outcome/ignored":                                outcome.StateNone, // the group is gone
		"intent/ outcome/fixed finding/sent":                          outcome.StateProposed,
		"intent/ outcome/fixed intent/ outcome/undone intent/":        outcome.StateIntended,
		"finding/no-fix proof/in-service finding/sent finding/no-fix": outcome.StateProposed,
	} {
		if got := one(t, told(t, strings.Fields(story)...)).State(); got != want {
			t.Errorf("%s: %s, want %s", story, got, want)
		}
	}
}

func TestOutcomesOfStates(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]outcome.Outcome{outcome.Fixed, outcome.Moved, outcome.Stands}, outcome.Of(outcome.StateProven)); diff != "" {
		t.Error(diff)
	}
	if got := outcome.Of(outcome.StateIntended); len(got) != 0 {
		t.Errorf("%v", got)
	}
}

// Records are sorted by remediation; a proof, which names none, is of the newest one
// that was begun about the same finding.
func TestRemediations(t *testing.T) {
	t.Parallel()
	var records []record.Record
	for _, r := range []struct{ shape, remediation, finding string }{
		{"finding/no-fix", "", "f-1"},
		{"proof/in-service", "", "f-1"}, // of what an earlier log tells
		{"finding/sent", "r-1", "f-1"},
		{"finding/sent", "r-2", "f-2"},
		{"intent/", "r-1", "f-1"},
		{"outcome/superseded", "r-2", "f-2"},
		{"outcome/fixed", "r-1", "f-1"},
		{"intent/", "r-3", "f-1"},
		{"finding/sent", "r-4", "f-1"},
		{"proof/in-service", "", "f-1"}, // of r-3, since r-4 wasn't begun
		{"proof/in-service", "", "f-2"}, // of none, since r-2 wasn't
	} {
		one := sample(t, r.shape)
		one.RemediationID, one.ID = r.remediation, r.finding
		records = append(records, one)
	}
	var got []string
	all, _ := history.Remediations(records)
	for _, r := range all {
		line := r.ID
		for _, o := range r.Records {
			line += " " + string(o.Phase)
		}
		got = append(got, line)
	}
	want := []string{"r-1 finding intent outcome", "r-2 finding outcome", "r-3 intent proof", "r-4 finding"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	r, ok := history.Of(records, "r-3")
	if !ok || !r.Begun() || r.Last().Phase != record.Proof {
		t.Errorf("%v, %+v", ok, r)
	}
	if r, ok := history.Of(records, "r-2"); !ok || r.Begun() {
		t.Errorf("%v, begun %v", ok, r.Begun())
	}
	if _, ok := history.Of(records, "r-5"); ok {
		t.Error("r-5 is on record")
	}
}

func revoke(id string) record.Steps { return record.Steps{grant.Revoke{GrantID: id}} }

// What takes the change back the newest record says that says it at all: whether that
// is there, only AWS shows.
func TestUndo(t *testing.T) {
	t.Parallel()
	type told struct {
		shape string
		undo  record.Steps
	}
	before, after, left := revoke(""), append(revoke("g"), statements.Remove{Key: "k"}), record.Steps{statements.Remove{Key: "k"}}
	for name, tc := range map[string]struct {
		records []told
		want    record.Steps
	}{
		"nothing on record":                      {},
		"nothing begun":                          {records: []told{{"finding/sent", after}}},
		"begun, and nothing was heard of it":     {[]told{{"finding/sent", nil}, {"intent/", before}}, before},
		"the outcome knows more":                 {[]told{{"intent/", before}, {"outcome/fixed", after}}, after},
		"an outcome without one hides none":      {[]told{{"intent/", before}, {"outcome/superseded", nil}}, before},
		"nor does one that failed":               {[]told{{"intent/", before}, {"outcome/failed", nil}}, before},
		"what stands may be an earlier doing":    {[]told{{"intent/", before}, {"outcome/stands", after}}, after},
		"what was undone can be undone again":    {[]told{{"intent/", before}, {"outcome/fixed", after}, {"intent/", after}, {"outcome/undone", nil}}, after},
		"a part is left":                         {[]told{{"intent/", before}, {"outcome/fixed", after}, {"intent/", after}, {"outcome/partly-undone", left}}, left},
		"the part was undone":                    {[]told{{"intent/", after}, {"outcome/partly-undone", left}, {"intent/", left}, {"outcome/undone", nil}}, left},
		"found again, and in service":            {[]told{{"intent/", before}, {"outcome/fixed", after}, {"proof/in-service", nil}, {"finding/sent", before}}, after},
		"a finding after it says nothing of one": {[]told{{"intent/", before}, {"finding/sent", after}}, before},
	} {
		var records []record.Record
		for _, r := range tc.records {
			one := sample(t, r.shape)
			one.Undo = r.undo
			records = append(records, one)
		}
		of, _ := history.Of(records, "r-1")
		got, ok := of.Undo()
		if diff := cmp.Diff(tc.want, got.Undo); diff != "" || ok != (len(tc.want) > 0) {
			t.Errorf("%s: %v (-want +got):\n%s", name, ok, diff)
		}
	}
}

// An intent means the calls of its steps, on their targets, and no others.
func TestMeans(t *testing.T) {
	t.Parallel()
	const (
		key, other, under = "arn:aws:kms:eu-west-1:444455556666:key/1", "arn:aws:kms:eu-west-1:444455556666:key/10", "arn:aws:kms:eu-west-1:111122223333:key/2"
		groups            = "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:66c29697:autoScalingGroupName/"
	)
	intent := sample(t, "intent/")
	intent.Steps = record.Steps{
		statements.Add{Key: key}, group.Update{Group: groups + "web-prod"}, group.Update{Group: groups + "team/api"},
		copies.Make{Source: "ami-1", CopyKey: under, Keys: []string{key, ""}}, copies.Remove{Source: "ami-1", ID: "ami-2", Snapshots: []string{"snap-2"}},
		change.Unread{Name: "NewKind"}, statements.Add{},
	}
	outcome := sample(t, "outcome/fixed")
	outcome.Steps = record.Steps{grant.Create{Key: other}}
	r := one(t, []record.Record{intent, outcome})
	const update, create = "autoscaling:UpdateAutoScalingGroup", "kms:CreateGrant"
	for _, tc := range []struct {
		action, target string
		want           bool
	}{
		{"kms:PutKeyPolicy", key, true},
		{"kms:PutKeyPolicy", other, false},
		{"kms:PutKeyPolicy", key[:len(key)-1], false},
		{"kms:PutKeyPolicy", under, false},
		{"kms:ScheduleKeyDeletion", key, false},
		{"kms:PutKeyPolicy", "", false},
		{update, "web-prod", true},
		{update, groups + "web-prod", true},
		{update, "web", false},
		{update, "prod", false},
		{update, "b-prod", false},
		{update, "web-prod-2", false},
		{update, "api", false},
		{update, "team/api", true},
		{update, "", false},
		{"autoscaling:DeleteAutoScalingGroup", "web-prod", false},
		{"ec2:CopyImage", "ami-1", true},
		{"ec2:CopyImage", "ami-2", false},
		{"ec2:DeregisterImage", "ami-2", true},
		{"ec2:DeregisterImage", "ami-1", false},
		{"ec2:DeleteSnapshot", "snap-2", true},
		{"ec2:DeleteSnapshot", "", false},
		{create, key, true}, // by EC2, with the copier's session
		{create, under, true},
		{create, other, false}, // only the outcome says so
		{create, "", false},
		{"kms:Decrypt", key, false},
		{"", "", false},
		{"", key, false},
	} {
		if got := r.Means(tc.action, tc.target); got != tc.want {
			t.Errorf("%s on %q: %v", tc.action, tc.target, got)
		}
	}
	if (history.Remediation{}).Means("kms:PutKeyPolicy", key) {
		t.Error("nothing on record means something")
	}
}

// What the version before meant to do is still meant.
func TestMeansOfTheVersionBefore(t *testing.T) {
	t.Parallel()
	all, err := samples()
	if err != nil {
		t.Fatal(err)
	}
	intents := 0
	for _, r := range all {
		if r.Phase != record.Intent {
			continue
		}
		intents++
		of, _ := history.Of(all, r.RemediationID)
		for _, call := range change.Steps(r.Steps).Calls() {
			if !of.Means(call.Action, call.Target) {
				t.Errorf("%s doesn't mean %s on %s", r.RemediationID, call.Action, call.Target)
			}
		}
		if len(change.Steps(r.Steps).Calls()) == 0 {
			t.Errorf("%s has no calls", r.RemediationID)
		}
	}
	if intents != 3 {
		t.Errorf("%d intents", intents)
	}
}
