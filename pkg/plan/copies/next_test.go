package copies_test

import (
	"encoding/json"
	"strings"
	"testing"

	"keymend/pkg/plan/copies"
	"keymend/pkg/tag"
)

const (
	theirs = "arn:aws:kms:eu-west-1:444455556666:key/theirs"
	ours   = "arn:aws:kms:eu-west-1:111122223333:key/ours"
)

// begun is a case in which nothing has been done yet: a group on $Latest of a
// template with an image under the key, and with a volume that names it.
func begun() copies.Case {
	return copies.Case{
		Account: "111122223333", Region: "eu-west-1", Group: "web-prod", Key: theirs, CopyKey: copies.Key{ARN: ours},
		Ways: []copies.Way{{
			Name: "lt-1 v3", Asked: "$Latest", Image: "ami-1", KeyIDs: []string{theirs},
			Sources: []copies.Source{{ID: "ami-1", Owner: "444455556666", Keys: []string{theirs}}},
			Template: copies.Template{ID: "lt-1", Version: 3, Latest: 3, Default: 3,
				Data:   json.RawMessage(`{"ImageId":"ami-1","BlockDeviceMappings":[{"DeviceName":"/dev/sdf","Ebs":{"Encrypted":true,"KmsKeyId":"` + theirs + `"}}]}`),
				Groups: []copies.Follower{{Group: "web-prod", Version: "$Latest"}}},
		}},
	}
}

func source(c *copies.Case) *copies.Source       { return &c.Ways[0].Sources[0] }
func templateOf(c *copies.Case) *copies.Template { return &c.Ways[0].Template }

func copied(state copies.State) func(*copies.Case) {
	return func(c *copies.Case) {
		source(c).Copies = append(source(c).Copies, copies.Copy{ID: "ami-2", State: state, Reason: "EC2's words", Snapshots: []string{"snap-2"}, Remediation: "r-1"})
	}
}

func asked(version string, others ...copies.Follower) func(*copies.Case) {
	return func(c *copies.Case) {
		c.Ways[0].Asked = version
		templateOf(c).Groups = append([]copies.Follower{{Group: "web-prod", Version: version}}, others...)
	}
}

// made adds the version that Keymend would make.
func made(t *testing.T) func(*copies.Case) {
	return func(c *copies.Case) {
		wish, err := copies.Derive(templateOf(c).Data, copies.Change{Images: map[string]string{"ami-1": "ami-2"}, Keys: map[string]string{theirs: ours}})
		if err != nil {
			t.Fatal(err)
		}
		templateOf(c).Later = []copies.Version{
			{Number: 4, Description: tag.Version(3) + " (r-1)", Data: templateOf(c).Data}, // of ours, for another copy
			{Number: 5, Description: "a person's", Data: wish},
			{Number: 6, Description: tag.Version(3) + " (r-1)", Data: wish},
		}
		templateOf(c).Latest = 6
	}
}

// TestNext is the table at the head of the package, row by row, and what each
// row must not do.
func TestNext(t *testing.T) {
	t.Parallel()
	other := func(version string) copies.Follower { return copies.Follower{Group: "api", Version: version} }
	for name, tc := range map[string]struct {
		change []func(*copies.Case)
		steps  string // types, in order
		says   string // in Wait, Stop or the steps
	}{
		"nothing there": {nil, "CopyImage", `"name":"keymend copy of ami-1 under ours"`},
		"a snapshot":    {[]func(*copies.Case){func(c *copies.Case) { source(c).ID = "snap-1" }}, "CopySnapshot", `"source":"snap-1"`},
		"pending":       {[]func(*copies.Case){copied(copies.Pending)}, "", "ami-2, a copy of ami-1 under " + ours + ", isn't ready yet"},
		"failed for a key": {[]func(*copies.Case){copied(copies.Failed), func(c *copies.Case) { source(c).Copies[0].Reason = "Given key ID is not accessible" }}, "RemoveCopy",
			"Given key ID is not accessible. The policy of " + theirs + " has to let account 111122223333 copy by way of EC2"},
		"failed":                                 {[]func(*copies.Case){copied(copies.Failed)}, "RemoveCopy", `"id":"ami-2","snapshots":["snap-2"],"remediation":"r-1","why":"the copy failed: EC2's words"`},
		"failed, and another pending":            {[]func(*copies.Case){copied(copies.Pending), copied(copies.Failed)}, "RemoveCopy", ""},
		"snapshots left":                         {[]func(*copies.Case){func(c *copies.Case) { source(c).Orphans = []string{"snap-9"} }}, "RemoveCopy", `"snapshots":["snap-9"]`},
		"snapshots of a copy that is being made": {[]func(*copies.Case){copied(copies.Pending), func(c *copies.Case) { source(c).Orphans = []string{"snap-9"} }}, "", "isn't ready yet"},
		"unfit":                                  {[]func(*copies.Case){copied(copies.Unfit)}, "", "can't be used: EC2's words"},
		"unfit and ready":                        {[]func(*copies.Case){copied(copies.Unfit), copied(copies.Ready)}, "NewTemplateVersion", ""},
		"two ways, one pending": {[]func(*copies.Case){copied(copies.Pending), func(c *copies.Case) {
			w := c.Ways[0]
			w.Sources = []copies.Source{{ID: "ami-7"}}
			c.Ways = append(c.Ways, w)
		}}, "CopyImage", `"source":"ami-7"`},

		"ready":                                    {[]func(*copies.Case){copied(copies.Ready)}, "NewTemplateVersion", `"imageId":"ami-2"`},
		"a key, and nothing to copy":               {[]func(*copies.Case){func(c *copies.Case) { c.Ways[0].Sources = nil }}, "NewTemplateVersion", `"KmsKeyId":"` + ours},
		"$Latest, and another group follows":       {[]func(*copies.Case){copied(copies.Ready), asked("$Latest", other("$Latest"))}, "NewTemplateVersion", `"follow":["api","web-prod"]`},
		"$Latest, and another follows a number":    {[]func(*copies.Case){copied(copies.Ready), asked("$Latest", other("3"))}, "NewTemplateVersion", `"follow":["web-prod"]`},
		"$Latest, and a managed group follows":     {[]func(*copies.Case){copied(copies.Ready), asked("$Latest", copies.Follower{Group: "api", Version: "$Latest", ManagedBy: "batch"})}, "", "group api belongs to batch"},
		"$Latest, and an ignored group follows":    {[]func(*copies.Case){copied(copies.Ready), asked("$Latest", copies.Follower{Group: "api", Version: "$Latest", Ignored: true})}, "", "group api has the tag keymend=ignore"},
		"$Latest, and the group is ignored itself": {[]func(*copies.Case){func(c *copies.Case) { templateOf(c).Groups[0].Ignored = true }}, "", "group web-prod has the tag keymend=ignore"},
		"$Latest, and the group is managed":        {[]func(*copies.Case){copied(copies.Ready), func(c *copies.Case) { templateOf(c).Groups[0].ManagedBy = "cloudformation" }}, "", "group web-prod belongs to cloudformation"},
		"$Latest, overtaken":                       {[]func(*copies.Case){copied(copies.Ready), func(c *copies.Case) { templateOf(c).Latest = 4 }}, "", "which is version 4 now"},
		"$Latest, made just now":                   {[]func(*copies.Case){copied(copies.Ready), made(t)}, "", "launches from version 6"},

		"$Default, alone":                           {[]func(*copies.Case){copied(copies.Ready), asked("$Default")}, "NewTemplateVersion SetDefaultVersion", `"before":3,"from":3,"follow":["web-prod"]`},
		"$Default, another group on it":             {[]func(*copies.Case){copied(copies.Ready), asked("$Default", other("$Default"))}, "NewTemplateVersion", ""},
		"…, and moveDefault":                        {[]func(*copies.Case){copied(copies.Ready), asked("$Default", other("$Default")), func(c *copies.Case) { c.MoveDefault = true }}, "NewTemplateVersion SetDefaultVersion", `"follow":["api","web-prod"]`},
		"…, moveDefault, and a managed group on it": {[]func(*copies.Case){copied(copies.Ready), asked("$Default", copies.Follower{Group: "api", Version: "$Default", ManagedBy: "ecs"}), func(c *copies.Case) { c.MoveDefault = true }}, "NewTemplateVersion", ""},
		"$Default, made":                            {[]func(*copies.Case){copied(copies.Ready), asked("$Default"), made(t)}, "SetDefaultVersion", `"version":6,"before":3`},
		"$Default, made, another group on it":       {[]func(*copies.Case){copied(copies.Ready), asked("$Default", other("$Default")), made(t)}, "", "aws ec2 modify-launch-template --launch-template-id lt-1 --default-version 6 --region eu-west-1"},
		"$Default, and an older version":            {[]func(*copies.Case){copied(copies.Ready), asked("$Default", other("$Latest")), func(c *copies.Case) { templateOf(c).Latest = 8 }}, "", "group api follows $Latest, which is version 8 now"},
		"$Default, and another follows $Latest":     {[]func(*copies.Case){copied(copies.Ready), asked("$Default", other("$Latest"))}, "NewTemplateVersion SetDefaultVersion", `"follow":["api"]`},
		"$Default, and the group is managed":        {[]func(*copies.Case){copied(copies.Ready), asked("$Default"), func(c *copies.Case) { templateOf(c).Groups[0].ManagedBy = "ecs" }}, "NewTemplateVersion", ""},

		"a number":                              {[]func(*copies.Case){copied(copies.Ready), asked("3")}, "NewTemplateVersion", ""},
		"a number, made":                        {[]func(*copies.Case){copied(copies.Ready), asked("3"), made(t)}, "", "--launch-template LaunchTemplateId=lt-1,Version=6"},
		"a number, and another follows $Latest": {[]func(*copies.Case){copied(copies.Ready), asked("3", other("$Latest")), func(c *copies.Case) { templateOf(c).Latest = 5 }}, "", "group api follows $Latest"},
		"a number of a managed group":           {[]func(*copies.Case){copied(copies.Ready), asked("3"), func(c *copies.Case) { templateOf(c).Groups[0].ManagedBy = "cloudformation" }}, "NewTemplateVersion", ""},

		"a managed template":                              {[]func(*copies.Case){func(c *copies.Case) { templateOf(c).ManagedBy = "cloudformation (stack web)" }}, "", "belongs to cloudformation (stack web)"},
		"the default EBS key":                             {[]func(*copies.Case){func(c *copies.Case) { c.Ways[0].Default = "it is" }}, "", "aws ec2 modify-ebs-default-kms-key-id --kms-key-id " + ours + " --region eu-west-1"},
		"a launch configuration":                          {[]func(*copies.Case){func(c *copies.Case) { c.Ways[0].Configuration = "web" }}, "", "a launch configuration can't be changed"},
		"an override's image":                             {[]func(*copies.Case){func(c *copies.Case) { c.Ways[0].Override = true }}, "", "names image ami-1"},
		"a parameter's image":                             {[]func(*copies.Case){func(c *copies.Case) { c.Ways[0].Parameter = "resolve:ssm:/golden" }}, "", "resolve:ssm:/golden"},
		"a parameter's image, and only the key is theirs": {[]func(*copies.Case){func(c *copies.Case) { c.Ways[0].Parameter, c.Ways[0].Sources = "resolve:ssm:/golden", nil }}, "NewTemplateVersion", ""},
		"Marketplace":                                     {[]func(*copies.Case){func(c *copies.Case) { source(c).Marketplace = true }}, "", "AWS Marketplace's"},
		"storage that isn't shared":                       {[]func(*copies.Case){func(c *copies.Case) { source(c).Hidden = []string{"snap-1"} }}, "", "aws ec2 modify-snapshot-attribute --snapshot-id snap-1 --attribute createVolumePermission --operation-type add --user-ids 111122223333 --region eu-west-1"},
		"a source that is gone":                           {[]func(*copies.Case){func(c *copies.Case) { source(c).Gone = true }}, "", "can't be seen"},
		"a copy key that can't be taken":                  {[]func(*copies.Case){func(c *copies.Case) { c.CopyKeyProblem = "it is in us-east-1" }}, "", "it is in us-east-1"},
		"the second way can't be changed":                 {[]func(*copies.Case){func(c *copies.Case) { c.Ways = append(c.Ways, copies.Way{Configuration: "web"}) }}, "", "launch configuration"},
		"no way":                                          {[]func(*copies.Case){func(c *copies.Case) { c.Ways = nil }}, "", ""},
	} {
		c := begun()
		for _, change := range tc.change {
			change(&c)
		}
		got, err := copies.Next(c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var types []string
		for _, s := range got.Steps {
			types = append(types, s.Kind())
			at := s.At()
			if at.Account != c.Account || at.Key != theirs {
				t.Errorf("%s: a step in %s about %s", name, at.Account, at.Key)
			}
			if at.Target != got.Steps[0].At().Target || !strings.HasPrefix(at.Target, "arn:aws:ec2:eu-west-1:111122223333:") {
				t.Errorf("%s: target %q", name, at.Target)
			}
		}
		text, err := json.Marshal(got)
		if err != nil {
			t.Fatal(err)
		}
		all := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(text))
		if strings.Join(types, " ") != tc.steps || !strings.Contains(all, tc.says) {
			t.Errorf("%s: want %q saying %q, got %s", name, tc.steps, tc.says, all)
		}
	}
}

// A template that can't be read is a fault, not a plan.
func TestUnreadableTemplate(t *testing.T) {
	t.Parallel()
	c := begun()
	copied(copies.Ready)(&c)
	templateOf(&c).Data = json.RawMessage(`[`)
	if out, err := copies.Next(c); err == nil {
		t.Errorf("%+v", out)
	}
}
