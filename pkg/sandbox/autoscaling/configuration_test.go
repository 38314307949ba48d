package autoscaling_test

import (
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/autoscaling"
	"github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	ec2sdk "github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/keypolicy"
	"keymend/pkg/sandbox/autoscaling"
	"keymend/pkg/sandbox/wire"
)

// image returns the image of a template that template made.
func (w *world) image(template string) *string {
	w.t.Helper()
	out, err := w.ec2.DescribeLaunchTemplateVersions(admin(), &ec2sdk.DescribeLaunchTemplateVersionsInput{LaunchTemplateName: &template})
	must(w.t, err)
	return out.LaunchTemplateVersions[0].LaunchTemplateData.ImageId
}

// configuration makes a launch configuration of web's image.
func (w *world) configuration(name string, price *string) {
	w.t.Helper()
	_, err := w.asg.CreateLaunchConfiguration(admin(), &sdk.CreateLaunchConfigurationInput{
		LaunchConfigurationName: &name, ImageId: w.image("web"), InstanceType: new("t3.micro"), SpotPrice: price,
	})
	must(w.t, err)
}

// spotTemplate makes a template of web's image that asks for Spot Instances.
func (w *world) spotTemplate(name string) {
	w.t.Helper()
	_, err := w.ec2.CreateLaunchTemplate(admin(), &ec2sdk.CreateLaunchTemplateInput{LaunchTemplateName: &name, LaunchTemplateData: &ec2types.RequestLaunchTemplateData{
		ImageId: w.image("web"), InstanceMarketOptions: &ec2types.LaunchTemplateInstanceMarketOptionsRequest{MarketType: ec2types.MarketTypeSpot},
	}})
	must(w.t, err)
}

// TestUpdateToConfiguration moves a group from a template to a launch
// configuration, which then can't be deleted, and back.
func TestUpdateToConfiguration(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.group("web", 0)
	w.configuration("old", nil)
	update := func(in *sdk.UpdateAutoScalingGroupInput) error {
		in.AutoScalingGroupName = new("web")
		_, err := w.asg.UpdateAutoScalingGroup(admin(), in)
		return err
	}
	remove := func(name string) error {
		_, err := w.asg.DeleteLaunchConfiguration(admin(), &sdk.DeleteLaunchConfigurationInput{LaunchConfigurationName: &name})
		return err
	}
	web := &types.LaunchTemplateSpecification{LaunchTemplateName: new("web")}
	wantError(t, update(&sdk.UpdateAutoScalingGroupInput{LaunchConfigurationName: new("none")}),
		"ValidationError", "Launch configuration name not found - Launch configuration none not found")
	wantError(t, update(&sdk.UpdateAutoScalingGroupInput{LaunchConfigurationName: new("old"), LaunchTemplate: web}),
		"ValidationError", "Valid requests must contain either LaunchTemplate, LaunchConfigurationName, InstanceId or MixedInstancesPolicy parameter.")
	must(t, update(&sdk.UpdateAutoScalingGroupInput{LaunchConfigurationName: new("old"), DesiredCapacity: new(int32(1))}))
	w.clock.Advance(5 * time.Second)
	v := w.view("web")
	if v.LaunchTemplate != nil || *v.LaunchConfigurationName != "old" || *v.Instances[0].LaunchConfigurationName != "old" || *v.Instances[0].InstanceType != "t3.micro" {
		t.Errorf("group %+v", v)
	}
	wantError(t, remove("old"), "ResourceInUse", "Cannot delete launch configuration old because it is attached to AutoScalingGroup web")
	must(t, update(&sdk.UpdateAutoScalingGroupInput{LaunchTemplate: web}))
	if v := w.view("web"); v.LaunchConfigurationName != nil || *v.LaunchTemplate.LaunchTemplateName != "web" {
		t.Errorf("group %+v", v)
	}
	must(t, remove("old"))
	wantError(t, remove("old"), "ValidationError", "Launch configuration name not found - Launch configuration old not found")
}

// TestOverrides launches by requirements instead of a type, and by an override's
// own image.
func TestOverrides(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.open = true
	w.template("other")
	for name, tc := range map[string]struct {
		override        types.LaunchTemplateOverrides
		image, instance string
	}{
		"web": {types.LaunchTemplateOverrides{InstanceRequirements: &types.InstanceRequirements{VCpuCount: &types.VCpuCountRequest{Min: new(int32(2))}}}, "web", "m5.large"},
		"own": {types.LaunchTemplateOverrides{InstanceType: new("t3.medium"), ImageId: w.image("other")}, "other", "t3.medium"},
	} {
		in := w.request(name, 1)
		in.MixedInstancesPolicy = &types.MixedInstancesPolicy{LaunchTemplate: &types.LaunchTemplate{
			LaunchTemplateSpecification: in.LaunchTemplate, Overrides: []types.LaunchTemplateOverrides{tc.override},
		}}
		in.LaunchTemplate = nil
		_, err := w.asg.CreateAutoScalingGroup(admin(), in)
		must(t, err)
		w.clock.Advance(5 * time.Second)
		if i := w.view(name).Instances[0]; *i.ImageId != *w.image(tc.image) || *i.InstanceType != tc.instance {
			t.Errorf("%s: launched %s of %s", name, *i.InstanceType, *i.ImageId)
		}
	}
}

// TestWhoMayUseTheTemplate asks the caller that names one, not the caller that
// changes something else, nor the one that makes a new version.
func TestWhoMayUseTheTemplate(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.group("web", 0)
	id := *w.view("web").LaunchTemplate.LaunchTemplateId
	update := func(policy string, in *sdk.UpdateAutoScalingGroupInput) error {
		doc, err := keypolicy.Parse(policy)
		must(t, err)
		c := &wire.Caller{Account: account, Region: region, ARN: "arn:aws:sts::" + account + ":assumed-role/app/s", Identity: []*keypolicy.Document{doc}}
		in.AutoScalingGroupName = new("web")
		_, err = w.asg.UpdateAutoScalingGroup(wire.WithCaller(admin(), c), in)
		return err
	}
	const none = `{"Version":"2012-10-17","Statement":[]}`
	const may = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"ec2:RunInstances","Resource":"*"}]}`
	first := &types.LaunchTemplateSpecification{LaunchTemplateId: &id, Version: new("1")}
	wantError(t, update(none, &sdk.UpdateAutoScalingGroupInput{LaunchTemplate: first}), "AccessDenied", "You are not authorized to use launch template: "+id)
	must(t, update(none, &sdk.UpdateAutoScalingGroupInput{MaxSize: new(int32(5))}))
	must(t, update(may, &sdk.UpdateAutoScalingGroupInput{LaunchTemplate: first}))
	if got := *w.view("web").LaunchTemplate.Version; got != "1" {
		t.Errorf("version %s", got)
	}
}

// TestConfigurationNeeds holds the resource that a policy names.
func TestConfigurationNeeds(t *testing.T) {
	t.Parallel()
	w := newWorld(t, autoscaling.DefaultSwitches())
	w.template("web")
	w.configuration("old", nil)
	out, err := w.asg.DescribeLaunchConfigurations(admin(), &sdk.DescribeLaunchConfigurationsInput{})
	must(t, err)
	for _, op := range w.asg.Wire().Operations {
		if op.Name != "DeleteLaunchConfiguration" {
			continue
		}
		want := []wire.Check{{Action: "autoscaling:DeleteLaunchConfiguration", Resource: *out.LaunchConfigurations[0].LaunchConfigurationARN}}
		if diff := cmp.Diff(want, op.Needs(admin(), &sdk.DeleteLaunchConfigurationInput{LaunchConfigurationName: new("old")})); diff != "" {
			t.Errorf("checks (-want +got):\n%s", diff)
		}
	}
}
