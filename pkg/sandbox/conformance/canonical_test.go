package conformance_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// made are the names that a server makes up: ids, tokens, secrets. Two servers
// that are asked the same make up different ones.
var made = regexp.MustCompile(`(?i)` +
	`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}` +
	`|\b(ami|i|lt|snap|vol|subnet|vpc|sg|r|eni)-[0-9a-f]{8,17}\b` +
	`|\b(AROA|AIDA|ASIA|AKIA)[A-Z0-9]{8,}` +
	`|\b[0-9a-f]{32,64}\b` +
	`|127\.0\.0\.1:[0-9]+|localhost:[0-9]+`)

// kind is the part of a made-up name that says what it names: not the beginning of
// a UUID, which may look like one.
var kind = regexp.MustCompile(`^([a-z]+-[0-9a-f]{8,17}$|A[A-Z]{3}|)`)

// kindOf returns that part; of an address, that it is one.
func kindOf(id string) string {
	if strings.Contains(id, ":") {
		return "address"
	}
	what, _, _ := strings.Cut(kind.FindString(id), "-")
	return what
}

func TestKindOf(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"ami-0123456789abcdef0": "ami", "i-01234567": "i", "AROAEXAMPLE1": "AROA", "127.0.0.1:4566": "address", "localhost:5000": "address",
		"12700000-1234-1234-1234-123456789012": "", "abcdefab-1234-1234-1234-123456789012": "", "abcdefabcdefabcdefabcdefabcdefab": "",
	} {
		if got := kindOf(id); !made.MatchString(id) || got != want {
			t.Errorf("%s is of kind %q, want %q", id, got, want)
		}
	}
}

// canonical numbers what the server made up in the order in which it first
// shows, so that two runs of the same calls can be compared. Where servers
// differ in what they show at all (loose), it keeps only the kind.
type canonical struct {
	seen  map[string]string
	loose bool
}

func newCanonical() *canonical { return &canonical{seen: map[string]string{}} }

// answer returns an answer in which names that were made up are numbered.
func (c *canonical) answer(a answer) answer {
	out, _ := c.value(policies(a.Output)).(map[string]any)
	if a.Error == nil {
		return answer{Output: out}
	}
	e := *a.Error
	e.Message = c.text(e.Message)
	return answer{Output: out, Error: &e}
}

func (c *canonical) value(v any) any {
	switch v := v.(type) {
	case map[string]any:
		members := map[string]any{}
		for _, name := range sortedKeys(v) { // an order, so that numbers are the same
			members[name] = c.value(v[name])
		}
		return members
	case []any:
		list := make([]any, len(v))
		for i, m := range v {
			list[i] = c.value(m)
		}
		sortTags(list)
		return list
	case string:
		return c.text(v)
	}
	return v
}

// sortTags sorts a list of tags, which AWS hands out in no order.
func sortTags(list []any) {
	key := func(v any) string { s, _ := at(v, "key").(string); return s }
	slices.SortStableFunc(list, func(a, b any) int { return strings.Compare(key(a), key(b)) })
}

func (c *canonical) text(s string) string {
	return made.ReplaceAllStringFunc(s, func(id string) string {
		if c.loose {
			return "<" + kindOf(id) + ">"
		}
		if _, ok := c.seen[id]; !ok {
			c.seen[id] = fmt.Sprintf("<%d>", len(c.seen)+1)
		}
		return c.seen[id]
	})
}

// policies parses documents that one SDK hands out parsed and the other as
// text, as boto3 does with IAM's.
func policies(v any) any {
	switch v := v.(type) {
	case map[string]any:
		members := map[string]any{}
		for name, m := range v {
			members[name] = policies(m)
		}
		return members
	case []any:
		list := make([]any, len(v))
		for i, m := range v {
			list[i] = policies(m)
		}
		return list
	case string:
		var document map[string]any
		if json.Unmarshal([]byte(unescaped(v)), &document) == nil {
			return document
		}
	}
	return v
}
