package access

import (
	"slices"
	"strings"

	"keymend/pkg/keypolicy"
	"keymend/pkg/slr"
)

// A miss is why something that looks like access isn't.
type miss struct {
	reason Reason
	name   string // the principal or resource that is wrong; "" = it isn't that
}

// nearMisses names what looks like access to this operation and isn't.
func (c *call) nearMisses() []NearMiss {
	var out []NearMiss
	for i := range c.matches {
		m, s := &c.matches[i], &c.statements[i]
		if m.failed == partPrincipal {
			if miss := c.namesOther(m.statement, s); miss.Reason != "" {
				out = append(out, miss)
			}
			continue
		}
		if found := c.missedBy(m); found.reason != "" {
			out = append(out, NearMiss{Source: s.name, Reason: found.reason, Text: s.name + " " + c.words(m, found), Element: c.elementOf(m, found)})
		}
	}
	for i, m := range c.grants {
		if m.missed != "" {
			g := c.concerned[i].grant
			out = append(out, NearMiss{Source: "grant " + g.ID, Reason: m.missed, Text: c.grantText(g, m.missed)})
		}
	}
	if c.facts.Key.MultiRegionType == "REPLICA" {
		out = append(out, NearMiss{Source: c.facts.Key.ARN, Reason: ReplicaKey, Text: Explain(ReplicaKey)})
	}
	return out
}

// missedBy says why a statement that looks like access isn't. No reason: it
// doesn't look like it, or it may be.
func (c *call) missedBy(m *match) miss {
	s := m.statement
	if s.Effect == "Deny" {
		return missedByDeny(m)
	}
	switch m.failed {
	case partValid:
		return c.missedInvalid(s, m.hold)
	case partAction:
		return c.missedAction(s, m.hold)
	case partCondition:
		return c.missedCondition(m)
	case partNone, partResource, partPrincipal:
	}
	if len(m.check.keys) > 0 && m.rest == maybe && c.speaksFor(m.hold) {
		return miss{reason: ConditionNotKnown}
	}
	return c.missedThough(m)
}

// missedByDeny names the denials that look as if they were about others.
func missedByDeny(m *match) miss {
	denies := and(m.rest, m.hold.whatever())
	switch {
	case m.statement.NotPrincipal != nil && denies == maybe:
		return miss{reason: NotPrincipalNeedsMore}
	case len(m.statement.Condition) > 0 && denies == yes:
		return miss{reason: DeniedUnderCondition}
	case denies == maybe:
		return miss{reason: MayBeDenied}
	}
	return miss{}
}

// missedThough: the statement matches, and still gives nothing.
func (c *call) missedThough(m *match) miss {
	switch {
	case c.identity.Decision != Denied:
		return miss{}
	case m.hold.direct() == no && !c.foreign():
		return miss{reason: RootDelegates}
	case !c.foreign():
		return miss{}
	case m.hold.anyone != no && m.hold.itself == no && m.hold.session == no:
		return miss{reason: OrganizationWide}
	}
	return miss{reason: CrossAccountNeedsGrant}
}

func (c *call) missedInvalid(s *keypolicy.Statement, h hold) miss {
	if h.direct() == no {
		return miss{}
	}
	for _, r := range s.Resource {
		if strings.Contains(r, ":key/") && !glob(r, c.facts.Key.ARN) {
			return miss{OtherKey, r}
		}
	}
	return miss{reason: InvalidStatement}
}

// missedAction: a statement for the principal, or for everyone, that gives other
// operations of the same request, while none gives this one. Who creates a grant on
// another account's key may be named by that account, and gets by without it: AWS's
// sample that shares a key with an organization gives the use of the key and lacks
// CreateGrant.
// https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html
func (c *call) missedAction(s *keypolicy.Statement, h hold) miss {
	if !c.wouldGive(s, h) || c.givenElsewhere() {
		return miss{}
	}
	operations := c.request.Operations
	if c.grantsAcross() {
		operations = slr.Operations()
	}
	if c.isReEncrypt() && slices.ContainsFunc(s.Action, func(a string) bool { return strings.EqualFold(a, "kms:ReEncrypt") }) {
		return miss{reason: NotAPermission}
	}
	if slices.ContainsFunc(operations, func(op string) bool { return anyGlobFold(s.Action, "kms:"+op) }) {
		return miss{reason: MissingOperation}
	}
	return miss{}
}

// isReEncrypt: the call ReEncrypt is authorised as ReEncryptFrom on the one key and
// as ReEncryptTo on the other.
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ReEncrypt.html
func (c *call) isReEncrypt() bool {
	return strings.EqualFold(c.operation, "ReEncryptFrom") || strings.EqualFold(c.operation, "ReEncryptTo")
}

// wouldGive reports whether a statement may give the principal the operation, if
// only it named it.
func (c *call) wouldGive(s *keypolicy.Statement, h hold) bool {
	switch {
	case h.itself != no, h.session != no:
		return true
	case c.grantsAcross():
		return h.whatever() != no
	case c.foreign() || h.anyone == no:
		return false
	}
	return checkConditions(s.Condition, c.facts.Policy.Version(), c.ctx).truth != no
}

// givenElsewhere reports whether a grant, or a statement for the principal, is about
// the operation: if that gives nothing, it is the near-miss.
func (c *call) givenElsewhere() bool {
	return c.granted.truth != no || slices.ContainsFunc(c.matches, func(m match) bool {
		about := m.failed == partNone || m.failed == partCondition
		return about && m.statement.Effect == "Allow" && c.speaksFor(m.hold)
	})
}

// speaksFor reports whether a statement gives the principal what it is about, as far
// as that hangs on whom it names.
func (c *call) speaksFor(h hold) bool {
	return h.direct() != no && !(c.foreign() && c.principal.serviceLinked()) || c.grantsAcross() && h.account != no
}

// grantsAcross reports whether somebody who has policies of his own creates a
// grant on another account's key.
func (c *call) grantsAcross() bool {
	return c.foreign() && !c.principal.serviceLinked() && strings.EqualFold(c.operation, "CreateGrant")
}

func (c *call) missedCondition(m *match) miss {
	switch {
	case m.hold.direct() == no && !c.foreign() && c.identity.Decision == Denied:
		return miss{} // names the account, and IAM policies don't allow it
	case m.check.failed == nil || !strings.EqualFold(m.check.failed.Key, "kms:GrantIsForAWSResource"):
		return miss{reason: ConditionNotMet}
	case strings.EqualFold(c.operation, "CreateGrant"):
		return miss{reason: GrantConditionOnDirect}
	}
	return miss{reason: GrantConditionOnUse}
}
