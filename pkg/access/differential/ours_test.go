package differential_test

import (
	"fmt"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
)

// ours asks Keymend's evaluator.
func (q question) ours() access.Result {
	r := access.Request{
		Principal:        q.principal,
		Operations:       q.launch(),
		Context:          access.Context{Values: q.context, Complete: true},
		IdentityPolicies: []*keypolicy.Document{},
	}
	for _, p := range q.identity {
		r.IdentityPolicies = append(r.IdentityPolicies, parse(p))
	}
	if q.session != nil {
		r.SessionPolicies = []*keypolicy.Document{parse(*q.session)}
	}
	return access.Evaluate(access.Facts{Key: q.key, Policy: parse(q.policy), Grants: q.grants}, r)[0]
}

func parse(p policy) *keypolicy.Document {
	d, err := keypolicy.Parse(p.String())
	if err != nil {
		panic(fmt.Sprintf("%v: %s", err, p)) // the generator's fault
	}
	return d
}
