package access

import (
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
	"keymend/pkg/slr"
)

// words says of a statement, after its name, why it misses.
func (c *call) words(m *match, found miss) string {
	switch found.reason {
	case RootDelegates:
		if c.principal.serviceLinked() {
			return "lets IAM policies decide; the service-linked role has none for KMS"
		}
		return "lets IAM policies decide; those of " + c.principal.ARN + " don't allow it"
	case ConditionNotMet:
		return "has a condition that isn't met: " + c.conditionText(m.check)
	case ConditionNotKnown:
		return "has a condition that may not be met: " + c.allConditions(m.statement.Condition)
	case MayBeDenied:
		return strings.TrimSuffix("may deny "+c.it()+": "+c.allConditions(m.statement.Condition), ": ")
	case DeniedUnderCondition:
		return "denies " + c.it() + ", because its condition is met: " + c.allConditions(m.statement.Condition)
	case MissingOperation:
		return c.missingWords(m)
	case NotAPermission:
		return "has kms:ReEncrypt, which is no permission; kms:ReEncrypt* is meant, for kms:ReEncryptFrom and kms:ReEncryptTo"
	case InvalidStatement:
		return `isn't in force: KMS wants Action or NotAction, and Resource "*"`
	case OtherKey:
		return "is about another key: " + found.name
	case CrossAccountNeedsGrant:
		return "opens the key to account " + c.principal.account() + ", but for another account its IAM policies must agree; " + c.lackWords()
	case OrganizationWide:
		return "opens the key to everyone, but to other accounts only where their own IAM policies agree; " + c.lackWords()
	}
	return c.principalWords(found)
}

// it is what is denied, to whom where that isn't the launch's role.
func (c *call) it() string {
	if c.principal.ARN == slr.Instance(c.mine.Partition, c.mine.Account) {
		return "kms:" + c.operation + " to aws:ec2-infrastructure"
	}
	return "it"
}

// missingWords says to whom a statement gives other operations than this one.
func (c *call) missingWords(m *match) string {
	switch {
	case m.hold.itself != no || m.hold.session != no:
		return "names the role, but not kms:" + c.operation
	case m.hold.anyone != no && len(m.statement.Condition) == 0:
		return "opens the key to everyone, but not for kms:" + c.operation
	case m.hold.anyone != no:
		return "opens the key to everyone whom its condition admits, but not for kms:" + c.operation
	}
	return "opens the key to account " + c.principal.account() + ", but not for kms:" + c.operation
}

// lackWords says what a principal of another account lacks.
func (c *situation) lackWords() string {
	if c.principal.serviceLinked() {
		return "the service-linked role has none, so it takes a grant"
	}
	return "those of " + c.principal.ARN + " don't allow it"
}

// principalWords covers the misses that lie in a principal's name.
func (c *situation) principalWords(found miss) string {
	mine, _ := arn.Parse(c.principal.ARN)
	path, name, _ := roleIn(mine)
	switch found.reason {
	case ServicePrincipal:
		return `names the service "` + found.name + `"; launches run as the role, not as the service`
	case WrongRolePath:
		return "names " + found.name + ", without the role's path " + path
	case WrongPartition:
		return "names " + found.name + ", in the partition " + arn.Partition(found.name) + "; this group's role is in " + mine.Partition
	case WrongRoleSuffix:
		return "names " + found.name + "; this group's role is " + name
	case OtherServiceLinkedRole:
		return "names " + found.name + ", another service's role"
	case OtherAccount:
		return "names " + found.name + ", of another account; this group's is " + c.principal.account()
	case DeadPrincipal:
		return "names " + found.name + ", the id of a role or user that was deleted; a role of the same name is another principal"
	case WildcardInsidePrincipal:
		return "names " + found.name + "; a wildcard inside an ARN matches nothing"
	case OtherSession:
		return "names " + found.name + "; the role's session is " + c.principal.SessionARN
	case OtherPrincipal:
		if !c.principal.serviceLinked() {
			return "names " + found.name + ", not " + c.principal.ARN
		}
		return "names " + found.name + "; launches run as the service-linked role"
	}
	text, _ := strings.CutPrefix(Explain(found.reason), "it ")
	return text
}

// conditionText shows the condition beside what the request has.
func (c *call) conditionText(ch check) string {
	if ch.failed == nil {
		return "not known which"
	}
	return c.conditionAndValue(ch.failed)
}

func (c *call) allConditions(cs []keypolicy.Condition) string {
	parts := make([]string, len(cs))
	for i := range cs {
		parts[i] = c.conditionAndValue(&cs[i])
	}
	return strings.Join(parts, "; ")
}

func (c *call) conditionAndValue(condition *keypolicy.Condition) string {
	values, known := c.ctx.lookup(condition.Key)
	has := " (the request doesn't have it)"
	switch {
	case known == present:
		has = " (the request has " + strings.Join(values, ", ") + ")"
	case known == unknown && strings.EqualFold(condition.Key, "aws:SourceIp") && c.principal.serviceLinked():
		has = " (a launch's requests come from AWS's network, not from the account's)"
	case known == unknown:
		has = " (not known)"
	}
	return conditionWords(condition) + has
}

func (c *call) grantText(g *Grant, missed Reason) string {
	who := "grant " + g.ID
	if g.Name != "" {
		who += " (" + g.Name + ")"
	}
	switch missed {
	case GrantLacksOperation:
		return who + " holds " + strings.Join(g.Operations, ", ") + ", which isn't enough for " + c.operation
	case GrantToEarlierRole:
		return who + " is to " + g.GranteePrincipal + ", a role that was deleted; a role of the same name is another principal"
	case GrantFromKeyAccount:
		return who + " was issued by " + g.IssuingAccount + "; it must be issued from account " + c.principal.account()
	}
	return who + ": " + Explain(missed)
}
