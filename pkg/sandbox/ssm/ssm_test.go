package ssm_test

import (
	"context"
	"errors"
	"testing"
	"time"

	sdk "github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"
	"github.com/google/go-cmp/cmp"

	"keymend/pkg/sandbox/clock"
	"keymend/pkg/sandbox/ssm"
	"keymend/pkg/sandbox/wire"
)

func as(account string) context.Context {
	return wire.WithCaller(context.Background(), &wire.Caller{Account: account, Region: "eu-west-1"})
}

// TestParameters writes a parameter, and over it, and reads it.
func TestParameters(t *testing.T) {
	t.Parallel()
	s := ssm.New(clock.New(time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)))
	ctx := as("111122223333")
	put := func(value string, over bool) error {
		_, err := s.PutParameter(ctx, &sdk.PutParameterInput{Name: new("/keymend/switch"), Value: &value, Overwrite: &over})
		return err
	}
	if err := put("on", false); err != nil {
		t.Fatal(err)
	}
	var exists *types.ParameterAlreadyExists
	if err := put("off", false); !errors.As(err, &exists) {
		t.Errorf("written over unasked: %v", err)
	}
	if err := put("off", true); err != nil {
		t.Fatal(err)
	}
	out, err := s.GetParameter(ctx, &sdk.GetParameterInput{Name: new("/keymend/switch")})
	if err != nil || *out.Parameter.Value != "off" {
		t.Errorf("%v, %v", out, err)
	}
	if v, ok := s.Value("111122223333", "eu-west-1", "/keymend/switch"); !ok || v != "off" {
		t.Errorf("Value is %q, %v", v, ok)
	}
	several, err := s.GetParameters(ctx, &sdk.GetParametersInput{Names: []string{"/keymend/switch", "/none"}})
	if err != nil || len(several.Parameters) != 1 || cmp.Diff([]string{"/none"}, several.InvalidParameters) != "" {
		t.Errorf("several: %+v, %v", several, err)
	}
	p := several.Parameters[0]
	if *p.ARN != "arn:aws:ssm:eu-west-1:111122223333:parameter/keymend/switch" || p.Version != 2 || p.Type != types.ParameterTypeString {
		t.Errorf("parameter %+v", p)
	}
}

// TestNotFound holds the typed error, also in another account and after a
// deletion.
func TestNotFound(t *testing.T) {
	t.Parallel()
	s := ssm.New(clock.New(time.Time{}))
	ctx := as("111122223333")
	if _, err := s.PutParameter(ctx, &sdk.PutParameterInput{Name: new("a"), Value: new("1")}); err != nil {
		t.Fatal(err)
	}
	missing := func(ctx context.Context, name string) {
		t.Helper()
		var gone *types.ParameterNotFound
		if _, err := s.GetParameter(ctx, &sdk.GetParameterInput{Name: &name}); !errors.As(err, &gone) {
			t.Errorf("%s: %v", name, err)
		}
	}
	missing(as("444455556666"), "a")
	missing(ctx, "a:2")
	if _, err := s.DeleteParameter(ctx, &sdk.DeleteParameterInput{Name: new("a")}); err != nil {
		t.Fatal(err)
	}
	missing(ctx, "a")
}

// TestVersions reads versions by number and by label; a label moves.
func TestVersions(t *testing.T) {
	t.Parallel()
	s := ssm.New(clock.New(time.Time{}))
	ctx := as("111122223333")
	for _, value := range []string{"one", "two", "three"} {
		if _, err := s.PutParameter(ctx, &sdk.PutParameterInput{Name: new("/a"), Value: &value, Overwrite: new(true)}); err != nil {
			t.Fatal(err)
		}
	}
	label := func(version *int64) {
		t.Helper()
		if _, err := s.LabelParameterVersion(ctx, &sdk.LabelParameterVersionInput{Name: new("/a"), ParameterVersion: version, Labels: []string{"prod"}}); err != nil {
			t.Fatal(err)
		}
	}
	value := func(name string) string {
		t.Helper()
		out, err := s.GetParameter(ctx, &sdk.GetParameterInput{Name: &name})
		if err != nil {
			t.Fatal(err)
		}
		return *out.Parameter.Value
	}
	label(new(int64(2)))
	if got := value("/a") + value("/a:1") + value("/a:prod"); got != "threeonetwo" {
		t.Errorf("got %s", got)
	}
	label(nil)
	if got := value("/a:prod"); got != "three" {
		t.Errorf("the label stayed at %s", got)
	}
	var none *types.ParameterVersionNotFound
	if _, err := s.LabelParameterVersion(ctx, &sdk.LabelParameterVersionInput{Name: new("/a"), ParameterVersion: new(int64(9))}); !errors.As(err, &none) {
		t.Errorf("a version that isn't there: %v", err)
	}
}

// TestNeeds holds which parameter a permission is checked for.
func TestNeeds(t *testing.T) {
	t.Parallel()
	const arn = "arn:aws:ssm:eu-west-1:111122223333:parameter/keymend/switch"
	for _, op := range ssm.New(clock.New(time.Time{})).Wire().Operations {
		if op.Name != "GetParameter" {
			continue
		}
		for _, name := range []string{"/keymend/switch", "keymend/switch"} {
			want := []wire.Check{{Action: "ssm:GetParameter", Resource: arn}}
			if diff := cmp.Diff(want, op.Needs(as("111122223333"), &sdk.GetParameterInput{Name: &name})); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}
