package remediation_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/smithy-go"

	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/signal"
)

// The whole way of a group on $Latest: a copy, and a version that names it; taken
// back in the same order that it came.
func TestCopies(t *testing.T) {
	t.Parallel()
	c := newCopying("$Latest")
	first := c.upTo(t, "CopyImage")
	r, err := c.fixer().Remediate(t.Context(), first)
	if err != nil || r.Outcome != outcome.Copying || c.archive.copied != 1 || !strings.HasPrefix(r.Reason, "ami-c1, a copy of ami-1 under "+ownKey) {
		t.Fatalf("%s %s, %v", r.Outcome, r.Reason, err)
	}
	if s := c.opened[0]; s.Action != "ec2:CopyImage" || s.Target != "ami-1" || s.Account != accountID || strings.Join(s.Keys, " ") != ownKey+" "+foreignKey {
		t.Errorf("%+v", s)
	}
	c.sent, c.records = nil, nil
	if d := c.diagnose(t, c.fixer()); d.Outcome != outcome.Copying || len(c.sent) != 0 {
		t.Errorf("while it is on its way: %s %s", d.Outcome, d.Reason)
	}
	c.archive.ready()
	c.diagnose(t, c.fixer())
	second, err := c.fixer().Remediate(t.Context(), wired(t, c.sent[0]))
	if err != nil || second.Outcome != outcome.Moved || c.archive.written != 1 || second.Proof.EqualReads != 3 {
		t.Fatalf("%s %s, %v", second.Outcome, second.Reason, err)
	}
	if u, err := c.fixer().Undo(t.Context(), logged(t, r)); err == nil || u.Outcome != outcome.Failed || len(c.archive.images) != 2 {
		t.Errorf("a copy that a version names: %s %s, %v", u.Outcome, u.Reason, err)
	}
	for _, of := range []record.Record{second, r} {
		if u, err := c.fixer().Undo(t.Context(), logged(t, of)); err != nil || u.Outcome != outcome.Undone {
			t.Errorf("%s %s, %v", u.Outcome, u.Reason, err)
		}
	}
	if len(c.archive.images) != 1 || len(c.archive.snapshots) != 1 || len(c.archive.versions) != 1 {
		t.Errorf("%d images, %d snapshots, %d versions are left", len(c.archive.images), len(c.archive.snapshots), len(c.archive.versions))
	}
}

// hidden is EC2's refusal of a call, whose text names none.
func hidden(operation string) error {
	return &smithy.OperationError{ServiceID: "EC2", OperationName: operation, Err: &smithy.GenericAPIError{
		Code: "UnauthorizedOperation", Message: "You are not authorized to perform this operation.",
	}}
}

// Fault: where AWS refused to show what there is of copies, the record said that
// nothing could be copied, or that there was nothing to do. It is a permission that
// is missing, and the record names it.
func TestWhatMayNotBeReadWasNoFix(t *testing.T) {
	t.Parallel()
	for operation, action := range map[string]string{
		"Images": "DescribeImages", "Snapshots": "DescribeSnapshots", "Templates": "DescribeLaunchTemplates", "Versions": "DescribeLaunchTemplateVersions",
	} {
		c := newCopying("$Latest")
		c.fail[operation] = hidden(action)
		r := c.diagnose(t, &c.fixer().Looker)
		if r.Outcome != outcome.NotPermitted || !strings.Contains(r.Reason, "AWS refused ec2:"+action) || len(c.sent) != 0 || r.Plan == nil || r.Plan.NoFix.Reason != plan.NotRead {
			t.Errorf("%s: %s %s", operation, r.Outcome, r.Reason)
		}
		if r.Key != foreignKey || r.Principal != slr {
			t.Errorf("%s: about %s for %s", operation, r.Key, r.Principal)
		}
	}
	// A message that is on its way says the same, and nothing is done.
	for _, receives := range []int{1, 2} {
		c := newCopying("$Latest")
		m := c.upTo(t, "CopyImage")
		c.fail["Images"], m.Delivery.Receives = hidden("DescribeImages"), receives
		r, err := c.fixer().Remediate(t.Context(), m)
		if err != nil || r.Outcome != outcome.NotPermitted || !strings.Contains(r.Reason, "ec2:DescribeImages") || r.RemediationID != plan.RemediationID(m.Digest) || c.archive.copied != 0 {
			t.Errorf("delivery %d: %s %s, %v", receives, r.Outcome, r.Reason, err)
		}
	}
	// What may pass comes again.
	c := newCopying("$Latest")
	c.fail["Images"] = throttled()
	if _, err := c.fixer().Looker.Diagnose(t.Context(), failure()); !errors.Is(err, c.fail["Images"]) || len(c.records) != 0 {
		t.Errorf("%v, %v", err, outcomes(c.records))
	}
}

// An event about an image is for the group that the copy's tags name.
func TestPlace(t *testing.T) {
	t.Parallel()
	c := newCopying("$Latest")
	if _, err := c.fixer().Remediate(t.Context(), c.upTo(t, "CopyImage")); err != nil {
		t.Fatal(err)
	}
	of := func(image string) signal.ImageChanged {
		return signal.ImageChanged{Event: signal.Event{ID: "e-1", Account: accountID, Region: region}, Image: image}
	}
	look, err := c.fixer().Place(t.Context(), of("ami-c1"))
	if err != nil || look.Group != "web-prod" || look.Why != signal.WhyImageChanged || look.Account != accountID || look.Region != region || len(look.EventIDs) != 1 {
		t.Errorf("%+v, %v", look, err)
	}
	for name, tc := range map[string]struct {
		image  string
		change func(*remediation.Fixer)
		fails  error
		again  bool
	}{
		"no copy":            {"ami-1", nil, nil, false},
		"no image":           {"ami-7", nil, nil, false},
		"nobody copies":      {"ami-c1", func(x *remediation.Fixer) { x.Settings.ForeignKey = "grant" }, nil, false},
		"it may not be read": {"ami-c1", nil, hidden("DescribeImages"), false},
		"throttled":          {"ami-c1", nil, throttled(), true},
	} {
		c.fail["Images"] = tc.fails
		if tc.change == nil {
			tc.change = func(*remediation.Fixer) {}
		}
		_, err := c.fixer(tc.change).Place(t.Context(), of(tc.image))
		if _, ignored := errors.AsType[*signal.Ignored](err); err == nil || ignored == tc.again {
			t.Errorf("%s: %v", name, err)
		}
	}
}
