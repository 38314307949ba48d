package sandbox_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	logstypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/sandbox"
)

// TestFaultsAreChecked: what the sandbox doesn't know is refused, and changes nothing.
func TestFaultsAreChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	for body, says := range map[string]string{
		`[{"service":"kms","operation":"PutKeyPolicy","answer":"lost","tiems":1}]`: "tiems",
		`[{"service":"s3","answer":"lost"}]`:                                       "s3",
		`[{"service":"kms","operation":"PutKey","answer":"lost"}]`:                 "kms:PutKey",
		`[{"service":"kms","answer":"gone"}]`:                                      "gone",
		`[{"service":"kms"}]`:                                                      "nothing that goes wrong",
		`[{"service":"kms","delay":"-1s"}]`:                                        "negative",
		`[{"service":"kms","delay":"soon"}]`:                                       "soon",
		`[{"service":"kms","operation":"PutKeyPolicy","behind":"1s"}]`:             "behind",
		`[{"service":"ec2","operation":"DescribeImages","behind":"1s"}]`:           "behind",
		`[{"service":"kms","answer":"lost","skip":-1}]`:                            "negative",
		`[{"service":"kms","answer":"lost","every":-1}]`:                           "negative",
	} {
		if got := w.ask("POST", "faults", `{"faults":`+body+`}`, 400); !strings.Contains(fmt.Sprint(got["error"]), says) {
			t.Errorf("%s: %v", body, got)
		}
	}
	w.ask("POST", "faults", `{"faults":[{"service":"kms","operation":"PutKeyPolicy","times":1,"answer":"throttled","delay":"1ms"}]}`, 200)
	want := "[map[answer:throttled delay:1ms fit:0 operation:PutKeyPolicy service:kms times:1]]"
	if got := fmt.Sprint(w.ask("GET", "faults", "", 200)["faults"]); got != want {
		t.Errorf("got %s", got)
	}
}

// TestFaults: each answer, to a client that sends nothing twice; what was carried out
// stands, and what wasn't doesn't.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		answer, code string
		stands       bool
	}{
		{sandbox.AnswerThrottled, "ThrottlingException", false}, {sandbox.AnswerFailed, "KMSInternalException", false},
		{sandbox.AnswerFailedAfter, "KMSInternalException", true}, {sandbox.AnswerLost, "EOF", true},
	} {
		w := newWorld(t, nil)
		box, client := w.box, kms.NewFromConfig(w.cfg, func(o *kms.Options) { o.Retryer = aws.NopRetryer{} })
		made, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
		if err != nil {
			t.Fatal(err)
		}
		var then atomic.Int32 // the sandbox counts, in a goroutine of its own
		err = box.SetFaults(
			sandbox.Fault{Service: "kms", Operation: "TagResource", Account: "444455556666", Answer: sandbox.AnswerFailed},
			sandbox.Fault{Service: "kms", Operation: "DisableKey", Skip: 1, Times: 1, Answer: tc.answer, Then: func() { then.Add(1) }},
		)
		if err != nil {
			t.Fatal(err)
		}
		off := func() error {
			_, err := client.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: made.KeyMetadata.KeyId})
			return err
		}
		on := func() {
			if _, err := client.EnableKey(t.Context(), &kms.EnableKeyInput{KeyId: made.KeyMetadata.KeyId}); err != nil {
				t.Fatal(err)
			}
		}
		if err := off(); err != nil {
			t.Errorf("%s: the first: %v", tc.answer, err)
		}
		on()
		if err := off(); err == nil || !strings.Contains(err.Error(), tc.code) || then.Load() != 1 {
			t.Errorf("%s: %v, then %d", tc.answer, err, then.Load())
		}
		key, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: made.KeyMetadata.KeyId})
		if err != nil || key.KeyMetadata.Enabled == tc.stands {
			t.Errorf("%s: enabled %v, %v", tc.answer, key.KeyMetadata.Enabled, err)
		}
		on()
		if err := off(); err != nil || box.Faults()[1].Fit != 3 {
			t.Errorf("%s: the third: %v, %+v", tc.answer, err, box.Faults())
		}
	}
}

// TestFaultsNowAndThen: with every, so many go well between two that don't.
func TestFaultsNowAndThen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	client := kms.NewFromConfig(w.cfg, func(o *kms.Options) { o.Retryer = aws.NopRetryer{} })
	if err := w.box.SetFaults(sandbox.Fault{Service: "kms", Skip: 1, Every: 3, Times: 2, Answer: sandbox.AnswerThrottled}); err != nil {
		t.Fatal(err)
	}
	var went strings.Builder
	for range 12 {
		_, err := client.ListKeys(t.Context(), &kms.ListKeysInput{})
		went.WriteString(map[bool]string{true: "+", false: "-"}[err == nil])
	}
	if went.String() != "+++-++-+++++" {
		t.Error(went.String())
	}
}

// TestReadsBehind: a read shows what was there; once time has passed, what is.
func TestReadsBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, nil)
	box, client, logs := w.box, kms.NewFromConfig(w.cfg), cloudwatchlogs.NewFromConfig(w.cfg)
	made, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	if err != nil {
		t.Fatal(err)
	}
	box.Advance(time.Hour)
	if _, err := client.DisableKey(t.Context(), &kms.DisableKeyInput{KeyId: made.KeyMetadata.KeyId}); err != nil {
		t.Fatal(err)
	}
	group, stream := "g", "s"
	_, first := logs.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &group})
	_, second := logs.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: &group, LogStreamName: &stream})
	_, third := logs.PutLogEvents(t.Context(), &cloudwatchlogs.PutLogEventsInput{LogGroupName: &group, LogStreamName: &stream, LogEvents: []logstypes.InputLogEvent{
		{Message: new("line"), Timestamp: new(box.Clock().Now().UnixMilli())},
	}})
	fourth := box.SetFaults(
		sandbox.Fault{Service: "kms", Operation: "DescribeKey", Behind: sandbox.Span(10 * time.Second)},
		sandbox.Fault{Service: "logs", Operation: "FilterLogEvents", Behind: sandbox.Span(10 * time.Second)},
	)
	for _, err := range []error{first, second, third, fourth} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, shows := range []bool{false, true} {
		key, err := client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: made.KeyMetadata.KeyId})
		if err != nil || key.KeyMetadata.Enabled == shows {
			t.Errorf("enabled %v, %v, want %v", key.KeyMetadata.Enabled, err, !shows)
		}
		lines, err := logs.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: &group})
		if err != nil || (len(lines.Events) == 1) != shows {
			t.Errorf("%d lines, %v", len(lines.Events), err)
		}
		box.Advance(10 * time.Second)
	}
}
