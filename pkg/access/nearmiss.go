package access

import (
	"slices"
	"strings"

	"keymend/pkg/keypolicy"
)

// nearMisses names what looks like access to this operation and isn't.
func (c *call) nearMisses() []NearMiss {
	var out []NearMiss
	for i := range c.matches {
		if reason := c.missedBy(&c.matches[i]); reason != "" {
			out = append(out, c.nearMiss(&c.matches[i], reason))
		}
	}
	for i, m := range c.grants {
		if m.missed != "" && m.missed != GrantToOther {
			id := "grant " + c.facts.Grants[i].ID
			out = append(out, NearMiss{id, m.missed, id + ": " + Explain(m.missed)})
		}
	}
	if c.facts.Key.MultiRegionType == "REPLICA" {
		out = append(out, NearMiss{c.facts.Key.ARN, ReplicaKey, Explain(ReplicaKey)})
	}
	return out
}

// missedBy says why a statement that looks like access isn't; "" = it doesn't
// look like it, or it may be.
func (c *call) missedBy(m *match) Reason {
	s := m.statement
	if s.Effect == "Deny" {
		if s.NotPrincipal != nil && and(m.rest, m.hold.whatever()) == maybe {
			return NotPrincipalNeedsMore
		}
		return ""
	}
	switch m.failed {
	case partValid:
		return c.missedInvalid(s, m.hold)
	case partAction:
		return c.missedAction(s, m.hold)
	case partPrincipal:
		return c.missedPrincipal(s)
	case partCondition:
		return c.missedCondition(m)
	case partNone, partResource:
	}
	return c.missedThough(m)
}

// missedThough: the statement matches, and still gives nothing.
func (c *call) missedThough(m *match) Reason {
	switch {
	case m.hold.direct() == no && !c.foreign():
		if c.identity.Decision == Allowed {
			return ""
		}
		return RootDelegates
	case !c.foreign() || c.identity.Decision == Allowed:
		return ""
	case m.hold.anyone != no && m.hold.itself == no && m.hold.session == no:
		return OrganizationWide
	}
	return CrossAccountNeedsGrant
}

func (c *call) missedInvalid(s *keypolicy.Statement, h hold) Reason {
	if h.direct() == no {
		return ""
	}
	for _, r := range s.Resource {
		if strings.Contains(r, ":key/") && !glob(r, c.facts.Key.ARN) {
			return OtherKey
		}
	}
	return InvalidStatement
}

// missedAction: a statement for the principal that gives other operations of
// the same request.
func (c *call) missedAction(s *keypolicy.Statement, h hold) Reason {
	if h.itself == no && h.session == no {
		return ""
	}
	for _, op := range c.request.Operations {
		if anyGlobFold(s.Action, "kms:"+op) {
			return MissingOperation
		}
	}
	return ""
}

func (c *call) missedCondition(m *match) Reason {
	if m.hold.direct() == no {
		return "" // names the account, and not even that
	}
	if m.check.failed != nil && strings.EqualFold(m.check.failed.Key, "kms:GrantIsForAWSResource") {
		if strings.EqualFold(c.operation, "CreateGrant") {
			return GrantConditionOnDirect
		}
		return GrantConditionOnUse
	}
	return ConditionNotMet
}

// missedPrincipal finds the most telling of the principals named.
func (c *call) missedPrincipal(s *keypolicy.Statement) Reason {
	if s.Principal == nil {
		return ""
	}
	found := map[Reason]bool{}
	for _, name := range s.Principal.AWS {
		found[c.missedName(name)] = true
	}
	for _, service := range s.Principal.Service {
		if service == "autoscaling.amazonaws.com" || service == "ec2.amazonaws.com" {
			found[ServicePrincipal] = true
		}
	}
	order := []Reason{
		WrongRolePath, WrongRoleSuffix, WildcardInsidePrincipal, DeadPrincipal,
		ServicePrincipal, OtherServiceLinkedRole, OtherAccount, OtherPrincipal,
	}
	i := slices.IndexFunc(order, func(r Reason) bool { return found[r] })
	if i < 0 {
		return ""
	}
	return order[i]
}

// missedName says what a principal that isn't ours looks like.
func (c *call) missedName(name string) Reason {
	mine, _ := parseARN(c.principal.ARN)
	a, ok := parseARN(name)
	switch {
	case keypolicy.IsUniqueID(name):
		return DeadPrincipal
	case strings.ContainsAny(name, "*?"):
		if glob(name, c.principal.ARN) {
			return WildcardInsidePrincipal
		}
		return OtherPrincipal
	case !ok:
		return OtherAccount // an account id
	case a.account != mine.account:
		return OtherAccount
	}
	return missedRole(a, mine)
}

// missedRole compares two principals of one account.
func missedRole(a, mine arn) Reason {
	path, name, isRole := a.role()
	myPath, myName, _ := mine.role()
	switch {
	case !isRole:
		return OtherPrincipal
	case name == myName && path != myPath:
		return WrongRolePath
	case path == myPath && strings.HasPrefix(path, "aws-service-role/"):
		return WrongRoleSuffix
	case strings.HasPrefix(path, "aws-service-role/"), strings.HasPrefix(name, "AWSServiceRoleFor"):
		return OtherServiceLinkedRole
	}
	return OtherPrincipal
}
