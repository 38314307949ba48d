package logs

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// PutLogEvents writes events to a stream that exists.
func (s *Service) PutLogEvents(ctx context.Context, in *cloudwatchlogs.PutLogEventsInput) (*cloudwatchlogs.PutLogEventsOutput, error) {
	return &cloudwatchlogs.PutLogEventsOutput{}, s.with(ctx, in, func(g *group) error {
		if err := g.hasStream(in.LogStreamName); err != nil {
			return err
		}
		for _, e := range in.LogEvents {
			if e.Timestamp == nil || e.Message == nil {
				return wire.Errorf("InvalidParameterException", "a log event needs timestamp and message")
			}
			s.write(g, *in.LogStreamName, time.UnixMilli(*e.Timestamp), *e.Message)
		}
		return nil
	})
}

func (g *group) hasStream(name *string) error {
	if _, ok := g.streams[aws.ToString(name)]; !ok {
		return wire.Errorf("ResourceNotFoundException", "The specified log stream does not exist.")
	}
	return nil
}

// GetLogEvents answers with a stream's events, oldest first. Without
// startFromHead the newest page comes first.
func (s *Service) GetLogEvents(ctx context.Context, in *cloudwatchlogs.GetLogEventsInput) (*cloudwatchlogs.GetLogEventsOutput, error) {
	const most = 10000
	var found []types.OutputLogEvent
	shown := s.shown(ctx)
	err := s.with(ctx, in, func(g *group) error {
		for _, e := range g.between(in.StartTime, in.EndTime, shown) {
			if e.stream == aws.ToString(in.LogStreamName) {
				found = append(found, types.OutputLogEvent{Message: new(e.line), Timestamp: new(e.at.UnixMilli()), IngestionTime: new(e.came.UnixMilli())})
			}
		}
		return g.hasStream(in.LogStreamName)
	})
	if err != nil {
		return nil, err
	}
	from, err := beginning(in, len(found))
	if err != nil {
		return nil, err
	}
	limit := most
	if in.Limit != nil {
		limit = int(*in.Limit)
	}
	found = found[from:min(from+limit, len(found))]
	// The same token again is how AWS says that there is no more.
	next := new(fmt.Sprintf("f/%056d", from+len(found)))
	return &cloudwatchlogs.GetLogEventsOutput{Events: found, NextForwardToken: next, NextBackwardToken: new(fmt.Sprintf("b/%056d", from))}, nil
}

// beginning returns where a page of n events begins.
func beginning(in *cloudwatchlogs.GetLogEventsInput, n int) (from int, err error) {
	switch {
	case in.NextToken != nil:
		if _, err := fmt.Sscanf(*in.NextToken, "f/%d", &from); err != nil || from < 0 || from > n {
			return 0, wire.Errorf("InvalidParameterException", "The specified nextToken is invalid.")
		}
	case in.Limit != nil && !aws.ToBool(in.StartFromHead):
		from = max(0, n-int(*in.Limit))
	}
	return from, nil
}

// FilterLogEvents answers with a group's events that fit a filter, by time.
func (s *Service) FilterLogEvents(ctx context.Context, in *cloudwatchlogs.FilterLogEventsInput) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	fits, err := parseFilter(aws.ToString(in.FilterPattern))
	if err != nil {
		return nil, wire.Errorf("InvalidParameterException", "Invalid filter pattern: %v", err)
	}
	all, shown := []types.FilteredLogEvent{}, s.shown(ctx)
	err = s.with(ctx, in, func(g *group) error {
		for _, e := range g.between(in.StartTime, in.EndTime, shown) {
			if len(in.LogStreamNames) > 0 && !slices.Contains(in.LogStreamNames, e.stream) ||
				!strings.HasPrefix(e.stream, aws.ToString(in.LogStreamNamePrefix)) || !fits(e.line) {
				continue
			}
			all = append(all, types.FilteredLogEvent{EventId: new(fmt.Sprintf("%056d", e.serial)), LogStreamName: new(e.stream),
				Message: new(e.line), Timestamp: new(e.at.UnixMilli()), IngestionTime: new(e.came.UnixMilli())})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	page, next, err := paging.Cut(all, in.Limit, in.NextToken, pages(10000))
	return &cloudwatchlogs.FilterLogEventsOutput{Events: page, NextToken: next, SearchedLogStreams: []types.SearchedLogStream{}}, err
}

// shown is when what a call shows came in at the latest.
func (s *Service) shown(ctx context.Context) time.Time {
	return s.clock.Now().Add(-wire.CallOf(ctx).Behind)
}

// between returns the events from start to before end, by time, that came in before
// shown.
func (g *group) between(start, end *int64, shown time.Time) []event {
	var out []event
	for _, e := range g.events {
		at := e.at.UnixMilli()
		if !e.came.After(shown) && (start == nil || at >= *start) && (end == nil || at <= *end) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b event) int { return a.at.Compare(b.at) })
	return out
}
