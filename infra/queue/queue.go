// Package queue is Keymend's queues: signals, looks, drift and changes, and the
// dead-letter queue of each.
package queue

import (
	"slices"
	"strings"

	"github.com/aws/aws-cdk-go/awscdk/v2"
	"github.com/aws/aws-cdk-go/awscdk/v2/awssqs"
	"github.com/aws/constructs-go/constructs/v10"

	"keymend/infra/cfn"
	"keymend/pkg/limit"
	"keymend/pkg/signal"
)

// The queues' names, which permissions name too.
const (
	Signals     = cfn.Prefix + "signals"
	SignalsDead = cfn.Prefix + "signals-dead"
	Changes     = cfn.Prefix + "changes.fifo"
	ChangesDead = cfn.Prefix + "changes-dead.fifo"
	Looks       = cfn.Prefix + "looks"
	LooksDead   = cfn.Prefix + "looks-dead"
	Drift       = cfn.Prefix + "drift.fifo"
	DriftDead   = cfn.Prefix + "drift-dead.fifo"
)

// twoWeeks is as long as SQS keeps a message, in seconds.
const twoWeeks = 14 * 24 * 60 * 60

// Props are what the queues need.
type Props struct {
	Condition awscdk.CfnCondition
	Rules     map[string]awscdk.CfnCondition // that may send signals, with the condition of each
	// Key encrypts the messages instead of SQS's own key; its policy has to let
	// EventBridge and the functions use it (docs/deploy.md).
	Key cfn.Optional
}

// Queues are how the queues are referred to.
type Queues struct {
	Signals, SignalsDead, Changes, Looks, LooksDead, Drift *string // ARNs
	SignalsURL, ChangesURL, LooksURL, DriftURL             *string
}

// New makes the queues and their policies.
func New(scope constructs.Construct, id string, props Props) Queues {
	in := cfn.Group(scope, id)
	for _, q := range []struct {
		id, name, dead string
		fifo           bool
	}{
		{id: "SignalsDead", name: SignalsDead}, {id: "Signals", name: Signals, dead: "SignalsDead"},
		{id: "LooksDead", name: LooksDead}, {id: "Looks", name: Looks, dead: "LooksDead"},
		{id: "DriftDead", name: DriftDead, fifo: true}, {id: "Drift", name: Drift, dead: "DriftDead", fifo: true},
		{id: "ChangesDead", name: ChangesDead, fifo: true}, {id: "Changes", name: Changes, dead: "ChangesDead", fifo: true},
	} {
		queue := &awssqs.CfnQueueProps{
			QueueName: &q.name, MessageRetentionPeriod: cfn.Number(twoWeeks),
			SqsManagedSseEnabled: awscdk.Fn_ConditionIf(props.Key.Given.LogicalId(), cfn.NoValue(), true), KmsMasterKeyId: props.Key.OrNothing(),
		}
		if q.fifo {
			queue.FifoQueue = true
		}
		if q.dead != "" {
			hidden := limit.Visibility
			if !q.fifo {
				hidden += limit.Window
			}
			queue.VisibilityTimeout = cfn.Number(int(hidden.Seconds()))
			queue.RedrivePolicy = map[string]any{"deadLetterTargetArn": cfn.GetAtt(q.dead, "Arn"), "maxReceiveCount": limit.Receives}
		}
		cfn.Place(awssqs.NewCfnQueue(in, &q.id, queue), props.Condition)
		var senders []any
		if !q.fifo {
			senders = arns(props, strings.HasPrefix(q.id, "Looks"))
		}
		cfn.Place(awssqs.NewCfnQueuePolicy(in, new(q.id+"Policy"), &awssqs.CfnQueuePolicyProps{
			Queues: &[]*string{cfn.Ref(q.id)}, PolicyDocument: map[string]any{"Version": "2012-10-17", "Statement": statements(q.id, senders)},
		}), props.Condition)
	}
	return Queues{
		Signals: cfn.GetAtt("Signals", "Arn"), SignalsDead: cfn.GetAtt("SignalsDead", "Arn"), Changes: cfn.GetAtt("Changes", "Arn"),
		Looks: cfn.GetAtt("Looks", "Arn"), LooksDead: cfn.GetAtt("LooksDead", "Arn"), Drift: cfn.GetAtt("Drift", "Arn"),
		SignalsURL: cfn.Ref("Signals"), ChangesURL: cfn.Ref("Changes"), LooksURL: cfn.Ref("Looks"), DriftURL: cfn.Ref("Drift"),
	}
}

// arns names the rules with a schedule, or those without, those with a condition of
// their own only where it holds.
func arns(props Props, scheduled bool) []any {
	var out []any
	for _, r := range signal.Rules() {
		switch condition, ok := props.Rules[r.ID]; {
		case !ok, scheduled != (r.Schedule != ""):
		case condition == nil || condition == props.Condition:
			out = append(out, cfn.GetAtt(r.ID, "Arn"))
		default:
			out = append(out, cfn.Either(condition, cfn.GetAtt(r.ID, "Arn"), cfn.NoValue()))
		}
	}
	return slices.Clip(out)
}

// statements lets rules send, and nobody come in without TLS. Both functions have
// their permissions by their roles.
// https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html#eb-sqs-permissions
func statements(queue string, senders []any) []any {
	arn := cfn.GetAtt(queue, "Arn")
	out := []any{map[string]any{
		"Sid": "OnlyTLS", "Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": arn,
		"Condition": map[string]any{"Bool": map[string]any{"aws:SecureTransport": "false"}},
	}}
	if len(senders) == 0 {
		return out
	}
	return append(out, map[string]any{
		"Sid": "Rules", "Effect": "Allow", "Principal": map[string]any{"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn,
		"Condition": map[string]any{"ArnEquals": map[string]any{"aws:SourceArn": senders}},
	})
}
