package endtoend_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"keymend/infra/template"
	"keymend/pkg/outcome"
	"keymend/pkg/permission"
	"keymend/pkg/record"
	"keymend/pkg/settings"
)

// TestARegionMovesToAnotherHubStack: while the mapping changes, a member's Region is one
// hub stack's or the other's. What the former still has of it, it looks at and doesn't
// write; each key is written once.
func TestARegionMovesToAnotherHubStack(t *testing.T) {
	t.Parallel()
	former := newHub(t, nil, account)
	must(t, former.box.Deploy(ofBoth(template.HubRoles()), hubAccount, region, nil, nil))
	must(t, former.box.Deploy(template.Hub(), hubAccount, far, map[string]string{"Mode": "enforce", "VerifyInterval": "1ms"}, binaries))
	next := hub{former.at(hubAccount, far)}
	t.Cleanup(next.wantExplained)
	former.join(account, nil)
	m := former.at(account, far)
	m.broken("before", m.key(own(account), enrolled))
	former.box.Advance(10 * time.Minute)
	if n, records := m.inService("before"), next.records(); n != 2 || len(records) > 0 {
		t.Fatalf("%d in service; the hub stack in %s has %d records", n, far, len(records))
	}

	moved := strings.Replace(string(template.MemberRegion()), `"us-east-1":{"Region":"eu-west-1"}`, `"us-east-1":{"Region":"us-east-1"}`, 1)
	m.noParameter(settings.DefaultSwitch) // a stack's update writes them over
	m.noParameter(permission.Wave)
	must(t, former.box.Deploy([]byte(moved), account, far, map[string]string{"Mode": "enforce"}, nil))
	m.parameter(settings.DefaultSwitch, "off")
	key := m.key(own(account), enrolled)
	m.broken("after", key)
	former.deliver(strings.ReplaceAll(strings.ReplaceAll(launchUnsuccessful, "GROUP", "after"), region, far)) // it was under way
	former.box.Advance(2 * time.Minute)
	if r := former.last(outcome.Observed); r.Group != "after" || !strings.Contains(r.Verdict.Text, `hub is "us-east-1" since the mapping changed`) {
		t.Errorf("%+v", r)
	}
	m.parameter(settings.DefaultSwitch, "on")
	former.deliver(strings.ReplaceAll(strings.ReplaceAll(launchUnsuccessful, "GROUP", "after"), region, far))
	former.box.Advance(30 * time.Minute)
	if r := next.last(outcome.Fixed); r.Group != "after" || r.Hub != hubAccount+" "+far {
		t.Errorf("%+v", r)
	}
	if n := m.inService("after"); n != 2 || former.writes() != 2 || len(intents(next.records())) != 1 || len(intents(former.records())) != 1 {
		t.Errorf("%d in service, %d writes, %d and %d intents\n%v", n, former.writes(), len(intents(former.records())), len(intents(next.records())), next.story())
	}
}

// ofBoth has the hub's roles take the functions of a second hub Region for theirs, too.
func ofBoth(roles []byte) []byte {
	function := regexp.MustCompile(`(\{"Fn::Sub":"arn:\$\{AWS::Partition\}:lambda:)` + region + `(:[^"]*"\})`)
	return function.ReplaceAll(roles, []byte("${1}"+region+"${2},${1}"+far+"${2}"))
}

func intents(all []record.Record) []record.Record {
	var out []record.Record
	for _, r := range all {
		if r.Phase == record.Intent {
			out = append(out, r)
		}
	}
	return out
}
