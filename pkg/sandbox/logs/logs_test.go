package logs_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/logs"
	"keymend/pkg/sandbox/wire"
)

const group = "/aws/lambda/keymend-diagnose"

func ctx() context.Context {
	return wire.WithCaller(context.Background(), &wire.Caller{Account: "111122223333", Region: "eu-west-1", Admin: true})
}

func start() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) }

func filled(lines ...string) *logs.Service {
	s := logs.New(clock.New(start()))
	for i, line := range lines {
		s.Append("111122223333", "eu-west-1", group, "s1", start().Add(time.Duration(i)*time.Second), line)
	}
	return s
}

func TestFilter(t *testing.T) {
	t.Parallel()
	s := filled("START RequestId: 1", `{"id":"r-1","phase":"finding","n":3,"nested":{"x":"why not"}}`, `{"id":"r-2","phase":"intent"}`, "END RequestId: 1")
	for pattern, want := range map[string]int{
		"":                                   4,
		"RequestId":                          2,
		"RequestId START":                    1,
		`"RequestId: 1"`:                     2,
		`"r-1" finding`:                      1,
		`{ $.id = "r-1" }`:                   1,
		`{ $.id = "r-*" }`:                   2,
		`{ $.n = 3 }`:                        1,
		`{ $.nested.x = "why not" }`:         1,
		`{ $.none = "x" }`:                   0,
		`{ ($.id = "r-*") && ($.n = 3) }`:    1,
		`{ ($.id = "r-*") }`:                 2,
		`{ ($.id = "r-*")&&($.none = "x") }`: 0,
		`{ ($.none = "x") || ($.n = 3) }`:    1,
		`{ ($.id = "r-1")||($.id = "r-2") }`: 2,
	} {
		out, err := s.FilterLogEvents(ctx(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new(group), FilterPattern: &pattern})
		if err != nil || len(out.Events) != want {
			t.Errorf("%s: %d, %v; want %d", pattern, len(out.Events), err, want)
		}
	}
	for _, bad := range []string{`{ $.id`, `{ $.a > 3 }`, `{ $.a != 3 }`, `{ $.a = 1 && $.b = 2 }`, `{ ($.a = 1) && }`, `{ ($.a = 1) || ($.b = 2) && ($.c = 3) }`, `{ ($.a = 1) | ($.b = 2) }`, `{ ($.a = 1 }`, `{ () }`, `?one ?other`, `[a, b]`} {
		_, err := s.FilterLogEvents(ctx(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new(group), FilterPattern: &bad})
		if w := new(wire.Error); !errors.As(err, &w) || w.Code != "InvalidParameterException" {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

// FuzzFilter holds that no pattern breaks the filter.
func FuzzFilter(f *testing.F) {
	f.Add(`{ $.id = "r-*" && $.n != 3 }`, `{"id":"r-1"}`)
	f.Add(`"quoted" term`, "quoted term")
	f.Add(`{`, "{")
	f.Fuzz(func(t *testing.T, pattern, line string) {
		out, err := filled(line).FilterLogEvents(ctx(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new(group), FilterPattern: &pattern})
		if err == nil && len(out.Events) > 1 {
			t.Error("one line became more")
		}
	})
}

func TestTimesAndPages(t *testing.T) {
	t.Parallel()
	s := filled("a", "b", "c", "d")
	out, err := s.FilterLogEvents(ctx(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new(group),
		StartTime: new(start().Add(time.Second).UnixMilli()), EndTime: new(start().Add(2 * time.Second).UnixMilli())})
	if err != nil || len(out.Events) != 2 || *out.Events[0].Message != "b" || *out.Events[0].Timestamp != start().Add(time.Second).UnixMilli() {
		t.Errorf("%+v, %v", out, err)
	}
	var seen []string
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(client{s}, &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new(group), Limit: new(int32(3))})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx())
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range page.Events {
			seen = append(seen, *e.Message)
		}
	}
	if strings.Join(seen, "") != "abcd" {
		t.Errorf("%v", seen)
	}
	tail, err := s.GetLogEvents(ctx(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: new(group), LogStreamName: new("s1"), Limit: new(int32(1))})
	if err != nil || len(tail.Events) != 1 || *tail.Events[0].Message != "d" {
		t.Errorf("%+v, %v", tail, err)
	}
	end, err := s.GetLogEvents(ctx(), &cloudwatchlogs.GetLogEventsInput{LogGroupName: new(group), LogStreamName: new("s1"), NextToken: tail.NextForwardToken})
	if err != nil || len(end.Events) != 0 || *end.NextForwardToken != *tail.NextForwardToken {
		t.Errorf("%+v, %v; want the same token at the end", end, err)
	}
}

// A client is the service as the SDK's paginators want it.
type client struct{ s *logs.Service }

func (c client) FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	return c.s.FilterLogEvents(ctx, in)
}

func TestGroupsAndStreams(t *testing.T) {
	t.Parallel()
	s := logs.New(clock.New(start()))
	put := &cloudwatchlogs.PutLogEventsInput{LogGroupName: new("g"), LogStreamName: new("s"),
		LogEvents: []types.InputLogEvent{{Message: new("x"), Timestamp: new(start().UnixMilli())}}}
	want := func(err error, code string) {
		t.Helper()
		if w := new(wire.Error); !errors.As(err, &w) || w.Code != code {
			t.Errorf("%v, want %s", err, code)
		}
	}
	_, err := s.PutLogEvents(ctx(), put)
	want(err, "ResourceNotFoundException")
	if _, err := s.CreateLogGroup(ctx(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: new("g")}); err != nil {
		t.Fatal(err)
	}
	_, err = s.CreateLogGroup(ctx(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: new("g")})
	want(err, "ResourceAlreadyExistsException")
	_, err = s.PutLogEvents(ctx(), put)
	want(err, "ResourceNotFoundException")
	if _, err := s.CreateLogStream(ctx(), &cloudwatchlogs.CreateLogStreamInput{LogGroupName: new("g"), LogStreamName: new("s")}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.PutLogEvents(ctx(), put); err != nil {
		t.Error(err)
	}
	if _, err := s.PutRetentionPolicy(ctx(), &cloudwatchlogs.PutRetentionPolicyInput{LogGroupName: new("g"), RetentionInDays: new(int32(7))}); err != nil {
		t.Error(err)
	}
	groups, err := s.DescribeLogGroups(ctx(), &cloudwatchlogs.DescribeLogGroupsInput{LogGroupNamePrefix: new("g")})
	if err != nil || len(groups.LogGroups) != 1 || *groups.LogGroups[0].RetentionInDays != 7 || *groups.LogGroups[0].Arn != "arn:aws:logs:eu-west-1:111122223333:log-group:g:*" {
		t.Errorf("%+v, %v", groups, err)
	}
	streams, err := s.DescribeLogStreams(ctx(), &cloudwatchlogs.DescribeLogStreamsInput{LogGroupIdentifier: groups.LogGroups[0].Arn})
	if err != nil || len(streams.LogStreams) != 1 {
		t.Errorf("%+v, %v", streams, err)
	}
	if _, err := s.DeleteLogGroup(ctx(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: new("g")}); err != nil {
		t.Error(err)
	}
	_, err = s.FilterLogEvents(ctx(), &cloudwatchlogs.FilterLogEventsInput{LogGroupName: new("g")})
	want(err, "ResourceNotFoundException")
}
