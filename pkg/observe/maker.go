package observe

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
)

// Maker returns the ARN of who made a group, a session's for a role; "" where CloudTrail
// doesn't know: it keeps 90 days, and of those some 200 new groups are looked through.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
func (r *Storage) Maker(ctx context.Context, group string) (string, error) {
	if r == nil || r.trail == nil {
		return "", nil
	}
	pages := cloudtrail.NewLookupEventsPaginator(r.trail, &cloudtrail.LookupEventsInput{
		LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: cttypes.LookupAttributeKeyEventName, AttributeValue: new("CreateAutoScalingGroup")}},
	})
	for n := 0; pages.HasMorePages() && n < lookups; n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return "", fmt.Errorf("look up who made group %s: %w", group, err)
		}
		for _, e := range page.Events {
			if by := made([]byte(value(e.CloudTrailEvent)), group); by != "" {
				return by, nil
			}
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
