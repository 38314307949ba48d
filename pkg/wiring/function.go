package wiring

import (
	"context"
	"log/slog"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/lambdacontext"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"keymend/pkg/account"
	"keymend/pkg/apply/table"
	"keymend/pkg/arn"
	"keymend/pkg/audit"
	"keymend/pkg/plan"
	"keymend/pkg/remediation"
	"keymend/pkg/remediation/queue"
	"keymend/pkg/settings"
)

// NewDiagnose wires the function that looks, from its environment.
func NewDiagnose(getenv func(string) string, version string, list Lister) (queue.Signals, error) {
	l, function, world, err := newLooker(getenv, version)
	l.Log, function.Ended = puttingTogether(l.Log)
	out := queue.Signals{Looker: l.Remembering(), Function: function}
	if world.Settings.Organization() {
		out.Organization = world.dispatcher(l, list)
	}
	return out, err
}

// NewRemediate wires the function that writes, from its environment.
func NewRemediate(getenv func(string) string, version string) (queue.Changes, error) {
	l, function, world, err := newLooker(getenv, version)
	if t, tells := l.Log.(Telling); tells && t.Members != nil {
		function.Ended = t.Members.Flush
	}
	return queue.Changes{Fixer: &remediation.Fixer{Looker: *l, Open: world.Open, Prepare: world.Prepare, Sleep: Sleep}, Function: function}, err
}

// newLooker wires what looks. Audit records go to standard output, all else to
// standard error; Lambda takes both to the function's log group.
func newLooker(getenv func(string) string, version string) (*remediation.Looker, queue.Function, AWS, error) {
	useMemory()
	c, problem := settings.Parse(getenv)
	cfg, err := lambdaConfig()
	if err != nil {
		return &remediation.Looker{}, queue.Function{}, AWS{}, err
	}
	log := slog.New(slog.NewJSONHandler(os.Stderr, nil))
	log.Info("the function begins", "version", version) // keymend doctor looks for it
	world := AWS{Sessions: account.New(cfg, account.Options{Partition: c.Partition, RolePrefix: c.RolePrefix, Version: version}), Settings: c, Own: cfg}
	records := &audit.Writer{Out: os.Stdout, Now: time.Now, Version: version, Settings: c.Digest(), RequestID: requestID}
	untold := func(ctx context.Context, err error) {
		log.ErrorContext(ctx, "an event was not put, or not as it should be; the audit log has what it would have said", "error", err.Error(), "requestId", requestID(ctx))
	}
	var members *Members
	if c.Organization() {
		records.Hub, members = hub, world.members(untold)
	}
	l := &remediation.Looker{
		Settings: c, AWS: world, Past: world, Queue: changes(cfg, c.ChangesQueueURL), Later: Looks{sqs.NewFromConfig(cfg), c.LooksQueueURL, c.DriftQueueURL}, Edits: world.Edits, Kinds: table.Kinds(), Plan: plan.All,
		Log: Telling{
			Asked: world.asked(),
			Log:   records,
			Bus:   eventbridge.NewFromConfig(cfg), Complain: untold, Members: members,
		},
	}
	if c.Organization() {
		l.Brake = world.Brake
	}
	return l, queue.Function{Problem: problem, Complain: func(ctx context.Context, err error) {
		log.ErrorContext(ctx, "the message has to come again", "error", err.Error(), "requestId", requestID(ctx))
	}}, world, nil
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

// here is the account and Region that a function runs in.
func here(ctx context.Context) Place {
	c, ok := lambdacontext.FromContext(ctx)
	if !ok {
		return Place{}
	}
	return Place{arn.Account(c.InvokedFunctionArn), arn.Region(c.InvokedFunctionArn)}
}

// hub is the same as records have it.
func hub(ctx context.Context) string {
	at := here(ctx)
	return strings.TrimSpace(at.Account + " " + at.Region)
}

func requestID(ctx context.Context) string {
	if c, ok := lambdacontext.FromContext(ctx); ok {
		return c.AwsRequestID
	}
	return ""
}
