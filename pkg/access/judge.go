package access

import (
	"strings"

	"keymend/pkg/keypolicy"
)

// A Judgement is what policies say about one action on one resource.
type Judgement struct {
	Decision    Decision
	Explicit    bool     // a Deny statement decided
	By          string   // name of the deciding statement; "" = none matches
	UnknownKeys []string // condition keys whose values decide
	// Delegated: a resource policy names the principal's account, so that the
	// principal's own IAM policies decide. The Decision leaves it out.
	Delegated bool
	// Wall says which of the Walls refuses what identity policies allow: DeniedBySession,
	// BoundaryTooNarrow, …; "" = none does.
	Wall Reason

	deny vote // the Deny statements alone
}

// Identity says what identity or session policies allow. No policies allow
// nothing. Each statement's Principal, which such policies don't have, is
// disregarded. It serves for any service's actions.
//
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
func Identity(policies []*keypolicy.Document, action, resource string, ctx Context) Judgement {
	q := query{action: action, resource: resource, ctx: forAction(ctx, action), kind: kindIdentity}
	var t tally
	for _, d := range policies {
		q.version = d.Version()
		statements := d.Statements()
		for i := range statements {
			t.count(q.match(&statements[i], hold{itself: yes}))
		}
	}
	return t.judgement()
}

// Resource says what a resource policy (a trust policy, say) gives a principal
// directly. A Deny that names the principal's account denies it, an Allow only
// delegates. Whether an identity policy must agree, as across accounts, is the
// caller's to know.
func Resource(policy *keypolicy.Document, p Principal, action, resource string, ctx Context) Judgement {
	return judgeResource(policy, p, query{
		action: action, resource: resource, kind: kindResource,
		ctx: forAction(ctx.with(p.context()), action),
	}).judgement()
}

func judgeResource(d *keypolicy.Document, p Principal, q query) tally {
	var t tally
	q.version = d.Version()
	statements := d.Statements()
	for i := range statements {
		t.count(q.match(&statements[i], holdOf(&statements[i], p)))
	}
	return t
}

// forAction is the context as one action carries it.
func forAction(ctx Context, action string) operationContext {
	service, operation, _ := strings.Cut(strings.ToLower(action), ":")
	if service != "kms" {
		operation = ""
	}
	return operationContext{ctx, operation}
}

// A tally collects what the statements say.
type tally struct {
	denied, allowed, session, delegated vote
}

// A vote is the strongest word of the statements that spoke, and who said it.
type vote struct {
	truth truth
	by    string
	from  *keypolicy.Statement // nil: no statement
	keys  []string
}

func (v *vote) cast(t truth, m match) {
	if t == no || v.truth == yes {
		return
	}
	if t > v.truth {
		v.by, v.from = m.statement.Name(), m.statement
	}
	v.truth = or(v.truth, t)
	v.keys = append(v.keys, m.check.keys...)
}

func (t *tally) count(m match) {
	if m.statement.Effect == "Deny" {
		t.denied.cast(and(m.rest, m.hold.whatever()), m)
		return
	}
	t.allowed.cast(and(m.rest, m.hold.direct()), m)
	t.session.cast(and(m.rest, m.hold.session), m)
	t.delegated.cast(and(m.rest, m.hold.account), m)
}

func (t tally) judgement() Judgement {
	j := Judgement{
		Decision:  and(t.allowed.truth, t.denied.truth.not()).decision(),
		Delegated: t.delegated.truth == yes,
		deny:      t.denied,
	}
	switch {
	case t.denied.truth == yes:
		j.Explicit, j.By = true, t.denied.by
	case j.Decision == Unknown:
		j.UnknownKeys = keysOf(t.allowed, t.denied)
		j.By = t.allowed.by
	case j.Decision == Allowed:
		j.By = t.allowed.by
	}
	return j
}

// keysOf gathers the unknown keys of the votes that aren't settled.
func keysOf(votes ...vote) []string {
	var out []string
	seen := map[string]bool{}
	for _, v := range votes {
		if v.truth != maybe {
			continue
		}
		for _, k := range v.keys {
			if lower := strings.ToLower(k); !seen[lower] {
				seen[lower] = true
				out = append(out, k)
			}
		}
	}
	return out
}
