package copier_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/apply"
	"keymend/pkg/copier"
	"keymend/pkg/owncopy"
)

func on(group, version string) types.AutoScalingGroup {
	return types.AutoScalingGroup{AutoScalingGroupName: &group, LaunchTemplate: &types.LaunchTemplateSpecification{LaunchTemplateId: new("lt-1"), Version: &version}}
}

// derived has a version 2 that r-1 made of version 1.
func derived() *aws {
	a := world()
	a.template.LatestVersionNumber = new(int64(2))
	a.versions = append(a.versions, ec2types.LaunchTemplateVersion{
		LaunchTemplateId: new("lt-1"), VersionNumber: new(int64(2)), VersionDescription: new("keymend: version 1 with own copies (r-1)"),
		LaunchTemplateData: &ec2types.ResponseLaunchTemplateData{ImageId: new("ami-2")},
	})
	return a
}

// TestDeleteVersion deletes the version that is meant, and none that something
// launches from by its number or as the default.
func TestDeleteVersion(t *testing.T) {
	t.Parallel()
	step := owncopy.DeleteTemplateVersion{Scene: owncopy.Scene{In: account, Region: region}, Template: "lt-1", From: 1, Remediation: "r-1"}
	for name, tc := range map[string]struct {
		change  func(*aws, *owncopy.DeleteTemplateVersion)
		removed string
		says    string
	}{
		"nobody names it":       {change: func(*aws, *owncopy.DeleteTemplateVersion) {}, removed: "2"},
		"a group follows":       {change: func(a *aws, _ *owncopy.DeleteTemplateVersion) { a.groups = append(a.groups, on("web", "$Latest")) }, removed: "2"},
		"a group names it":      {change: func(a *aws, _ *owncopy.DeleteTemplateVersion) { a.groups = append(a.groups, on("web", "2")) }, says: "named by group web"},
		"a group names another": {change: func(a *aws, _ *owncopy.DeleteTemplateVersion) { a.groups = append(a.groups, on("web", "1")) }, removed: "2"},
		"it is the default":     {change: func(a *aws, _ *owncopy.DeleteTemplateVersion) { a.template.DefaultVersionNumber = new(int64(2)) }, says: "is its default"},
		"another remediation's": {change: func(_ *aws, s *owncopy.DeleteTemplateVersion) { s.Remediation = "r-2" }},
		"of another version":    {change: func(_ *aws, s *owncopy.DeleteTemplateVersion) { s.From = 2 }},
		"a person's":            {change: func(a *aws, _ *owncopy.DeleteTemplateVersion) { a.versions[1].VersionDescription = new("mine") }},
		"gone":                  {change: func(a *aws, _ *owncopy.DeleteTemplateVersion) { a.versions = a.versions[:1] }},
		"gone just now": {change: func(a *aws, _ *owncopy.DeleteTemplateVersion) {
			a.refuse(ec2types.LaunchTemplateErrorCodeLaunchTemplateVersionDoesNotExist)
		}},
		"refused": {change: func(a *aws, _ *owncopy.DeleteTemplateVersion) {
			a.refuse(ec2types.LaunchTemplateErrorCodeUnexpectedError)
		}, says: "unexpectedError: no"},
		"$Latest resolves to it": {change: func(a *aws, _ *owncopy.DeleteTemplateVersion) { a.stale = true }, removed: "2", says: "its $Latest is no other version yet"},
	} {
		a, s := derived(), step
		tc.change(a, &s)
		d, err := a.work().DeleteVersion(t.Context(), s)
		if strings.Join(a.removed, " ") != tc.removed || tc.says == "" && err != nil || tc.says != "" && (err == nil || !strings.Contains(err.Error(), tc.says)) || tc.removed != "" && !d.Changed {
			t.Errorf("%s: %+v, %v, removed %v", name, d, err, a.removed)
		}
		if strings.Contains(tc.says, "named") && !errors.Is(err, copier.ErrInUse) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestUndoOfVersion: the version is found by the mark that its own remediation
// gave it, and the preview deletes nothing.
func TestUndoOfVersion(t *testing.T) {
	t.Parallel()
	a := derived()
	undo := a.work().UndoOfVersion(owncopy.NewTemplateVersion{Template: "lt-1", From: 1})
	says, err := a.reader().Preview(t.Context(), apply.Undos{undo})
	if err != nil || len(says) != 1 || !strings.Contains(says[0], "version 2 of lt-1 would be deleted") || len(a.removed) != 0 {
		t.Errorf("%v, %v, removed %v", says, err, a.removed)
	}
	if key, what := undo.Key(); key != "" || what != "lt-1" || undo == (apply.Undo{}) {
		t.Errorf("about %q, %q", key, what)
	}
}

// TestPreview looks at each undo as things would be by then, and says what stays.
func TestPreview(t *testing.T) {
	t.Parallel()
	a := derived()
	a.template.DefaultVersionNumber = new(int64(2))
	version := a.work().UndoOfVersion(owncopy.NewTemplateVersion{Template: "lt-1", From: 1})
	back := apply.Undo{SetDefault: &owncopy.SetDefaultVersion{Template: "lt-1", Version: 1, Before: 2}}
	for _, tc := range []struct {
		undos apply.Undos
		want  string
	}{
		{apply.Undos{back, version}, "the default version of lt-1 would be 1 again; version 2 of lt-1 would be deleted; who follows $Latest gets the one before it"},
		{apply.Undos{version}, "version 2 of lt-1 is its default: it is in use, and stays"},
	} {
		says, err := a.reader().Preview(t.Context(), tc.undos)
		if got := strings.Join(says, "; "); err != nil || got != tc.want || len(a.removed) != 0 {
			t.Errorf("%q, %v", got, err)
		}
	}
}

func (a *aws) refuse(code ec2types.LaunchTemplateErrorCode) {
	a.refusal = &ec2types.ResponseError{Code: code, Message: new("no")}
}
