package census

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"

	"keymend/pkg/coverage"
	"keymend/pkg/history"
	"keymend/pkg/permission"
	"keymend/pkg/record"
)

// records are what a hub Region has on record, by account and Region.
type records struct {
	of  map[[2]string]*place
	err error
	now time.Time
}

// A place is what is on record of an account and Region.
type place struct {
	coverage.Heard
	findings history.Findings
}

// hubs are the records by the hub Region.
type hubs struct {
	regions map[string]*records
	hubOf   func(string) string
}

// heard reads the last day of diagnose's log in each hub Region.
func (s *Census) heard(ctx context.Context) hubs {
	out := hubs{map[string]*records{}, s.Organization.HubRegion}
	for _, region := range s.Organization.HubRegions {
		out.regions[region] = s.recordsIn(ctx, region)
	}
	return out
}

func (s *Census) recordsIn(ctx context.Context, region string) *records {
	out := &records{of: map[[2]string]*place{}, now: s.Now}
	cfg := s.Auditor.Copy()
	cfg.Region = region
	pages := cloudwatchlogs.NewFilterLogEventsPaginator(cloudwatchlogs.NewFromConfig(cfg), &cloudwatchlogs.FilterLogEventsInput{
		LogGroupName: new(permission.Place{Prefix: "keymend-"}.LogGroup(permission.Diagnose)), FilterPattern: new(record.Any().Pattern()), StartTime: new(s.Now.Add(-day).UnixMilli()),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			out.err = err
			return out
		}
		for _, e := range page.Events {
			if r, ok := record.ParseShort([]byte(aws.ToString(e.Message))); ok && r.Account != "" {
				out.add(history.Entry{At: time.UnixMilli(aws.ToInt64(e.Timestamp)).UTC(), Record: r})
			}
		}
	}
	return out
}

// add takes a record in.
func (r *records) add(of history.Entry) {
	at := [2]string{of.Account, of.Region}
	if r.of[at] == nil {
		r.of[at] = &place{findings: history.Findings{Account: of.Account, Region: of.Region}}
	}
	p := r.of[at]
	if !of.At.Before(p.Look) {
		p.Look, p.Version = of.At, of.Version
	}
	if len(of.EventIDs) > 0 && of.At.After(p.Event) {
		p.Event = of.At
	}
	p.findings.Add(of)
}

// of returns what is on record of an account and Region.
func (h hubs) of(account, region string) coverage.Answer[coverage.Heard] {
	r := h.regions[h.hubOf(region)]
	p := r.of[[2]string{account, region}]
	if r.err != nil || p == nil {
		return Answered(coverage.Heard{}, r.err)
	}
	out := p.Heard
	out.Open = len(p.findings.Open(r.now))
	return Answered(out, nil)
}
