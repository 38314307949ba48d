package template_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/account"
	"keymend/pkg/apply"
	"keymend/pkg/apply/applytest"
	"keymend/pkg/apply/template"
	"keymend/pkg/change"
	kind "keymend/pkg/kind/template"
)

func scene() kind.Scene {
	return kind.Scene{Account: applytest.Account, Region: applytest.Region, Key: applytest.TheirKey, Template: "lt-1"}
}

// deriving makes a version that does without their key.
func deriving(t *testing.T) kind.NewVersion {
	t.Helper()
	const mapping = `{"DeviceName":"/dev/sdb","Ebs":{"KmsKeyId":"` + applytest.CopyKey + `","VolumeType":""}}`
	data, err := applytest.New().Storage().Data(t.Context(), "lt-1", 1)
	if err != nil {
		t.Fatal(err)
	}
	derived := strings.NewReplacer("ami-1", "ami-2", applytest.TheirKey, applytest.CopyKey).Replace(string(data))
	digest, err := kind.Digest(json.RawMessage(derived))
	if err != nil {
		t.Fatal(err)
	}
	return kind.NewVersion{
		Scene: scene(), From: 1, ImageID: "ami-2", Mappings: []json.RawMessage{json.RawMessage(mapping)}, Wanted: digest, CopyKey: applytest.CopyKey, Asked: "$Default", Group: "web",
	}
}

func TestNewVersion(t *testing.T) {
	t.Parallel()
	w := applytest.New()
	done, err := template.New{}.Do(t.Context(), w.Env(), deriving(t))
	if err != nil || !done.Changed || done.ID != "2" || *w.Versions[1].VersionDescription != "keymend: version 1 with own copies (r-1)" {
		t.Fatalf("%+v, %v", done, err)
	}
	in := w.Made("ec2:CreateLaunchTemplateVersion")[0].Input.(*ec2.CreateLaunchTemplateVersionInput)
	if len(*in.ClientToken) != 64 || *in.SourceVersion != "1" || *in.LaunchTemplateData.ImageId != "ami-2" || len(in.LaunchTemplateData.BlockDeviceMappings) != 1 {
		t.Errorf("%+v", in)
	}
	// EC2 makes something else of it than was asked for: nobody is to launch from it.
	w = applytest.New()
	other := deriving(t)
	other.Wanted = strings.Repeat("0", 64)
	if done, err := (template.New{}).Do(t.Context(), w.Env(), other); !account.Final(err) || !strings.Contains(err.Error(), "another version than was asked for") || !done.Changed {
		t.Errorf("%+v, %v", done, err)
	}
}

// TestProof: the group does without the key once it launches from the version.
func TestProof(t *testing.T) {
	t.Parallel()
	w := applytest.New()
	w.Images, w.Snapshots = nil, nil
	e := w.Env()
	move := kind.SetDefault{Scene: scene(), Before: 1, From: 1, Follow: []string{"web"}}
	done, err := template.New{}.Do(t.Context(), e, deriving(t))
	if err != nil {
		t.Fatal(err)
	}
	if saw, good, err := (template.New{}).Proof(t.Context(), e, deriving(t), done); err != nil || good || saw != "[lt-1 v1]" {
		t.Errorf("%s, %v, %v", saw, good, err)
	}
	e.Before = []change.Result{done}
	if _, err := (template.Default{}).Do(t.Context(), e, move); err != nil {
		t.Fatal(err)
	}
	if saw, good, err := (template.Default{}).Proof(t.Context(), e, move, done); err != nil || !good || saw != "[lt-1 v2]" {
		t.Errorf("%s, %v, %v", saw, good, err)
	}
	w.Groups = nil
	if _, _, err := (template.Default{}).Proof(t.Context(), e, move, done); err == nil {
		t.Error("the group is gone, and launches")
	}
}

// TestSetDefault: it is moved from the version that the step says, to one that is
// known, or that the step before made.
func TestSetDefault(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		step    kind.SetDefault
		before  []change.Result
		now     int64
		changed bool
		is      error
	}{
		"to a known version":         {kind.SetDefault{Version: 2, Before: 1}, nil, 2, true, nil},
		"to the one made before":     {kind.SetDefault{Before: 1}, []change.Result{{ID: "1"}, {ID: "2"}}, 2, true, nil},
		"none was made before":       {kind.SetDefault{Before: 1}, []change.Result{{}}, 1, false, apply.ErrSuperseded},
		"no step before":             {kind.SetDefault{Before: 1}, nil, 1, false, apply.ErrSuperseded},
		"it is the default":          {kind.SetDefault{Version: 1, Before: 2}, nil, 1, false, nil},
		"another is the default":     {kind.SetDefault{Version: 2, Before: 3}, nil, 1, false, apply.ErrSuperseded},
		"other groups use it":        {kind.SetDefault{Version: 2, Before: 1, Follow: []string{"app"}}, nil, 1, false, apply.ErrSuperseded},
		"nobody's matter who":        {kind.SetDefault{Version: 2, Before: 1}, nil, 2, true, nil},
		"from one that isn't made":   {kind.SetDefault{Version: 1, From: 1, Made: kind.Description(1, "r-9")}, nil, 1, false, nil},
		"to one that isn't there":    {kind.SetDefault{Version: 9, Before: 1}, nil, 1, false, nil},
		"from one that is described": {kind.SetDefault{Version: 2, From: 1, Made: kind.Description(1, "r-1")}, nil, 1, false, apply.ErrSuperseded},
	} {
		w := derived()
		tc.step.Scene = scene()
		e := w.Env()
		e.Before = tc.before
		done, err := template.Default{}.Do(t.Context(), e, tc.step)
		if *w.Templates[0].DefaultVersionNumber != tc.now || done.Changed != tc.changed || tc.is != nil && !errors.Is(err, tc.is) {
			t.Errorf("%s: %+v, %v", name, done, err)
		}
		if wrong := tc.step.Version == 9 || tc.is != nil; wrong != (err != nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// derived has a version 2 that r-1 made of version 1.
func derived() *applytest.World {
	w := applytest.New()
	w.Version("lt-1", "keymend: version 1 with own copies (r-1)", &types.ResponseLaunchTemplateData{ImageId: new("ami-2")})
	return w
}

func deleting() kind.DeleteVersion {
	return kind.DeleteVersion{Scene: scene(), From: 1, Remediation: "r-1"}
}

// TestPreview looks at each undo as things would be by then, and says what stays.
func TestPreview(t *testing.T) {
	t.Parallel()
	table := apply.Table{apply.Of("SetDefaultVersion", template.Default{}), apply.Of("DeleteTemplateVersion", template.Delete{})}
	back := kind.SetDefault{Scene: scene(), Version: 1, Before: 2}
	for _, tc := range []struct {
		steps    change.Steps
		standard int64
		want     string
	}{
		{change.Steps{back, deleting()}, 2, "the default version of lt-1 would be 1 again; version 2 of lt-1 would be deleted; who follows $Latest gets the one before it"},
		{change.Steps{deleting()}, 2, "version 2 of lt-1 is its default: it is in use, and stays"},
		{change.Steps{deleting()}, 1, "version 2 of lt-1 would be deleted; who follows $Latest gets the one before it"},
		{change.Steps{back}, 1, ""},
	} {
		w := derived()
		w.Templates[0].DefaultVersionNumber = &tc.standard
		e := w.Env()
		var says []string
		for _, step := range tc.steps {
			p, err := table.Preview(t.Context(), e, step)
			if errors.Is(err, apply.ErrInUse) {
				p.Says, err = []string{err.Error()}, nil
			}
			if err != nil {
				t.Error(err)
			}
			says, e.Before = append(says, p.Says...), append(e.Before, change.Result{})
		}
		if got := strings.Join(says, "; "); got != tc.want || len(w.Made("open")) != 0 || len(w.Versions) != 2 {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}
