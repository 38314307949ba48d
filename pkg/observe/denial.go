package observe

import (
	"context"
	"fmt"
	"slices"
	"time"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/account"
	"keymend/pkg/activity"
	"keymend/pkg/arn"
	"keymend/pkg/launch"
)

// lookups bounds the calls of LookupEvents, of which AWS takes two a second in an
// account and Region.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
const lookups = 4

// denied looks for keys of other accounts that the role was refused while
// launches of the group failed.
func (r *Resolver) denied(ctx context.Context, l launch.Launch) launch.Hint {
	if r.elsewhere.Denials == nil {
		return launch.Hint{}
	}
	failed, err := failures(ctx, r.groups, l.Group)
	if err != nil {
		return untold("the group's scaling activities couldn't be read", err)
	}
	if len(failed) == 0 {
		return launch.Hint{Says: []string{"no launch has failed of which CloudTrail could tell"}}
	}
	found, err := r.denials(ctx, l.Principal.ARN, failed)
	if err != nil {
		return untold("CloudTrail couldn't be asked", err)
	}
	return launch.Denied(l.Account, found)
}

// untold says why a hint's source tells nothing. Throttling counts, too (AWS takes
// two LookupEvents a second): a hint must not stand in the way of the keys that
// are known, and the next failed launch asks again.
func untold(what string, err error) launch.Hint {
	return launch.Hint{Says: []string{what + ": " + account.Message(err)}}
}

// denials asks CloudTrail what the role was refused while launches failed, the
// newest first. Auto Scaling's sessions are all called AutoScaling.
func (r *Resolver) denials(ctx context.Context, role string, failed []astypes.Activity) ([]activity.KeyDenial, error) {
	from, to := span(failed)
	pages := cloudtrail.NewLookupEventsPaginator(r.elsewhere.Denials, &cloudtrail.LookupEventsInput{
		StartTime: &from, EndTime: &to,
		LookupAttributes: []cttypes.LookupAttribute{{AttributeKey: cttypes.LookupAttributeKeyUsername, AttributeValue: new("AutoScaling")}},
	})
	var out []activity.KeyDenial
	for n := 0; pages.HasMorePages() && n < lookups; n++ {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, fmt.Errorf("look up events of CloudTrail: %w", err)
		}
		for _, e := range page.Events {
			d, ok := activity.DecodeDenial([]byte(value(e.CloudTrailEvent)))
			if ok && d.Key != "" && d.Role == role && during(failed, d.Time) {
				out = append(out, d)
			}
		}
	}
	return out, nil
}

func span(failed []astypes.Activity) (from, to time.Time) {
	for _, a := range failed {
		if from.IsZero() || value(a.StartTime).Before(from) {
			from = value(a.StartTime)
		}
		if value(a.EndTime).After(to) {
			to = value(a.EndTime)
		}
	}
	return from, to
}

func during(failed []astypes.Activity, at time.Time) bool {
	return slices.ContainsFunc(failed, func(a astypes.Activity) bool {
		start := value(a.StartTime).Truncate(time.Second) // CloudTrail writes whole seconds
		return !at.Before(start) && !at.After(value(a.EndTime))
	})
}

// granted looks for keys of the image owners that Keymend's own grants open to
// the role. KMS lists "grants for KMS keys in your AWS account and other AWS accounts".
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html
func (r *Resolver) granted(ctx context.Context, role string, hidden []launch.Unseen) launch.Hint {
	if r.elsewhere.Grants == nil || r.elsewhere.Granter == "" {
		return launch.Hint{}
	}
	pages := kms.NewListRetirableGrantsPaginator(r.elsewhere.Grants, &kms.ListRetirableGrantsInput{RetiringPrincipal: &r.elsewhere.Granter})
	found, err := everyPage(ctx, "list retirable grants of "+r.elsewhere.Granter, pages, func(p *kms.ListRetirableGrantsOutput) []kmstypes.GrantListEntry { return p.Grants })
	if err != nil {
		return untold("Keymend's grants couldn't be listed", err)
	}
	var keys []string
	for _, g := range found {
		owner := arn.Account(value(g.KeyId))
		if value(g.GranteePrincipal) == role && slices.ContainsFunc(hidden, func(u launch.Unseen) bool { return u.Owner == owner }) {
			keys = append(keys, value(g.KeyId))
		}
	}
	return launch.Granted(keys)
}
