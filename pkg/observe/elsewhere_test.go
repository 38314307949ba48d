package observe_test

import (
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudtrail"
	cttypes "github.com/aws/aws-sdk-go-v2/service/cloudtrail/types"
	"github.com/aws/aws-sdk-go-v2/service/ec2"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go"

	"keymend/pkg/account"
	"keymend/pkg/launch"
	"keymend/pkg/launch/encryption"
	"keymend/pkg/observe"
)

const (
	ownerID  = "444455556666"
	ownerKey = "arn:aws:kms:eu-west-1:" + ownerID + ":key/1a2b3c4d-5e6f-1a2b-3c4d-5e6f1a2b3c4d"
	role     = "arn:aws:iam::" + accountID + ":role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling"
	granter  = "arn:aws:iam::" + accountID + ":role/keymend-granter"
)

// trail is CloudTrail with some records, or an error.
type trail struct {
	records []string
	err     error
	asked   []*cloudtrail.LookupEventsInput
}

// LookupEvents implements cloudtrail.LookupEventsAPIClient.
func (c *trail) LookupEvents(_ context.Context, in *cloudtrail.LookupEventsInput, _ ...func(*cloudtrail.Options)) (*cloudtrail.LookupEventsOutput, error) {
	c.asked = append(c.asked, in)
	out := &cloudtrail.LookupEventsOutput{}
	for _, r := range c.records {
		out.Events = append(out.Events, cttypes.Event{CloudTrailEvent: &r})
	}
	return out, c.err
}

// retirable is KMS with some grants, or an error.
type retirable struct {
	grants []kmstypes.GrantListEntry
	err    error
}

// ListRetirableGrants implements kms.ListRetirableGrantsAPIClient.
func (k retirable) ListRetirableGrants(context.Context, *kms.ListRetirableGrantsInput, ...func(*kms.Options)) (*kms.ListRetirableGrantsOutput, error) {
	return &kms.ListRetirableGrantsOutput{Grants: k.grants}, k.err
}

// denial is a record of a key that a role was refused.
func denial(role, key, at string) string {
	return `{"userIdentity":{"sessionContext":{"sessionIssuer":{"arn":"` + role + `"}}},"eventTime":"` + at + `","eventSource":"kms.amazonaws.com",` +
		`"eventName":"Decrypt","errorCode":"AccessDenied","errorMessage":"no","requestParameters":null,"resources":[{"ARN":"` + key + `"}],"eventID":"e-1"}`
}

// owned reads in the image owner's account, from recorded answers.
func owned(t *testing.T, dir string) func(context.Context, string) (observe.Images, error) {
	t.Helper()
	_, e := serve(t, dir)
	return func(_ context.Context, account string) (observe.Images, error) {
		if account != ownerID {
			t.Errorf("account %s was asked", account)
		}
		return e.client(), nil
	}
}

// TestElsewhere: the ways in which the key of a snapshot that can't be seen is
// found, and what is said where it isn't.
func TestElsewhere(t *testing.T) {
	t.Parallel()
	denied := &smithy.GenericAPIError{Code: "AccessDenied", Message: "User: r is not authorized to perform: THIS"}
	const seen = "2026-03-02T09:10:02Z" // while a launch failed
	for name, tc := range map[string]struct {
		elsewhere observe.Elsewhere
		key       bool     // the launch has the owner's key
		says      []string // in the one unknown; none: there is no unknown
	}{
		"the owner's account shows it": {elsewhere: observe.Elsewhere{Images: owned(t, "owner")}, key: true},
		"the owner's account has no such snapshot": {
			elsewhere: observe.Elsewhere{Images: owned(t, "invisible-snapshot")}, says: []string{"account 444455556666 has no such snapshot"}},
		"the owner's account isn't ours to read": {
			elsewhere: observe.Elsewhere{Images: func(context.Context, string) (observe.Images, error) { return nil, observe.ErrNotListed }}, says: []string{"can't be read from here: the setting accounts doesn't name it"}},
		"the role there can't be assumed": {
			elsewhere: observe.Elsewhere{Images: func(context.Context, string) (observe.Images, error) { return nil, denied }}, says: []string{"account 444455556666 couldn't be asked: User: r is not"}},
		"CloudTrail names it": {elsewhere: observe.Elsewhere{Denials: &trail{records: []string{denial(role, ownerKey, seen)}}}, key: true,
			says: []string{"CloudTrail shows that the role was refused " + ownerKey}},
		"CloudTrail names other roles, other times and own keys": {
			elsewhere: observe.Elsewhere{Denials: &trail{records: []string{
				denial(role+"_other", ownerKey, seen), denial(role, ownerKey, "2026-03-02T09:09:59Z"), denial(role, ownerKey, "2026-03-02T09:10:13Z"),
				denial(role, strings.Replace(ownerKey, ownerID, accountID, 1), seen), `{}`,
			}}}, says: []string{"CloudTrail names no other account's key"}},
		"CloudTrail may not be asked": {elsewhere: observe.Elsewhere{Denials: &trail{err: denied}}, says: []string{"CloudTrail couldn't be asked: User: r is not authorized to perform: THIS"}},
		"a grant of Keymend's": {elsewhere: observe.Elsewhere{Granter: granter, Grants: retirable{grants: []kmstypes.GrantListEntry{
			{KeyId: new(ownerKey), GranteePrincipal: new(role)},
			{KeyId: new(strings.Replace(ownerKey, ownerID, "777788889999", 1)), GranteePrincipal: new(role)},
		}}}, says: []string{"a grant of Keymend's opens " + ownerKey + " to the role"}},
		"grants may not be listed": {elsewhere: observe.Elsewhere{Granter: granter, Grants: retirable{err: denied}}, says: []string{"Keymend's grants couldn't be listed: User: r"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := serve(t, "invisible-snapshot")
			l, err := r.Seeing(tc.elsewhere).Resolve(t.Context(), accountID, region, "web-prod")
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(l.Keys, func(k launch.Key) bool { return k.ID == ownerKey })
			if tc.key != (at >= 0) {
				t.Fatalf("keys %+v", l.Keys)
			}
			if tc.key && (len(l.Keys[at].Uses) != 1 || l.Keys[at].Uses[0].Purpose != encryption.Source || !strings.HasPrefix(l.Keys[at].Uses[0].Because, "/dev/xvda: ")) {
				t.Errorf("uses %+v", l.Keys[at].Uses)
			}
			if (len(tc.says) == 0) != (len(l.Unknown) == 0) {
				t.Fatalf("unknown %q", l.Unknown)
			}
			for _, says := range tc.says {
				if !strings.Contains(l.Unknown[0], says) {
					t.Errorf("unknown %q, want %q in it", l.Unknown[0], says)
				}
			}
		})
	}
}

// TestWaysSayWhatTheAccountSees: what an owner's account shows isn't shared with the
// group's, so EC2 copies nothing of it.
func TestWaysSayWhatTheAccountSees(t *testing.T) {
	t.Parallel()
	for dir, sees := range map[string]int{"shared-snapshot": 1, "invisible-snapshot": 0} {
		r, _ := serve(t, dir)
		l, err := r.Seeing(observe.Elsewhere{Images: owned(t, "owner")}).Resolve(t.Context(), accountID, region, "web-prod")
		if err != nil || len(l.Ways) != 1 || len(l.Keys) == 0 {
			t.Fatalf("%s: %+v, %v", dir, l, err)
		}
		if w := l.Ways[0]; w.Image.Owner != ownerID || len(w.Image.Devices) != 1 || len(w.Seen) != sees {
			t.Errorf("%s: %+v, sees %v", dir, w.Image, w.Seen)
		}
	}
}

// TestElsewhereLater: what the owner's account may say at another time isn't
// taken for an answer; a mere hint that doesn't come keeps nobody from the rest.
func TestElsewhereLater(t *testing.T) {
	t.Parallel()
	throttled := &smithy.GenericAPIError{Code: "ThrottlingException", Message: "Rate exceeded"}
	r, _ := serve(t, "invisible-snapshot")
	owner := observe.Elsewhere{Images: func(context.Context, string) (observe.Images, error) { return nil, throttled }}
	if l, err := r.Seeing(owner).Resolve(t.Context(), accountID, region, "web-prod"); !account.Transient(err) {
		t.Errorf("%+v, %v", l, err)
	}
	for name, e := range map[string]observe.Elsewhere{
		"CloudTrail couldn't be asked":        {Denials: &trail{err: throttled}},
		"Keymend's grants couldn't be listed": {Granter: granter, Grants: retirable{err: throttled}},
	} {
		l, err := r.Seeing(e).Resolve(t.Context(), accountID, region, "web-prod")
		if err != nil || len(l.Keys) != 1 || !strings.Contains(l.Unknown[0], name+": Rate exceeded") {
			t.Errorf("%s: %+v, %v", name, l, err)
		}
	}
}

// TestElsewhereCalls: a launch whose snapshots can all be seen asks nobody else,
// and groups that share what is hidden ask once.
func TestElsewhereCalls(t *testing.T) {
	t.Parallel()
	asks := &trail{}
	e := observe.Elsewhere{Denials: asks, Images: func(context.Context, string) (observe.Images, error) {
		t.Error("another account was asked")
		return nil, observe.ErrNotListed
	}}
	r, _ := serve(t, "batch")
	r.Seeing(e).ResolveAll(t.Context(), accountID, region, []string{"a", "b", "c", "d", "e"})
	if len(asks.asked) > 0 {
		t.Error("CloudTrail was asked")
	}
	e.Images = nil
	r, wire := serve(t, "invisible-snapshot")
	if _, err := r.Seeing(e).Resolve(t.Context(), accountID, region, "web-prod"); err != nil {
		t.Fatal(err)
	}
	if len(asks.asked) != 1 || len(wire.called("DescribeScalingActivities")) != 1 {
		t.Fatalf("CloudTrail was asked %d times", len(asks.asked))
	}
	in := asks.asked[0]
	if in.StartTime.Format("15:04:05") != "09:10:00" || in.EndTime.Format("15:04:05") != "09:10:12" || *in.LookupAttributes[0].AttributeValue != "AutoScaling" {
		t.Errorf("asked %+v", in)
	}
}

// client talks to the endpoint.
func (e *endpoint) client() *ec2.Client {
	return ec2.NewFromConfig(aws.Config{
		Region: region, BaseEndpoint: &e.url, Credentials: credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		Retryer: func() aws.Retryer { return aws.NopRetryer{} },
	})
}
