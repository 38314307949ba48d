package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"

	"keymend/pkg/account"
	"keymend/pkg/arn"
	"keymend/pkg/launch"
	"keymend/pkg/signal"
	"keymend/pkg/together"
)

// names says which key a name stands for: KMS.
type names interface {
	DescribeKey(context.Context, *kms.DescribeKeyInput, ...func(*kms.Options)) (*kms.DescribeKeyOutput, error)
}

var _ names = (*kms.Client)(nil)

// Users lists the groups that use something, without those that are being deleted. It
// reads all groups, a hundred a call, and for a key each of their distinct templates,
// images and snapshots once. Which key a name or a hidden snapshot stands for may
// not be known: then the group counts as one that may use it.
func (f Fleet) Users(ctx context.Context, of signal.Users) ([]Group, error) {
	all, err := describeGroups(ctx, f.launches.groups, nil)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(g astypes.AutoScalingGroup) bool { return value(g.Status) != "" || !f.fits(g, of) })
	if len(all) > 0 && (of.Key != "" || of.Default) {
		if all, err = f.using(ctx, all, of); err != nil {
			return nil, err
		}
	}
	out := make([]Group, len(all))
	for i, g := range all {
		out[i] = listed(g)
	}
	return out, nil
}

// fits tells by what a list of groups shows.
func (f Fleet) fits(g astypes.AutoScalingGroup, of signal.Users) bool {
	role := principalOf(g, f.account).ARN
	switch {
	case of.Role != "" && role != of.Role && !strings.HasSuffix(role, "/"+of.Role):
		return false
	case of.Template != "" && !slices.ContainsFunc(specsOf(g), func(s launch.Spec) bool { return s.ID == of.Template || s.Name == of.Template }):
		return false
	}
	return !of.Lacking || listed(g).Lacks || listed(g).Stuck
}

// using keeps the groups whose launch uses a key.
func (f Fleet) using(ctx context.Context, groups []astypes.AutoScalingGroup, of signal.Users) ([]astypes.AutoScalingGroup, error) {
	defaults, err := f.launches.withMemory().defaults(ctx, f.account)
	if err != nil {
		return nil, err
	}
	launches, hidden, _, err := f.launches.decide(ctx, f.account, f.region, groups, defaults)
	if err != nil {
		return nil, err
	}
	key := of.Key
	if of.Default {
		key = defaults.KeyID
	}
	means, err := f.means(ctx, key, launches)
	if err != nil {
		return nil, err
	}
	wanted, out := means[key], []astypes.AutoScalingGroup{}
	for i, l := range launches {
		uses := slices.ContainsFunc(l.Keys, func(k launch.Key) bool { return wanted == "" || means[k.ID] == "" || means[k.ID] == wanted })
		may := slices.ContainsFunc(hidden[i], func(u launch.Unseen) bool { return u.Owner == arn.Account(wanted) })
		if uses || may {
			out = append(out, groups[i])
		}
	}
	return out, nil
}

// means says for each key, as it is written down, its ARN; "" = KMS doesn't say.
func (f Fleet) means(ctx context.Context, key string, launches []launch.Launch) (map[string]string, error) {
	written := []string{key}
	for _, l := range launches {
		for _, k := range l.Keys {
			written = append(written, k.ID)
		}
	}
	written = slices.Compact(slices.Sorted(slices.Values(written)))
	arns, err := together.Each(written, func(id string) (string, error) { return f.meaning(ctx, id) })
	if err != nil {
		return nil, err
	}
	out := map[string]string{}
	for i, id := range written {
		out[id] = arns[i]
	}
	return out, nil
}

// meaning asks KMS where a key isn't written as its ARN.
func (f Fleet) meaning(ctx context.Context, id string) (string, error) {
	if a, ok := arn.Parse(id); id == "" || ok && strings.HasPrefix(a.Resource, "key/") {
		return id, nil
	}
	out, err := f.keys.DescribeKey(ctx, &kms.DescribeKeyInput{KeyId: &id})
	switch {
	case account.Transient(err):
		return "", fmt.Errorf("describe key %s: %w", id, err)
	case err != nil || out.KeyMetadata == nil:
		return "", nil //nolint:nilerr // which key it is stays unknown
	}
	return value(out.KeyMetadata.Arn), nil
}
