package endtoend_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/autoscaling"
	astypes "github.com/aws/aws-sdk-go-v2/service/autoscaling/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	ec2types "github.com/aws/aws-sdk-go-v2/service/ec2/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
)

// TestKeys is every way in which a key is written down.
func TestKeys(t *testing.T) {
	yes := new(true)
	named := func(key string) func(w *world) {
		return func(w *world) { w.launches(w.image(), volume("/dev/xvda", yes, key)) }
	}
	playAll(t, "keys", map[string]row{
		"own, by alias ARN": {make: func(w *world) {
			w.alias("alias/platform-ebs", w.key(rootOnly, enrolled))
			named("arn:aws:kms:" + region + ":" + account + ":alias/platform-ebs")(w)
		}},
		"own, by an alias that moved since": {make: func(w *world) {
			w.alias("alias/platform-ebs", w.openKey())
			named("alias/platform-ebs")(w)
			w.want(0)
			w.box.Advance(5 * time.Minute)
			_, err := w.kms.UpdateAlias(w.t.Context(), &kms.UpdateAliasInput{AliasName: new("alias/platform-ebs"), TargetKeyId: new(w.key(rootOnly, enrolled))})
			must(w.t, err)
			w.want(2)
		}},
		"another account's, by ARN": {ends: stands, make: func(w *world) { named(w.foreignKey())(w) }},
		"another account's, by alias ARN": {ends: stands, make: func(w *world) {
			w.as(owner).alias("alias/golden", w.foreignKey())
			named("arn:aws:kms:" + region + ":" + owner + ":alias/golden")(w)
		}},
		"another account's, which says nothing to us": {ends: stands, make: func(w *world) {
			named(w.as(owner).key(strings.ReplaceAll(rootOnly, account, owner), nil))(w)
		}},
		"multi-Region, the primary elsewhere": {ends: stands, make: func(w *world) { named(w.in("us-east-1").multiRegionKey())(w) }},
		"multi-Region, the replica here": {make: func(w *world) {
			primary := w.in("us-east-1").multiRegionKey()
			named(w.replica("us-east-1", primary, enrolled))(w)
		}},
		"another Region's":          {ends: stands, make: func(w *world) { named(w.in("us-east-1").key(rootOnly, enrolled))(w) }},
		"a key that isn't there":    {ends: stands, make: named("1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d")},
		"an alias that isn't there": {ends: stands, make: named("alias/platform-ebs")},
		"aws/ebs of the account":    {ends: runs, make: named("alias/aws/ebs")},
		"aws/ebs of another account": {ends: stands, make: func(w *world) {
			them := w.as(owner)
			them.encryptByDefault()
			them.snapshot("") // makes their aws/ebs
			named(them.managed())(w)
		}},
		"default, aws/ebs": {ends: runs, make: func(w *world) { w.launches(w.image(), volume("/dev/xvda", yes, "")) }},
		"default, as an alias ARN": {make: func(w *world) {
			w.alias("alias/platform-ebs", w.key(rootOnly, enrolled))
			w.defaultKey("arn:aws:kms:" + region + ":" + account + ":alias/platform-ebs")
			w.launches(w.image(), volume("/dev/xvda", yes, ""))
		}},
		"default, another account's": {ends: stands, make: func(w *world) {
			w.defaultKey(w.foreignKey())
			w.launches(w.image(), volume("/dev/xvda", yes, ""))
		}},
	})
}

// TestDevices is every way in which a volume comes to a launch, or doesn't.
func TestDevices(t *testing.T) {
	yes := new(true)
	playAll(t, "devices", map[string]row{
		"own snapshot under another account's key": {ends: stands, make: func(w *world) { w.launches(w.imageOf(w.snapshot(w.foreignKey()))) }},
		"a data volume under another key": {make: func(w *world) {
			w.launches(w.imageOf(w.snapshot(w.openKey())), volume("/dev/sdf", yes, w.key(rootOnly, enrolled)))
		}},
		"a snapshot that the template names": {make: func(w *world) {
			data := volume("/dev/sdf", nil, "")
			data.Ebs.SnapshotId = new(w.snapshot(w.key(rootOnly, enrolled)))
			w.launches(w.image(), data)
		}},
		"a snapshot that the template names and that isn't shared": {ends: stands, make: func(w *world) {
			template := w.template("web", w.image(), nil)
			w.groupOf(groupLater(template))
			data := volume("/dev/sdf", nil, "")
			data.Ebs.SnapshotId = new(w.as(owner).snapshot(w.foreignKey()))
			w.changed(template, w.image(), data)
			w.want(2)
		}},
		"NoDevice drops the volume": {ends: runs, make: func(w *world) {
			image := w.imageWith(w.snapshot(""), w.snapshot(w.key(rootOnly, nil)))
			w.launches(image, ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/sdb"), NoDevice: new("")})
		}},
		"NoDevice of a launch configuration": {ends: runs, make: func(w *world) {
			w.configuration(w.imageWith(w.snapshot(""), w.snapshot(w.key(rootOnly, nil))), astypes.BlockDeviceMapping{DeviceName: new("/dev/sdb"), NoDevice: new(true)})
			w.groupOf(&autoscaling.CreateAutoScalingGroupInput{LaunchConfigurationName: new("web")})
		}},
		"instance store in the volume's place": {ends: runs, make: func(w *world) {
			image := w.imageWith(w.snapshot(""), w.snapshot(w.key(rootOnly, nil)))
			w.launches(image, ec2types.LaunchTemplateBlockDeviceMappingRequest{DeviceName: new("/dev/sdb"), VirtualName: new("ephemeral0")})
		}},
		"another name for the root device adds a volume": {make: func(w *world) {
			w.launches(w.image(), volume("/dev/sda1", yes, w.key(rootOnly, enrolled)))
		}},
	})
}

// TestSources is every way in which a group says what it launches.
func TestSources(t *testing.T) {
	yes := new(true)
	playAll(t, "sources", map[string]row{
		"template by name, default version": {make: func(w *world) {
			w.mappedTemplate("web", w.image(), volume("/dev/xvda", yes, w.key(rootOnly, enrolled)))
			w.groupOf(&autoscaling.CreateAutoScalingGroupInput{LaunchTemplate: &astypes.LaunchTemplateSpecification{LaunchTemplateName: new("web")}})
		}},
		"launch configuration": {make: func(w *world) {
			w.configuration(w.imageOf(w.snapshot(w.key(rootOnly, enrolled))))
			w.groupOf(&autoscaling.CreateAutoScalingGroupInput{LaunchConfigurationName: new("web")})
		}},
		"overrides with a template and with an image": {make: func(w *world) {
			w.mixed(
				astypes.LaunchTemplateOverrides{InstanceType: new("m5.large"), LaunchTemplateSpecification: latest(w.mappedTemplate("arm", w.image(), volume("/dev/xvda", yes, w.key(rootOnly, enrolled))))},
				astypes.LaunchTemplateOverrides{InstanceType: new("m5.xlarge"), ImageId: new(w.imageOf(w.snapshot(w.key(rootOnly, enrolled))))},
			)
		}},
		"overrides by attributes": {make: func(w *world) {
			w.defaultKey(w.key(rootOnly, enrolled))
			w.mixed(astypes.LaunchTemplateOverrides{InstanceRequirements: &astypes.InstanceRequirements{
				VCpuCount: &astypes.VCpuCountRequest{Min: new(int32(2))}, MemoryMiB: &astypes.MemoryMiBRequest{Min: new(int32(4096))},
			}})
		}},
		"public parameter": {make: func(w *world) {
			const name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
			w.parameter(name, w.image())
			w.launches("resolve:ssm:"+name, volume("/dev/xvda", yes, w.key(rootOnly, enrolled)))
		}},
		"parameter's version": {make: func(w *world) {
			w.parameter("/golden/ami", w.imageOf(w.snapshot(w.key(rootOnly, enrolled))))
			w.parameter("/golden/ami", w.image())
			w.launches("resolve:ssm:/golden/ami:1")
		}},
		"parameter's label": {make: func(w *world) {
			w.parameter("/golden/ami", w.imageOf(w.snapshot(w.key(rootOnly, enrolled))))
			_, err := w.ssm.LabelParameterVersion(w.t.Context(), &ssm.LabelParameterVersionInput{Name: new("/golden/ami"), Labels: []string{"prod"}})
			must(w.t, err)
			w.parameter("/golden/ami", w.image())
			w.launches("resolve:ssm:/golden/ami:prod")
		}},
		"parameter that is gone": {ends: stands, make: func(w *world) {
			w.parameter("/golden/ami", w.image())
			w.groupOf(groupLater(w.mappedTemplate("web", "resolve:ssm:/golden/ami", volume("/dev/xvda", yes, w.openKey()))))
			w.noParameter("/golden/ami")
			w.want(2)
		}},
		"template that is gone": {ends: stands, make: func(w *world) {
			template := w.mappedTemplate("web", w.image(), volume("/dev/xvda", yes, w.key(rootOnly, enrolled)))
			w.groupOf(groupLater(template))
			_, err := w.ec2.DeleteLaunchTemplate(w.t.Context(), &ec2.DeleteLaunchTemplateInput{LaunchTemplateId: &template})
			must(w.t, err)
			w.want(2)
		}},
		"version that is gone": {ends: stands, make: func(w *world) {
			image, key := w.image(), w.key(rootOnly, enrolled)
			template := w.mappedTemplate("web", image, volume("/dev/xvda", yes, key))
			w.changed(template, image, volume("/dev/xvda", yes, key))
			in := groupLater(template)
			in.LaunchTemplate.Version = new("2")
			w.groupOf(in)
			_, err := w.ec2.DeleteLaunchTemplateVersions(w.t.Context(), &ec2.DeleteLaunchTemplateVersionsInput{LaunchTemplateId: &template, Versions: []string{"2"}})
			must(w.t, err)
			w.want(2)
		}},
	})
}
