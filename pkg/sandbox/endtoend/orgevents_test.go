package endtoend_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"keymend/infra/template"
	"keymend/pkg/permission"
	"keymend/pkg/sandbox"
	"keymend/pkg/sandbox/organization"
)

// heard has a rule of an account's own send what Keymend tells there to a queue, and
// returns what takes that: each event's group and type, with the account and Region that
// its bus vouches for.
func (w *world) heard(accountID, region string) func() map[string]int {
	w.t.Helper()
	ctx, arn := w.t.Context(), "arn:aws:sqs:"+region+":"+accountID+":"+told
	policy := `{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`
	queue, err := w.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: new(told), Attributes: map[string]string{"Policy": policy, "MessageRetentionPeriod": "1209600"}})
	must(w.t, err)
	_, err = w.bus.PutRule(ctx, &eventbridge.PutRuleInput{Name: new(told), EventPattern: new(`{"source":["keymend"]}`)})
	must(w.t, err)
	_, err = w.bus.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: new(told), Targets: []types.Target{{Id: new("told"), Arn: &arn}}})
	must(w.t, err)
	return func() map[string]int {
		out := map[string]int{}
		for {
			got, err := w.sqs.ReceiveMessage(ctx, &sqs.ReceiveMessageInput{QueueUrl: queue.QueueUrl, MaxNumberOfMessages: 10})
			must(w.t, err)
			for _, m := range got.Messages {
				var n struct {
					notice
					Account, Region string
				}
				must(w.t, json.Unmarshal([]byte(*m.Body), &n))
				out[n.Account+" "+n.Region+" "+n.Detail.Group+" "+n.DetailType]++
				_, err = w.sqs.DeleteMessage(ctx, &sqs.DeleteMessageInput{QueueUrl: queue.QueueUrl, ReceiptHandle: m.ReceiptHandle})
				must(w.t, err)
			}
			if len(got.Messages) == 0 {
				return out
			}
		}
	}
}

// TestMembersHearWhatIsTheirs: what the hub tells of a group, the group's account hears on
// its own bus, in the group's Region, and so does the account of a key elsewhere; nobody
// else does, and the hub takes none of it in. An account whose role isn't there heals as
// ever, and the hub's log says so.
func TestMembersHearWhatIsTheirs(t *testing.T) {
	t.Parallel()
	h := newHub(t, nil, account, owner, third)
	for _, id := range []string{account, owner, third} {
		h.join(id, nil)
	}
	m, there, other := h.at(account, far), h.at(owner, far), h.at(third, far)
	hears := map[string]func() map[string]int{}
	for name, w := range map[string]*world{account: m, owner: there, third: other} {
		hears[name] = w.heard(name, far)
	}
	atHub := h.heard(hubAccount, region)
	m.broken("web-own", m.key(own(account), enrolled))
	m.broken("web-shared", there.key(ownerPolicy(), map[string]string{"keymend": "remediate", "keymend-accounts": "organization"}))
	h.box.Advance(30 * time.Minute)
	hub, mine, its := atHub(), hears[account](), hears[owner]()
	for event, n := range hub {
		of := strings.TrimPrefix(event, hubAccount+" "+region+" ")
		if got := mine[account+" "+far+" "+of]; got != n {
			t.Errorf("%s: the hub heard it %d times, the group's account %d", of, n, got)
		}
		want := 0
		if strings.HasPrefix(of, "web-shared ") {
			want = n
		}
		if got := its[owner+" "+far+" "+of]; got != want {
			t.Errorf("%s: the hub heard it %d times, the key's account %d", of, n, got)
		}
	}
	if len(hub) != len(mine) || hub[hubAccount+" "+region+" web-own Keymend Change"] != 1 || len(its) == 0 || len(hears[third]()) != 0 {
		t.Errorf("the hub: %v\nthe group's account: %v\nthe key's: %v", hub, mine, its)
	}
	for _, r := range h.records() {
		if strings.Contains(r.Reason, "Keymend Change") || strings.Contains(r.Reason, `source "keymend"`) {
			t.Errorf("the hub hears itself: %+v", r)
		}
	}
	other.revoke(permission.Notifier, "events:PutEvents", "arn:aws:events:*:"+third+":event-bus/default")
	other.broken("web-silent", other.key(own(third), enrolled))
	h.box.Advance(20 * time.Minute)
	if n := other.inService("web-silent"); n != 2 || len(hears[third]()) != 0 {
		t.Errorf("%d in service\n%v", n, h.story())
	}
	for _, name := range []string{"diagnose", "remediate"} {
		if log := strings.Join(h.lines("/aws/lambda/keymend-"+name), "\n"); !strings.Contains(log, "on the bus of account "+third) {
			t.Errorf("%s says nothing of it", name)
		}
	}
}

// TestNotifierAndListerMayDoNothingElse, by IAM alone: with the functions' own
// credentials no event of another source or kind can be put in a member, and nothing on
// another bus; nobody of the member takes the role; only diagnose lists accounts.
func TestNotifierAndListerMayDoNothingElse(t *testing.T) {
	t.Parallel()
	box, err := sandbox.New(sandbox.Options{Start: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Switches: sandbox.DefaultSwitches()})
	must(t, err)
	must(t, box.SetOrganizations(organization.Of(organizationID, management, administrator, account, hubAccount)))
	t.Cleanup(func() { _ = box.Close() })
	url, err := box.Listen("127.0.0.1:0")
	must(t, err)
	roles := []byte(strings.ReplaceAll(string(letTestsIn(template.HubRoles())), account, hubAccount))
	must(t, box.Deploy(roles, hubAccount, region, nil, nil))
	must(t, box.Deploy(template.MemberRoles(), account, region, nil, nil))
	must(t, box.Deploy(template.Lister(), administrator, region, nil, nil))
	taken := func(from *world, accountID string, role permission.Role) *world {
		cfg := from.cfg.Copy()
		cfg.Credentials = stscreds.NewAssumeRoleProvider(sts.NewFromConfig(from.cfg), "arn:aws:iam::"+accountID+":role/keymend-"+string(role))
		out := *from
		out.cfg, out.bus = cfg, eventbridge.NewFromConfig(cfg)
		return &out
	}
	admin := connect(t, box, url, hubAccount, region)
	enters := func(from *world, accountID string, role permission.Role) bool {
		_, err := taken(from, accountID, role).cfg.Credentials.Retrieve(t.Context())
		return err == nil
	}
	for _, function := range []permission.Role{permission.Diagnose, permission.Remediate} {
		as := taken(admin, hubAccount, function)
		notifier := taken(as, account, permission.Notifier)
		for _, tc := range []struct {
			source, kind, bus string
			taken             bool
		}{
			{"keymend", "Keymend Change", "", true}, {"keymend", "Keymend Proposal", "", true},
			{"payments", "Keymend Change", "", false}, {"aws.autoscaling", "Keymend Change", "", false}, {"keymend", "EC2 Instance Launch Unsuccessful", "", false},
		} {
			out, err := notifier.bus.PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{Source: &tc.source, DetailType: &tc.kind, Detail: new(`{}`)}}})
			if ok := err == nil && out.FailedEntryCount == 0; ok != tc.taken {
				t.Errorf("%s: %+v: %v", function, tc, err)
			}
		}
		if _, err := notifier.bus.ListRules(t.Context(), &eventbridge.ListRulesInput{}); err == nil {
			t.Errorf("%s reads rules as the notifier", function)
		}
		if got := enters(as, administrator, permission.Lister); got != (function == permission.Diagnose) {
			t.Errorf("%s lists accounts: %v", function, got)
		}
	}
	for name, from := range map[string]*world{"a member's administrator": connect(t, box, url, account, region), "the hub's administrator": admin, "the lister's": connect(t, box, url, administrator, region)} {
		if enters(from, account, permission.Notifier) || enters(from, administrator, permission.Lister) {
			t.Errorf("%s takes a role", name)
		}
	}
}

// TestTellingNeedsItsPermissions: without the hub's way to a notifier or the lister,
// groups heal, members aren't told or accounts listed, and the hub's log says so.
func TestTellingNeedsItsPermissions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		role      permission.Role
		in, takes string
	}{
		{permission.Diagnose, "*", "notifier"}, {permission.Remediate, "*", "notifier"}, {permission.Diagnose, administrator, "lister"},
	} {
		t.Run(string(tc.role)+" "+tc.takes, func(t *testing.T) {
			t.Parallel()
			h := newSweepingHub(t, account)
			h.join(account, nil)
			h.box.SetSwitches(sandbox.DefaultSwitches())
			h.revoke(tc.role, "sts:AssumeRole", "arn:aws:iam::"+tc.in+":role/keymend-"+tc.takes)
			m := h.at(account, region)
			heard := m.heard(account, region)
			m.broken("web-prod", m.key(own(account), enrolled))
			h.box.Advance(20 * time.Minute)
			log := strings.Join(h.lines("/aws/lambda/keymend-"+string(tc.role)), "\n")
			if n := m.inService("web-prod"); n != 2 || !strings.Contains(log, "not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::") || !strings.Contains(log, ":role/keymend-"+tc.takes) {
				t.Errorf("%d in service\n%v", n, h.story())
			}
			got := heard()
			if changed := got[account+" "+region+" web-prod Keymend Change"]; (changed == 0) != (tc.role == permission.Remediate) {
				t.Errorf("heard %v", got)
			}
		})
	}
}
