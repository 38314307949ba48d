package scenario

import (
	"context"
)

// A team has groups that launch from one template.
type team struct {
	template string // also its key's alias
	make     kind
	tags     map[string]string
	groups   []string
}

// teams are those of an account in which everything is met once.
func teams() []team {
	return []team{
		{platform, underShutDefaultKey, nil, []string{group, "web-canary", "batch-prod"}},
		{"payments", underShutKey(""), nil, []string{"payments"}},
		{"eks-nodes", underShutKey(remediate), nodeTags(), []string{eksGroup}},
		{"reports", underDisabledKey, nil, []string{"reports"}},
		{"search", underDenyingKey, nil, []string{"search"}},
		{"partner", underForeignKey, nil, []string{"partner-import"}},
		{"ledger", shutLater, nil, []string{"ledger"}},
		{"vault", underUnreadableKey, nil, []string{"vault"}},
		{"api", underOpenKey, nil, []string{"api-eu", "api-us", "api-internal", "api-canary"}},
		{"store", underOpenKey, nil, []string{"store", "store-replica"}},
		{"edge", unencrypted, nil, []string{"edge"}},
	}
}

// oneAccount: an account as one finds it on the first day: some groups fail, some would,
// one can't be told, and the others are fine.
func oneAccount(ctx context.Context, s, owner *Seeder) error {
	const openKeys = 2
	m := &maker{own: s, owner: owner}
	if err := m.begin(ctx, openKeys); err != nil {
		return err
	}
	for _, t := range teams() {
		template, err := m.template(ctx, t.template, t.template, t.make)
		if err != nil {
			return err
		}
		for _, name := range t.groups {
			if err := s.launching(ctx, name, template, "$Latest", desired, t.tags); err != nil {
				return err
			}
		}
	}
	return m.launched(ctx)
}
