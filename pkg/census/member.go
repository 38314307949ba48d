package census

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"

	"keymend/pkg/arn"
	"keymend/pkg/coverage"
	"keymend/pkg/permission"
)

// A member is an account that is read.
type member struct {
	*Census
	account coverage.Account

	mu     sync.Mutex                // of trails, also while one is read
	trails map[string]coverage.Trail // those that were read, by ARN: a trail may be of every Region
}

func (m *member) in(ctx context.Context, region string) (aws.Config, error) {
	return m.Members.Config(ctx, m.account.ID, region, permission.Reader, nil)
}

// roles reads which of Keymend's roles are there, which template they are of, whom they
// trust, and what bounds them. The reader is asked for among them: where it isn't there,
// no other can be.
func (m *member) roles(ctx context.Context) coverage.Answer[map[string]coverage.Role] {
	out := map[string]coverage.Role{}
	cfg, err := m.in(ctx, m.Organization.Regions[0])
	if err != nil {
		return Answered(out, err)
	}
	client := iam.NewFromConfig(cfg)
	for _, name := range m.Expected.Roles() {
		got, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
		if _, none := errors.AsType[*iamtypes.NoSuchEntityException](err); none {
			continue
		}
		if err != nil {
			return Answered(out, err)
		}
		trust, err := url.PathUnescape(aws.ToString(got.Role.AssumeRolePolicyDocument)) // as IAM encodes documents
		if err != nil {
			return Answered(out, err)
		}
		role := coverage.Role{Trust: trust}
		if b := got.Role.PermissionsBoundary; b != nil {
			role.Boundary = aws.ToString(b.PermissionsBoundaryArn)
		}
		for _, t := range got.Role.Tags {
			if aws.ToString(t.Key) == permission.Template {
				role.Template = aws.ToString(t.Value)
			}
		}
		out[name] = role
	}
	return Answered(out, nil)
}

// seen returns a trail with what it does, and reads each once.
func (m *member) seen(ctx context.Context, t cttypes.Trail) coverage.Trail {
	name := aws.ToString(t.TrailARN)
	m.mu.Lock()
	defer m.mu.Unlock()
	if had, ok := m.trails[name]; ok {
		return had
	}
	out := coverage.Trail{ARN: name, Home: aws.ToString(t.HomeRegion), Organization: aws.ToBool(t.IsOrganizationTrail)}
	client, err := m.ofTrail(ctx, out)
	if err != nil {
		out.Logging = Answered(false, err)
		return out
	}
	logs(ctx, client, &out)
	m.trails[name] = out
	return out
}

// logs reads what a trail does.
func logs(ctx context.Context, client *cloudtrail.Client, out *coverage.Trail) {
	status, err := client.GetTrailStatus(ctx, &cloudtrail.GetTrailStatusInput{Name: &out.ARN})
	out.Logging = Answered(status != nil && aws.ToBool(status.IsLogging), err)
	if err != nil {
		return
	}
	var s coverage.Selectors
	got, err := client.GetEventSelectors(ctx, &cloudtrail.GetEventSelectorsInput{TrailName: &out.ARN})
	if err == nil {
		s.Basic, err = plain(got.EventSelectors)
	}
	if err == nil {
		s.Advanced, err = plain(got.AdvancedEventSelectors)
	}
	out.Selectors = Answered(s, err)
}

// Trails reads the trails that log in a Region with credentials of its account.
func Trails(ctx context.Context, cfg aws.Config) ([]coverage.Trail, error) {
	got, err := cloudtrail.NewFromConfig(cfg).DescribeTrails(ctx, &cloudtrail.DescribeTrailsInput{})
	if err != nil {
		return nil, err
	}
	var out []coverage.Trail
	for _, t := range got.TrailList {
		one := coverage.Trail{ARN: aws.ToString(t.TrailARN), Home: aws.ToString(t.HomeRegion), Organization: aws.ToBool(t.IsOrganizationTrail)}
		at := cfg.Copy()
		at.Region = one.Home
		logs(ctx, cloudtrail.NewFromConfig(at), &one)
		out = append(out, one)
	}
	return out, nil
}

// ofTrail: an organization's trail shows what it logs in its own account only. That may
// be the one that asks.
func (m *member) ofTrail(ctx context.Context, t coverage.Trail) (*cloudtrail.Client, error) {
	if arn.Account(t.ARN) == m.AdministratorID {
		cfg := m.Administrator.Copy()
		cfg.Region = t.Home
		return cloudtrail.NewFromConfig(cfg), nil
	}
	cfg, err := m.in(ctx, t.Home)
	if err != nil {
		return nil, err
	}
	return cloudtrail.NewFromConfig(cfg), nil
}

// plain is a list as the AWS CLI takes it: without what isn't set.
func plain(list any) ([]map[string]any, error) {
	line, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	var out []map[string]any
	if err := json.Unmarshal(line, &out); err != nil {
		return nil, err
	}
	for i := range out {
		drop(out[i])
	}
	return out, nil
}

func drop(o map[string]any) {
	for key, v := range o {
		switch v := v.(type) {
		case nil:
			delete(o, key)
		case map[string]any:
			drop(v)
		case []any:
			for _, one := range v {
				if inner, ok := one.(map[string]any); ok {
					drop(inner)
				}
			}
		}
	}
}
