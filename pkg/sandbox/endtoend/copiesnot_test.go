package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/outcome"
)

// wantNothing fails if anything was copied, made or written.
func (c *copies) wantNothing() {
	c.t.Helper()
	for _, operation := range []string{"CopyImage", "CopySnapshot", "CreateLaunchTemplateVersion", "ModifyLaunchTemplate", "DeregisterImage", "DeleteSnapshot"} {
		if n := c.count(operation); n != 0 {
			c.t.Errorf("%d times %s\n%v", n, operation, c.short())
		}
	}
	c.wantUntouched()
}

// TestCopyWithoutConsent: nothing leaves a key whose owner didn't agree to
// copies; the command that the finding has is all that is missing.
func TestCopyWithoutConsent(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		tags    map[string]string
		options []option
		without bool // the owner's account lets nothing be read
		outcome outcome.Outcome
		says    string
	}{
		"nothing said":           {outcome: outcome.Proposed, says: "the key has no tag keymend"},
		"grants only":            {tags: consented, outcome: outcome.Proposed, says: "tag keymend-copy doesn't name " + account},
		"another account":        {tags: map[string]string{"keymend": "remediate", "keymend-copy": third}, outcome: outcome.Proposed, says: "TagValue=" + third + " " + account},
		"the owner's no":         {tags: map[string]string{"keymend": "ignore", "keymend-copy": account}, outcome: outcome.Refused, says: "forbids even proposals"},
		"tags nobody can read":   {tags: copyable, without: true, outcome: outcome.Proposed, says: "can't be read from here"},
		"an account not listed":  {tags: copyable, options: []option{with("Accounts", third)}, outcome: outcome.Proposed, says: "adds " + owner + " to the setting accounts"},
		"only to be proposed":    {tags: copyable, options: []option{with("Mode", "propose")}, outcome: outcome.Proposed, says: "A person has to approve"},
		"only to be looked at":   {tags: copyable, options: []option{with("Mode", "observe")}, outcome: outcome.Observed, says: "only observes"},
		"a no on the copy's key": {tags: copyable, outcome: outcome.Refused, says: "forbids even proposals"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCopies(t, tc.tags, tc.options...)
			if name == "a no on the copy's key" {
				_, err := c.kms.TagResource(t.Context(), &kms.TagResourceInput{KeyId: &c.ours, Tags: []kmstypes.Tag{{TagKey: new("keymend"), TagValue: new("ignore")}}})
				must(t, err)
			}
			if tc.without {
				c.there.closed()
			}
			c.launches(c.image)
			c.box.Advance(15 * time.Minute)
			c.wantNothing()
			c.wantFinding("web-prod", c.theirs, tc.says)
			c.wantOutcome("web-prod", tc.outcome)
			if name != "nothing said" && name != "grants only" {
				return
			}
			c.wantFinding("web-prod", c.theirs, " Account "+owner+" runs: aws kms tag-resource --key-id "+c.theirs+" --tags TagKey=keymend,TagValue=remediate TagKey=keymend-copy,TagValue="+account+" --region "+region)
			_, err := c.there.kms.TagResource(t.Context(), &kms.TagResourceInput{KeyId: &c.theirs, Tags: []kmstypes.Tag{
				{TagKey: new("keymend"), TagValue: new("remediate")}, {TagKey: new("keymend-copy"), TagValue: new(account)}}})
			must(t, err)
			c.box.Advance(30 * time.Minute)
			c.wantRunning("web-prod")
			c.wantCopied(1, 1)
		})
	}
}

// closed takes away what lets other accounts read in this one.
func (w *world) closed() {
	w.t.Helper()
	_, err := w.iam.DeleteRolePolicy(w.t.Context(), &iam.DeleteRolePolicyInput{RoleName: new("keymend-key-reader"), PolicyName: new("keymend")})
	must(w.t, err)
	_, err = w.iam.DeleteRole(w.t.Context(), &iam.DeleteRoleInput{RoleName: new("keymend-key-reader")})
	must(w.t, err)
}

// TestUncopiable is bad input: each is a finding with the reason and the next
// step, and nothing is written anywhere.
func TestUncopiable(t *testing.T) {
	t.Parallel()
	elsewhere := strings.NewReplacer("eu-west-1", "us-east-1")
	for name, tc := range map[string]struct {
		options []option
		make    func(c *copies)
		key     func(c *copies) string // of the finding; nil = theirs
		says    string
	}{
		"a copy key of another Region":  {options: []option{with("CopyKey", elsewhere.Replace("arn:aws:kms:eu-west-1:"+account+":alias/copies"))}, says: "is in us-east-1, the group in eu-west-1"},
		"a copy key of another account": {options: []option{with("CopyKey", "arn:aws:kms:eu-west-1:"+third+":alias/copies")}, says: "belongs to account " + third},
		"a copy key that isn't there":   {options: []option{with("CopyKey", "alias/none")}, says: "there is no copy key alias/none"},
		"a copy key that is disabled":   {make: func(c *copies) { c.disable(c.ours); c.launches(c.image) }, says: "is Disabled"},
		"a copy key that doesn't delegate": {make: func(c *copies) {
			c.putPolicy(c.ours, strings.Replace(strings.Replace(rootOnly, `"kms:*"`, `["kms:DescribeKey","kms:GetKeyPolicy","kms:ListGrants","kms:ListResourceTags"]`, 1), `"Statement":[`, `"Statement":[{"Sid":"Admin","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+account+`:user/admin"},"Action":"kms:*","Resource":"*"},`, 1))
			c.launches(c.image)
		}, says: "doesn't leave it to IAM policies"},
		"an owner's policy that says nothing of it": {make: func(c *copies) {
			c.there.putPolicy(c.theirs, ownerPolicy())
			c.launches(c.image)
		}, says: "CopyGrantsBy" + account},
		"Marketplace": {make: func(c *copies) {
			must(c.t, c.box.MarkMarketplace(owner, region, c.image))
			c.launches(c.image)
		}, says: "is AWS Marketplace's"},
		"storage that isn't shared": {make: func(c *copies) {
			_, err := c.there.ec2.ModifySnapshotAttribute(c.t.Context(), &ec2.ModifySnapshotAttributeInput{SnapshotId: &c.snapshot,
				CreateVolumePermission: &ec2types.CreateVolumePermissionModifications{Remove: []ec2types.CreateVolumePermission{{UserId: new(account)}}}})
			must(c.t, err)
			c.launches(c.image)
		}, says: "You do not have permission to access the storage of this ami"},
		"aws/ebs of the other account": {make: func(c *copies) {
			c.there.encryptByDefault()
			c.there.snapshot("")
			c.launches(c.world.image(), volume("/dev/xvda", new(true), c.there.managed()))
		}, key: func(c *copies) string { return c.there.managed() }, says: "is managed by AWS in account " + owner},
		"an override's image": {make: func(c *copies) {
			c.mixed(astypes.LaunchTemplateOverrides{InstanceType: new("m5.large"), ImageId: &c.image})
		}, says: "an override of the group's mixed instances policy names image"},
		"a launch configuration": {make: func(c *copies) {
			c.configuration(c.image)
			c.groupOf(&autoscaling.CreateAutoScalingGroupInput{LaunchConfigurationName: new("web")})
		}, says: "a launch configuration can't be changed"},
		"a parameter's image": {make: func(c *copies) {
			c.parameter("/golden/ami", c.image)
			c.launches("resolve:ssm:/golden/ami")
		}, says: "names its image as resolve:ssm:/golden/ami"},
		"the default EBS key": {make: func(c *copies) {
			c.defaultKey(c.theirs)
			c.launches(c.world.image(), volume("/dev/xvda", new(true), ""))
		}, says: "aws ec2 modify-ebs-default-kms-key-id --kms-key-id "},
		"a template of CloudFormation's": {make: func(c *copies) {
			template := c.mappedTemplate("web", c.image)
			c.tagged(template, "aws:cloudformation:stack-name", "web")
			c.group("web-prod", template, "$Latest")
		}, says: "belongs to cloudformation (stack web"},
		"a group of CloudFormation's": {make: func(c *copies) {
			c.groupOf(&autoscaling.CreateAutoScalingGroupInput{LaunchTemplate: latest(c.mappedTemplate("web", c.image)),
				Tags: []astypes.Tag{{Key: new("aws:cloudformation:stack-name"), Value: new("web")}}})
		}, says: "nothing"},
		"a group that its owner keeps Keymend from": {make: func(c *copies) {
			c.groupOf(&autoscaling.CreateAutoScalingGroupInput{LaunchTemplate: latest(c.mappedTemplate("web", c.image)),
				Tags: []astypes.Tag{{Key: new("keymend"), Value: new("ignore")}}})
		}, says: "group web-prod has the tag keymend=ignore"},
	} {
		t.Run(name, func(t *testing.T) {
			sample(t, 3)
			t.Parallel()
			c := newCopies(t, copyable, tc.options...)
			if tc.make == nil {
				tc.make = func(c *copies) { c.launches(c.image) }
			}
			tc.make(c)
			c.box.Advance(15 * time.Minute)
			key := c.theirs
			if tc.key != nil {
				key = tc.key(c)
			}
			if tc.says == "nothing" { // the copy harms nobody; the version would
				c.wantFinding("web-prod", key, "group web-prod belongs to cloudformation")
				if c.count("CreateLaunchTemplateVersion") != 0 {
					t.Error("a version was made")
				}
				return
			}
			c.wantNothing()
			c.wantFinding("web-prod", key, tc.says)
			if n := c.inService("web-prod"); n != 0 {
				t.Errorf("%d in service", n)
			}
		})
	}
}

func (w *world) tagged(resource, key, value string) {
	w.t.Helper()
	_, err := w.ec2.CreateTags(w.t.Context(), &ec2.CreateTagsInput{Resources: []string{resource}, Tags: []ec2types.Tag{{Key: &key, Value: &value}}})
	must(w.t, err)
}

// TestCopyKeyOfAWS: a key that AWS manages is no setting at all.
func TestCopyKeyOfAWS(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable, with("CopyKey", "alias/aws/ebs"))
	c.launches(c.image)
	c.box.Advance(10 * time.Minute)
	c.wantNothing()
	if r := c.last(outcome.SettingsInvalid); !strings.Contains(r.Reason, "KEYMEND_COPY_KEY") || !strings.Contains(r.Reason, "a key that AWS manages") {
		t.Error(r.Reason)
	}
}

// TestCopyOwnersStatements: what the finding has for the key's owner is all that
// is missing, verbatim.
func TestCopyOwnersStatements(t *testing.T) {
	t.Parallel()
	c := newCopies(t, copyable)
	c.there.putPolicy(c.theirs, ownerPolicy())
	c.launches(c.image)
	c.box.Advance(10 * time.Minute)
	c.wantNothing()
	_, rest, _ := strings.Cut(c.last(outcome.NoFix).Reason, "adds to the key policy: ")
	statements, _, ok := strings.Cut(rest, ". Then Keymend copies")
	if !ok {
		t.Fatal(c.short())
	}
	c.there.putPolicy(c.theirs, ownerPolicy(statements))
	c.box.Advance(30 * time.Minute)
	c.wantRunning("web-prod")
	c.wantCopied(1, 1)
}
