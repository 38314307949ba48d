package cloudformation

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// A Stack is what a template made in an account and Region. What it made is its own.
type Stack struct {
	Name, Account, Region string

	standing map[string]standing // by logical id
}

// A standing resource is one that was made.
type standing struct {
	Resource
	Made
}

// A Changer makes the resources of stacks, has them be otherwise, and takes them away.
type Changer interface {
	Maker
	// Name returns what a resource is called, unique among those of its type.
	Name(Resource) string
	// There reports whether there is one of a resource's type and name.
	There(Resource) (bool, error)
	// Delete takes one away; one that isn't there is no error.
	Delete(Resource) error
}

// Update has a stack be what a template says; the first time, it makes it. A resource of
// which the template says the same as before isn't touched, whatever it is now. Where
// something goes wrong, the stack is put back to what it was.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks.html
func (s *Stack) Update(template []byte, params map[string]string, c Changer) error {
	l, err := newLoader(template, s.Account, s.Region, params)
	if err != nil {
		return fmt.Errorf("load template: %w", err)
	}
	l.values["AWS::StackName"] = s.Name
	next := &change{Changer: c, was: s.standing, is: map[string]standing{}}
	if err := l.load(next); err != nil {
		return errors.Join(err, next.back())
	}
	s.standing = next.is
	return next.clean()
}

// Delete takes all away that a stack made.
func (s *Stack) Delete(c Changer) error {
	gone := &change{Changer: c, was: s.standing}
	s.standing = nil
	return gone.clean()
}

// A change is an update under way.
type change struct {
	Changer
	was, is map[string]standing
	touched []Resource // in order, also that which failed
}

// Make implements Maker.
func (c *change) Make(r Resource) (Made, error) {
	if old, ok := c.was[r.LogicalID]; ok && reflect.DeepEqual(old.Resource, r) {
		c.is[r.LogicalID] = old
		return old.Made, nil
	}
	if _, own := c.find(c.was, r); !own {
		there, err := c.There(r)
		if err != nil {
			return Made{}, err
		}
		if there {
			return Made{}, fmt.Errorf("%s already exists, and isn't this stack's", c.Name(r))
		}
	}
	c.touched = append(c.touched, r)
	made, err := c.Changer.Make(r)
	if err != nil {
		return Made{}, err
	}
	c.is[r.LogicalID] = standing{r, made}
	return made, nil
}

// find returns the resource of the same type and name.
func (c *change) find(in map[string]standing, r Resource) (Resource, bool) {
	for _, other := range in {
		if other.Type == r.Type && c.Name(other.Resource) == c.Name(r) {
			return other.Resource, true
		}
	}
	return Resource{}, false
}

// back undoes what was done so far.
func (c *change) back() error {
	var failed error
	for _, r := range slices.Backward(c.touched) {
		if old, own := c.find(c.was, r); own {
			_, err := c.Changer.Make(old)
			failed = errors.Join(failed, err)
			continue
		}
		failed = errors.Join(failed, c.Changer.Delete(r))
	}
	return failed
}

// clean takes away what was the stack's, and isn't any more.
func (c *change) clean() error {
	var failed error
	for _, id := range slices.Sorted(maps.Keys(c.was)) {
		if _, stays := c.find(c.is, c.was[id].Resource); !stays {
			failed = errors.Join(failed, c.Changer.Delete(c.was[id].Resource))
		}
	}
	return failed
}
