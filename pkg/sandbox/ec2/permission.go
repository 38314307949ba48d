package ec2

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// permissions are those of whoever has a service launch an order: those of
// RunInstances with its template, of tagging what it makes, of passing the role
// of its instance profile, and of reading the parameter that names its image
// ("Launch template support", Auto Scaling user guide). The sandbox has no
// instance profiles: the role is the one of the profile's name.
func (o *order) permissions(p place) []wire.Check {
	checks := []wire.Check{{Action: "ec2:RunInstances", Resource: arn(p, "instance/*")}}
	if id := o.launched.TemplateID; id != "" {
		checks = append(checks, wire.Check{Action: "ec2:RunInstances", Resource: arn(p, "launch-template/"+id)})
	}
	for _, spec := range o.data.TagSpecifications {
		checks = append(checks, wire.Check{
			Action: "ec2:CreateTags", Resource: arn(p, string(spec.ResourceType)+"/*"), Context: map[string][]string{"ec2:CreateAction": {"RunInstances"}},
		})
	}
	if profile := o.data.IamInstanceProfile; profile != nil {
		checks = append(checks, wire.Check{
			Action: "iam:PassRole", Resource: roleOf(p, profile), Context: map[string][]string{"iam:PassedToService": {"ec2.amazonaws.com"}},
		})
	}
	if name, ok := strings.CutPrefix(aws.ToString(o.data.ImageId), "resolve:ssm:"); ok {
		checks = append(checks, wire.Check{Action: "ssm:GetParameters", Resource: parameterARN(p, name)})
	}
	return checks
}

func roleOf(p place, profile *types.LaunchTemplateIamInstanceProfileSpecificationRequest) string {
	name := aws.ToString(profile.Name)
	if name == "" {
		name = aws.ToString(profile.Arn)
	}
	return "arn:aws:iam::" + p.account + ":role/" + name[strings.LastIndexByte(name, '/')+1:]
}
