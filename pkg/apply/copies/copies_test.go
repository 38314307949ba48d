package copies_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/copies"
	"keymend/pkg/change"
	kind "keymend/pkg/kind/copies"
)

const copyImage = "ec2:CopyImage"

func making() kind.Make {
	return kind.Make{
		Account: applytest.Account, Region: applytest.Region, Key: applytest.TheirKey, Source: "ami-1", Name: "keymend copy", CopyKey: applytest.CopyKey, Group: "web",
	}
}

// copied adds a copy of ami-1, by a remediation, with the snapshot snap-2.
func copied(w *applytest.World, id, remediation string, state types.ImageState) {
	var tags []types.Tag
	for key, value := range making().Tags(remediation) {
		tags = append(tags, types.Tag{Key: &key, Value: &value})
	}
	w.Images = append(w.Images, types.Image{
		ImageId: &id, OwnerId: new(applytest.Account), State: state, SourceImageId: new("ami-1"), Tags: tags,
		BlockDeviceMappings: []types.BlockDeviceMapping{{DeviceName: new("/dev/xvda"), Ebs: &types.EbsBlockDevice{SnapshotId: new("snap-2")}}},
	})
	w.Snapshots = append(w.Snapshots, types.Snapshot{
		SnapshotId: new("snap-2"), OwnerId: new(applytest.Account), KmsKeyId: new(applytest.CopyKey), State: types.SnapshotStateCompleted, Tags: tags,
	})
}

// duplicate answers a copy with the name of one that shows only then.
func duplicate(w *applytest.World, remediation string) {
	w.Answer = func(c applytest.Call) applytest.Fault {
		if c.Action != copyImage {
			return applytest.Fault{}
		}
		copied(w, "ami-9", remediation, types.ImageStatePending)
		return applytest.Fault{Before: &smithy.GenericAPIError{Code: "InvalidAMIName.Duplicate", Message: "AMI name keymend copy is already in use by AMI ami-9"}}
	}
}

// TestCopyByName: where an earlier copy doesn't show yet, its name keeps EC2 from
// making another.
func TestCopyByName(t *testing.T) {
	t.Parallel()
	w := applytest.New()
	duplicate(w, applytest.Remediation)
	e := w.Env()
	done, err := copies.Make{}.Do(t.Context(), e, making())
	undo := making().Undo(e.By, done)
	if err != nil || !done.Changed || done.ID != "ami-9" || len(undo) != 1 || undo[0].(kind.Remove).Remediation != applytest.Remediation {
		t.Fatalf("%+v, %+v, %v", done, undo, err)
	}
	if done, err = (copies.Make{}).Do(t.Context(), e, making()); err != nil || done.ID != "ami-9" || len(w.Made(copyImage)) != 1 {
		t.Errorf("%+v, %v, copied %d times", done, err, len(w.Made(copyImage)))
	}
	in := w.Made(copyImage)[0].Input.(*ec2.CopyImageInput)
	if len(*in.ClientToken) != 64 || !*in.Encrypted || *in.KmsKeyId != applytest.CopyKey || len(in.TagSpecifications) != 2 || len(in.TagSpecifications[0].Tags) != 4 {
		t.Errorf("%+v", in)
	}
	w = applytest.New()
	w.Answer = applytest.Errors(copyImage, &smithy.GenericAPIError{Code: "InvalidRequest", Message: "Images from AWS Marketplace cannot be copied to another AWS account"})
	if _, err := (copies.Make{}).Do(t.Context(), w.Env(), making()); err == nil || !strings.Contains(err.Error(), "Marketplace") {
		t.Errorf("%v", err)
	}
}

// TestCopyByTheNameOfAnother: the copy that shows late is another remediation's,
// which isn't this one's to take back.
func TestCopyByTheNameOfAnother(t *testing.T) {
	t.Parallel()
	w := applytest.New()
	duplicate(w, "r-0")
	if done, err := (copies.Make{}).Do(t.Context(), w.Env(), making()); err != nil || done.ID != "ami-9" || done.Changed {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestOccasions: one occasion makes one copy, though a copy that failed is gone by
// then; the next makes another.
func TestOccasions(t *testing.T) {
	t.Parallel()
	w := applytest.New()
	e := w.Env()
	var tokens []string
	for _, e.By.Occasion = range []string{"one", "one", "two"} {
		if _, err := (copies.Make{}).Do(t.Context(), e, making()); err != nil {
			t.Fatal(err)
		}
		w.Images = w.Images[:1]
	}
	for _, c := range w.Made(copyImage) {
		tokens = append(tokens, *c.Input.(*ec2.CopyImageInput).ClientToken)
	}
	if len(tokens) != 3 || tokens[0] != tokens[1] || tokens[1] == tokens[2] {
		t.Errorf("%q", tokens)
	}
}

// TestCopyShows: it is waited for, a little, until the copy can be found.
func TestCopyShows(t *testing.T) {
	t.Parallel()
	w := applytest.New()
	looks := 0
	var hidden []types.Image
	w.Answer = func(c applytest.Call) applytest.Fault {
		if len(w.Made(copyImage)) == 0 || c.Action != "ec2:DescribeImages" {
			return applytest.Fault{}
		}
		if looks++; looks == 1 {
			hidden, w.Images = w.Images[1:], w.Images[:1]
		}
		return applytest.Fault{}
	}
	w.Waits = func() { w.Images = append(w.Images, hidden...); hidden = nil }
	if done, err := (copies.Make{}).Do(t.Context(), w.Env(), making()); err != nil || !done.Changed || w.Slept == 0 || len(w.Images) != 2 {
		t.Errorf("%+v, %v, slept %v", done, err, w.Slept)
	}
}

// removed returns the ids of what was taken away, in order.
func removed(w *applytest.World) []string {
	var out []string
	for _, c := range w.Calls {
		if c.Action == "ec2:DeregisterImage" || c.Action == "ec2:DeleteSnapshot" {
			out = append(out, c.Target)
		}
	}
	return out
}

// TestRemove takes away what the step is about, and nothing else; and nothing
// that a template names.
func TestRemove(t *testing.T) {
	t.Parallel()
	step := making().Undo(change.Mark{Remediation: "r-1"}, change.Result{})[0].(kind.Remove)
	for name, tc := range map[string]struct {
		change  func(*applytest.World, *kind.Remove)
		removed string
		is      error
	}{
		"made by the remediation":     {func(*applytest.World, *kind.Remove) {}, "ami-2 snap-2", nil},
		"the image is gone already":   {func(w *applytest.World, _ *kind.Remove) { w.Images = w.Images[:1] }, "snap-2", nil},
		"made by another remediation": {func(_ *applytest.World, s *kind.Remove) { s.Remediation = "r-2" }, "", nil},
		"another id":                  {func(_ *applytest.World, s *kind.Remove) { s.ID = "ami-3" }, "", nil},
		"of another image":            {func(_ *applytest.World, s *kind.Remove) { s.Source = "ami-3" }, "", nil},
		"nothing said":                {func(_ *applytest.World, s *kind.Remove) { s.Remediation = "" }, "", nil},
		"named by a template": {func(w *applytest.World, _ *kind.Remove) {
			w.Versions[0].LaunchTemplateData = &types.ResponseLaunchTemplateData{ImageId: new("ami-2")}
		}, "", apply.ErrInUse},
		"its snapshot is named by a template": {func(w *applytest.World, _ *kind.Remove) {
			w.Versions[0].LaunchTemplateData = &types.ResponseLaunchTemplateData{BlockDeviceMappings: []types.LaunchTemplateBlockDeviceMapping{
				{Ebs: &types.LaunchTemplateEbsBlockDevice{SnapshotId: new("snap-2")}},
			}}
		}, "", apply.ErrInUse},
	} {
		w, s := applytest.New(), step
		copied(w, "ami-2", "r-1", types.ImageStateAvailable)
		tc.change(w, &s)
		e := w.Env()
		preview, err := copies.Remove{}.Preview(t.Context(), e, s)
		if !errors.Is(err, tc.is) || err == nil && len(preview.Says) != len(strings.Fields(tc.removed)) || len(removed(w)) != 0 {
			t.Errorf("%s: preview %+v, %v", name, preview, err)
		}
		done, err := copies.Remove{}.Do(t.Context(), e, s)
		if !errors.Is(err, tc.is) || done.Changed != (tc.removed != "") || strings.Join(removed(w), " ") != tc.removed {
			t.Errorf("%s: %+v, %v, %v", name, done, err, removed(w))
		}
	}
}

// TestGoneMeanwhile: what somebody else took away is as it shall be, and the rest
// goes.
func TestGoneMeanwhile(t *testing.T) {
	t.Parallel()
	w := applytest.New()
	copied(w, "ami-2", "r-1", types.ImageStateAvailable)
	w.Answer = func(c applytest.Call) applytest.Fault {
		if c.Action == "ec2:DeregisterImage" {
			w.Images = w.Images[:1]
		}
		return applytest.Fault{}
	}
	step := kind.Remove{Account: applytest.Account, Source: "ami-1", CopyKey: applytest.CopyKey, Remediation: "r-1"}
	done, err := copies.Remove{}.Do(t.Context(), w.Env(), step)
	if strings.Join(removed(w), " ") != "ami-2 snap-2" || !done.Changed || err != nil || len(w.Snapshots) != 1 {
		t.Errorf("%+v, %v, %v", done, err, removed(w))
	}
}

// TestSnapshotInUse: after its image is deregistered a snapshot may be in use for a
// while; it is tried again then, and not for ever.
func TestSnapshotInUse(t *testing.T) {
	t.Parallel()
	for answers, goes := range map[int]bool{0: true, 1: true, 7: true, 1000: false} {
		w := applytest.New()
		copied(w, "ami-2", "r-1", types.ImageStateAvailable)
		tried := 0
		w.Answer = func(c applytest.Call) applytest.Fault {
			if c.Action != "ec2:DeleteSnapshot" {
				return applytest.Fault{}
			}
			if tried++; tried > answers {
				return applytest.Fault{}
			}
			return applytest.Fault{Before: &smithy.GenericAPIError{Code: "InvalidSnapshot.InUse", Message: "The snapshot snap-2 is currently in use by ami-2"}}
		}
		step := kind.Remove{Account: applytest.Account, Source: "ami-1", CopyKey: applytest.CopyKey, Remediation: "r-1"}
		_, err := copies.Remove{}.Do(t.Context(), w.Env(), step)
		if gone := len(w.Snapshots) == 1; gone != goes || (err == nil) != goes || len(w.Images) != 1 {
			t.Errorf("in use %d times: gone %v, %v", answers, gone, err)
		}
	}
}
