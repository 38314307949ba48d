package offline

import (
	"fmt"
	"maps"
	"reflect"
	"slices"

	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
)

// facts are all that the files say, each thing by what names it.
type facts struct {
	groups         named[astypes.AutoScalingGroup]
	versions       named[ec2types.LaunchTemplateVersion] // by template and number
	configurations named[astypes.LaunchConfiguration]
	images         named[ec2types.Image]
	snapshots      named[ec2types.Snapshot]
	settings       named[string] // "by default": "true" or "false"; "default key"
	keys           named[kmstypes.KeyMetadata]
	aliases        named[kmstypes.AliasListEntry]
	roles          named[iamtypes.Role]
	policies       named[string] // by the key's ARN
	grants         map[string]*granted
	tags           named[[]kmstypes.Tag]

	loose []loose  // what a file says about a key that it doesn't name
	notes []string // what a file has that isn't known here, or doesn't have whole
}

// The names of the EBS settings.
const (
	byDefault  = "EBS encryption by default"
	defaultKey = "the default EBS key"
)

// A loose part is about a key which its file doesn't name.
type loose struct {
	file, what string // what is an aboutKey's
	written    string // the key, as the file names it; "" = not at all
	put        func(key string) error
}

// granted are the grants on a key.
type granted struct {
	all   named[kmstypes.GrantListEntry] // by id
	whole bool                           // the last page of them is there
}

// grant takes in a page of the grants on a key.
func (f *facts) grant(file, key string, page []kmstypes.GrantListEntry, last bool) error {
	of := f.grants[key]
	if of == nil {
		of = &granted{all: newNamed[kmstypes.GrantListEntry]("grant")}
		f.grants[key] = of
	}
	of.whole = of.whole || last
	var errs []error
	for _, g := range page {
		errs = append(errs, of.all.put(file, value(g.GrantId), g))
	}
	return joined(errs...)
}

// named are things by their names, with the files that tell of them.
type named[T any] struct {
	what  string
	all   map[string]T
	files map[string]string
}

func newNamed[T any](what string) named[T] {
	return named[T]{what, map[string]T{}, map[string]string{}}
}

// put adds a thing. Two files may say the same of it, and nothing else.
func (n named[T]) put(file, name string, value T) error {
	old, known := n.all[name]
	if known && !reflect.DeepEqual(old, value) {
		where := "twice, differently"
		if n.files[name] != file {
			where = "otherwise than " + n.files[name]
		}
		return problem(file, fmt.Sprintf("has %s %s %s: leave one out", n.what, name, where))
	}
	n.all[name] = value
	if !known {
		n.files[name] = file
	}
	return nil
}

// has reports whether a file tells of a thing.
func (n named[T]) has(name string) bool {
	_, known := n.all[name]
	return known
}

// list is all of them, by name.
func (n named[T]) list() []T {
	out := make([]T, 0, len(n.all))
	for _, name := range slices.Sorted(maps.Keys(n.all)) {
		out = append(out, n.all[name])
	}
	return out
}

func newFacts() *facts {
	return &facts{
		groups: newNamed[astypes.AutoScalingGroup]("group"), versions: newNamed[ec2types.LaunchTemplateVersion]("launch template"),
		configurations: newNamed[astypes.LaunchConfiguration]("launch configuration"),
		images:         newNamed[ec2types.Image]("image"), snapshots: newNamed[ec2types.Snapshot]("snapshot"), settings: newNamed[string]("of the account"),
		keys: newNamed[kmstypes.KeyMetadata]("key"), aliases: newNamed[kmstypes.AliasListEntry]("alias"), roles: newNamed[iamtypes.Role]("role"),
		policies: newNamed[string]("the policy of"), grants: map[string]*granted{}, tags: newNamed[[]kmstypes.Tag]("the tags of"),
	}
}
