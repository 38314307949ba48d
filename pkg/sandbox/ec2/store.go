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
		st = &store{tags: map[string][]types.Tag{}}
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
	byID map[string]*T
	ids  []string
}

func (s *shelf[T]) add(id string, v *T) {
	if s.byID == nil {
		s.byID = map[string]*T{}
	}
	s.byID[id] = v
	s.ids = append(s.ids, id)
}

func (s *shelf[T]) remove(id string) { delete(s.byID, id) }

// all returns what is there; where ids are given only those, and the first that
// isn't there as missing.
func (s *shelf[T]) all(ids []string) (found []*T, missing string) {
	wanted := ids
	if len(ids) == 0 {
		wanted = s.ids
	}
	for _, id := range wanted {
		if v, ok := s.byID[id]; ok {
			found = append(found, v)
		} else if len(ids) > 0 {
			return nil, id
		}
	}
	return found, ""
}

// A query is what Describe calls have in common.
type query struct {
	filters []types.Filter
	limit   *int32
	token   *string
}

// answer is the body of a Describe call: of what was found, that which the
// filters let through, on pages. show returns a thing's id, its fields by filter
// name, and how it is shown.
func answer[T, V any](st *store, q query, found []*T, show func(*T) (id string, fields map[string]string, v V)) ([]V, *string, error) {
	all := []V{}
	for _, thing := range found {
		id, fields, v := show(thing)
		ok, err := st.matches(id, q.filters, fields)
		if err != nil {
			return nil, nil, err
		}
		if ok {
			all = append(all, v)
		}
	}
	return paging.Cut(all, q.limit, q.token, paging.Rule{Refusal: wire.Errorf("InvalidNextToken", "The specified token is not valid.")})
}

// matches applies filters: all must hold, each by one of its values. A filter
// that a resource has no field for is refused, since leaving it out would answer
// too much.
func (st *store) matches(id string, filters []types.Filter, fields map[string]string) (bool, error) {
	for _, f := range filters {
		have, ok := st.tagged(id, aws.ToString(f.Name))
		if !ok {
			have, ok = fields[aws.ToString(f.Name)]
		}
		if !ok {
			return false, wire.Errorf("NotInTheSandbox", "the filter %s is not in the sandbox", aws.ToString(f.Name))
		}
		if !oneOf(have, f.Values) {
			return false, nil
		}
	}
	return true, nil
}

// tagged answers the filters tag:KEY.
func (st *store) tagged(id, filter string) (string, bool) {
	key, ok := strings.CutPrefix(filter, "tag:")
	if !ok {
		return "", false
	}
	for _, t := range st.tags[id] {
		if *t.Key == key {
			return *t.Value, true
		}
	}
	return "\x00", true // has no such tag: equal to no value
}

func oneOf(have string, values []string) bool { return slices.Contains(values, have) }
