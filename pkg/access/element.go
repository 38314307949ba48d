package access

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"keymend/pkg/keypolicy"
)

// An element is a member of a statement as the policy has it.
type element struct {
	Member string `json:"member"`         // its name: Service, Action, a condition key
	Value  string `json:"value"`          // JSON, on one line
	Part   string `json:"part,omitempty"` // of the value, what it is about; "" = all of it
}

// principalElement is the principal that a statement names, as the policy has it.
func (c *situation) principalElement(s *keypolicy.Statement, name string) element {
	member := "AWS"
	if s.Principal != nil && slices.Contains(s.Principal.Service, name) {
		member = "Service"
	}
	if e := c.member(s, name, "Principal", member); e.Member != "" {
		return e
	}
	return c.member(s, name, "Principal") // "*", without a kind
}

// elementOf is what decides in a statement that misses; zero = no single element does.
func (c *call) elementOf(m *match, found miss) element {
	s := m.statement
	switch found.reason {
	case RootDelegates, CrossAccountNeedsGrant:
		return c.principalElement(s, c.accountIn(s))
	case OrganizationWide:
		return c.principalElement(s, "*")
	case MissingOperation:
		return c.member(s, "", "Action")
	case NotAPermission:
		return c.member(s, "kms:ReEncrypt", "Action")
	case OtherKey:
		return c.member(s, found.name, "Resource")
	case InvalidStatement:
		if !slices.Contains(s.Resource, "*") {
			return c.member(s, "", "Resource")
		}
	case NotPrincipalNeedsMore:
		return c.member(s, "", "NotPrincipal")
	case ConditionNotMet, ConditionNotKnown, GrantConditionOnUse, GrantConditionOnDirect, MayBeDenied, DeniedUnderCondition:
		return c.conditionElement(m.statement, m.check)
	}
	return element{}
}

// denyElement is what decides in a Deny that applies: its condition, or else the action
// that it names.
func (c *call) denyElement(s *keypolicy.Statement) element {
	if s == nil {
		return element{}
	}
	if e := c.conditionElement(s, check{}); e.Member != "" {
		return e
	}
	if s.Action == nil {
		return c.member(s, "", "NotAction")
	}
	at := slices.IndexFunc(s.Action, func(a string) bool { return anyGlobFold([]string{a}, c.action) })
	return c.member(s, s.Action[max(at, 0)], "Action")
}

// accountIn is how a statement names the account that a miss is about: the group's, or
// else the first.
func (c *situation) accountIn(s *keypolicy.Statement) string {
	if s.Principal == nil {
		return ""
	}
	first := ""
	for _, name := range s.Principal.AWS {
		switch account, ok := accountOf(name); {
		case ok && account == c.principal.account():
			return name
		case ok && first == "":
			first = name
		}
	}
	return first
}

// conditionElement is the condition that isn't met, or isn't known to be; else the first.
func (c *situation) conditionElement(s *keypolicy.Statement, ch check) element {
	if len(s.Condition) == 0 {
		return element{}
	}
	of := ch.failed
	if at := slices.IndexFunc(s.Condition, func(c keypolicy.Condition) bool { return slices.Contains(ch.keys, c.Key) }); of == nil {
		of = &s.Condition[max(at, 0)]
	}
	return c.member(s, "", "Condition", of.Operator, of.Key)
}

// member is an element of a statement, with the part of it that is a text; "" = all of it.
func (c *situation) member(s *keypolicy.Statement, part string, path ...string) element {
	value := c.facts.Policy.Member(s.Index, path...)
	if value == "" {
		return element{}
	}
	e := element{Member: path[len(path)-1], Value: value}
	if written := written(part); part != "" && written != value && strings.Contains(value, written) {
		e.Part = written
	}
	return short(e)
}

// written is a text as JSON has it.
func written(text string) string {
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	if err := e.Encode(text); err != nil {
		return "" // strings can always be written
	}
	return strings.TrimSuffix(out.String(), "\n")
}

const (
	longest = 300 // bytes of a value: a policy may have 32 KB in one
	dots    = "…"
)

// short cuts a long value around what decides in it.
func short(e element) element {
	if len(e.Part) > longest/2 {
		e.Part = ""
	}
	if len(e.Value) <= longest {
		return e
	}
	at := strings.Index(e.Value, e.Part)
	from := max(at-(longest-len(e.Part))/2, 0)
	to := min(from+longest, len(e.Value))
	for from > 0 && !utf8.RuneStart(e.Value[from]) {
		from++
	}
	for to < len(e.Value) && !utf8.RuneStart(e.Value[to]) {
		to--
	}
	cut := e.Value[from:to]
	if from > 0 {
		cut = dots + cut
	}
	if to < len(e.Value) {
		cut += dots
	}
	e.Value = cut
	return e
}
