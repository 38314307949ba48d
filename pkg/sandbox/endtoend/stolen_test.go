package endtoend_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	keymend "keymend/pkg/account"
	"keymend/pkg/permission"
)

// A thief has the credentials of the functions' roles, and none of Keymend's
// code: what is refused here, IAM refuses by itself.
type thief struct {
	*copies
	template, taggedImage, taggedSnapshot string
	narrow                                string // a session policy for the roles that are assumed
}

// newThief deploys every role that there is; the functions only look.
func newThief(t *testing.T) *thief {
	t.Helper()
	th := &thief{copies: newCopies(t, copyable, with("Mode", "observe"), with("DedicatedRoleSuffix", suffix), edited(letTestsIn), unwatched)}
	th.makeRole()
	th.template = th.encryptedTemplate("web", th.ours)
	th.group("web-prod", th.template, "$Default")
	th.taggedSnapshot = th.world.snapshot("")
	th.taggedImage = th.imageOf(th.world.snapshot(""))
	_, err := th.ec2.CreateTags(t.Context(), &ec2.CreateTagsInput{
		Resources: []string{th.taggedImage, th.taggedSnapshot}, Tags: []ec2types.Tag{{Key: new("keymend-copy-of"), Value: new("ami-1")}},
	})
	must(t, err)
	return th
}

// letTestsIn has the functions' roles trust the account's administrator, too, and takes
// tests for the function whose credentials were stolen.
func letTestsIn(template []byte) []byte {
	const lambda = `"Principal":{"Service":"lambda.amazonaws.com"}`
	template = regexp.MustCompile(`"ArnEquals"(\s*:\s*\{\s*"lambda:SourceFunctionArn")`).ReplaceAll(template, []byte(`"ArnEqualsIfExists"$1`))
	return []byte(strings.ReplaceAll(string(template), lambda, strings.Replace(lambda, "}", `,"AWS":"arn:aws:iam::`+account+`:root"}`, 1)))
}

// assume returns a configuration with a session of the role, by way of from.
func (w *world) assume(from aws.Config, role permission.Role, session, policy string) aws.Config {
	w.t.Helper()
	in := &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::" + account + ":role/keymend-" + string(role)), RoleSessionName: &session}
	if policy != "" {
		in.Policy = &policy
	}
	out, err := sts.NewFromConfig(from).AssumeRole(w.t.Context(), in)
	must(w.t, err)
	cfg := from.Copy()
	cfg.Credentials = credentials.NewStaticCredentialsProvider(*out.Credentials.AccessKeyId, *out.Credentials.SecretAccessKey, *out.Credentials.SessionToken)
	return cfg
}

// by returns the configuration of a role: a function's own, or the one that
// remediate assumes.
func (th *thief) by(role permission.Role) aws.Config {
	th.t.Helper()
	if role == permission.Diagnose {
		return th.assume(th.cfg, role, "stolen", "")
	}
	if role == permission.Approver {
		return th.assume(th.person("stolen"), role, "stolen", "") // no function may take it
	}
	own := th.assume(th.cfg, permission.Remediate, "stolen", "")
	if role == permission.Remediate {
		return own
	}
	return th.assume(own, role, "stolen", th.narrow)
}

// tryAssume takes a role, or says why it can't.
func (th *thief) tryAssume(from aws.Config, role permission.Role) error {
	_, err := sts.NewFromConfig(from).AssumeRole(th.t.Context(), &sts.AssumeRoleInput{RoleArn: new("arn:aws:iam::" + account + ":role/keymend-" + string(role)), RoleSessionName: new("stolen")})
	return err
}

// wantRefused fails unless IAM refused the action, by a policy of this kind.
func (th *thief) wantRefused(what string, err error, action string, by keymend.PolicyType) {
	th.t.Helper()
	if d, denied := keymend.DenialOf(err); !denied || d.Action != action || d.Policy != by {
		th.t.Errorf("%s: want a refusal of %s for want of an %s, got %v", what, action, by, err)
	}
}

// wantDone fails if a call that the role is there for was refused: what is
// refused beside it then says nothing.
func (th *thief) wantDone(what string, err error) {
	th.t.Helper()
	if err != nil {
		th.t.Errorf("%s: %v", what, err)
	}
}

func (th *thief) putPolicy(cfg aws.Config, key string, bypass bool) error {
	_, err := kms.NewFromConfig(cfg).PutKeyPolicy(th.t.Context(), &kms.PutKeyPolicyInput{KeyId: &key, Policy: new(rootOnly), BypassPolicyLockoutSafetyCheck: bypass})
	return err
}

func (th *thief) grant(cfg aws.Config, key, grantee string, more ...kmstypes.GrantOperation) error {
	operations := append([]kmstypes.GrantOperation{
		"CreateGrant", "Decrypt", "DescribeKey", "Encrypt", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptFrom", "ReEncryptTo",
	}, more...)
	_, err := kms.NewFromConfig(cfg).CreateGrant(th.t.Context(), &kms.CreateGrantInput{KeyId: &key, GranteePrincipal: &grantee, Operations: operations})
	return err
}

func (th *thief) linkRole(cfg aws.Config, service string, suffix *string) error {
	_, err := iam.NewFromConfig(cfg).CreateServiceLinkedRole(th.t.Context(), &iam.CreateServiceLinkedRoleInput{AWSServiceName: &service, CustomSuffix: suffix})
	return err
}

// groupARN is AWS's name for a group, which has an id of its own.
func (th *thief) groupARN(name string) string {
	out, err := th.world.asg.DescribeAutoScalingGroups(th.t.Context(), &autoscaling.DescribeAutoScalingGroupsInput{AutoScalingGroupNames: []string{name}})
	must(th.t, err)
	return aws.ToString(out.AutoScalingGroups[0].AutoScalingGroupARN)
}

func (th *thief) giveRole(cfg aws.Config, group, roleARN string) error {
	_, err := autoscaling.NewFromConfig(cfg).UpdateAutoScalingGroup(th.t.Context(), &autoscaling.UpdateAutoScalingGroupInput{AutoScalingGroupName: &group, ServiceLinkedRoleARN: &roleARN})
	return err
}

// copyTags marks what a copy makes.
func copyTags(of string, kinds ...ec2types.ResourceType) []ec2types.TagSpecification {
	var out []ec2types.TagSpecification
	for _, k := range kinds {
		out = append(out, ec2types.TagSpecification{ResourceType: k, Tags: []ec2types.Tag{{Key: new("keymend-copy-of"), Value: &of}}})
	}
	return out
}

func (th *thief) copyImage(cfg aws.Config, image, name string) error {
	_, err := ec2.NewFromConfig(cfg).CopyImage(th.t.Context(), &ec2.CopyImageInput{
		SourceRegion: new(region), SourceImageId: &image, Name: &name, Encrypted: new(true), KmsKeyId: &th.ours,
		TagSpecifications: copyTags(image, ec2types.ResourceTypeImage, ec2types.ResourceTypeSnapshot),
	})
	return err
}

func (th *thief) copySnapshot(cfg aws.Config, snapshot string) error {
	_, err := ec2.NewFromConfig(cfg).CopySnapshot(th.t.Context(), &ec2.CopySnapshotInput{
		SourceRegion: new(region), SourceSnapshotId: &snapshot, Encrypted: new(true), KmsKeyId: &th.ours, TagSpecifications: copyTags(snapshot, ec2types.ResourceTypeSnapshot),
	})
	return err
}

func (th *thief) tag(cfg aws.Config, id string) error {
	_, err := ec2.NewFromConfig(cfg).CreateTags(th.t.Context(), &ec2.CreateTagsInput{Resources: []string{id}, Tags: []ec2types.Tag{{Key: new("keymend-copy-of"), Value: new("ami-1")}}})
	return err
}

func (th *thief) deregister(cfg aws.Config, image string) error {
	_, err := ec2.NewFromConfig(cfg).DeregisterImage(th.t.Context(), &ec2.DeregisterImageInput{ImageId: &image})
	return err
}

func (th *thief) deleteSnapshot(cfg aws.Config, snapshot string) error {
	_, err := ec2.NewFromConfig(cfg).DeleteSnapshot(th.t.Context(), &ec2.DeleteSnapshotInput{SnapshotId: &snapshot})
	return err
}

func (th *thief) newVersion(cfg aws.Config) error {
	_, err := ec2.NewFromConfig(cfg).CreateLaunchTemplateVersion(th.t.Context(), &ec2.CreateLaunchTemplateVersionInput{
		LaunchTemplateId: &th.template, SourceVersion: new("1"), LaunchTemplateData: &ec2types.RequestLaunchTemplateData{InstanceType: ec2types.InstanceTypeM5Large},
	})
	return err
}

func (th *thief) setDefault(cfg aws.Config) error {
	_, err := ec2.NewFromConfig(cfg).ModifyLaunchTemplate(th.t.Context(), &ec2.ModifyLaunchTemplateInput{LaunchTemplateId: &th.template, DefaultVersion: new("1")})
	return err
}

// A write is a call by which a role that may changes something.
type write struct {
	action string
	do     func(*thief, aws.Config) error
}

// writes are all that any role may. The copier's use of keys isn't among them:
// it counts only where EC2 makes the call.
func writes() []write {
	return []write{
		{"kms:PutKeyPolicy", func(th *thief, c aws.Config) error { return th.putPolicy(c, th.ours, false) }},
		{"kms:CreateGrant", func(th *thief, c aws.Config) error { return th.grant(c, th.ours, role) }},
		{"iam:CreateServiceLinkedRole", func(th *thief, c aws.Config) error { return th.linkRole(c, "autoscaling.amazonaws.com", new(suffix)) }},
		{"autoscaling:UpdateAutoScalingGroup", func(th *thief, c aws.Config) error { return th.giveRole(c, "web-prod", ownRole) }},
		{"ec2:CopyImage", func(th *thief, c aws.Config) error { return th.copyImage(c, th.image, "copy") }},
		{"ec2:CopySnapshot", func(th *thief, c aws.Config) error { return th.copySnapshot(c, th.snapshot) }},
		{"ec2:DeregisterImage", func(th *thief, c aws.Config) error { return th.deregister(c, th.taggedImage) }},
		{"ec2:DeleteSnapshot", func(th *thief, c aws.Config) error { return th.deleteSnapshot(c, th.taggedSnapshot) }},
		{"ec2:CreateLaunchTemplateVersion", (*thief).newVersion},
		{"ec2:ModifyLaunchTemplate", (*thief).setDefault},
	}
}

// holder is the one role that may do an action.
func holder(t *testing.T, action string) permission.Role {
	t.Helper()
	place := copiesPlace(true)
	place.Suffix = suffix
	for _, r := range []permission.Role{permission.Granter, permission.PolicyWriter, permission.GroupWriter, permission.Copier} {
		if slices.ContainsFunc(permission.For(r, place), func(p permission.Permission) bool { return p.Action == action }) {
			return r
		}
	}
	t.Fatalf("no role may %s", action)
	return ""
}
