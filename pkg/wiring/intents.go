package wiring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// Lines finds the lines in a function's log group whose field has a value. A log group
// that isn't there has none. It reads no further than the times that it is given,
// which may be zero: a search of the whole log takes minutes.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func Lines(ctx context.Context, client cloudwatchlogs.FilterLogEventsAPIClient, group, field, value string, from, to time.Time) ([]string, error) {
	var out []string
	err := lines(ctx, client, group, field, value, from, to, func(_ time.Time, line string) { out = append(out, line) })
	return out, err
}

// lines hands them on, one at a time.
func lines(ctx context.Context, client cloudwatchlogs.FilterLogEventsAPIClient, group, field, value string, from, to time.Time, each func(at time.Time, line string)) error {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, FilterPattern: new(fmt.Sprintf("{ $.%s = %q }", field, value)),
		StartTime: millis(from), EndTime: millis(to),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read log group %s: %w", group, err)
		}
		for _, e := range page.Events {
			if e.Message != nil {
				each(time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), *e.Message)
			}
		}
	}
	return nil
}

// millis is a time as CloudWatch Logs has it; nil for none.
func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return new(t.UnixMilli())
}
