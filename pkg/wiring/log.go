package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"keymend/pkg/apply/table"
	"keymend/pkg/history"
	"keymend/pkg/permission"
	"keymend/pkg/record"
)

// A Log reads a log group that has audit records.
type Log struct {
	Client cloudwatchlogs.FilterLogEventsAPIClient
	Group  string
}

// log is that of a function, in a Region of the caller's own account.
func (a AWS) log(function permission.Role, region string) Log {
	cfg := a.Own.Copy()
	cfg.Region = region
	return Log{cloudwatchlogs.NewFromConfig(cfg), permission.Place{Prefix: a.Settings.RolePrefix}.LogGroup(function)}
}

// Lines hands on the lines that a query asks for, one at a time: a log may be longer than
// memory. It reads no further than the times that it is given, which may be zero: a search
// of the whole log takes minutes. A log group that isn't there is an error. Pages may be
// empty, and more follow all the same.
// https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_FilterLogEvents.html
func (l Log) Lines(ctx context.Context, q record.Query, from, to time.Time, each func(at time.Time, line string)) error {
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(l.Client, &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: &l.Group, FilterPattern: new(q.Pattern()), StartTime: millis(from), EndTime: millis(to),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("read log group %s: %w", l.Group, err)
		}
		for _, e := range page.Events {
			if e.Message != nil {
				each(time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), *e.Message)
			}
		}
	}
	return nil
}

// Records returns the records that a query asks for. A line that can't be read is none.
func (l Log) Records(ctx context.Context, q record.Query, from, to time.Time) ([]history.Entry, error) {
	var out []history.Entry
	kinds := table.Kinds().Kinds()
	err := l.Lines(ctx, q, from, to, func(at time.Time, line string) {
		if r, ok, _ := record.Parse([]byte(line), kinds); ok {
			out = append(out, history.Entry{At: at, Record: r})
		}
	})
	return out, err
}

// short hands on the records that a query asks for, as record.ParseShort reads them. A log
// group that isn't there has none.
func (l Log) short(ctx context.Context, q record.Query, from, to time.Time, each func(history.Entry)) error {
	return ifThere(l.Lines(ctx, q, from, to, func(at time.Time, line string) {
		if r, ok := record.ParseShort([]byte(line)); ok {
			each(history.Entry{At: at, Record: r})
		}
	}))
}

// ifThere takes a log group that isn't there for one without lines.
func ifThere(err error) error {
	if _, none := errors.AsType[*types.ResourceNotFoundException](err); none {
		return nil
	}
	return err
}

// millis is a time as CloudWatch Logs has it; nil for none.
func millis(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	return new(t.UnixMilli())
}

// Logged implements remediation.Readers.
func (a AWS) Logged(ctx context.Context, id string, from, to time.Time) ([]record.Record, error) {
	function, field, regions := permission.Remediate, "remediationId", a.Settings.Regions
	switch {
	case strings.HasPrefix(id, "f-"), strings.HasPrefix(id, "w-"):
		function, field, regions = permission.Diagnose, "id", nil
	case strings.HasPrefix(id, "arn:"):
		field, regions = "key", nil
	}
	// IAM's events come in one Region, whichever's functions it was that wrote.
	others := slices.DeleteFunc(slices.Clone(regions), func(region string) bool { return region == a.Own.Region })
	for _, region := range append([]string{a.Own.Region}, others...) {
		found, err := a.log(function, region).Records(ctx, record.Where(field, id), from, to)
		if err := ifThere(err); err != nil || len(found) > 0 {
			return recordsOf(found), err
		}
	}
	return nil, nil
}

func recordsOf(all []history.Entry) []record.Record {
	out := make([]record.Record, len(all))
	for i, e := range all {
		out[i] = e.Record
	}
	return out
}

// Begun returns the intents in remediate's log.
func (a AWS) Begun(ctx context.Context, since time.Time) ([]history.Entry, error) {
	return a.log(permission.Remediate, a.Own.Region).Records(ctx, record.Where("phase", string(record.Intent)), since, time.Time{})
}

// Ended returns the outcomes there about a key.
func (a AWS) Ended(ctx context.Context, key string, since time.Time) ([]history.Entry, error) {
	return a.log(permission.Remediate, a.Own.Region).Records(ctx, record.Where("phase", string(record.Result)).And(record.Where("key", key)), since, time.Time{})
}

// past hands on the records of diagnose's log that a query asks for.
func (a AWS) past(ctx context.Context, q record.Query, from, to time.Time, each func(history.Entry)) error {
	return a.log(permission.Diagnose, a.Own.Region).short(ctx, q, from, to, each)
}
