package cloudtrail_test

import (
	"context"
	"testing"
	"time"

	awstrail "github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"

	"keymend/pkg/sandbox/wire"
)

// What an account's trails log becomes events, and nothing else does.
func TestTrailsDecideWhatBecomesAnEvent(t *testing.T) {
	t.Parallel()
	in := func(region string) context.Context {
		c := admin()
		c.Region = region
		return wire.WithCaller(t.Context(), c)
	}
	home := in("us-east-1")
	usual := "arn:aws:cloudtrail:us-east-1:111122223333:trail/management-events"
	for name, tc := range map[string]struct {
		change func(*testing.T, trails) error
		want   map[string]bool // kms read, kms write, ec2 write
	}{
		"the usual one": {func(*testing.T, trails) error { return nil }, map[string]bool{"Decrypt": true, "PutKeyPolicy": true, "CreateVolume": true}},
		"stopped": {func(_ *testing.T, s trails) error {
			_, err := s.StopLogging(home, &awstrail.StopLoggingInput{Name: &usual})
			return err
		}, nil},
		"without KMS": {func(_ *testing.T, s trails) error {
			_, err := s.PutEventSelectors(home, &awstrail.PutEventSelectorsInput{TrailName: &usual, EventSelectors: []types.EventSelector{{ExcludeManagementEventSources: []string{"kms.amazonaws.com"}}}})
			return err
		}, map[string]bool{"CreateVolume": true}},
		"writes only": {func(_ *testing.T, s trails) error {
			_, err := s.PutEventSelectors(home, &awstrail.PutEventSelectorsInput{TrailName: &usual, EventSelectors: []types.EventSelector{{ReadWriteType: types.ReadWriteTypeWriteOnly}}})
			return err
		}, map[string]bool{"PutKeyPolicy": true, "CreateVolume": true}},
		"deleted, and another of one Region made, which doesn't log yet": {func(t *testing.T, s trails) error {
			t.Helper()
			if _, err := s.DeleteTrail(home, &awstrail.DeleteTrailInput{Name: new("management-events")}); err != nil {
				return err
			}
			_, err := s.CreateTrail(in("eu-west-1"), &awstrail.CreateTrailInput{Name: new("mine"), S3BucketName: new("b")})
			return err
		}, nil},
		"the same, which logs": {func(t *testing.T, s trails) error {
			t.Helper()
			_, _ = s.DeleteTrail(home, &awstrail.DeleteTrailInput{Name: new("management-events")})
			if _, err := s.CreateTrail(in("eu-west-1"), &awstrail.CreateTrailInput{Name: new("mine"), S3BucketName: new("b")}); err != nil {
				return err
			}
			_, err := s.StartLogging(in("eu-west-1"), &awstrail.StartLoggingInput{Name: new("mine")})
			return err
		}, map[string]bool{"Decrypt": true, "PutKeyPolicy": true, "CreateVolume": true}},
		"of another Region": {func(t *testing.T, s trails) error {
			t.Helper()
			_, _ = s.DeleteTrail(home, &awstrail.DeleteTrailInput{Name: new("management-events")})
			if _, err := s.CreateTrail(home, &awstrail.CreateTrailInput{Name: new("mine"), S3BucketName: new("b")}); err != nil {
				return err
			}
			_, err := s.StartLogging(home, &awstrail.StartLoggingInput{Name: new("mine")})
			return err
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, b, s := set()
			if err := tc.change(t, s); err != nil {
				t.Fatal(err)
			}
			for operation, service := range map[string]string{"Decrypt": "kms", "PutKeyPolicy": "kms", "CreateVolume": "ec2"} {
				b.events = nil
				s.Record(wire.Call{Caller: admin(), Service: service, Operation: operation})
				c.Advance(time.Minute)
				if got := len(b.events) == 1; got != tc.want[operation] {
					t.Errorf("%s is an event: %v", operation, got)
				}
			}
		})
	}
}

type trails interface {
	CreateTrail(context.Context, *awstrail.CreateTrailInput) (*awstrail.CreateTrailOutput, error)
	DeleteTrail(context.Context, *awstrail.DeleteTrailInput) (*awstrail.DeleteTrailOutput, error)
	PutEventSelectors(context.Context, *awstrail.PutEventSelectorsInput) (*awstrail.PutEventSelectorsOutput, error)
	StartLogging(context.Context, *awstrail.StartLoggingInput) (*awstrail.StartLoggingOutput, error)
	StopLogging(context.Context, *awstrail.StopLoggingInput) (*awstrail.StopLoggingOutput, error)
}

// A trail shows in every Region that it logs, and is changed in its home only.
func TestShadowTrails(t *testing.T) {
	t.Parallel()
	_, _, s := set()
	ctx := wire.WithCaller(t.Context(), admin())
	out, err := s.DescribeTrails(ctx, &awstrail.DescribeTrailsInput{})
	if err != nil || len(out.TrailList) != 1 || *out.TrailList[0].HomeRegion != "us-east-1" {
		t.Fatalf("%+v, %v", out, err)
	}
	if out, _ := s.DescribeTrails(ctx, &awstrail.DescribeTrailsInput{IncludeShadowTrails: new(false)}); len(out.TrailList) != 0 {
		t.Errorf("%+v", out.TrailList)
	}
	arn := out.TrailList[0].TrailARN
	if status, err := s.GetTrailStatus(ctx, &awstrail.GetTrailStatusInput{Name: arn}); err != nil || !*status.IsLogging {
		t.Errorf("%+v, %v", status, err)
	}
	if _, err := s.GetTrailStatus(ctx, &awstrail.GetTrailStatusInput{Name: new("management-events")}); err == nil {
		t.Error("a name is known in another Region than its home")
	}
	if _, err := s.StopLogging(ctx, &awstrail.StopLoggingInput{Name: arn}); err == nil {
		t.Error("a trail is stopped in another Region than its home")
	}
	s.SetTrail(false)
	if status, err := s.GetTrailStatus(ctx, &awstrail.GetTrailStatusInput{Name: arn}); err != nil || *status.IsLogging {
		t.Errorf("%+v, %v", status, err)
	}
}
