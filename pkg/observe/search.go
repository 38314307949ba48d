package observe

import (
	"context"
	"fmt"
	"slices"

	"keymend/pkg/launch"
	"keymend/pkg/together"
)

// search looks for hints about what the launches can't see, hidden[i] for
// launches[i]: once for all groups that share the role and what is hidden. Of each
// image owner, asked says why it didn't show its snapshots.
func (r *Resolver) search(ctx context.Context, launches []launch.Launch, hidden [][]launch.Unseen, asked map[string]string) {
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
				launches[i].Take(h, hidden[i], asked)
			}
			return nil
		})
	}
	_ = together.Do(tasks...) // none fails
}

func (r *Resolver) hints(ctx context.Context, l launch.Launch, hidden []launch.Unseen) launch.Hint {
	var denied, granted launch.Hint
	_ = together.Do( // neither fails
		func() error { denied = r.denied(ctx, l); return nil },
		func() error { granted = r.granted(ctx, l.Principal.ARN, hidden); return nil },
	)
	return launch.Hint{Denials: denied.Denials, Says: append(denied.Says, granted.Says...)}
}
