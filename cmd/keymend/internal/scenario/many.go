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
type kind func(ctx context.Context, m *maker, name string) (source, error)

// A source is what a template is made of.
type source struct {
	image   string // "" = the account's own, unencrypted
	volumes []Volume
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

// A maker makes what a scenario has in the account of its groups, and in the owner's.
type maker struct {
	own, owner *Seeder
	plain      string                        // an unencrypted image of the own account; "" = none was made yet
	open       []string                      // keys that are open to the groups' role
	turn       int                           // of the next of them
	after      []func(context.Context) error // to be done once the groups have launched
}

const (
	openKeys  = 10
	asleep    = 4           // one group of so many wants no instance
	launching = time.Minute // until launches stand, or have failed more than once
)

// many: an account of 5,000 groups, of which some fail, some would, and some can't be
// told. Its keys and templates are few, as in real ones.
func many(ctx context.Context, s, owner *Seeder) error {
	m := &maker{own: s, owner: owner}
	if err := m.begin(ctx, openKeys); err != nil {
		return err
	}
	for _, sh := range shares() {
		if err := m.share(ctx, sh); err != nil {
			return err
		}
	}
	return m.launched(ctx)
}

// launched has the groups launch, and then does what is to be done.
func (m *maker) launched(ctx context.Context) error {
	m.own.advance(launching)
	for _, do := range m.after {
		if err := do(ctx); err != nil {
			return err
		}
	}
	return nil
}

// begin makes what all groups have in common, and some keys that are open to them.
func (m *maker) begin(ctx context.Context, openKeys int) error {
	if err := m.owner.exists(ctx); err != nil {
		return err
	}
	if err := m.base(ctx); err != nil {
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

// share makes the templates and groups of a share.
func (m *maker) share(ctx context.Context, sh share) error {
	var templates []string
	for i := range sh.templates {
		name := fmt.Sprintf("%s-%d", sh.name, i+1)
		template, err := m.template(ctx, name, name, sh.make)
		if err != nil {
			return err
		}
		templates = append(templates, template)
	}
	return m.own.groupsOf(ctx, sh, templates)
}

// template makes a template of a kind; key is the name that the kind is made under.
func (m *maker) template(ctx context.Context, name, key string, make kind) (string, error) {
	of, err := make(ctx, m, key)
	if err != nil {
		return "", err
	}
	if of.image == "" {
		if err := m.base(ctx); err != nil {
			return "", err
		}
		of.image = m.plain
	}
	return m.own.template(ctx, name, of.image, machine, of.volumes)
}

// base makes the plain image, once.
func (m *maker) base(ctx context.Context) (err error) {
	if m.plain == "" {
		m.plain, err = m.own.plainImage(ctx, "base")
	}
	return err
}

// groupsOf makes the groups of a share, many at a time.
func (s *Seeder) groupsOf(ctx context.Context, sh share, templates []string) error {
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
