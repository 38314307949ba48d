package differential_test

import (
	"testing"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
)

// ours asks Keymend's evaluator.
func (q question) ours(t *testing.T) access.Result {
	t.Helper()
	r := access.Request{
		Principal:        q.principal,
		Operations:       q.launch(),
		Context:          access.Context{Values: q.context, Complete: true},
		IdentityPolicies: []*keypolicy.Document{},
	}
	for _, p := range q.identity {
		r.IdentityPolicies = append(r.IdentityPolicies, parse(t, p))
	}
	if q.session != nil {
		r.SessionPolicies = []*keypolicy.Document{parse(t, *q.session)}
	}
	return access.Evaluate(access.Facts{Key: q.key, Policy: parse(t, q.policy), Grants: q.grants}, r)[0]
}

func parse(t *testing.T, p policy) *keypolicy.Document {
	t.Helper()
	d, err := keypolicy.Parse(p.String())
	if err != nil {
		t.Fatalf("%v: %s", err, p)
	}
	return d
}
