package observe

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"keymend/pkg/activity"
)

// Edits reads from CloudTrail's event history who wrote a key's policy from a time to
// another, the newest first; zero = until now. Of all calls of LookupEvents this is a cheap one: policies are written
// seldom. A call may take a quarter of an hour until it shows.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/view-cloudtrail-events.html
func (f Fleet) Edits(ctx context.Context, key string, since, until time.Time) ([]activity.PolicyEdit, error) {
	in := &cloudtrail.LookupEventsInput{
		StartTime:        &since,
		LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: cttypes.LookupAttributeKeyEventName, AttributeValue: new("PutKeyPolicy")}},
	}
	if !until.IsZero() {
		in.EndTime = &until
	}
	pages := cloudtrail.NewLookupEventsPaginator(f.calls, in)
	var out []activity.PolicyEdit
	for n := 0; pages.HasMorePages() && n < lookups; n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look up who wrote the policy of %s: %w", key, err)
		}
		for _, e := range page.Events {
			if edit, ok := activity.DecodePolicyEdit([]byte(value(e.CloudTrailEvent))); ok && edit.Key == key {
				out = append(out, edit)
			}
		}
	}
	return out, nil
}
