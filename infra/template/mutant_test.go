package template_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"keymend/infra/template"
	"keymend/pkg/access"
	"keymend/pkg/permission"
	"keymend/pkg/sandbox/cloudformation"
)

// Each statement, condition, rule, part of a pattern, parameter and mapping entry of an
// organization's templates is needed for something, or refuses something: taken out, it
// makes a case of this package's fail. Cases know nothing of pkg/permission and
// pkg/signal's rules: they are what the hub calls, and what a thief would.
func TestMutantsOfAnOrganizationsTemplates(t *testing.T) {
	t.Parallel()
	inside := slices.DeleteFunc(calls(hubNeeds, access.Allowed), func(c call) bool { return c.with["lambda:sourcefunctionarn"] == nil })
	for i := range inside {
		inside[i] = inside[i].outside()
	}
	for name, tc := range map[string]struct {
		text       []byte
		judge      judge
		equivalent map[string]string // mutants that change nothing, and why
	}{
		"member-roles": {template.MemberRoles(),
			judgeRoles(account, append(calls(memberNeeds, access.Allowed), calls(memberRefuses, access.Denied)...), memberTrusts()), map[string]string{
				"ReaderRole: kms:ListGrants arn:${AWS::Partition}:kms:*:*:key/*, condition StringNotEquals aws:ResourceAccount":                                   "it may list an own key's grants anyway",
				"CopierRole: kms:CreateGrant arn:${AWS::Partition}:kms:*:*:key/*, condition StringNotEquals aws:ResourceAccount":                                  "it may do the same on an own key, under the same conditions",
				"CopierRole: kms:DescribeKey arn:${AWS::Partition}:kms:*:*:key/*, condition StringNotEquals aws:ResourceAccount":                                  "it may describe an own key anyway",
				"PolicyWriterRole: kms:PutKeyPolicy arn:${AWS::Partition}:kms:*:${AWS::AccountId}:key/* (again), condition Null aws:PrincipalTag/keymend-account": "without the tag it may write the same by the other statement",
			}},
		"member-region": {template.MemberRegion(), judgeRegion(t), nil},
		"hub-roles": {template.HubRoles(),
			judgeRoles(hub, slices.Concat(calls(hubNeeds, access.Allowed), calls(hubRefuses, access.Denied), inside), hubTrusts()), nil},
		"hub":    {template.Hub(), judgeBus(t), nil},
		"lister": {template.Lister(), judgeRoles(listing, append(calls(listsAccounts, access.Allowed), calls(listsNothingElse, access.Denied)...), listerTrusts()), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if failed := tc.judge(tc.text); len(failed) > 0 {
				t.Fatalf("as it is:\n%s", strings.Join(failed, "\n"))
			}
			all := mutants(t, name, tc.text)
			for _, mutant := range slices.Sorted(maps.Keys(all)) {
				failed := tc.judge(all[mutant])
				why := tc.equivalent[mutant]
				switch {
				case len(failed) == 0 && why == "":
					t.Errorf("nobody misses %s: add what needs it, or what it refuses, to the cases", mutant)
				case len(failed) > 0 && why != "":
					t.Errorf("%s isn't the same: %s", mutant, failed[0])
				case testing.Verbose() && why == "":
					t.Logf("%s: %s", mutant, failed[0])
				}
			}
			t.Logf("%d mutants", len(all))
		})
	}
}

// mutants are a template with one thing taken out, by what that is.
func mutants(t *testing.T, name string, text []byte) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	var doc map[string]any
	if err := json.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	take := func(what string, from map[string]any, key string) {
		had := from[key]
		delete(from, key)
		mutated, err := json.Marshal(doc)
		from[key] = had
		if err != nil || out[what] != nil {
			t.Fatalf("%s twice, or %v", what, err)
		}
		out[what] = mutated
	}
	resources := doc["Resources"].(map[string]any)
	for id, r := range resources {
		r := r.(map[string]any)
		if name == "hub" && !ofBus(r) {
			continue
		}
		take(id, resources, id)
		properties := r["Properties"].(map[string]any)
		if pattern, ok := properties["EventPattern"].(map[string]any); ok {
			fields(id+": pattern", pattern, take)
		}
		for _, p := range []string{"EventBusName", "Targets"} {
			if properties[p] != nil && properties["EventPattern"] != nil {
				take(id+": "+p, properties, p)
			}
		}
		policies(id, properties, take)
	}
	for mapping, entries := range asMap(doc["Mappings"]) {
		for entry := range asMap(entries) {
			take("mapping "+mapping+" of "+entry, asMap(entries), entry)
		}
	}
	return out
}

// ofBus reports whether a resource of the hub's is about what comes over the bus.
func ofBus(r map[string]any) bool {
	properties := asMap(r["Properties"])
	text := fmt.Sprint(properties["Queues"])
	return r["Type"] == "AWS::Events::EventBus" || r["Type"] == "AWS::Events::EventBusPolicy" || r["Type"] == "AWS::Events::Rule" && properties["EventBusName"] != nil ||
		r["Type"] == "AWS::SQS::QueuePolicy" && text == "[map[Ref:Signals]]"
}

func asMap(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

// fields takes each part of a pattern out.
func fields(name string, pattern map[string]any, take func(string, map[string]any, string)) {
	for key, v := range pattern {
		if inner, ok := v.(map[string]any); ok {
			fields(name+" "+key, inner, take)
			continue
		}
		take(name+" "+key, pattern, key)
	}
}

// policies takes each statement out of a resource's policies, and each condition out of
// a statement.
func policies(id string, properties map[string]any, take func(string, map[string]any, string)) {
	documents := map[string]map[string]any{"trust ": asMap(properties["AssumeRolePolicyDocument"]), "": asMap(properties["PolicyDocument"])}
	if all, ok := properties["Policies"].([]any); ok {
		documents[""] = asMap(asMap(all[0])["PolicyDocument"])
	}
	for kind, d := range documents {
		list, _ := d["Statement"].([]any)
		for i, one := range list {
			s := bare(asMap(one))
			what := id + ": " + kind + said(s)
			if slices.ContainsFunc(list[:i], func(before any) bool { return said(bare(asMap(before))) == said(s) }) {
				what += " (again)"
			}
			without := append(slices.Clone(list[:i]), list[i+1:]...)
			d["Statement"] = without
			take(what, map[string]any{}, "")
			d["Statement"] = list
			conditions(what, s, take)
		}
	}
	if s := asMap(properties["Statement"]); s != nil { // a bus's policy has one
		conditions(id+": "+said(s), s, take)
	}
}

func conditions(what string, s map[string]any, take func(string, map[string]any, string)) {
	all := asMap(s["Condition"])
	for operator, keys := range all {
		for key := range asMap(keys) {
			from, member := asMap(keys), key
			if len(from) == 1 {
				from, member = all, operator
				if len(all) == 1 {
					from, member = s, "Condition"
				}
			}
			take(what+", condition "+operator+" "+key, from, member)
		}
	}
}

// bare is a statement without the parameter that it hangs on.
func bare(s map[string]any) map[string]any {
	if parts, ok := s["Fn::If"].([]any); ok {
		return bare(asMap(parts[1]))
	}
	return s
}

// said is what a statement is about.
func said(s map[string]any) string {
	out := fmt.Sprint(s["Action"])
	switch r := s["Resource"].(type) {
	case string:
		return out + " " + r
	case map[string]any:
		return out + " " + fmt.Sprint(r["Fn::Sub"])
	}
	return out
}

// judgeRegion asks about a member's Region: what its rules send, where to, and what holds
// the hub back there.
func judgeRegion(t *testing.T) judge {
	all, m := samples(t), matcher{}
	return func(text []byte) (failed []string) {
		for _, at := range []string{region, "us-east-1"} {
			made, err := loaded(text, account, at, sets()["copy"])
			if err != nil {
				return []string{at + ": it doesn't load: " + err.Error()}
			}
			failed = append(failed, m.rules(t, made, all, func(r cloudformation.Resource) bool {
				return strings.Contains(fmt.Sprint(r.Properties["Targets"]), "arn:aws:events:eu-west-1:"+hub+":event-bus/keymend") && r.Properties["EventBusName"] == nil
			})...)
			there := map[string]bool{}
			for _, r := range made {
				if r.Type == "AWS::SSM::Parameter" {
					there[fmt.Sprint(r.Properties["Name"])] = true
				}
			}
			for _, name := range []string{"/keymend/switch", permission.Wave} {
				if !there[name] {
					failed = append(failed, at+": there is no "+name)
				}
			}
		}
		return failed
	}
}

// judgeBus asks about the hub's bus: who may send to it, which of what comes goes on to
// the queue, and whether the queue takes that, and from whom.
func judgeBus(t *testing.T) judge {
	all, m := samples(t), matcher{}
	return func(text []byte) (failed []string) {
		arn := placedResources{account: hub, region: region}.arn
		made, err := loaded(text, hub, region, sets()["copy"])
		if err != nil {
			return []string{"it doesn't load: " + err.Error()}
		}
		if made["Bus"].Properties["Name"] != "keymend" {
			failed = append(failed, "there is no bus that members know")
		}
		failed = append(failed, m.rules(t, made, all, func(r cloudformation.Resource) bool {
			return strings.Contains(fmt.Sprint(r.Properties["Targets"]), "Arn:"+arn("Signals")+" ") && r.Properties["EventBusName"] == "Bus" && takes(made, arn(r.LogicalID), "true")
		})...)
		if takes(made, arn("Other"), "true") || takes(made, arn("LaunchUnsuccessful"), "false") {
			failed = append(failed, "the queue takes more than what the rules send over TLS")
		}
		bus := document(map[string]any{"Version": "2012-10-17", "Statement": []any{made["BusPolicy"].Properties["Statement"]}})
		for _, c := range []trusted{
			{by: "arn:aws:iam::" + account + ":role/keymend-forwarder", in: organization, want: true},
			{by: "arn:aws:iam::" + account + ":role/other", in: organization},
			{by: "arn:aws:iam::777788889999:role/keymend-forwarder", in: "o-0000000000"},
			{by: "arn:aws:iam::777788889999:role/keymend-forwarder"},
		} {
			c.action, c.on = "events:PutEvents", arn("Bus")
			if got := bus != nil && c.ask(bus); got != c.want {
				failed = append(failed, fmt.Sprintf("%s of %q puts events on the bus: %v", c.by, c.in, got))
			}
		}
		return failed
	}
}

// takes reports whether the queue of signals takes what a rule sends.
func takes(made collected, rule, secure string) bool {
	policy := document(made["SignalsPolicy"].Properties["PolicyDocument"])
	return policy != nil && access.Resource(policy, access.Principal{Service: "events.amazonaws.com"}, "sqs:SendMessage", placedResources{account: hub, region: region}.arn("Signals"),
		access.Context{Complete: true, Values: map[string][]string{"aws:sourcearn": {rule}, "aws:securetransport": {secure}}}).Decision == access.Allowed
}
