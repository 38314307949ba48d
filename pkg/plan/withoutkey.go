package plan

import (
	"fmt"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/change"
	"keymend/pkg/plan/copies"
)

// without plans for a launch that does without another account's key. A copy that failed is
// cleared away whatever else stands in the way: it costs money while it is there.
func (f Finding) without(o Options, p *Plan) {
	var next copies.Outcome
	var err error
	if f.Copy != nil {
		next, err = copies.Next(*f.Copy)
	}
	cleared := Plan{Steps: next.Steps}.Clears()
	switch {
	case p.NoFix != nil && !cleared:
	case f.CopiesUnread != "" && !cleared:
		p.NoFix = &NoFix{NotRead, "what there is of copies couldn't be read: " + f.CopiesUnread, "Have what AWS refused allowed" + toWhom + " See docs/permissions.md."}
	case f.Copy == nil:
		p.NoFix = &NoFix{NotCopyable, fmt.Sprintf("what could be copied of account %s wasn't looked at", f.KeyAccount()), toReport}
	case err != nil:
		p.NoFix = &NoFix{NotCopyable, err.Error(), toReport}
	case next.Wait != "":
		p.NoFix = &NoFix{Copying, next.Wait + ".", ""}
	case next.Stop != nil && next.Stop.Done:
		p.NoFix, p.Run = &NoFix{HandedOver, next.Stop.Text, next.Stop.Next}, next.Stop.Run
	case next.Stop != nil:
		p.NoFix, p.Run = &NoFix{NotCopyable, next.Stop.Text, next.Stop.Next}, next.Stop.Run
	case len(next.Steps) == 0:
		p.NoFix = &NoFix{NotCopyable, "nothing of what the group launches from is known to need " + f.Facts.Key.ARN,
			"Look at why the launch needs it: " + strings.Join(f.Because, "; ") + "."}
	default:
		p.Target, p.Steps = next.Steps[0].At().Target, next.Steps
		p.NoFix = f.copierLacks(o, next.Steps[0])
	}
}

// copierLacks says why KMS would refuse the copy that a step asks for; nil where
// it wouldn't, or where that can't be told.
func (f Finding) copierLacks(o Options, step change.Step) *NoFix {
	if len(step.Claim().Keys) == 0 { // no data is read
		return nil
	}
	lacks := f.mayCopy(o, f.Facts, "CreateGrant", "Decrypt", "DescribeKey", "ReEncryptFrom")
	if lacks == "" {
		return nil
	}
	return &NoFix{ForeignKey,
		fmt.Sprintf("%s belongs to account %s, whose key policy doesn't let %s of account %s copy what is encrypted under it: %s",
			f.Facts.Key.ARN, f.KeyAccount(), o.Copier.ARN, f.Account, lacks),
		fmt.Sprintf("Account %s, the key's owner, adds to the key policy: %s. Then Keymend copies at the group's next failure.", f.KeyAccount(), f.copyStatements())}
}

// copyStatements are what the key's owner adds: those of the procedure, but that
// EBS makes the grant for itself, not the copier for a role.
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-modifying-snapshot-permissions.html
func (f Finding) copyStatements() string {
	root, via := arn.Root(arn.Partition(f.Facts.Key.ARN), f.Account), "ec2."+f.Region+".amazonaws.com"
	return fmt.Sprintf(`{"Sid":"CopiesBy%[1]s","Effect":"Allow","Principal":{"AWS":%[2]q},"Action":["kms:Decrypt","kms:DescribeKey","kms:ReEncryptFrom"],"Resource":"*","Condition":{"StringEquals":{"kms:ViaService":%[3]q}}}, `+
		`{"Sid":"CopyGrantsBy%[1]s","Effect":"Allow","Principal":{"AWS":%[2]q},"Action":"kms:CreateGrant","Resource":"*","Condition":{"Bool":{"kms:GrantIsForAWSResource":"true"},"StringEquals":{"kms:ViaService":%[3]q}}}`,
		f.Account, root, via)
}

// Unfit says why nothing can lie under a key of the group's account, by that key's
// facts; "" = copies can.
func (f Finding) Unfit(o Options, facts access.Facts) string {
	k := facts.Key
	lacks := f.mayCopy(o, facts, "CreateGrant", "DescribeKey", "GenerateDataKeyWithoutPlaintext", "ReEncryptTo")
	switch {
	case k.Manager == "AWS":
		return fmt.Sprintf("the copy key %s is managed by AWS; nobody can open it to anyone.", k.ARN)
	case k.State != "Enabled":
		return fmt.Sprintf("the copy key %s is %s.", k.ARN, strings.TrimSpace(k.State+" "))
	case asymmetric(k):
		return fmt.Sprintf("the copy key %s is a %s key for %s; EBS takes symmetric encryption keys only.", k.ARN, k.Spec, k.Usage)
	case lacks != "":
		return fmt.Sprintf("the policy of the copy key %s doesn't leave it to IAM policies who uses it: %s", k.ARN, lacks)
	}
	return ""
}
