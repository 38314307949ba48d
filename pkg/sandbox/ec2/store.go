package ec2

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wire"
)

// A place is an account's part of a Region.
type place struct{ account, region string }

func placeOf(c *wire.Caller) place { return place{c.Account, c.Region} }

// A store is what an account has in a Region.
type store struct {
	volumes   shelf[types.Volume]
	snapshots shelf[types.Snapshot]
	images    shelf[types.Image]
	templates shelf[template]
	instances shelf[instance]
	tags      map[string][]types.Tag // by the resource's id

	encryptByDefault bool
	defaultKey       string // an ARN; "" = alias/aws/ebs
}

// store returns a place's store. The caller holds s.mu.
func (s *Service) store(p place) *store {
	st := s.stores[p]
	if st == nil {
		st = &store{
			tags:      map[string][]types.Tag{},
			volumes:   shelf[types.Volume]{filter: "volume-id", missing: noVolume},
			snapshots: shelf[types.Snapshot]{filter: "snapshot-id", missing: noSnapshot},
			images:    shelf[types.Image]{filter: "image-id", missing: noImage},
			instances: shelf[instance]{filter: "instance-id", missing: noInstance},
		}
		s.stores[p] = st
	}
	return st
}

// newID makes an id as AWS writes them, "vol-" and 17 hexadecimal digits. Ids
// depend on the order of calls only, so that a run can be told again. The caller
// holds s.mu.
func (s *Service) newID(prefix string) string {
	s.serial++
	return hashedID(prefix, fmt.Sprint(s.serial))
}

func hashedID(prefix, seed string) string {
	sum := sha256.Sum256([]byte(prefix + seed))
	return prefix + "-0" + hex.EncodeToString(sum[:])[:16]
}

// A shelf keeps things by id, in the order they came.
type shelf[T any] struct {
	filter  string                // the name of the filter by id
	missing func(id string) error // AWS's answer for an id that isn't there
	byID    map[string]*T
	ids     []string
}

func (s *shelf[T]) add(id string, v *T) {
	if s.byID == nil {
		s.byID = map[string]*T{}
	}
	s.byID[id] = v
	s.ids = append(s.ids, id)
}

func (s *shelf[T]) remove(id string) { delete(s.byID, id) }

// every returns all that is there.
func (s *shelf[T]) every() (all []*T) {
	for _, id := range s.ids {
		if v, ok := s.byID[id]; ok {
			all = append(all, v)
		}
	}
	return all
}

// A query is what Describe calls have in common.
type query struct {
	ids     []string // none = all
	filters []types.Filter
	limit   *int32
	token   *string
}

// describe answers a Describe call: of what is on a shelf, that which ids and the
// filter by id choose, on pages. Of ids, each must be there.
func describe[T, V any](s *shelf[T], q query, show func(id string, v *T) V) ([]V, *string, error) {
	wanted := q.ids
	if len(q.ids) == 0 {
		wanted = s.ids
	}
	all := []V{}
	for _, id := range wanted {
		v, there := s.byID[id]
		if !there && len(q.ids) > 0 {
			return nil, nil, s.missing(id)
		}
		ok, err := matches(q.filters, map[string]string{s.filter: id})
		if err != nil {
			return nil, nil, err
		}
		if ok && there {
			all = append(all, show(id, v))
		}
	}
	return page(all, q)
}

func page[V any](all []V, q query) ([]V, *string, error) {
	return paging.Cut(all, q.limit, q.token, paging.Rule{Refusal: wire.Errorf("InvalidNextToken", "The specified token is not valid.")})
}

// matches applies filters: all must hold, each by one of its values. A filter
// that a resource has no field for is refused, since leaving it out would answer
// too much.
func matches(filters []types.Filter, fields map[string]string) (bool, error) {
	for _, f := range filters {
		have, ok := fields[aws.ToString(f.Name)]
		if !ok {
			return false, wire.Errorf("NotInTheSandbox", "the filter %s is not in the sandbox", aws.ToString(f.Name))
		}
		if !oneOf(have, f.Values) {
			return false, nil
		}
	}
	return true, nil
}

func oneOf(have string, values []string) bool { return slices.Contains(values, have) }
