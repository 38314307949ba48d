package record

import "fmt"

// A Query is a condition on the fields of records, by which CloudWatch Logs filters lines.
// https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/FilterAndPatternSyntax.html
type Query string

// Where asks for a value of a field, by its name in JSON. * stands for any text.
func Where(field, value string) Query { return Query(fmt.Sprintf("$.%s = %q", field, value)) }

// Any asks for all records, of every schema.
func Any() Query { return Where("schema", "keymend.audit/*") }

// And asks for what all of several conditions ask for.
func (q Query) And(others ...Query) Query { return q.join(" && ", others) }

// Or asks for what any of several conditions asks for.
func (q Query) Or(others ...Query) Query { return q.join(" || ", others) }

func (q Query) join(by string, others []Query) Query {
	out := "(" + string(q) + ")"
	for _, o := range others {
		out += by + "(" + string(o) + ")"
	}
	return Query(out)
}

// Pattern is the query as FilterLogEvents takes it.
func (q Query) Pattern() string { return "{ " + string(q) + " }" }
