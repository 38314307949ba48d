package ec2

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/paging"
	"keymend/pkg/sandbox/wildcard"
	"keymend/pkg/sandbox/wire"
)

// A place is an account's part of a Region.
type place struct{ account, region string }

func placeOf(c *wire.Caller) place { return place{c.Account, c.Region} }

// A store is what an account has in a Region.
type store struct {
	account   string
	volumes   shelf[types.Volume]
	snapshots shelf[types.Snapshot]
	images    shelf[types.Image]
	templates shelf[template]
	instances shelf[instance]
	tags      map[string][]types.Tag // by the resource's id
	shared    map[string]permission  // of images and snapshots, by id
	tokens    map[string]tokened     // by client token
	lingering map[string]int         // how many times a snapshot is still in use, by id

	encryptByDefault bool
	defaultKey       string // an ARN; "" = alias/aws/ebs
}

// store returns a place's store. The caller holds s.mu.
func (s *Service) store(p place) *store {
	st := s.stores[p]
	if st == nil {
		tags := map[string][]types.Tag{}
		st = &store{
			account: p.account, tags: tags, shared: map[string]permission{}, tokens: map[string]tokened{}, lingering: map[string]int{},
			volumes:   shelf[types.Volume]{filter: "volume-id", missing: noVolume, tags: tags},
			snapshots: shelf[types.Snapshot]{missing: noSnapshot},
			images:    shelf[types.Image]{missing: noImage},
			instances: shelf[instance]{filter: "instance-id", missing: noInstance, tags: tags},
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
	tags    map[string][]types.Tag
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
		ok, err := matches(q.filters, tagged(map[string]string{s.filter: id}, s.tags[id]))
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

// tagPrefix begins the names of filters by a tag, as in "tag:team".
const tagPrefix = "tag:"

// tagged adds a resource's tags to the fields that filters know.
func tagged(fields map[string]string, tags []types.Tag) map[string]string {
	for _, t := range tags {
		fields[tagPrefix+*t.Key] = *t.Value
	}
	return fields
}

// matches applies filters: all must hold, each by one of its values, in which *
// stands for any text. A filter that a resource has no field for is refused,
// since leaving it out would answer too much; a tag that it doesn't have is none
// of the filter's values.
func matches(filters []types.Filter, fields map[string]string) (bool, error) {
	all := true
	for _, f := range filters {
		name := aws.ToString(f.Name)
		have, ok := fields[name]
		if !ok && !strings.HasPrefix(name, tagPrefix) {
			return false, wire.Errorf("NotInTheSandbox", "the filter %s is not in the sandbox", name)
		}
		all = all && ok && slices.ContainsFunc(f.Values, func(v string) bool { return wildcard.Match(v, have) })
	}
	return all, nil
}

func oneOf(have string, values []string) bool { return slices.Contains(values, have) }
