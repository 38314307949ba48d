package whatif

import (
	"slices"
	"strings"

	"keymend/pkg/access"
	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
)

// Named returns the roles of an account that a policy names, by their ARNs, each once:
// KMS refuses a policy that names one which isn't there.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
func Named(d *keypolicy.Document, account string) []string {
	var out []string
	for _, s := range d.Statements() {
		for _, p := range []*keypolicy.Principal{s.Principal, s.NotPrincipal} {
			if p == nil {
				continue
			}
			for _, name := range p.AWS {
				if a, ok := arn.Parse(name); ok && a.Service == "iam" && a.Account == account && strings.HasPrefix(a.Resource, "role/") && !slices.Contains(out, name) {
					out = append(out, name)
				}
			}
		}
	}
	return out
}

// Dropped returns the names of Keymend's statements that a policy has and the next one
// doesn't, or for fewer roles.
func Dropped(now, next *keypolicy.Document) []string {
	var out []string
	for _, s := range now.Statements() {
		kept := slices.ContainsFunc(next.Statements(), func(o keypolicy.Statement) bool {
			return o.Sid == s.Sid && keypolicy.Owned(o) && keypolicy.Owned(s) && !slices.ContainsFunc(s.Principal.AWS, func(name string) bool { return !slices.Contains(o.Principal.AWS, name) })
		})
		if keypolicy.Owned(s) && !kept {
			out = append(out, s.Name())
		}
	}
	return out
}

// LocksOut reports whether a policy keeps somebody of the key's account from changing it
// again, whatever their own IAM policies allow. By KMS's safety check the caller of
// PutKeyPolicy has to be able to; the request is taken to come straight from them.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html
func LocksOut(p Policy, who access.Principal) bool {
	values := map[string][]string{
		"kms:bypasspolicylockoutsafetycheck": nil, "kms:viaservice": nil, "aws:viaawsservice": {"false"},
		"aws:principalisawsservice": {"false"}, "aws:requestedregion": {arn.Region(p.Key)}, "aws:securetransport": {"true"},
	}
	all, err := keypolicy.Parse(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}`)
	if err != nil {
		panic(err) // the text is constant
	}
	r := access.Evaluate(access.Facts{Key: access.Key{ARN: p.Key, State: "Enabled", Manager: "CUSTOMER"}, Policy: p.Document}, access.Request{
		Principal: who, Operations: []string{"PutKeyPolicy"}, Context: access.Context{Values: values}, IdentityPolicies: []*keypolicy.Document{all},
	})
	return r[0].Decision == access.Denied
}
