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

	"keymend/pkg/settings"
	"keymend/pkg/settings/variable"
)

// A Stack is what is known of where the stack will be; "" = not known.
type Stack struct{ Account, Region string }

// Names returns every context key, without "keymend:".
func Names() []string {
	names := slices.Sorted(maps.Keys(Variables()))
	for _, s := range slices.Concat(OfDeployment(), OfOrganization()) {
		names = append(names, s.Keys...)
	}
	return names
}

// Variables returns the environment variables in which the functions read settings,
// by context key.
func Variables() map[string]string {
	out := map[string]string{}
	for _, s := range settings.Table() {
		if s.Context != "" {
			out[s.Context] = s.Variable
		}
	}
	return out
}

// Retentions returns how many days CloudWatch Logs can keep events.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
func Retentions() []string {
	return strings.Fields("1 3 5 7 14 30 60 90 120 150 180 365 400 545 731 1096 1827 2192 2557 2922 3288 3653")
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
	v.accountIDs("groupAccounts")
	v.oneOf("rolesOnly", "no", "yes")
	v.oneOf("retentionInDays", Retentions()...)
	v.matches("switchParameter", `/[a-zA-Z0-9_./-]+`, "the name of an SSM parameter, which begins with /")
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
	for key, name := range Variables() {
		env[name], keys[name] = v.text[key], key
	}
	if suffix := v.text["dedicatedRoleSuffix"]; suffix != "" {
		env[variable.ServiceLinkedRole] = "dedicated:" + suffix
	}
	env[variable.Partition] = partitionOf(v.stack.Region)
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

func (v *validator) oneOf(name string, allowed ...string) {
	if value, ok := v.text[name]; ok && !slices.Contains(allowed, value) {
		v.problem(name, "is %q; it must be one of: %s", value, strings.Join(allowed, ", "))
	}
}

func (v *validator) matches(name, pattern, what string) {
	if value, ok := v.text[name]; ok && !regexp.MustCompile(`^(?:`+pattern+`)$`).MatchString(value) {
		v.problem(name, "is %q; it must be %s", value, what)
	}
}
