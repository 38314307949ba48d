package observe_test

import (
	"context"
	"slices"
	"testing"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/account"
	"keymend/pkg/apply/applytest"
	step "keymend/pkg/kind/copies"
	"keymend/pkg/kind/template"
	"keymend/pkg/launch"
	"keymend/pkg/observe"
)

// stocked has a copy of ami-1 and of its snapshot by r-1, and a version 2 of lt-1 that
// names the copy.
func stocked() *applytest.World {
	w := applytest.New()
	tags := func(source string) []ec2types.Tag {
		var out []ec2types.Tag
		for k, v := range (step.Make{Source: source, CopyKey: applytest.CopyKey, Group: "web"}).Tags("r-1") {
			out = append(out, ec2types.Tag{Key: &k, Value: &v})
		}
		return out
	}
	for id, source := range map[string]string{"snap-2": "ami-1", "snap-3": "snap-1"} {
		w.Snapshots = append(w.Snapshots, ec2types.Snapshot{
			SnapshotId: &id, OwnerId: new(accountID), KmsKeyId: new(applytest.CopyKey), VolumeId: new("vol-ffffffff"), State: ec2types.SnapshotStateCompleted, Tags: tags(source),
		})
	}
	w.Images = append(w.Images, ec2types.Image{
		ImageId: new("ami-2"), OwnerId: new(accountID), State: ec2types.ImageStateAvailable, SourceImageId: new("ami-1"), Tags: tags("ami-1"), BlockDeviceMappings: mapped("snap-2"),
	})
	w.Version("lt-1", template.Description(1, "r-1"), &ec2types.ResponseLaunchTemplateData{ImageId: new("ami-2")})
	return w
}

// TestCopiesWhereverTheSourceIs: the owner of an image or a snapshot may share it no
// more. Its copies are there all the same.
func TestCopiesWhereverTheSourceIs(t *testing.T) {
	t.Parallel()
	w := stocked()
	w.Images, w.Snapshots = w.Images[1:], w.Snapshots[1:]
	for source, want := range map[string]string{"ami-1": "ami-2", "snap-1": "snap-3"} {
		found, err := w.Storage().Copies(t.Context(), source, applytest.CopyKey)
		if err != nil || len(found.Copies) != 1 || found.Copies[0].ID != want || found.Copies[0].Remediation != "r-1" {
			t.Errorf("%s: %+v, %v", source, found, err)
		}
		if found, err := w.Storage().Copies(t.Context(), source, applytest.OwnKey); err != nil || len(found.Copies) != 0 {
			t.Errorf("%s under another key: %+v, %v", source, found, err)
		}
	}
}

func TestMarked(t *testing.T) {
	t.Parallel()
	for remediation, want := range map[string][]string{"r-1": {"snap-2"}, "r-2": nil} {
		got, err := stocked().Storage().Marked(t.Context(), "ami-1", applytest.CopyKey, remediation)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", remediation, got, err)
		}
	}
}

func TestVersions(t *testing.T) {
	t.Parallel()
	w := stocked()
	r := w.Storage()
	head, err := r.Head(t.Context(), "lt-1")
	if err != nil || head != (observe.Head{ID: "lt-1", Name: "web", Latest: 2, Default: 1}) {
		t.Errorf("%+v, %v", head, err)
	}
	if latest, err := r.Latest(t.Context(), "lt-1"); err != nil || latest != 2 {
		t.Errorf("latest %d, %v", latest, err)
	}
	later, err := r.Later(t.Context(), "lt-1", 1)
	if err != nil || len(later) != 1 || later[0].Number != 2 || string(later[0].Data) != `{"ImageId":"ami-2","InstanceInitiatedShutdownBehavior":"","InstanceType":""}` {
		t.Errorf("%+v, %v", later, err)
	}
	for version, want := range map[string][]string{"$Default": {"web"}, "$Latest": nil} {
		if on, err := r.On(t.Context(), head, version); err != nil || !slices.Equal(on, want) {
			t.Errorf("on %s: %q, %v", version, on, err)
		}
	}
	_, gone := r.Head(t.Context(), "lt-2")
	if _, err := r.Data(t.Context(), "lt-1", 9); !observe.Gone(err) || !observe.Gone(gone) {
		t.Errorf("version 9: %v; lt-2: %v", err, gone)
	}
}

// TestNames: what a group may launch from counts: every version of a template that a
// group uses, and the latest and default ones of all others.
func TestNames(t *testing.T) {
	t.Parallel()
	old := func(w *applytest.World) {
		w.Version("lt-1", "", &ec2types.ResponseLaunchTemplateData{ImageId: new("ami-3")})
	}
	for name, tc := range map[string]struct {
		id     string
		change func(*applytest.World)
		want   string
	}{
		"the latest":                         {"ami-2", func(w *applytest.World) { w.Groups = nil }, "version 2 of lt-1"},
		"an older one, of a used template":   {"ami-2", old, "version 2 of lt-1"},
		"an older one, of an unused one":     {"ami-2", func(w *applytest.World) { old(w); w.Groups = nil }, ""},
		"an older one, the default":          {"ami-2", func(w *applytest.World) { old(w); w.Groups = nil; w.Templates[0].DefaultVersionNumber = new(int64(2)) }, "version 2 of lt-1"},
		"part of another's name":             {"ami", func(*applytest.World) {}, ""},
		"none":                               {"ami-9", func(*applytest.World) {}, ""},
		"a group uses a template that isn't": {"ami-9", func(w *applytest.World) { w.Groups[0].LaunchTemplate.LaunchTemplateId = new("lt-9") }, ""},
	} {
		w := stocked()
		w.Groups = []astypes.AutoScalingGroup{w.Groups[0]}
		tc.change(w)
		if got, err := w.Storage().Names(t.Context(), []string{"x", tc.id}); err != nil || got != tc.want {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

// TestNothingIsHalfRead: whichever call is refused, the answer is that and no more.
func TestNothingIsHalfRead(t *testing.T) {
	t.Parallel()
	head := observe.Head{ID: "lt-1", Name: "web"}
	way := launch.Way{Name: "lt-1 v1", TemplateID: "lt-1", Version: 1, ImageID: "ami-1", Hidden: []string{"snap-1"}}
	for name, read := range map[string]func(context.Context, *observe.Storage) (int, error){
		"Copies": func(ctx context.Context, r *observe.Storage) (int, error) {
			s, err := r.Copies(ctx, "snap-1", applytest.CopyKey)
			return len(s.Copies), err
		},
		"Marked": func(ctx context.Context, r *observe.Storage) (int, error) {
			ids, err := r.Marked(ctx, "ami-1", applytest.CopyKey, "r-1")
			return len(ids), err
		},
		"Later": func(ctx context.Context, r *observe.Storage) (int, error) {
			all, err := r.Later(ctx, "lt-1", 1)
			return len(all), err
		},
		"On": func(ctx context.Context, r *observe.Storage) (int, error) {
			all, err := r.On(ctx, head, "$Default")
			return len(all), err
		},
		"Latest": func(ctx context.Context, r *observe.Storage) (int, error) {
			n, err := r.Latest(ctx, "lt-1")
			return int(n), err
		},
		"Names": func(ctx context.Context, r *observe.Storage) (int, error) {
			by, err := r.Names(ctx, []string{"ami-2"})
			return len(by), err
		},
		"GroupOf": func(ctx context.Context, r *observe.Storage) (int, error) {
			g, err := r.GroupOf(ctx, "ami-2")
			return len(g), err
		},
		"Head": func(ctx context.Context, r *observe.Storage) (int, error) {
			h, err := r.Head(ctx, "lt-1")
			return len(h.ID), err
		},
		"Data": func(ctx context.Context, r *observe.Storage) (int, error) {
			d, err := r.Data(ctx, "lt-1", 1)
			return len(d), err
		},
		"Read": func(ctx context.Context, r *observe.Storage) (int, error) {
			ways, err := r.Read(ctx, []launch.Way{way}, func(string) bool { return false }, applytest.CopyKey)
			return len(ways), err
		},
	} {
		w := stocked()
		if n, err := read(t.Context(), w.Storage()); err != nil || n == 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
		for _, at := range w.Calls {
			w := stocked()
			w.Answer = func(c applytest.Call) applytest.Fault {
				if c.N == at.N {
					return applytest.Fault{Before: applytest.Denied(at.Action)}
				}
				return applytest.Fault{}
			}
			if n, err := read(t.Context(), w.Storage()); !account.AccessDenied(err) || n != 0 {
				t.Errorf("%s, and %s is refused: %d, %v", name, at.Action, n, err)
			}
		}
	}
}
