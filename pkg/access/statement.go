package access

import (
	"slices"
	"strings"

	"keymend/pkg/keypolicy"
)

// A part of a statement that can fail to match.
type part uint8

const (
	partNone part = iota // the statement matches
	partValid
	partPrincipal
	partAction
	partResource
	partCondition
)

// A match is what one statement says about one request.
type match struct {
	statement *keypolicy.Statement
	hold      hold  // only in resource policies
	rest      truth // everything but the principal
	failed    part  // the first part that doesn't match
	check     check
}

// A kind of policy: what its statements must have to be in force.
type kind uint8

const (
	kindIdentity kind = iota // Resource needed, no Principal
	kindResource             // Resource only if there is one (trust policies have none)
	kindKey                  // Resource must be "*"
)

// A query is one action on one resource, with its context.
type query struct {
	action, resource string
	ctx              looker
	kind             kind
	version          string // of the policy being read
}

// match holds a statement against the query.
func (q query) match(s *keypolicy.Statement, h hold) match {
	m := match{statement: s, hold: h, rest: no}
	resource := q.matchResource(s)
	switch {
	case s.Effect != "Allow" && s.Effect != "Deny", s.Action == nil && s.NotAction == nil:
		m.failed = partValid
	case !q.matchAction(s):
		m.failed = partAction
	case resource == no && q.kind == kindKey:
		m.failed = partValid
	case resource == no:
		m.failed = partResource
	case h.whatever() == no:
		m.failed = partPrincipal
	default:
		q.matchCondition(&m, resource)
	}
	return m
}

func (q query) matchCondition(m *match, resource truth) {
	s := m.statement
	m.check = checkConditions(s.Condition, q.version, q.ctx)
	m.rest = and(m.check.truth, resource)
	if len(s.Unknown) > 0 || s.Action != nil && s.NotAction != nil {
		m.rest = and(m.rest, maybe) // what it says isn't all understood
	}
	if m.rest == no {
		m.failed = partCondition
	}
}

// matchAction: names are compared without regard to case, with wildcards.
func (q query) matchAction(s *keypolicy.Statement) bool {
	if s.Action != nil {
		return anyGlobFold(s.Action, q.action)
	}
	return !anyGlobFold(s.NotAction, q.action)
}

func (q query) matchResource(s *keypolicy.Statement) truth {
	switch {
	case q.kind == kindKey:
		// "The only accepted Resource element value in a KMS key policy is *.
		// The existing invalid statements will fail to implement the
		// authorization controls." (AWS notice for 2025-08-18)
		return or(truthOf(slices.Contains(s.Resource, "*")), q.foreignDeny(s))
	case s.Resource != nil && s.NotResource != nil:
		return maybe
	case s.Resource != nil:
		return q.resourceIn(s.Resource)
	case s.NotResource != nil:
		return q.resourceIn(s.NotResource).not()
	}
	return truthOf(q.kind == kindResource)
}

// foreignDeny: a Deny whose Resource names this key is as little in force, but
// Allowed must not rest on that.
func (q query) foreignDeny(s *keypolicy.Statement) truth {
	if s.Effect != "Deny" || s.Resource == nil && s.NotResource == nil {
		return no
	}
	named := q.resourceIn(s.Resource)
	if s.NotResource != nil {
		named = q.resourceIn(s.NotResource).not()
	}
	return and(maybe, named)
}

func (q query) resourceIn(patterns []string) truth {
	out := no
	for _, p := range patterns {
		out = or(out, q.resourceLike(p))
	}
	return out
}

func (q query) resourceLike(pattern string) truth {
	if q.version == "2012-10-17" && strings.Contains(pattern, "${") {
		if !onlyInResource(pattern) {
			return maybe
		}
		expanded, state := expand(pattern, q.ctx, func(string) {})
		switch state {
		case absent:
			return no
		case unknown:
			return maybe
		case present:
		}
		return compareLike(expanded, q.resource)
	}
	return truthOf(glob(pattern, q.resource))
}

// onlyInResource: variables have their place after an ARN's fifth colon. "You
// can't use a variable to replace parts of the ARN before the fifth colon, such
// as the service or account."
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html#policy-vars-wheretouse
func onlyInResource(pattern string) bool {
	const colons = 5
	before, _, _ := strings.Cut(pattern, "${")
	return strings.Count(before, ":") >= colons
}
