package wiring_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/account"
	"keymend/pkg/apply/table"
	"keymend/pkg/change"
	"keymend/pkg/guard"
	"keymend/pkg/kind/grant"
	"keymend/pkg/permission"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
	"keymend/pkg/wiring"
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

// switchOf is AWS with a switch in a parameter.
func switchOf(p wiring.Parameters, name string) wiring.AWS {
	return wiring.AWS{Parameters: p, Own: aws.Config{Region: "eu-west-1"}, Settings: settings.Config{SwitchParameter: name}}
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
		"off":        {"/k", parameters{value: new("off")}, guard.SwitchOff, "put-parameter --name=/k --value on --overwrite --region eu-west-1", false},
		"On":         {"/k", parameters{value: new("On")}, guard.SwitchOff, "", false},
		"no value":   {"/k", parameters{}, guard.SwitchOff, "no value", false},
		"not there":  {"/k", parameters{err: &ssmtypes.ParameterNotFound{}}, guard.SwitchMissing, "ParameterNotFound", false},
		"may not":    {"/k", parameters{err: &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "ssm:GetParameter"}}, guard.SwitchUnread, "ssm:GetParameter", false},
		"throttled":  {"/k", parameters{err: &smithy.GenericAPIError{Code: "ThrottlingException"}}, guard.SwitchOff, "", true},
		"unknowable": {"/k", parameters{err: errors.New("?")}, guard.SwitchUnread, "?", false},
	} {
		got, text, err := switchOf(tc.p, tc.parameter).Switch(t.Context())
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
	m := remediation.Message{Schema: remediation.MessageSchema, Account: "111122223333", Region: "eu-west-1", Group: "g", Target: (&fleet{}).key(1),
		Digest: strings.Repeat("0", 64), Steps: change.Steps{grant.Create{Key: (&fleet{}).key(1), Principal: callsRole}}}
	o := &outbox{}
	if err := (wiring.Changes{SQS: o, URL: "http://q.fifo"}).Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if *o.in.QueueUrl != "http://q.fifo" || *o.in.MessageDeduplicationId != m.Digest || *o.in.MessageGroupId != m.FIFOGroup() {
		t.Errorf("%+v", o.in)
	}
	got, err := remediation.ReadMessage([]byte(*o.in.MessageBody), table.Kinds().Kinds())
	if err != nil || got.Target != m.Target {
		t.Errorf("%+v, %v", got, err)
	}
	other := m
	other.Target = "arn:other"
	if other.FIFOGroup() == m.FIFOGroup() {
		t.Error("two targets share a lock")
	}
	o.err = errors.New("refused")
	if err := (wiring.Changes{SQS: o, URL: "u"}).Send(t.Context(), m); !errors.Is(err, o.err) {
		t.Errorf("err = %v", err)
	}
	if _, err := json.Marshal(m); err != nil {
		t.Error(err)
	}
}

// A session is for one of the roles that write: who asks for none, or for one that
// reads, gets none, whatever the credentials are.
func TestOpenKnowsItsRoles(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "keymend-"} {
		a := wiring.AWS{Settings: settings.Config{Partition: "aws", RolePrefix: prefix}, Sessions: account.New(configOf(&fleet{calls: map[string]int{}}), account.Options{Partition: "aws", RolePrefix: prefix})}
		for _, role := range []permission.Role{"", permission.Reader, permission.Diagnose, permission.Remediate, "admin"} {
			s := remediation.Session{Call: change.Call{Role: role, Account: callsAccount, Action: "kms:ScheduleKeyDeletion", Target: "k"}, Region: callsRegion, Name: "keymend-r-1"}
			if _, err := a.Open(t.Context(), s); err == nil {
				t.Errorf("prefix %q: a session to delete keys was opened as %q", prefix, role)
			}
		}
		for _, role := range permission.Writers() {
			s := remediation.Session{Call: change.Call{Role: role, Account: callsAccount, Action: "kms:PutKeyPolicy", Target: "k"}, Region: callsRegion, Name: "keymend-r-1"}
			if _, err := a.Open(t.Context(), s); err != nil {
				t.Errorf("prefix %q: %s: %v", prefix, role, err)
			}
		}
	}
}

func TestSleepStopsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := wiring.Sleep(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("err = %v", err)
	}
}
