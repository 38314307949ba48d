package access

import (
	"slices"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/keypolicy"
)

// A hold is how a statement's Principal takes hold of who asks: each form gives
// something else.
type hold struct {
	account truth // the account as a whole: its IAM policies decide
	anyone  truth // "*"
	itself  truth // the role, user, root or service by name
	session truth // the very session: no session policy narrows it
}

func (h hold) whatever() truth { return or(h.account, h.anyone, h.itself, h.session) }
func (h hold) direct() truth   { return or(h.anyone, h.itself, h.session) }

func (h hold) or(o hold) hold {
	return hold{or(h.account, o.account), or(h.anyone, o.anyone), or(h.itself, o.itself), or(h.session, o.session)}
}

// holdOf matches a statement's Principal or NotPrincipal.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
func holdOf(s *keypolicy.Statement, p Principal) hold {
	switch {
	case s.NotPrincipal != nil && s.Principal != nil:
		return hold{anyone: maybe} // not valid: no telling what it does
	case s.NotPrincipal != nil:
		return hold{anyone: holdNot(s, p)}
	case s.Principal != nil && p.Service != "":
		return hold{itself: truthOf(slices.Contains(s.Principal.Service, p.Service)), anyone: truthOf(s.Principal.Any())}
	case s.Principal != nil:
		return holdNames(s.Principal.AWS, p)
	}
	return hold{}
}

func holdNames(names []string, p Principal) hold {
	var h hold
	for _, name := range names {
		h = h.or(holdName(name, p))
	}
	return h
}

// holdName matches one name under Principal.AWS. A wildcard inside an ARN
// matches nothing.
func holdName(name string, p Principal) hold {
	switch {
	case name == "":
		return hold{}
	case name == "*":
		return hold{anyone: yes}
	case name == p.ARN, name == p.ID:
		return hold{itself: yes}
	}
	if account, ok := accountOf(name); ok {
		mine := truthOf(account == p.account())
		return hold{account: mine, itself: and(mine, truthOf(p.root()))}
	}
	return hold{session: holdSession(name, p)}
}

// root reports whether the principal is an account's root user, which no
// identity policy binds.
func (p Principal) root() bool { return strings.HasSuffix(p.ARN, ":root") }

// holdSession matches an assumed-role session's ARN. Where the session's name
// isn't known, one of the right role may be it.
func holdSession(name string, p Principal) truth {
	a, ok := arn.Parse(name)
	role, _, isSession := sessionIn(a)
	if !ok || !isSession || a.Account != p.account() {
		return no
	}
	if mine := p.session(); mine != "" {
		return truthOf(name == mine)
	}
	own, _ := arn.Parse(p.ARN)
	if _, roleName, ok := roleIn(own); ok && roleName == role {
		return maybe
	}
	return no
}

// holdNot matches NotPrincipal: everyone but those named. To leave a role out
// for certain, AWS wants the account, the role and its session named; where
// only some are, what happens isn't settled.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
func holdNot(s *keypolicy.Statement, p Principal) truth {
	if p.Service != "" {
		return truthOf(!slices.Contains(s.NotPrincipal.Service, p.Service))
	}
	h := holdNames(s.NotPrincipal.AWS, p)
	isRole := strings.Contains(p.ARN, ":role/")
	switch {
	case h.whatever() == no:
		return yes
	case h.anyone == yes, s.Effect == "Allow" && h.itself == yes:
		return no
	case and(h.account, h.itself) == yes && (h.session == yes || !isRole):
		return no
	case s.Effect == "Deny" && h.itself == no && h.session == no: // the account alone leaves nobody in it out
		return yes
	}
	return maybe
}
