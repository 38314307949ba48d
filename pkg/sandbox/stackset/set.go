// Package stackset is the sandbox's StackSets with service-managed permissions: stacks of
// one template in the accounts of an organization's units, in each of some Regions.
// Accounts that join a unit get theirs, and lose them when they leave.
//
// A StackSet is made by a template's resource; the API only reads. Operations go account
// by account, Region by Region.
package stackset

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/sandbox/ident"
	"keymend/pkg/sandbox/organization"
	"keymend/pkg/sandbox/wire"
)

// Principal is the service that needs trusted access, and is delegated to administrators.
// https://docs.aws.amazon.com/organizations/latest/userguide/services-that-can-integrate-cloudformation.html
const Principal = "member.org.stacksets.cloudformation.amazonaws.com"

// A World is what stacks are made in.
type World struct {
	Clock        *clock.Clock
	Organization func(account string) *organization.Organization // nil: the account is in none
	Changer      func(account, region string) (cloudformation.Changer, error)
}

// A Service holds every StackSet. It is safe for concurrent use.
type Service struct {
	World

	mu             sync.Mutex
	sets           []*set // in the order in which they were made
	stacks         []Stack
	administrators bool // ARNs name the account that made a set
}

// New returns a service without StackSets.
func New(w World) *Service { return &Service{World: w} }

// A Switch says whose account the ARN of a StackSet names that a delegated administrator
// made. [?]
type Switch string

// Its positions; "" is Management.
const (
	Management    Switch = "management"
	Administrator Switch = "administrator"
)

// SetSwitch changes what ARNs name from now on.
func (s *Service) SetSwitch(sw Switch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.administrators = sw == Administrator
}

// A set is a StackSet.
type set struct {
	Properties
	id, account, region, organization string // account: that made it
	suffix                            string // of its stacks' names and ARNs

	instances  []*instance
	operations []types.StackSetOperationSummary // newest first
}

// An instance is a set's stack in an account and Region, or that there should be one.
type instance struct {
	stack     cloudformation.Stack
	unit, id  string
	operation string
	status    types.StackInstanceStatus
	detail    types.StackInstanceDetailedStatus
	reason    string
}

// Properties are those of the resource that the sandbox has.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stackset.html
type Properties struct {
	StackSetName, Description, PermissionModel, CallAs, TemplateBody string

	Capabilities   []types.Capability
	AutoDeployment struct {
		Enabled, RetainStacksOnAccountRemoval bool
		DependsOn                             []string
	}
	ManagedExecution     struct{ Active bool }
	OperationPreferences struct {
		ConcurrencyMode, RegionConcurrencyType              string
		RegionOrder                                         []string
		FailureTolerancePercentage, MaxConcurrentPercentage int
	}
	Parameters          []struct{ ParameterKey, ParameterValue string }
	StackInstancesGroup []struct {
		DeploymentTargets struct{ OrganizationalUnitIds []string }
		Regions           []string
	}
}

// Read reads a resource's properties. One that the sandbox doesn't have is an error.
func Read(properties map[string]any) (Properties, error) {
	var p Properties
	text, err := json.Marshal(properties)
	if err != nil {
		return p, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return p, wire.Errorf("NotInTheSandbox", "a property of the StackSet is not in the sandbox: %v", err)
	}
	return p, p.check()
}

// maxBody is how long a template may be that a request carries.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
const maxBody = 51_200

// check refuses what StackSets do.
func (p *Properties) check() error {
	var body struct{ Transform any }
	err := json.Unmarshal([]byte(p.TemplateBody), &body)
	named := slices.Contains(p.Capabilities, types.CapabilityCapabilityNamedIam)
	switch {
	case p.StackSetName == "" || p.PermissionModel != string(types.PermissionModelsServiceManaged):
		return wire.Errorf("NotInTheSandbox", "a StackSet without a name, or with another PermissionModel than SERVICE_MANAGED, is not in the sandbox")
	case len(p.TemplateBody) > maxBody:
		return wire.Errorf("ValidationError", "1 validation error detected: Value at 'templateBody' failed to satisfy constraint: Member must have length less than or equal to %d", maxBody)
	case err != nil:
		return wire.Errorf("ValidationError", "Template format error: %v", err)
	case body.Transform != nil:
		return wire.Errorf("ValidationError", "Service-managed stack sets don't support templates with macros or transforms")
	case strings.Contains(p.TemplateBody, `"AWS::IAM::`) && !named:
		return wire.Errorf("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]")
	}
	return nil
}

func (p *Properties) parameters() map[string]string {
	out := map[string]string{}
	for _, one := range p.Parameters {
		out[one.ParameterKey] = one.ParameterValue
	}
	return out
}

// Put makes a StackSet as an account, or has one that is there be otherwise, and has its
// stacks follow. It returns the set's id; the error is also that of an operation that
// failed, after which the set is there.
func (s *Service) Put(account, region string, p Properties) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	o, err := s.acting(account, types.CallAs(p.CallAs))
	if err != nil {
		return "", err
	}
	if err := s.dependencies(p.AutoDeployment.DependsOn); err != nil {
		return "", err
	}
	one, action := s.find(o, region, p.StackSetName), types.StackSetOperationActionUpdate
	if one == nil {
		suffix := ident.UUID()
		one = &set{id: p.StackSetName + ":" + suffix, suffix: suffix, account: account, region: region, organization: o.ID}
		s.sets, action = append(s.sets, one), types.StackSetOperationActionCreate
	}
	one.Properties = p
	return one.id, s.operate(o, one, action)
}

// Delete takes away a StackSet's stacks, and then the set.
func (s *Service) Delete(account, region, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	o := s.Organization(account)
	if o == nil {
		return notOrganizational()
	}
	one := s.find(o, region, name)
	if one == nil {
		return notFound(name)
	}
	one.StackInstancesGroup = nil
	if err := s.operate(o, one, types.StackSetOperationActionDelete); err != nil {
		return err
	}
	s.sets = slices.DeleteFunc(s.sets, func(other *set) bool { return other == one })
	return nil
}

func notOrganizational() error {
	return wire.Errorf("ValidationError", "You must enable organizations access to operate a service managed stack set")
}

func notFound(name string) error {
	return wire.Errorf("StackSetNotFoundException", "StackSet %s not found", name)
}

// acting returns the organization that an account acts for, if it may.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-delegated-admin.html
func (s *Service) acting(account string, as types.CallAs) (*organization.Organization, error) {
	o := s.Organization(account)
	switch {
	case o == nil || !slices.Contains(o.Services, Principal):
		return nil, notOrganizational()
	case as == types.CallAsDelegatedAdmin && !slices.Contains(o.Administrators[Principal], account):
		return nil, wire.Errorf("ValidationError", "Account used is not a delegated administrator")
	case as != types.CallAsDelegatedAdmin && account != o.Management:
		return nil, wire.Errorf("ValidationError", "You must be the management account or delegated admin account of an organization before operating a SERVICE_MANAGED stack set")
	}
	return o, nil
}

// find returns an organization's StackSet by its name or id; nil: there is none.
func (s *Service) find(o *organization.Organization, region, name string) *set {
	for _, one := range s.sets {
		if one.organization == o.ID && one.region == region && (one.StackSetName == name || one.id == name) {
			return one
		}
	}
	return nil
}

// arn is a StackSet's.
func (s *Service) arn(one *set) string {
	account := one.account
	if o := s.Organization(account); o != nil && !s.administrators {
		account = o.Management
	}
	return "arn:aws:cloudformation:" + one.region + ":" + account + ":stackset/" + one.id
}

// dependencies refuses the ARN of a StackSet that isn't there.
func (s *Service) dependencies(arns []string) error {
	for _, arn := range arns {
		if !slices.ContainsFunc(s.sets, func(one *set) bool { return s.arn(one) == arn }) {
			return wire.Errorf("ValidationError", "DependsOn: StackSet %s not found", arn)
		}
	}
	return nil
}

// now is simulated time, as operations have it.
func (s *Service) now() *time.Time { return new(s.Clock.Now()) }
