package live

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"keymend/pkg/access"
	"keymend/pkg/account"
	"keymend/pkg/audit"
	"keymend/pkg/permission"
	"keymend/pkg/remediation"
	"keymend/pkg/settings"
)

// A Function is what a Lambda function needs.
type Function struct {
	Engine  *remediation.Engine
	Problem error       // what is wrong with the settings; nil = nothing
	Log     func(error) // writes an error to the function's log
}

// NewFunction wires a function, permission.Diagnose or permission.Remediate, from
// its environment. Audit records go to
// standard output, all else to standard error; Lambda takes both to the
// function's log group.
func NewFunction(ctx context.Context, which permission.Role, getenv func(string) string, version string) (*Function, error) {
	c, problem := settings.Parse(getenv)
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	records := &audit.Writer{Out: os.Stdout, Now: time.Now, Version: version, Settings: c.Digest(), RequestID: requestID}
	world := AWS{Sessions: account.New(cfg, account.Options{Partition: c.Partition, RolePrefix: c.RolePrefix, Version: version}), Settings: c}
	engine := &remediation.Engine{
		Settings: c, View: world.View, Open: world.Open,
		Switch: Switch(ssm.NewFromConfig(cfg), c.SwitchParameter),
		Record: records.Write, Sleep: Sleep, RetiringRole: RetiringRole(c), Granter: Granter(c),
		Copies: world.Copies, Copier: world.Copier, CopierRole: CopierRole(c),
	}
	var send func(context.Context, remediation.Message) error
	if c.ChangesQueueURL != "" {
		send = Send(sqs.NewFromConfig(cfg), c.ChangesQueueURL)
	}
	// Who looks holds no role that could make a change, and so can't try either.
	if which == permission.Diagnose {
		engine.Send, engine.Intents = send, Intents(cloudwatchlogs.NewFromConfig(cfg), permission.Place{Prefix: c.RolePrefix}.LogGroup(permission.Remediate))
	} else {
		engine.Next, engine.Try, engine.OpenRole = send, world.Try, world.OpenRole
	}
	return &Function{Engine: engine, Problem: problem, Log: func(err error) {
		log.ErrorContext(ctx, "the message has to come again", "error", err.Error())
	}}, nil
}

// RetiringRole returns the granter as the role that may retire grants; nil
// where no roles are in use.
func RetiringRole(c settings.Config) func(string) string {
	if c.RolePrefix == "" {
		return nil
	}
	return func(accountID string) string {
		return permission.Place{Partition: c.Partition, Account: accountID, Prefix: c.RolePrefix}.ARN(permission.Granter)
	}
}

// Granter returns the granter as who calls CreateGrant; nil where no roles are in
// use.
func Granter(c settings.Config) func(string) access.Principal {
	role := RetiringRole(c)
	if role == nil {
		return nil
	}
	return func(accountID string) access.Principal { return access.Principal{ARN: role(accountID)} }
}

// Queue sends SQS messages.
type Queue interface {
	SendMessage(context.Context, *sqs.SendMessageInput, ...func(*sqs.Options)) (*sqs.SendMessageOutput, error)
}

var _ Queue = (*sqs.Client)(nil)

// Send returns what hands messages to remediate: one writer for each target at
// a time, and equal plans within five minutes once.
func Send(q Queue, url string) func(context.Context, remediation.Message) error {
	return func(ctx context.Context, m remediation.Message) error {
		text, err := m.Body()
		if err != nil {
			return err
		}
		_, err = q.SendMessage(ctx, &sqs.SendMessageInput{
			QueueUrl: &url, MessageBody: &text, MessageGroupId: new(m.FIFOGroup()), MessageDeduplicationId: &m.Digest,
		})
		if err != nil {
			return fmt.Errorf("send message %s: %w", m.ID, err)
		}
		return nil
	}
}

// Sleep waits, or returns the context's error.
func Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func requestID(ctx context.Context) string {
	if c, ok := lambdacontext.FromContext(ctx); ok {
		return c.AwsRequestID
	}
	return ""
}
