package cloudtrail

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"keymend/pkg/sandbox/wire"
)

// A trail decides which calls become events. Where its files go isn't in the sandbox.
type trail struct {
	types.Trail
	selectors []types.EventSelector
	logging   bool
}

// usual is the trail that an account has until it deletes it: of every Region, with all
// management events.
func usual(account string) *trail {
	return newTrail(account, "us-east-1", &cloudtrail.CreateTrailInput{Name: new("management-events"), S3BucketName: new("trail-" + account), IsMultiRegionTrail: new(true)})
}

func newTrail(account, region string, in *cloudtrail.CreateTrailInput) *trail {
	return &trail{
		Trail: types.Trail{
			Name: in.Name, TrailARN: new("arn:aws:cloudtrail:" + region + ":" + account + ":trail/" + aws.ToString(in.Name)), HomeRegion: &region, S3BucketName: in.S3BucketName,
			IsMultiRegionTrail: new(aws.ToBool(in.IsMultiRegionTrail)), IsOrganizationTrail: new(false),
			IncludeGlobalServiceEvents: new(in.IncludeGlobalServiceEvents == nil || *in.IncludeGlobalServiceEvents),
		},
		selectors: all(), logging: true,
	}
}

func all() []types.EventSelector {
	return []types.EventSelector{{ReadWriteType: types.ReadWriteTypeAll, IncludeManagementEvents: new(true), DataResources: []types.DataResource{}, ExcludeManagementEventSources: []string{}}}
}

// of returns an account's trails. The caller holds the lock.
func (s *Service) of(account string) []*trail {
	if _, known := s.trails[account]; !known {
		s.trails[account] = []*trail{usual(account)}
	}
	return s.trails[account]
}

// logs reports whether a record becomes an event. The caller holds the lock.
// https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-management-events-with-cloudtrail.html
func (s *Service) logs(account string, r record) bool {
	return !s.silent && slices.ContainsFunc(s.of(account), func(t *trail) bool {
		return t.logging && t.in(r.AWSRegion) && slices.ContainsFunc(t.selectors, func(e types.EventSelector) bool {
			other := types.ReadWriteTypeReadOnly
			if r.ReadOnly {
				other = types.ReadWriteTypeWriteOnly
			}
			return (e.IncludeManagementEvents == nil || *e.IncludeManagementEvents) && e.ReadWriteType != other && !slices.Contains(e.ExcludeManagementEventSources, r.EventSource)
		})
	})
}

func (t *trail) in(region string) bool { return *t.IsMultiRegionTrail || *t.HomeRegion == region }

// with does something to a trail by its name or ARN, under the lock. By its name it is
// known in its home Region only.
func (s *Service) with(ctx context.Context, name *string, f func(*trail)) error {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.of(c.Account) {
		if *t.TrailARN == aws.ToString(name) || *t.Name == aws.ToString(name) && *t.HomeRegion == c.Region {
			f(t)
			return nil
		}
	}
	return &wire.Error{Code: "TrailNotFoundException", Status: http.StatusBadRequest, Message: "Unknown trail: " + aws.ToString(name) + " for the user: " + c.Account}
}

// changing is with for what only a trail's home Region does.
func (s *Service) changing(ctx context.Context, name *string, f func(*trail)) error {
	wrong := false
	err := s.with(ctx, name, func(t *trail) {
		if wrong = *t.HomeRegion != wire.CallerOf(ctx).Region; !wrong {
			f(t)
		}
	})
	if wrong {
		return wire.Errorf("InvalidHomeRegionException", "Trail %s can only be modified in its home region.", aws.ToString(name))
	}
	return err
}

// DescribeTrails answers with the trails that log in the Region, also those whose home is
// elsewhere.
func (s *Service) DescribeTrails(ctx context.Context, in *cloudtrail.DescribeTrailsInput) (*cloudtrail.DescribeTrailsOutput, error) {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &cloudtrail.DescribeTrailsOutput{TrailList: []types.Trail{}}
	for _, t := range s.of(c.Account) {
		shadow := *t.HomeRegion != c.Region
		named := len(in.TrailNameList) == 0 || slices.Contains(in.TrailNameList, *t.TrailARN) || !shadow && slices.Contains(in.TrailNameList, *t.Name)
		if named && t.in(c.Region) && (!shadow || in.IncludeShadowTrails == nil || *in.IncludeShadowTrails) {
			out.TrailList = append(out.TrailList, t.Trail)
		}
	}
	return out, nil
}

// GetTrailStatus says whether a trail logs.
func (s *Service) GetTrailStatus(ctx context.Context, in *cloudtrail.GetTrailStatusInput) (*cloudtrail.GetTrailStatusOutput, error) {
	var out cloudtrail.GetTrailStatusOutput
	return &out, s.with(ctx, in.Name, func(t *trail) { out.IsLogging = new(t.logging && !s.silent) })
}

// GetEventSelectors says what a trail logs.
func (s *Service) GetEventSelectors(ctx context.Context, in *cloudtrail.GetEventSelectorsInput) (*cloudtrail.GetEventSelectorsOutput, error) {
	var out cloudtrail.GetEventSelectorsOutput
	return &out, s.with(ctx, in.TrailName, func(t *trail) { out.TrailARN, out.EventSelectors = t.TrailARN, t.selectors })
}

// PutEventSelectors changes what a trail logs.
func (s *Service) PutEventSelectors(ctx context.Context, in *cloudtrail.PutEventSelectorsInput) (*cloudtrail.PutEventSelectorsOutput, error) {
	var out cloudtrail.PutEventSelectorsOutput
	selectors := slices.Clone(in.EventSelectors)
	for i := range selectors {
		selectors[i].ReadWriteType = cmp.Or(selectors[i].ReadWriteType, types.ReadWriteTypeAll)
	}
	return &out, s.changing(ctx, in.TrailName, func(t *trail) {
		t.selectors = selectors
		out.TrailARN, out.EventSelectors = t.TrailARN, selectors
	})
}

// CreateTrail makes a trail that doesn't log yet, with all management events.
func (s *Service) CreateTrail(ctx context.Context, in *cloudtrail.CreateTrailInput) (*cloudtrail.CreateTrailOutput, error) {
	c := wire.CallerOf(ctx)
	s.mu.Lock()
	defer s.mu.Unlock()
	if aws.ToString(in.Name) == "" || aws.ToString(in.S3BucketName) == "" {
		return nil, wire.Errorf("InvalidParameterException", "a trail needs a Name and an S3BucketName")
	}
	if aws.ToBool(in.IsOrganizationTrail) {
		return nil, wire.Errorf("NotInTheSandbox", "an organization's trail is not in the sandbox")
	}
	for _, t := range s.of(c.Account) {
		if *t.Name == *in.Name && *t.HomeRegion == c.Region {
			return nil, wire.Errorf("TrailAlreadyExistsException", "Trail %s already exists for customer: %s", *in.Name, c.Account)
		}
	}
	t := newTrail(c.Account, c.Region, in)
	t.logging = false
	s.trails[c.Account] = append(s.trails[c.Account], t)
	return &cloudtrail.CreateTrailOutput{
		Name: t.Name, TrailARN: t.TrailARN, S3BucketName: t.S3BucketName, IsMultiRegionTrail: t.IsMultiRegionTrail,
		IsOrganizationTrail: t.IsOrganizationTrail, IncludeGlobalServiceEvents: t.IncludeGlobalServiceEvents,
	}, nil
}

// DeleteTrail deletes a trail.
func (s *Service) DeleteTrail(ctx context.Context, in *cloudtrail.DeleteTrailInput) (*cloudtrail.DeleteTrailOutput, error) {
	account := wire.CallerOf(ctx).Account
	return &cloudtrail.DeleteTrailOutput{}, s.changing(ctx, in.Name, func(gone *trail) {
		s.trails[account] = slices.DeleteFunc(slices.Clone(s.trails[account]), func(t *trail) bool { return t == gone })
	})
}

// StartLogging has a trail log.
func (s *Service) StartLogging(ctx context.Context, in *cloudtrail.StartLoggingInput) (*cloudtrail.StartLoggingOutput, error) {
	return &cloudtrail.StartLoggingOutput{}, s.changing(ctx, in.Name, func(t *trail) { t.logging = true })
}

// StopLogging keeps a trail from logging.
func (s *Service) StopLogging(ctx context.Context, in *cloudtrail.StopLoggingInput) (*cloudtrail.StopLoggingOutput, error) {
	return &cloudtrail.StopLoggingOutput{}, s.changing(ctx, in.Name, func(t *trail) { t.logging = false })
}

// resources returns the trail that a request names.
func resources(c *wire.Caller, in any) []string {
	name := wire.Member(in, "TrailName", "Name")
	switch {
	case name == "":
		return nil
	case strings.HasPrefix(name, "arn:"):
		return []string{name}
	}
	return []string{"arn:aws:cloudtrail:" + c.Region + ":" + c.Account + ":trail/" + name}
}
