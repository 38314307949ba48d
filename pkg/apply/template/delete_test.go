package template_test

import (
	"errors"
	"strings"
	"testing"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/template"
	kind "keymend/pkg/kind/template"
)

func on(w *applytest.World, version string) {
	w.Groups[0].LaunchTemplate = &astypes.LaunchTemplateSpecification{LaunchTemplateId: new("lt-1"), Version: &version}
}

// meanwhile has somebody act right before EC2 deletes the version.
func meanwhile(w *applytest.World, act func()) {
	w.Answer = func(c applytest.Call) applytest.Fault {
		if c.Action == "ec2:DeleteLaunchTemplateVersions" {
			act()
		}
		return applytest.Fault{}
	}
}

// stale has EC2 show as $Latest what was deleted.
func stale(w *applytest.World) {
	was := w.Versions[1]
	w.Answer = func(c applytest.Call) applytest.Fault {
		in, ok := c.Input.(*ec2.DescribeLaunchTemplateVersionsInput)
		if ok && len(in.Versions) == 1 && in.Versions[0] == "$Latest" && len(w.Versions) == 1 {
			w.Versions = append(w.Versions, was)
		}
		return applytest.Fault{}
	}
}

// TestDelete deletes the version that is meant, and none that something launches from
// by its number or as the default.
func TestDelete(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		change  func(*applytest.World, *kind.DeleteVersion)
		deleted bool
		says    string
	}{
		"nobody names it":       {change: func(*applytest.World, *kind.DeleteVersion) {}, deleted: true},
		"a group follows":       {change: func(w *applytest.World, _ *kind.DeleteVersion) { on(w, "$Latest") }, deleted: true},
		"a group names it":      {change: func(w *applytest.World, _ *kind.DeleteVersion) { on(w, "2") }, says: "named by group web"},
		"a group names another": {change: func(w *applytest.World, _ *kind.DeleteVersion) { on(w, "1") }, deleted: true},
		"it is the default":     {change: func(w *applytest.World, _ *kind.DeleteVersion) { w.Templates[0].DefaultVersionNumber = new(int64(2)) }, says: "is its default"},
		"another remediation's": {change: func(_ *applytest.World, s *kind.DeleteVersion) { s.Remediation = "r-2" }},
		"of another version":    {change: func(_ *applytest.World, s *kind.DeleteVersion) { s.From = 2 }},
		"a person's":            {change: func(w *applytest.World, _ *kind.DeleteVersion) { w.Versions[1].VersionDescription = new("mine") }},
		"gone":                  {change: func(w *applytest.World, _ *kind.DeleteVersion) { w.Versions = w.Versions[:1] }},
		"the template is gone":  {change: func(w *applytest.World, _ *kind.DeleteVersion) { w.Templates, w.Versions, w.Groups = nil, nil, nil }},
		"gone just now":         {change: func(w *applytest.World, _ *kind.DeleteVersion) { meanwhile(w, func() { w.Versions = w.Versions[:1] }) }, deleted: true},
		"refused": {change: func(w *applytest.World, _ *kind.DeleteVersion) {
			meanwhile(w, func() { w.Templates[0].DefaultVersionNumber = new(int64(2)) })
		}, says: "unexpectedError: no"},
		"$Latest resolves to it": {change: func(w *applytest.World, _ *kind.DeleteVersion) { stale(w) }, deleted: true, says: "its $Latest is no other version yet"},
	} {
		w, s := derived(), deleting()
		tc.change(w, &s)
		done, err := template.Delete{}.Do(t.Context(), w.Env(), s)
		if done.Changed != tc.deleted || (err != nil) != (tc.says != "") || err != nil && !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
		if tc.says != "" && errors.Is(err, apply.ErrInUse) != (strings.Contains(tc.says, "named") || strings.Contains(tc.says, "default")) {
			t.Errorf("%s: %v", name, err)
		}
		if calls := len(w.Made("ec2:DeleteLaunchTemplateVersions")); calls != 0 != (tc.deleted || name == "refused") {
			t.Errorf("%s: %d deletions", name, calls)
		}
	}
}

// TestLatestAfterDeletion: groups on $Latest launch from the version before.
func TestLatestAfterDeletion(t *testing.T) {
	t.Parallel()
	w := derived()
	on(w, "$Latest")
	if _, err := (template.Delete{}).Do(t.Context(), w.Env(), deleting()); err != nil {
		t.Fatal(err)
	}
	latest, err := w.Storage().Latest(t.Context(), "lt-1")
	l, launchErr := w.Launch(t.Context(), "web")
	if err != nil || launchErr != nil || latest != 1 || l.Ways[0].Version != 1 {
		t.Errorf("%d, %+v, %v, %v", latest, l.Ways, err, launchErr)
	}
}

// TestTwoOfOneDescription: where a version didn't show in time, its remediation may have
// made a second. Whichever is the default is moved back from, and both are deleted.
func TestTwoOfOneDescription(t *testing.T) {
	t.Parallel()
	for _, standard := range []int64{2, 3} {
		w := derived()
		w.Version("lt-1", *w.Versions[1].VersionDescription, w.Versions[1].LaunchTemplateData)
		w.Templates[0].DefaultVersionNumber = &standard
		back := kind.SetDefault{Scene: scene(), Version: 1, From: 1, Made: kind.Description(1, "r-1")}
		if done, err := (template.Default{}).Do(t.Context(), w.Env(), back); err != nil || !done.Changed || *w.Templates[0].DefaultVersionNumber != 1 {
			t.Errorf("from %d: %+v, %v", standard, done, err)
		}
		preview, err := template.Delete{}.Preview(t.Context(), w.Env(), deleting())
		if err != nil || len(preview.Says) != 2 {
			t.Errorf("%+v, %v", preview, err)
		}
		done, err := template.Delete{}.Do(t.Context(), w.Env(), deleting())
		if err != nil || !done.Changed || len(w.Versions) != 1 || *w.Versions[0].VersionNumber != 1 {
			t.Errorf("%+v, %v, %d versions", done, err, len(w.Versions))
		}
		if _, standing, err := (template.Delete{}).Stands(t.Context(), w.Env(), deleting()); err != nil || standing != apply.There {
			t.Errorf("deleted: %d, %v", standing, err)
		}
	}
}
