package access

import (
	"slices"

	"keymend/pkg/arn"
	"keymend/pkg/slr"
)

// InstanceDecrypts says whether an instance may decrypt its volumes: EC2 does that as
// the instance's identity-only role, under a grant that the launch makes. So only a
// Deny can forbid it, and a service control or resource control policy, which can't be
// seen from here. role is the ARN that slr.Instance returns; tags are the key's, as
// condition keys.
//
//	a Deny that applies, whatever isn't known → Denied, denied-by-statement
//	a Deny that may apply                     → Unknown, may-be-denied
//
// "If an SCP or KMS key denies the identity-only role access to a KMS key, you may fail
// to launch EC2 instances with encrypted volumes."
// https://docs.aws.amazon.com/ebs/latest/userguide/ebs-encryption-requirements.html
func InstanceDecrypts(f Facts, role string, tags map[string][]string) Result {
	p := Principal{ARN: role}
	f.Grants, f.GrantsUnreadable = []Grant{{GranteePrincipal: role, IssuingAccount: p.account(), Operations: []string{"Decrypt"}}}, ""
	evaluate := func(spelling string) Result {
		context := instanceContext(spelling, f.Key.ARN).with(tags)
		r := Evaluate(f, Request{Principal: p, Operations: []string{"Decrypt"}, Context: context})[0]
		r.NearMisses = slices.DeleteFunc(r.NearMisses, func(m NearMiss) bool { return !m.Reason.Denies() })
		return r
	}
	one, other := evaluate(role), evaluate(slr.InstanceSession(role))
	switch {
	case one.Decision == other.Decision:
		return one
	case one.Decision == Allowed:
		one = other
	}
	one.Decision, one.Explicit, one.Reason = Unknown, false, MayBeDenied
	return one
}

// instanceContext is what is known of such a request. It doesn't come from the
// account's network. Whether it carries kms:ViaService isn't settled: see
// docs/unknowns.md.
func instanceContext(principal, keyARN string) Context {
	return Context{Values: map[string][]string{
		"aws:principalarn":          {principal},
		"kms:encryptioncontextkeys": {"aws:ebs:id"},
		"aws:requestedregion":       {arn.Region(keyARN)},
		"aws:securetransport":       {"true"},
		"aws:username":              nil,
		"aws:federatedprovider":     nil,
		"aws:sourceip":              nil,
		"aws:sourcevpc":             nil,
		"aws:sourcevpce":            nil,
		"aws:vpcsourceip":           nil,
	}}
}
