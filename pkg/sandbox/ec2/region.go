package ec2

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// Regions that every account has, and some that it has to opt into. In the sandbox none
// does.
// https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
const (
	enabled = "ap-northeast-1 ap-northeast-2 ap-northeast-3 ap-south-1 ap-southeast-1 ap-southeast-2 ca-central-1 eu-central-1 eu-north-1 eu-west-1 eu-west-2 eu-west-3 sa-east-1 us-east-1 us-east-2 us-west-1 us-west-2"
	optIn   = "af-south-1 ap-east-1 eu-south-1 me-south-1"
)

// DescribeRegions lists the Regions that are enabled for the account; with AllRegions the
// others, too.
func (s *Service) DescribeRegions(_ context.Context, in *ec2.DescribeRegionsInput) (*ec2.DescribeRegionsOutput, error) {
	if _, err := matches(in.Filters, nil); err != nil {
		return nil, err
	}
	all := map[string]string{}
	for name := range strings.FieldsSeq(enabled) {
		all[name] = "opt-in-not-required"
	}
	for name := range strings.FieldsSeq(optIn) {
		all[name] = "not-opted-in"
	}
	out := &ec2.DescribeRegionsOutput{Regions: []types.Region{}}
	wanted := in.RegionNames
	for _, name := range wanted {
		if all[name] == "" {
			return nil, wire.Errorf("InvalidParameterValue", "Invalid region names: [%s]", name)
		}
	}
	if len(wanted) == 0 {
		wanted = strings.Fields(enabled)
		if aws.ToBool(in.AllRegions) {
			wanted = append(wanted, strings.Fields(optIn)...)
		}
		slices.Sort(wanted)
	}
	for _, name := range wanted {
		out.Regions = append(out.Regions, types.Region{RegionName: &name, Endpoint: new("ec2." + name + ".amazonaws.com"), OptInStatus: new(all[name])})
	}
	return out, nil
}
