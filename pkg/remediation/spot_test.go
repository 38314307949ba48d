package remediation_test

import (
	"strings"
	"testing"

	"keymend/pkg/audit"
	"keymend/pkg/launch"
	"keymend/pkg/plan"
)

// TestSpotRoleIsAPersons: each role that launches is asked for by itself. The
// group's own is fixed; the Spot role of a launch configuration never is, and the
// record holds what a person runs.
func TestSpotRoleIsAPersons(t *testing.T) {
	t.Parallel()
	const spot = "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
	w := newWorld()
	w.launch.Also = []launch.Principal{{ARN: spot, Because: "launch configuration web-lc-1 has a SpotPrice"}}
	found, err := w.engine().Diagnose(t.Context(), failure())
	if err != nil || len(found) != 2 || len(w.sent) != 1 {
		t.Fatalf("%d diagnoses, %d sent, %v", len(found), len(w.sent), err)
	}
	if first := found[0].Record; first.Principal != slr || first.Outcome != audit.Sent {
		t.Errorf("%s: %s", first.Principal, first.Outcome)
	}
	d := found[1]
	if d.Record.Principal != spot || d.Record.Outcome != audit.NoFix || d.Plan.NoFix == nil || d.Plan.NoFix.Reason != plan.OtherService ||
		d.Record.ID == found[0].Record.ID || !strings.Contains(strings.Join(d.Record.Because, " "), "SpotPrice") {
		t.Errorf("%+v", d.Record)
	}
	if !strings.Contains(d.Record.Reason, "aws kms create-grant") || !strings.Contains(d.Record.Reason, spot) {
		t.Errorf("it doesn't say what a person does: %s", d.Record.Reason)
	}
	if r, err := w.engine().Remediate(t.Context(), w.sent[0]); err != nil || r.Outcome != audit.Fixed || r.Principal != slr {
		t.Errorf("%s for %s, %v", r.Outcome, r.Principal, err)
	}
}

// TestPartlyRefused: overrides that EC2 refuses are named, and don't make the
// keys of the others unknown.
func TestPartlyRefused(t *testing.T) {
	t.Parallel()
	w := newWorld()
	w.launch.Keys, w.launch.Partly = nil, []string{"image ami-1 of lt-1 v1 is disabled"}
	found, err := w.engine().Diagnose(t.Context(), failure())
	if err != nil || len(found) != 1 || found[0].Record.Outcome != audit.CauseElsewhere || !strings.Contains(found[0].Record.Reason, "ami-1 of lt-1 v1 is disabled") {
		t.Errorf("%+v, %v", found, err)
	}
}
