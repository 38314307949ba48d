package queue

import (
	"context"

	"github.com/aws/aws-lambda-go/events"

	"keymend/pkg/limit"
	"keymend/pkg/signal"
	"keymend/pkg/together"
)

// sweep looks over the account, or hands the sweep on to those of the organization.
func (h Signals) sweep(ctx context.Context, s signal.Sweep) error {
	if h.Organization == nil {
		return h.Looker.Sweep(ctx, s)
	}
	ctx, cancel := limit.ToAnswer(ctx)
	defer cancel()
	return h.Organization.Sweep(ctx, s)
}

// lookOver looks over the accounts of an organization that messages of a batch name, side
// by side: one that AWS throttles keeps none waiting. The errors are by message.
func (h Signals) lookOver(ctx context.Context, batch events.SQSEvent) map[string]error {
	if h.Organization == nil {
		return nil
	}
	ctx, cancel := limit.ToAnswer(ctx)
	defer cancel()
	errs := make([]error, len(batch.Records))
	var tasks []func() error
	for i, m := range batch.Records {
		s, _ := signal.Decode([]byte(m.Body), h.Looker.Settings.RolePrefix) // else take says what is wrong
		if looks, ok := s.(signal.Looks); ok && len(looks.Regions) > 0 {
			tasks = append(tasks, func() error { errs[i] = h.Organization.Account(ctx, looks); return nil })
		}
	}
	_ = together.Do(tasks...) // the errors are in errs
	out := map[string]error{}
	for i, m := range batch.Records {
		out[m.MessageId] = errs[i]
	}
	return out
}
