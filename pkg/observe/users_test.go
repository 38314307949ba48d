package observe_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"keymend/pkg/observe"
	"keymend/pkg/signal"
)

// TestUsers: whose launch uses a key is told by what one call of each kind says, however
// many groups there are; of a template or role the list of groups tells.
func TestUsers(t *testing.T) {
	t.Parallel()
	const (
		k1       = "arn:aws:kms:eu-west-1:111122223333:key/798bc4bb-1f2e-4d3c-8b7a-6f5e4d3c2b1a"
		k2       = "arn:aws:kms:eu-west-1:111122223333:key/d21dba12-5e4d-4c3b-a291-0f1e2d3c4b5a"
		slr      = "arn:aws:iam::111122223333:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
		template = "lt-0877401c93c29400a"
	)
	for name, tc := range map[string]struct {
		of    signal.Users
		want  string
		calls int
	}{
		"a key":                 {signal.Users{Key: k1}, "a c e", 7},
		"another":               {signal.Users{Key: k2}, "b c d", 7},
		"one that nobody uses":  {signal.Users{Key: strings.Replace(k1, "798b", "0000", 1)}, "", 7},
		"a key and a role":      {signal.Users{Key: k2, Role: slr}, "b c d", 7},
		"another role":          {signal.Users{Key: k2, Role: slr + "_payments"}, "", 1},
		"a role, by its name":   {signal.Users{Role: "AWSServiceRoleForAutoScaling"}, "a b c d e", 1},
		"the end of a name":     {signal.Users{Role: "ForAutoScaling"}, "", 1},
		"a template":            {signal.Users{Template: template}, "a b c e", 1},
		"another template":      {signal.Users{Template: "lt-0"}, "", 1},
		"those that lack some":  {signal.Users{Lacking: true}, "a b c d e", 1},
		"that lack, and a role": {signal.Users{Lacking: true, Role: "other"}, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, e := serve(t, "batch")
			fleet := observe.NewFleet(aws.Config{
				Region: region, BaseEndpoint: &e.url, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
			}, accountID, region)
			groups, err := fleet.Users(t.Context(), tc.of)
			var names []string
			for _, g := range groups {
				names = append(names, g.Name)
			}
			if got := strings.Join(names, " "); err != nil || got != tc.want || len(e.called("")) != tc.calls {
				t.Errorf("%q with %d calls, %v; want %q with %d", got, len(e.called("")), err, tc.want, tc.calls)
			}
		})
	}
}
