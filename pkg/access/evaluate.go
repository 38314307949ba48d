package access

import (
	"slices"
)

// Evaluate says for each operation whether the principal may do it on the key.
// It never fails: what isn't known makes an answer Unknown.
//
//	explicit Deny in any policy                            → Denied
//	a wall around the principal or the key doesn't let it through → Denied
//	key in a state or of a kind that can't do it           → Denied
//	own account:    key policy names the principal or "*"  → Allowed
//	                key policy names the account, and its identity policies allow → Allowed
//	other account:  key policy names either, and its identity policies allow → Allowed
//	either:         a grant to it covers the operation     → Allowed
//	else                                                   → Denied
//
// https://docs.aws.amazon.com/kms/latest/developerguide/policy-evaluation.html
func Evaluate(f Facts, r Request) []Result {
	s := survey(&f, &r)
	base := r.Context.with(r.Principal.context(), f.Key.context())
	out := make([]Result, 0, len(r.Operations))
	for _, operation := range r.Operations {
		action := "kms:" + operation
		c := &call{situation: s, operation: operation, action: action, ctx: forAction(base, action)}
		out = append(out, c.result())
	}
	return out
}

// A call is one operation that is being evaluated.
type call struct {
	*situation
	operation string // without "kms:"
	action    string // with it
	ctx       operationContext

	matches  []match      // one for each statement of the key policy
	grants   []grantMatch // one for each of the situation's
	key      tally
	granted  vote
	identity Judgement
	walls    held
	unseen   []string
}

func (c *call) result() Result {
	r := Result{Operation: c.operation, NearMisses: []NearMiss{}, UnknownKeys: []string{}, CouldNotSee: []string{}, Trace: []string{}}
	if !c.managed(&r) {
		c.read(&r)
	}
	r.CouldNotSee = append(append(r.CouldNotSee, c.unseen...), c.facts.CouldNotSee...)
	if c.principal.ARN != "" && !c.principal.serviceLinked() && !c.request.known() {
		r.CouldNotSee = append(r.CouldNotSee, "organization policies and a permissions boundary, which may keep "+c.principal.ARN+" from what is allowed here")
	}
	return r
}

func (c *call) read(r *Result) {
	c.readKeyPolicy()
	c.readGrants()
	c.readIdentity()
	c.conclude(r)
	r.Trace = append(r.Trace, c.trace()...)
	if r.Decision != Allowed {
		r.NearMisses = append(r.NearMisses, c.nearMisses()...)
	}
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
	return query{action: c.action, resource: c.facts.Key.ARN, ctx: c.ctx, kind: k}
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
		c.matches[i] = q.match(&statements[i], c.statements[i].hold)
		c.key.count(c.matches[i])
	}
}

func (c *call) readGrants() {
	c.grants = make([]grantMatch, len(c.concerned))
	for i, g := range c.concerned {
		m := c.matchGrant(g)
		c.grants[i] = m
		if m.unseen != "" && !slices.Contains(c.unseen, m.unseen) {
			c.unseen = append(c.unseen, m.unseen)
		}
		if m.truth > c.granted.truth {
			c.granted.truth, c.granted.by = m.truth, "grant "+g.grant.ID
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
	action, key := c.action, c.facts.Key.ARN
	c.walls = c.around().judge(action, key, c.ctx.Context)
	switch {
	case c.principal.serviceLinked():
		c.identity = Judgement{Decision: Denied}
	case c.principal.root():
		c.identity = Judgement{Decision: Allowed, By: "root"}
	case c.request.IdentityPolicies != nil:
		c.identity = Identity(c.request.IdentityPolicies, action, key, c.ctx.Context)
	}
}

// around returns the walls that bind this principal and key. They don't bind
// service-linked roles, nor AWS managed keys.
func (c *call) around() Walls {
	w := c.request.Walls
	if c.principal.serviceLinked() {
		w = Walls{SessionPolicies: w.SessionPolicies}
	}
	if c.facts.Key.Manager == "AWS" {
		w.ResourceControl = nil
	}
	return w
}

// known reports whether all walls were given that can bind a role.
func (w Walls) known() bool {
	return w.Boundary != nil && w.ServiceControl != nil && w.ResourceControl != nil
}

func unread(what, why string) string {
	if why == "" {
		return what
	}
	return what + ": " + why
}
