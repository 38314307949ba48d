package wiring_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/wiring"
)

// A shelf is a log group in pages; of several, some are empty, as AWS has them.
type shelf struct {
	pages [][]string
	err   error
	asked []cloudwatchlogs.FilterLogEventsInput
}

// FilterLogEvents implements cloudwatchlogs.FilterLogEventsAPIClient.
func (s *shelf) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	s.asked = append(s.asked, *in)
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	if s.err != nil {
		return nil, s.err
	}
	for _, line := range s.pages[len(s.asked)-1] {
		out.Events = append(out.Events, types.FilteredLogEvent{Message: &line})
	}
	if len(s.asked) < len(s.pages) {
		out.NextToken = new("more")
	}
	return out, nil
}

func TestLines(t *testing.T) {
	t.Parallel()
	s := &shelf{pages: [][]string{{"a"}, {}, {"b", "c"}}}
	from := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	got, err := wiring.Lines(t.Context(), s, "/aws/lambda/keymend-remediate", "remediationId", "r-1", from, from.Add(time.Minute))
	if diff := cmp.Diff([]string{"a", "b", "c"}, got); diff != "" || err != nil {
		t.Errorf("%v, %s", err, diff)
	}
	in := s.asked[0]
	if *in.LogGroupName != "/aws/lambda/keymend-remediate" || *in.FilterPattern != `{ $.remediationId = "r-1" }` || *in.StartTime != from.UnixMilli() || *in.EndTime != from.Add(time.Minute).UnixMilli() {
		t.Errorf("%+v", in)
	}
	s = &shelf{pages: [][]string{{"a"}}}
	if got, err := wiring.Lines(t.Context(), s, "x", "remediationId", "r-1", time.Time{}, time.Time{}); err != nil || len(got) != 1 || s.asked[0].StartTime != nil || s.asked[0].EndTime != nil {
		t.Errorf("from the beginning to now: %v, %v, %+v", got, err, s.asked[0])
	}
	s = &shelf{err: &types.ResourceNotFoundException{}}
	if got, err := wiring.Lines(t.Context(), s, "x", "remediationId", "r-1", from, from); err != nil || len(got) > 0 {
		t.Errorf("no log group: %v, %v", got, err)
	}
	s = &shelf{err: &types.ServiceUnavailableException{}}
	if _, err := wiring.Lines(t.Context(), s, "x", "remediationId", "r-1", from, from); !errors.Is(err, s.err) {
		t.Errorf("%v", err)
	}
}
