package ec2

import (
	"cmp"
	"maps"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
)

// A sight is an image or a snapshot that an account sees, with its owner's store.
type sight[T any] struct {
	id    string
	owner *store
	v     *T
}

func imagesOf(st *store) *shelf[types.Image]       { return &st.images }
func snapshotsOf(st *store) *shelf[types.Snapshot] { return &st.snapshots }

// around returns the stores of p's Region: p's own, then the others' by account.
// The caller holds s.mu.
func (s *Service) around(p place) []*store {
	all := []*store{s.store(p)}
	places := slices.SortedFunc(maps.Keys(s.stores), func(a, b place) int { return cmp.Compare(a.account, b.account) })
	for _, at := range places {
		if at.region == p.region && at.account != p.account {
			all = append(all, s.stores[at])
		}
	}
	return all
}

// seen returns what an account sees of a kind of thing in a Region: its own, what
// others share with it, and what is public; of that, those with the ids, all of
// which it must see. The caller holds s.mu.
func seen[T any](s *Service, p place, of func(*store) *shelf[T], ids []string) ([]sight[T], error) {
	all := []sight[T]{}
	for _, st := range s.around(p) {
		for _, id := range of(st).ids {
			if v := of(st).byID[id]; v != nil && st.sharedWith(p.account, id) {
				all = append(all, sight[T]{id, st, v})
			}
		}
	}
	if len(ids) == 0 {
		return all, nil
	}
	chosen := []sight[T]{}
	for _, id := range ids {
		at := slices.IndexFunc(all, func(one sight[T]) bool { return one.id == id })
		if at < 0 {
			return nil, of(s.store(p)).missing(id)
		}
		chosen = append(chosen, all[at])
	}
	return chosen, nil
}

// tagsFor returns the tags that an account sees: nobody else sees an owner's
// ("You can't share user-defined tags", EC2 user guide, sharingamis-explicit).
func (one sight[T]) tagsFor(account string) []types.Tag {
	if one.owner.account != account {
		return nil
	}
	return one.owner.tags[one.id]
}

// owned tells whether one of the owners asked for owns it; no owners, any.
func (one sight[T]) owned(p place, owners []string) bool {
	return len(owners) == 0 || oneOf(one.owner.account, owners) || oneOf("self", owners) && one.owner.account == p.account
}

// usable tells whether it is shared as ExecutableUsers or RestorableByUserIds
// ask: "all" means public, "self" and account ids mean by name. Whom else a thing
// is shared with, only its owner learns.
func (one sight[T]) usable(p place, users []string) bool {
	shared := one.owner.shared[one.id]
	return len(users) == 0 || slices.ContainsFunc(users, func(u string) bool {
		if u == "self" {
			u = p.account
		}
		mine := u == p.account || one.owner.account == p.account
		return u == "all" && shared.public || mine && oneOf(u, shared.accounts)
	})
}
