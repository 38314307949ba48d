package endtoend_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	keymend "keymend/pkg/account"
	"keymend/pkg/permission"
)

// TestStolenGranter grants what Keymend grants, and nothing else: to a
// service-linked role of this account, the eight operations, on enrolled keys.
func TestStolenGranter(t *testing.T) {
	t.Parallel()
	th := newThief(t)
	c := th.by(permission.Granter)
	th.wantDone("the grant that Keymend makes", th.grant(c, th.ours, role))
	elsewhere := strings.Replace(role, account, owner, 1)
	for what, err := range map[string]error{
		"to a role of Keymend's":            th.grant(c, th.ours, "arn:aws:iam::"+account+":role/keymend-granter"),
		"to a person":                       th.grant(c, th.ours, "arn:aws:iam::"+account+":user/admin"),
		"to the account":                    th.grant(c, th.ours, "arn:aws:iam::"+account+":root"),
		"to a role that only looks like it": th.grant(c, th.ours, "arn:aws:iam::"+account+":role/AWSServiceRoleForAutoScaling"),
		"to another account's role":         th.grant(c, th.ours, elsewhere),
		"of one operation more":             th.grant(c, th.ours, role, kmstypes.GrantOperationRetireGrant),
		"on a key that isn't enrolled":      th.grant(c, th.key(rootOnly, nil), role),
		"on a key that is to be ignored":    th.grant(c, th.key(rootOnly, map[string]string{"keymend": "ignore"}), role),
	} {
		th.wantRefused("a grant "+what, err, "kms:CreateGrant", keymend.IdentityBased)
	}
	th.wantRefused("a key policy", th.putPolicy(c, th.ours, false), "kms:PutKeyPolicy", keymend.IdentityBased)
}

// TestStolenPolicyWriter writes policies of enrolled keys, and never past KMS's
// lock-out check. It can't enroll a key, nor delete one.
func TestStolenPolicyWriter(t *testing.T) {
	t.Parallel()
	th := newThief(t)
	c, foreign := th.by(permission.PolicyWriter), th.key(rootOnly, nil)
	th.wantDone("an enrolled key's policy", th.putPolicy(c, th.ours, false))
	for what, err := range map[string]error{
		"of a key that isn't enrolled":      th.putPolicy(c, foreign, false),
		"of a key that is to be ignored":    th.putPolicy(c, th.key(rootOnly, map[string]string{"keymend": "ignore"}), false),
		"past the lock-out check":           th.putPolicy(c, th.ours, true),
		"of a key enrolled by another name": th.putPolicy(c, th.key(rootOnly, map[string]string{"keymend2": "remediate"}), false),
	} {
		th.wantRefused("a policy "+what, err, "kms:PutKeyPolicy", keymend.IdentityBased)
	}
	client := kms.NewFromConfig(c)
	_, tagging := client.TagResource(t.Context(), &kms.TagResourceInput{KeyId: &foreign, Tags: []kmstypes.Tag{{TagKey: new("keymend"), TagValue: new("remediate")}}})
	th.wantRefused("enrolling a key", tagging, "kms:TagResource", keymend.IdentityBased)
	_, deleting := client.ScheduleKeyDeletion(t.Context(), &kms.ScheduleKeyDeletionInput{KeyId: &th.ours})
	th.wantRefused("deleting a key", deleting, "kms:ScheduleKeyDeletion", keymend.IdentityBased)
	th.wantRefused("a grant", th.grant(c, th.ours, role), "kms:CreateGrant", keymend.IdentityBased)
	_, err := th.kms.TagResource(t.Context(), &kms.TagResourceInput{KeyId: &foreign, Tags: []kmstypes.Tag{{TagKey: new("keymend"), TagValue: new("remediate")}}})
	th.wantDone("its owner enrolling it", err)
	th.wantDone("its policy, once it is enrolled", th.putPolicy(c, foreign, false))
}

// TestStolenGroupWriter makes the one role, for Auto Scaling, and gives groups
// that and no other.
func TestStolenGroupWriter(t *testing.T) {
	t.Parallel()
	th := newThief(t)
	c := th.by(permission.GroupWriter)
	for what, err := range map[string]error{
		"for another service":   th.linkRole(c, "spot.amazonaws.com", nil),
		"of another name":       th.linkRole(c, "autoscaling.amazonaws.com", new(suffix+"2")),
		"of the name's default": th.linkRole(c, "autoscaling.amazonaws.com", nil),
	} {
		th.wantRefused("a role "+what, err, "iam:CreateServiceLinkedRole", keymend.IdentityBased)
	}
	th.wantDone("the role that Keymend makes", th.linkRole(c, "autoscaling.amazonaws.com", new(suffix)))
	other := th.suffixedRole("other")
	th.wantRefused("a group of another role", th.giveRole(c, "web-prod", other), "iam:PassRole", keymend.IdentityBased)
	th.wantDone("the group of the role that Keymend makes", th.giveRole(c, "web-prod", ownRole))
}

// TestStolenCopier takes away what carries the mark of a copy and nothing else,
// can't mark what is there, and can't use a key but by way of EC2.
func TestStolenCopier(t *testing.T) {
	t.Parallel()
	th := newThief(t)
	c := th.by(permission.Copier)
	bare, whole := th.world.snapshot(""), th.world.image()
	th.wantRefused("an image without the mark", th.deregister(c, whole), "ec2:DeregisterImage", keymend.IdentityBased)
	th.wantRefused("a snapshot without the mark", th.deleteSnapshot(c, bare), "ec2:DeleteSnapshot", keymend.IdentityBased)
	th.wantRefused("marking what is there", th.tag(c, whole), "ec2:CreateTags", keymend.IdentityBased)
	th.wantDone("its owner marking it", th.tag(th.cfg, whole))
	th.wantDone("the image, once it is marked", th.deregister(c, whole))
	for _, key := range []string{th.ours, th.theirs} {
		_, err := kms.NewFromConfig(c).GenerateDataKeyWithoutPlaintext(t.Context(), &kms.GenerateDataKeyWithoutPlaintextInput{KeyId: &key, KeySpec: kmstypes.DataKeySpecAes256})
		if d, denied := keymend.DenialOf(err); !denied || d.Action != "kms:GenerateDataKeyWithoutPlaintext" {
			t.Errorf("%s used directly: %v", key, err)
		}
	}
	th.wantDone("a copy, by way of EC2", th.copyImage(c, th.image, "copy"))
}

// TestStolenDiagnose can't write at all: not as itself, not as the reader, and no
// writer lets it in. Each write is one that the role that is there for it may do.
func TestStolenDiagnose(t *testing.T) {
	t.Parallel()
	th := newThief(t)
	diagnose := th.by(permission.Diagnose)
	reader := th.assume(diagnose, permission.Reader, "stolen", "")
	for _, w := range writes() {
		th.wantRefused("diagnose", w.do(th, diagnose), w.action, keymend.IdentityBased)
		th.wantRefused("the reader", w.do(th, reader), w.action, keymend.IdentityBased)
		th.wantRefused("remediate itself", w.do(th, th.by(permission.Remediate)), w.action, keymend.IdentityBased)
		th.wantDone(w.action, w.do(th, th.by(holder(t, w.action))))
	}
	for _, r := range []permission.Role{permission.Granter, permission.PolicyWriter, permission.GroupWriter, permission.Copier} {
		th.wantRefused("diagnose as "+string(r), th.tryAssume(diagnose, r), "sts:AssumeRole", "")
		th.wantDone("remediate as "+string(r), th.tryAssume(th.by(permission.Remediate), r))
	}
}

// Every write that a role holds is among those that diagnose is refused.
func TestStolenDiagnoseTriesEveryWrite(t *testing.T) {
	t.Parallel()
	place := copiesPlace(true)
	place.Suffix = suffix
	for _, r := range []permission.Role{permission.Granter, permission.PolicyWriter, permission.GroupWriter, permission.Copier} {
		for _, p := range permission.For(r, place) {
			byOthers := []string{"iam:PassRole", "ec2:CreateTags"} // asked for by UpdateAutoScalingGroup and by copies
			key := r == permission.Copier && strings.HasPrefix(p.Action, "kms:")
			if !key && !slices.Contains(byOthers, p.Action) && !slices.ContainsFunc(writes(), func(w write) bool { return w.action == p.Action }) {
				t.Errorf("%s may %s, and nothing tries it as diagnose", r, p.Action)
			}
		}
	}
}

// TestStolenSession is a session for one write: it does no other, and on nothing
// else, though its role may.
func TestStolenSession(t *testing.T) {
	t.Parallel()
	th := newThief(t)
	second := th.key(rootOnly, enrolled)
	group := th.groupARN("web-prod")
	template := "arn:aws:ec2:" + region + ":" + account + ":launch-template/" + th.template
	image := permission.Copy{Action: "ec2:CopyImage", Partition: "aws", Region: region, Source: th.image, Keys: []string{th.ours, th.theirs}}
	for _, tc := range []struct {
		role   permission.Role
		narrow func() (string, error)
		action string // that is refused
		may    func(aws.Config) error
		mayNot func(aws.Config) error
	}{
		{permission.PolicyWriter, session("kms:PutKeyPolicy", th.ours), "kms:PutKeyPolicy",
			func(c aws.Config) error { return th.putPolicy(c, th.ours, false) }, func(c aws.Config) error { return th.putPolicy(c, second, false) }},
		{permission.Granter, session("kms:CreateGrant", th.ours), "kms:CreateGrant",
			func(c aws.Config) error { return th.grant(c, th.ours, role) }, func(c aws.Config) error { return th.grant(c, second, role) }},
		{permission.GroupWriter, session("iam:CreateServiceLinkedRole", ownRole), "autoscaling:UpdateAutoScalingGroup",
			func(c aws.Config) error { return th.linkRole(c, "autoscaling.amazonaws.com", new(suffix)) }, func(c aws.Config) error { return th.giveRole(c, "web-prod", ownRole) }},
		{permission.GroupWriter, session("autoscaling:UpdateAutoScalingGroup", group, ownRole), "iam:CreateServiceLinkedRole",
			func(c aws.Config) error { return th.giveRole(c, "web-prod", ownRole) }, func(c aws.Config) error { return th.linkRole(c, "autoscaling.amazonaws.com", new(suffix)) }},
		{permission.Copier, session("ec2:CreateLaunchTemplateVersion", template), "ec2:ModifyLaunchTemplate", th.newVersion, th.setDefault},
		{permission.Copier, func() (string, error) { return permission.CopyPolicy(image) }, "ec2:CopySnapshot",
			func(c aws.Config) error { return th.copyImage(c, th.image, "copy") }, func(c aws.Config) error { return th.copySnapshot(c, th.snapshot) }},
		{permission.Copier, session("ec2:DeregisterImage", "arn:aws:ec2:"+region+"::image/"+th.taggedImage), "ec2:DeleteSnapshot",
			func(c aws.Config) error { return th.deregister(c, th.taggedImage) }, func(c aws.Config) error { return th.deleteSnapshot(c, th.taggedSnapshot) }},
	} {
		policy, err := tc.narrow()
		must(t, err)
		th.narrow = policy
		th.wantDone("the session's own write", tc.may(th.by(tc.role)))
		th.wantRefused("another write of the session", tc.mayNot(th.by(tc.role)), tc.action, keymend.SessionBased)
		th.narrow = ""
		if tc.action != "iam:CreateServiceLinkedRole" { // the role is there by now
			th.wantDone("the same of the role", tc.mayNot(th.by(tc.role)))
		}
	}
}

func session(action, target string, passed ...string) func() (string, error) {
	return func() (string, error) { return permission.SessionPolicy(action, target, passed...) }
}

// TestStolenRoleCannotWiden: no role can change what it may do, or make another
// that may more.
func TestStolenRoleCannotWiden(t *testing.T) {
	t.Parallel()
	th := newThief(t)
	const all = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`
	trust := strings.Replace(all, `"Action":"*","Resource":"*"`, `"Principal":{"AWS":"arn:aws:iam::`+account+`:root"},"Action":"sts:AssumeRole"`, 1)
	for i, r := range permission.Roles() {
		if r == permission.KeyReader {
			continue // nobody here takes it
		}
		changes := []write{
			{"iam:PutRolePolicy", func(th *thief, c aws.Config) error {
				_, err := iam.NewFromConfig(c).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("keymend-" + string(r)), PolicyName: new("more"), PolicyDocument: new(all)})
				return err
			}},
			{"iam:DeleteRolePolicy", func(th *thief, c aws.Config) error {
				_, err := iam.NewFromConfig(c).DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: new("keymend-" + string(r)), PolicyName: new("more")})
				return err
			}},
			{"iam:CreateRole", func(th *thief, c aws.Config) error {
				_, err := iam.NewFromConfig(c).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("back-door" + string(rune('a'+i))), AssumeRolePolicyDocument: &trust})
				return err
			}},
		}
		c := th.by(r)
		for _, change := range changes {
			th.wantRefused(string(r), change.do(th, c), change.action, keymend.IdentityBased)
		}
		for _, change := range changes {
			th.wantDone("an administrator's "+change.action, change.do(th, th.cfg))
		}
	}
}
