package endtoend_test

import (
	"context"
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"keymend/pkg/permission"
	"keymend/pkg/record/event"
)

// told is the queue on which a world hears what Keymend tells.
const told = "told"

// schema is what every event of Keymend's is held to.
var schema = sync.OnceValues(func() (*jsonschema.Schema, error) { //nolint:gochecknoglobals // read once for every world
	return jsonschema.NewCompiler().Compile("../../../docs/schemas/events.schema.json")
})

// hear has a rule send whatever Keymend tells to a queue, and holds it to the schema in
// the end, in every story.
func (w *world) hear() {
	w.t.Helper()
	ctx, arn := w.t.Context(), "arn:aws:sqs:"+region+":"+account+":"+told
	policy := `{"Statement":[{"Effect":"Allow","Principal":{"Service":"events.amazonaws.com"},"Action":"sqs:SendMessage","Resource":"*"}]}`
	_, err := w.sqs.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: new(told), Attributes: map[string]string{"Policy": policy, "MessageRetentionPeriod": "1209600"}})
	must(w.t, err)
	_, err = w.bus.PutRule(ctx, &eventbridge.PutRuleInput{Name: new(told), EventPattern: new(`{"source":["keymend"]}`)})
	must(w.t, err)
	_, err = w.bus.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: new(told), Targets: []types.Target{{Id: new("told"), Arn: &arn}}})
	must(w.t, err)
	w.t.Cleanup(func() { w.told() })
}

// A notice is an event of Keymend's as a target receives it.
type notice struct {
	DetailType string       `json:"detail-type"`
	Resources  []string     `json:"resources"`
	Detail     event.Detail `json:"detail"`
}

// told takes what was told since it was last asked, and fails where the schema doesn't
// have it so.
func (w *world) told() []notice {
	w.t.Helper()
	schema, err := schema()
	must(w.t, err)
	var out []notice
	for {
		got, err := w.sqs.ReceiveMessage(context.Background(), &sqs.ReceiveMessageInput{QueueUrl: new(w.url + "/" + account + "/" + told), MaxNumberOfMessages: 10})
		must(w.t, err)
		for _, m := range got.Messages {
			value, err := jsonschema.UnmarshalJSON(strings.NewReader(*m.Body))
			must(w.t, err)
			if err := schema.Validate(value); err != nil {
				w.t.Errorf("an event isn't as docs/schemas/events.schema.json has it: %v\n%s", err, *m.Body)
			}
			var n notice
			must(w.t, json.Unmarshal([]byte(*m.Body), &n))
			out = append(out, n)
			_, err = w.sqs.DeleteMessage(context.Background(), &sqs.DeleteMessageInput{QueueUrl: new(w.url + "/" + account + "/" + told), ReceiptHandle: m.ReceiptHandle})
			must(w.t, err)
		}
		if len(got.Messages) == 0 {
			return out
		}
	}
}

// TestOthersAreTold: a proposal, a change and the recovery are told, once each; Keymend
// hears nothing of it itself.
func TestOthersAreTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	key := w.key(rootOnly, enrolled)
	w.broken("web-prod", key)
	w.broken("batch", w.key(rootOnly, nil))
	w.box.Advance(30 * time.Minute)
	said := map[string]int{}
	for _, n := range w.told() {
		said[n.Detail.Group+" "+n.DetailType]++
		if n.Detail.Group == "web-prod" && (n.Detail.Key != key || n.Resources[0] != key || n.Detail.Asks) {
			t.Errorf("%+v", n)
		}
		if n.Detail.Group == "batch" && (!n.Detail.Asks || len(n.Detail.Run) == 0 || !strings.Contains(n.Detail.Run[0].Command, "tag-resource")) {
			t.Errorf("%+v", n)
		}
	}
	if said["web-prod Keymend Change"] != 1 || said["web-prod Keymend Recovered"] != 1 || said["batch Keymend Proposal"] == 0 || len(said) != 3 {
		t.Errorf("%v\n%v", said, w.story())
	}
	if n := w.inService("web-prod"); n != 2 {
		t.Errorf("%d in service\n%v", n, w.story())
	}
}

// TestWhatCannotBeTold: without the permission to put events a group heals as it does
// with it, in as many writes, and the functions' logs say what happened.
func TestWhatCannotBeTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, role := range []permission.Role{permission.Diagnose, permission.Remediate} {
		w.revoke(role, "events:PutEvents", "arn:aws:events:"+region+":"+account+":event-bus/default")
	}
	brokenGroup(w)
	w.box.Advance(30 * time.Minute)
	if n := w.inService("web-prod"); n != 2 {
		t.Errorf("%d in service\n%v", n, w.story())
	}
	if n := w.writes(); n != 1 || len(w.told()) != 0 {
		t.Errorf("%d writes", n)
	}
	for _, name := range []string{"diagnose", "remediate"} {
		if log := strings.Join(w.lines("/aws/lambda/keymend-"+name), "\n"); !strings.Contains(log, "an event was not put") || !strings.Contains(log, "events:PutEvents") {
			t.Errorf("%s says nothing of it", name)
		}
	}
}

// TestOnlyKeymendsEvents: the functions' roles may put no event of another source.
func TestOnlyKeymendsEvents(t *testing.T) {
	t.Parallel()
	w := newWorld(t, edited(letTestsIn))
	as := w.assume(w.cfg, permission.Diagnose, "thief", "")
	for source, want := range map[string]bool{"keymend": true, "payments": false, "aws.autoscaling": false} {
		_, err := eventbridge.NewFromConfig(as).PutEvents(t.Context(), &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{{
			Source: &source, DetailType: new("x"), Detail: new(`{}`)}}})
		if (err == nil) != want {
			t.Errorf("%s: %v", source, err)
		}
	}
}
