package wiring

import (
	"context"
	"fmt"
	"testing"
	"time"

	"keymend/pkg/record"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

// pages answers with empty pages between the others.
type pages struct {
	in []*cloudwatchlogs.FilterLogEventsInput
}

// FilterLogEvents implements cloudwatchlogs.FilterLogEventsAPIClient.
func (p *pages) FilterLogEvents(_ context.Context, in *cloudwatchlogs.FilterLogEventsInput, _ ...func(*cloudwatchlogs.Options)) (*cloudwatchlogs.FilterLogEventsOutput, error) {
	p.in = append(p.in, in)
	out := &cloudwatchlogs.FilterLogEventsOutput{}
	if n := len(p.in); n%2 == 0 {
		out.Events = []cwtypes.FilteredLogEvent{{Message: new(fmt.Sprint(n)), Timestamp: new(int64(n) * 1000)}}
	}
	if len(p.in) < 6 {
		out.NextToken = new(fmt.Sprint(len(p.in)))
	}
	return out, nil
}

// An empty page isn't the end, and no call reads further back than it was told.
func TestLinesReadsThroughEmptyPages(t *testing.T) {
	t.Parallel()
	p, since := &pages{}, time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	var got []string
	err := Log{p, "group"}.Lines(t.Context(), record.Where("a", "1"), since, time.Time{}, func(at time.Time, line string) { got = append(got, line+at.Format(" 15:04:05")) })
	if err != nil || fmt.Sprint(got) != "[2 00:00:02 4 00:00:04 6 00:00:06]" {
		t.Errorf("%v, %v", got, err)
	}
	for _, in := range p.in {
		if *in.StartTime != since.UnixMilli() || in.EndTime != nil || *in.FilterPattern != `{ $.a = "1" }` {
			t.Errorf("%+v", in)
		}
	}
}
