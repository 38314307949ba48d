package wiring_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keymend/pkg/account"
	"keymend/pkg/apply/table"
	"keymend/pkg/outcome"
	"keymend/pkg/plan"
	"keymend/pkg/record"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/queue"
	"keymend/pkg/settings"
	"keymend/pkg/wiring"
)

const (
	changesQueue = "https://sqs/" + callsAccount + "/changes.fifo"
	looksQueue   = "https://sqs/" + callsAccount + "/looks"
)

// kept keeps records.
type kept []record.Record

// Write implements remediation.Log.
func (k *kept) Write(_ context.Context, r record.Record) error { *k = append(*k, r); return nil }

// heal has a failed launch of one group come as an event, and carries out what is sent:
// two processes that start anew. It returns what the last record says, and the round
// trips that had to wait for one another, of both together.
func heal(t *testing.T, f *fleet) (record.Record, int) {
	t.Helper()
	var rounds int
	var log kept
	f.wait, f.calls, f.templates, f.keys = time.Second, map[string]int{}, 1, 1
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		answer, err := queue.Signals{Looker: looker(f, &log), Function: complaining(t)}.Handle(t.Context(), delivered(fmt.Sprintf(
			`{"version":"0","id":"e-1","source":"aws.autoscaling","detail-type":"EC2 Instance Launch Unsuccessful","account":%q,"region":%q,"time":%q,"detail":{"AutoScalingGroupName":"web-0","StatusCode":"Failed","StatusMessage":"Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state"}}`,
			callsAccount, callsRegion, begin.UTC().Format(time.RFC3339))))
		if err != nil || len(answer.BatchItemFailures) > 0 || len(f.sent["changes.fifo"]) != 1 {
			t.Fatalf("diagnose: %+v, %v; sent %v; %+v", answer, err, f.sent, log)
		}
		writer := world(f)
		x := &remediation.Fixer{Looker: *looker(f, &log), Open: writer.Open, Prepare: writer.Prepare, Sleep: wiring.Sleep}
		answer, err = queue.Changes{Fixer: x, Function: complaining(t)}.Handle(t.Context(), delivered(f.sent["changes.fifo"][0]))
		if err != nil || len(answer.BatchItemFailures) > 0 {
			t.Fatalf("remediate: %+v, %v; %+v", answer, err, log)
		}
		rounds = int(time.Since(begin) / time.Second)
	})
	return log[len(log)-1], rounds
}

func complaining(t *testing.T) queue.Function {
	t.Helper()
	return queue.Function{Complain: func(_ context.Context, err error) { t.Error(err) }}
}

func delivered(body string) events.SQSEvent {
	return events.SQSEvent{Records: []events.SQSMessage{{MessageId: "m", Body: body, Attributes: map[string]string{
		"SentTimestamp": fmt.Sprint(time.Now().UnixMilli()), "ApproximateReceiveCount": "1",
	}}}}
}

// world is a process's own: it knows nothing yet.
func world(f *fleet) wiring.AWS {
	c := deployed()
	return wiring.AWS{Sessions: account.New(configOf(f), account.Options{Partition: "aws", RolePrefix: c.RolePrefix}), Settings: c, Own: configOf(f)}
}

// deployed are the settings that are shipped, in enforce.
func deployed() settings.Config {
	c, _ := settings.Parse(func(name string) string {
		return map[string]string{
			"KEYMEND_MODE": "enforce", "KEYMEND_ROLE_PREFIX": "keymend-", "KEYMEND_SWITCH_PARAMETER": "/keymend/switch", "KEYMEND_ACCOUNTS": "444455556666",
		}[name]
	})
	return c
}

func looker(f *fleet, log remediation.Log) *remediation.Looker {
	client := sqs.NewFromConfig(configOf(f))
	return &remediation.Looker{
		Settings: deployed(), AWS: world(f), Past: world(f), Queue: wiring.Changes{SQS: client, URL: changesQueue}, Later: wiring.Looks{SQS: client, URL: looksQueue},
		Log: log, Kinds: table.Kinds(), Plan: plan.All,
	}
}

// TestReaction holds how many round trips have to wait for one another from a failure's
// event to the proof, in two processes that start anew, and the table of it in
// docs/benchmarks.md.
func TestReaction(t *testing.T) {
	const document, begin, end = "../../docs/benchmarks.md", "<!-- made by pkg/wiring TestReaction -->\n", "<!-- end of it -->\n"
	var (
		calls  [2]map[string]int
		rounds [2]int
	)
	bounds := [2]int{20, 22}
	for i, owner := range []string{"", "444455556666"} {
		f := &fleet{keyAccount: owner}
		var r record.Record
		r, rounds[i] = heal(t, f)
		calls[i] = f.calls
		if r.Outcome != outcome.Fixed || r.Proof == nil || r.Proof.EqualReads != 1 || len(f.sent["looks"]) != 1 {
			t.Errorf("key of %q: %s: %s, proof %+v", owner, r.Outcome, r.Reason, r.Proof)
		}
		if rounds[i] > bounds[i] {
			t.Errorf("key of %q: %d round trips wait for one another, at most %d are wanted", owner, rounds[i], bounds[i])
		}
	}
	var table strings.Builder
	table.WriteString("| call | own key | another account's |\n|---|---:|---:|\n")
	var sum [2]int
	for _, name := range slices.Sorted(maps.Keys(union(calls[0], calls[1], nil))) {
		fmt.Fprintf(&table, "| `%s` | %d | %d |\n", name, calls[0][name], calls[1][name])
		sum[0], sum[1] = sum[0]+calls[0][name], sum[1]+calls[1][name]
	}
	fmt.Fprintf(&table, "| **all** | %d | %d |\n| **round trips one after another** | %d | %d |\n| **bound** | %d | %d |\n", sum[0], sum[1], rounds[0], rounds[1], bounds[0], bounds[1])
	compare(t, document, begin, end, table.String())
}
