package live

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/aws"
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

// NewDiagnose wires the function that looks, from its environment. It has nothing
// that writes, and can't try a grant either.
func NewDiagnose(ctx context.Context, getenv func(string) string, version string) (*Function, error) {
	w, err := newWiring(ctx, getenv, version)
	if err != nil {
		return nil, err
	}
	w.Engine.Send = w.send()
	w.Engine.Intents = Intents(cloudwatchlogs.NewFromConfig(w.cfg), permission.Place{Prefix: w.world.Settings.RolePrefix}.LogGroup(permission.Remediate))
	return &w.Function, nil
}

// NewRemediate wires the function that writes, from its environment.
func NewRemediate(ctx context.Context, getenv func(string) string, version string) (*Function, error) {
	w, err := newWiring(ctx, getenv, version)
	if err != nil {
		return nil, err
	}
	w.Engine.Next, w.Engine.Try = w.send(), w.world.Try
	w.Engine.Open, w.Engine.OpenRole, w.Engine.Copier = w.world.Open, w.world.OpenRole, w.world.Copier
	return &w.Function, nil
}

// A wiring is a function with what it is wired to.
type wiring struct {
	Function
	cfg   aws.Config
	world AWS
}

// newWiring wires what looks. Audit records go to standard output, all else to
// standard error; Lambda takes both to the function's log group.
func newWiring(ctx context.Context, getenv func(string) string, version string) (*wiring, error) {
	c, problem := settings.Parse(getenv)
	cfg, err := config.LoadDefaultConfig(ctx)
	if err != nil {
		return nil, fmt.Errorf("load AWS configuration: %w", err)
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	records := &audit.Writer{Out: os.Stdout, Now: time.Now, Version: version, Settings: c.Digest(), RequestID: requestID}
	world := AWS{Sessions: account.New(cfg, account.Options{Partition: c.Partition, RolePrefix: c.RolePrefix, Version: version}), Settings: c}
	engine := &remediation.Engine{
		Settings: c, View: world.View, Copies: world.Copies,
		Switch: Switch(ssm.NewFromConfig(cfg), c.SwitchParameter),
		Record: records.Write, Sleep: Sleep, RetiringRole: RetiringRole(c), Granter: Granter(c), CopierRole: CopierRole(c),
	}
	return &wiring{cfg: cfg, world: world, Function: Function{Engine: engine, Problem: problem, Log: func(err error) {
		log.ErrorContext(ctx, "the message has to come again", "error", err.Error())
	}}}, nil
}

// send puts messages into the queue of changes; nil where none is set.
func (w *wiring) send() func(context.Context, remediation.Message) error {
	if w.world.Settings.ChangesQueueURL == "" {
		return nil
	}
	return Send(sqs.NewFromConfig(w.cfg), w.world.Settings.ChangesQueueURL)
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
