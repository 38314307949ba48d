package launch

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/account"
	"keymend/pkg/activity"
	"keymend/pkg/arn"
	"keymend/pkg/launch/encryption"
)

// lookups bounds the calls of LookupEvents, of which AWS takes two a second in an
// account and Region.
// https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
const lookups = 4

// denied looks for keys of other accounts that the role was refused while
// launches of the group failed.
func (r *Resolver) denied(ctx context.Context, l Launch) hint {
	if r.elsewhere.Denials == nil {
		return hint{}
	}
	failed, err := r.failures(ctx, l.Group)
	if err != nil {
		return untold("the group's scaling activities couldn't be read", err)
	}
	if len(failed) == 0 {
		return hint{says: []string{"no launch has failed of which CloudTrail could tell"}}
	}
	found, err := r.denials(ctx, l.Principal.ARN, failed)
	if err != nil {
		return untold("CloudTrail couldn't be asked", err)
	}
	found = slices.DeleteFunc(found, func(d activity.KeyDenial) bool { return arn.Account(d.Key) == l.Account })
	if len(found) == 0 {
		return hint{says: []string{"CloudTrail names no other account's key that the role was refused while launches failed (its records may be 15 minutes late, and often don't name such keys)"}}
	}
	var keys []string
	for _, d := range found {
		keys = add(keys, d.Key)
	}
	return hint{found, []string{"CloudTrail shows that the role was refused " + strings.Join(keys, " and ") + " while a launch failed, which is likely it"}}
}

// untold: what a hint's source doesn't tell is said. Being throttled counts, too
// (AWS takes two LookupEvents a second): a hint must not keep from the keys that
// are known, and the next failed launch asks again.
func untold(what string, err error) hint {
	return hint{says: []string{what + ": " + account.Message(err)}}
}

// likely adds a key that the role was refused to those of the launch.
func (l *Launch) likely(d activity.KeyDenial, hidden []unseen) {
	var devices, snapshots []string
	for _, u := range hidden {
		devices, snapshots = add(devices, u.device), add(snapshots, u.snapshot)
	}
	if slices.ContainsFunc(l.Keys, func(k Key) bool { return k.ID == d.Key }) {
		return
	}
	l.need(encryption.Likely(strings.Join(devices, ", "), d.Key, fmt.Sprintf(
		"CloudTrail shows that the role was refused %s on this key at %s, while a launch failed; it is likely the key of snapshot %s, which this account can't see",
		d.Operation, d.Time.UTC().Format(time.RFC3339), strings.Join(snapshots, " or "))))
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
			d, ok := activity.DecodeDenial([]byte(aws.ToString(e.CloudTrailEvent)))
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

// granted names the keys of the image owners that Keymend's own grants open to
// the role. One of them may be the unseen snapshot's; that it is, no grant says.
// "grants for KMS keys in your AWS account and other AWS accounts".
// https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html
func (r *Resolver) granted(ctx context.Context, role string, hidden []unseen) hint {
	if r.elsewhere.Grants == nil || r.elsewhere.Granter == "" {
		return hint{}
	}
	var keys []string
	pages := kms.NewListRetirableGrantsPaginator(r.elsewhere.Grants, &kms.ListRetirableGrantsInput{RetiringPrincipal: &r.elsewhere.Granter})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return untold("Keymend's grants couldn't be listed", fmt.Errorf("list retirable grants of %s: %w", r.elsewhere.Granter, err))
		}
		for _, g := range page.Grants {
			owner := arn.Account(value(g.KeyId))
			if value(g.GranteePrincipal) == role && slices.ContainsFunc(hidden, func(u unseen) bool { return u.owner == owner }) {
				keys = add(keys, value(g.KeyId))
			}
		}
	}
	if len(keys) == 0 {
		return hint{}
	}
	return hint{says: []string{"a grant of Keymend's opens " + strings.Join(keys, " and ") + " to the role, which may be it"}}
}
