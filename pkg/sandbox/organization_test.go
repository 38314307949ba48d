package sandbox_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	ebtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/tidwall/gjson"

	"keymend/infra/template"
	"keymend/pkg/sandbox/organization"
)

const (
	hub      = "999900001111"
	outsider = "777788889999"
	ours     = "o-a1b2c3d4e5"
)

// without returns a template without resources of some services.
func without(t *testing.T, text []byte, prefixes ...string) []byte {
	t.Helper()
	var doc map[string]any
	must(t, json.Unmarshal(text, &doc))
	resources := doc["Resources"].(map[string]any)
	for id, r := range resources {
		for _, prefix := range prefixes {
			if strings.HasPrefix(r.(map[string]any)["Type"].(string), prefix) {
				delete(resources, id)
			}
		}
	}
	out, err := json.Marshal(doc)
	must(t, err)
	return out
}

// governed is a world with a hub and a member of the committed templates, and an account
// in no organization.
func governed(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, nil)
	must(t, w.box.SetOrganizations(organization.Of(ours, hub, account)))
	must(t, w.box.Deploy(template.HubRoles(), hub, "eu-west-1", nil, nil))
	must(t, w.box.Deploy(without(t, template.Hub(), "AWS::Lambda::"), hub, "eu-west-1", nil, nil))
	must(t, w.box.Deploy(template.MemberRoles(), account, "eu-west-1", nil, nil))
	return w
}

// as gives clients of another account's administrator.
func (w *world) as(account, region string) aws.Config {
	cfg := w.cfg.Copy()
	cfg.Region, cfg.Credentials = region, credentials.NewStaticCredentialsProvider(account, "any", "")
	return cfg
}

// failed puts the event of a failed launch on an account's own bus, as Auto Scaling does.
func (w *world) failed(account, region, group string) {
	w.box.PutEvent(account, region, "aws.autoscaling", "EC2 Instance Launch Unsuccessful", map[string]any{"AutoScalingGroupName": group, "StatusCode": "Failed"})
	w.box.Advance(5 * time.Second)
}

// heard returns the events in the hub's queue of signals.
func (w *world) heard() []gjson.Result {
	w.t.Helper()
	client := sqs.NewFromConfig(w.as(hub, "eu-west-1"))
	url, err := client.GetQueueUrl(w.t.Context(), &sqs.GetQueueUrlInput{QueueName: new("keymend-signals")})
	must(w.t, err)
	got, err := client.ReceiveMessage(w.t.Context(), &sqs.ReceiveMessageInput{QueueUrl: url.QueueUrl, MaxNumberOfMessages: 10})
	must(w.t, err)
	var out []gjson.Result
	for _, m := range got.Messages {
		out = append(out, gjson.Parse(*m.Body))
		_, err := client.DeleteMessage(w.t.Context(), &sqs.DeleteMessageInput{QueueUrl: url.QueueUrl, ReceiptHandle: m.ReceiptHandle})
		must(w.t, err)
	}
	return out
}

// What fails in any Region of a member reaches the hub's queue with the account and
// Region in which it failed, by the committed templates.
func TestAMembersEventsReachTheHub(t *testing.T) {
	t.Parallel()
	w := governed(t)
	for _, at := range []string{"eu-west-1", "us-east-1"} {
		must(t, w.box.Deploy(template.MemberRegion(), account, at, nil, nil))
		w.failed(account, at, "web-prod")
		got := w.heard()
		if len(got) != 1 || got[0].Get("account").String() != account || got[0].Get("region").String() != at || got[0].Get("detail.AutoScalingGroupName").String() != "web-prod" {
			t.Errorf("%s: heard %v", at, got)
		}
	}
}

// The hub goes first, then the roles: else the rules aren't made, and CloudFormation says
// why. An account outside the organization doesn't get in with the same templates.
func TestWhoseRulesTheHubRefuses(t *testing.T) {
	t.Parallel()
	there := governed(t)
	must(t, there.box.Deploy(template.MemberRoles(), outsider, "eu-west-1", nil, nil))
	for name, tc := range map[string]struct {
		w             *world
		account, says string
	}{
		"no hub yet":   {newWorld(t, nil), account, "it isn't there"},
		"no roles yet": {there, "444455556666", "cannot be found"},
		"an outsider":  {there, outsider, "its policy doesn't let them in"},
	} {
		err := tc.w.box.Deploy(template.MemberRegion(), tc.account, "eu-west-1", nil, nil)
		if err == nil || !strings.Contains(err.Error(), tc.says) || !strings.Contains(err.Error(), "event-bus/keymend") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Who leaves the organization isn't heard any more, though the rules are there; nor is a
// role of another name, or a rule that rewrites events.
func TestTheBusIsAWall(t *testing.T) {
	t.Parallel()
	w := governed(t)
	must(t, w.box.Deploy(template.MemberRegion(), account, "eu-west-1", nil, nil))
	rules, role := eventbridge.NewFromConfig(w.cfg), new("arn:aws:iam::"+account+":role/other")
	_, err := iam.NewFromConfig(w.cfg).CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: new("other"),
		AssumeRolePolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]}`)})
	must(t, err)
	_, err = iam.NewFromConfig(w.cfg).PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{RoleName: new("other"), PolicyName: new("p"),
		PolicyDocument: new(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}]}`)})
	must(t, err)
	bus, forwarder := new("arn:aws:events:eu-west-1:"+hub+":event-bus/keymend"), new("arn:aws:iam::"+account+":role/keymend-forwarder")
	for says, target := range map[string]ebtypes.Target{
		"its policy doesn't let them in":     {Id: new("x"), Arn: bus, RoleArn: role},
		"the target has no role":             {Id: new("x"), Arn: bus},
		"can't be set where the target is":   {Id: new("x"), Arn: bus, RoleArn: forwarder, Input: new(`{"account":"444455556666"}`)},
		"no identity-based policy allows":    {Id: new("x"), Arn: new("arn:aws:events:eu-west-1:" + hub + ":event-bus/other"), RoleArn: forwarder},
		"is not authorized to perform: sts:": {Id: new("x"), Arn: bus, RoleArn: new("arn:aws:iam::" + account + ":role/keymend-reader")},
	} {
		if strings.HasSuffix(*target.Arn, "/other") {
			_, err := eventbridge.NewFromConfig(w.as(hub, "eu-west-1")).CreateEventBus(t.Context(), &eventbridge.CreateEventBusInput{Name: new("other")})
			must(t, err)
		}
		_, err := rules.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: new("keymend-launch-unsuccessful"), Targets: []ebtypes.Target{target}})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
	must(t, w.box.SetOrganizations(organization.Of(ours, hub)))
	w.failed(account, "eu-west-1", "web-prod")
	if got := w.heard(); len(got) != 0 {
		t.Errorf("heard %v of an account that left", got)
	}
}

// An event that came over a bus goes on to another Region of the hub, and to no third
// account.
func TestNoThirdAccount(t *testing.T) {
	t.Parallel()
	w := governed(t)
	must(t, w.box.Deploy(template.MemberRegion(), account, "eu-west-1", nil, nil))
	for _, to := range []string{hub, outsider} {
		must(t, w.box.Deploy([]byte(`{"Resources":{
			"Bus":{"Type":"AWS::Events::EventBus","Properties":{"Name":"next"}},
			"All":{"Type":"AWS::Events::EventBusPolicy","Properties":{"EventBusName":{"Ref":"Bus"},"Statement":{"Effect":"Allow","Principal":"*","Action":"events:PutEvents","Resource":"*"}}},
			"Queue":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"next"}},
			"Rules":{"Type":"AWS::SQS::QueuePolicy","Properties":{"Queues":[{"Ref":"Queue"}],"PolicyDocument":{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}}},
			"Rule":{"Type":"AWS::Events::Rule","Properties":{"EventBusName":{"Ref":"Bus"},"EventPattern":{"source":["aws.autoscaling"]},"Targets":[{"Id":"q","Arn":{"Fn::GetAtt":["Queue","Arn"]}}]}}}}`), to, "us-east-1", nil, nil))
	}
	must(t, w.box.Deploy([]byte(`{"Resources":{
		"Role":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"next","AssumeRolePolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sts:AssumeRole"}]},
			"Policies":[{"PolicyName":"p","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"events:PutEvents","Resource":"*"}]}}]}},
		"Rule":{"Type":"AWS::Events::Rule","Properties":{"Name":"next","EventBusName":"keymend","EventPattern":{"source":["aws.autoscaling"]},"Targets":[
			{"Id":"own","Arn":"arn:aws:events:us-east-1:`+hub+`:event-bus/next","RoleArn":{"Fn::GetAtt":["Role","Arn"]}},
			{"Id":"third","Arn":"arn:aws:events:us-east-1:`+outsider+`:event-bus/next","RoleArn":{"Fn::GetAtt":["Role","Arn"]}}]}}}}`), hub, "eu-west-1", nil, nil))
	w.failed(account, "eu-west-1", "web-prod")
	for at, want := range map[string]string{hub: "1", outsider: "0"} {
		client := sqs.NewFromConfig(w.as(at, "us-east-1"))
		url, err := client.GetQueueUrl(t.Context(), &sqs.GetQueueUrlInput{QueueName: new("next")})
		must(t, err)
		got, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: url.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"All"}})
		must(t, err)
		if got.Attributes["ApproximateNumberOfMessages"] != want {
			t.Errorf("%s has %s events", at, got.Attributes["ApproximateNumberOfMessages"])
		}
	}
}

// An account joins, moves and leaves by what the control API is told.
func TestControlOrganizations(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	if got := w.ask("GET", "organizations", "", 200); len(got["organizations"].([]any)) != 0 {
		t.Errorf("organizations %v", got)
	}
	const one = `{"organizations":[{"id":"o-a1b2c3d4e5","management":"000011112222","root":"r-a1b2","units":[{"id":"ou-a1b2-11111111","parent":"r-a1b2"}],"accounts":[{"id":"000011112222"},{"id":"` + account + `","unit":"%s"}]}]}`
	for unit, paths := range map[string]string{"ou-a1b2-11111111": "o-a1b2c3d4e5/r-a1b2/ou-a1b2-11111111/", "": "o-a1b2c3d4e5/r-a1b2/"} {
		w.ask("POST", "organizations", strings.Replace(one, "%s", unit, 1), 200)
		w.box.Advance(time.Minute)
		got := w.ask("GET", "organizations", "", 200)["organizations"].([]any)[0].(map[string]any)["accounts"].([]any)[1].(map[string]any)
		if got["joined"] != "2026-03-02T09:00:00Z" || got["state"] != "ACTIVE" || !strings.HasSuffix(paths, got["unit"].(string)+"/") {
			t.Errorf("%s: %v", paths, got)
		}
	}
	for _, bad := range []string{"", `{"organisations":[]}`, `{"organizations":[{"id":"o-a1b2c3d4e5"}]}`, strings.Replace(one, "%s", "ou-a1b2-22222222", 1)} {
		w.ask("POST", "organizations", bad, 400)
	}
	w.ask("POST", "organizations", `{"organizations":[]}`, 200)
	if left := w.box.Organizations(); len(left) != 0 {
		t.Errorf("organizations %v", left)
	}
}

// The roles of a member are bounded by the managed policy that the wave names; it has to
// be there first.
func TestAMembersBoundary(t *testing.T) {
	t.Parallel()
	w := governed(t)
	bounded := map[string]string{"PermissionsBoundary": "bound"}
	if err := w.box.Deploy(template.MemberRoles(), account, "eu-west-1", bounded, nil); err == nil || !strings.Contains(err.Error(), "policy/bound does not exist") {
		t.Errorf("without the policy: %v", err)
	}
	must(t, w.box.Deploy([]byte(`{"Resources":{"P":{"Type":"AWS::IAM::ManagedPolicy","Properties":{"ManagedPolicyName":"bound","PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}}}}}`), account, "eu-west-1", nil, nil))
	must(t, w.box.Deploy(template.MemberRoles(), account, "eu-west-1", bounded, nil))
	got, err := iam.NewFromConfig(w.cfg).GetRole(t.Context(), &iam.GetRoleInput{RoleName: new("keymend-reader")})
	must(t, err)
	if b := got.Role.PermissionsBoundary; b == nil || *b.PermissionsBoundaryArn != "arn:aws:iam::"+account+":policy/bound" {
		t.Errorf("bounded by %+v", b)
	}
}
