package role

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"

	"keymend/pkg/permission"
)

// documents writes the policies of one role as CloudFormation wants them.
type documents struct {
	role  permission.Role
	props Props
}

// A write is permission.Policy or permission.Trust.
type write func(permission.Role, permission.Place) (string, error)

// document returns a policy. A statement that isn't there without other accounts,
// copies and so on hangs on the condition of these, on each that it needs; of a role
// that is there for one of them alone, all does already.
func (d documents) document(w write) (map[string]any, error) {
	whole, err := d.statements(w, nil)
	if err != nil {
		return nil, err
	}
	out := slices.Clone(whole)
	for _, without := range d.props.Without {
		if d.hangsOn(without) {
			continue
		}
		rest, err := d.statements(w, without.Lacks)
		if err != nil {
			return nil, err
		}
		for i, s := range whole {
			hangs := !reflect.DeepEqual(out[i], s)
			if !(without.Either && hangs) && !slices.ContainsFunc(rest, func(r any) bool { return reflect.DeepEqual(r, s) }) {
				out[i] = onlyIf(without.Condition, out[i])
			}
		}
	}
	if err := d.untagged(w, whole); err != nil {
		return nil, err
	}
	return map[string]any{"Version": "2012-10-17", "Statement": out}, nil
}

// hangsOn reports whether the role itself is there only where the condition holds.
func (d documents) hangsOn(w Without) bool {
	is := d.props.Conditions[d.role]
	return is == w.Condition || w.Either && slices.ContainsFunc(d.props.Without, func(o Without) bool { return o.Condition == is })
}

// untagged makes those operators of a statement's condition that are others for all
// keys hang on AllKeys, within the statement.
func (d documents) untagged(w write, whole []any) error {
	if d.props.AllKeys == nil {
		return nil
	}
	all, err := d.statements(w, func(p *permission.Place) { p.Scope = "all" })
	if err != nil {
		return err
	}
	for i, s := range whole {
		tagged, _ := s.(map[string]any)["Condition"].(map[string]any)
		free, _ := all[i].(map[string]any)["Condition"].(map[string]any)
		for operator, keys := range tagged {
			rest, ok := free[operator]
			if !ok {
				rest = map[string]any{"Ref": "AWS::NoValue"}
			}
			if !reflect.DeepEqual(rest, keys) {
				tagged[operator] = map[string]any{"Fn::If": []any{*d.props.AllKeys.LogicalId(), rest, keys}}
			}
		}
	}
	return nil
}

func (d documents) statements(w write, change func(*permission.Place)) ([]any, error) {
	place := d.props.Place
	if change != nil {
		change(&place)
	}
	text, err := w(d.role, place)
	if err != nil {
		return nil, fmt.Errorf("role %s: %w", d.role, err)
	}
	var document struct{ Statement []any }
	if err := json.Unmarshal([]byte(text), &document); err != nil {
		return nil, fmt.Errorf("role %s: %w", d.role, err)
	}
	substituted(document.Statement)
	return document.Statement, nil
}

func onlyIf(c awscdk.CfnCondition, v any) any {
	return map[string]any{"Fn::If": []any{*c.LogicalId(), v, map[string]any{"Ref": "AWS::NoValue"}}}
}

// own begins a variable of IAM's.
var own = regexp.MustCompile(`\$\{(aws|sts):`)

// alone is a list whose one member is a parameter that is a list itself.
var alone = regexp.MustCompile(`^\$\{([A-Za-z]*Accounts)\}$`)

// substituted writes strings with ${…} as functions of CloudFormation, in place
// where it can.
func substituted(v any) any {
	switch v := v.(type) {
	case string:
		// IAM's own variables, as in ${aws:PrincipalAccount}, stay as they are.
		if strings.Contains(own.ReplaceAllString(v, ""), "${") {
			return map[string]any{"Fn::Sub": own.ReplaceAllString(v, "$${!$1:")}
		}
	case []any:
		if len(v) == 1 {
			if name, ok := v[0].(string); ok && alone.MatchString(name) {
				return map[string]any{"Ref": alone.FindStringSubmatch(name)[1]}
			}
		}
		for i := range v {
			v[i] = substituted(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = substituted(v[k])
		}
	}
	return v
}
