package table_test

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/change"
	"keymend/pkg/kind/template"
	"keymend/pkg/plan/copies"
)

func scene() template.Scene {
	return template.Scene{Account: applytest.Account, Region: applytest.Region, Key: applytest.TheirKey, Template: "lt-1"}
}

// own is what takes the other account's image and key out of version 1.
func own() copies.Change {
	return copies.Change{Images: map[string]string{"ami-1": "ami-2"}, Keys: map[string]string{applytest.TheirKey: applytest.CopyKey}}
}

// deriving is the step that makes a version of version 1, as it is planned.
func deriving(follow ...string) template.NewVersion {
	source := must(applytest.New().Storage().Data(context.Background(), "lt-1", 1))
	derived := must(copies.Derive(source, own()))
	s := template.NewVersion{
		Scene: scene(), From: 1, Wanted: must(template.Digest(derived)), CopyKey: applytest.CopyKey, Asked: "$Default", Group: "web", Follow: follow,
	}
	s.ImageID, s.Mappings = copies.Send(source, derived)
	return s
}

// data is what the version is to say.
func data() *types.ResponseLaunchTemplateData {
	var out types.ResponseLaunchTemplateData
	source := must(applytest.New().Storage().Data(context.Background(), "lt-1", 1))
	if err := json.Unmarshal(must(copies.Derive(source, own())), &out); err != nil {
		panic(err)
	}
	return &out
}

// version has somebody make a version.
func version(description string, data *types.ResponseLaunchTemplateData) func(*applytest.World) {
	return func(w *applytest.World) { w.Version("lt-1", description, data) }
}

// gone deletes the versions of a description.
func gone(description string) func(*applytest.World) {
	return func(w *applytest.World) {
		w.Versions = slices.DeleteFunc(slices.Clone(w.Versions), func(v types.LaunchTemplateVersion) bool { return aws.ToString(v.VersionDescription) == description })
	}
}

// unmade deletes all versions but the first.
func unmade(w *applytest.World) {
	w.Versions = slices.DeleteFunc(slices.Clone(w.Versions), func(v types.LaunchTemplateVersion) bool { return *v.VersionNumber != 1 })
}

// follows has a group use the template by a version, as it writes it.
func follows(group, version string) func(*applytest.World) {
	return func(w *applytest.World) {
		w.Groups = slices.DeleteFunc(slices.Clone(w.Groups), func(g astypes.AutoScalingGroup) bool { return *g.AutoScalingGroupName == group })
		w.Groups = append(w.Groups, astypes.AutoScalingGroup{
			AutoScalingGroupName: &group, AutoScalingGroupARN: new("arn:" + group), ServiceLinkedRoleARN: new(applytest.Role),
			LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateId: new("lt-1"), Version: &version},
		})
	}
}

// byDefault makes a version the default one; 0 = the latest.
func byDefault(version int64) func(*applytest.World) {
	return func(w *applytest.World) {
		if version == 0 {
			version = *w.Versions[len(w.Versions)-1].VersionNumber
		}
		w.Templates = []types.LaunchTemplate{{LaunchTemplateId: new("lt-1"), LaunchTemplateName: new("web"), DefaultVersionNumber: &version}}
	}
}

func versions() map[string]func() applytest.Case {
	return map[string]func() applytest.Case{
		"a version that nobody follows": func() applytest.Case {
			s := deriving()
			s.Asked, s.Mixed = "1", true
			return versioning(s, applytest.New)
		},
		"a version that a group follows": func() applytest.Case {
			c := versioning(deriving("web"), after(follows("web", "$Latest")))
			c.Acts = append(c.Acts, applytest.Act{
				Name: "a person made another version", Do: version("a person's", data()), Stands: apply.Absent, Err: apply.ErrSuperseded,
			})
			return c
		},
		"the default moved to a known version": func() applytest.Case {
			return moving(template.SetDefault{Scene: scene(), Version: 2, Before: 1, From: 1, Follow: []string{"web"}}, nil)
		},
		"the default moved to the version before": func() applytest.Case {
			return moving(template.SetDefault{Scene: scene(), Before: 1, From: 1, Follow: []string{"web"}}, []change.Result{{Changed: true, ID: "2"}})
		},
		"the default moved back": func() applytest.Case {
			c := moving(template.SetDefault{Scene: scene(), Version: 1, Before: 2}, nil)
			c.World = after(version(ofRemediation(), data()), version("a person's", data()), byDefault(2))
			c.Does, c.Undoes, c.Acts = byDefault(1), byDefault(2), c.Acts[1:] // who uses it by then is nobody's matter
			return c
		},
		"a version deleted": deletingVersion,
	}
}

func ofRemediation() string { return template.Description(1, applytest.Remediation) }

func versioning(s template.NewVersion, world func() *applytest.World) applytest.Case {
	return applytest.Case{
		Step: s, World: world, Marked: true, Once: true, Does: version(template.Description(1, "r-0"), data()), Undoes: unmade,
		Acts: []applytest.Act{
			{Name: "a group began to follow", Do: follows("other", "$Latest"), Stands: apply.Absent, Err: apply.ErrSuperseded},
			{Name: "a group began to follow since", After: true, Do: follows("other", "$Latest"), Stands: apply.Ours},
			{Name: "a person made the default of it", After: true, Do: byDefault(0), Stands: apply.Ours},
		},
	}
}

func moving(s template.SetDefault, before []change.Result) applytest.Case {
	return applytest.Case{
		Step: s, Before: before, World: after(version(ofRemediation(), data()), version("a person's", data())), Does: byDefault(2), Undoes: byDefault(1),
		Acts: []applytest.Act{
			{Name: "a group began to use the default", Do: follows("other", "$Default"), Stands: apply.Absent, Err: apply.ErrSuperseded},
			{Name: "a person chose a third version", Do: byDefault(0), Stands: apply.Absent, Err: apply.ErrSuperseded},
			{Name: "a person chose a third version since", After: true, Do: byDefault(0), Stands: apply.Absent, Err: apply.ErrSuperseded},
		},
	}
}

// deletingVersion leaves the version of another remediation, and a person's.
func deletingVersion() applytest.Case {
	meant := template.Description(1, "r-0")
	return applytest.Case{
		Step: template.DeleteVersion{Scene: scene(), From: 1, Remediation: "r-0"}, Final: true, Does: gone(meant), Undoes: version(meant, data()),
		World: after(version(ofRemediation(), data()), version(meant, data()), version("a person's", data())),
		Acts: []applytest.Act{
			{Name: "a person made the default of it", Do: byDefault(3), Stands: apply.Absent, Err: apply.ErrInUse},
			{Name: "a group names it", Do: follows("other", "3"), Stands: apply.Absent, Err: apply.ErrInUse},
			{Name: "a group names another", Do: follows("other", "2"), Stands: apply.Absent},
			{Name: "a group follows", Do: follows("other", "$Latest"), Stands: apply.Absent},
		},
	}
}
