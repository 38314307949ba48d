package differential_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"

	"keymend/pkg/access"
)

// A question is one operation on one key by one principal, with every policy
// and the whole request context known.
type question struct {
	principal access.Principal
	key       access.Key
	operation string
	context   map[string][]string // by name as AWS writes it; what isn't there is absent
	policy    policy
	identity  []policy // none for a service-linked role
	session   *policy
	grants    []access.Grant // never one that gives the operation: the simulator knows none
}

func (q question) keyAccount() string { return arnPart(q.key.ARN, 4) }
func (q question) account() string    { return arnPart(q.principal.ARN, 4) }
func (q question) foreign() bool      { return q.keyAccount() != q.account() }

// A policy is a policy document that can be taken apart and rewritten.
type policy struct {
	Version   string      `json:"Version,omitempty"`
	Statement []statement `json:"Statement"`
}

func (p policy) String() string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err)
	}
	return string(text)
}

type statement struct {
	Sid          string      `json:"Sid,omitempty"`
	Effect       string      `json:"Effect"`
	Principal    *principals `json:"Principal,omitempty"`
	NotPrincipal *principals `json:"NotPrincipal,omitempty"`
	Action       *values     `json:"Action,omitempty"`
	NotAction    *values     `json:"NotAction,omitempty"`
	Resource     *values     `json:"Resource,omitempty"`
	NotResource  *values     `json:"NotResource,omitempty"`
	Condition    conditions  `json:"Condition,omitempty"`
}

// Conditions by operator and key.
type conditions map[string]map[string]values

// Values are one string or a list; raw ones are written without quotes where
// JSON has them so (true, 7).
type values struct {
	is        []string
	list, raw bool
}

func (v values) MarshalJSON() ([]byte, error) {
	out := make([]any, len(v.is))
	for i, s := range v.is {
		out[i] = s
		if _, err := strconv.ParseUint(s, 10, 32); v.raw && (err == nil && s[0] != '0' || s == "true" || s == "false") {
			out[i] = json.RawMessage(s)
		}
	}
	if len(out) == 1 && !v.list {
		return json.Marshal(out[0])
	}
	return json.Marshal(out)
}

// Principals are the names by kind; bare is the string "*".
type principals struct {
	bare bool
	kind map[string]values // AWS, Service, Federated, CanonicalUser
}

func (p principals) MarshalJSON() ([]byte, error) {
	if p.bare {
		return []byte(`"*"`), nil
	}
	return json.Marshal(p.kind)
}

// names returns the names under AWS.
func (p *principals) names() []string {
	if p.bare {
		return []string{"*"}
	}
	return p.kind["AWS"].is
}

// An edit rewrites one statement, or drops it.
type edit func(s statement) (statement, bool)

func (p policy) edit(change edit) policy {
	out := policy{Version: p.Version, Statement: []statement{}}
	for _, s := range p.Statement {
		if s, keep := change(s.clone()); keep {
			out.Statement = append(out.Statement, s)
		}
	}
	return out
}

// clone copies what edits change in place: the conditions.
func (s statement) clone() statement {
	if s.Condition == nil {
		return s
	}
	condition := conditions{}
	for operator, keys := range s.Condition {
		condition[operator] = maps.Clone(keys)
	}
	s.Condition = condition
	return s
}

// edit rewrites the statements of the identity and session policies too; the
// key policy's can be told by their principals.
func (q question) edit(change edit) question {
	q.policy = q.policy.edit(change)
	identity := make([]policy, len(q.identity))
	for i, p := range q.identity {
		identity[i] = p.edit(change)
	}
	q.identity = identity
	if q.session != nil {
		session := q.session.edit(change)
		q.session = &session
	}
	return q
}

// inKeyPolicy reports whether the statement is a key policy's.
func (s statement) inKeyPolicy() bool { return s.Principal != nil || s.NotPrincipal != nil }

// replaceCondition changes the operator, key or values of conditions.
func (s statement) replaceCondition(change func(operator, key string, v values) (string, string, values)) statement {
	out := conditions{}
	for operator, keys := range s.Condition {
		for key, v := range keys {
			o, k, v := change(operator, key, v)
			if out[o] == nil {
				out[o] = map[string]values{}
			}
			out[o][k] = v
		}
	}
	s.Condition = out
	return s
}

// policies is the text of all policies.
func (q question) policies() string {
	text := q.policy.String()
	for _, p := range q.identity {
		text += p.String()
	}
	if q.session != nil {
		text += q.session.String()
	}
	return text
}

// lookup returns the request's value of a condition key. A key that the
// operation doesn't carry is absent, whatever the context says.
func (q question) lookup(key string) ([]string, bool) {
	for name, v := range q.context {
		if equalFold(name, key) && carries(q.operation, name) {
			return v, true
		}
	}
	return nil, false
}

// String shows the question as a person needs it to judge a difference.
func (q question) String() string {
	show := map[string]any{
		"principal": q.principal, "key": q.key.ARN, "operation": q.operation, "context": q.context,
		"policy": q.policy, "identity": q.identity, "session": q.session, "grants": q.grants,
	}
	text, err := json.MarshalIndent(show, "", "  ")
	if err != nil {
		panic(err)
	}
	return string(text)
}

func operations() []string {
	return []string{"Encrypt", "Decrypt", "ReEncryptFrom", "ReEncryptTo",
		"GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "DescribeKey", "CreateGrant"}
}

// launch is all operations of a launch, the question's first.
func (q question) launch() []string {
	return append([]string{q.operation}, slices.DeleteFunc(operations(), func(o string) bool { return o == q.operation })...)
}
