package plan

import (
	"fmt"
	"maps"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/slr"
)

// may evaluates whether somebody may do operations on a key, by that key's facts. Their own
// identity policies allow them (pkg/permission, or a person's). Values are what is known of
// the request, beside what is the same for all.
func (f Finding) may(who access.Principal, facts access.Facts, values map[string][]string, operations ...string) []access.Result {
	known := map[string][]string{"aws:principalisawsservice": {"false"}, "aws:requestedregion": {f.Region}, "aws:securetransport": {"true"}}
	maps.Copy(known, values)
	return access.Evaluate(facts, access.Request{
		Principal: who, Operations: operations, Context: access.Context{Values: known}, IdentityPolicies: []*keypolicy.Document{
			constant(`{"Effect":"Allow","Action":"kms:*","Resource":"*"}`),
		},
	})
}

// granterMay evaluates whether the granter may create the grant: by a request that is made
// directly, without constraints.
func (f Finding) granterMay(facts access.Facts, o Options) access.Result {
	if o.Granter.ARN == "" {
		return access.Result{}
	}
	values := map[string][]string{
		"kms:granteeprincipal": {f.Principal.ARN}, "kms:grantoperations": slr.Operations(), "kms:grantisforawsresource": {"false"},
		"kms:grantconstrainttype": nil, "kms:grantconstraintsourcearn": nil, "kms:encryptioncontextkeys": nil,
		"kms:granteeserviceprincipal": nil, "kms:retiringserviceprincipal": nil, "kms:retiringprincipal": nil,
		"kms:viaservice": nil, "aws:viaawsservice": {"false"}, "aws:calledvia": nil, "aws:calledviafirst": nil, "aws:calledvialast": nil,
		"aws:principalservicename": nil, "aws:principalservicenameslist": nil,
	}
	if o.RetiringRole != "" {
		values["kms:retiringprincipal"] = []string{o.RetiringRole}
	}
	if strings.Contains(o.Granter.ARN, ":role/") {
		values["aws:principaltype"] = []string{"AssumedRole"}
	}
	f.addTags(values)
	return f.may(o.Granter, facts, values, "CreateGrant")[0]
}

// writerMay evaluates whether the writer may write the key's policy.
func (f Finding) writerMay(o Options) access.Result {
	values := map[string][]string{"kms:bypasspolicylockoutsafetycheck": nil, "kms:viaservice": nil, "aws:viaawsservice": {"false"}}
	f.addTags(values)
	return f.may(o.Writer, f.Facts, values, "PutKeyPolicy")[0]
}

// mayCopy evaluates whether the copier may do the operations on a key by way of EBS, and
// says which one the key's facts are known to deny; "" = none.
func (f Finding) mayCopy(o Options, facts access.Facts, operations ...string) string {
	if o.Copier.ARN == "" || facts.Policy == nil {
		return ""
	}
	values := map[string][]string{"kms:viaservice": {"ec2." + f.Region + ".amazonaws.com"}, "kms:grantisforawsresource": {"true"}}
	for _, r := range f.may(o.Copier, facts, values, operations...) {
		if r.Decision == access.Denied {
			return fmt.Sprintf("kms:%s is denied: %s%s.", r.Operation, strings.TrimSpace(string(r.Reason)+" "+r.DecidedBy), near(r.NearMisses))
		}
	}
	return ""
}

// near says what looks like the permission and isn't, or under which condition it is
// denied.
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

// constant is a policy of these statements, which are constants.
func constant(statements string) *keypolicy.Document {
	d, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)
	if err != nil {
		panic(err)
	}
	return d
}

// noStatements is a policy that says nothing.
func noStatements() *keypolicy.Document { return constant("") }
