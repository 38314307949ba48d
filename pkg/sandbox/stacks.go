package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	ssmtypes "github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"keymend/pkg/sandbox/cloudformation"
	"keymend/pkg/sandbox/stackset"
	"keymend/pkg/sandbox/wire"
)

// stackSet makes a StackSet, or has one of its name be otherwise.
func (m maker) stackSet(r resource) (cloudformation.Made, error) {
	p, err := stackset.Read(r.Properties)
	if err != nil {
		return cloudformation.Made{}, err
	}
	id, err := m.stackSets.Put(r.Account, r.Region, p)
	return cloudformation.Made{Ref: id, Attributes: map[string]string{"StackSetId": id}}, err
}

// DeleteStackSet deletes a StackSet and its stacks, as CloudFormation does where the
// resource goes.
func (s *Sandbox) DeleteStackSet(account, region, name string) error {
	return s.stackSets.Delete(account, region, name)
}

// changer makes stacks in an account and Region.
func (s *Sandbox) changer(account, region string) (cloudformation.Changer, error) {
	admin, err := s.iam.Authenticate(account, "", region)
	if err != nil {
		return nil, fmt.Errorf("deploy to account %q: %w", account, err)
	}
	return changer{maker{s, wire.WithCaller(context.Background(), admin), nil}}, nil
}

// A changer makes resources of StackSets' stacks, and takes them away: what members of an
// organization have.
type changer struct{ maker }

// Make implements cloudformation.Maker.
func (c changer) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	switch r.Type {
	case "AWS::IAM::Role":
	case "AWS::Events::Rule", "AWS::SSM::Parameter":
		if err := c.Delete(r); err != nil { // it is written anew as a whole
			return cloudformation.Made{}, err
		}
	default:
		return cloudformation.Made{}, fmt.Errorf("resources of type %s in StackSets are not in the sandbox", r.Type)
	}
	return c.maker.Make(r)
}

// Name implements cloudformation.Changer.
func (c changer) Name(r cloudformation.Resource) string {
	if r.Type == "AWS::IAM::Role" {
		return resource{r}.name("RoleName")
	}
	return resource{r}.name("Name")
}

// There implements cloudformation.Changer.
func (c changer) There(r cloudformation.Resource) (bool, error) {
	name := c.Name(r)
	switch r.Type {
	case "AWS::IAM::Role":
		return c.iam.HasRole(r.Account, name), nil
	case "AWS::Events::Rule":
		_, err := c.events.DescribeRule(c.ctx, &eventbridge.DescribeRuleInput{Name: &name})
		return err == nil, nil
	}
	_, there := c.ssm.Value(r.Account, r.Region, name)
	return there, nil
}

// Delete implements cloudformation.Changer.
func (c changer) Delete(r cloudformation.Resource) error {
	name := c.Name(r)
	switch r.Type {
	case "AWS::IAM::Role":
		c.iam.RemoveRole(r.Account, name)
		return nil
	case "AWS::Events::Rule":
		return c.deleteRule(name)
	}
	_, err := c.ssm.DeleteParameter(c.ctx, &ssm.DeleteParameterInput{Name: &name})
	if none := (*ssmtypes.ParameterNotFound)(nil); errors.As(err, &none) {
		return nil
	}
	return err
}

func (c changer) deleteRule(name string) error {
	targets, err := c.events.ListTargetsByRule(c.ctx, &eventbridge.ListTargetsByRuleInput{Rule: &name})
	if err != nil {
		return nil //nolint:nilerr // a rule that isn't there
	}
	var ids []string
	for _, t := range targets.Targets {
		ids = append(ids, *t.Id)
	}
	if len(ids) > 0 {
		if _, err := c.events.RemoveTargets(c.ctx, &eventbridge.RemoveTargetsInput{Rule: &name, Ids: ids}); err != nil {
			return err
		}
	}
	_, err = c.events.DeleteRule(c.ctx, &eventbridge.DeleteRuleInput{Name: &name})
	return err
}
