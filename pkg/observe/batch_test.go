package observe_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/account"
	"keymend/pkg/launch"
)

// TestResolveAll: several groups cost one call of each kind, also where they take
// several versions of a template, and each gets its own.
func TestResolveAll(t *testing.T) {
	t.Parallel()
	const k1, k2 = "arn:aws:kms:eu-west-1:111122223333:key/798bc4bb-1f2e-4d3c-8b7a-6f5e4d3c2b1a", "arn:aws:kms:eu-west-1:111122223333:key/d21dba12-5e4d-4c3b-a291-0f1e2d3c4b5a"
	r, e := serve(t, "batch")
	all := r.ResolveAll(t.Context(), accountID, region, []string{"a", "b", "c", "d", "e", "none", "a"})
	got := map[string][]string{}
	for name, result := range all {
		got[name] = []string{result.Launch.Source}
		for _, k := range result.Launch.Keys {
			got[name] = append(got[name], k.ID)
		}
		if (name == "none") != errors.Is(result.Err, launch.ErrGroupNotFound) {
			t.Errorf("%s: %v", name, result.Err)
		}
	}
	want := map[string][]string{
		"a": {"lt-0877401c93c29400a v4", k1}, "b": {"lt-0877401c93c29400a v2", k2}, "c": {"lt-0877401c93c29400a v3", k2, k1},
		"d": {"launch configuration custodian-test-lc-1", k2}, "e": {"lt-0877401c93c29400a v4", k1}, "none": {""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("source and keys (-want +got):\n%s", diff)
	}
	if n := len(e.called("")); n != 7 {
		t.Errorf("%d calls, want one of each of seven", n)
	}
	for name, result := range all {
		if name == "none" {
			continue
		}
		alone, err := r.Resolve(t.Context(), accountID, region, name)
		if diff := cmp.Diff(alone, result.Launch); name == "d" && (err != nil || diff != "") {
			t.Errorf("%s alone is another (%v):\n%s", name, err, diff)
		}
	}
}

// TestResolveAllVersionGone: a version that is gone fails EC2's call for all of
// them, and is refused for its own group only.
func TestResolveAllVersionGone(t *testing.T) {
	t.Parallel()
	r, e := serve(t, "batch-version-gone")
	all := r.ResolveAll(t.Context(), accountID, region, []string{"a", "c"})
	if a := all["a"]; a.Err != nil || a.Launch.Refused != "" || len(a.Launch.Keys) != 1 {
		t.Errorf("%+v", a)
	}
	if c := all["c"]; c.Err != nil || c.Launch.Refused == "" || len(c.Launch.Keys) != 0 {
		t.Errorf("%+v", c)
	}
	if n := len(e.called("DescribeLaunchTemplateVersions")); n != 3 {
		t.Errorf("%d calls", n)
	}
}

// TestResolveAllErrors: what would fail each group alone isn't tried for each
// alone; what may come from one group is.
func TestResolveAllErrors(t *testing.T) {
	t.Parallel()
	for dir, tries := range map[string]int{"denied": 1, "throttled": 1, "batch-invalid": 3} {
		r, e := serve(t, dir)
		all := r.ResolveAll(t.Context(), accountID, region, []string{"web-prod", "web-test"})
		if err := all["web-prod"].Err; err == nil || (dir == "denied") != account.AccessDenied(err) || all["web-test"].Err == nil {
			t.Errorf("%s: %+v", dir, all)
		}
		if n := len(e.called("DescribeAutoScalingGroups")); n != tries {
			t.Errorf("%s: %d tries, want %d", dir, n, tries)
		}
	}
}
