package differential_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"keymend/pkg/access"
)

// perHundredThousand is how often each thing must come up in 100,000 questions.
const perHundredThousand = 500

// TestQuestionsCoverEverything needs no simulator: it counts what the generated
// questions are about, and which near-misses Keymend finds in them.
func TestQuestionsCoverEverything(t *testing.T) {
	t.Parallel()
	const n = 20_000
	seen := map[string]int{}
	for i := range n {
		q := makeQuestion(seed, uint64(i))
		count(seen, q, q.ours())
	}
	demand(t, seen, n)
}

// demand fails for what came up too seldom.
func demand(t *testing.T, seen map[string]int, n int) {
	t.Helper()
	for _, what := range wanted() {
		if least := n * perHundredThousand / 100_000; seen[what] < least {
			t.Errorf("%s: %d of %d questions, fewer than %d", what, seen[what], n, least)
		}
	}
}

// wanted lists every statement element, operator, operation, kind of principal
// and near-miss that the questions must cover.
func wanted() []string {
	out := []string{
		"Allow", "Deny", "Principal *", "Principal AWS *", "Principal account id", "Principal root", "Principal role", "Principal user",
		"Principal session", "Principal unique id", "Principal wildcard", "Principal list", "Principal Service", "Principal Federated",
		"Principal CanonicalUser", "NotPrincipal Allow", "NotPrincipal Deny", "Action", "Action wildcard", "Action ?", "Action *", "Action other case",
		"NotAction", "Resource *", "Resource other", "Resource missing", "NotResource", "Condition", "several conditions", "several values",
		"unquoted value", "IfExists", "ForAllValues", "ForAnyValue", "variable", "variable with default", "escaped wildcard", "key in other case",
		"Version 2012-10-17", "Version 2008-10-17", "Version missing", "own account", "other account", "identity policies", "no identity policies",
		"session policy", "grants", "service-linked role", "role", "user", "identity Deny", "identity Resource", "identity NotResource",
	}
	for _, op := range operations() {
		out = append(out, "kms:"+op)
	}
	for _, kind := range []string{"String", "ARN", "Bool", "Numeric", "Date", "IPAddress", "Binary"} {
		out = append(out, operatorsFor(kind)...)
	}
	for _, r := range nearMisses() {
		out = append(out, "near-miss "+string(r))
	}
	return append(out, "Null")
}

// nearMisses are the reasons that can come up beside a policy. GrantToOther
// isn't reported for each grant, but counted in the trace.
func nearMisses() []access.Reason {
	return []access.Reason{
		access.ServicePrincipal, access.GrantConditionOnUse, access.GrantConditionOnDirect, access.RootDelegates, access.OtherPrincipal,
		access.DeadPrincipal, access.WrongRolePath, access.WrongRoleSuffix, access.OtherServiceLinkedRole, access.OtherAccount,
		access.CrossAccountNeedsGrant, access.OrganizationWide, access.OtherKey, access.MissingOperation, access.NotAPermission, access.WrongPartition, access.ConditionNotMet,
		access.InvalidStatement, access.NotPrincipalNeedsMore, access.WildcardInsidePrincipal, access.ReplicaKey,
		access.OtherSession, access.DeniedUnderCondition,
		access.GrantConstraint, access.GrantLacksOperation, access.GrantToEarlierRole, access.GrantFromKeyAccount,
	}
}

// count adds what one question is about; each thing once.
func count(seen map[string]int, q question, r access.Result) {
	is := map[string]bool{"kms:" + q.operation: true}
	is[map[bool]string{true: "other account", false: "own account"}[q.foreign()]] = true
	is[kindOf(q.principal.ARN)] = true
	is[map[bool]string{true: "no identity policies", false: "identity policies"}[len(q.identity) == 0]] = true
	is["session policy"], is["grants"] = q.session != nil, len(q.grants) > 0
	q.policy.elements(is)
	for _, p := range q.identity {
		p.elements(is)
	}
	for _, m := range r.NearMisses {
		is["near-miss "+string(m.Reason)] = true
	}
	for what, there := range is {
		if there {
			seen[what]++
		}
	}
}

func kindOf(arn string) string {
	switch {
	case strings.Contains(arn, slrPath):
		return "service-linked role"
	case strings.Contains(arn, ":user/"):
		return "user"
	}
	return "role"
}

func (p policy) elements(is map[string]bool) {
	is["Version "+map[bool]string{true: "missing", false: p.Version}[p.Version == ""]] = true
	for _, s := range p.Statement {
		is[s.Effect] = true
		s.Principal.elements(is)
		if s.NotPrincipal != nil {
			is["NotPrincipal "+s.Effect] = true
		}
		s.actions(is)
		s.resources(is)
		s.Condition.elements(is)
	}
}

func (p *principals) elements(is map[string]bool) {
	if p == nil {
		return
	}
	is["Principal *"] = is["Principal *"] || p.bare
	for kind := range p.kind {
		is["Principal "+kind] = true
	}
	for _, name := range p.kind["AWS"].is {
		is["Principal "+formOf(name)] = true
	}
	is["Principal list"] = is["Principal list"] || len(p.kind["AWS"].is) > 1
}

func formOf(name string) string {
	switch {
	case name == "*":
		return "AWS *"
	case strings.HasSuffix(name, "*"):
		return "wildcard"
	case strings.HasSuffix(name, ":root"):
		return "root"
	case strings.Contains(name, ":assumed-role/"):
		return "session"
	case strings.Contains(name, ":role/"):
		return "role"
	case strings.Contains(name, ":user/"):
		return "user"
	case name[0] == 'A':
		return "unique id"
	}
	return "account id"
}

func (s statement) actions(is map[string]bool) {
	is["NotAction"] = is["NotAction"] || s.NotAction != nil
	if s.Action == nil {
		return
	}
	is["Action"] = true
	for _, a := range s.Action.is {
		name := strings.TrimPrefix(a, "kms:")
		is["Action *"] = is["Action *"] || a == "*"
		is["Action wildcard"] = is["Action wildcard"] || strings.Contains(name, "*") && a != "*"
		is["Action ?"] = is["Action ?"] || strings.Contains(name, "?")
		is["Action other case"] = is["Action other case"] || name != "*" && (name == strings.ToLower(name) || name == strings.ToUpper(name))
	}
}

func (s statement) resources(is map[string]bool) {
	prefix := map[bool]string{true: "", false: "identity "}[s.inKeyPolicy()]
	is["identity Deny"] = is["identity Deny"] || !s.inKeyPolicy() && s.Effect == "Deny"
	switch {
	case s.NotResource != nil:
		is[prefix+"NotResource"] = true
	case s.Resource == nil:
		is[prefix+"Resource missing"] = true
	case prefix != "":
		is["identity Resource"] = true
	default:
		is["Resource *"] = is["Resource *"] || slices.Contains(s.Resource.is, "*")
		is["Resource other"] = is["Resource other"] || slices.ContainsFunc(s.Resource.is, func(r string) bool { return r != "*" })
	}
}

func (c conditions) elements(is map[string]bool) {
	is["Condition"] = is["Condition"] || len(c) > 0
	is["several conditions"] = is["several conditions"] || len(c) > 1
	for operator, keys := range c {
		set, base, ok := strings.Cut(operator, ":")
		if is[set] = ok; !ok {
			base = operator
		}
		is[strings.TrimSuffix(base, "IfExists")] = true
		is["IfExists"] = is["IfExists"] || strings.HasSuffix(base, "IfExists")
		for key, v := range keys {
			is["key in other case"] = is["key in other case"] || key == strings.ToLower(key)
			v.elements(is)
		}
	}
}

func (v values) elements(is map[string]bool) {
	is["several values"] = is["several values"] || len(v.is) > 1
	is["unquoted value"] = is["unquoted value"] || v.raw && slices.ContainsFunc(v.is, func(s string) bool { return s == "true" || s == "false" })
	text := strings.Join(v.is, " ")
	is["variable"] = is["variable"] || strings.Contains(text, "${aws:") || strings.Contains(text, "${kms:")
	is["variable with default"] = is["variable with default"] || strings.Contains(text, ", '")
	is["escaped wildcard"] = is["escaped wildcard"] || strings.Contains(text, "${*}") || strings.Contains(text, "${?}")
}

// sorted returns the names by how often they came up.
func sorted(seen map[string]int) []string {
	return slices.SortedFunc(maps.Keys(seen), func(a, b string) int {
		if seen[a] != seen[b] {
			return seen[b] - seen[a]
		}
		return strings.Compare(a, b)
	})
}
