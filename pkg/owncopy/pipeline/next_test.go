package pipeline_test

import (
	"encoding/json"
	"strings"
	"testing"

	"keymend/pkg/owncopy"
	"keymend/pkg/owncopy/pipeline"
)

const (
	theirs = "arn:aws:kms:eu-west-1:444455556666:key/theirs"
	ours   = "arn:aws:kms:eu-west-1:111122223333:key/ours"
)

// begun is a case in which nothing has been done yet: a group on $Latest of a
// template with an image under the key, and with a volume that names it.
func begun() pipeline.Case {
	return pipeline.Case{
		Account: "111122223333", Region: "eu-west-1", Group: "web-prod", Key: theirs, CopyKey: pipeline.Key{ARN: ours},
		Ways: []pipeline.Way{{
			Name: "lt-1 v3", Asked: "$Latest", Image: "ami-1", KeyIDs: []string{theirs},
			Sources: []pipeline.Source{{ID: "ami-1", Owner: "444455556666", Keys: []string{theirs}}},
			Template: pipeline.Template{ID: "lt-1", Version: 3, Latest: 3, Default: 3,
				Data:   json.RawMessage(`{"ImageId":"ami-1","BlockDeviceMappings":[{"DeviceName":"/dev/sdf","Ebs":{"Encrypted":true,"KmsKeyId":"` + theirs + `"}}]}`),
				Groups: []pipeline.Follower{{Group: "web-prod", Version: "$Latest"}}},
		}},
	}
}

func source(c *pipeline.Case) *pipeline.Source     { return &c.Ways[0].Sources[0] }
func template(c *pipeline.Case) *pipeline.Template { return &c.Ways[0].Template }

func copied(state pipeline.State) func(*pipeline.Case) {
	return func(c *pipeline.Case) {
		source(c).Copies = append(source(c).Copies, pipeline.Copy{ID: "ami-2", State: state, Reason: "EC2's words", Snapshots: []string{"snap-2"}, Remediation: "r-1"})
	}
}

func asked(version string, others ...pipeline.Follower) func(*pipeline.Case) {
	return func(c *pipeline.Case) {
		c.Ways[0].Asked = version
		template(c).Groups = append([]pipeline.Follower{{Group: "web-prod", Version: version}}, others...)
	}
}

// made adds the version that Keymend would make.
func made(t *testing.T) func(*pipeline.Case) {
	return func(c *pipeline.Case) {
		wish, err := owncopy.Derive(template(c).Data, owncopy.Change{Images: map[string]string{"ami-1": "ami-2"}, Keys: map[string]string{theirs: ours}})
		if err != nil {
			t.Fatal(err)
		}
		template(c).Later = []pipeline.Version{
			{Number: 4, Description: owncopy.Mark(3) + " (r-1)", Data: template(c).Data}, // of ours, for another copy
			{Number: 5, Description: "a person's", Data: wish},
			{Number: 6, Description: owncopy.Mark(3) + " (r-1)", Data: wish},
		}
		template(c).Latest = 6
	}
}

// TestNext is the table at the head of the package, row by row, and what each
// row must not do.
func TestNext(t *testing.T) {
	t.Parallel()
	other := func(version string) pipeline.Follower { return pipeline.Follower{Group: "api", Version: version} }
	for name, tc := range map[string]struct {
		change []func(*pipeline.Case)
		steps  string // types, in order
		says   string // in Wait, Stop or the steps
	}{
		"nothing there":                          {nil, "CopyImage", `"name":"keymend copy of ami-1 under ours"`},
		"a snapshot":                             {[]func(*pipeline.Case){func(c *pipeline.Case) { source(c).ID = "snap-1" }}, "CopySnapshot", `"source":"snap-1"`},
		"pending":                                {[]func(*pipeline.Case){copied(pipeline.Pending)}, "", "ami-2, a copy of ami-1 under " + ours + ", isn't ready yet"},
		"failed":                                 {[]func(*pipeline.Case){copied(pipeline.Failed)}, "RemoveCopy", `"id":"ami-2","snapshots":["snap-2"],"remediation":"r-1","why":"the copy failed: EC2's words"`},
		"failed, and another pending":            {[]func(*pipeline.Case){copied(pipeline.Pending), copied(pipeline.Failed)}, "RemoveCopy", ""},
		"snapshots left":                         {[]func(*pipeline.Case){func(c *pipeline.Case) { source(c).Orphans = []string{"snap-9"} }}, "RemoveCopy", `"snapshots":["snap-9"]`},
		"snapshots of a copy that is being made": {[]func(*pipeline.Case){copied(pipeline.Pending), func(c *pipeline.Case) { source(c).Orphans = []string{"snap-9"} }}, "", "isn't ready yet"},
		"unfit":                                  {[]func(*pipeline.Case){copied(pipeline.Unfit)}, "", "can't be used: EC2's words"},
		"unfit and ready":                        {[]func(*pipeline.Case){copied(pipeline.Unfit), copied(pipeline.Ready)}, "NewTemplateVersion", ""},
		"two ways, one pending": {[]func(*pipeline.Case){copied(pipeline.Pending), func(c *pipeline.Case) {
			w := c.Ways[0]
			w.Sources = []pipeline.Source{{ID: "ami-7"}}
			c.Ways = append(c.Ways, w)
		}}, "CopyImage", `"source":"ami-7"`},

		"ready":                                    {[]func(*pipeline.Case){copied(pipeline.Ready)}, "NewTemplateVersion", `"imageId":"ami-2"`},
		"a key, and nothing to copy":               {[]func(*pipeline.Case){func(c *pipeline.Case) { c.Ways[0].Sources = nil }}, "NewTemplateVersion", `"KmsKeyId":"` + ours},
		"$Latest, and another group follows":       {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Latest", other("$Latest"))}, "NewTemplateVersion", `"follow":["api","web-prod"]`},
		"$Latest, and another follows a number":    {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Latest", other("3"))}, "NewTemplateVersion", `"follow":["web-prod"]`},
		"$Latest, and a managed group follows":     {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Latest", pipeline.Follower{Group: "api", Version: "$Latest", ManagedBy: "batch"})}, "", "group api belongs to batch"},
		"$Latest, and an ignored group follows":    {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Latest", pipeline.Follower{Group: "api", Version: "$Latest", Ignored: true})}, "", "group api has the tag keymend=ignore"},
		"$Latest, and the group is ignored itself": {[]func(*pipeline.Case){func(c *pipeline.Case) { template(c).Groups[0].Ignored = true }}, "", "group web-prod has the tag keymend=ignore"},
		"$Latest, and the group is managed":        {[]func(*pipeline.Case){copied(pipeline.Ready), func(c *pipeline.Case) { template(c).Groups[0].ManagedBy = "cloudformation" }}, "", "group web-prod belongs to cloudformation"},
		"$Latest, overtaken":                       {[]func(*pipeline.Case){copied(pipeline.Ready), func(c *pipeline.Case) { template(c).Latest = 4 }}, "", "which is version 4 now"},
		"$Latest, made just now":                   {[]func(*pipeline.Case){copied(pipeline.Ready), made(t)}, "", "launches from version 6"},

		"$Default, alone":                           {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Default")}, "NewTemplateVersion SetDefaultVersion", `"before":3,"follow":["web-prod"]`},
		"$Default, another group on it":             {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Default", other("$Default"))}, "NewTemplateVersion", ""},
		"…, and moveDefault":                        {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Default", other("$Default")), func(c *pipeline.Case) { c.MoveDefault = true }}, "NewTemplateVersion SetDefaultVersion", `"follow":["api","web-prod"]`},
		"…, moveDefault, and a managed group on it": {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Default", pipeline.Follower{Group: "api", Version: "$Default", ManagedBy: "ecs"}), func(c *pipeline.Case) { c.MoveDefault = true }}, "NewTemplateVersion", ""},
		"$Default, made":                            {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Default"), made(t)}, "SetDefaultVersion", `"version":6,"before":3`},
		"$Default, made, another group on it":       {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Default", other("$Default")), made(t)}, "", "aws ec2 modify-launch-template --region eu-west-1 --launch-template-id lt-1 --default-version 6"},
		"$Default, and an older version":            {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Default", other("$Latest")), func(c *pipeline.Case) { template(c).Latest = 8 }}, "", "group api follows $Latest, which is version 8 now"},
		"$Default, and another follows $Latest":     {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Default", other("$Latest"))}, "NewTemplateVersion SetDefaultVersion", `"follow":["api"]`},
		"$Default, and the group is managed":        {[]func(*pipeline.Case){copied(pipeline.Ready), asked("$Default"), func(c *pipeline.Case) { template(c).Groups[0].ManagedBy = "ecs" }}, "NewTemplateVersion", ""},

		"a number":                              {[]func(*pipeline.Case){copied(pipeline.Ready), asked("3")}, "NewTemplateVersion", ""},
		"a number, made":                        {[]func(*pipeline.Case){copied(pipeline.Ready), asked("3"), made(t)}, "", "--launch-template LaunchTemplateId=lt-1,Version=6"},
		"a number, and another follows $Latest": {[]func(*pipeline.Case){copied(pipeline.Ready), asked("3", other("$Latest")), func(c *pipeline.Case) { template(c).Latest = 5 }}, "", "group api follows $Latest"},
		"a number of a managed group":           {[]func(*pipeline.Case){copied(pipeline.Ready), asked("3"), func(c *pipeline.Case) { template(c).Groups[0].ManagedBy = "cloudformation" }}, "NewTemplateVersion", ""},

		"a managed template":                              {[]func(*pipeline.Case){func(c *pipeline.Case) { template(c).ManagedBy = "cloudformation (stack web)" }}, "", "belongs to cloudformation (stack web)"},
		"the default EBS key":                             {[]func(*pipeline.Case){func(c *pipeline.Case) { c.Ways[0].Default = "it is" }}, "", "aws ec2 modify-ebs-default-kms-key-id --region eu-west-1 --kms-key-id " + ours},
		"a launch configuration":                          {[]func(*pipeline.Case){func(c *pipeline.Case) { c.Ways[0].Configuration = "web" }}, "", "a launch configuration can't be changed"},
		"an override's image":                             {[]func(*pipeline.Case){func(c *pipeline.Case) { c.Ways[0].Override = true }}, "", "names image ami-1"},
		"a parameter's image":                             {[]func(*pipeline.Case){func(c *pipeline.Case) { c.Ways[0].Parameter = "resolve:ssm:/golden" }}, "", "resolve:ssm:/golden"},
		"a parameter's image, and only the key is theirs": {[]func(*pipeline.Case){func(c *pipeline.Case) { c.Ways[0].Parameter, c.Ways[0].Sources = "resolve:ssm:/golden", nil }}, "NewTemplateVersion", ""},
		"Marketplace":                                     {[]func(*pipeline.Case){func(c *pipeline.Case) { source(c).Marketplace = true }}, "", "AWS Marketplace's"},
		"storage that isn't shared":                       {[]func(*pipeline.Case){func(c *pipeline.Case) { source(c).Hidden = []string{"snap-1"} }}, "", "aws ec2 modify-snapshot-attribute --region eu-west-1 --snapshot-id snap-1 --attribute createVolumePermission --operation-type add --user-ids 111122223333"},
		"a source that is gone":                           {[]func(*pipeline.Case){func(c *pipeline.Case) { source(c).Gone = true }}, "", "can't be seen"},
		"a copy key that can't be taken":                  {[]func(*pipeline.Case){func(c *pipeline.Case) { c.CopyKeyProblem = "it is in us-east-1" }}, "", "it is in us-east-1"},
		"the second way can't be changed":                 {[]func(*pipeline.Case){func(c *pipeline.Case) { c.Ways = append(c.Ways, pipeline.Way{Configuration: "web"}) }}, "", "launch configuration"},
		"no way":                                          {[]func(*pipeline.Case){func(c *pipeline.Case) { c.Ways = nil }}, "", ""},
	} {
		c := begun()
		for _, change := range tc.change {
			change(&c)
		}
		got, err := pipeline.Next(c)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		var types []string
		for _, s := range got.Steps {
			types = append(types, s.Type())
			if s.Account() != c.Account || s.Of() != theirs {
				t.Errorf("%s: a step in %s about %s", name, s.Account(), s.Of())
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
		if want := tc.steps != ""; want != (strings.HasPrefix(got.Target, "arn:aws:ec2:eu-west-1:111122223333:")) {
			t.Errorf("%s: target %q", name, got.Target)
		}
	}
}

// A template that can't be read is a fault, not a plan.
func TestUnreadableTemplate(t *testing.T) {
	t.Parallel()
	c := begun()
	copied(pipeline.Ready)(&c)
	template(&c).Data = json.RawMessage(`[`)
	if out, err := pipeline.Next(c); err == nil {
		t.Errorf("%+v", out)
	}
}
