package observe

import (
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"keymend/pkg/activity"
)

// lookups bounds the calls of LookupEvents, of which AWS takes two a second in an
// account and Region.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
const lookups = 4

// lookUp reads CloudTrail's event history of 90 days, the newest event first: those whose
// attribute has a value, from a time to another; zero = whenever. After so many calls it
// ends. A call may take a quarter of an hour until it shows.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
func lookUp(ctx context.Context, client cloudtrail.LookupEventsAPIClient, attribute cttypes.LookupAttributeKey, is string, from, to time.Time) iter.Seq2[[]byte, error] {
	in := &cloudtrail.LookupEventsInput{LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: attribute, AttributeValue: &is}}}
	if !from.IsZero() {
		in.StartTime = &from
	}
	if !to.IsZero() {
		in.EndTime = &to
	}
	return func(yield func([]byte, error) bool) {
		pages := cloudtrail.NewLookupEventsPaginator(client, in)
		for n := 0; pages.HasMorePages() && n < lookups; n++ {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, e := range page.Events {
				if !yield([]byte(value(e.CloudTrailEvent)), nil) {
					return
				}
			}
		}
	}
}

// Edits reads who wrote a key's policy from a time to another, the newest first; zero =
// until now. Of all calls of LookupEvents this is a cheap one: policies are written
// seldom.
func (f Fleet) Edits(ctx context.Context, key string, since, until time.Time) ([]activity.PolicyEdit, error) {
	var out []activity.PolicyEdit
	for text, err := range lookUp(ctx, f.calls, cttypes.LookupAttributeKeyEventName, "PutKeyPolicy", since, until) {
		if err != nil {
			return nil, fmt.Errorf("look up who wrote the policy of %s: %w", key, err)
		}
		if edit, ok := activity.DecodePolicyEdit(text); ok && edit.Key == key {
			out = append(out, edit)
		}
	}
	return out, nil
}

// Maker returns the ARN of who made a group, a session's for a role; "" where CloudTrail
// doesn't know: of its 90 days some 200 new groups are looked through.
func (r *Storage) Maker(ctx context.Context, group string) (string, error) {
	if r == nil || r.trail == nil {
		return "", nil
	}
	for text, err := range lookUp(ctx, r.trail, cttypes.LookupAttributeKeyEventName, "CreateAutoScalingGroup", time.Time{}, time.Time{}) {
		if err != nil {
			return "", fmt.Errorf("look up who made group %s: %w", group, err)
		}
		if by := made(text, group); by != "" {
			return by, nil
		}
	}
	return "", nil
}

// made returns who made the group by a record of CloudTrail; "" = it is about another
// group, or the call was refused.
func made(text []byte, group string) string {
	var e struct {
		ErrorCode         string `json:"errorCode"`
		UserIdentity      struct{ ARN string }
		RequestParameters struct{ AutoScalingGroupName string }
	}
	if json.Unmarshal(text, &e) != nil || e.ErrorCode != "" || e.RequestParameters.AutoScalingGroupName != group {
		return ""
	}
	return e.UserIdentity.ARN
}
