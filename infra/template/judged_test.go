package template_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"

	"keymend/pkg/access"
	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/sandbox/eventbridge"
	"keymend/pkg/signal"
)

// A judge says which cases a template fails, each by its name: none, if it is whole. A
// template that doesn't load fails.
type judge func(text []byte) []string

// sets are the parameters under which cases are asked.
func sets() map[string]map[string]string {
	return map[string]map[string]string{
		"default": nil,
		"all":     {"OwnKey": "auto", "ForeignKey": "grant", "DedicatedRoleSuffix": "payments", "ResumeSuspended": "20", "ImageParameters": "/images/"},
		"copy":    {"ForeignKey": "copy"},
	}
}

// loaded is a template's resources, with those parameters of a set that it takes.
func loaded(text []byte, account, region string, set map[string]string) (collected, error) {
	var takes struct{ Parameters map[string]any }
	if err := json.Unmarshal(text, &takes); err != nil {
		return nil, err
	}
	set = maps.Clone(set)
	maps.DeleteFunc(set, func(name, _ string) bool { return takes.Parameters[name] == nil })
	out := placedResources{collected{}, account, region}
	return out.collected, cloudformation.Load(text, account, region, set, out)
}

// placedResources are collected, and have ARNs that conditions can compare.
type placedResources struct {
	collected
	account, region string
}

func (p placedResources) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	made, err := p.collected.Make(r)
	made.Attributes["Arn"] = p.arn(r.LogicalID)
	return made, err
}

func (p placedResources) arn(id string) string {
	return "arn:aws:sandbox:" + p.region + ":" + p.account + ":" + id
}

// judgeRoles decides calls by the roles' policies, and asks who may take them.
func judgeRoles(account string, cases []call, trusts []trusted) judge {
	return func(text []byte) (failed []string) {
		policies, letIn := map[string][]*keypolicy.Document{}, map[string]*keypolicy.Document{}
		for set, params := range sets() {
			made, err := loaded(text, account, region, params)
			if err != nil {
				return []string{"it doesn't load: " + err.Error()}
			}
			for _, r := range made {
				at := strings.TrimPrefix(fmt.Sprint(r.Properties["RoleName"]), "keymend-") + " " + set
				letIn[at] = document(r.Properties["AssumeRolePolicyDocument"])
				for _, p := range r.Properties["Policies"].([]any) {
					policies[at] = append(policies[at], document(p.(map[string]any)["PolicyDocument"]))
				}
			}
		}
		for _, c := range cases {
			if got := c.ask(policies[c.role+" "+c.set]); got != c.want {
				failed = append(failed, fmt.Sprint(c.name, ": ", got))
			}
		}
		for _, c := range trusts {
			if got := c.ask(letIn[c.role+" "+c.set]); got != c.want {
				failed = append(failed, fmt.Sprintf("%s of %q, %s %s (%s): %v", c.by, c.in, c.action, c.role, c.set, got))
			}
		}
		return failed
	}
}

// document reads a policy; one that can't be read says nothing, as one that isn't there.
func document(policy any) *keypolicy.Document {
	text, err := json.Marshal(policy)
	if err != nil {
		return nil
	}
	doc, err := keypolicy.Parse(string(text))
	if err != nil {
		return nil
	}
	return doc
}

// A trusted is somebody who takes a role, or mustn't.
type trusted struct {
	role, set, action string
	by, in            string // an ARN or a service, and the organization that it is of
	on                string // what, if it isn't the role
	with              string // a condition key and its value
	want              bool
}

func (c trusted) ask(trust *keypolicy.Document) bool {
	if trust == nil {
		return false
	}
	who, values := access.Principal{ARN: c.by}, map[string][]string{}
	if strings.HasSuffix(c.by, ".amazonaws.com") {
		who = access.Principal{Service: c.by}
	}
	if c.in != "" {
		values["aws:principalorgid"] = []string{c.in}
	}
	if key, value, ok := strings.Cut(c.with, "="); ok {
		values[key] = []string{value}
	}
	j := access.Resource(trust, who, c.action, cmp.Or(c.on, "arn:aws:iam::"+account+":role/keymend-"+c.role), access.Context{Values: values, Complete: true})
	return j.Decision == access.Allowed || j.Delegated
}

func memberTrusts() []trusted {
	ofHub := func(name string) string { return "arn:aws:iam::" + hub + ":role/" + name }
	tagged, other := "aws:tagkeys=keymend-account", "aws:tagkeys=team"
	var out []trusted
	for role, set := range map[string]string{"reader": "default", "granter": "default", "policy-writer": "all", "group-writer": "all", "copier": "copy"} {
		out = append(out,
			trusted{role: role, set: set, action: "sts:AssumeRole", by: ofHub("keymend-remediate"), in: organization, want: true},
			trusted{role: role, set: set, action: "sts:AssumeRole", by: ofHub("keymend-diagnose"), in: organization, want: role == "reader"},
			trusted{role: role, set: set, action: "sts:AssumeRole", by: ofHub("keymend-auditor"), in: organization, want: role == "reader"},
			trusted{role: role, set: set, action: "sts:AssumeRole", by: ofHub("admin"), in: organization},
			trusted{role: role, set: set, action: "sts:AssumeRole", by: ofHub("keymend-remediate")},
			trusted{role: role, set: set, action: "sts:AssumeRole", by: ofHub("keymend-remediate"), in: "o-0000000000"},
			trusted{role: role, set: set, action: "sts:AssumeRole", by: "arn:aws:iam::444455556666:role/keymend-remediate", in: organization},
			trusted{role: role, set: set, action: "sts:AssumeRole", by: "arn:aws:iam::" + account + ":role/keymend-remediate", in: organization},
			trusted{role: role, set: set, action: "sts:AssumeRole", by: "arn:aws:iam::" + account + ":user/admin", in: organization},
		)
	}
	return append(out,
		trusted{role: "policy-writer", set: "all", action: "sts:TagSession", by: ofHub("keymend-remediate"), in: organization, with: tagged, want: true},
		trusted{role: "policy-writer", set: "all", action: "sts:TagSession", by: ofHub("keymend-remediate"), in: organization, with: other},
		trusted{role: "policy-writer", set: "all", action: "sts:TagSession", by: ofHub("admin"), in: organization, with: tagged},
		trusted{role: "policy-writer", set: "all", action: "sts:TagSession", by: ofHub("keymend-remediate"), with: tagged},
		trusted{role: "policy-writer", set: "all", action: "sts:SetSourceIdentity", by: ofHub("keymend-remediate"), in: organization, want: true},
		trusted{role: "policy-writer", set: "all", action: "sts:SetSourceIdentity", by: ofHub("admin"), in: organization},
		trusted{role: "policy-writer", set: "all", action: "sts:SetSourceIdentity", by: ofHub("keymend-remediate")},
		trusted{role: "policy-writer", set: "default", action: "sts:AssumeRole", by: ofHub("keymend-remediate"), in: organization},
		trusted{role: "forwarder", set: "default", action: "sts:AssumeRole", by: "events.amazonaws.com", with: "aws:sourceaccount=" + account, want: true},
		trusted{role: "forwarder", set: "default", action: "sts:AssumeRole", by: "events.amazonaws.com", with: "aws:sourceaccount=444455556666"},
		trusted{role: "forwarder", set: "default", action: "sts:AssumeRole", by: ofHub("keymend-remediate"), in: organization},
		trusted{role: "notifier", set: "default", action: "sts:AssumeRole", by: ofHub("keymend-remediate"), in: organization, want: true},
		trusted{role: "notifier", set: "default", action: "sts:AssumeRole", by: ofHub("keymend-diagnose"), in: organization, want: true},
		trusted{role: "notifier", set: "default", action: "sts:AssumeRole", by: ofHub("keymend-auditor"), in: organization},
		trusted{role: "notifier", set: "default", action: "sts:AssumeRole", by: ofHub("keymend-remediate")},
		trusted{role: "notifier", set: "default", action: "sts:AssumeRole", by: "arn:aws:iam::" + account + ":user/admin", in: organization},
	)
}

func listerTrusts() []trusted {
	ofHub := func(name string) string { return "arn:aws:iam::" + hub + ":role/" + name }
	var out []trusted
	for _, t := range []trusted{
		{by: ofHub("keymend-diagnose"), in: organization, want: true}, {by: ofHub("keymend-diagnose")}, {by: ofHub("keymend-diagnose"), in: "o-0000000000"},
		{by: ofHub("keymend-remediate"), in: organization}, {by: ofHub("admin"), in: organization}, {by: "arn:aws:iam::" + listing + ":user/admin", in: organization},
	} {
		t.role, t.set, t.action = "lister", "default", "sts:AssumeRole"
		out = append(out, t)
	}
	return out
}

func hubTrusts() []trusted {
	var out []trusted
	for _, role := range []string{"diagnose", "remediate"} {
		out = append(out,
			trusted{role: role, set: "default", action: "sts:AssumeRole", by: "lambda.amazonaws.com", want: true},
			trusted{role: role, set: "default", action: "sts:AssumeRole", by: "ec2.amazonaws.com"},
			trusted{role: role, set: "default", action: "sts:AssumeRole", by: "arn:aws:iam::" + hub + ":role/keymend-diagnose", in: organization})
	}
	return append(out, trusted{role: "auditor", set: "default", action: "sts:AssumeRole", by: "arn:aws:iam::" + hub + ":user/admin", want: true},
		trusted{role: "auditor", set: "default", action: "sts:AssumeRole", by: "arn:aws:iam::" + account + ":user/admin"})
}

// A sample is a recorded event, and an edit of it.
type sample struct {
	name string
	text []byte
	rule string // the id of the one that sends it on; "" = none does
}

// samples are the recorded events, and what each rule has to let pass by: the same with
// one thing changed.
func samples(t *testing.T) (out []sample) {
	t.Helper()
	of := map[string]signal.Rule{}
	for _, r := range signal.Rules() {
		if r.Schedule == "" && !r.Elsewhere {
			of[r.Signal] = r
		}
	}
	files, err := filepath.Glob(filepath.Join("..", "..", "pkg", "signal", "testdata", "events", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		s, err := signal.Decode(text, "keymend-")
		if err != nil || of[s.Name()].ID == "" {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		out = append(out, sample{name, text, of[s.Name()].ID})
		for _, e := range passedBy(of[s.Name()].ID) {
			out = append(out, sample{name + ", " + e.why, changed(t, text, e.path, e.to), ""})
		}
	}
	return out
}

type edit struct{ path, to, why string }

// passedBy are the edits after which no rule of this id sends an event on.
func passedBy(rule string) []edit {
	out := []edit{{"source", "payments", "of another source"}, {"detail-type", "Other", "of another kind"}}
	user := "detail.userIdentity.sessionContext.sessionIssuer.userName"
	call := []edit{{"detail.eventName", "Other", "another call"}, {"detail.errorCode", "AccessDenied", "refused"}}
	others := append(slices.Clone(call), edit{user, "keymend-reader", "by Keymend"}, edit{"detail.userIdentity.type", "AWSService", "by a service"})
	switch rule {
	case "GroupCreated":
		out = append(append(out, call...), edit{"detail.eventSource", "other.amazonaws.com", "of another service"})
	case "GroupUpdated", "TemplateChanged", "DefaultsChanged", "KeyChanged", "RoleChanged":
		out = append(out, others...)
	case "GrantTaken":
		out = append(append(out, others...), edit{"detail.userIdentity.invokedBy", "ec2.amazonaws.com", "through a service"})
	case "KeyDenied":
		out = append(out, edit{user, "app", "to another role"}, edit{"detail.errorCode", "ThrottlingException", "for another reason"})
	case "OwnWrites":
		out = append(append(out, call...), edit{user, "keymend-reader", "by a role that writes nothing"})
	}
	return out
}

func changed(t *testing.T, text []byte, path, to string) []byte {
	t.Helper()
	var event map[string]any
	if err := json.Unmarshal(text, &event); err != nil {
		t.Fatal(err)
	}
	at, parts := event, strings.Split(path, ".")
	for _, p := range parts[:len(parts)-1] {
		next, ok := at[p].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[p] = next
		}
		at = next
	}
	at[parts[len(parts)-1]] = to
	out, err := json.Marshal(event)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A matcher remembers which patterns take which samples.
type matcher map[[2]string]bool

func (m matcher) takes(t *testing.T, pattern string, event string) bool {
	t.Helper()
	at := [2]string{pattern, event}
	if _, known := m[at]; !known {
		out, err := new(eventbridge.Service).TestEventPattern(t.Context(), &sdk.TestEventPatternInput{EventPattern: &pattern, Event: &event})
		m[at] = err == nil && out.Result // a pattern that is none takes nothing
	}
	return m[at]
}

// rules asks which of a template's rules send a sample on, and where to.
func (m matcher) rules(t *testing.T, made collected, all []sample, right func(cloudformation.Resource) bool) (failed []string) {
	t.Helper()
	for _, s := range all {
		var got []string
		for _, id := range slices.Sorted(maps.Keys(made)) {
			r := made[id]
			if r.Type != "AWS::Events::Rule" || r.Properties["EventPattern"] == nil || id == "Asks" {
				continue
			}
			pattern, err := json.Marshal(r.Properties["EventPattern"])
			if err != nil {
				t.Fatal(err)
			}
			if m.takes(t, string(pattern), string(s.text)) {
				got = append(got, id)
			}
		}
		if rules := strings.Join(got, " "); rules != s.rule {
			failed = append(failed, fmt.Sprintf("%s is sent on by %q, want %q", s.name, rules, s.rule))
		} else if s.rule != "" && !right(made[s.rule]) {
			failed = append(failed, fmt.Sprintf("%s sends %s elsewhere", s.rule, s.name))
		}
	}
	return failed
}
