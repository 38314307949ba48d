package observe_test

import (
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/pkg/account"
	"keymend/pkg/launch"
)

var update = flag.Bool("update", false, "write what is computed into testdata; then look at the diff") //nolint:gochecknoglobals // a flag

// TestResolve holds what is made of each recorded group.
func TestResolve(t *testing.T) {
	t.Parallel()
	for name, group := range map[string]string{
		"named-key": "web-prod", "snapshot-key": "web-prod", "mixed": "eks-workers-1",
		"shared-snapshot": "web-prod", "invisible-snapshot": "web-prod", "key-without-encrypted": "web-prod",
		"template-gone": "web-prod", "version-gone": "web-prod", "image-gone": "web-prod", "image-disabled": "web-prod",
		"launch-configuration": "web-prod", "launch-configuration-gone": "web-prod",
		"parameter": "web-prod", "parameter-denied": "web-prod",
		// In the shapes of recorded answers, with values of our own.
		"real-image-decides": "custodian", "real-default-key-arn": "custodian", "real-mixed-policy": "custodian",
		"real-newest-group": "ecs-nodes", "real-copied-deprecated": "custodian", "real-override-images": "custodian",
		"real-eks-node-group": "eks-workers-2ac1a2b3-0f1e-2d3c-4b5a-69788796a5b4", "real-partly-refused": "custodian",
		"real-shared-image": "custodian", "real-foreign-key": "custodian", "real-replica-key": "custodian",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := serve(t, name)
			got, err := r.Resolve(t.Context(), accountID, region, group)
			if err != nil {
				t.Fatal(err)
			}
			text, err := json.MarshalIndent(got, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", name, "launch.golden.json")
			if *update {
				if err := os.WriteFile(golden, append(text, '\n'), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), string(text)+"\n"); diff != "" {
				t.Errorf("launch (-want +got):\n%s", diff)
			}
		})
	}
}

func TestResolveErrors(t *testing.T) {
	t.Parallel()
	for name, check := range map[string]func(error) bool{
		"no-group": func(err error) bool { return errors.Is(err, launch.ErrGroupNotFound) },
		"denied": func(err error) bool {
			d, denied := account.DenialOf(err)
			return denied && d.Action == "ec2:DescribeSnapshots"
		},
		"throttled": func(err error) bool { return account.Transient(err) && !account.AccessDenied(err) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := serve(t, name)
			if _, err := r.Resolve(t.Context(), accountID, region, "web-prod"); !check(err) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestResolveCalls holds how AWS is asked: each thing once, whatever the number
// of overrides, and by its id.
func TestResolveCalls(t *testing.T) {
	t.Parallel()
	r, e := serve(t, "mixed")
	if _, err := r.Resolve(t.Context(), accountID, region, "eks-workers-1"); err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string]int{
		"DescribeAutoScalingGroups": 1, "GetEbsDefaultKmsKeyId": 1, "GetEbsEncryptionByDefault": 1,
		"DescribeImages": 1, "DescribeSnapshots": 1,
		"DescribeLaunchTemplateVersions": 2,
	} {
		if n := len(e.called(action)); n != want {
			t.Errorf("%s: %d calls, want %d", action, n, want)
		}
	}
	images := e.called("DescribeImages")[0]
	if images.Get("ImageId.3") != "ami-3" || images.Get("IncludeDeprecated") != "true" || images.Get("Filter.1.Name") != "" || images.Get("MaxResults") != "" {
		t.Errorf("DescribeImages %v", images)
	}
	snapshots := e.called("DescribeSnapshots")[0]
	if snapshots.Get("SnapshotId.2") != "snap-2" || snapshots.Get("Filter.1.Name") != "" {
		t.Errorf("DescribeSnapshots %v", snapshots)
	}
	for _, v := range e.called("DescribeLaunchTemplateVersions") {
		if v.Get("ResolveAlias") != "true" || v.Get("LaunchTemplateVersion.1") == "" || v.Get("LaunchTemplateName") != "" {
			t.Errorf("DescribeLaunchTemplateVersions %v", v)
		}
	}
}

// TestTries: failures since the last success count; one in progress, a
// termination and what came before the success don't.
func TestTries(t *testing.T) {
	t.Parallel()
	r, _ := serve(t, "named-key")
	c, err := r.Fleet(nil, "111122223333", "eu-west-1").Course(t.Context(), "web-prod")
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Failed) != 3 || c.Failed[2].Began.Format("15:04") != "09:10" {
		t.Errorf("%+v", c)
	}
	if last := c.Failed[0]; last.InstanceID != "i-0a1b2c3d4e5f60708" || last.StatusCode != "Cancelled" || last.StatusMessage == "" || last.Time.IsZero() {
		t.Errorf("last %+v", last)
	}
	s, err := r.Standing(t.Context(), "web-prod")
	if err != nil || cmp.Diff([]string{"i-0a", "i-0c"}, s.Instances) != "" || len(s.Tries) <= len(c.Failed) {
		t.Errorf("%+v, %v", s, err)
	}
}
