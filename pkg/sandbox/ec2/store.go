package ec2

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

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

// matches applies a Describe call's filters: all must hold, each by one of its
// values. value returns a resource's field by its filter name; a filter that it
// doesn't know is refused, since leaving it out would answer too much.
func (st *store) matches(id string, filters []types.Filter, value func(name string) (string, bool)) (bool, error) {
	for _, f := range filters {
		have, ok := st.tagged(id, *f.Name)
		if !ok {
			have, ok = value(*f.Name)
		}
		if !ok {
			return false, wire.Errorf("NotInTheSandbox", "the filter %s is not in the sandbox", *f.Name)
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

func oneOf(have string, values []string) bool {
	for _, v := range values {
		if v == have {
			return true
		}
	}
	return false
}
