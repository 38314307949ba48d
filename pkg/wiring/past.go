package wiring

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"keymend/pkg/history"
	"keymend/pkg/permission"
)

// Begun returns the intents in remediate's log.
func (a AWS) Begun(ctx context.Context, since time.Time) ([]history.Line, error) {
	return a.remembered(ctx, `{ $.phase = "intent" }`, since)
}

// Ended returns the outcomes there about a key.
func (a AWS) Ended(ctx context.Context, key string, since time.Time) ([]history.Line, error) {
	return a.remembered(ctx, fmt.Sprintf(`{ ($.phase = "outcome") && ($.key = %q) }`, key), since)
}

func (a AWS) remembered(ctx context.Context, pattern string, since time.Time) ([]history.Line, error) {
	group := permission.Place{Prefix: a.Settings.RolePrefix}.LogGroup(permission.Remediate)
	var out []history.Line
	err := lines(ctx, cloudwatchlogs.NewFromConfig(a.Own), group, pattern, since, time.Time{}, func(at time.Time, line string) {
		out = append(out, history.Line{At: at, Text: line})
	})
	return out, err
}
