package wiring_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/record"
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

// Lines of a log group that are records, in pages of which some are empty.
func TestRecords(t *testing.T) {
	t.Parallel()
	line := func(id string) string {
		return `{"schema":"keymend.audit/2","phase":"intent","remediationId":"` + id + `"}`
	}
	s := &shelf{pages: [][]string{{line("r-1"), "START RequestId"}, {}, {line("r-2"), line("r-3"), `{"schema":"keymend.audit/2"`}}}
	from := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	got, err := wiring.Log{Client: s, Group: "/aws/lambda/keymend-remediate"}.Records(t.Context(), record.Where("remediationId", "r-*"), from, from.Add(time.Minute))
	var ids []string
	for _, e := range got {
		ids = append(ids, e.RemediationID)
	}
	if diff := cmp.Diff([]string{"r-1", "r-2", "r-3"}, ids); diff != "" || err != nil {
		t.Errorf("%v, %s", err, diff)
	}
	in := s.asked[0]
	if *in.LogGroupName != "/aws/lambda/keymend-remediate" || *in.FilterPattern != `{ $.remediationId = "r-*" }` || *in.StartTime != from.UnixMilli() || *in.EndTime != from.Add(time.Minute).UnixMilli() {
		t.Errorf("%+v", in)
	}
	s = &shelf{pages: [][]string{{line("r-1")}}}
	if got, err := (wiring.Log{Client: s}).Records(t.Context(), record.Any(), time.Time{}, time.Time{}); err != nil || len(got) != 1 || s.asked[0].StartTime != nil || s.asked[0].EndTime != nil {
		t.Errorf("from the beginning to now: %v, %v, %+v", got, err, s.asked[0])
	}
	for _, failing := range []error{&types.ResourceNotFoundException{}, &types.ServiceUnavailableException{}} {
		if _, err := (wiring.Log{Client: &shelf{err: failing}}).Records(t.Context(), record.Any(), from, from); !errors.Is(err, failing) {
			t.Errorf("%v", err)
		}
	}
}
