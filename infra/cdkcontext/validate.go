package cdkcontext

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"keymend/pkg/arn"
	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
)

// A Stack is what is known of where the stack will be; "" = not known.
type Stack struct{ Account, Region string }

// Names returns every context key, without "keymend:".
func Names() []string {
	var names []string
	for _, s := range slices.Concat(OfAccount(), OfOrganization()) {
		names = append(names, s.Context)
	}
	return names
}

// Validate returns the settings as text, by key. The error joins every problem,
// each a line that names the context key.
func Validate(context map[string]any, stack Stack) (map[string]string, error) {
	v := &validator{text: map[string]string{}, stack: stack}
	v.unknown(context)
	for _, name := range Names() {
		v.read(context, name)
	}
	v.settings()
	v.allowed(OfDeployment())
	v.accountIDs("groupAccounts")
	if name, ok := v.text["switchParameter"]; ok && !strings.HasPrefix(name, "/") {
		v.problem("switchParameter", "is %q; it must be the name of an SSM parameter, which begins with /", name)
	}
	v.arns()
	v.accountRegions()
	v.organization()
	if len(v.problems) > 0 {
		return nil, errors.Join(v.problems...)
	}
	return v.text, nil
}

type validator struct {
	text     map[string]string
	stack    Stack
	problems []error
}

func (v *validator) problem(key, format string, args ...any) {
	v.problems = append(v.problems, fmt.Errorf(keyPrefix+"%s "+format, append([]any{key}, args...)...))
}

func (v *validator) unknown(context map[string]any) {
	for _, key := range slices.Sorted(maps.Keys(context)) {
		if !slices.Contains(Names(), key) {
			v.problem(strings.Trim(strconv.Quote(key), `"`), "is no setting; did you mean %s%s?", keyPrefix, closest(key, Names()))
		}
	}
}

// read takes a value as text: "365", 365 and true can all be written in cdk.json.
func (v *validator) read(context map[string]any, name string) {
	switch value := context[name].(type) {
	case nil:
		v.problem(name, "is missing; take its line from the cdk.json that comes with Keymend")
	case string:
		v.text[name] = value
	case bool, float64, json.Number:
		v.text[name] = fmt.Sprint(value)
	default:
		written, err := json.Marshal(value)
		if err != nil {
			written = []byte("what JSON can't have")
		}
		v.problem(name, "is %s; it must be a text", written)
	}
}

// settings lets the functions' own rules judge, and says what they say by the names
// that stand in cdk.json.
func (v *validator) settings() {
	env, keys := map[string]string{}, map[string]string{}
	for _, s := range settings.Table() {
		env[s.Variable], keys[s.Variable] = v.text[s.Context], s.Context
	}
	if suffix := v.text["dedicatedRoleSuffix"]; suffix != "" {
		env[variable.ServiceLinkedRole] = "dedicated:" + suffix
	}
	env[variable.Partition] = arn.PartitionOf(v.stack.Region)
	_, err := settings.ParseAs(func(name string) string { return env[name] }, func(name string) string {
		if key := keys[name]; key != "" {
			return keyPrefix + key
		}
		return name
	})
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return
	}
	for _, problem := range joined.Unwrap() {
		key, _, _ := strings.Cut(problem.Error(), " ")
		if _, read := v.text[strings.TrimPrefix(key, keyPrefix)]; read { // else it is said already that it is missing
			v.problems = append(v.problems, problem)
		}
	}
}

func (v *validator) accountIDs(name string) {
	for id := range strings.SplitSeq(v.text[name], ",") {
		if id = strings.TrimSpace(id); v.text[name] != "" && !regexp.MustCompile(`^[0-9]{12}$`).MatchString(id) {
			v.problem(name, "has %q; an account's id has 12 digits", id)
		}
	}
}

// allowed checks each setting by itself.
func (v *validator) allowed(all []settings.Setting) {
	for _, s := range all {
		if value, ok := v.text[s.Context]; ok && !s.Allows(value) {
			v.problem(s.Context, "is %q; it must be %s", value, s.Allowed())
		}
	}
}
