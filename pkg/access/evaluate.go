package access

import (
	"slices"

	"keymend/pkg/keypolicy"
)

// Evaluate says for each operation whether the principal may do it on the key.
// It never fails: what isn't known makes an answer Unknown.
//
//	explicit Deny in any policy                            → Denied
//	key in a state or of a kind that can't do it           → Denied
//	own account:    key policy names the principal or "*"  → Allowed
//	                key policy names the account, and its identity policies allow → Allowed
//	other account:  key policy names either, and its identity policies allow → Allowed
//	either:         a grant to it covers the operation     → Allowed
//	else                                                   → Denied
//
// https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
func Evaluate(f Facts, r Request) []Result {
	r.Principal.SessionARN = r.Principal.session()
	base := r.Context.with(r.Principal.context()).with(f.Key.context())
	holds := principalHolds(f.Policy, r.Principal)
	out := make([]Result, 0, len(r.Operations))
	for _, operation := range r.Operations {
		c := &call{
			facts: &f, request: &r, principal: r.Principal, operation: operation, holds: holds,
			ctx: forAction(base, "kms:"+operation),
		}
		out = append(out, c.result())
	}
	return out
}

// principalHolds matches each statement's principals once for all operations.
func principalHolds(d *keypolicy.Document, p Principal) []hold {
	if d == nil {
		return nil
	}
	out := make([]hold, len(d.Statements()))
	for i, s := range d.Statements() {
		out[i] = holdOf(s, p)
	}
	return out
}

// A call is one operation that is being evaluated.
type call struct {
	facts     *Facts
	request   *Request
	principal Principal
	operation string // without "kms:"
	holds     []hold // one for each statement of the key policy
	ctx       operationContext

	matches  []match // one for each statement of the key policy
	grants   []grantMatch
	key      tally
	granted  vote
	identity Judgement
	session  Judgement
	unseen   []string
}

// foreign reports whether the key belongs to another account.
func (c *call) foreign() bool { return c.facts.Key.account() != c.principal.account() }

func (c *call) result() Result {
	r := Result{Operation: c.operation, NearMisses: []NearMiss{}, UnknownKeys: []string{}, CouldNotSee: []string{}, Trace: []string{}}
	if c.managed(&r) {
		return r
	}
	c.readKeyPolicy()
	c.readGrants()
	c.readIdentity()
	c.conclude(&r)
	r.Trace = append(r.Trace, c.trace()...)
	if r.Decision != Allowed {
		r.NearMisses = append(r.NearMisses, c.nearMisses()...)
	}
	r.CouldNotSee = append(append(r.CouldNotSee, c.unseen...), c.facts.CouldNotSee...)
	return r
}

// managed settles AWS managed keys: aws/ebs serves every principal of its own
// account that comes by way of EC2, and nobody else; its policy can't be
// changed, and it can't be shared.
func (c *call) managed(r *Result) bool {
	switch {
	case c.facts.Key.Manager != "AWS":
		return false
	case c.foreign():
		r.Decision, r.Reason, r.Explicit = Denied, ForeignManagedByAWS, true
	case c.facts.Policy != nil:
		return false
	default:
		r.Decision, r.Reason = Allowed, ManagedByAWS
	}
	r.Trace = append(r.Trace, Explain(r.Reason))
	return true
}

func (c *call) query(k kind) query {
	return query{action: "kms:" + c.operation, resource: c.facts.Key.ARN, ctx: c.ctx, kind: k}
}

func (c *call) readKeyPolicy() {
	d := c.facts.Policy
	if d == nil {
		c.unseen = append(c.unseen, unread("the key policy", c.facts.PolicyUnreadable))
		return
	}
	q := c.query(kindKey)
	q.version = d.Version()
	statements := d.Statements()
	c.matches = make([]match, len(statements))
	for i := range statements {
		c.matches[i] = q.match(&statements[i], c.holds[i])
		c.key.count(c.matches[i])
	}
}

func (c *call) readGrants() {
	c.grants = make([]grantMatch, len(c.facts.Grants))
	for i := range c.facts.Grants {
		m := c.matchGrant(&c.facts.Grants[i])
		c.grants[i] = m
		if m.unseen != "" && !slices.Contains(c.unseen, m.unseen) {
			c.unseen = append(c.unseen, m.unseen)
		}
		if m.truth > c.granted.truth {
			c.granted.truth, c.granted.by = m.truth, "grant "+c.facts.Grants[i].ID
		}
		if m.truth == maybe {
			c.granted.keys = append(c.granted.keys, m.keys...)
		}
	}
	if why := c.facts.GrantsUnreadable; why != "" {
		c.granted.truth = or(c.granted.truth, maybe)
		c.unseen = append(c.unseen, unread("the grants", why))
	}
}

// readIdentity: a service-linked role's policy is AWS's, has no KMS action, and
// can't be changed.
func (c *call) readIdentity() {
	action, key := "kms:"+c.operation, c.facts.Key.ARN
	c.session = Judgement{Decision: Allowed}
	if c.request.SessionPolicies != nil {
		c.session = Identity(c.request.SessionPolicies, action, key, c.ctx.Context)
	}
	switch {
	case c.principal.serviceLinked():
		c.identity = Judgement{Decision: Denied}
	case c.principal.root():
		c.identity = Judgement{Decision: Allowed, By: "root"}
	case c.request.IdentityPolicies != nil:
		c.identity = Identity(c.request.IdentityPolicies, action, key, c.ctx.Context)
	}
}

func unread(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}
