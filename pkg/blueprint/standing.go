package blueprint

import (
	"encoding/json"
	"fmt"

	"keymend/pkg/permission"
)

// A Role is one of IAM's.
type Role struct {
	Name     string
	Template string // tag keymend-template; "" = it has none
	Trust    string // JSON
	Policy   string // JSON; "" = that isn't asked for
	Boundary string // ARN of the policy that bounds it; "" = none does
}

// A Rule is one of EventBridge's.
type Rule struct {
	Name, State string
	Pattern     string // JSON; "" = it has a schedule
	Schedule    string // as in rate(15 minutes)
	Description string
	Targets     []Target
}

// A Target is where a rule sends events. Changed: it sends something else than the event
// as it is.
type Target struct {
	ID, ARN, Role string
	Changed       bool
}

// Role returns a role as its template makes it, without its policy.
func (s Scope) Role(r Resource) (Role, error) {
	var out Role
	var tags []struct{ Key, Value string }
	err := s.Into(r, map[string]any{"RoleName": &out.Name, "AssumeRolePolicyDocument": &out.Trust, "PermissionsBoundary": &out.Boundary, "Tags": &tags})
	for _, t := range tags {
		if t.Key == permission.Template {
			out.Template = t.Value
		}
	}
	return out, err
}

// Rule returns a rule as its template makes it.
func (s Scope) Rule(r Resource) (Rule, error) {
	out := Rule{State: "ENABLED"}
	var targets []struct{ ID, Arn, RoleArn string }
	err := s.Into(r, map[string]any{"Name": &out.Name, "EventPattern": &out.Pattern, "ScheduleExpression": &out.Schedule, "Description": &out.Description, "Targets": &targets})
	for _, t := range targets {
		out.Targets = append(out.Targets, Target{ID: t.ID, ARN: t.Arn, Role: t.RoleArn})
	}
	return out, err
}

// Into fills properties of a resource in. Each goes to where its pointer shows, a document
// as JSON where that is a text; one that the template leaves out changes nothing there.
func (s Scope) Into(r Resource, properties map[string]any) error {
	for name, into := range properties {
		v, err := s.Value(r.Properties[name])
		if err == nil && v != nil && v != NoValue {
			err = put(v, into)
		}
		if err != nil {
			return fmt.Errorf("template, %s of %s: %w", name, r.ID, err)
		}
	}
	return nil
}

func put(v, into any) error {
	text, wanted := into.(*string)
	if is, ok := v.(string); ok && wanted {
		*text = is
		return nil
	}
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if wanted {
		*text = string(line)
		return nil
	}
	return json.Unmarshal(line, into)
}
