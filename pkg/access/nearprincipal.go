package access

import (
	"slices"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
)

// namesOther says whom a statement names in place of our principal, as a
// near-miss. No operation bears on it, so it is found out once.
func (c *situation) namesOther(s *keypolicy.Statement, known *standing) NearMiss {
	if known.other == nil {
		known.other = &NearMiss{}
		if found := c.missedPrincipal(s); found.reason != "" {
			*known.other = NearMiss{Source: known.name, Reason: found.reason, Text: known.name + " " + c.principalWords(found), Element: c.principalElement(s, found.name)}
		}
	}
	return *known.other
}

// missedPrincipal finds the most telling of the principals that a statement
// names in place of ours.
func (c *situation) missedPrincipal(s *keypolicy.Statement) miss {
	if s.Effect != "Allow" || s.Principal == nil {
		return miss{}
	}
	var all []miss
	for _, name := range s.Principal.AWS {
		all = append(all, miss{c.missedName(name), name})
	}
	for _, name := range s.Principal.Service {
		if name == "autoscaling.amazonaws.com" || name == "ec2.amazonaws.com" {
			all = append(all, miss{ServicePrincipal, name})
		}
	}
	for _, reason := range tellingOrder() {
		if i := slices.IndexFunc(all, func(m miss) bool { return m.reason == reason }); i >= 0 {
			return all[i]
		}
	}
	return miss{}
}

// tellingOrder: what looks most like the right principal comes first.
func tellingOrder() []Reason {
	return []Reason{
		WrongPartition, WrongRolePath, WrongRoleSuffix, OtherSession, WildcardInsidePrincipal, DeadPrincipal,
		ServicePrincipal, OtherServiceLinkedRole, OtherAccount, OtherPrincipal,
	}
}

// missedName says what a principal that isn't ours looks like; "" = nothing
// like it.
func (c *situation) missedName(name string) Reason {
	if keypolicy.IsUniqueID(name) {
		return DeadPrincipal
	}
	if strings.ContainsAny(name, "*?") {
		if glob(name, c.principal.ARN) {
			return WildcardInsidePrincipal
		}
		return OtherPrincipal
	}
	if account, ok := accountOf(name); ok {
		if account == c.facts.Key.account() {
			return "" // of another account's key: its owner's own statement
		}
		return OtherAccount
	}
	mine, _ := arn.Parse(c.principal.ARN)
	theirs, ok := arn.Parse(name)
	switch {
	case !ok:
		return ""
	case theirs.Account != mine.Account:
		return c.missedAccount(theirs, mine)
	case theirs.Partition != mine.Partition && c.isNamed(theirs):
		return WrongPartition
	}
	return missedRole(theirs, mine)
}

// isNamed reports whether an ARN names the principal or its session, but for the
// partition.
func (c *situation) isNamed(theirs arn.ARN) bool {
	session, _ := arn.Parse(c.principal.SessionARN)
	return theirs.Resource == c.mine.Resource || theirs.Resource == session.Resource
}

// missedAccount: a principal of another account only looks like ours where it
// is the same role there, or anyone but the key's own people.
func (c *situation) missedAccount(theirs, mine arn.ARN) Reason {
	if theirs.Account == c.facts.Key.account() && theirs.Resource != mine.Resource {
		return ""
	}
	return OtherAccount
}

// missedRole compares two principals of one account.
func missedRole(theirs, mine arn.ARN) Reason {
	path, name, isRole := roleIn(theirs)
	myPath, myName, _ := roleIn(mine)
	switch {
	case !isRole:
		return missedSession(theirs, myName)
	case name == myName && path != myPath:
		return WrongRolePath
	case path == myPath && strings.HasPrefix(path, "aws-service-role/"):
		return WrongRoleSuffix
	case strings.HasPrefix(path, "aws-service-role/"), strings.HasPrefix(name, "AWSServiceRoleFor"):
		return OtherServiceLinkedRole
	}
	return OtherPrincipal
}

// missedSession compares another's session, user or the like with our role.
func missedSession(theirs arn.ARN, myName string) Reason {
	const autoScaling = "AWSServiceRoleForAutoScaling"
	role, _, isSession := sessionIn(theirs)
	switch {
	case !isSession:
		return OtherPrincipal
	case role == myName:
		return OtherSession
	case strings.HasPrefix(role, autoScaling) && strings.HasPrefix(myName, autoScaling):
		return WrongRoleSuffix
	}
	return OtherPrincipal
}
