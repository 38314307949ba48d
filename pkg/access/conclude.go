package access

import (
	"slices"
	"strings"

	"keymend/pkg/keypolicy"
)

// answer is what the evaluation rests on, as truths.
type answer struct {
	byKey, byAccount, byGrant truth // each way to be allowed, narrowed by session policy and boundary
	within                    truth // what service control policies let through
	denied                    truth
	usable                    truth
	usability                 Reason
}

// weigh applies the rules at the head of Evaluate.
func (c *call) weigh() answer {
	direct, inSession, account := c.key.allowed.truth, c.key.session.truth, c.key.delegated.truth
	deniedByKey := c.key.denied.truth
	if c.facts.Policy == nil {
		direct, account, deniedByKey = maybe, maybe, maybe
	}
	identity, narrowed := c.identity.truth(), and(c.walls.session.truth(), c.walls.boundary.truth())
	var a answer
	if c.foreign() {
		a.byKey = and(direct, identity, narrowed)
	} else {
		a.byKey = or(and(direct, narrowed), inSession)
	}
	a.byAccount = and(account, identity, narrowed)
	a.byGrant = and(c.granted.truth, narrowed)
	a.within = c.walls.control.truth()
	a.denied = or(deniedByKey, c.identity.deny.truth, c.walls.denied())
	a.usable, a.usability = usability(c.facts.Key, c.operation)
	return a
}

func (a answer) allowed() truth { return or(a.byKey, a.byAccount, a.byGrant) }

// truth reads a judgement back as "does it allow?".
func (j Judgement) truth() truth {
	switch j.Decision {
	case Allowed:
		return yes
	case Denied:
		return no
	}
	return maybe
}

// conclude fills in decision, reason and what decided.
func (c *call) conclude(r *Result) {
	a := c.weigh()
	t := and(a.allowed(), a.within, a.denied.not(), a.usable)
	r.Decision = t.decision()
	switch t {
	case yes:
		c.concludeAllowed(r, a)
	case no:
		c.concludeDenied(r, a)
	case maybe:
		c.concludeUnknown(r, a)
	}
}

func (c *call) concludeAllowed(r *Result, a answer) {
	switch {
	case a.byKey == yes:
		r.Reason, r.DecidedBy = allowedBy(c.key.allowed.from), c.key.allowed.by
	case a.byAccount == yes:
		r.Reason, r.DecidedBy = AllowedByIdentity, c.identity.By
	default:
		r.Reason, r.DecidedBy = AllowedByGrant, c.granted.by
	}
	if c.facts.Key.Manager == "AWS" {
		r.Reason = ManagedByAWS
	}
}

// allowedBy tells the ways of a statement to allow apart.
func allowedBy(s *keypolicy.Statement) Reason {
	if s == nil || s.Principal == nil || !s.Principal.Any() {
		return AllowedByStatement
	}
	on := func(key string) bool {
		return slices.ContainsFunc(s.Condition, func(c keypolicy.Condition) bool { return strings.EqualFold(c.Key, key) })
	}
	switch {
	case on("aws:PrincipalArn"):
		return AllowedByPrincipalARN
	case on("kms:ViaService"):
		return AllowedThroughService
	}
	return AllowedByStatement
}

func (c *call) concludeDenied(r *Result, a answer) {
	r.Reason = NoMatch
	switch {
	case a.usable == no:
		r.Reason, r.Explicit = a.usability, true
	case c.key.denied.truth == yes:
		r.Reason, r.DecidedBy, r.Explicit, r.Element = DeniedByStatement, c.key.denied.by, true, c.denyElement(c.key.denied.from)
	case c.identity.Explicit:
		r.Reason, r.DecidedBy, r.Explicit = DeniedByIdentity, c.identity.By, true
	default:
		if wall, by := c.walls.refusal(); wall != "" {
			r.Reason, r.DecidedBy, r.Explicit = wall, by, by != ""
		}
	}
}

func (c *call) concludeUnknown(r *Result, a answer) {
	votes := append(c.walls.votes(), c.key.denied, c.identity.deny)
	if c.foreign() || c.key.delegated.truth != no {
		votes = append(votes, vote{truth: maybe, keys: c.identity.UnknownKeys})
	}
	if a.allowed() != yes {
		votes = append(votes, c.key.allowed, c.key.delegated, c.granted)
	}
	r.UnknownKeys = append(r.UnknownKeys, keysOf(votes...)...)
	switch {
	case c.facts.Policy == nil:
		r.Reason = PolicyUnreadable
	case c.key.denied.truth == maybe: // no statement or grant outweighs it
		r.Reason, r.DecidedBy = MayBeDenied, c.key.denied.by
	case len(r.UnknownKeys) > 0:
		r.Reason = ConditionNotKnown
	case a.allowed() != yes && c.facts.GrantsUnreadable != "":
		r.Reason = GrantsUnreadable
	case a.allowed() != yes && c.identityUnknown():
		r.Reason = IdentityNotKnown
		r.CouldNotSee = append(r.CouldNotSee, "the identity policies of "+c.principal.ARN)
	case a.usable == maybe:
		r.Reason = a.usability
		r.CouldNotSee = append(r.CouldNotSee, "the state of the key")
	default:
		r.Reason = StatementNotKnown
	}
}

// identityUnknown: the principal's own policies matter and weren't given.
func (c *call) identityUnknown() bool {
	return c.request.IdentityPolicies == nil && !c.principal.serviceLinked() && !c.principal.root()
}
