package plan

import (
	"fmt"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/change"
	"keymend/pkg/keypolicy"
	"keymend/pkg/slr"
)

// A Trial is KMS's answer to a CreateGrant with DryRun, which writes nothing.
// https://docs.aws.amazon.com/kms/latest/developerguide/testing-permissions.html
type Trial struct {
	Answer TrialAnswer
	Text   string // KMS's own
}

// A TrialAnswer is what the trial showed. The zero value is TrialNone.
type TrialAnswer uint8

// The answers.
const (
	TrialNone    TrialAnswer = iota // not tried
	TrialWorks                      // it would have been granted
	TrialRefused                    // for want of permission, or by the key's state
)

// granterMay evaluates whether the granter may create the grant. Its own
// identity policies allow it (pkg/permission, or a person's); everything else
// that is known of the request is that of one made directly, without
// constraints.
func (f Finding) granterMay(facts access.Facts, o Options) access.Result {
	if o.Granter.ARN == "" {
		return access.Result{}
	}
	values := map[string][]string{
		"kms:granteeprincipal": {f.Principal.ARN}, "kms:grantoperations": slr.Operations(), "kms:grantisforawsresource": {"false"},
		"kms:grantconstrainttype": nil, "kms:grantconstraintsourcearn": nil, "kms:encryptioncontextkeys": nil,
		"kms:granteeserviceprincipal": nil, "kms:retiringserviceprincipal": nil, "kms:retiringprincipal": nil,
		"kms:viaservice": nil, "aws:viaawsservice": {"false"}, "aws:calledvia": nil, "aws:calledviafirst": nil, "aws:calledvialast": nil,
		"aws:principalisawsservice": {"false"}, "aws:principalservicename": nil, "aws:principalservicenameslist": nil,
		"aws:requestedregion": {f.Region}, "aws:securetransport": {"true"},
	}
	if o.RetiringRole != "" {
		values["kms:retiringprincipal"] = []string{o.RetiringRole}
	}
	if strings.Contains(o.Granter.ARN, ":role/") {
		values["aws:principaltype"] = []string{"AssumedRole"}
	}
	f.addTags(values)
	return access.Evaluate(facts, access.Request{
		Principal: o.Granter, Operations: []string{"CreateGrant"}, Context: access.Context{Values: values},
		IdentityPolicies: []*keypolicy.Document{createsGrants()},
	})[0]
}

// granterDenied names the statement that denies the granter explicitly; "" =
// none does.
func (f Finding) granterDenied(o Options) string {
	if f.Facts.Policy == nil {
		return ""
	}
	r := f.granterMay(f.Facts, o)
	if r.Reason != access.DeniedByStatement {
		return ""
	}
	return fmt.Sprintf("statement %s of the policy of %s denies kms:CreateGrant to %s%s; no statement or grant outweighs that.",
		r.DecidedBy, f.Facts.Key.ARN, o.Granter.ARN, near(r.NearMisses))
}

// tryHalf evaluates the edited policy: one that still doesn't let the granter
// create the grant is not written.
func (f Finding) tryHalf(o Options, steps change.Steps) *NoFix {
	after, err := change.Simulate(f.Facts, steps[:1])
	if err != nil {
		return &NoFix{WouldNotHelp, err.Error(), "This is a fault of Keymend; please report it."}
	}
	r := f.granterMay(after, o)
	if r.Decision == access.Allowed {
		return nil
	}
	return &NoFix{WouldNotHelp,
		fmt.Sprintf("%s would still not be known to be allowed kms:CreateGrant on %s: %s", o.Granter.ARN, f.Facts.Key.ARN, unseen(r)),
		"Look at the statement or condition named; its owner is account " + f.KeyAccount() + "."}
}

// near says what looks like the permission to create the grant and isn't, or
// under which condition it is denied.
func near(misses []access.NearMiss) string {
	var parts []string
	for _, m := range misses {
		parts = append(parts, m.Text)
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, "; ") + ")"
}

// createsGrants is an identity policy that allows the one action.
func createsGrants() *keypolicy.Document {
	d, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:CreateGrant","Resource":"*"}]}`)
	if err != nil {
		panic(err) // the text is constant
	}
	return d
}
