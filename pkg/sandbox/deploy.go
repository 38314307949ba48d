package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/sandbox/stackset"
	"keymend/pkg/sandbox/wire"
)

// Deploy makes the resources of a CloudFormation template in an account and
// Region, as its administrator. binaries are the built functions (the file that
// Lambda calls "bootstrap"), by the function's logical id or name; a function
// without one is an error. ListenFunctions comes before.
func (s *Sandbox) Deploy(template []byte, account, region string, params map[string]string, binaries map[string]string) error {
	admin, err := s.iam.Authenticate(account, "", region)
	if err != nil {
		return fmt.Errorf("deploy to account %q: %w", account, err)
	}
	m := maker{s, wire.WithCaller(context.Background(), admin), binaries}
	kept := stackset.Stack{Name: "keymend", Account: account, Region: region}
	if err := cloudformation.Load(template, account, region, params, keeping{m, &kept}); err != nil {
		return err
	}
	if kept.Description, kept.Parameters, err = cloudformation.Given(template, params); err != nil {
		return err
	}
	s.stackSets.Keep(kept)
	return nil
}

// keeping notes what a maker makes.
type keeping struct {
	maker
	in *stackset.Stack
}

// Make implements cloudformation.Maker.
func (k keeping) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	made, err := k.maker.Make(r)
	k.in.Resources = append(k.in.Resources, stackset.Resource{LogicalID: r.LogicalID, Type: r.Type, PhysicalID: made.Ref})
	return made, err
}

// A maker makes a template's resources by the services' own operations.
type maker struct {
	*Sandbox
	ctx      context.Context
	binaries map[string]string
}

// unmade are the types of resources that are taken, and of which nothing is made:
// they only show what the others do.
// docs/sandbox.md lists them.
func unmade() []string {
	return []string{"AWS::CloudWatch::Dashboard", "AWS::Logs::QueryDefinition"}
}

// Make implements cloudformation.Maker.
func (m maker) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	build := map[string]func(resource) (cloudformation.Made, error){
		"AWS::IAM::Role":                  m.role,
		"AWS::IAM::ManagedPolicy":         m.managedPolicy,
		"AWS::IAM::Policy":                m.rolePolicy,
		"AWS::IAM::RolePolicy":            m.rolePolicy,
		"AWS::SQS::Queue":                 m.queue,
		"AWS::SQS::QueuePolicy":           m.queuePolicy,
		"AWS::Events::Rule":               m.rule,
		"AWS::Events::EventBus":           m.bus,
		"AWS::Events::EventBusPolicy":     m.busPolicy,
		"AWS::Logs::LogGroup":             m.logGroup,
		"AWS::CloudWatch::Alarm":          m.alarm,
		"AWS::SSM::Parameter":             m.parameter,
		"AWS::Lambda::Function":           m.function,
		"AWS::Lambda::EventSourceMapping": m.eventSource,
		"AWS::CloudFormation::StackSet":   m.stackSet,
	}[r.Type]
	if slices.Contains(unmade(), r.Type) {
		return cloudformation.Made{Ref: r.LogicalID}, nil
	}
	if build == nil {
		return cloudformation.Made{}, fmt.Errorf("resources of type %s are not in the sandbox", r.Type)
	}
	return build(resource{r})
}

// A resource is a template's resource, with ways to read its properties.
type resource struct{ cloudformation.Resource }

// text returns a property as the text that APIs want: a document as JSON, a
// number or boolean as it is written. Absent: "".
func (r resource) text(property string) string { return textOf(r.Properties[property]) }

func textOf(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}

// name returns what the resource is called: the property, or else a name made
// of the logical id.
func (r resource) name(property string) string {
	if name := r.text(property); name != "" {
		return name
	}
	return "keymend-" + strings.ToLower(r.LogicalID)
}

// into reads properties into an SDK type, whose members have the same names.
func into[T any](property any) (T, error) {
	var v T
	b, err := json.Marshal(property)
	if err == nil {
		err = json.Unmarshal(b, &v)
	}
	return v, err
}

// made is how a resource with an ARN is referred to.
func made(ref, arn string) cloudformation.Made {
	return cloudformation.Made{Ref: ref, Attributes: map[string]string{"Arn": arn}}
}
