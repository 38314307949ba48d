package census

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"sync"

	"keymend/pkg/account"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"keymend/pkg/arn"
	"keymend/pkg/blueprint"
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
func (m *member) roles(ctx context.Context) coverage.Answer[map[string]blueprint.Role] {
	out := map[string]blueprint.Role{}
	cfg, err := m.in(ctx, m.Organization.Regions[0])
	if err != nil {
		return Answered(out, err)
	}
	client := iam.NewFromConfig(cfg)
	for _, name := range m.Expected.Roles() {
		role, err := Role(ctx, client, name)
		if err != nil {
			return Answered(out, err)
		}
		if role != nil {
			out[name] = *role
		}
	}
	return Answered(out, nil)
}

// Role reads a role, without its policy; nil = it isn't there.
func Role(ctx context.Context, client *iam.Client, name string) (*blueprint.Role, error) {
	got, err := client.GetRole(ctx, &iam.GetRoleInput{RoleName: &name})
	if err != nil {
		return nil, account.UnlessAbsent(err)
	}
	out := &blueprint.Role{Name: name}
	if out.Trust, err = url.PathUnescape(aws.ToString(got.Role.AssumeRolePolicyDocument)); err != nil { // as IAM encodes documents
		return nil, err
	}
	if b := got.Role.PermissionsBoundary; b != nil {
		out.Boundary = aws.ToString(b.PermissionsBoundaryArn)
	}
	for _, t := range got.Role.Tags {
		if aws.ToString(t.Key) == permission.Template {
			out.Template = aws.ToString(t.Value)
		}
	}
	return out, nil
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
		err = errors.Join(again(got.EventSelectors, &s.Basic), again(got.AdvancedEventSelectors, &s.Advanced))
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

// again reads what is like JSON of CloudTrail's into something of another type.
func again(v, into any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return json.Unmarshal(line, into)
}
