package live_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/guard"
	"keymend/pkg/plan"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/live"
	"keymend/pkg/settings"
)

type parameters struct {
	value *string
	err   error
}

func (p parameters) GetParameter(_ context.Context, in *ssm.GetParameterInput, _ ...func(*ssm.Options)) (*ssm.GetParameterOutput, error) {
	if p.err != nil {
		return nil, p.err
	}
	return &ssm.GetParameterOutput{Parameter: &ssmtypes.Parameter{Name: in.Name, Value: p.value}}, nil
}

// None configured is no switch; configured and not readable is off; only what
// may pass is an error.
func TestSwitch(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		parameter string
		p         parameters
		want      guard.Switch
		says      string
		transient bool
	}{
		"none":       {"", parameters{err: errors.New("asked")}, guard.SwitchNone, "no switch", false},
		"on":         {"/k", parameters{value: new("on")}, guard.SwitchOn, "/k", false},
		"off":        {"/k", parameters{value: new("off")}, guard.SwitchOff, "put-parameter --name /k --value on", false},
		"On":         {"/k", parameters{value: new("On")}, guard.SwitchOff, "", false},
		"no value":   {"/k", parameters{}, guard.SwitchOff, "no value", false},
		"not there":  {"/k", parameters{err: &ssmtypes.ParameterNotFound{}}, guard.SwitchOff, "ParameterNotFound", false},
		"may not":    {"/k", parameters{err: &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "ssm:GetParameter"}}, guard.SwitchOff, "ssm:GetParameter", false},
		"throttled":  {"/k", parameters{err: &smithy.GenericAPIError{Code: "ThrottlingException"}}, guard.SwitchOff, "", true},
		"unknowable": {"/k", parameters{err: errors.New("?")}, guard.SwitchOff, "?", false},
	} {
		got, text, err := live.Switch(tc.p, tc.parameter)(t.Context())
		if got != tc.want || (err != nil) != tc.transient || !strings.Contains(text, tc.says) {
			t.Errorf("%s: %v, %q, %v", name, got, text, err)
		}
	}
}

type outbox struct {
	in  *sqs.SendMessageInput
	err error
}

func (o *outbox) SendMessage(_ context.Context, in *sqs.SendMessageInput, _ ...func(*sqs.Options)) (*sqs.SendMessageOutput, error) {
	o.in = in
	return &sqs.SendMessageOutput{}, o.err
}

// The FIFO queue is the lock: by target, and by digest.
func TestSend(t *testing.T) {
	t.Parallel()
	m := remediation.Message{Schema: remediation.MessageSchema, Account: "111122223333", Region: "eu-west-1", Group: "g", Target: "arn:k",
		Digest: strings.Repeat("0", 64), Steps: plan.Steps{plan.CreateGrant{Key: "arn:k"}}}
	o := &outbox{}
	if err := live.Send(o, "http://q.fifo")(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if *o.in.QueueUrl != "http://q.fifo" || *o.in.MessageDeduplicationId != m.Digest || *o.in.MessageGroupId != m.FIFOGroup() {
		t.Errorf("%+v", o.in)
	}
	got, err := remediation.ReadMessage([]byte(*o.in.MessageBody))
	if err != nil || got.Target != m.Target {
		t.Errorf("%+v, %v", got, err)
	}
	other := m
	other.Target = "arn:other"
	if other.FIFOGroup() == m.FIFOGroup() {
		t.Error("two targets share a lock")
	}
	o.err = errors.New("refused")
	if err := live.Send(o, "u")(t.Context(), m); !errors.Is(err, o.err) {
		t.Errorf("err = %v", err)
	}
	if _, err := json.Marshal(m); err != nil {
		t.Error(err)
	}
}

func TestRetiringRole(t *testing.T) {
	t.Parallel()
	if live.RetiringRole(settings.Config{}) != nil {
		t.Error("a retiring role without roles")
	}
	got := live.RetiringRole(settings.Config{RolePrefix: "keymend-", Partition: "aws-cn"})("111122223333")
	if got != "arn:aws-cn:iam::111122223333:role/keymend-granter" {
		t.Error(got)
	}
}

func TestOpenKnowsItsActions(t *testing.T) {
	t.Parallel()
	if _, err := (live.AWS{}).Open(t.Context(), remediation.Session{Action: "kms:ScheduleKeyDeletion", Key: "k"}); err == nil {
		t.Error("a session to delete keys was opened")
	}
}

func TestSleepStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := live.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}
