package ec2_test

import (
	"testing"

	sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/ec2"
	"keymend/pkg/sandbox/wire"
)

// TestNeedsOfTheTemplate holds what whoever gives a group this template must be allowed.
func TestNeedsOfTheTemplate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.params["/images/web"] = w.image(w.snapshot(""))
	out, err := w.ec2.CreateLaunchTemplate(as(account), &sdk.CreateLaunchTemplateInput{
		LaunchTemplateName: new("web"),
		LaunchTemplateData: &types.RequestLaunchTemplateData{
			ImageId:               new("resolve:ssm:/images/web"),
			IamInstanceProfile:    &types.LaunchTemplateIamInstanceProfileSpecificationRequest{Arn: new("arn:aws:iam::111122223333:instance-profile/team/app")},
			TagSpecifications:     []types.LaunchTemplateTagSpecificationRequest{{ResourceType: types.ResourceTypeVolume}},
			InstanceMarketOptions: &types.LaunchTemplateInstanceMarketOptionsRequest{MarketType: types.MarketTypeSpot},
		},
	})
	must(t, err)
	id := *out.LaunchTemplate.LaunchTemplateId
	l, err := w.ec2.Launch(wire.CallerOf(as(account)), ec2.LaunchRequest{TemplateID: id, DryRun: true})
	must(t, err)
	if !l.Spot {
		t.Error("a template that asks for Spot Instances isn't seen as such")
	}
	const prefix = "arn:aws:ec2:eu-west-1:111122223333:"
	want := []wire.Check{
		{Action: "ec2:RunInstances", Resource: prefix + "instance/*"},
		{Action: "ec2:RunInstances", Resource: prefix + "launch-template/" + id},
		{Action: "ec2:CreateTags", Resource: prefix + "volume/*", Context: map[string][]string{"ec2:CreateAction": {"RunInstances"}}},
		{Action: "iam:PassRole", Resource: "arn:aws:iam::111122223333:role/app", Context: map[string][]string{"iam:PassedToService": {"ec2.amazonaws.com"}}},
		{Action: "ssm:GetParameters", Resource: "arn:aws:ssm:eu-west-1:111122223333:parameter/images/web"},
	}
	if diff := cmp.Diff(want, l.Needs); diff != "" {
		t.Errorf("needs (-want +got):\n%s", diff)
	}
}
