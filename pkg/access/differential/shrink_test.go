package differential_test

import (
	"maps"
	"slices"
)

// shrink drops what it can from a question while it still fails, so that a
// person sees what the difference is about. It asks about all ways to drop one
// thing at once.
func shrink(q question, failing func([]question) []bool) question {
	for {
		smaller := q.smaller()
		i := slices.Index(failing(smaller), true)
		if i < 0 {
			return q
		}
		q = smaller[i]
	}
}

// smaller returns the question with one thing less, in every way.
func (q question) smaller() []question {
	var out []question
	for i := range q.policy.Statement {
		out = append(out, q.with(func(q *question) { q.policy = q.policy.without(i) }))
	}
	for i := range q.identity {
		out = append(out, q.with(func(q *question) { q.identity = slices.Delete(slices.Clone(q.identity), i, i+1) }))
	}
	if q.session != nil {
		out = append(out, q.with(func(q *question) { q.session = nil }))
	}
	if q.grants != nil {
		out = append(out, q.with(func(q *question) { q.grants = nil }))
	}
	for i, s := range q.policy.Statement {
		for _, t := range s.smaller() {
			out = append(out, q.with(func(q *question) { q.policy = q.policy.put(i, t) }))
		}
	}
	for i, p := range q.identity {
		for _, t := range p.smaller() {
			out = append(out, q.with(func(q *question) {
				q.identity = slices.Clone(q.identity)
				q.identity[i] = t
			}))
		}
	}
	for _, k := range slices.Sorted(maps.Keys(q.context)) {
		if !slices.ContainsFunc(fixedKeys(), func(f contextKey) bool { return f.name == k }) {
			out = append(out, q.with(func(q *question) {
				q.context = maps.Clone(q.context)
				delete(q.context, k)
			}))
		}
	}
	return out
}

func (q question) with(change func(q *question)) question {
	change(&q)
	return q
}

func (p policy) without(i int) policy {
	return policy{p.Version, slices.Delete(slices.Clone(p.Statement), i, i+1)}
}

func (p policy) put(i int, s statement) policy {
	out := policy{p.Version, slices.Clone(p.Statement)}
	out.Statement[i] = s
	return out
}

func (p policy) smaller() []policy {
	var out []policy
	for i := range p.Statement {
		out = append(out, p.without(i))
	}
	for i, s := range p.Statement {
		for _, t := range s.smaller() {
			out = append(out, p.put(i, t))
		}
	}
	return out
}

func (s statement) smaller() []statement {
	var out []statement
	for _, operator := range slices.Sorted(maps.Keys(s.Condition)) {
		for key := range s.Condition[operator] {
			t := s.clone()
			delete(t.Condition[operator], key)
			if len(t.Condition[operator]) == 0 {
				delete(t.Condition, operator)
			}
			out = append(out, t)
		}
	}
	lists := func(s *statement) []**values { return []**values{&s.Action, &s.NotAction, &s.Resource, &s.NotResource} }
	for which := range lists(&s) {
		v := *lists(&s)[which]
		if v == nil || len(v.is) < 2 {
			continue
		}
		for i := range v.is {
			t := s
			*lists(&t)[which] = v.without(i)
			out = append(out, t)
		}
	}
	return append(out, s.fewerValues()...)
}

func (v *values) without(i int) *values {
	out := *v
	out.is = slices.Delete(slices.Clone(v.is), i, i+1)
	return &out
}

// fewerValues drops one value of a condition, or one name of a principal.
func (s statement) fewerValues() []statement {
	var out []statement
	for operator, keys := range s.Condition {
		for key, v := range keys {
			for i := range v.is {
				if len(v.is) > 1 {
					t := s.clone()
					t.Condition[operator][key] = *v.without(i)
					out = append(out, t)
				}
			}
		}
	}
	for not, p := range map[bool]*principals{false: s.Principal, true: s.NotPrincipal} {
		if p == nil || len(p.names()) < 2 {
			continue
		}
		for i := range p.names() {
			fewer := &principals{kind: maps.Clone(p.kind)}
			names := p.kind["AWS"]
			fewer.kind["AWS"] = *names.without(i)
			t := s
			if not {
				t.NotPrincipal = fewer
			} else {
				t.Principal = fewer
			}
			out = append(out, t)
		}
	}
	return out
}
