package remediation_test

import (
	"strings"
	"testing"

	"keymend/pkg/launch"
	"keymend/pkg/outcome"
)

// TestSpotRole: each role that launches is asked for by itself, and the key opened
// to each by a message of its own.
func TestSpotRole(t *testing.T) {
	t.Parallel()
	const spot = "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
	w := newWorld()
	w.launch.Also = []launch.Principal{{ARN: spot, Because: "launch configuration web-lc-1 has a SpotPrice"}}
	found, err := w.looker().Diagnose(t.Context(), failure())
	if err != nil || len(found) != 2 || len(w.sent) != 2 {
		t.Fatalf("%d diagnoses, %d sent, %v", len(found), len(w.sent), err)
	}
	for i, role := range []string{slr, spot} {
		if r := found[i].Record; r.Principal != role || r.Outcome != outcome.Sent || w.sent[i].Principal != role || w.sent[i].Target != keyARN {
			t.Errorf("%s: %s, message for %s", r.Principal, r.Outcome, w.sent[i].Principal)
		}
	}
	if found[0].Record.ID == found[1].Record.ID || !strings.Contains(strings.Join(found[1].Record.Because, " "), "SpotPrice") {
		t.Errorf("%+v", found[1].Record)
	}
	// Whichever comes first: each opens the key to its own role.
	for _, i := range []int{1, 0} {
		if r, err := w.fixer().Remediate(t.Context(), w.sent[i]); err != nil || r.Outcome != outcome.Fixed || r.Principal != w.sent[i].Principal {
			t.Errorf("%s %s for %s, %v", r.Outcome, r.Reason, r.Principal, err)
		}
	}
	if w.puts != 2 || !strings.Contains(w.policy, spot) || !strings.Contains(w.policy, slr+`"`) {
		t.Errorf("%d writes: %s", w.puts, w.policy)
	}
}

// Without a SpotPrice nobody opens a key to the Spot role, whatever a message
// says.
func TestSpotRoleIsNotAskedFor(t *testing.T) {
	t.Parallel()
	w := newWorld()
	m := w.message(t)
	m.Principal = "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
	if r, err := w.fixer().Remediate(t.Context(), m); err != nil || r.Outcome != outcome.Superseded || w.writes() != 0 {
		t.Errorf("%s, %v, %d writes", r.Outcome, err, w.writes())
	}
}

// TestPartlyRefused: overrides that EC2 refuses are named, and don't make the
// keys of the others unknown.
func TestPartlyRefused(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.launch.Keys, w.launch.Partly = nil, []string{"image ami-1 of lt-1 v1 is disabled"}
	found, err := w.looker().Diagnose(t.Context(), failure())
	if err != nil || len(found) != 1 || found[0].Record.Outcome != outcome.NothingToDo || !strings.Contains(found[0].Record.Reason, "ami-1 of lt-1 v1 is disabled") {
		t.Errorf("%+v, %v", found, err)
	}
}
