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
	err := lines(ctx, client, group, with(field, value), from, to, func(_ time.Time, line string) { out = append(out, line) })
	return out, ifThere(err)
}

// Each hands on the lines of a log group that fit a pattern, one at a time: a log may be
// longer than memory. A log group that isn't there is an error.
func Each(ctx context.Context, client cloudwatchlogs.FilterLogEventsAPIClient, group, pattern string, from time.Time, each func(line string)) error {
	return lines(ctx, client, group, pattern, from, time.Time{}, func(_ time.Time, line string) { each(line) })
}

// ifThere takes a log group that isn't there for one without lines.
func ifThere(err error) error {
	if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
		return nil
	}
	return err
}

// with is the pattern of lines whose field has a value.
func with(field, value string) string { return fmt.Sprintf("{ $.%s = %q }", field, value) }

// lines hands the lines that fit a pattern on, one at a time. Pages may be empty, and
// more follow all the same.
func lines(ctx context.Context, client cloudwatchlogs.FilterLogEventsAPIClient, group, pattern string, from, to time.Time, each func(at time.Time, line string)) error {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &group, FilterPattern: &pattern, StartTime: millis(from), EndTime: millis(to),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
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
