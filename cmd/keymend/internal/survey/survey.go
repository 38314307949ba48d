// Package survey reads what check-organization tells of, with a person's credentials. It
// changes nothing. What can't be read is said in the place of what would be there; the
// rest is read all the same.
package survey

import (
	"context"
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/smithy-go"

	"keymend/pkg/account"
	"keymend/pkg/precheck"
)

// A Survey is what it takes to read.
type Survey struct {
	Settings     precheck.Settings
	Account, ARN string      // of the caller
	AWS          aws.Config  // the caller's credentials, in the home Region
	Hub          *aws.Config // those of the hub's account; nil: there are none
	NoHub        string      // why there are none
	Role         string      // that the caller may take in each account; "" = none
}

// Read reads.
func (s Survey) Read(ctx context.Context) precheck.Facts {
	f := precheck.Facts{Account: s.Account}
	r := &reader{Survey: s, orgs: organizations.NewFromConfig(s.AWS), tree: precheck.Tree{Parents: map[string]string{}}}
	f.Organization = seen(r.membership(ctx))
	f.Delegated = seen(r.delegated(ctx))
	f.Trusted = seen(r.trusted(ctx))
	f.Hub = seen(r.hub(ctx))
	f.Tree = seen(r.units(ctx))
	f.Regions = map[string]precheck.Seen[[]string]{s.Account: seen(Regions(ctx, s.AWS))}
	if s.Hub != nil {
		f.Regions[s.Settings.Hub] = seen(Regions(ctx, *s.Hub))
	}
	f.Buses = s.buses(ctx)
	if f.Tree.Problem == "" {
		f.Policies = seen(r.policies(ctx))
		f.Unread = r.unread
	}
	f.Alone = s.alone(ctx, f.Tree.Value.Accounts)
	return f
}

// seen keeps why something wasn't read.
func seen[T any](value T, err error) precheck.Seen[T] {
	if err != nil {
		return precheck.Seen[T]{Problem: problem(err)}
	}
	return precheck.Seen[T]{Value: value}
}

// problem names the call, and has AWS's own words.
func problem(err error) string {
	text := account.Message(err)
	if call, ok := errors.AsType[*smithy.OperationError](err); ok {
		text = call.ServiceID + " " + call.OperationName + ": " + text
	}
	return text
}

// Regions are those that the account of the credentials has enabled.
func Regions(ctx context.Context, cfg aws.Config) ([]string, error) {
	out, err := ec2.NewFromConfig(cfg).DescribeRegions(ctx, &ec2.DescribeRegionsInput{})
	if err != nil {
		return nil, err
	}
	var names []string
	for _, r := range out.Regions {
		names = append(names, aws.ToString(r.RegionName))
	}
	return names, nil
}

// buses are the hub's, in each hub Region.
func (s Survey) buses(ctx context.Context) map[string]precheck.Seen[precheck.Bus] {
	out := map[string]precheck.Seen[precheck.Bus]{}
	for _, region := range s.Settings.HubRegions {
		if s.Hub == nil {
			out[region] = precheck.Seen[precheck.Bus]{Problem: s.NoHub}
			continue
		}
		cfg := s.Hub.Copy()
		cfg.Region = region
		bus, err := eventbridge.NewFromConfig(cfg).DescribeEventBus(ctx, &eventbridge.DescribeEventBusInput{Name: new("keymend")})
		switch {
		case account.Code(err) == "ResourceNotFoundException":
			out[region] = precheck.Seen[precheck.Bus]{}
		case err != nil:
			out[region] = precheck.Seen[precheck.Bus]{Problem: problem(err)}
		default:
			out[region] = precheck.Seen[precheck.Bus]{Value: precheck.Bus{There: true, Policy: aws.ToString(bus.Policy)}}
		}
	}
	return out
}
