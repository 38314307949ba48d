package observe

import (
	"context"
	"fmt"
	"slices"
	"time"

	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"

	"keymend/pkg/account"
	"keymend/pkg/activity"
	"keymend/pkg/arn"
	"keymend/pkg/launch"
)

// denied looks for keys of other accounts that the role was refused while
// launches of the group failed.
func (r *Resolver) denied(ctx context.Context, l launch.Launch) launch.Hint {
	if r.elsewhere.Denials == nil {
		return launch.Hint{}
	}
	all, err := tries(ctx, r.groups, l.Group)
	if err != nil {
		return untold("the group's scaling activities couldn't be read", err)
	}
	failed := failed(all)
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
func (r *Resolver) denials(ctx context.Context, role string, failed []Try) ([]activity.KeyDenial, error) {
	from, to := span(failed)
	var out []activity.KeyDenial
	for text, err := range lookUp(ctx, r.elsewhere.Denials, cttypes.LookupAttributeKeyUsername, "AutoScaling", from, to) {
		if err != nil {
			return nil, fmt.Errorf("look up events of CloudTrail: %w", err)
		}
		d, ok := activity.DecodeDenial(text)
		if ok && d.Key != "" && d.Role == role && during(failed, d.Time) {
			out = append(out, d)
		}
	}
	return out, nil
}

// span is from when the first of them began until the last of them ended.
func span(failed []Try) (from, to time.Time) {
	for _, t := range failed {
		if from.IsZero() || t.Began.Before(from) {
			from = t.Began
		}
		if t.Time.After(to) {
			to = t.Time
		}
	}
	return from, to
}

func during(failed []Try, at time.Time) bool {
	return slices.ContainsFunc(failed, func(t Try) bool {
		began := t.Began.Truncate(time.Second) // CloudTrail writes whole seconds
		return !at.Before(began) && !at.After(t.Time)
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
