package agreement_test

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"pgregory.net/rapid"

	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/observe"
	"keymend/pkg/sandbox"
)

// TestLaunchesAgree: with every key open, the keys that pkg/launch names are
// those that the launches ask for, and no launch asks for an operation on them that it
// doesn't name; what a launch asks for beyond them is said to be unknown, device by
// device; and what is said to be refused, EC2 refuses.
func TestLaunchesAgree(t *testing.T) {
	t.Parallel()
	client := &http.Client{}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t, t.Context(), client)
		t.Cleanup(client.CloseIdleConnections)
		s := furnish(t, w)
		s.anew = rapid.Bool().Draw(t, "another account's snapshot under the named key is encrypted anew")
		types := s.group()
		if types == nil {
			return // EC2 refused it beforehand
		}
		s.spoil()
		before := len(w.box.Calls())
		l, err := observe.FromConfig(w.cfg).Resolve(w.ctx, ours, region, "web-prod")
		must(t, err)
		launched := s.launchEach(types)
		s.compare(l, launched, w.asked(t, before))
	})
}

// group makes a group that doesn't launch yet, from one template or from several
// by overrides, and then changes the templates. It returns the instance types by
// which the launches of the overrides are told apart.
func (s *scene) group() []string {
	in := &autoscaling.CreateAutoScalingGroupInput{
		AutoScalingGroupName: new("web-prod"), MinSize: new(int32(0)), MaxSize: new(int32(9)), DesiredCapacity: new(int32(0)),
		AvailabilityZones: []string{region + "a"},
	}
	if rapid.IntRange(0, 5).Draw(s.t, "launch configuration") == 0 {
		return s.configured(in)
	}
	latest := func(template string) *astypes.LaunchTemplateSpecification {
		return &astypes.LaunchTemplateSpecification{LaunchTemplateId: &template, Version: new("$Latest")}
	}
	templates, types := []string{s.template()}, []string{"m5.large"}
	if overrides := rapid.IntRange(0, 3).Draw(s.t, "overrides"); overrides == 0 {
		in.LaunchTemplate = latest(templates[0])
	} else {
		types = []string{"m5.large", "m5.xlarge", "m5.2xlarge"}[:overrides]
		policy := &astypes.LaunchTemplate{LaunchTemplateSpecification: latest(templates[0])}
		for _, kind := range types {
			o := astypes.LaunchTemplateOverrides{InstanceType: &kind}
			switch draw(s, "override", "of type only", "with a template", "with an image") {
			case "with a template":
				templates = append(templates, s.template())
				o.LaunchTemplateSpecification = latest(templates[len(templates)-1])
			case "with an image":
				o.ImageId = new(draw(s, "override's image", s.images...))
			}
			policy.Overrides = append(policy.Overrides, o)
		}
		in.MixedInstancesPolicy = &astypes.MixedInstancesPolicy{LaunchTemplate: policy}
	}
	_, err := s.w.asg.CreateAutoScalingGroup(s.w.ctx, in)
	must(s.t, err)
	for _, template := range templates {
		s.change(template)
	}
	return types
}

// launchEach has the group launch one instance of each type, and returns which
// of the types EC2 took.
func (s *scene) launchEach(types []string) map[string]bool {
	took := map[string]bool{}
	for i, kind := range types {
		switches := sandbox.DefaultSwitches()
		switches.SameKeyAnew = s.anew
		switches.NoCapacity = slices.DeleteFunc(slices.Clone(types), func(other string) bool { return other == kind })
		s.w.box.SetSwitches(switches)
		_, err := s.w.asg.SetDesiredCapacity(s.w.ctx, &autoscaling.SetDesiredCapacityInput{
			AutoScalingGroupName: new("web-prod"), DesiredCapacity: new(int32(len(took) + 1)),
		})
		must(s.t, err)
		s.w.box.Advance(15 * time.Second)
		out, err := s.w.asg.DescribeAutoScalingGroups(s.w.ctx, &autoscaling.DescribeAutoScalingGroupsInput{})
		must(s.t, err)
		if n := len(out.AutoScalingGroups[0].Instances); n == len(took)+1 {
			took[types[i]] = true
		}
	}
	return took
}

// compare holds the two readings to each other.
func (s *scene) compare(l launch.Launch, took map[string]bool, asked map[string][]string) {
	if (len(took) == 0) != (l.Refused != "") {
		s.t.Fatalf("EC2 took %v; refused: %q, partly: %q", took, l.Refused, l.Partly)
	}
	named := s.operations(l)
	for key := range named {
		if asked[key] == nil {
			s.t.Fatalf("%s is named, and no launch asked for it\nnamed %v\nasked %v\n%s", key, list(named), list(asked), told(l))
		}
	}
	for key, operations := range asked {
		for _, operation := range operations {
			if named[key] != nil && !slices.Contains(named[key], operation) && !s.unknown(l, key) {
				s.t.Fatalf("a launch asked for %s on %s, and only %v are named\n%s", operation, key, named[key], told(l))
			}
		}
		if named[key] == nil && !s.unknown(l, key) {
			s.t.Fatalf("a launch asked for %s, and it is neither named nor unknown\nnamed %v\nasked %v\n%s", key, list(named), list(asked), told(l))
		}
	}
	for _, says := range l.Unknown {
		if !slices.ContainsFunc(slices.Collect(maps.Keys(s.hidden)), func(id string) bool { return strings.Contains(says, id) }) {
			s.t.Fatalf("unknown, though it can be seen: %s", says)
		}
	}
}

// unknown reports whether the launch says of a device that the key of its
// snapshot, which is this one, can't be told.
func (s *scene) unknown(l launch.Launch, key string) bool {
	for snapshot := range s.hidden {
		if s.keyOf[snapshot] == key && slices.ContainsFunc(l.Unknown, func(says string) bool {
			return strings.HasPrefix(says, "/dev/") && strings.Contains(says, snapshot)
		}) {
			return true
		}
	}
	return false
}

// operations are those that the launch is said to need, by key.
func (s *scene) operations(l launch.Launch) map[string][]string {
	uses := map[string][]encryption.Use{}
	for _, k := range l.Keys {
		if arn, managed := s.w.resolve(s.t, k.ID); !managed {
			uses[arn] = append(uses[arn], k.Uses...)
		}
	}
	out := map[string][]string{}
	for key, all := range uses {
		// A denied Decrypt doesn't stop a launch from an unencrypted snapshot, so it isn't
		// named there. CloudTrail calls both halves of a ReEncrypt by one name.
		out[key] = append(l.Operations(all), "Decrypt")
		if slices.ContainsFunc(out[key], func(op string) bool { return strings.HasPrefix(op, "ReEncrypt") }) {
			out[key] = append(out[key], "ReEncrypt")
		}
	}
	return out
}

func list(keys map[string][]string) []string { return slices.Sorted(maps.Keys(keys)) }

func told(l launch.Launch) string {
	var out strings.Builder
	for _, k := range l.Keys {
		for _, u := range k.Uses {
			fmt.Fprintln(&out, u.Because)
		}
	}
	fmt.Fprintln(&out, "unknown:", l.Unknown, "no need:", l.NoNeed, "refused:", l.Refused, l.Partly)
	return out.String()
}
