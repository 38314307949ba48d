package wiring

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	cwtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
)

const editedKey = "arn:aws:kms:eu-west-1:111122223333:key/1a2b3c4d-0000-4000-8000-000000000001"

// A trail answers with events, the newest first, one a page, after an empty page.
type trail struct {
	events []struct {
		at   time.Time
		text string
	}
	calls int
}

func (c *trail) add(at time.Time, who, key, failed string) {
	c.events = append(c.events, struct {
		at   time.Time
		text string
	}{at, fmt.Sprintf(`{"eventTime":%q,"errorCode":%q,"userIdentity":{"arn":%q},"resources":[{"ARN":%q}]}`, at.Format(time.RFC3339), failed, who, key)})
}

// LookupEvents implements cloudtrail.LookupEventsAPIClient.
func (c *trail) LookupEvents(_ context.Context, in *cloudtrail.LookupEventsInput, _ ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error) {
	c.calls++
	if in.NextToken == nil {
		return &cloudtrail.LookupEventsOutput{NextToken: new("0")}, nil
	}
	n, out := 0, &cloudtrail.LookupEventsOutput{}
	if _, err := fmt.Sscan(*in.NextToken, &n); err != nil {
		return nil, err
	}
	var found []string
	for i := len(c.events) - 1; i >= 0; i-- {
		if e := c.events[i]; !e.at.Before(*in.StartTime) && !e.at.After(*in.EndTime) {
			found = append(found, e.text)
		}
	}
	if n < len(found) {
		out.Events = []cttypes.Event{{CloudTrailEvent: &found[n]}}
	}
	if n+1 < len(found) {
		out.NextToken = new(fmt.Sprint(n + 1))
	}
	return out, nil
}

// The first who wrote the key's policy after Keymend is named: not Keymend, whose call
// failed, who wrote another key's, or who came later.
func TestEditor(t *testing.T) {
	t.Parallel()
	written := time.Date(2026, 11, 28, 9, 0, 0, 0, time.UTC)
	c := &trail{}
	c.add(written.Add(-time.Hour), "arn:before", editedKey, "")
	c.add(written.Add(time.Second), "arn:aws:sts::111122223333:assumed-role/keymend-policy-writer/keymend-r-0123456789abcdef", editedKey, "")
	c.add(written.Add(2*time.Second), "arn:refused", editedKey, "AccessDenied")
	c.add(written.Add(3*time.Second), "arn:other", editedKey+"1", "")
	by, err := editor(t.Context(), c, editedKey, written, written.Add(30*time.Minute))
	if err != nil || by != "" {
		t.Errorf("%q, %v", by, err)
	}
	c = &trail{}
	for i := range 300 {
		c.add(written.Add(time.Duration(2+i)*time.Hour), fmt.Sprintf("arn:later%d", i), editedKey, "")
	}
	if _, err := editor(t.Context(), c, editedKey, written, written.Add(400*time.Hour)); err != nil || c.calls > 8 {
		t.Errorf("%d calls, %v", c.calls, err)
	}
	c.events = nil
	c.add(written.Add(3*time.Minute), "arn:first", editedKey, "")
	c.add(written.Add(5*time.Minute), "arn:second", editedKey, "")
	for _, now := range []time.Time{written.Add(30 * time.Minute), written.Add(20 * time.Hour)} {
		by, err := editor(t.Context(), c, editedKey, written, now)
		if err != nil || by != "arn:first wrote the key's policy 2026-11-28T09:03:00Z" {
			t.Errorf("%q, %v", by, err)
		}
	}
}

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
	err := lines(t.Context(), p, "group", "{ $.a = 1 }", since, time.Time{}, func(at time.Time, line string) { got = append(got, line+at.Format(" 15:04:05")) })
	if err != nil || fmt.Sprint(got) != "[2 00:00:02 4 00:00:04 6 00:00:06]" {
		t.Errorf("%v, %v", got, err)
	}
	for _, in := range p.in {
		if *in.StartTime != since.UnixMilli() || in.EndTime != nil || *in.FilterPattern != "{ $.a = 1 }" {
			t.Errorf("%+v", in)
		}
	}
}
