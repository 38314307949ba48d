package export_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"keymend/cmd/keymend/internal/export"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/kind/copies"
	"keymend/pkg/kind/grant"
	"keymend/pkg/kind/group"
	"keymend/pkg/kind/role"
	"keymend/pkg/kind/statements"
	"keymend/pkg/kind/template"
	"keymend/pkg/slr"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	account = "111122223333"
	owner   = "444455556666"
	ours    = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001"
	theirs  = "arn:aws:kms:eu-west-1:444455556666:key/1a2b3c4d-0000-4000-8000-000000000002"
	slrARN  = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	spotARN = "arn:aws:iam::111122223333:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot"
)

// rootOf is the policy that a key has where nobody gives it another.
func rootOf(account string) string {
	return `{"Version":"2012-10-17","Statement":[{"Sid":"Enable IAM User Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + account + `:root"},"Action":"kms:*","Resource":"*"}]}`
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// opened is the step that opens the own key to a role.
func opened(policy, to string) statements.Add {
	e := must(keypolicy.Allow(must(keypolicy.Parse(policy)), to))
	return statements.Add{Key: ours, Principal: to, Before: e.Before, After: e.After, Added: e.Added, Sids: e.Sids}
}

// shared is the owner's half of the fix for another account's key.
func shared() statements.Add {
	e := must(keypolicy.Delegate(must(keypolicy.Parse(rootOf(owner))), keypolicy.Delegation{Partition: "aws", Account: account}))
	return statements.Add{Key: theirs, Principal: "arn:aws:iam::111122223333:root", Before: e.Before, After: e.After, Added: e.Added, Sids: e.Sids}
}

func granted(key string) grant.Create {
	return grant.Create{Key: key, Principal: slrARN, Name: "keymend-0123456789abcdef", Operations: slr.Operations(), Why: "the settings ask for grants"}
}

// scenarios are the steps of each.
func scenarios() map[string]change.Steps {
	unread := shared()
	unread.Before, unread.After, unread.Sids = "", "", nil
	own := opened(rootOf(account), slrARN)
	dedicated := slrARN + "_web"
	asg := "arn:aws:autoscaling:eu-west-1:111122223333:autoScalingGroup:0a1b:autoScalingGroupName/web-prod"
	scene := template.Scene{Account: account, Region: "eu-west-1", Key: theirs, Template: "lt-0a1b"}
	return map[string]change.Steps{
		"own-key":             {own},
		"grant":               {granted(ours)},
		"two-roles":           {own, opened(own.After, spotARN)},
		"other-account":       {shared(), granted(theirs)},
		"other-account-blind": {unread, granted(theirs)},
		"dedicated-role":      {role.Ensure{Role: dedicated, Suffix: "web"}, opened(rootOf(account), dedicated), group.Update{Group: asg, Name: "web-prod", Before: slrARN, After: dedicated}},
		"copy": {
			copies.Make{Account: account, Region: "eu-west-1", Key: theirs, Source: "ami-0a1b", Name: "web under ours", CopyKey: ours, Keys: []string{theirs}, Group: "web-prod"},
			template.NewVersion{Scene: scene, From: 3, ImageID: "ami-0c2d", CopyKey: ours, Asked: "$Default", Group: "web-prod"},
			template.SetDefault{Scene: scene, Before: 3, From: 3},
		},
		"stopped": {group.Resume{Group: asg, Name: "web-prod"}},
	}
}

func changes(steps change.Steps) export.Changes {
	out := export.Changes{
		Version: "v1.2.3", Group: "web-prod", Account: account, Region: "eu-west-1", Profile: "prod",
		Flags: []string{"--region", "eu-west-1"}, Look: "keymend diagnose web-prod --profile prod --region eu-west-1",
	}
	for _, step := range steps {
		s := export.Of(step)
		s.Why = []string{"/dev/xvda: Encrypted without KmsKeyId in lt-0a1b v3"}
		out.Sections = append(out.Sections, s)
	}
	return out
}

// formats are all, with how their files end.
func formats() map[export.Format]string {
	return map[export.Format]string{export.Terraform: "tf", export.CloudFormation: "yaml", export.CLI: "sh", export.JSON: "json"}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for name, steps := range scenarios() {
		for format, ending := range formats() {
			got, err := changes(steps).Text(format)
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+"."+ending, got)
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		must(0, os.WriteFile(path, []byte(got), 0o600))
	}
	want, err := os.ReadFile(path)
	if diff := cmp.Diff(string(want), got); err != nil || diff != "" {
		t.Errorf("%s: %v (-want +got)\n%s", name, err, diff)
	}
}

// What is exported of a step is the call that the step makes.
func TestExportedCallsAreTheSteps(t *testing.T) {
	t.Parallel()
	for name, steps := range scenarios() {
		for _, step := range steps {
			of := export.Of(step).Code
			if of.Action != "" && step.Calls()[0].Action != of.Service+":"+of.Action {
				t.Errorf("%s: %s:%s, not %s", name, of.Service, of.Action, step.Calls()[0].Action)
			}
		}
	}
}
