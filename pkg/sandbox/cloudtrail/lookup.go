package cloudtrail

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// LookupEvents answers with the caller's records, newest first. One attribute
// at most selects, as in AWS.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
func (s *Service) LookupEvents(ctx context.Context, in *cloudtrail.LookupEventsInput) (*cloudtrail.LookupEventsOutput, error) {
	if len(in.LookupAttributes) > 1 {
		return nil, wire.Errorf("InvalidLookupAttributesException", "You can only specify one lookup attribute.")
	}
	for _, a := range in.LookupAttributes {
		if !slices.Contains([]types.LookupAttributeKey{"EventName", "EventSource", "ResourceName", "Username"}, a.AttributeKey) {
			return nil, wire.Errorf("NotInTheSandbox", "the lookup attribute %s is not in the sandbox", a.AttributeKey)
		}
	}
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	all := slices.Clone(s.records[place{c.Account, c.Region}])
	s.mu.Unlock()
	slices.Reverse(all)
	events := []types.Event{}
	for _, r := range all {
		if in.StartTime != nil && r.at.Before(*in.StartTime) || in.EndTime != nil && r.at.After(*in.EndTime) || !r.fits(in.LookupAttributes) {
			continue
		}
		e, err := r.listed()
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	page, next, err := paging.Cut(events, in.MaxResults, in.NextToken, paging.Rule{
		Usual: 50, Most: 50, Refusal: wire.Errorf("InvalidNextTokenException", "Invalid token.")})
	return &cloudtrail.LookupEventsOutput{Events: page, NextToken: next}, err
}

func (r record) fits(attributes []types.LookupAttribute) bool {
	if len(attributes) == 0 {
		return true
	}
	want := ""
	if v := attributes[0].AttributeValue; v != nil {
		want = *v
	}
	switch attributes[0].AttributeKey {
	case types.LookupAttributeKeyEventName:
		return r.EventName == want
	case types.LookupAttributeKeyEventSource:
		return r.EventSource == want
	case types.LookupAttributeKeyUsername:
		return r.username() == want
	}
	return slices.ContainsFunc(r.Resources, func(x resource) bool { return x.ARN == want }) // ResourceName
}

// username is a user's name, or a session's.
func (r record) username() string {
	return r.UserIdentity.ARN[strings.LastIndexByte(r.UserIdentity.ARN, '/')+1:]
}

func (r record) listed() (types.Event, error) {
	text, err := json.Marshal(r)
	if err != nil {
		return types.Event{}, err
	}
	e := types.Event{EventId: &r.EventID, EventName: &r.EventName, EventSource: &r.EventSource, EventTime: &r.at,
		ReadOnly: new(strconv.FormatBool(r.ReadOnly)), Username: new(r.username()), CloudTrailEvent: new(string(text))}
	for _, x := range r.Resources {
		e.Resources = append(e.Resources, types.Resource{ResourceName: new(x.ARN), ResourceType: new(x.Type)})
	}
	return e, nil
}
