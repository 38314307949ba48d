package scenario

import (
	"cmp"
	"context"
	"fmt"
	"sync"
	"time"
)

// ManyGroups is how many groups the scenario many has.
const ManyGroups = 5000

// A share of the groups launches from templates of one kind, with a key each.
type share struct {
	name      string // of the templates; groups are numbered under it
	templates int
	groups    int
	tags      map[string]string
	make      kind
}

// A kind makes what a template of that name needs.
type kind func(ctx context.Context, m *crowd, name string) (source, error)

// A source is what a template is made of.
type source struct {
	image   string // "" = the account's own, unencrypted
	volumes []Volume
	// after is done to the key once the groups have launched; nil = nothing.
	after func(ctx context.Context) error
}

// shares are those of an account as one would find it: nearly all is well.
func shares() []share {
	return []share{
		{"api", 40, 2400, nil, underOpenKey},
		{"worker", 30, 1500, nil, underOpenKey},
		{"edge", 8, 480, nil, unencrypted},
		{"store", 4, 120, nil, underTwoKeys},
		{"ledger", 3, 150, nil, shutLater},
		{"vault", 2, 100, nil, underUnreadableKey},
		{"orders", 3, 80, nil, underShutKey(remediate)},
		{"payments", 2, 50, nil, underShutKey("")},
		{"eks-workers", 2, 30, nodeTags(), underShutKey(remediate)},
		{"reports", 2, 30, nil, underDisabledKey},
		{"search", 2, 30, nil, underDenyingKey},
		{"partner", 1, 15, nil, underForeignKey},
		{"golden", 1, 15, nil, ofHiddenSnapshot},
	}
}

// A crowd makes the accounts of the scenarios account and many.
type crowd struct {
	own, owner *Seeder
	plain      string   // an image of the own account
	open       []string // keys that are open to the groups' role
	turn       int      // of the next of them
}

const (
	openKeys  = 10
	asleep    = 4           // one group of so many wants no instance
	launching = time.Minute // until launches stand, or have failed more than once
)

// many: an account of 5,000 groups, of which some fail, some would, and some can't be
// told. Its keys and templates are few, as in real ones.
func many(ctx context.Context, s, owner *Seeder) error {
	m := &crowd{own: s, owner: owner}
	if err := m.begin(ctx, openKeys); err != nil {
		return err
	}
	var after []func(context.Context) error
	for _, sh := range shares() {
		then, err := m.share(ctx, sh)
		if err != nil {
			return err
		}
		after = append(after, then...)
	}
	return m.launched(ctx, after)
}

// launched has the groups launch, and then does what is to be done.
func (m *crowd) launched(ctx context.Context, after []func(context.Context) error) error {
	m.own.advance(launching)
	for _, f := range after {
		if f == nil {
			continue
		}
		if err := f(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin makes what all groups have in common, and some keys that are open to them.
func (m *crowd) begin(ctx context.Context, openKeys int) error {
	if err := m.owner.exists(ctx); err != nil {
		return err
	}
	snapshot, err := m.own.snapshot(ctx, "base", "")
	if err != nil {
		return err
	}
	if m.plain, err = m.own.image(ctx, "base", snapshot); err != nil {
		return err
	}
	for i := range openKeys {
		key, err := m.own.openKey(ctx, fmt.Sprintf("team-%d", i+1))
		if err != nil {
			return err
		}
		m.open = append(m.open, key)
	}
	return m.own.DefaultKey(ctx, m.open[0])
}

// share makes the templates and groups of a share. It returns what is to be done once
// they have launched.
func (m *crowd) share(ctx context.Context, sh share) ([]func(context.Context) error, error) {
	var templates []string
	var after []func(context.Context) error
	for i := range sh.templates {
		template, then, err := m.template(ctx, fmt.Sprintf("%s-%d", sh.name, i+1), sh.make)
		if err != nil {
			return nil, err
		}
		templates, after = append(templates, template), append(after, then)
	}
	return after, m.own.crowdOf(ctx, sh, templates)
}

// template makes a template of a kind. It returns what is to be done once its groups have
// launched; nil = nothing.
func (m *crowd) template(ctx context.Context, name string, make kind) (template string, after func(context.Context) error, err error) {
	of, err := make(ctx, m, name)
	if err != nil {
		return "", nil, err
	}
	if of.image == "" {
		of.image = m.plain
	}
	template, err = m.own.template(ctx, name, of.image, machine, of.volumes)
	return template, of.after, err
}

// crowdOf makes the groups of a share, many at a time.
func (s *Seeder) crowdOf(ctx context.Context, sh share, templates []string) error {
	const busy = 8
	versions := []string{"$Latest", "$Default", "1"}
	failed := make([]error, busy)
	var all sync.WaitGroup
	for part := range busy {
		all.Go(func() {
			for i := part; i < sh.groups && failed[part] == nil; i += busy {
				desired := int32(min(i%asleep, 1))
				failed[part] = s.launching(ctx, fmt.Sprintf("%s-%04d", sh.name, i+1), templates[i%len(templates)], versions[i%len(versions)], desired, sh.tags)
			}
		})
	}
	all.Wait()
	return cmp.Or(failed...)
}
