package autoscaling

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"

	"keymend/pkg/sandbox/ec2"
	"keymend/pkg/sandbox/wire"
)

// A group, as Describe calls show it, and where its launches stand.
type group struct {
	name
	view       types.AutoScalingGroup
	spots      []spot
	turn       int         // the spot that the next launch takes
	activities []*activity // oldest first

	pool *types.WarmPoolConfiguration // nil: none
	warm []types.Instance             // the pool's

	because  string // what asked for the next launches; "" = only the difference
	replaces bool   // the next launch stands in for an instance that was lost

	rounds       int       // rounds of launches failed since the last success
	failingSince time.Time // of the first of them
	waiting      bool      // for a retry
	retry        int       // the number of the retry that it waits for
}

// A spot is where a group may launch.
type spot struct{ zone, subnet string }

// CreateAutoScalingGroup makes a group and has it launch. Its template is
// checked by a dry run, which doesn't ask KMS. The account's default
// service-linked role is made where it is missing and none is named.
func (s *Service) CreateAutoScalingGroup(ctx context.Context, in *autoscaling.CreateAutoScalingGroupInput) (*autoscaling.CreateAutoScalingGroupOutput, error) {
	c := wire.CallerOf(ctx)
	if in.AutoScalingGroupName == nil || in.MinSize == nil || in.MaxSize == nil {
		return nil, invalid("AutoScalingGroupName, MinSize and MaxSize must be given.")
	}
	if err := named(*in.AutoScalingGroupName); err != nil {
		return nil, err
	}
	if in.InstanceId != nil || len(in.LifecycleHookSpecificationList) > 0 {
		return nil, wire.Errorf("NotInTheSandbox", "groups like an instance, and lifecycle hooks, are not in the sandbox")
	}
	n := name{c.Account, c.Region, *in.AutoScalingGroupName}
	if s.find(n) != nil {
		return nil, alreadyExists(n.group)
	}
	g := &group{name: n, view: fresh(n, in, s.clock.Now())}
	if err := bounded(g.view); err != nil {
		return nil, err
	}
	spots, err := s.shape(c, &g.view)
	if err != nil {
		return nil, err
	}
	g.spots = spots
	g.because = fmt.Sprintf("At %s a user request created an AutoScalingGroup changing the desired capacity from 0 to %d.  ", at(s.clock.Now()), *g.view.DesiredCapacity)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.groups[n] != nil {
		return nil, alreadyExists(n.group)
	}
	g.view.AutoScalingGroupARN = new(arn(n, s.newID()))
	s.groups[n] = g
	s.soon(g)
	return &autoscaling.CreateAutoScalingGroupOutput{}, nil
}

// fresh is a new group with every member that AWS always answers with (recorded
// sample of 2026-02, facts/launch.md 7).
func fresh(n name, in *autoscaling.CreateAutoScalingGroupInput, now time.Time) types.AutoScalingGroup {
	v := types.AutoScalingGroup{
		AutoScalingGroupName: &n.group, CreatedTime: &now, MinSize: in.MinSize, MaxSize: in.MaxSize, DesiredCapacity: in.DesiredCapacity,
		LaunchConfigurationName: in.LaunchConfigurationName, LaunchTemplate: in.LaunchTemplate, MixedInstancesPolicy: in.MixedInstancesPolicy, ServiceLinkedRoleARN: in.ServiceLinkedRoleARN,
		AvailabilityZones: in.AvailabilityZones, VPCZoneIdentifier: new(aws.ToString(in.VPCZoneIdentifier)), Tags: []types.TagDescription{},
		DefaultCooldown: or(in.DefaultCooldown, 300), HealthCheckType: or(in.HealthCheckType, "EC2"), HealthCheckGracePeriod: or(in.HealthCheckGracePeriod, 0),
		NewInstancesProtectedFromScaleIn: or(in.NewInstancesProtectedFromScaleIn, false), TerminationPolicies: in.TerminationPolicies,
		Instances: []types.Instance{}, SuspendedProcesses: []types.SuspendedProcess{}, EnabledMetrics: []types.EnabledMetric{},
		LoadBalancerNames: slices.Concat([]string{}, in.LoadBalancerNames), TargetGroupARNs: slices.Concat([]string{}, in.TargetGroupARNs),
		TrafficSources:                   slices.Concat([]types.TrafficSourceIdentifier{}, in.TrafficSources),
		AvailabilityZoneDistribution:     &types.AvailabilityZoneDistribution{CapacityDistributionStrategy: types.CapacityDistributionStrategyBalancedBestEffort},
		CapacityReservationSpecification: &types.CapacityReservationSpecification{CapacityReservationPreference: types.CapacityReservationPreferenceDefault},
		InstanceLifecyclePolicy:          &types.InstanceLifecyclePolicy{RetentionTriggers: &types.RetentionTriggers{TerminateHookAbandon: types.RetentionActionTerminate}},
	}
	if v.DesiredCapacity == nil {
		v.DesiredCapacity = v.MinSize
	}
	if len(v.TerminationPolicies) == 0 {
		v.TerminationPolicies = []string{"Default"}
	}
	for _, t := range in.Tags {
		v.Tags = labelled(v.Tags, n.group, t)
	}
	return v
}

// named refuses what is no name of a group: 1 to 255 characters of ASCII, from 33
// to 126, without a colon. [?] The text of the last refusal.
// https://docs.aws.amazon.com/autoscaling/ec2/APIReference/API_CreateAutoScalingGroup.html
func named(group string) error {
	const longest = 255
	const wrong = "1 validation error detected: Value '%s' at 'autoScalingGroupName' failed to satisfy constraint: Member must have length %s than or equal to %d"
	switch {
	case group == "":
		return invalid(wrong, group, "greater", 1)
	case len(group) > longest:
		return invalid(wrong, group, "less", longest)
	case strings.ContainsFunc(group, func(r rune) bool { return r < '!' || r > '~' || r == ':' }):
		return invalid("The name of an Auto Scaling group can contain any ASCII character 33 to 126, and no colon (:).")
	}
	return nil
}

// bounded refuses a capacity outside its bounds.
func bounded(v types.AutoScalingGroup) error {
	if *v.DesiredCapacity < *v.MinSize || *v.DesiredCapacity > *v.MaxSize {
		return invalid("Desired capacity:%d must be between the specified min size:%d and max size:%d", *v.DesiredCapacity, *v.MinSize, *v.MaxSize)
	}
	return nil
}

// shape completes a group's role, template and zones, and refuses what AWS
// refuses of them.
func (s *Service) shape(c *wire.Caller, v *types.AutoScalingGroup) ([]spot, error) {
	if err := s.linked(c, v); err != nil {
		return nil, err
	}
	v.LaunchTemplate, v.MixedInstancesPolicy = copied(v.LaunchTemplate), mixed(v.MixedInstancesPolicy)
	choices, err := s.choices(c.Account, c.Region, *v)
	if err != nil {
		return nil, err
	}
	var spots []spot
	for _, r := range wishes(*v) {
		for i, choice := range choices {
			l, err := s.usable(c, choice, r)
			if err != nil {
				return nil, err
			}
			if choice.spec != nil {
				choice.spec.LaunchTemplateId, choice.spec.LaunchTemplateName = &l.TemplateID, &l.TemplateName
			}
			if i == 0 {
				spots = append(spots, spot{l.Zone, l.Subnet})
			}
		}
	}
	if len(spots) == 0 {
		return nil, invalid("At least one Availability Zone or VPC Subnet is required.")
	}
	v.AvailabilityZones = nil
	for _, sp := range spots {
		if !slices.Contains(v.AvailabilityZones, sp.zone) {
			v.AvailabilityZones = append(v.AvailabilityZones, sp.zone)
		}
	}
	return spots, nil
}

// usable resolves a choice by a dry run, and refuses a template that the caller
// may not launch from. Who creates a
// group or gives it a template is asked; not who makes a new version, which
// groups with $Latest or $Default follow ("Launch template support", Auto Scaling user guide). The text
// names no missing permission (facts/events.md 3, captured).
func (s *Service) usable(c *wire.Caller, choice choice, where spot) (ec2.Launched, error) {
	l, err := s.launcher.Launch(c, choice.request(where, true))
	if err != nil {
		return l, invalid("You must use a valid fully-formed launch template. %s", wire.AsError(err).Message)
	}
	if choice.spec == nil {
		return l, nil
	}
	for _, check := range l.Needs {
		if s.roles.Authorize(c, check) != nil {
			return l, &wire.Error{Code: "AccessDenied", Message: "You are not authorized to use launch template: " + l.TemplateID, Status: http.StatusForbidden}
		}
	}
	return l, nil
}

// linked completes the service-linked role.
func (s *Service) linked(c *wire.Caller, v *types.AutoScalingGroup) error {
	if v.ServiceLinkedRoleARN == nil {
		r, err := s.roles.EnsureServiceLinkedRole(c.Account, servicePrincipal, "")
		if err != nil {
			return fmt.Errorf("create service-linked role: %w", err)
		}
		v.ServiceLinkedRoleARN = &r.ARN
		return nil
	}
	prefix := "arn:aws:iam::" + c.Account + ":role/aws-service-role/" + servicePrincipal + "/"
	s.mu.Lock()
	delay := s.switches.GroupDelay
	s.mu.Unlock()
	if s.strange(*v.ServiceLinkedRoleARN, delay) || !strings.HasPrefix(*v.ServiceLinkedRoleARN, prefix) {
		return invalid("ARN specified for Service-Linked Role does not exist.")
	}
	return nil
}

// strange: there is no such role, or it is too new to be known.
func (s *Service) strange(role string, delay time.Duration) bool {
	r, ok := s.roles.Role(role)
	return !ok || r.Younger(delay, s.clock.Now())
}

// wishes are the subnets, or else the zones, that a group is given.
func wishes(v types.AutoScalingGroup) []spot {
	var all []spot
	for id := range strings.SplitSeq(aws.ToString(v.VPCZoneIdentifier), ",") {
		if id = strings.TrimSpace(id); id != "" {
			all = append(all, spot{subnet: id})
		}
	}
	if len(all) > 0 {
		return all
	}
	for _, z := range v.AvailabilityZones {
		all = append(all, spot{zone: z})
	}
	return all
}

func invalid(format string, args ...any) error {
	return wire.Errorf("ValidationError", format, args...)
}

func alreadyExists(group string) error {
	return wire.Errorf("AlreadyExists", "AutoScalingGroup by this name already exists - A group with the name %s already exists", group)
}

func or[T any](given *T, otherwise T) *T {
	if given != nil {
		return given
	}
	return &otherwise
}
