package sandbox

import (
	"context"
	"errors"
	"fmt"
	"strings"

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

// changer makes StackSets' stacks in an account and Region, as the role that StackSets have
// there.
// https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-activate-trusted-access.html
func (s *Sandbox) changer(account, region string) (cloudformation.Changer, error) {
	admin, err := s.iam.Authenticate(account, "", region)
	if err != nil {
		return nil, fmt.Errorf("deploy to account %q: %w", account, err)
	}
	const role = "stacksets-exec-0123456789abcdef0123456789abcdef"
	exec := *admin // may do everything in the account, but for what bounds the account
	exec.Role, exec.ARN = "arn:aws:iam::"+account+":role/"+role, "arn:aws:sts::"+account+":assumed-role/"+role+"/AWSCloudFormation"
	return changer{maker{s, wire.WithCaller(context.Background(), &exec), nil}}, nil
}

// A changer makes resources of stacks that members of an organization have, and takes them
// away. The policies of the organization bind it.
type changer struct{ maker }

// Make implements cloudformation.Maker.
func (c changer) Make(r cloudformation.Resource) (cloudformation.Made, error) {
	actions := map[string][]string{
		"AWS::IAM::Role": {"iam:CreateRole", "iam:PutRolePolicy", "iam:TagRole"}, "AWS::Events::Rule": {"events:PutRule", "events:PutTargets"}, "AWS::SSM::Parameter": {"ssm:PutParameter"},
	}[r.Type]
	if actions == nil {
		return cloudformation.Made{}, fmt.Errorf("resources of type %s in StackSets are not in the sandbox", r.Type)
	}
	err := c.may(r, actions...)
	if err == nil && r.Type != "AWS::IAM::Role" {
		err = c.remove(r) // it is written anew as a whole
	}
	if err != nil {
		return cloudformation.Made{}, err
	}
	return c.maker.Make(r)
}

// may says what the caller isn't let do with a resource.
func (c changer) may(r cloudformation.Resource, actions ...string) error {
	on := map[string]string{
		"AWS::IAM::Role":      "arn:aws:iam::" + r.Account + ":role/",
		"AWS::Events::Rule":   "arn:aws:events:" + r.Region + ":" + r.Account + ":rule/",
		"AWS::SSM::Parameter": "arn:aws:ssm:" + r.Region + ":" + r.Account + ":parameter/",
	}[r.Type] + strings.TrimPrefix(c.Name(r), "/")
	for _, action := range actions {
		if err := c.iam.Authorize(wire.CallerOf(c.ctx), wire.Check{Action: action, Resource: on}); err != nil {
			return err
		}
	}
	return nil
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
	if err := c.may(r, map[string]string{"AWS::IAM::Role": "iam:DeleteRole", "AWS::Events::Rule": "events:DeleteRule", "AWS::SSM::Parameter": "ssm:DeleteParameter"}[r.Type]); err != nil {
		return err
	}
	return c.remove(r)
}

func (c changer) remove(r cloudformation.Resource) error {
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
