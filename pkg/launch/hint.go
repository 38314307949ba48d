package launch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/activity"
)

// An unseen snapshot is one whose key the launch needs and which the account
// can't see.
type unseen struct {
	device, snapshot string
	owner            string // of the image
	says             string // what can't be told, in words
}

// A hint is what else than the snapshots points to their keys.
type hint struct {
	denials []activity.KeyDenial // of other accounts' keys
	says    []string
}

// search looks for hints about what the launches can't see, hidden[i] for
// launches[i]: once for all groups that share the role and what is hidden.
func (r *Resolver) search(ctx context.Context, launches []Launch, hidden [][]unseen, owners map[string]*asked) {
	alike := map[string][]int{}
	for i, l := range launches {
		if len(hidden[i]) > 0 {
			key := fmt.Sprint(l.Principal.ARN, hidden[i])
			alike[key] = append(alike[key], i)
		}
	}
	var tasks []func() error
	for _, group := range alike {
		tasks = append(tasks, func() error {
			// One that lacks instances has failures to tell of.
			one := group[max(0, slices.IndexFunc(group, func(i int) bool { return launches[i].InService < launches[i].Desired }))]
			h := r.hints(ctx, launches[one], hidden[one])
			for _, i := range group {
				launches[i].take(h, hidden[i], owners)
			}
			return nil
		})
	}
	_ = together(tasks...) // none fails
}

func (r *Resolver) hints(ctx context.Context, l Launch, hidden []unseen) hint {
	var denied, granted hint
	_ = together( // neither fails
		func() error { denied = r.denied(ctx, l); return nil },
		func() error { granted = r.granted(ctx, l.Principal.ARN, hidden); return nil },
	)
	return hint{denials: denied.denials, says: append(denied.says, granted.says...)}
}

// take adds a hint to the launch's unknowns, and the keys that the role was
// refused to its keys: the role needs them for something that fails. Whether one
// is the unseen snapshot's isn't certain, so what couldn't be told stays untold.
func (l *Launch) take(h hint, hidden []unseen, owners map[string]*asked) {
	for _, d := range h.denials {
		l.likely(d, hidden)
	}
	for _, u := range hidden {
		var tried []string
		if a := owners[u.owner]; a != nil {
			tried = add(tried, a.says)
		}
		for _, says := range h.says {
			tried = add(tried, says)
		}
		tried = add(tried, fmt.Sprintf("account %s finds it with `aws ec2 describe-snapshots --region %s --snapshot-ids %s --query Snapshots[].KmsKeyId`", u.owner, l.Region, u.snapshot))
		l.Unknown = add(l.Unknown, u.says+": "+strings.Join(tried, "; "))
	}
}
