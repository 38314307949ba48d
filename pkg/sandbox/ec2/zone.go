package ec2

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/ec2/types"

	"keymend/pkg/sandbox/wire"
)

// zones are the Availability Zones of a Region: always three.
func zones(region string) []string { return []string{region + "a", region + "b", region + "c"} }

// zoneID returns a zone's id, as in euw1-az1 for eu-west-1a.
func zoneID(region string, n int) string {
	short := ""
	for i, part := range strings.Split(region, "-") {
		if i == 0 {
			short = part
		} else {
			short += part[:1]
		}
	}
	return fmt.Sprintf("%s-az%d", short, n+1)
}

// DescribeAvailabilityZones lists the Region's zones.
func (s *Service) DescribeAvailabilityZones(ctx context.Context, in *ec2.DescribeAvailabilityZonesInput) (*ec2.DescribeAvailabilityZonesOutput, error) {
	region := wire.CallerOf(ctx).Region
	out := &ec2.DescribeAvailabilityZonesOutput{AvailabilityZones: []types.AvailabilityZone{}}
	for i, z := range zones(region) {
		if len(in.ZoneNames) > 0 && !oneOf(z, in.ZoneNames) {
			continue
		}
		out.AvailabilityZones = append(out.AvailabilityZones, types.AvailabilityZone{
			ZoneName: &z, ZoneId: new(zoneID(region, i)), RegionName: &region, GroupName: &region,
			State: types.AvailabilityZoneStateAvailable, ZoneType: new("availability-zone"),
			OptInStatus: types.AvailabilityZoneOptInStatusOptInNotRequired,
		})
	}
	return out, nil
}

// DescribeSubnets lists the default subnets, one in every zone: the sandbox has
// no others.
func (s *Service) DescribeSubnets(ctx context.Context, in *ec2.DescribeSubnetsInput) (*ec2.DescribeSubnetsOutput, error) {
	p := placeOf(wire.CallerOf(ctx))
	for _, id := range in.SubnetIds {
		if _, err := zoneOf(p, id); err != nil {
			return nil, err
		}
	}
	if _, err := matches(in.Filters, nil); err != nil {
		return nil, err
	}
	found := slices.DeleteFunc(subnets(p), func(sub types.Subnet) bool {
		return len(in.SubnetIds) > 0 && !oneOf(*sub.SubnetId, in.SubnetIds)
	})
	page, next, err := page(found, query{limit: in.MaxResults, token: in.NextToken})
	return &ec2.DescribeSubnetsOutput{Subnets: page, NextToken: next}, err
}

func subnets(p place) []types.Subnet {
	var all []types.Subnet
	for i, z := range zones(p.region) {
		id := subnetOf(p, z)
		all = append(all, types.Subnet{
			SubnetId: &id, SubnetArn: new(arn(p, "subnet/"+id)), OwnerId: &p.account, VpcId: new(vpcOf(p)), State: types.SubnetStateAvailable,
			AvailabilityZone: &z, AvailabilityZoneId: new(zoneID(p.region, i)), DefaultForAz: new(true),
			CidrBlock: new(fmt.Sprintf("172.31.%d.0/20", 16*i)), AvailableIpAddressCount: new(int32(4091)), MapPublicIpOnLaunch: new(true),
		})
	}
	return all
}

// subnetOf returns the default subnet of a zone.
func subnetOf(p place, zone string) string { return hashedID("subnet", p.account+zone) }

func vpcOf(p place) string { return hashedID("vpc", p.account+p.region) }

// zoneOf returns the zone that a subnet is in.
func zoneOf(p place, subnet string) (string, error) {
	for _, z := range zones(p.region) {
		if subnetOf(p, z) == subnet {
			return z, nil
		}
	}
	return "", wire.Errorf("InvalidSubnetID.NotFound", "The subnet ID '%s' does not exist", subnet)
}
